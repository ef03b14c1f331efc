//! Base and head of one suite: what differs, what the cases say, what the metrics say.

use serde::{Deserialize, Serialize};

use super::{
    decide::{Judgement, Rules},
    sampling::Sampling,
};
use crate::domain::suite::{
    case::CaseId,
    run::{PromptIdentity, Sample},
};

/// The suite as it is on base, asked on the same cases.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BaseRun {
    /// What the user or the event named: a branch, a tag, a commit.
    pub reference: String,
    /// The commit that it stood for.
    pub commit: String,
    /// The prompt there.
    pub prompt: PromptIdentity,
    /// The model there.
    pub model: String,
    /// The samples in the order of cases, then repeats.
    pub samples: Vec<Sample>,
}

/// Base and head of one suite compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// What differs besides the prompt, or keeps cases from being paired. Said, never hidden.
    pub changes: Vec<Change>,
    /// A verdict for each metric, in the order of [`super::Metric::OF_A_RUN`].
    pub judgements: Vec<Judgement>,
    /// Cases whose outcome differs, and those that fail on both: newly failing first, then failing, then fixed.
    pub cases: Vec<CaseComparison>,
    /// How the verdicts were reached.
    pub rules: Rules,
    /// What an undecided metric does to the run.
    pub on_inconclusive: OnInconclusive,
    /// What stopping early spared.
    pub sampling: Option<Sampling>,
}

/// What a comparison that stays open does to the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnInconclusive {
    /// It is said, with how many samples would decide; the run goes by its assertions.
    #[default]
    Warn,
    /// The run fails as if it had regressed: nothing goes through that was not shown to be fine.
    Fail,
}

/// Something besides the prompt's text that differs between base and head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The prompt is not on base: there is nothing to compare with.
    NewPrompt,
    /// The prompt on base cannot be read: nothing is compared, which is no proof of anything.
    UnreadablePrompt,
    /// The prompt is the same on both sides.
    SamePrompt,
    /// The suite's definition differs (assertions, limits, variables): both sides are judged by head's.
    Suite,
    /// A case that base does not have; it is not compared.
    CaseAdded(CaseId),
    /// A case that head does not have; it is not compared.
    CaseRemoved(CaseId),
    /// The same name with other variables or assertions: both sides are asked and judged as head has it.
    CaseChanged(CaseId),
    /// The same name with other variables, assertions or judges than in the baseline's runs; it is not compared.
    CaseRedefined(CaseId),
    /// The same variables under another name; compared.
    CaseRenamed {
        /// On base.
        from: CaseId,
        /// On head.
        to: CaseId,
    },
    /// The prompt or the suite names another model.
    Model {
        /// On base.
        from: String,
        /// On head.
        to: String,
    },
    /// Other parameters are sent.
    Parameters,
}

impl Change {
    /// The case, where it was another one in the baseline.
    pub fn redefined(&self) -> Option<&CaseId> {
        if let Self::CaseRedefined(case) = self { Some(case) } else { None }
    }
}

/// One case on base and head.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseComparison {
    /// The case, as head names it.
    pub case: CaseId,
    /// What changed.
    pub status: CaseStatus,
    /// Samples that passed and samples judged on base.
    pub base: (usize, usize),
    /// Samples that passed and samples judged on head.
    pub head: (usize, usize),
    /// It failed at the rate its history knows: no news.
    pub flaky: bool,
    /// A rule keeps it from failing the run; the rule's reason.
    pub quarantined: Option<String>,
}

/// What changed about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    /// All samples passed on base, and one or more fail on head.
    NewlyFailing,
    /// Samples fail on both sides.
    Failing,
    /// Samples failed on base, and all pass on head.
    Fixed,
}

impl Comparison {
    /// Whether a metric that can fail the run regressed.
    pub fn regressed(&self) -> bool {
        self.judgements.iter().any(Judgement::fails)
    }

    /// Whether a metric that can fail the run is undecided, and none regressed.
    pub fn is_open(&self) -> bool {
        !self.regressed() && self.judgements.iter().any(Judgement::is_open)
    }

    /// Whether it fails the run: a regression, or an open question where the configuration wants an answer.
    pub fn fails(&self) -> bool {
        self.regressed() || self.is_open() && self.on_inconclusive == OnInconclusive::Fail
    }

    /// How many cases would decide what is open, the most of all open metrics; `None` when nothing is open, or when one of
    /// them cannot tell.
    pub fn needed(&self) -> Option<usize> {
        let open = self.judgements.iter().filter(|judgement| judgement.is_open());
        let needed = open.map(|judgement| match &judgement.verdict {
            super::Verdict::Inconclusive { needed, .. } => *needed,
            super::Verdict::Regressed | super::Verdict::NonInferior | super::Verdict::Improved => None,
        });
        needed.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}
