//! What the comment on a pull request shows, as numbers and plain texts: the renderer needs nothing else, and a run
//! that may not write hands it on as a file.

use serde::{Deserialize, Serialize};

use super::of::{LIST, SENTENCE};
use crate::{
    domain::{
        regression::{comparison::CaseStatus, evidence::Scale, metric::Unit},
        suite::run::TestVerdict,
    },
    report::escape::truncate_chars,
};

/// The form of the file; another form needs another prompt-cicd.
pub const FORMAT: &str = "prompt-cicd/comment/v1";

/// Everything that a comment shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct CommentData {
    /// Always [`FORMAT`].
    pub format: String,
    /// The configuration file: there is one comment for each.
    pub config: String,
    /// The pull request's number.
    pub pull_request: u64,
    /// The commit that was tested: the last one that the pull request proposes.
    pub head: String,
    /// What the run concluded.
    pub verdict: Headline,
    /// The exit code.
    pub exit_code: u8,
    /// A signal stopped the run.
    pub interrupted: bool,
    /// The lints stopped the run.
    pub stopped_by_lints: bool,
    /// How long the run took.
    pub duration_ms: u64,
    /// US dollars, where known.
    pub cost_usd: Option<f64>,
    /// Tokens of live answers, where known.
    pub input_tokens: Option<u64>,
    /// Tokens of live answers, where known.
    pub output_tokens: Option<u64>,
    /// Whether tokens, and with them the cost, are guessed.
    #[serde(default)]
    pub estimated: bool,
    /// Whether the cost is reckoned with prices of the list.
    #[serde(default)]
    pub listed: bool,
    /// Answers that were taken from a cassette or the cache.
    pub replayed: u64,
    /// The suites, in the order of the configuration.
    pub suites: Vec<SuiteData>,
    /// Suites that are not here for want of room.
    pub suites_left_out: u64,
    /// Worth knowing.
    pub warnings: Vec<String>,
    /// Warnings that are not here.
    pub warnings_left_out: u64,
    /// Report files of the run.
    pub reports: Vec<String>,
}

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Headline {
    /// Every suite reached its pass rate, and nothing regressed.
    Passed,
    /// A suite stayed below its pass rate.
    Failed,
    /// Worse than base, by evidence.
    Regressed,
    /// Nothing can be concluded.
    Inconclusive,
    /// No suite was touched.
    NothingToTest,
}

/// One suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SuiteData {
    /// Its name.
    pub name: String,
    /// What it concluded by its pass rate.
    pub verdict: TestVerdict,
    /// The prompt with its version: `greeting@1.3.0`.
    pub prompt: String,
    /// SHA-256 of the prompt.
    pub digest: String,
    /// The model asked for.
    pub model: String,
    /// The share of samples that must pass.
    pub min_pass_rate: f64,
    /// Samples that passed.
    pub passed: u64,
    /// Samples that failed.
    pub failed: u64,
    /// Samples without an answer.
    pub faulted: u64,
    /// Samples that were not asked.
    pub not_run: u64,
    /// The 95th percentile of the latency.
    pub p95_ms: Option<f64>,
    /// US dollars, where known.
    pub cost_usd: Option<f64>,
    /// Why samples have no judgement: a sentence each.
    pub unjudged: Vec<String>,
    /// Base and head, where they were compared.
    pub comparison: Option<ComparisonData>,
    /// What repeats and asking again came to: a sentence each.
    #[serde(default)]
    pub repeats: Vec<String>,
    /// Cases that fail on head: newly failing ones first.
    pub cases: Vec<CaseData>,
    /// Failing cases that are not here for want of room.
    pub cases_left_out: u64,
    /// Names of cases that failed on base and pass on head.
    pub fixed: Vec<String>,
}

