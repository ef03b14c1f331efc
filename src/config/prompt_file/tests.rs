use super::*;
use crate::domain::prompt::Variables;

fn prompt(text: &str, file: &str) -> Prompt {
    let (prompt, warnings) = parse(text, file).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
    assert_eq!(warnings, []);
    prompt
}

fn said(text: &str) -> String {
    let diagnostics = match parse(text, "p.prompt.yml") {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The example of the contract, word for word.
const CONTRACT: &str = r#"# prompts/greeting.prompt.yml: GitHub's keys (name, description, model, modelParameters, messages, testData, evaluators) + ours (version, variables, template, syntax)
name: greeting
version: 1.2.0
messages:
  - {role: system, content: "Greet the customer by name in one short sentence."}
  - {role: user, content: "Name: {{name}}"}
"#;

/// A file as GitHub's documentation shows it.
const GITHUB: &str = r#"name: Text Summarizer
description: Summarizes input text concisely
model: openai/gpt-4o-mini
modelParameters:
  temperature: 0.5
  maxCompletionTokens: 100
responseFormat: json_schema
jsonSchema: |-
  {
    "name": "describe_animal",
    "strict": true,
    "schema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false}
  }
messages:
  - role: system
    content: You are a text summarizer. Your only job is to summarize text given to you.
  - role: user
    content: |
      Summarize the given text, beginning with "Summary -":
      <text>
      {{input}}
      </text>
testData:
  - input: The quick brown fox.
evaluators:
  - name: Output should start with 'Summary -'
    string:
      startsWith: 'Summary -'
"#;

#[test]
fn the_contract_is_read_as_written() {
    let prompt = prompt(CONTRACT, "prompts/greeting.prompt.yml");
    assert_eq!((prompt.name.as_str(), prompt.version.map(|version| version.to_string()).as_deref()), ("greeting", Some("1.2.0")));
    assert_eq!(prompt.messages.iter().map(|message| message.role).collect::<Vec<_>>(), [Role::System, Role::User]);
    assert_eq!(prompt.source, "prompts/greeting.prompt.yml");
}

#[test]
fn a_file_of_github_is_read() {
    let prompt = prompt(GITHUB, "p.prompt.yml");
    assert_eq!(prompt.model.as_deref(), Some("openai/gpt-4o-mini"));
    assert_eq!(prompt.parameters["max_completion_tokens"], 100);
    assert_eq!(prompt.parameters["response_format"]["type"], "json_schema");
    assert_eq!(prompt.parameters["response_format"]["json_schema"]["name"], "describe_animal");
}

#[test]
fn the_syntax_is_named_or_that_of_the_seed() {
    for (text, file, syntax) in [
        ("template: Hi {{a}}\n", "p.yml", Syntax::Handlebars),
        ("template: Hi {{a}}\nsyntax: handlebars\ntest_cases: [{a: 1}]\n", "p.yml", Syntax::Handlebars),
        ("template: Hi {{ a }}\nsyntax: jinja\n", "p.yml", Syntax::Jinja),
        ("template: Hi {a}\nsyntax: python-format\n", "p.yml", Syntax::PythonFormat),
        ("template: Hi {a}\ntest_cases: [{a: 1}]\n", "p.yml", Syntax::PythonFormat),
        ("{\"template\": \"Hi {a}\", \"validation_rules\": [\"exact_match\"]}", "p.json", Syntax::PythonFormat),
        ("messages: [{role: user, content: 'Hi {{a}}'}]\ntest_cases: [{a: 1}]\n", "p.yml", Syntax::Handlebars),
        ("Hi {{ a }}", "p.txt.j2", Syntax::Jinja),
        ("Hi {{ a }}", "p.jinja", Syntax::Jinja),
        ("Hi {{a}}", "p.md", Syntax::Handlebars),
    ] {
        assert_eq!(prompt(text, file).messages[0].content.syntax(), syntax, "{text}");
    }
    for (name, meant) in [("Jinja2", "jinja"), ("f-string", "python-format"), ("python_format", "python-format"), ("hbs", "there are")] {
        assert!(said(&format!("template: Hi\nsyntax: {name}\n")).contains(meant), "{name}");
    }
}

#[test]
fn variables_of_another_syntax_are_pointed_out() {
    insta::assert_snapshot!(said("messages:\n  - role: user\n    content: |\n      {\"a\": 1}\n      Hi {name}!\n"), @r#"
    warning: p.prompt.yml:5:10: messages[0].content: `{name}` is no variable in handlebars; if it is meant as one, `syntax: python-format` reads it
      help: add `syntax: python-format`; or `syntax: handlebars`, if it is meant as it stands
    "#);
    insta::assert_snapshot!(said("template: 'Hi {{name}}'\ntest_cases: [{name: Ana}]\n"), @r#"
    warning: p.prompt.yml:1:11: template: `{{` is one brace in python-format, which this file is read as; for variables add `syntax: handlebars`
      help: add `syntax: python-format`, if one brace is meant
    "#);
    for text in ["template: Hi {name}\nsyntax: handlebars\n", "template: 'Hi {{a}} {name}'\n", "template: '{\"a\": 1} { } {0}'\n"] {
        assert_eq!(said(text), "");
    }
    let (_, warnings) = parse("Hi\n {name}", "p.txt").unwrap();
    assert_eq!((warnings[0].place.clone(), warnings.len()), (Place::at("p.txt", 2, 2), 1));
}

#[test]
fn errors_of_every_syntax_are_at_their_place_in_the_file() {
    for (text, line, column) in [
        ("syntax: python-format\ntemplate: |\n  Hello\n   {name\n", 4, 4),
        ("syntax: jinja\ntemplate: |\n  Hello\n   {% for x y %}\n", 4, 13),
        ("syntax: python-format\ntemplate: \"a\\tb {0}\"\n", 2, 18),
    ] {
        let found = parse(text, "p.yml").unwrap_err();
        assert_eq!(found[0].place, Place::at("p.yml", line, column), "{text}: {found:?}");
    }
}

#[test]
fn a_text_is_one_message() {
    let prompt = prompt("Say hello to\n{{name}}.\n", "prompts/hello.txt");
    assert_eq!((prompt.name.as_str(), prompt.messages[0].role), ("hello", Role::User));
    assert_eq!(prompt.messages[0].content.source(), "Say hello to\n{{name}}.");
    let error = prompt.render(&Variables::default()).unwrap_err().1;
    assert_eq!(prompt.messages[0].place.at(error.line, error.column), Place::at("prompts/hello.txt", 2, 1));
    assert!(parse(" \n", "p.md").unwrap_err()[0].message.contains("empty"));
    assert_eq!(parse("Hello {{name", "p.hbs").unwrap_err()[0].place.line, Some(1));
}

#[test]
fn a_file_without_a_name_is_called_by_its_file() {
    for (file, name) in [("a/greeting.prompt.yml", "greeting"), ("greeting.json", "greeting"), ("x.y.yaml", "x.y"), (".yml", ".yml")] {
        assert_eq!(stem(file), name, "{file}");
    }
}

#[test]
fn a_missing_variable_is_found_in_the_file() {
    for (text, line, column) in [
        ("messages:\n  - role: user\n    content: |\n      Hello\n\n      dear {{nmae}}\n", 6, 12),
        ("messages:\n  - {role: user, content: \"Name: {{nmae}}\"}\n", 2, 34),
        ("messages:\n  - role: user\n    content: Name {{nmae}}\n", 3, 19),
        ("template: >\n  Hello\n  {{nmae}}\n", 2, 3),
    ] {
        let prompt = prompt(text, "p.yml");
        let (index, error) = prompt.render(&Variables::default()).unwrap_err();
        assert_eq!(prompt.messages[index].place.at(error.line, error.column), Place::at("p.yml", line, column), "{text}");
    }
}

#[test]
fn the_digest_is_that_of_the_content() {
    let digest = |text: &str| prompt(text, "p.yml").digest;
    let base = digest(CONTRACT);
    assert_eq!(digest(&CONTRACT.replace("name: greeting", "name: other\ndescription: d")), base, "name and description are no content");
    assert_eq!(digest(&CONTRACT.replace("\"Name: {{name}}\"", "'Name: {{name}}'")), base, "nor is formatting");
    for changed in ["model: x\n", "modelParameters: {seed: 1}\n", "variables: {name: {default: Ana}}\n"] {
        assert_ne!(digest(&format!("{CONTRACT}{changed}")), base, "{changed}");
    }
    assert_ne!(digest(&CONTRACT.replace("role: system", "role: user")), base);
    assert_eq!(prompt("Hi", "a.txt").digest, prompt("template: Hi", "b.yml").digest);
    assert_ne!(digest("template: Hi\n"), digest("template: Hi\nsyntax: jinja\n"), "another syntax says something else");
}

#[test]
fn defaults_of_variables_are_kept() {
    let prompt = prompt("template: '{{a}} {{b}}'\nvariables:\n  a: {description: first, default: 1}\n  b: {required: true}\n", "p.yml");
    assert_eq!(Value::Object(prompt.defaults), json!({"a": 1}));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let text = r#"name: ""
version: 1.2
modle: x
modelParameters: {temperature: hot, maxTokns: 3, extra: {cache_prompt: true}}
responseFormat: json_schema
syntax: jinja2
template: Hi
variables: {a: {default: 1, required: true}}
messages:
  - {role: robot, content: "Hi"}
  - role: user
    content: |
      Hello
      {{name
  - {role: user}
"#;
    insta::assert_snapshot!(said(text), @r#"
    error: p.prompt.yml:1:1: jsonSchema: `jsonSchema` is missing
      help: `responseFormat: json_schema` needs `jsonSchema: {name: …, schema: {…}}`
    error: p.prompt.yml:1:7: name: must not be empty
    error: p.prompt.yml:2:10: version: expected a string such as `1.2.0`, found the number 1.2
    error: p.prompt.yml:3:1: modle: unknown key `modle`
      help: did you mean `model`?
    error: p.prompt.yml:4:32: modelParameters.temperature: expected a number, found the string `hot`
    error: p.prompt.yml:4:37: modelParameters.maxTokns: unknown parameter `maxTokns`
      help: did you mean `max_tokens`? put what only your server knows under `extra`
    error: p.prompt.yml:6:9: syntax: `jinja2` is no syntax of templates
      help: did you mean `jinja`?
    error: p.prompt.yml:7:11: template: `messages` and `template` exclude each other
      help: move the template into a message
    error: p.prompt.yml:8:39: variables.a.required: a variable with a default is never required
      help: remove `required` or `default`
    error: p.prompt.yml:10:12: messages[0].role: unknown role `robot`
      help: there are: system, developer, user, assistant
    error: p.prompt.yml:15:5: messages[2].content: `content` is missing
      help: add `content:`, the text, with variables as `{{name}}`
    error: p.prompt.yml:15:7: messages[1].content: the template does not parse: invalid handlebars syntax: expected identifier, helper_parameter, or trailing_tilde_to_omit_whitespace
    "#);
}

#[test]
fn versions_explain_themselves() {
    for version in ["1.2", "v1.2.0", "01.2.3", "latest"] {
        let said = said(&format!("version: \"{version}\"\ntemplate: Hi\n"));
        assert!(said.starts_with("error: p.prompt.yml:1:10: version: ") && said.contains("write three numbers like 1.2.0"), "{said}");
    }
}

#[test]
fn a_schema_is_checked_and_its_errors_have_a_line() {
    let with = |schema: &str| said(&format!("template: Hi\nresponseFormat: json_schema\njsonSchema: {schema}\n"));
    assert!(
        with("|\n  {\n    \"name\": x\n  }").starts_with("error: p.prompt.yml:5:13: jsonSchema: not JSON: expected value"),
        "{}",
        with("|\n  {\n    \"name\": x\n  }")
    );
    assert!(with("{type: object}").contains("needs a `name` and a `schema`"));
    assert!(with("{name: a b, schema: {}}").contains("no name for a schema"));
    assert!(with("{name: a, schema: {type: objekt}}").contains("no valid JSON Schema"));
    assert_eq!(with("{name: a, schema: {type: object}}"), "");
    assert!(said("template: Hi\njsonSchema: {}\n").contains("without `responseFormat: json_schema`"));
    assert!(said("template: Hi\nresponseFormat: json\n").contains("did you mean `json_object`?"));
    assert_eq!(
        prompt("template: Hi\nresponseFormat: json_object\n", "p.yml").parameters["response_format"],
        json!({"type": "json_object"})
    );
}

#[test]
fn an_empty_file_says_what_it_needs() {
    assert!(said("").contains("the file is empty"));
    assert!(said("name: a\n").contains("`messages` is missing"));
    assert!(said("messages: []\n").contains("must not be empty"));
    assert!(said("template: '  '\n").contains("template: must not be blank"));
    assert!(said("template: a\nname: '  '\n").contains("name: must not be blank"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(template: |messages:\n- role: user\n  content: |template: a\n(test_cases|testData|evaluators|validation_rules):( |\n- )(string: )?)?[ -~\n\té|>]{0,120}") {
        for file in ["p.yml", "p.json", "p.txt"] {
            if let Ok((prompt, _)) = parse(&text, file) {
                for message in &prompt.messages {
                    message.place.at(1, 1);
                    message.place.at(7, 99);
                }
            }
        }
    }
}

#[test]
fn a_variable_that_conditions_may_go_without_says_so() {
    let (read, warnings) = parse("template: '{{#if vip}}Dear {{/if}}you'\nvariables: {vip: {required: false}}\n", "p.yml").unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(read.render(&Variables::new(read.defaults.clone())).unwrap()[0].content, "you");
    let bare = prompt("template: '{{vip}}'\nvariables: {vip: {required: false}}\n", "p.yml");
    assert!(bare.render(&Variables::new(bare.defaults.clone())).unwrap_err().1.message.contains("is null"), "it is never written");
    let (_, warnings) = parse("syntax: jinja\ntemplate: '{{ vip }}'\nvariables: {vip: {required: false}}\n", "p.yml").unwrap();
    assert!(warnings[0].help.as_deref().unwrap().contains("vip is defined"), "{warnings:?}");
}
