//! From what the domain knows to what version 1 of the report says.

use std::{collections::BTreeMap, slice};

use super::v1::{
    Assertion, CaseResult, CheckedOut, Error, GraderCall, Latency, ListedPrices, Origin, Performance, PerformanceLimit, Prompt, Queue,
    Report, Results, State, Suite, Tokens, Tool, Validation, Verdict,
};
use super::{compared, repeats};
use crate::domain::{
    answer::{self, Usage},
    duration::millis,
    suite::performance::{Measured, Unit},
    suite::run::{Counts, NotRun, ProcessUse, PromptIdentity, Sample, SampleResult, SuiteRun, TestRun, TestVerdict, grader_cost_of},
};
use crate::report::{figures::Figures, summary};

impl<'a> From<&'a TestRun> for Report<'a> {
    fn from(run: &'a TestRun) -> Self {
        let seconds = run.duration.as_secs_f64();
        Self {
            schema_version: 1,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            verdict: run.verdict().into(),
            started_at: &run.started_at,
            checked_out: run.checkout.as_ref().map(|checkout| CheckedOut {
                commit: checkout.commit.as_deref(),
                altered: checkout.altered.is_some(),
                why: checkout.altered.as_deref(),
            }),
            interrupted: run.interrupted,
            warnings: &run.warnings,
            regressed: run
                .suites
                .iter()
                .any(|suite| suite.comparison.is_some() || !suite.baselines.is_empty())
                .then(|| run.fails_against_base()),
            results: Results::of(&run.suites, run.verdict(), run.counts(), performance(&run.suites, seconds, run.process)),
            suites: run.suites.iter().map(|suite| Suite::of(suite, run.process)).collect(),
        }
    }
}

impl<'a> Suite<'a> {
    fn of(suite: &'a SuiteRun, process: ProcessUse) -> Self {
        let counts = suite.counts();
        let only = slice::from_ref(suite);
        Self {
            name: &suite.name,
            verdict: suite.verdict().into(),
            prompt: Prompt::of(&suite.prompt),
            provider: &suite.provider,
            model: &suite.model,
            listed_prices: suite.listed.as_ref().map(|listed| ListedPrices {
                input_per_million: listed.input_per_million,
                output_per_million: listed.output_per_million,
                currency: &listed.currency,
                as_of: &listed.as_of,
                source: &listed.source,
                estimated: true,
            }),
            min_pass_rate: suite.min_pass_rate,
            pass_rate: counts.pass_rate(),
            results: Results::of(only, suite.verdict(), counts, performance(only, suite.duration.as_secs_f64(), process)),
            base: compared::Base::of(suite),
            comparison: suite.comparison.as_ref().map(compared::Comparison::from),
            sampling: suite.sampling.as_ref().map(repeats::Sampling::from),
            pass_at: repeats::PassAt::of(suite),
            confirmations: suite.confirmations.iter().map(repeats::Confirmation::from).collect(),
            baselines: suite.baselines.iter().map(super::known::Baseline::from).collect(),
            performance_limits: suite.performance().iter().map(PerformanceLimit::from).collect(),
            known_cases: suite.known.iter().map(super::known::KnownCase::from).collect(),
        }
    }
}

impl From<&Measured> for PerformanceLimit {
    fn from(measured: &Measured) -> Self {
        let unit = match measured.unit {
            Unit::Milliseconds => "ms",
            Unit::Dollars => "usd",
            Unit::Tokens => "tokens",
        };
        let verdict = match measured.is_kept() {
            Some(true) => Verdict::Passed,
            Some(false) => Verdict::Failed,
            None => Verdict::Inconclusive,
        };
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        Self { name: measured.metric, unit, value: measured.found.and_then(finite), bound: measured.limit, verdict }
    }
}

impl<'a> Prompt<'a> {
    pub(super) fn of(prompt: &'a PromptIdentity) -> Self {
        Self { name: &prompt.name, version: prompt.version.as_deref(), digest: &prompt.digest, file: prompt.file.display().to_string() }
    }
}

impl<'a> Results<'a> {
    fn of(suites: &'a [SuiteRun], verdict: TestVerdict, counts: Counts, performance_metrics: Performance) -> Self {
        Self {
            passed: verdict == TestVerdict::Passed,
            total_tests: counts.total,
            passed_tests: counts.passed,
            failed_tests: counts.failed,
            error_tests: counts.faulted,
            not_run_tests: counts.not_run,
            validation_results: validations(suites),
            performance_metrics,
            test_case_results: suites,
            errors: suites,
        }
    }
}

fn performance(suites: &[SuiteRun], seconds: f64, process: ProcessUse) -> Performance {
    let Figures { latency_ms, replayed, queue_ms, tokens, cost_usd, mean_execution_s, .. } = Figures::of(suites);
    Performance {
        total_execution_time: seconds,
        average_test_time: mean_execution_s,
        memory_usage_mb: Some(process.peak_memory_mib).filter(|mib| mib.is_finite()),
        cpu_usage_percent: Some(process.cpu_percent).filter(|percent| percent.is_finite()),
        latency_ms: Latency {
            mean: latency_ms.mean.map(exact),
            p50: latency_ms.p50.map(exact),
            p95: latency_ms.p95.map(exact),
            p99: latency_ms.p99.map(exact),
            samples: latency_ms.samples,
            replayed,
        },
        queue_ms: Queue {
            mean: queue_ms.mean.map(exact),
            p50: queue_ms.p50.map(exact),
            p95: queue_ms.p95.map(exact),
            p99: queue_ms.p99.map(exact),
        },
        tokens: tokens.into(),
        cost_usd: cost_usd.filter(|dollars| dollars.is_finite()),
        grader_cost_usd: grader_cost_of(suites.iter().flat_map(|suite| &suite.samples)).filter(|dollars| dollars.is_finite()),
    }
}

