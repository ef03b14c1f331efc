//! A program of the user's that decides.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::need::{Need, Reply};
use crate::domain::{
    duration,
    prompt::{TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        operand::{required, unexpected},
    },
};

/// How long a program may take that says nothing about it.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "command",
    summary: "Your program finds that the answer holds. It gets `{\"answer\", \"vars\", \"request\", \"finish_reason\", \"model\", \"tokens\", \"latency_ms\", \"cost_usd\"}` as JSON on standard input and writes `{\"passed\", \"score\", \"reason\"}`. No shell; what fails, runs too long or writes something else leaves the sample without a judgement.",
    source: "this project's own; the table above is the whole protocol",
    keys: &[("value", "the program and its arguments, a list"), ("timeout", "how long it may take, such as `5s` (default `30s`)")],
    example: "command: [python3, checks/tone.py]",
    accepts: "A good answer.",
    rejects: "A bad answer.",
    parse,
}];

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let value = required(parameters).map_err(|problem| vec![problem])?;
    let Value::Array(items) = value else {
        return Err(vec![
            unexpected("value", "a list: the program and its arguments", value)
                .with_help("write `command: [program, argument]`; there is no shell"),
        ]);
    };
    let mut problems = Vec::new();
    let mut argv = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item {
            Value::String(text) if !(index == 0 && text.trim().is_empty()) => argv.push(text.clone()),
            Value::Number(number) if index > 0 => argv.push(number.to_string()),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                problems.push(unexpected(&format!("value[{index}]"), if index == 0 { "a program" } else { "an argument" }, other));
            }
        }
    }
    if items.is_empty() {
        problems.push(Problem::new("value", "the list is empty: it names no program"));
    }
    let limit = match parameters.all.get("timeout").filter(|value| !value.is_null()) {
        None => LIMIT,
        Some(Value::String(text)) => duration::parse(text).unwrap_or_else(|error| {
            problems.push(Problem::new("timeout", error.to_string()));
            LIMIT
        }),
        Some(other) => {
            problems.push(unexpected("timeout", "a duration such as `5s`", other));
            LIMIT
        }
    };
    if limit.is_zero() {
        problems.push(Problem::new("timeout", "must be above 0"));
    }
    if problems.is_empty() { Ok(Arc::new(Program { argv, limit })) } else { Err(problems) }
}

#[derive(Debug)]
struct Program {
    argv: Vec<String>,
    limit: Duration,
}

impl Program {
    fn need(&self, subject: &Subject<'_>) -> Need {
        let answer = subject.answer;
        let input = json!({
            "answer": answer.text,
            "vars": subject.variables.values(),
            "request": subject.request.map(|request| json!({
                "model": request.model, "messages": request.messages, "parameters": request.parameters, "repeat": request.repeat,
            })),
            "finish_reason": answer.finish_reason,
            "model": answer.model,
            "tokens": {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens, "estimated": answer.usage.estimated},
            "latency_ms": duration::millis(answer.latency),
            "cost_usd": subject.cost_usd,
        });
        Need::Program { argv: self.argv.clone(), input, limit: self.limit }
    }
}

impl Check for Program {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        match subject.replies.and_then(|replies| replies.to(&self.need(subject))) {
            Some(Reply::Verdict(verdict)) => {
                let passed = verdict.passed.unwrap_or(false);
                let said = if passed { "the program passed it" } else { "the program failed it" };
                let reason = if verdict.reason.is_empty() { said.to_owned() } else { format!("{said}: {}", verdict.reason) };
                Judgement::scored(passed, verdict.score, reason)
            }
            Some(Reply::Vectors(_)) | None => Judgement::undecided("the program was not run"),
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }

    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        vec![self.need(subject)]
    }
}
