//! What became of each case in earlier runs: how often it passes, whether it flickers, and whether a failure is news.
//!
//! [`record`] keeps runs, bounded; [`standing`] says what they amount to; [`baseline`] has what runs are compared with; [`news`] says whether a failure is news; [`quarantine`] has the rules that take a case out for
//! a time.

pub mod baseline;
pub mod news;
pub mod quarantine;
pub mod record;
pub mod settings;
pub mod standing;

#[cfg(test)]
mod baseline_tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The runs of one suite that are kept, oldest first, and what each of its cases did in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteHistory {
    /// The suite's name.
    pub suite: String,
    /// The name of the prompt it tests.
    pub prompt: String,
    /// The number that the next run gets.
    pub next: u64,
    /// Runs that were let go of; what they counted is in `older` of each case, or in `gone`.
    pub dropped: u64,
    /// The runs that are kept, oldest first.
    pub runs: Vec<Run>,
    /// The cases of these runs.
    pub cases: BTreeMap<String, CaseHistory>,
    /// What cases counted that no kept run has any more.
    pub gone: Tally,
}

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its number in this history.
    pub number: u64,
    /// Tells it from all other runs.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    pub at: String,
    /// The commit that was tested, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether files of the run differed from the commit that was checked out: it is of none then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub altered: bool,
    /// The model that was asked.
    pub model: String,
}

/// A case in the runs that are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseHistory {
    /// What it counted in runs that were let go of.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub older: Tally,
    /// What it counted, by what was asked and how it was judged.
    pub contents: Vec<Content>,
}

/// What a case counted while prompt, model, parameters, variables and assertions were the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The digest of prompt, model and parameters.
    pub asked: String,
    /// The digest of the case: variables, assertions, threshold.
    pub case: String,
    /// Its results, in the order of the runs.
    pub results: Vec<CaseResult>,
}

/// What a case counted in one run: the run's number, passed, failed. Written as a list of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult(pub u64, pub u32, pub u32);

/// Passed and failed samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Judged and held.
    pub passed: u64,
    /// Judged and did not hold.
    pub failed: u64,
}

/// One run of one suite, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Tells it from all other runs.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    pub at: String,
    /// The commit that was tested, where it is known.
    pub commit: Option<String>,
    /// The model that was asked.
    pub model: String,
    /// The name of the prompt.
    pub prompt: String,
    /// Whether files of the run differed from the commit that was checked out: it is of none then.
    pub altered: bool,
    /// What each case counted; cases without a judged sample are left out.
    pub cases: Vec<NewResult>,
}

/// What one case counted in a run, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResult {
    /// The case.
    pub id: String,
    /// The digest of prompt, model and parameters.
    pub asked: String,
    /// The digest of the case.
    pub case: String,
    /// Samples that held.
    pub passed: u32,
    /// Samples that did not.
    pub failed: u32,
}

impl Tally {
    /// Whether it counts nothing.
    pub fn is_empty(&self) -> bool {
        self.trials() == 0
    }

    /// All judged samples.
    pub fn trials(&self) -> u64 {
        self.passed.saturating_add(self.failed)
    }

    /// Adds what another one counts.
    pub fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

impl CaseResult {
    /// Its counts.
    pub fn tally(self) -> Tally {
        Tally { passed: u64::from(self.1), failed: u64::from(self.2) }
    }
}

impl Content {
    /// All that it counted.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        self.results.iter().for_each(|result| all.add(result.tally()));
        all
    }
}

impl CaseHistory {
    /// The content of its newest run.
    pub fn newest(&self) -> Option<&Content> {
        self.contents.last()
    }

    /// All that it ever counted.
    pub fn tally(&self) -> Tally {
        let mut all = self.older;
        self.contents.iter().for_each(|content| all.add(content.tally()));
        all
    }
}