/// Each kind of assertion with how often it holds, each lint with what it found, and the seed's rule that a run never
/// starts without.
fn validations(suites: &[SuiteRun]) -> BTreeMap<&str, Validation> {
    #[derive(Default)]
    struct Tally {
        all: usize,
        holding: usize,
        informational: usize,
    }
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for sample in suites.iter().flat_map(|suite| &suite.samples) {
        if let SampleResult::Judged { assertions, .. } = &sample.result {
            for assertion in assertions.iter() {
                let tally = tallies.entry(&assertion.name).or_default();
                tally.all += 1;
                tally.holding += usize::from(assertion.passed);
                tally.informational += usize::from(!assertion.passed && assertion.weight <= 0.0);
            }
        }
    }
    let mut linted: BTreeMap<&str, Validation> = BTreeMap::new();
    for result in suites.iter().flat_map(|suite| &suite.lints) {
        let said = linted.entry(result.rule).or_insert_with(|| Validation { passed: true, details: result.details.clone() });
        if !result.passed {
            said.details = if said.passed { result.details.clone() } else { format!("{}; {}", said.details, result.details) };
            said.passed = false;
        }
    }
    let always = Validation { passed: true, details: "every variable has a value".to_owned() };
    let counted = tallies.into_iter().map(|(name, tally)| {
        let informational = match tally.informational {
            0 => String::new(),
            count => format!(" ({count} of the others informational)"),
        };
        let details = format!("{} of {} hold{informational}", tally.holding, tally.all);
        (name, Validation { passed: tally.holding + tally.informational == tally.all, details })
    });
    std::iter::once(("template_variables", always)).chain(linted).chain(counted).collect()
}

impl<'a> CaseResult<'a> {
    pub(super) fn of(suite: &'a SuiteRun, sample: &'a Sample) -> Self {
        let answer = sample.answer();
        let texts = answer.and_then(|answer| answer.texts.as_deref());
        let (state, score, error) = ending(&sample.result);
        let assertions = match &sample.result {
            SampleResult::Judged { assertions, .. } => &**assertions,
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => &[],
        };
        Self {
            case_index: sample.case_index,
            case_id: &sample.case_id.0,
            suite: &suite.name,
            repeat: sample.repeat,
            input: &sample.vars,
            output: texts.map(|texts| texts.text.as_str()),
            passed: sample.passed(),
            state,
            execution_time: sample.execution.as_secs_f64(),
            latency_ms: answer.map(|answer| exact(millis(answer.latency))),
            queue_ms: exact(millis(sample.queue)),
            time_to_first_token_ms: answer.and_then(|answer| answer.time_to_first_token).map(|time| exact(millis(time))),
            cached: answer.is_some_and(|answer| answer.origin.is_replayed()),
            origin: answer.map(|answer| answer.origin.into()),
            cost_usd: sample.cost_usd(),
            tokens: answer.map(|answer| answer.usage).unwrap_or_default().into(),
            finish_reason: texts.and_then(|texts| texts.finish_reason.as_deref()),
            model: texts.and_then(|texts| texts.model.as_deref()),
            attempts: sample.attempts,
            score,
            error,
            assertions: assertions
                .iter()
                .map(|run| Assertion {
                    name: &run.name,
                    label: &run.label,
                    passed: run.passed,
                    score: run.score,
                    weight: run.weight,
                    reason: &run.reason,
                })
                .collect(),
            grader_calls: sample
                .asked
                .iter()
                .map(|call| GraderCall {
                    assertion: &call.label,
                    grader: &call.grader,
                    model: call.model.as_deref(),
                    prompt: &call.prompt,
                    answer: &call.answer,
                    tokens: call.usage.into(),
                    cost_usd: call.cost_usd.filter(|dollars| dollars.is_finite()),
                    latency_ms: exact(millis(call.latency)),
                    origin: call.origin.into(),
                })
                .collect(),
        }
    }
}

fn ending(result: &SampleResult) -> (State, Option<f64>, Option<Error<'_>>) {
    match result {
        SampleResult::Judged { passed, score, .. } => (if *passed { State::Passed } else { State::Failed }, Some(*score), None),
        SampleResult::Faulted(fault) => {
            (State::Error, None, Some(Error { kind: fault.kind.as_str(), message: fault.message.as_str().into() }))
        }
        SampleResult::NotRun(reason) => {
            let kind = match reason {
                NotRun::Interrupted => "interrupted",
                NotRun::Lints(_) => "lints",
                NotRun::Budget(_) => "budget",
                NotRun::SuiteTimeLimit(_) => "suite-time-limit",
                NotRun::RateLimit(_) => "rate-limit",
                NotRun::ProviderDown(_) => "provider-down",
            };
            (State::NotRun, None, Some(Error { kind, message: summary::not_run_reason(reason).into() }))
        }
    }
}

impl From<TestVerdict> for Verdict {
    fn from(verdict: TestVerdict) -> Self {
        match verdict {
            TestVerdict::Passed => Self::Passed,
            TestVerdict::Failed => Self::Failed,
            TestVerdict::Inconclusive => Self::Inconclusive,
        }
    }
}

impl From<answer::Origin> for Origin {
    fn from(origin: answer::Origin) -> Self {
        match origin {
            answer::Origin::Live => Self::Live,
            answer::Origin::Cached => Self::Cached,
            answer::Origin::Recorded => Self::Recorded,
        }
    }
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self { input: usage.input_tokens, output: usage.output_tokens, estimated: usage.estimated }
    }
}

/// Milliseconds to the nanosecond: what a clock gives, without the noise of the multiplication.
fn exact(millis: f64) -> f64 {
    (millis * 1e6).round() / 1e6
}
