//! What an answer may take: time and money.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
    operand::{missing, unexpected},
};
use crate::domain::{
    answer::Origin,
    duration,
    prompt::{TemplateError, Variables},
};

pub(in crate::domain::suite::assertion) const KINDS: &[Kind] = &[
    // Requirement S0-012 (max_execution_time).
    Kind {
        name: "latency",
        summary: "The request took at most this long, from the first byte sent to the last byte read.",
        source: "promptfoo's assertion of this name; the clock is that of the [architecture](../design/architecture.md#time)",
        keys: &[("value", "milliseconds, or a duration such as `2s`"), ("threshold", "the same under the name promptfoo gives it")],
        example: "{type: latency, threshold: 500}",
        accepts: "",
        rejects: "",
        parse: latency,
    },
    Kind {
        name: "cost",
        summary: "The answer cost at most this many US dollars; it fails when the price is unknown.",
        source: "promptfoo's assertion of this name; prices are the configuration's, or [listed](providers.md#prices)",
        keys: &[("value", "US dollars"), ("threshold", "the same under the name promptfoo gives it")],
        example: "{type: cost, threshold: 0.002}",
        accepts: "",
        rejects: "",
        parse: cost,
    },
];

/// The one limit, under either of its names, with the name it has.
fn limit<'a>(parameters: &Parameters<'a>) -> Result<(&'static str, &'a Value), Vec<Problem>> {
    let threshold = parameters.all.get("threshold").filter(|value| !value.is_null());
    match (parameters.value, threshold) {
        (Some(value), None) => Ok(("value", value)),
        (None, Some(threshold)) => Ok(("threshold", threshold)),
        (None, None) => Err(vec![missing("value")]),
        (Some(_), Some(_)) => Err(vec![Problem::new("threshold", "`threshold` and `value` mean the same: write one of them")]),
    }
}

fn latency(parameters: &Parameters<'_>) -> Parsed {
    let (path, value) = limit(parameters)?;
    let limit = match value {
        Value::Number(number) => number.as_f64().and_then(|millis| Duration::try_from_secs_f64(millis / 1_000.0).ok()),
        Value::String(text) => Some(duration::parse(text).map_err(|error| vec![Problem::new(path, error.to_string())])?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(vec![unexpected(path, "milliseconds or a duration such as `2s`", value)]);
        }
    };
    match limit {
        Some(limit) if !limit.is_zero() => Ok(Arc::new(Latency(limit))),
        Some(_) | None => Err(vec![Problem::new(path, format!("{value} is not a time limit: it must be above 0"))]),
    }
}

fn cost(parameters: &Parameters<'_>) -> Parsed {
    let (path, value) = limit(parameters)?;
    let Some(limit) = value.as_f64() else { return Err(vec![unexpected(path, "a number of US dollars", value)]) };
    if limit.is_finite() && limit >= 0.0 {
        Ok(Arc::new(Cost(limit)))
    } else {
        Err(vec![Problem::new(path, format!("{limit} is not an amount of money: it must be 0 or more"))])
    }
}

#[derive(Debug)]
struct Latency(Duration);

impl Check for Latency {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let origin = match subject.answer.origin {
            Origin::Live => "",
            Origin::Cached => " (cached)",
            Origin::Recorded => " (recorded)",
        };
        let (found, limit) = (subject.answer.latency, self.0);
        Judgement::new(found <= limit, format!("took {} ms{origin}, at most {} ms allowed", millis(found), millis(limit)))
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

/// Milliseconds with at most three decimals: enough to tell a latency from the limit it just missed.
fn millis(duration: Duration) -> f64 {
    (duration::millis(duration) * 1_000.0).round() / 1_000.0
}

#[derive(Debug)]
struct Cost(f64);

impl Check for Cost {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let usage = subject.answer.usage;
        match subject.cost_usd {
            Some(cost) if cost.is_finite() => {
                // One part in a billion absorbs the rounding of sums of prices.
                let passed = cost <= self.0 * (1.0 + 1e-9);
                let guessed = if usage.estimated { "; estimated: the provider does not count tokens" } else { "" };
                Judgement::new(passed, format!("cost ${}, at most ${} allowed{guessed}", dollars(cost), self.0))
            }
            _ if usage.input_tokens.is_none() && usage.output_tokens.is_none() => {
                Judgement::undecided(format!("the cost is unknown, at most ${} allowed: the provider reported no tokens", self.0))
            }
            _ => Judgement::undecided(format!("the cost is unknown, at most ${} allowed: set `prices` for the provider", self.0)),
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }

    fn needs_cost(&self) -> bool {
        true
    }
}

/// Ten decimals at most: prices are given per million tokens, and floating-point noise is no price.
fn dollars(cost: f64) -> f64 {
    (cost * 1e10).round() / 1e10
}
