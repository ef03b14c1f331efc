//! What a run of suites found: samples, their judgements, and the conclusions drawn from them.

mod checkout;
mod counts;
mod kept;
mod known;
mod sample;
mod scanned;
mod spent;

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{confirm::Confirmation, performance::Performance};
use crate::domain::{
    budget::BudgetStop,
    lint::LintResult,
    price_list::Listed,
    provider::FaultKind,
    regression::{
        Sampling,
        against::AgainstBaseline,
        comparison::{BaseRun, Comparison},
        decide_together,
    },
};
pub use checkout::Checkout;
pub use counts::Counts;
pub use kept::{Keeping, LEFT_OUT, MOST_TEXTS, TextBounds, listed};
pub use known::{KnownCase, KnownCases, KnownFlaky, Quarantined};
pub use sample::{AssertionRun, GraderCall, KeptAnswer, NotRun, Sample, SampleResult, Texts};
pub use scanned::SCAN;
pub use spent::{cost_of, grader_cost_of, would_come_to};

/// What one run of `test` found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestRun {
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// What was checked out when it began; `None` where there is no repository, or nobody asked.
    #[serde(default)]
    pub checkout: Option<Checkout>,
    /// How long it took.
    pub duration: Duration,
    /// The suites in the order of the configuration.
    pub suites: Vec<SuiteRun>,
    /// Whether it was stopped by a signal; what was done until then is here.
    pub interrupted: bool,
    /// Things worth knowing that are not failures.
    pub warnings: Vec<String>,
    /// What the process used.
    pub process: ProcessUse,
}

/// What this process used, as the operating system counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessUse {
    /// The most memory that was resident, in MiB.
    pub peak_memory_mib: f64,
    /// User and system time over wall time, in percent of one core.
    pub cpu_percent: f64,
}

/// What one suite found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SuiteRun {
    /// The suite's name.
    pub name: String,
    /// The prompt's name, version, digest and file.
    pub prompt: PromptIdentity,
    /// The provider's name.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The list's price that costs were reckoned with; `None`: the configuration's, or none.
    #[serde(default)]
    pub listed: Option<Listed>,
    /// The share of samples that must pass.
    pub min_pass_rate: f64,
    /// What the whole suite may come to; nothing in a part of a run, which decides nothing about it.
    #[serde(skip)]
    pub limits_on_performance: Performance,
    /// What the lints say about the prompt and its cases; empty where they are off.
    pub lints: Vec<LintResult>,
    /// From the first sample started to the last one finished.
    pub duration: Duration,
    /// The samples in the order of cases, then repeats.
    pub samples: Vec<Sample>,
    /// The same suite as it is on base; `None` where nothing was compared.
    pub base: Option<BaseRun>,
    /// What comparing with base found.
    #[serde(skip)]
    pub comparison: Option<Comparison>,
    /// What asking more only while the verdict was open came to; `None` where the number of repeats was fixed.
    #[serde(skip)]
    pub sampling: Option<Sampling>,
    /// Failing cases that were asked again.
    #[serde(skip)]
    pub confirmations: Vec<Confirmation>,
    /// Cases that somebody, or their history, says something about.
    pub known: Vec<KnownCase>,
    /// What comparing with baselines found.
    #[serde(skip)]
    pub baselines: Vec<AgainstBaseline>,
}

/// Which prompt was tested.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromptIdentity {
    /// Its name.
    pub name: String,
    /// Its number, where it has one.
    pub version: Option<String>,
    /// SHA-256 of its canonical content.
    pub digest: String,
    /// Its file as the user named it.
    pub file: PathBuf,
}

/// What a run or a suite concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestVerdict {
    /// Every suite reached its pass rate, and every sample was judged.
    Passed,
    /// Some samples have no judgement, so nothing can be concluded. Never a pass.
    Inconclusive,
    /// A suite stayed below its pass rate, or is worse than base.
    Failed,
}