/// Base and head of one suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ComparisonData {
    /// What the event or the user named.
    pub reference: String,
    /// The commit.
    pub commit: String,
    /// How sure the intervals are: 0.9 for ends that are each sure to 0.95.
    pub confidence: f64,
    /// The prompt there, with its version.
    pub prompt: String,
    /// SHA-256 of the prompt there.
    pub digest: String,
    /// The model there.
    pub model: String,
    /// What differs besides the prompt: a sentence each.
    pub changes: Vec<String>,
    /// The metrics.
    pub metrics: Vec<MetricData>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MetricData {
    /// Its name.
    pub name: String,
    /// What its numbers are of.
    pub unit: Unit,
    /// The mean of base.
    pub base: Option<f64>,
    /// The mean of head.
    pub head: Option<f64>,
    /// head against base, with its interval; `None` where nothing was measured.
    pub effect: Option<EffectData>,
    /// The conclusion.
    pub verdict: MetricVerdict,
    /// Why there is none.
    pub why: Option<String>,
    /// It fails the run.
    pub fails: bool,
    /// It is worse than the margin that warns.
    pub warns: bool,
    /// It can fail the run and is undecided.
    pub open: bool,
    /// How many samples would decide.
    pub needed: Option<u64>,
}

/// head against base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EffectData {
    /// A ratio or a difference.
    pub scale: Scale,
    /// The number.
    pub value: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// What is concluded about a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricVerdict {
    /// Worse than the margin.
    Regressed,
    /// Within the margin.
    NonInferior,
    /// Better.
    Improved,
    /// Neither.
    Inconclusive,
}

/// One case that fails on head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CaseData {
    /// Its name.
    pub name: String,
    /// What changed about it; `None` where nothing was compared.
    pub status: Option<CaseStatus>,
    /// Passed and judged samples on base.
    pub base: Option<[u64; 2]>,
    /// Passed and judged samples on head.
    pub head: [u64; 2],
    /// It fails at the rate its history knows.
    pub flaky: bool,
    /// Why a rule keeps it from failing the run.
    pub quarantined: Option<String>,
    /// What weighs most: the assertion.
    pub main: String,
    /// Every failing assertion with its reason.
    pub reasons: Vec<String>,
    /// An answer of base.
    pub base_answer: Option<String>,
    /// An answer of head that fails.
    pub answer: String,
    /// How many characters the whole answer has.
    pub answer_characters: u64,
}

impl CommentData {
    /// Puts what is worth knowing about the whole run before the warnings.
    pub fn say_first(&mut self, notes: &[String]) {
        let shorten = |note: &String| truncate_chars(note.trim_start_matches("warning: "), SENTENCE).into_owned();
        let notes: Vec<String> = notes.iter().map(shorten).collect();
        self.warnings.splice(0..0, notes);
        let over = self.warnings.len().saturating_sub(LIST);
        self.warnings.truncate(LIST);
        self.warnings_left_out = self.warnings_left_out.saturating_add(u64::try_from(over).unwrap_or(u64::MAX));
    }

    /// A run that could not conclude, and why.
    pub fn of_failure(config: &str, pull_request: u64, head: &str, exit_code: u8, why: &[String]) -> Self {
        let mut data = Self { verdict: Headline::Inconclusive, exit_code, ..Self::of_nothing(config, pull_request, head) };
        data.say_first(why);
        data
    }

    /// A pull request that touches no suite.
    pub fn of_nothing(config: &str, pull_request: u64, head: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            config: config.to_owned(),
            pull_request,
            head: head.to_owned(),
            verdict: Headline::NothingToTest,
            exit_code: 0,
            interrupted: false,
            stopped_by_lints: false,
            duration_ms: 0,
            cost_usd: None,
            input_tokens: None,
            output_tokens: None,
            estimated: false,
            listed: false,
            replayed: 0,
            suites: Vec::new(),
            suites_left_out: 0,
            warnings: Vec::new(),
            warnings_left_out: 0,
            reports: Vec::new(),
        }
    }
}

impl SuiteData {
    /// All samples.
    pub fn total(&self) -> u64 {
        self.passed.saturating_add(self.failed).saturating_add(self.faulted).saturating_add(self.not_run)
    }
}
