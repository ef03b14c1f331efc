//! Cases in quarantine, and flaky ones, as version 1 says them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{regression::against::AgainstBaseline, suite::run};

/// A case that somebody, or its history, says something about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KnownCase<'a> {
    /// The case.
    pub case_id: &'a str,
    /// Whether its samples decide about the suite.
    pub counts: bool,
    /// The rule of the quarantine; null where there is none.
    pub quarantine: Option<Quarantine<'a>>,
    /// What its history says about the failure; null where it is not known to be flaky.
    pub flaky: Option<Flaky>,
}

/// Why a case does not fail the run, and until when.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Quarantine<'a> {
    /// Why.
    pub reason: &'a str,
    /// The last day.
    pub until: &'a str,
    /// Where it is worked on.
    pub issue: Option<&'a str>,
}

/// A failure against the history of its case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Flaky {
    /// Samples that passed in earlier runs.
    pub passed: u64,
    /// Samples that were judged in earlier runs.
    pub trials: u64,
    /// The chance of this run at the known rate: Fisher's exact test, Holm over the suite's flaky cases.
    pub p_value: f64,
    /// Whether it failed no more often than that.
    pub at_known_rate: bool,
}

impl<'a> From<&'a run::KnownCase> for KnownCase<'a> {
    fn from(known: &'a run::KnownCase) -> Self {
        let quarantine =
            known.quarantine.as_ref().map(|rule| Quarantine { reason: &rule.reason, until: &rule.until, issue: rule.issue.as_deref() });
        let flaky = known.flaky.map(|flaky| Flaky {
            passed: flaky.passed,
            trials: flaky.trials,
            p_value: flaky.p_value,
            at_known_rate: flaky.at_known_rate,
        });
        Self { case_id: &known.case.0, counts: known.counts, quarantine, flaky }
    }
}

/// A run compared with a baseline.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Baseline<'a> {
    /// Its name: what was pinned, or how many of the last runs.
    pub name: &'a str,
    /// The commits of its runs, oldest first; the ids of runs without one.
    pub of: &'a [String],
    /// What is not as one would expect about these runs.
    pub note: Option<&'a str>,
    /// What was found; `base` is the baseline.
    pub comparison: super::compared::Comparison<'a>,
}

impl<'a> From<&'a AgainstBaseline> for Baseline<'a> {
    fn from(against: &'a AgainstBaseline) -> Self {
        Self {
            name: &against.name,
            of: &against.of,
            note: against.note.as_deref(),
            comparison: super::compared::Comparison::from(&against.comparison),
        }
    }
}
