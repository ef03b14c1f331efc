//! How many tokens an answer took.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::assertion::{Check, Judgement, Kind, Parameters, Parsed, Problem, Subject, operand::unexpected},
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "tokens",
    summary: "Request and answer have at most so many tokens, as the provider counts them. Where it does not count, a token for four characters is guessed, and the reason says so.",
    source: "this project's own; counts are the provider's `usage`, guesses a token for four characters as OpenAI's guide to tokens has it for English",
    keys: &[
        ("value", "the most tokens of request and answer together"),
        ("total", "the same under its full name"),
        ("input", "the most tokens of the request"),
        ("output", "the most tokens of the answer"),
    ],
    example: "{type: tokens, input: 500, output: 60}",
    accepts: "",
    rejects: "",
    parse,
}];

#[derive(Debug)]
struct Tokens {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
}

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let mut problems = Vec::new();
    let mut limit = |key: &str| {
        let value = parameters.all.get(key).filter(|value| !value.is_null())?;
        let limit = value.as_u64();
        if limit.is_none() {
            problems.push(match value {
                Value::Number(_) => Problem::new(key, format!("{value} is not a whole number of 0 or more")),
                other @ (Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                    unexpected(key, "a whole number of 0 or more", other)
                }
            });
        }
        limit
    };
    let (value, total, input, output) = (limit("value"), limit("total"), limit("input"), limit("output"));
    if value.is_some() && total.is_some() {
        problems.push(Problem::new("total", "`total` and `value` mean the same: write one of them"));
    }
    if problems.is_empty() && [value, total, input, output].iter().all(Option::is_none) {
        problems.push(Problem::new("", "no limit is given"));
    }
    if problems.is_empty() { Ok(Arc::new(Tokens { input, output, total: total.or(value) })) } else { Err(problems) }
}

impl Check for Tokens {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let usage = subject.answer.usage;
        let total = usage.input_tokens.zip(usage.output_tokens).map(|(input, output)| input.saturating_add(output));
        let limits =
            [("input", self.input, usage.input_tokens), ("output", self.output, usage.output_tokens), ("total", self.total, total)];
        let (mut said, mut passed) = (Vec::new(), true);
        for (name, limit, found) in limits {
            let Some(limit) = limit else { continue };
            let Some(found) = found else {
                return Judgement::undecided(format!(
                    "the {name} tokens are unknown, at most {limit} allowed: the provider does not count them"
                ));
            };
            passed &= found <= limit;
            let about = if usage.estimated { "about " } else { "" };
            said.push(format!("{about}{found} {name} tokens, at most {limit} allowed"));
        }
        if usage.estimated {
            said.push("estimated: the provider does not count tokens".to_owned());
        }
        Judgement::new(passed, said.join("; "))
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
