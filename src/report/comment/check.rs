//! A comment's data from somebody else's run: it holds only what ours can hold, or it is refused.

use thiserror::Error;

use super::{
    data::{CaseData, CommentData, ComparisonData, FORMAT, SuiteData},
    of::{ALL_CASES, ANSWER, CASES, LIST, METRICS, NAME, SENTENCE, SUITES},
};

/// The most bytes of the file that are read: all cases with the longest answers stay below.
pub const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// Why a file is no comment of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotOurs {
    /// No JSON, or JSON of another form.
    #[error("not the data of a comment: {0}")]
    Form(String),
    /// A value that no run of ours writes.
    #[error("`{place}` {what}")]
    Value {
        /// Where.
        place: String,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads the file of a run that could not write its comment.
///
/// # Errors
/// Whatever our own writer would not have written.
pub fn parse(text: &str) -> Result<CommentData, NotOurs> {
    let data: CommentData = serde_json::from_str(text).map_err(|error| NotOurs::Form(error.to_string()))?;
    if data.format != FORMAT {
        return Err(wrong("format", format!("is not `{FORMAT}`: use the same version of prompt-cicd in both workflows")));
    }
    at_most("config", &data.config, NAME)?;
    if !is_commit(&data.head) {
        return Err(wrong("head", "is no commit"));
    }
    list("warnings", &data.warnings)?;
    list("reports", &data.reports)?;
    number("cost-usd", data.cost_usd, 0.0)?;
    count("suites", data.suites.len(), SUITES)?;
    count("suites[*].cases", data.suites.iter().map(|suite| suite.cases.len()).sum(), ALL_CASES)?;
    for (index, held) in data.suites.iter().enumerate() {
        suite(&format!("suites[{index}]"), held)?;
    }
    Ok(data)
}

fn suite(place: &str, suite: &SuiteData) -> Result<(), NotOurs> {
    for (key, text) in [("name", &suite.name), ("prompt", &suite.prompt), ("model", &suite.model)] {
        at_most(&format!("{place}.{key}"), text, NAME)?;
    }
    digest(&format!("{place}.digest"), &suite.digest, false)?;
    if !(0.0..=1.0).contains(&suite.min_pass_rate) {
        return Err(wrong(&format!("{place}.min-pass-rate"), "is no share"));
    }
    number(&format!("{place}.p95-ms"), suite.p95_ms, 0.0)?;
    number(&format!("{place}.cost-usd"), suite.cost_usd, 0.0)?;
    list(&format!("{place}.unjudged"), &suite.unjudged)?;
    list(&format!("{place}.fixed"), &suite.fixed)?;
    list(&format!("{place}.repeats"), &suite.repeats)?;
    count(&format!("{place}.cases"), suite.cases.len(), CASES)?;
    for (index, held) in suite.cases.iter().enumerate() {
        case(&format!("{place}.cases[{index}]"), held)?;
    }
    suite.comparison.as_ref().map_or(Ok(()), |held| comparison(&format!("{place}.comparison"), held))
}

fn comparison(place: &str, comparison: &ComparisonData) -> Result<(), NotOurs> {
    let ComparisonData { reference, commit, prompt, model, .. } = comparison;
    for (key, text) in [("reference", reference), ("commit", commit), ("prompt", prompt), ("model", model)] {
        at_most(&format!("{place}.{key}"), text, NAME)?;
    }
    digest(&format!("{place}.digest"), &comparison.digest, true)?;
    list(&format!("{place}.changes"), &comparison.changes)?;
    if !(0.0..=1.0).contains(&comparison.confidence) {
        return Err(wrong(&format!("{place}.confidence"), "is no share"));
    }
    count(&format!("{place}.metrics"), comparison.metrics.len(), METRICS)?;
    for (index, metric) in comparison.metrics.iter().enumerate() {
        let place = format!("{place}.metrics[{index}]");
        at_most(&format!("{place}.name"), &metric.name, NAME)?;
        at_most(&format!("{place}.why"), metric.why.as_deref().unwrap_or_default(), SENTENCE)?;
        let effect = metric.effect.iter().flat_map(|effect| [effect.value, effect.interval[0], effect.interval[1]]);
        for value in metric.base.into_iter().chain(metric.head).chain(effect) {
            number(&place, Some(value), f64::MIN)?;
        }
    }
    Ok(())
}

fn case(place: &str, case: &CaseData) -> Result<(), NotOurs> {
    at_most(&format!("{place}.name"), &case.name, NAME)?;
    at_most(&format!("{place}.main"), &case.main, SENTENCE)?;
    at_most(&format!("{place}.quarantined"), case.quarantined.as_deref().unwrap_or_default(), SENTENCE)?;
    list(&format!("{place}.reasons"), &case.reasons)?;
    at_most(&format!("{place}.answer"), &case.answer, ANSWER)?;
    at_most(&format!("{place}.base-answer"), case.base_answer.as_deref().unwrap_or_default(), ANSWER)
}

fn wrong(place: &str, what: impl Into<String>) -> NotOurs {
    NotOurs::Value { place: place.to_owned(), what: what.into() }
}

fn at_most(place: &str, text: &str, most: usize) -> Result<(), NotOurs> {
    if text.chars().count() > most { Err(wrong(place, format!("has more than {most} characters"))) } else { Ok(()) }
}

fn count(place: &str, count: usize, most: usize) -> Result<(), NotOurs> {
    if count > most { Err(wrong(place, format!("has more than {most} entries"))) } else { Ok(()) }
}

fn list(place: &str, texts: &[String]) -> Result<(), NotOurs> {
    count(place, texts.len(), LIST)?;
    texts.iter().try_for_each(|text| at_most(place, text, SENTENCE))
}

fn number(place: &str, value: Option<f64>, least: f64) -> Result<(), NotOurs> {
    let fine = value.is_none_or(|value| value.is_finite() && value >= least);
    if fine { Ok(()) } else { Err(wrong(place, "is out of range")) }
}

fn digest(place: &str, text: &str, may_be_empty: bool) -> Result<(), NotOurs> {
    let fine = (text.is_empty() && may_be_empty) || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if fine { Ok(()) } else { Err(wrong(place, "is no SHA-256")) }
}

/// SHA-1 or SHA-256 in hexadecimal digits.
fn is_commit(text: &str) -> bool {
    (40..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
