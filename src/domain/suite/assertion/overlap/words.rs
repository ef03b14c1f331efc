//! Words as the overlap scores count them, their n-grams, and the references and thresholds of these kinds.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::{
    prompt::{Template, TemplateError, Variables},
    suite::assertion::{
        Parameters, Problem,
        operand::{missing, render, required, text, unexpected, unfit},
    },
};

/// Reference texts of one assertion at most.
const MOST_REFERENCES: usize = 100;

/// Runs of letters and digits in lower case; everything else separates. On ASCII texts these are the tokens of Google's
/// `rouge-score` without its stemmer; letters beyond ASCII are words here, too.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How often each run of `n` words occurs.
pub(super) fn ngrams(words: &[String], n: usize) -> HashMap<&[String], usize> {
    words.windows(n).fold(HashMap::new(), |mut counts, ngram| {
        *counts.entry(ngram).or_default() += 1;
        counts
    })
}

/// How many n-grams two texts share, each as often as it is in both.
pub(super) fn shared(one: &HashMap<&[String], usize>, other: &HashMap<&[String], usize>) -> usize {
    one.iter().map(|(ngram, count)| (*count).min(other.get(ngram).copied().unwrap_or(0))).sum()
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "the words of a text stay far below 2^53")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

/// Reference texts: `value` as one text or a list of them.
#[derive(Debug)]
pub(super) struct References(Vec<Template>);

impl References {
    /// Reads them.
    ///
    /// # Errors
    /// When there is none, or one is no text.
    pub(super) fn parse(parameters: &Parameters<'_>) -> Result<Self, Vec<Problem>> {
        let value = required(parameters).map_err(|problem| vec![problem])?;
        let Value::Array(items) = value else { return text(value, "value").map(|one| Self(vec![one])).map_err(|problem| vec![problem]) };
        if items.is_empty() || items.len() > MOST_REFERENCES {
            return Err(vec![Problem::new("value", format!("{} references: from 1 to {MOST_REFERENCES} are possible", items.len()))]);
        }
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            match text(item, &format!("value[{index}]")) {
                Ok(template) => texts.push(template),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(texts)) } else { Err(problems) }
    }

    /// Their words.
    ///
    /// # Errors
    /// When a variable is missing, or a reference has no words: every answer would be as far from it as any other.
    pub(super) fn words(&self, variables: &Variables) -> Result<Vec<Vec<String>>, TemplateError> {
        let of = |template: &Template| {
            let words = words(&render(template, variables)?);
            if words.is_empty() { Err(unfit("the reference text has no words with these variables")) } else { Ok(words) }
        };
        self.0.iter().map(of).collect()
    }
}

/// The score from which an answer holds.
///
/// # Errors
/// When it is missing: what is near enough is for the user to say. Or when it is not above 0 and at most 1.
pub(in crate::domain::suite::assertion) fn threshold(parameters: &Parameters<'_>) -> Result<f64, Problem> {
    optional_threshold(parameters)?.ok_or_else(|| missing("threshold"))
}

/// As [`threshold`], where it may be left out.
///
/// # Errors
/// When it is not above 0 and at most 1.
pub(in crate::domain::suite::assertion) fn optional_threshold(parameters: &Parameters<'_>) -> Result<Option<f64>, Problem> {
    let Some(value) = parameters.all.get("threshold").filter(|value| !value.is_null()) else { return Ok(None) };
    match value.as_f64() {
        Some(threshold) if threshold > 0.0 && threshold <= 1.0 => Ok(Some(threshold)),
        Some(threshold) => Err(Problem::new("threshold", format!("{threshold} is not a threshold: it must be above 0 and at most 1"))),
        None => Err(unexpected("threshold", "a number above 0 and at most 1", value)),
    }
}
