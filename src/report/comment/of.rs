//! From a run to what its comment shows. Everything is bounded here, so that no answer makes the file large.

use std::{collections::HashMap, slice};

use super::data::{CaseData, CommentData, ComparisonData, EffectData, FORMAT, Headline, MetricData, MetricVerdict, SuiteData};
use crate::{
    domain::{
        duration,
        regression::{
            comparison::{BaseRun, CaseComparison, CaseStatus, Change, Comparison},
            decide::{Judgement, Verdict},
        },
        suite::{
            CaseId,
            run::{AssertionRun, KeptAnswer, KnownCases, Sample, SampleResult, SuiteRun, TestRun, TestVerdict},
        },
    },
    report::{escape::truncate_chars, figures::Figures, known, number, repeats, summary},
};

/// Characters kept of a name.
pub(super) const NAME: usize = 200;
/// Characters kept of a sentence.
pub(super) const SENTENCE: usize = 500;
/// Characters kept of an answer.
pub(super) const ANSWER: usize = 4_000;
/// Suites kept.
pub(super) const SUITES: usize = 200;
/// Failing cases kept of a suite, and of all suites.
pub(super) const CASES: usize = 100;
pub(super) const ALL_CASES: usize = 200;
/// Names, warnings, reasons and changes kept of one list.
pub(super) const LIST: usize = 50;
/// Cases kept that were asked again.
const REPEATED: usize = 20;
/// Metrics kept of a suite.
pub(super) const METRICS: usize = 30;

/// Which pull request and commit a run was for, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The configuration file as the user named it.
    pub config: &'a str,
    /// The pull request.
    pub pull_request: u64,
    /// Its head.
    pub head: &'a str,
    /// The exit code.
    pub exit_code: u8,
    /// Report files that were written.
    pub reports: &'a [String],
}

/// What the comment on this run shows.
pub fn of_run(run: &TestRun, about: About<'_>) -> CommentData {
    let figures = Figures::of(&run.suites);
    let mut room = ALL_CASES;
    CommentData {
        format: FORMAT.to_owned(),
        config: about.config.to_owned(),
        pull_request: about.pull_request,
        head: about.head.to_owned(),
        verdict: headline(run),
        exit_code: about.exit_code,
        interrupted: run.interrupted,
        stopped_by_lints: run.stopped_by_lints(),
        duration_ms: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
        cost_usd: figures.cost_usd,
        input_tokens: figures.tokens.input_tokens,
        output_tokens: figures.tokens.output_tokens,
        estimated: figures.tokens.estimated,
        listed: run.suites.iter().any(|suite| suite.listed.is_some()),
        replayed: whole(figures.replays()),
        suites: run.suites.iter().take(SUITES).map(|suite| of_suite(suite, &mut room)).collect(),
        suites_left_out: whole(run.suites.len().saturating_sub(SUITES)),
        warnings: texts(run.warnings.iter().cloned()),
        warnings_left_out: whole(run.warnings.len().saturating_sub(LIST)),
        reports: texts(about.reports.iter().cloned()),
    }
}

/// What a run's first line says.
pub fn headline(run: &TestRun) -> Headline {
    let regressed = run
        .suites
        .iter()
        .any(|suite| suite.comparison.iter().chain(suite.baselines.iter().map(|against| &against.comparison)).any(Comparison::regressed));
    match run.verdict() {
        TestVerdict::Failed if run.below_pass_rate() => Headline::Failed,
        _ if regressed => Headline::Regressed,
        TestVerdict::Failed => Headline::Failed,
        TestVerdict::Inconclusive => Headline::Inconclusive,
        TestVerdict::Passed => Headline::Passed,
    }
}

/// What is shown of one suite, with at most `room` cases.
pub(in crate::report) fn of_suite(suite: &SuiteRun, room: &mut usize) -> SuiteData {
    let counts = suite.counts();
    let figures = Figures::of(slice::from_ref(suite));
    let told = Told::of(suite);
    let failing = told.failing_cases(suite);
    let kept = failing.len().min(CASES).min(*room);
    *room -= kept;
    let fixed = suite.comparison.iter().flat_map(|comparison| &comparison.cases);
    let fixed = fixed.filter(|case| case.status == CaseStatus::Fixed).map(|case| name(&case.case.0));
    SuiteData {
        name: name(&suite.name),
        verdict: suite.verdict(),
        prompt: name(&summary::prompt(&suite.prompt)),
        digest: suite.prompt.digest.clone(),
        model: name(&suite.model),
        min_pass_rate: suite.min_pass_rate,
        passed: whole(counts.passed),
        failed: whole(counts.failed),
        faulted: whole(counts.faulted),
        not_run: whole(counts.not_run),
        p95_ms: figures.latency_ms.p95,
        cost_usd: figures.cost_usd,
        unjudged: unjudged(suite),
        comparison: compared(suite),
        repeats: texts(repeats::lines(suite, REPEATED).into_iter()),
        cases_left_out: whole(failing.len() - kept),
        cases: failing.into_iter().take(kept).map(|id| told.of_case(id)).collect(),
        fixed: fixed.take(LIST).collect(),
    }
}

