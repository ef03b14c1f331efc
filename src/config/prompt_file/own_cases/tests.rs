use serde_json::json;

use super::{super::read, OwnCases};
use crate::domain::suite::{Case, assertion::Grader};

fn own(text: &str, file: &str) -> OwnCases {
    let (prompt, warnings) = read(text, file).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(warnings, [], "{text}");
    prompt.cases.unwrap()
}

fn said(text: &str) -> String {
    let problems = read(text, "p.yml").map_or_else(|problems| problems, |(_, warnings)| warnings);
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn labels(case: &Case) -> Vec<(&str, &str)> {
    case.assertions.iter().map(|assertion| (assertion.name.as_str(), assertion.label.as_str())).collect()
}

#[test]
fn cases_of_github_have_variables_and_an_expected_answer() {
    let text = "messages: [{role: user, content: 'Say {{input}}'}]
testData:
  - {input: one, expected: 1}
  - {input: two}
evaluators:
  - {name: says it, string: {contains: '{{expected}}'}}
  - {string: {startsWith: Sum, endsWith: .}}
  - {name: exactly, string: {equals: x}}
";
    let own = own(text, "p.prompt.yml");
    assert_eq!((own.key, own.place.line, own.cases.len()), ("testData", Some(3), 2));
    let [one, two] = own.cases.as_slice() else { panic!() };
    assert_eq!(
        (one.id.0.as_str(), json!(one.vars), one.expected.clone(), one.place.line),
        ("1", json!({"input": "one"}), Some(json!(1)), Some(3))
    );
    assert_eq!((two.id.0.as_str(), two.expected.clone()), ("2", None));
    let kinds =
        [("icontains", "says it"), ("istarts-with", "istarts-with: \"Sum\""), ("iends-with", "iends-with: \".\""), ("equals", "exactly")];
    assert_eq!(labels(one), kinds);
}

#[test]
fn cases_of_the_seed_are_maps_of_variables_or_say_what_they_are() {
    let text = r#"{"template": "Hello {name}!", "validation_rules": ["length_range:1,50"], "test_cases": [
        {"name": "greeting_test", "input_data": {"name": "World"}, "expected_output": "Hello, World!",
         "validation_rules": ["exact_match", "max_execution_time:1.0"]},
        {"name": "World", "tone": "kind"}]}"#;
    let own = own(text, "p.json");
    let [one, two] = own.cases.as_slice() else { panic!() };
    assert_eq!(
        (one.id.0.as_str(), json!(one.vars), one.expected.clone()),
        ("greeting_test", json!({"name": "World"}), Some(json!("Hello, World!")))
    );
    let names = |case: &Case| case.assertions.iter().map(|assertion| assertion.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(one), ["length_range", "exact_match", "max_execution_time"]);
    assert_eq!(
        (two.id.0.as_str(), json!(two.vars), names(two)),
        ("2", json!({"name": "World", "tone": "kind"}), vec!["length_range".to_owned()])
    );
}

#[test]
fn a_case_of_the_seed_without_rules_must_be_answered() {
    for text in ["template: Hi\ntest_cases: [{name: Ana}]\n", "template: Hi\ntest_cases: [{input_data: {}, validation_rules: []}]\n"] {
        assert_eq!(labels(&own(text, "p.yml").cases[0]), [("answered", "the answer is more than white space")]);
    }
}

