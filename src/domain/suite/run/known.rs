//! What is known of a case besides this run: that it is in quarantine, or that its history knows the failure.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::SuiteRun;
use crate::domain::suite::case::CaseId;

/// A case that somebody, or its history, says something about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownCase {
    /// The case.
    pub case: CaseId,
    /// The rule that keeps it from failing the run.
    pub quarantine: Option<Quarantined>,
    /// What its history says, where it is flaky and failed in this run.
    pub flaky: Option<KnownFlaky>,
    /// Whether its samples decide about the suite.
    pub counts: bool,
}

/// The rule of a quarantine, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Why.
    pub reason: String,
    /// The last day.
    pub until: String,
    /// Where it is worked on.
    pub issue: Option<String>,
}

/// A failure of a flaky case against the rate that its history knows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KnownFlaky {
    /// Passed in earlier runs.
    pub passed: u64,
    /// Judged in earlier runs.
    pub trials: u64,
    /// The chance of so many failures or more at the known rate; Fisher's exact test, Holm over the suite's cases.
    pub p_value: f64,
    /// Whether it failed no more often than that.
    pub at_known_rate: bool,
}

/// What is known of a suite's cases, by case: looked up for each of many samples.
#[derive(Debug)]
pub struct KnownCases<'a>(HashMap<&'a CaseId, &'a KnownCase>);

impl<'a> KnownCases<'a> {
    /// What is known of a case besides this run.
    pub fn get(&self, case: &CaseId) -> Option<&'a KnownCase> {
        self.0.get(case).copied()
    }

    /// Whether a case decides about the suite.
    pub fn counts(&self, case: &CaseId) -> bool {
        self.get(case).is_none_or(|known| known.counts)
    }
}

impl SuiteRun {
    /// What is known of its cases. Make it once, not for each sample.
    pub fn known_cases(&self) -> KnownCases<'_> {
        // Of two entries the first is the one that holds.
        KnownCases(self.known.iter().rev().map(|known| (&known.case, known)).collect())
    }

    /// That nothing decides about the suite, where all of its cases are in quarantine.
    pub fn excused(&self) -> Option<String> {
        let name: String = self.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.is_all_excused().then(|| format!("suite `{name}`: every case of it is in quarantine, so nothing decides about it"))
    }
}
