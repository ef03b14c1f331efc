//! Our own JSON report, version 1. For each suite: latency, cost, score and pass rate. A suite with a sample that has no answer
//! or was not asked is incomplete, as in the run itself: what is missing is rarely like the rest. Cases in quarantine may lack theirs.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
};

use serde::{Deserialize, de::IgnoredAny};

use super::{Found, Wrong, json, number::Lenient};
use crate::domain::{
    benchmark::{Benchmark, Gaps, SHARE, Samples},
    regression::Direction,
};

#[derive(Deserialize)]
struct Report {
    schema_version: u32,
    test_case_results: Vec<Case>,
    /// There for a benchmark, whose tokens and first tokens are compared too.
    bench: Option<IgnoredAny>,
    /// Older reports say nothing of their cases.
    #[serde(default)]
    suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Suite {
    name: String,
    #[serde(default)]
    known_cases: Vec<KnownCase>,
}

#[derive(Deserialize)]
struct KnownCase {
    #[serde(rename = "case_id")]
    id: String,
    quarantine: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Case {
    suite: String,
    #[serde(default, rename = "case_id")]
    id: String,
    state: String,
    #[serde(default)]
    latency_ms: Lenient,
    #[serde(default)]
    cached: bool,
    origin: Option<String>,
    #[serde(default)]
    cost_usd: Lenient,
    #[serde(default)]
    score: Lenient,
    #[serde(default)]
    time_to_first_token_ms: Lenient,
    #[serde(default)]
    tokens: Tokens,
}

#[derive(Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    input: Lenient,
    #[serde(default)]
    output: Lenient,
    /// Guesses are no measurements.
    #[serde(default)]
    estimated: bool,
}

/// Samples of a suite that were not judged.
#[derive(Clone, Copy, Default)]
struct Missing {
    samples: usize,
    of: usize,
}

impl Missing {
    fn gaps(self) -> Option<Gaps> {
        let why = || format!("{} of {} samples have no answer, or were not asked", self.samples, self.of);
        (self.samples > 0).then(|| Gaps { samples: self.samples, why: why() })
    }
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let report: Report = json(stream)?;
    if report.schema_version != 1 {
        return Err(Wrong::of(format!("version {} of the report is not known", report.schema_version)));
    }
    let is_bench = report.bench.is_some();
    let quarantined: BTreeSet<(String, String)> = report.suites.into_iter().flat_map(in_quarantine).collect();
    let mut suites: BTreeMap<String, (Missing, [Samples; 7])> = BTreeMap::new();
    for case in report.test_case_results {
        let key = (case.suite, case.id);
        let is_excused = quarantined.contains(&key);
        let (missing, [latency, cost, score, passed, first, input, output]) = suites.entry(key.0).or_default();
        if case.state != "passed" && case.state != "failed" {
            if !is_excused {
                missing.samples += 1;
                missing.of += 1;
            }
            continue;
        }
        missing.of += 1;
        // Replayed latencies are of another day.
        let live = !case.cached && case.origin.as_deref().is_none_or(|origin| origin == "live");
        if let (Some(value), true) = (case.latency_ms.0, live) {
            latency.push(value);
        }
        if let (Some(value), true) = (case.cost_usd.0, live && !case.tokens.estimated) {
            cost.push(value);
        }
        let counted = |tokens: Option<f64>| tokens.filter(|_| !case.tokens.estimated);
        let more = [(first, case.time_to_first_token_ms.0), (input, counted(case.tokens.input.0)), (output, counted(case.tokens.output.0))];
        for (samples, value) in more {
            if let (Some(value), true) = (value, live && is_bench) {
                samples.push(value);
            }
        }
        if let Some(value) = case.score.0 {
            score.push(value);
        }
        passed.push(f64::from(u8::from(case.state == "passed")));
    }
    let measured = suites.into_iter().flat_map(|(suite, (missing, samples))| {
        let kinds = [
            ("latency", "ms", Direction::LowerIsBetter),
            ("cost", "USD", Direction::LowerIsBetter),
            ("score", SHARE, Direction::HigherIsBetter),
            ("pass rate", SHARE, Direction::HigherIsBetter),
            ("time to first token", "ms", Direction::LowerIsBetter),
            ("input tokens", "tokens", Direction::LowerIsBetter),
            ("output tokens", "tokens", Direction::LowerIsBetter),
        ];
        kinds.into_iter().zip(samples).filter(|((kind, ..), samples)| samples.seen() > 0 || *kind == "pass rate").map(
            move |((kind, unit, direction), samples)| {
                Benchmark::number(format!("{suite}: {kind}"), unit, direction, None).with_samples(samples).with_gaps(missing.gaps())
            },
        )
    });
    Ok(measured.collect())
}

/// The cases of a suite that are in quarantine, each with the suite's name.
fn in_quarantine(suite: Suite) -> impl Iterator<Item = (String, String)> {
    let Suite { name, known_cases } = suite;
    known_cases.into_iter().filter(|case| case.quarantine.is_some()).map(move |case| (name.clone(), case.id))
}
