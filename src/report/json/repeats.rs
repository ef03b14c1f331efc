//! What asking every case several times came to, in version 1 of the report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    regression::sampling::{Question, Sampling as Sampled, Stopped},
    suite::{
        confirm::{Confirmation as Asked, Confirmed},
        pass_at::pass_at,
        run::{Counts, SuiteRun},
    },
};

/// How many samples adaptive sampling asked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Sampling {
    /// Samples asked, both sides.
    pub asked: usize,
    /// Samples that the largest number of repeats would have asked.
    pub most: usize,
    /// Whether a verdict stopped it.
    pub decided: bool,
    /// Samples that were not asked.
    pub saved: usize,
    /// How often every case was asked.
    pub repeats: u32,
    /// How often every case is asked in any case.
    pub min: u32,
    /// How often every case is asked at most.
    pub max: u32,
    /// How often the answers were looked at.
    pub look: usize,
    /// How often they could have been.
    pub looks: usize,
    /// What was to be decided: `base` (whether head is worse) or `pass-rate` (whether it is above the one needed).
    pub question: &'static str,
    /// Why no more was asked: `decided`, `most`, `undecidable`, `time-limit`, `budget` or `unjudged`.
    pub stopped: &'static str,
}

/// The chances that k answers to one case pass, on average over the cases.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PassAt {
    /// How many answers.
    pub k: usize,
    /// At least one of them passes: pass@k.
    pub any: f64,
    /// Each of them passes: pass^k.
    pub all: f64,
}

/// A failing case that was asked again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Confirmation<'a> {
    /// The case.
    pub case_id: &'a str,
    /// `confirmed`, `flaky` or `unknown`.
    pub found: &'static str,
    /// Answers on head that passed this time.
    pub head_passed: usize,
    /// Answers on head that were judged this time.
    pub head_judged: usize,
    /// Answers on base that passed this time; null where base was not compared.
    pub base_passed: Option<usize>,
    /// Answers on base that were judged this time; null where base was not compared.
    pub base_judged: Option<usize>,
}

impl From<&Sampled> for Sampling {
    fn from(sampling: &Sampled) -> Self {
        Self {
            asked: sampling.asked,
            most: sampling.most,
            decided: sampling.decided(),
            saved: sampling.most.saturating_sub(sampling.asked),
            repeats: sampling.repeats,
            min: sampling.bounds.0,
            max: sampling.bounds.1,
            look: sampling.look,
            looks: sampling.looks,
            question: match sampling.question {
                Question::Base => "base",
                Question::PassRate => "pass-rate",
            },
            stopped: match sampling.stopped {
                Stopped::Decided => "decided",
                Stopped::Most => "most",
                Stopped::Undecidable => "undecidable",
                Stopped::TimeLimit => "time-limit",
                Stopped::Budget => "budget",
                Stopped::Unjudged => "unjudged",
            },
        }
    }
}

impl PassAt {
    pub(super) fn of(suite: &SuiteRun) -> Vec<Self> {
        let chances = pass_at(&suite.samples).map(|found| found.chances).unwrap_or_default();
        chances.into_iter().enumerate().map(|(at, (any, all))| Self { k: at + 1, any, all }).collect()
    }
}

impl<'a> From<&'a Asked> for Confirmation<'a> {
    fn from(asked: &'a Asked) -> Self {
        let (head, base) = (Counts::of(&asked.head), asked.base.as_ref().map(Counts::of));
        Self {
            case_id: &asked.case.0,
            found: match asked.found() {
                Confirmed::Yes => "confirmed",
                Confirmed::Flaky => "flaky",
                Confirmed::Unknown => "unknown",
            },
            head_passed: head.passed,
            head_judged: head.passed + head.failed,
            base_passed: base.map(|base| base.passed),
            base_judged: base.map(|base| base.passed + base.failed),
        }
    }
}
