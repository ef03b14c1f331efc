use crate::support::{Behaviour, FakeModel, Workspace};

/// A suite without cases of its own: those of the prompt's file are run, and the answer is the prompt.
fn suite(prompt: &str, text: &str) -> Workspace {
    let config =
        format!("version: 1\nproviders:\n  say: {{kind: echo}}\nsuites:\n  - name: own\n    prompt: {prompt}\n    provider: say\n");
    Workspace::empty().file("prompt-cicd.yml", &config).file(prompt, text)
}

/// Names and outcomes of the cases.
fn outcomes(json: &serde_json::Value) -> Vec<(String, bool)> {
    let results = json["test_case_results"].as_array().unwrap();
    results.iter().map(|result| (result["case_id"].as_str().unwrap().to_owned(), result["passed"].as_bool().unwrap())).collect()
}

/// The test case of the first seed, in a file.
const SEED: &str = r#"{
  "name": "greeting",
  "template": "Hello, {name}!",
  "test_cases": [
    {
      "name": "greeting_test",
      "input_data": {"name": "World"},
      "expected_output": "Hello, World!",
      "validation_rules": ["exact_match", "max_execution_time:1.0"]
    },
    {"name": "Ana"}
  ],
  "validation_rules": ["length_range:1,50", "template_variables", "min_length", "no_profanity"]
}
"#;

#[test]
fn a_file_of_the_seed_runs_as_it_stands() {
    let run = suite("prompts/greeting.json", SEED).prompt_cicd(["test", "--format", "json"]).run().exits(0);
    assert_eq!(outcomes(&run.json()), [("greeting_test".to_owned(), true), ("2".to_owned(), true)]);
    let json = run.json();
    let names: Vec<&str> = json["test_case_results"][0]["assertions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|assertion| assertion["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["length_range", "exact_match", "max_execution_time"]);
    let warnings = run.json()["warnings"].to_string();
    assert!(warnings.contains("`no_profanity` checks the prompt, not the answer, which the lints do for every prompt"), "{warnings}");
}

#[test]
fn a_rule_that_does_not_hold_fails_the_case() {
    let text = SEED.replace("\"expected_output\": \"Hello, World!\"", "\"expected_output\": \"Hello, world!\"");
    let run = suite("greeting.json", &text).prompt_cicd(["test"]).run().exits(10);
    run.shows("exact_match").shows("expected \"Hello, world!\"");
}

