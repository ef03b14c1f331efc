//! Base and head of a suite in version 1 of the report.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    repeats::Sampling,
    v1::{CaseResult, Prompt},
};
use crate::{
    domain::{
        regression::{
            Decides, Direction, Judgement, Margin, OnInconclusive, Scale, Verdict,
            comparison::{CaseComparison, Comparison as Compared},
        },
        suite::run::{Counts, SuiteRun},
    },
    report::comparison,
};

/// The suite as it is on base, asked on the same cases.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Base<'a> {
    /// What was asked for: a branch, a tag, a commit.
    pub reference: &'a str,
    /// The commit that it stood for.
    pub commit: &'a str,
    /// The prompt there.
    pub prompt: Prompt<'a>,
    /// The model asked for.
    pub model: &'a str,
    /// Passed over judged samples; null when none was judged.
    pub pass_rate: Option<f64>,
    /// All samples.
    pub total_tests: usize,
    /// Samples that were judged and hold.
    pub passed_tests: usize,
    /// Samples that were judged and do not hold.
    pub failed_tests: usize,
    /// Samples without an answer.
    pub error_tests: usize,
    /// Samples that were not asked.
    pub not_run_tests: usize,
    /// The samples, in the order of cases, then repeats.
    pub test_case_results: Vec<CaseResult<'a>>,
}

/// What comparing head with base found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comparison<'a> {
    /// The worst of what can fail the run: `regressed`, `inconclusive`, `improved`, `non-inferior`, or `not compared`.
    pub verdict: &'static str,
    /// Whether it fails the run.
    pub fails: bool,
    /// What a metric that can fail the run and stays undecided does: `warn` or `fail`.
    pub on_inconclusive: &'static str,
    /// About how many cases would decide what is open; null when nothing is, or nobody knows.
    pub needed_cases: Option<usize>,
    /// What differs besides the prompt, a sentence each.
    pub changes: Vec<String>,
    /// A verdict for each metric.
    pub metrics: Vec<Metric<'a>>,
    /// Cases that got worse, fail on both sides, or got better.
    pub cases: Vec<Case<'a>>,
    /// The share of unchanged comparisons that may be called regressed.
    pub alpha: f64,
    /// The share of true regressions that `needed` cases find.
    pub power: f64,
    /// Fewer cases are never judged.
    pub min_samples: usize,
    /// Of permutations and resampling.
    pub seed: u64,
    /// What stopping early spared; null without adaptive sampling.
    pub sampling: Option<Sampling>,
}

/// One metric of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Metric<'a> {
    /// Its name.
    pub name: &'a str,
    /// `higher-is-better` or `lower-is-better`.
    pub direction: &'static str,
    /// What a regression does: `fail`, `warn` or `off`.
    pub decides: &'static str,
    /// `relative` or `absolute`: what the margins are.
    pub margin: &'static str,
    /// From here on it warns.
    pub margin_warn: f64,
    /// From here on it has regressed.
    pub margin_fail: f64,
    /// `regressed`, `non-inferior`, `improved` or `inconclusive`.
    pub verdict: &'static str,
    /// Whether it is worse than the margin that warns, by evidence.
    pub warns: bool,
    /// Why it is inconclusive.
    pub why: Option<String>,
    /// How many cases would decide, if the effect is what it looks like.
    pub needed: Option<usize>,
    /// The mean of base.
    pub base: Option<f64>,
    /// The mean of head.
    pub head: Option<f64>,
    /// How many cases both have.
    pub pairs: Option<usize>,
    /// The test that decided.
    pub test: Option<&'static str>,
    /// `ratio` (head over base) or `difference` (head minus base).
    pub scale: Option<&'static str>,
    /// Head against base on the scale.
    pub effect: Option<f64>,
    /// Its two-sided interval at 1 − 2α.
    pub interval: Option<[f64; 2]>,
    /// One-sided, against "not worse than the margin that fails".
    pub p_value: Option<f64>,
    /// The same, adjusted for the other metrics.
    pub p_adjusted: Option<f64>,
}