fn unjudged(suite: &SuiteRun) -> Vec<String> {
    let faults = summary::faults(suite);
    let faults = faults.iter().map(|fault| format!("{} without an answer ({}): {}", fault.samples(), fault.kind.as_str(), fault.message));
    let not_run = summary::not_run(suite).into_iter();
    texts(faults.chain(not_run.map(|(reason, count)| format!("{} not run: {reason}", number::plural(count, "sample")))))
}

fn compared(suite: &SuiteRun) -> Option<ComparisonData> {
    let (comparison, base) = (suite.comparison.as_ref()?, suite.base.as_ref());
    Some(ComparisonData {
        reference: base.map_or_else(String::new, |base| name(&base.reference)),
        commit: base.map_or_else(String::new, |base| name(&base.commit)),
        confidence: (1.0 - 2.0 * comparison.rules.alpha).clamp(0.0, 1.0),
        prompt: base.map_or_else(String::new, |base| name(&summary::prompt(&base.prompt))),
        digest: base.map_or_else(String::new, |base| base.prompt.digest.clone()),
        model: base.map_or_else(String::new, |base| name(&base.model)),
        changes: texts(comparison.changes.iter().map(change)),
        metrics: comparison.judgements.iter().take(METRICS).map(metric).collect(),
    })
}

/// What is said of a suite whose prompt is the same on base.
pub(super) const SAME_PROMPT: &str = "the prompt is the same on both sides";

/// A change in words.
fn change(change: &Change) -> String {
    match change {
        Change::NewPrompt => "the prompt is not on base: nothing was compared".to_owned(),
        Change::UnreadablePrompt => "the prompt on base cannot be read: nothing was compared".to_owned(),
        Change::SamePrompt => SAME_PROMPT.to_owned(),
        Change::Suite => "the suite's definition differs: both sides are judged by head's".to_owned(),
        Change::CaseAdded(case) => format!("case {case} is new: not compared"),
        Change::CaseRemoved(case) => format!("case {case} is gone: not compared"),
        Change::CaseChanged(case) => {
            format!("case {case} has other variables or assertions: both sides are asked and judged as head has it")
        }
        Change::CaseRedefined(case) => format!("case {case} changed since the baseline: not compared"),
        Change::CaseRenamed { from, to } => format!("case {from} is named {to} now"),
        Change::Model { from, to } => format!("model {from} → {to}"),
        Change::Parameters => "other parameters are sent".to_owned(),
    }
}

fn metric(judgement: &Judgement) -> MetricData {
    let evidence = &judgement.evidence;
    let (verdict, why, needed) = match &judgement.verdict {
        Verdict::Regressed => (MetricVerdict::Regressed, None, None),
        Verdict::NonInferior => (MetricVerdict::NonInferior, None, None),
        Verdict::Improved => (MetricVerdict::Improved, None, None),
        Verdict::Inconclusive { why, needed } => (MetricVerdict::Inconclusive, Some(why.to_string()), *needed),
    };
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let effect = evidence.result.as_ref().ok().filter(|found| found.effect.is_finite());
    MetricData {
        name: name(&evidence.metric.name),
        unit: evidence.metric.unit,
        base: finite(evidence.base),
        head: finite(evidence.head),
        // An interval without an end is shown as none at all.
        effect: effect.filter(|found| found.interval.iter().all(|end| end.is_finite())).map(|found| EffectData {
            scale: found.scale,
            value: found.effect,
            interval: found.interval,
        }),
        verdict,
        why: why.map(|why| sentence(&why)),
        fails: judgement.fails(),
        warns: judgement.warns,
        open: judgement.is_open(),
        needed: needed.map(whole),
    }
}

/// What is said of a suite's cases, looked up by case: there may be many, and each may fail.
struct Told<'a> {
    known: KnownCases<'a>,
    compared: HashMap<&'a CaseId, &'a CaseComparison>,
    /// What a case of base that is called otherwise on head is called there.
    renamed: HashMap<&'a CaseId, &'a CaseId>,
    head: HashMap<&'a CaseId, Vec<&'a Sample>>,
    base: HashMap<&'a CaseId, Vec<&'a Sample>>,
}