#[test]
fn empty_lists_bring_no_cases() {
    for text in ["template: Hi\ntestData: []\nevaluators: []\n", "template: Hi\n", "template: Hi\ntest_cases: []\n"] {
        assert!(read(text, "p.yml").unwrap().0.cases.is_none(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_column() {
    let text = "template: Hi
test_cases:
  - {input_data: [1], expcted_output: x, validation_rules: exact_match}
  - {name: '', input_data: {}, validation_rules: [exact_mach, 'length_range:9,1', \"regex_match:a(\", 3, {contains: x}]}
  - Ana
validation_rules: [all, no_profanity, no_profanity]
";
    insta::assert_snapshot!(said(text), @r#"
    error: p.yml:3:18: test_cases[0].input_data: expected a map of variables, found a list
    error: p.yml:3:23: test_cases[0].expcted_output: unknown key `expcted_output`
      help: did you mean `expected_output`?
    error: p.yml:3:60: test_cases[0].validation_rules: expected a list of rules, found the string `exact_match`
      help: write a list, also for a single rule: `[exact_match]`
    error: p.yml:4:12: test_cases[1].name: must not be blank
    error: p.yml:4:51: test_cases[1].validation_rules[0]: unknown validation rule `exact_mach`
      help: did you mean `exact_match`?
    error: p.yml:4:77: test_cases[1].validation_rules[1]: the range begins at 9 and ends before it, at 1
      help: write `length_range:1,9`
    error: p.yml:4:96: test_cases[1].validation_rules[2]: the pattern does not parse: in it, column 2: unclosed group
    error: p.yml:4:101: test_cases[1].validation_rules[3]: expected a rule such as `contains:Hello`, found the number 3
    error: p.yml:4:104: test_cases[1].validation_rules[4]: expected a rule such as `contains:Hello`, found a map
      help: put the rule in quotes: YAML reads a colon with a space behind it as a map
    error: p.yml:5:5: test_cases[2]: expected a map of variables, found the string `Ana`
    warning: p.yml:6:20: validation_rules[0]: `all` checks the prompt too, which the lints do for every prompt as `lints:` says: that part changes nothing here
      help: set limits and severities under `lints.rules` in the configuration
    warning: p.yml:6:25: validation_rules[1]: `no_profanity` checks the prompt, not the answer, which the lints do for every prompt as `lints:` says: that part changes nothing here
      help: set limits and severities under `lints.rules` in the configuration
    "#);
}

#[test]
fn evaluators_that_ask_a_model_are_assertions() {
    let text = "messages: [{role: user, content: 'Say {{input}}'}]
testData: [{input: one, expected: 1}]
evaluators:
  - {name: same, uses: github/similarity}
  - uses: github/fluency
  - name: mine
    llm:
      modelId: openai/gpt-4o
      systemPrompt: You are strict.
      prompt: 'Is this good? {{completion}}'
      choices: [{choice: bad, score: 0}, {choice: 5, score: 4}, {choice: good, score: 8}]
";
    let own = own(text, "p.prompt.yml");
    assert_eq!(labels(&own.cases[0]), [("github/similarity", "same"), ("github/fluency", "github/fluency"), ("llm", "mine")]);
    let judge = |model: &str| vec![Grader::Evaluator(Some(model.to_owned()))];
    assert!(own.cases[0].assertions.iter().all(|assertion| assertion.graders() == judge("openai/gpt-4o")));
    let check = format!("{:?}", own.cases[0].assertions[2].check);
    assert!(check.contains("score: 0.5") && check.contains("score: 1.0"), "the best choice is worth 1: {check}");
}

#[test]
fn evaluators_that_are_wrong_are_named() {
    let text = "template: Hi
testData: [{a: 1}, 2]
evaluators:
  - {name: judge, llm: {modelId: m, prompt: p}}
  - {name: similar, uses: github/similarty}
  - {llm: {promt: p, choices: [{choice: a, score: 1}, {choice: A, score: 0}, {choise: b, score: -1}]}}
  - {llm: {prompt: 'x {{completion}}', choices: [{choice: a, score: 0}]}}
  - {llm: {prompt: 'x {{completion}}', choices: [{choice: bad, score: 1}, {choice: good, score: 5}]}}
  - {llm: {prompt: 'x {{completion}}', choices: [{choice: Good., score: 1}, {choice: '`good`', score: 0}, {choice: GUT, score: 0}]}}
  - {llm: {prompt: 'x {{completion}}', choices: [{choice: Über, score: 1}, {choice: über, score: 0}]}}
  - {llm: good, uses: 3}
  - {uses: promptfoo/other}
  - {name: nothing}
  - {string: {contain: x}}
  - {strng: {contains: x}}
  - {string: {contains: ''}}
  - {string: {contains: '{{a'}}
";
    insta::assert_snapshot!(said(text), @r#"
    error: p.yml:2:20: testData[1]: expected a map of variables, found the number 2
    error: p.yml:4:24: evaluators[0].llm: the judge has no `choices`
      help: write for example `choices: [{choice: poor, score: 0}, {choice: good, score: 1}]`
    error: p.yml:4:45: evaluators[0].llm.prompt: the prompt does not show the answer to the judge
      help: write `{{completion}}` where the answer goes
    error: p.yml:5:27: evaluators[1].uses: there is no evaluator `github/similarty`
      help: did you mean `github/similarity`?
    error: p.yml:6:11: evaluators[2].llm: `prompt` is missing
      help: write what the judge is asked; `{{completion}}` is the answer
    error: p.yml:6:12: evaluators[2].llm.promt: unknown key `promt`
      help: did you mean `prompt`?
    error: p.yml:6:55: evaluators[2].llm.choices[1]: no answer of a judge can tell this choice from an earlier one
      help: take one of them out
    error: p.yml:6:78: evaluators[2].llm.choices[2]: expected a `choice` with a `score` from 0 to 100
      help: write for example `choices: [{choice: poor, score: 0}, {choice: good, score: 1}]`
    error: p.yml:6:79: evaluators[2].llm.choices[2].choise: unknown key `choise`
      help: did you mean `choice`?
    error: p.yml:7:49: evaluators[3].llm.choices: no choice passes: each has a score of 0
      help: write for example `choices: [{choice: poor, score: 0}, {choice: good, score: 1}]`
    error: p.yml:8:49: evaluators[4].llm.choices: every choice passes: none has a score of 0
      help: write for example `choices: [{choice: poor, score: 0}, {choice: good, score: 1}]`
    error: p.yml:9:77: evaluators[5].llm.choices[1]: no answer of a judge can tell this choice from an earlier one
      help: take one of them out
    error: p.yml:10:76: evaluators[6].llm.choices[1]: no answer of a judge can tell this choice from an earlier one
      help: take one of them out
    error: p.yml:11:11: evaluators[7].llm: expected a map such as `{modelId: …, prompt: …, choices: […]}`, found the string `good`
    error: p.yml:11:23: evaluators[7].uses: expected the name of an evaluator such as `github/similarity`, found the number 3
    error: p.yml:12:12: evaluators[8].uses: there is no evaluator `promptfoo/other`
      help: there are: github/similarity, github/relevance, github/groundedness, github/coherence, github/fluency
    error: p.yml:13:5: evaluators[9]: the evaluator checks nothing
      help: add for example `string: {contains: text}`
    error: p.yml:14:15: evaluators[10].string.contain: unknown key `contain`
      help: did you mean `contains`?
    error: p.yml:15:5: evaluators[11]: the evaluator checks nothing
      help: add for example `string: {contains: text}`
    error: p.yml:15:6: evaluators[11].strng: unknown key `strng`
      help: did you mean `string`?
    error: p.yml:16:25: evaluators[12].string.contains: the text is empty, and every answer contains an empty text
    error: p.yml:17:25: evaluators[13].string.contains: the template does not parse: invalid handlebars syntax: expected identifier, helper_parameter, or trailing_tilde_to_omit_whitespace (line 1 column 4)
    "#);
    assert!(said("template: Hi\ntestData: [{a: 1}]\ntest_cases: [{a: 1}]\n").contains("exclude each other"));
}
