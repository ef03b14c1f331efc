//! How many letters would have to change.

use std::sync::Arc;

use super::words::number;
use crate::domain::{
    prompt::{Template, TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        excerpt::{count, quote},
        operand::{missing, render, required, text, unexpected},
    },
};

/// Pairs of characters that are compared at most: 100 million are some 0.5 s.
const MOST_PAIRS: usize = 100_000_000;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "levenshtein",
    summary: "At most so many characters have to be inserted, deleted or replaced to make the answer this text. The score is 1 less the share of the longer text that has to change.",
    source: "Levenshtein, “Binary codes capable of correcting deletions, insertions, and reversals”, 1966; by the crate strsim",
    keys: &[("value", "the text; may use variables"), ("threshold", "the most edits, a whole number of 0 or more; required")],
    example: "{type: levenshtein, value: \"Hello, {{name}}!\", threshold: 2}",
    accepts: "Hello Ana",
    rejects: "Good morning!",
    parse,
}];

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let expected = required(parameters).and_then(|value| text(value, "value"));
    let most = match parameters.all.get("threshold").filter(|value| !value.is_null()) {
        None => Err(missing("threshold")),
        Some(value) => value.as_u64().and_then(|most| usize::try_from(most).ok()).ok_or_else(|| {
            if value.is_number() {
                Problem::new("threshold", format!("{value} is not a whole number of 0 or more: it counts edits"))
            } else {
                unexpected("threshold", "a whole number of 0 or more", value)
            }
        }),
    };
    match (expected, most) {
        (Ok(expected), Ok(most)) => Ok(Arc::new(Distance { expected, most })),
        (expected, most) => Err(expected.err().into_iter().chain(most.err()).collect()),
    }
}

#[derive(Debug)]
struct Distance {
    expected: Template,
    most: usize,
}

impl Check for Distance {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let expected = match render(&self.expected, subject.variables) {
            Ok(expected) => expected,
            Err(error) => return Judgement::undecided(error.message),
        };
        let answer = subject.answer.text.as_str();
        let (long, wanted) = (answer.chars().count(), expected.chars().count());
        let longer = number(long.max(wanted).max(1));
        let told = |edits: usize| format!("{} from {}, at most {} allowed", count(edits, "edit"), quote(&expected), self.most);
        let least = long.abs_diff(wanted);
        if least > self.most {
            return Judgement::scored(false, 1.0 - number(least) / longer, format!("at least {}", told(least)));
        }
        if long.saturating_mul(wanted) > MOST_PAIRS {
            return Judgement::undecided(format!("the distance of texts with {long} and {wanted} characters is too much to compute"));
        }
        let distance = strsim::levenshtein(answer, &expected);
        Judgement::scored(distance <= self.most, 1.0 - number(distance) / longer, told(distance))
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        render(&self.expected, variables).map(drop)
    }
}