fn by_case<'a>(samples: impl Iterator<Item = &'a Sample>) -> HashMap<&'a CaseId, Vec<&'a Sample>> {
    samples.fold(HashMap::new(), |mut cases, sample| {
        cases.entry(&sample.case_id).or_default().push(sample);
        cases
    })
}

impl<'a> Told<'a> {
    fn of(suite: &'a SuiteRun) -> Self {
        let comparison = suite.comparison.iter();
        let renamed = comparison.clone().flat_map(|comparison| &comparison.changes).filter_map(|change| match change {
            Change::CaseRenamed { from, to } => Some((to, from)),
            Change::NewPrompt
            | Change::UnreadablePrompt
            | Change::SamePrompt
            | Change::Suite
            | Change::CaseAdded(_)
            | Change::CaseRemoved(_)
            | Change::CaseChanged(_)
            | Change::CaseRedefined(_)
            | Change::Model { .. }
            | Change::Parameters => None,
        });
        Self {
            known: suite.known_cases(),
            compared: comparison.clone().flat_map(|comparison| &comparison.cases).map(|case| (&case.case, case)).collect(),
            renamed: renamed.collect(),
            head: by_case(suite.samples.iter()),
            base: by_case(suite.base.iter().flat_map(|base: &BaseRun| &base.samples)),
        }
    }

    /// The cases with a failing sample, newly failing ones first, quarantined and flaky ones last.
    fn failing_cases(&self, suite: &'a SuiteRun) -> Vec<&'a CaseId> {
        let mut found: Vec<&CaseId> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (sample, _, _) in summary::judged(suite, false) {
            if seen.insert(&sample.case_id.0) {
                found.push(&sample.case_id);
            }
        }
        found.sort_by_cached_key(|id| {
            let known = self.known.get(id);
            let last = (known.is_some_and(|known| known.quarantine.is_some()), known.is_some_and(known::at_known_rate));
            (last, self.compared.get(id).map(|case| (case.quarantined.is_some(), case.flaky, case.status)))
        });
        found
    }

    fn of_case(&self, id: &CaseId) -> CaseData {
        let (about, known) = (self.compared.get(id), self.known.get(id));
        let samples = self.head.get(id).map_or(&[][..], Vec::as_slice);
        let judged = |wanted: bool| {
            samples.iter().filter_map(move |sample| match &sample.result {
                SampleResult::Judged { answer, passed, assertions, .. } if *passed == wanted => Some((answer, &**assertions)),
                SampleResult::Judged { .. } | SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
            })
        };
        let worst = judged(false).next();
        let none: &[AssertionRun] = &[];
        let assertions = worst.map_or(none, |(_, assertions)| assertions);
        let answer = worst.map_or("", |(answer, _)| answer.text());
        let (passed, failed) = (judged(true).count(), judged(false).count());
        CaseData {
            name: name(&id.0),
            status: about.map(|case| case.status),
            base: about.map(|case| [whole(case.base.0), whole(case.base.1)]),
            head: [whole(passed), whole(passed + failed)],
            flaky: about.is_some_and(|case| case.flaky) || known.is_some_and(known::at_known_rate),
            quarantined: known
                .and_then(known::quarantined)
                .or_else(|| about.and_then(|case| case.quarantined.clone()))
                .map(|why| sentence(&why)),
            main: summary::main_failure(assertions).map_or_else(String::new, |main| sentence(&main.label)),
            reasons: texts(assertions.iter().filter(|assertion| !assertion.passed).map(summary::assertion)),
            base_answer: self.base_answer(id).map(|text| truncate_chars(text, ANSWER).into_owned()),
            answer: truncate_chars(answer, ANSWER).into_owned(),
            answer_characters: whole(answer.chars().count()),
        }
    }

    /// An answer of base to compare with: one that passed, where there is one.
    fn base_answer(&self, id: &CaseId) -> Option<&'a str> {
        let there = self.renamed.get(id).copied().unwrap_or(id);
        let samples = self.base.get(there)?;
        let passed = samples.iter().find(|sample| sample.passed());
        passed.or_else(|| samples.first()).and_then(|sample| sample.answer()).map(KeptAnswer::text)
    }
}

fn name(text: &str) -> String {
    truncate_chars(text, NAME).into_owned()
}

fn sentence(text: &str) -> String {
    truncate_chars(text, SENTENCE).into_owned()
}

fn texts(texts: impl Iterator<Item = String>) -> Vec<String> {
    texts.take(LIST).map(|text| sentence(&text)).collect()
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A run's length as it is shown.
pub(super) fn human(milliseconds: u64) -> String {
    duration::human(std::time::Duration::from_millis(milliseconds))
}
