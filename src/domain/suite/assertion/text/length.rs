//! How long an answer is: requirement S0-011 (`length_range`) as a minimum and a maximum.

use std::sync::Arc;

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
        keys: &[("value", "a whole number of 0 or more")],
        example: "min-length: 5",
        accepts: "Hello",
        rejects: "Ciao",
        parse: |parameters| parse(parameters, Unit::Character, Bound::Min),
    },
    Kind {
        name: "max-length",
        summary: "The answer has at most this many characters (Unicode scalar values).",
        keys: &[("value", "a whole number of 0 or more")],
        example: "max-length: 5",
        accepts: "Hello",
        rejects: "Hello!",
        parse: |parameters| parse(parameters, Unit::Character, Bound::Max),
    },
    Kind {
        name: "min-words",
        summary: "The answer has at least this many words, separated by white space.",
        keys: &[("value", "a whole number of 0 or more")],
        example: "min-words: 2",
        accepts: "Hello, Ana!",
        rejects: "Hello!",
        parse: |parameters| parse(parameters, Unit::Word, Bound::Min),
    },
    Kind {
        name: "max-words",
        summary: "The answer has at most this many words, separated by white space.",
        keys: &[("value", "a whole number of 0 or more")],
        example: "max-words: 2",
        accepts: "Hello, Ana!",
        rejects: "Hello, dear Ana!",
        parse: |parameters| parse(parameters, Unit::Word, Bound::Max),
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
