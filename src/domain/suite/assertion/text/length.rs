//! How long an answer is: requirement S0-011 (`length_range`) as a minimum and a maximum.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::prompt::{TemplateError, Variables};
use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
    excerpt::count,
    operand::{required, unexpected},
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "min-length",
        summary: "The answer has at least this many characters (Unicode scalar values).",
        source: "this project's own: Unicode scalar values, as Rust's `char`",
        keys: &[("value", "a whole number of 0 or more")],
        example: "min-length: 5",
        accepts: "Hello",
        rejects: "Ciao",
        parse: |parameters| parse(parameters, Unit::Character, Bound::Min),
    },
    Kind {
        name: "max-length",
        summary: "The answer has at most this many characters (Unicode scalar values).",
        source: "this project's own: Unicode scalar values, as Rust's `char`",
        keys: &[("value", "a whole number of 0 or more")],
        example: "max-length: 5",
        accepts: "Hello",
        rejects: "Hello!",
        parse: |parameters| parse(parameters, Unit::Character, Bound::Max),
    },
    Kind {
        name: "min-words",
        summary: "The answer has at least this many words, separated by white space.",
        source: "this project's own: white space as Unicode has it (White_Space)",
        keys: &[("value", "a whole number of 0 or more")],
        example: "min-words: 2",
        accepts: "Hello, Ana!",
        rejects: "Hello!",
        parse: |parameters| parse(parameters, Unit::Word, Bound::Min),
    },
    Kind {
        name: "max-words",
        summary: "The answer has at most this many words, separated by white space.",
        source: "this project's own: white space as Unicode has it (White_Space)",
        keys: &[("value", "a whole number of 0 or more")],
        example: "max-words: 2",
        accepts: "Hello, Ana!",
        rejects: "Hello, dear Ana!",
        parse: |parameters| parse(parameters, Unit::Word, Bound::Max),
    },
    Kind {
        name: "word-count",
        summary: "The answer has exactly so many words, separated by white space, or a number of them within limits.",
        source: "promptfoo's assertion of this name; white space as Unicode has it (White_Space)",
        keys: &[("value", "a whole number, or `{min: …, max: …}` with either or both")],
        example: "word-count: {min: 2, max: 3}",
        accepts: "Hello, dear Ana!",
        rejects: "Hello!",
        parse: word_count,
    },
];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Character,
    Word,
}

/// Which side is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Min,
    Max,
}

fn parse(parameters: &Parameters<'_>, unit: Unit, bound: Bound) -> Parsed {
    let value = required(parameters).map_err(|problem| vec![problem])?;
    let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
    let Some(limit) = limit else {
        let problem = if value.is_number() {
            Problem::new("value", format!("{value} is not a whole number of 0 or more"))
        } else {
            unexpected("value", "a whole number of 0 or more", value)
        };
        return Err(vec![problem]);
    };
    Ok(Arc::new(Length { unit, bound, limit }))
}

#[derive(Debug)]
struct Length {
    unit: Unit,
    bound: Bound,
    limit: usize,
}

impl Check for Length {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let answer = subject.answer.text.as_str();
        let (number, noun) = match self.unit {
            Unit::Character => (answer.chars().count(), "character"),
            Unit::Word => (answer.split_whitespace().count(), "word"),
        };
        let (passed, rule) = match self.bound {
            Bound::Min => (number >= self.limit, format!("at least {} required", self.limit)),
            Bound::Max => (number <= self.limit, format!("at most {} allowed", self.limit)),
        };
        Judgement::new(passed, format!("{}, {rule}", count(number, noun)))
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

/// So many words.
#[derive(Debug)]
struct WordCount {
    min: usize,
    max: Option<usize>,
}

fn word_count(parameters: &Parameters<'_>) -> Parsed {
    let whole = |value: &Value, path: &str| {
        let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
        limit.ok_or_else(|| vec![Problem::new(path, format!("{value} is not a whole number of 0 or more"))])
    };
    let value = required(parameters).map_err(|problem| vec![problem])?;
    let check = match value {
        Value::Number(_) => {
            let count = whole(value, "value")?;
            WordCount { min: count, max: Some(count) }
        }
        Value::Object(limits) => {
            if let Some(key) = limits.keys().find(|key| !matches!(key.as_str(), "min" | "max")) {
                let problem = Problem::new(format!("value.{key}"), format!("`word-count` takes no `{key}`"));
                return Err(vec![problem.with_help("it takes `min` and `max`")]);
            }
            let limit = |key: &str| limits.get(key).map(|value| whole(value, &format!("value.{key}"))).transpose();
            let (min, max) = (limit("min")?, limit("max")?);
            if min.is_none() && max.is_none() {
                return Err(vec![Problem::new("value", "neither `min` nor `max` is given")]);
            }
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                return Err(vec![Problem::new("value", format!("`min` ({min}) is above `max` ({max})"))]);
            }
            WordCount { min: min.unwrap_or(0), max }
        }
        other @ (Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_)) => {
            return Err(vec![unexpected("value", "a whole number or `{min: …, max: …}`", other)]);
        }
    };
    Ok(Arc::new(check))
}

impl Check for WordCount {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let words = subject.answer.text.split_whitespace().count();
        let rule = match self.max {
            Some(max) if max == self.min => format!("exactly {max} required"),
            Some(max) => format!("from {} to {max} required", self.min),
            None => format!("at least {} required", self.min),
        };
        let passed = words >= self.min && self.max.is_none_or(|max| words <= max);
        Judgement::new(passed, format!("{}, {rule}", count(words, "word")))
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