impl SuiteRun {
    /// How many samples ended how.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.samples)
    }

    /// How many of the samples that decide about the suite ended how: those in quarantine do not.
    pub fn counting(&self) -> Counts {
        let known = self.known_cases();
        Counts::of(self.samples.iter().filter(|sample| known.counts(&sample.case_id)))
    }

    /// The samples of head and base that decide: what happens to a case in quarantine is shown, and decides nothing.
    fn deciding_samples(&self) -> impl Iterator<Item = &Sample> {
        let all = self.samples.iter().chain(self.base.iter().flat_map(|base| &base.samples));
        let known = self.known_cases();
        all.filter(move |sample| known.counts(&sample.case_id))
    }

    /// Whether there are samples, and none of them decides.
    pub fn is_all_excused(&self) -> bool {
        !self.samples.is_empty() && self.counting().total == 0
    }

    /// The suite's conclusion: that of its own samples, failed where comparing with base fails it, and inconclusive where
    /// base could not be asked.
    pub fn verdict(&self) -> TestVerdict {
        let own = self.verdict_of_head();
        if self.fails_against_others() {
            TestVerdict::Failed
        } else if own == TestVerdict::Passed && self.unjudged_of_base() > 0 {
            TestVerdict::Inconclusive
        } else {
            own
        }
    }

    /// Whether comparing with base or a baseline fails the suite.
    pub fn fails_against_others(&self) -> bool {
        self.comparison.iter().chain(self.baselines.iter().map(|against| &against.comparison)).any(Comparison::fails)
    }

    /// Samples of base without a judgement: what they would have said is not known.
    pub fn unjudged_of_base(&self) -> usize {
        let known = self.known_cases();
        let of_base = |base: &BaseRun| Counts::of(base.samples.iter().filter(|sample| known.counts(&sample.case_id)));
        let counts = self.base.as_ref().map(of_base).unwrap_or_default();
        counts.faulted + counts.not_run
    }

    /// Whether even passing what is not judged could not reach the pass rate.
    pub fn is_below_pass_rate(&self) -> bool {
        let counts = self.counting();
        let open = counts.faulted + counts.not_run;
        #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^53")]
        let share = |passed: usize| passed as f64 / counts.total as f64;
        // One part in a billion absorbs the rounding of rates such as 0.8333.
        counts.total > 0 && share(counts.passed + open) < self.min_pass_rate - 1e-9
    }

    /// What head's samples say without base. Failing is certain as soon as even passing the rest could not reach the pass
    /// rate; passing needs every sample judged.
    pub fn verdict_of_head(&self) -> TestVerdict {
        let counts = self.counting();
        let open = counts.faulted + counts.not_run;
        if self.is_all_excused() {
            // Whether that is enough is the whole run's question.
            return TestVerdict::Passed;
        }
        if self.is_below_pass_rate() {
            TestVerdict::Failed
        } else if open > 0 || counts.total == 0 {
            TestVerdict::Inconclusive
        } else {
            let limits = self.performance();
            if limits.iter().any(|limit| limit.is_kept() == Some(false)) {
                TestVerdict::Failed
            } else if limits.iter().any(|limit| limit.is_kept().is_none()) {
                // What nobody knows keeps no limit.
                TestVerdict::Inconclusive
            } else {
                TestVerdict::Passed
            }
        }
    }
}

impl TestRun {
    /// Judges what was compared, with base and with baselines, as one family over all suites: the chance of any false
    /// `regressed` is that of the whole run.
    pub fn decide_together(&mut self) {
        decide_together(self.suites.iter_mut().flat_map(|suite| {
            let of_baselines = suite.baselines.iter_mut().map(|against| &mut against.comparison);
            suite.comparison.iter_mut().chain(of_baselines)
        }));
    }

    /// How many samples ended how, over all suites.
    pub fn counts(&self) -> Counts {
        Counts::of(self.samples())
    }

    /// All samples, suite by suite.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.suites.iter().flat_map(|suite| &suite.samples)
    }

    /// The run's conclusion: the worst of its suites'. A run without suites concludes nothing.
    pub fn verdict(&self) -> TestVerdict {
        if self.is_all_excused() {
            return TestVerdict::Inconclusive;
        }
        self.suites.iter().map(SuiteRun::verdict).max().unwrap_or(TestVerdict::Inconclusive)
    }

    /// Whether there are suites, and no sample of any decides.
    pub fn is_all_excused(&self) -> bool {
        !self.suites.is_empty() && self.suites.iter().all(SuiteRun::is_all_excused)
    }

    /// Whether a suite stayed below its pass rate.
    pub fn below_pass_rate(&self) -> bool {
        self.suites.iter().any(|suite| suite.verdict_of_head() == TestVerdict::Failed)
    }

    /// Whether comparing with base or a baseline fails the run.
    pub fn fails_against_base(&self) -> bool {
        self.suites.iter().any(SuiteRun::fails_against_others)
    }

    /// All samples of base, suite by suite.
    pub fn samples_of_base(&self) -> impl Iterator<Item = &Sample> {
        self.suites.iter().filter_map(|suite| suite.base.as_ref()).flat_map(|base| &base.samples)
    }

    /// The faults that kept samples from being judged, on head or base, each kind once.
    pub fn faults(&self) -> std::collections::BTreeSet<FaultKind> {
        self.suites
            .iter()
            .flat_map(SuiteRun::deciding_samples)
            .filter_map(|sample| match &sample.result {
                SampleResult::Faulted(fault) => Some(fault.kind),
                SampleResult::NotRun(NotRun::ProviderDown(kind)) => Some(*kind),
                // Nobody refused us: our own limits held the sample until its time was over.
                SampleResult::NotRun(NotRun::SuiteTimeLimit(_) | NotRun::RateLimit(_)) => Some(FaultKind::Timeout),
                SampleResult::NotRun(NotRun::Interrupted | NotRun::Lints(_) | NotRun::Budget(_)) | SampleResult::Judged { .. } => None,
            })
            .collect()
    }

    /// Whether the lints stopped the run before its first request.
    pub fn stopped_by_lints(&self) -> bool {
        self.samples().any(|sample| matches!(sample.result, SampleResult::NotRun(NotRun::Lints(_))))
    }

    /// Whether the budget is too small for a single request.
    pub fn has_no_budget(&self) -> bool {
        let too_small = |stop: &BudgetStop| matches!(stop, BudgetStop::TooFewUsd(..) | BudgetStop::TooFewTokens(..));
        self.samples().chain(self.samples_of_base()).any(|sample| match &sample.result {
            SampleResult::NotRun(NotRun::Budget(stop)) => too_small(stop),
            SampleResult::NotRun(_) | SampleResult::Judged { .. } | SampleResult::Faulted(_) => false,
        })
    }

    /// Whether the budget kept samples of head or base from being asked or judged.
    pub fn stopped_by_budget(&self) -> bool {
        self.samples().chain(self.samples_of_base()).any(|sample| matches!(sample.result, SampleResult::NotRun(NotRun::Budget(_))))
    }
}
