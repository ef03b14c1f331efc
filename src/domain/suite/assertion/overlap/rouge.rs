//! ROUGE: how many of a reference's words an answer has.

use std::sync::Arc;

use serde_json::Value;

use super::words::{References, ngrams, number, shared, threshold, words};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::assertion::{Check, Judgement, Kind, Parameters, Parsed, Problem, Subject, excerpt::count, judge::reaches, operand::unexpected},
};

/// Cells of the table that the longest common subsequence may take: 25 million are some 0.1 s.
const MOST_CELLS: usize = 25_000_000;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "rouge-n",
    summary: "The answer shares enough words with the reference: the F-measure of ROUGE-1, ROUGE-2 or ROUGE-L, the best over several references.",
    source: "Lin, “ROUGE: A Package for Automatic Evaluation of Summaries”, 2004; numbers as Google's rouge-score has them without stemming",
    keys: &[
        ("value", "the reference text or a list of them; may use variables"),
        ("threshold", "the least F-measure, above 0 and at most 1; required"),
        ("n", "`1` (words, the default), `2` (pairs of words) or `l` (the longest common subsequence)"),
    ],
    example: "{type: rouge-n, value: the cat sat on the mat, threshold: 0.7}",
    accepts: "The cat lay on the mat.",
    rejects: "A dog barked.",
    parse,
}];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Runs of so many words.
    Ngrams(usize),
    /// The longest common subsequence.
    Longest,
}

fn parse(parameters: &Parameters<'_>) -> Parsed {
    match (References::parse(parameters), measure(parameters.all.get("n")), threshold(parameters)) {
        (Ok(references), Ok(measure), Ok(threshold)) => Ok(Arc::new(Rouge { references, measure, threshold })),
        (references, measure, threshold) => {
            Err(references.err().unwrap_or_default().into_iter().chain(measure.err()).chain(threshold.err()).collect())
        }
    }
}

fn measure(written: Option<&Value>) -> Result<Measure, Problem> {
    let Some(value) = written.filter(|value| !value.is_null()) else { return Ok(Measure::Ngrams(1)) };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    match text.as_str() {
        "1" => Ok(Measure::Ngrams(1)),
        "2" => Ok(Measure::Ngrams(2)),
        "l" => Ok(Measure::Longest),
        _ if value.is_string() || value.is_number() => Err(Problem::new("n", format!("{value} is no variant of ROUGE: write 1, 2 or l"))),
        _ => Err(unexpected("n", "1, 2 or l", value)),
    }
}

/// The F-measure of precision and recall, from what both share; `None` when the texts are too long to compare.
pub(super) fn f_measure(answer: &[String], reference: &[String], measure: Measure) -> Option<f64> {
    let (both, in_answer, in_reference) = match measure {
        Measure::Ngrams(n) => {
            let (one, other) = (ngrams(answer, n), ngrams(reference, n));
            (shared(&one, &other), one.values().sum(), other.values().sum())
        }
        Measure::Longest => (common_subsequence(answer, reference)?, answer.len(), reference.len()),
    };
    let total: usize = in_answer + in_reference;
    Some(if total == 0 { 0.0 } else { 2.0 * number(both) / number(total) })
}

/// The length of the longest sequence of words that both have in this order.
fn common_subsequence(one: &[String], other: &[String]) -> Option<usize> {
    if one.len().checked_mul(other.len())? > MOST_CELLS {
        return None;
    }
    let mut row = vec![0_usize; other.len() + 1];
    for word in one {
        let (mut diagonal, mut left) = (0, 0);
        for (cell, there) in row.iter_mut().skip(1).zip(other) {
            let above = *cell;
            *cell = if word == there { diagonal + 1 } else { above.max(left) };
            (diagonal, left) = (above, *cell);
        }
    }
    row.last().copied()
}

#[derive(Debug)]
struct Rouge {
    references: References,
    measure: Measure,
    threshold: f64,
}

impl Check for Rouge {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let references = match self.references.words(subject.variables) {
            Ok(references) => references,
            Err(error) => return Judgement::undecided(error.message),
        };
        let answer = words(&subject.answer.text);
        let name = match self.measure {
            Measure::Ngrams(n) => format!("ROUGE-{n}"),
            Measure::Longest => "ROUGE-L".to_owned(),
        };
        let scores: Option<Vec<f64>> = references.iter().map(|reference| f_measure(&answer, reference, self.measure)).collect();
        let Some(scores) = scores else {
            return Judgement::undecided(format!("{name} of {} is too much to compute", count(answer.len(), "word")));
        };
        let score = scores.into_iter().fold(0.0, f64::max);
        Judgement::scored(reaches(score, self.threshold), score, format!("{name} is {score:.3}, at least {} required", self.threshold))
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.references.words(variables).map(drop)
    }
}