/// One case of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Case<'a> {
    /// The case, as head names it.
    pub case_id: &'a str,
    /// `newly failing`, `failing on both` or `fixed`.
    pub status: &'static str,
    /// Samples that passed on base.
    pub base_passed: usize,
    /// Samples judged on base.
    pub base_judged: usize,
    /// Samples that passed on head.
    pub head_passed: usize,
    /// Samples judged on head.
    pub head_judged: usize,
    /// It failed at the rate its history knows.
    pub flaky: bool,
    /// A rule keeps it from failing the run; the rule's reason.
    pub quarantined: Option<&'a str>,
}

impl<'a> Base<'a> {
    pub(super) fn of(suite: &'a SuiteRun) -> Option<Self> {
        let base = suite.base.as_ref()?;
        let counts = Counts::of(&base.samples);
        Some(Self {
            reference: &base.reference,
            commit: &base.commit,
            prompt: Prompt::of(&base.prompt),
            model: &base.model,
            pass_rate: counts.pass_rate(),
            total_tests: counts.total,
            passed_tests: counts.passed,
            failed_tests: counts.failed,
            error_tests: counts.faulted,
            not_run_tests: counts.not_run,
            test_case_results: base.samples.iter().map(|sample| CaseResult::of(suite, sample)).collect(),
        })
    }
}

impl<'a> From<&'a Compared> for Comparison<'a> {
    fn from(compared: &'a Compared) -> Self {
        Self {
            verdict: comparison::word(compared),
            fails: compared.fails(),
            on_inconclusive: match compared.on_inconclusive {
                OnInconclusive::Warn => "warn",
                OnInconclusive::Fail => "fail",
            },
            needed_cases: compared.needed(),
            changes: comparison::changes(compared),
            metrics: compared.judgements.iter().map(Metric::from).collect(),
            cases: compared.cases.iter().map(Case::from).collect(),
            alpha: compared.rules.alpha,
            power: compared.rules.power,
            min_samples: compared.rules.min_samples,
            seed: compared.rules.seed,
            sampling: compared.sampling.as_ref().map(Sampling::from),
        }
    }
}

impl<'a> From<&'a Judgement> for Metric<'a> {
    fn from(judgement: &'a Judgement) -> Self {
        let evidence = &judgement.evidence;
        let metric = &evidence.metric;
        let measured = evidence.result.as_ref().ok();
        let (margin_warn, margin_fail) = metric.margin.bounds();
        let (why, needed) = match &judgement.verdict {
            Verdict::Inconclusive { why, needed } => (Some(why.to_string()), *needed),
            Verdict::Regressed | Verdict::NonInferior | Verdict::Improved => (None, None),
        };
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        Self {
            name: &metric.name,
            direction: Direction::NAMES.into_iter().find(|(_, known)| *known == metric.direction).map_or("", |(name, _)| name),
            decides: match metric.decides {
                Decides::Fail => "fail",
                Decides::Warn => "warn",
                Decides::Off => "off",
            },
            margin: match metric.margin {
                Margin::Relative { .. } => "relative",
                Margin::Absolute { .. } => "absolute",
            },
            margin_warn,
            margin_fail,
            verdict: judgement.verdict.word(),
            warns: judgement.warns,
            why,
            needed,
            base: evidence.base.and_then(finite),
            head: evidence.head.and_then(finite),
            pairs: evidence.pairs,
            test: measured.map(|measured| measured.test.title()),
            scale: measured.map(|measured| match measured.scale {
                Scale::Ratio => "ratio",
                Scale::Difference => "difference",
            }),
            effect: measured.and_then(|measured| finite(measured.effect)),
            interval: measured.map(|measured| measured.interval).filter(|ends| ends.iter().all(|end| end.is_finite())),
            p_value: measured.and_then(|measured| finite(measured.p_fail)),
            p_adjusted: judgement.p_adjusted.and_then(finite),
        }
    }
}

impl<'a> From<&'a CaseComparison> for Case<'a> {
    fn from(case: &'a CaseComparison) -> Self {
        Self {
            case_id: &case.case.0,
            status: comparison::status(case.status),
            base_passed: case.base.0,
            base_judged: case.base.1,
            head_passed: case.head.0,
            head_judged: case.head.1,
            flaky: case.flaky,
            quarantined: case.quarantined.as_deref(),
        }
    }
}
