use serde_json::{Value, json};

use super::*;
use crate::domain::{
    prompt::Variables,
    suite::assertion::{Subject, tests::answer},
};

fn judge(rule: &str, text: &str, expected: Option<Value>) -> (bool, String) {
    let assertion = parse(rule).unwrap_or_else(|error| panic!("{rule}: {error:?}")).assertion.unwrap();
    let variables = Variables::new(expected.into_iter().map(|expected| ("expected".to_owned(), expected)).collect());
    let answer = answer(text);
    if let Err(error) = assertion.prepare(&variables) {
        return (false, error.message);
    }
    let run = assertion.judge(&Subject::new(&answer, &variables, None));
    (run.passed, run.reason)
}

#[test]
fn rules_judge_answers() {
    for (rule, text, passes) in [
        ("contains:12:30", "at 12:30", true),
        ("contains:12:30", "at 12", false),
        ("contains:{{name}}", "{{name}}", true),
        ("regex_match:^\\d{2}:\\d{2}$", "12:30", true),
        ("regex_match:12:30", "12:99", false),
        ("length_range:3,3", "日本語", true),
        ("length_range: 0 , 2 ", "abc", false),
        ("max_execution_time:0.12", "", true),
        ("max_execution_time:0.1199", "", false),
        ("contains_name", "hello There", true),
        ("contains_name", "HELLO there iPhone", false),
        ("contains_name", "at McDonald", true),
        ("greeting_format", "Say HI!", true),
        ("greeting_format", "this thing", false),
        ("handles_empty_input", " x", true),
        ("handles_empty_input", " \n", false),
        ("all", "", false),
    ] {
        assert_eq!(judge(rule, text, None).0, passes, "{rule} on {text:?}");
    }
}

#[test]
fn the_expected_output_takes_the_place_of_a_parameter() {
    for (rule, expected, passes) in [
        ("exact_match", json!("12"), true),
        ("exact_match", json!(12), true),
        ("exact_match", json!("12 "), false),
        ("contains", json!(""), true),
        ("contains", json!("2"), true),
        ("regex_match", json!("^\\d+$"), true),
        ("length_range", json!("2,3"), true),
        ("length_range", json!("3,4"), false),
    ] {
        assert_eq!(judge(rule, "12", Some(expected.clone())).0, passes, "{rule} with {expected}");
    }
    for rule in ["exact_match", "contains", "regex_match", "length_range"] {
        assert_eq!(judge(rule, "12", None).1, "it compares with the expected output, and the case has none");
    }
    assert!(judge("regex_match", "", Some(json!("("))).1.contains("is no pattern: column 1: unclosed group"));
    assert!(judge("length_range", "", Some(json!("x"))).1.contains("is no range of lengths"));
    assert!(judge("exact_match", "", Some(json!([1]))).1.contains("is no text"));
}

#[test]
fn what_is_wrong_is_said_with_its_column() {
    for (rule, expected) in [
        ("", "1: unknown validation rule `` (known are exact_match, contains"),
        ("exact_mach", "1: unknown validation rule `exact_mach` (did you mean `exact_match`?)"),
        ("EXACT_MATCH", "1: unknown validation rule `EXACT_MATCH` (did you mean `exact_match`?)"),
        (" contains:x", "1: unknown validation rule ` contains` (did you mean `contains`?)"),
        ("exact_match:x", "13: `exact_match` takes no parameter (write `exact_match`)"),
        ("contains:", "10: behind `contains:` nothing stands (write `contains`, or for example `contains:Hello`)"),
        ("max_execution_time", "20: `max_execution_time` needs a parameter (write for example `max_execution_time:1.0`)"),
        ("max_execution_time:soon", "20: `soon` is no number of seconds above 0 (write for example `max_execution_time:1.0`)"),
        ("max_execution_time:0", "20: `0` is no number of seconds above 0"),
        ("max_execution_time:inf", "20: `inf` is no number of seconds above 0"),
        ("length_range:5", "14: `5` is no range of lengths (write for example `length_range:1,50`)"),
        ("length_range:1,-2", "16: `-2` is no whole number of 0 or more (write digits only)"),
        ("length_range:100,10", "14: the range begins at 100 and ends before it, at 10 (write `length_range:10,100`)"),
        ("regex_match:a(b", "13: the pattern does not parse: in it, column 2: unclosed group ()"),
        ("regex_match:(?=a)", "13: the pattern does not parse: in it, column 1: look-around"),
        ("min_length:x", "12: `x` is no whole number of 0 or more (write digits only)"),
    ] {
        let error = parse(rule).unwrap_err();
        let said = format!("{}: {} ({})", error.column, error.message, error.help.unwrap_or_default());
        assert!(said.starts_with(expected), "{rule}: {said}");
    }
}

#[test]
fn every_kind_of_rule_can_be_read() {
    for kind in KINDS {
        let written = match kind.parameter {
            Parameter::None => kind.name.to_owned(),
            Parameter::Optional(example) | Parameter::Required(example) => format!("{}:{example}", kind.name),
        };
        let rule = parse(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(rule.assertion.is_some(), kind.about != About::Prompt, "{written}");
        assert_eq!(parse(kind.name).is_err(), matches!(kind.parameter, Parameter::Required(_)), "{}", kind.name);
        assert!(kind.summary.ends_with('.') && is_rule(&written));
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(exact_match|contains|regex_match|length_range|max_execution_time|min_length|all)?:?.{0,40}") {
        if let Ok(Rule { assertion: Some(assertion), .. }) = parse(&text) {
            let variables = Variables::new([("expected".to_owned(), json!(text))].into_iter().collect());
            if assertion.prepare(&variables).is_ok() {
                assertion.judge(&Subject::new(&answer(&text), &variables, None));
            }
        }
    }
}