#[test]
fn a_yaml_file_in_python_format_runs() {
    let text = "template: |
  Product: {product!s:>8}, Price: ${price:.2f}, {cfg[currency]}, {{literal}}
test_cases:
  - name: laptop
    input_data: {product: Laptop, price: 999.99, cfg: {currency: EUR}}
    expected_output: 'Price: \\$\\d+\\.\\d{2}'
    validation_rules: [regex_match, \"contains:  Laptop, Price: $999.99, EUR, {literal}\", greeting_format]
";
    let run = suite("price.yaml", text).prompt_cicd(["test"]).run().exits(10);
    run.shows("greeting_format");
    let text = text.replace(", greeting_format]", "]");
    suite("price.yaml", &text).prompt_cicd(["test"]).run().exits(0);
}

#[test]
fn a_missing_variable_is_said_before_anything_is_asked() {
    let text = "template: |\n  Hello\n  {nmae}!\ntest_cases:\n  - {name: Ana}\n  - {name: Ben}\n";
    let run = suite("greeting.yml", text).prompt_cicd(["test"]).run().exits(3);
    run.says("greeting.yml:3:3").says("variable `nmae` has no value; did you mean `name`?").says("and in 1 more");
}

#[test]
fn a_malformed_rule_is_said_with_its_column() {
    let text = SEED.replace("length_range:1,50", "length_range:50,1");
    suite("greeting.json", &text).prompt_cicd(["test"]).run().exits(3).says("greeting.json:13:38: validation_rules[0]");
    let text = SEED.replace("exact_match", "exact_mtach");
    suite("greeting.json", &text).prompt_cicd(["test"]).run().exits(3).says("did you mean `exact_match`?");
}

#[test]
fn a_jinja_file_runs() {
    let workspace = Workspace::greeting().file(
        "prompts/list.md.j2",
        "{% macro greet(name) %}Hello {{ name | upper }}!{% endmacro %}{% for name in names %}{{ greet(name) }} {% endfor %}",
    );
    let config = workspace.read("prompt-cicd.yml").replace("greeting.prompt.yml", "list.md.j2").replace("\"{{name}}\"", "HELLO");
    let config = config.replace("contains: HELLO", "equals: \"Hello ANA! Hello BEN! \"");
    let workspace =
        workspace.file("prompt-cicd.yml", &config).file("cases/greeting.jsonl", "{\"vars\": {\"names\": [\"Ana\", \"Ben\"]}}\n");
    workspace.prompt_cicd(["test"]).run().exits(0);
    let workspace = workspace.file("prompts/list.md.j2", "{% for n in names %}\n  {{ m.name }}{% endfor %}");
    workspace.prompt_cicd(["test"]).run().exits(3).says("list.md.j2:2:6").says("variable `m` has no value");
}

/// A file as GitHub's models page writes it.
const GITHUB: &str = "name: Summarizer
model: openai/gpt-4o-mini
messages:
  - role: system
    content: You summarize.
  - role: user
    content: 'Summary - {{input}}'
testData:
  - input: The quick brown fox.
    expected: quick BROWN
  - input: Nothing.
    expected: nothing
evaluators:
  - name: Output should start with 'Summary -'
    string:
      startsWith: 'summary -'
  - name: Output has what is expected
    string:
      contains: '{{expected}}'
";

#[test]
fn a_file_of_github_runs_as_it_stands() {
    let run = suite("summarize.prompt.yml", GITHUB).prompt_cicd(["test", "--format", "json"]).run().exits(0);
    assert_eq!(outcomes(&run.json()), [("1".to_owned(), true), ("2".to_owned(), true)]);
    assert_eq!(run.json()["warnings"].to_string(), "[]", "nothing is left to say");
    let text = GITHUB.replace("expected: nothing", "expected: all");
    suite("summarize.prompt.yml", &text).prompt_cicd(["test"]).run().exits(10).shows("Output has what is expected");
}

/// GitHub's file with two evaluators that ask a model.
fn judged() -> String {
    format!(
        "{GITHUB}  - {{name: same, uses: github/similarity}}\n  - name: mine\n    llm:\n      modelId: openai/gpt-4o\n      \
         prompt: 'Rate {{{{completion}}}} for {{{{input}}}}.'\n      choices: [{{choice: poor, score: 0}}, {{choice: good, score: 1}}]\n"
    )
}

#[test]
fn evaluators_that_ask_a_model_ask_the_judge_and_fail_by_its_word() {
    type Judge = fn(usize, &str) -> Result<String, u16>;
    let judges: [(Judge, i32); 5] = [
        (|_, said| Ok(if said.starts_with("Rate ") { "good" } else { r#"{"score": 9}"# }.to_owned()), 0),
        (|_, said| Ok(if said.starts_with("Rate ") { "My verdict: poor." } else { r#"{"score": 9}"# }.to_owned()), 10),
        (|_, said| Ok(if said.starts_with("Rate ") { "good" } else { r#"{"score": 1}"# }.to_owned()), 10),
        (|_, said| Ok(if said.starts_with("Rate ") { "excellent" } else { r#"{"score": 9}"# }.to_owned()), 30),
        (|_, said| Ok(if said.starts_with("Rate ") { "good" } else { r#"{"score": 11}"# }.to_owned()), 30),
    ];
    for (judge, code) in judges {
        let model = FakeModel::start(Behaviour::Rule(judge));
        let workspace = suite("a.prompt.yml", &judged());
        let config = workspace.read("prompt-cicd.yml");
        let provider = format!("  judge: {{kind: openai, base-url: \"{}\", model: fake}}\nsuites:", model.base_url());
        let config = config.replace("suites:", &provider).replace("provider: say", "provider: say\n    judge: judge");
        let run = workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test", "--format", "json"]).run().exits(code);
        let asked = model.received(|received| received.iter().map(|request| request.body.to_string()).collect::<Vec<_>>().concat());
        assert!(asked.contains("Rate Summary - Nothing. for Nothing..") || code == 30 && asked.contains("Reference"), "{asked}");
        if code == 30 {
            assert!(run.stdout.contains("no verdict of"), "{}", run.stdout);
        }
    }
}

#[test]
fn an_evaluator_without_a_judge_is_no_silent_pass() {
    let run = suite("a.prompt.yml", &judged()).prompt_cicd(["test"]).run().exits(3);
    run.says("assertion same: it needs a judge").says("assertion mine: it needs a judge").says("write `judge: NAME` at suite");
    let unknown = judged().replace("github/similarity", "github/simularity");
    suite("a.prompt.yml", &unknown)
        .prompt_cicd(["test"])
        .run()
        .exits(3)
        .says("there is no evaluator")
        .says("did you mean `github/similarity`?");
}

#[test]
fn without_cases_anywhere_both_places_are_named() {
    let run = suite("a.prompt.yml", "template: Hi\ntestData: []\n").prompt_cicd(["test"]).run().exits(3);
    run.says("no cases: neither the suite nor its prompt").says("a.prompt.yml").says("`testData:` or `test_cases:`");
}

#[test]
fn cases_of_the_suite_go_before_those_of_the_file() {
    let workspace = Workspace::greeting().file("prompts/greeting.prompt.yml", "template: Hello {{name}}!\ntestData: [{name: Eve}]\n");
    let run = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(0);
    assert_eq!(outcomes(&run.json()).len(), 2);
    let warnings = run.json()["warnings"].to_string();
    assert!(
        warnings.contains("greeting.prompt.yml:2:11: testData: `testData` is not used: suite `greeting` has cases of its own"),
        "{warnings}"
    );
}

#[test]
fn single_braces_in_a_handlebars_prompt_are_pointed_out() {
    let workspace = Workspace::greeting().file("prompts/greeting.prompt.yml", "template: Hello Ana Ben {name}!\n");
    workspace.prompt_cicd(["test"]).run().exits(0).shows("greeting.prompt.yml:1:25").shows("`syntax: python-format`");
}

#[test]
fn rules_stand_in_assert_too() {
    let workspace = Workspace::greeting();
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("- contains: \"{{name}}\"", "- \"regex_match:^Hello \\\\w+!$\"\n        - greeting_format");
    workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test"]).run().exits(0);
}
