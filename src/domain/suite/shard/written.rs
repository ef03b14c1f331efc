//! A part as it is written: borrowed, so that a run of a million samples is not there twice. Field for field what [`Part`] reads.
//!
//! [`Part`]: super::Part

use std::time::Duration;

use serde::Serialize;

use super::{Shard, Whole};
use crate::domain::{
    lint::LintReport,
    suite::run::{Checkout, ProcessUse, SuiteRun, TestRun},
};

/// What a part's file holds.
#[derive(Debug, Serialize)]
pub struct WrittenPart<'a> {
    /// [`super::Part::FORMAT`].
    pub format: &'a str,
    /// The version of prompt-cicd that writes it.
    pub tool: &'a str,
    /// Which part it is.
    pub shard: Shard,
    /// The commit that was tested, where there is one.
    pub commit: Option<&'a str>,
    /// The digest of the configuration file.
    pub config: &'a str,
    /// The digest of everything that all parts together were to ask.
    pub plan: &'a str,
    /// What each suite of the whole run has, in its order.
    pub suites: &'a [Whole],
    /// What the lints found in the whole run.
    pub lints: &'a LintReport,
    /// What this part found.
    pub run: WrittenRun<'a>,
}

/// A run with suites that are chosen.
#[derive(Debug, Serialize)]
pub struct WrittenRun<'a> {
    started_at: &'a str,
    checkout: Option<&'a Checkout>,
    duration: Duration,
    suites: Vec<&'a SuiteRun>,
    interrupted: bool,
    warnings: &'a [String],
    process: ProcessUse,
}

impl<'a> WrittenRun<'a> {
    /// The run with these suites instead of its own.
    pub fn of(run: &'a TestRun, suites: Vec<&'a SuiteRun>) -> Self {
        let TestRun { started_at, checkout, duration, suites: _, interrupted, warnings, process } = run;
        Self {
            started_at,
            checkout: checkout.as_ref(),
            duration: *duration,
            suites,
            interrupted: *interrupted,
            warnings,
            process: *process,
        }
    }
}
