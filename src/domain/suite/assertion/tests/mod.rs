//! What holds for every kind, and how assertions are written.

mod budget;
mod group;
mod json;
mod json_path;
mod length;
mod pattern;
mod text;

use std::time::Duration;

use serde_json::{Value, json};

use super::{Assertion, Problem, Subject};
use crate::domain::{
    answer::{Answer, Origin, Usage},
    prompt::Variables,
    suite::run::AssertionRun,
};

/// An answer with this text, live, after 120 ms, with 10 + 5 tokens.
pub(super) fn answer(text: &str) -> Answer {
    Answer {
        text: text.to_owned(),
        finish_reason: None,
        model: None,
        usage: Usage { input_tokens: Some(10), output_tokens: Some(5) },
        latency: Duration::from_millis(120),
        time_to_first_token: None,
        origin: Origin::Live,
        raw: Value::Null,
    }
}

pub(super) fn variables() -> Variables {
    let values = json!({
        "name": "Ana", "age": 42, "min": "18", "empty": "", "pattern": "a.c (x)", "temperature": -1.5, "expected": {"age": 42},
        "user": {"name": "Ben", "tags": ["a", "b"]}, "nothing": null,
    });
    Variables::new(values.as_object().cloned().unwrap())
}

/// Reads an assertion written as YAML.
pub(super) fn parse(yaml: &str) -> Result<Assertion, Vec<Problem>> {
    Assertion::parse(&serde_yaml::from_str(yaml).unwrap())
}

/// What it finds in an answer, with the usual variables and a cost of 0.001 dollars.
pub(super) fn judge(yaml: &str, text: &str) -> AssertionRun {
    let assertion = parse(yaml).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"));
    let variables = variables();
    assertion.prepare(&variables).unwrap_or_else(|error| panic!("{yaml}: {error}"));
    assertion.judge(&Subject { answer: &answer(text), variables: &variables, cost_usd: Some(0.001) })
}

/// Judges and gives the reason, after checking the outcome.
#[track_caller]
pub(super) fn reason(yaml: &str, text: &str, passes: bool) -> String {
    let run = judge(yaml, text);
    assert_eq!(run.passed, passes, "{yaml} on {:?}: {}", text.chars().take(200).collect::<String>(), run.reason);
    run.reason
}

/// The problems of an assertion as `path: message (help)`.
#[track_caller]
pub(super) fn problems(yaml: &str) -> Vec<String> {
    let found = parse(yaml).expect_err(yaml);
    found.into_iter().map(|problem| format!("{}: {} ({})", problem.path, problem.message, problem.help.unwrap_or_default())).collect()
}
