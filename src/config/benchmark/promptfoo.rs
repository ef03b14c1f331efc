//! promptfoo: `eval --output results.json`. For each provider and prompt: latency, cost, score and pass rate. A test that
//! errored has neither passed nor failed: what it belongs to cannot pass.

use std::{collections::BTreeMap, io::BufRead};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{Found, json, number::Lenient};
use crate::config::suggest;
use crate::domain::{
    benchmark::{Benchmark, Gaps, SHARE, Samples},
    regression::Direction,
};

#[derive(Deserialize)]
struct File {
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    provider: Value,
    prompt: Option<Prompt>,
    #[serde(default)]
    prompt_idx: usize,
    success: bool,
    #[serde(default)]
    score: Lenient,
    #[serde(default)]
    latency_ms: Lenient,
    #[serde(default)]
    cost: Lenient,
    #[serde(default)]
    response: Option<Response>,
    /// 0: none, 1: an assertion, 2: an error. Older versions write none.
    failure_reason: Option<u8>,
    /// What went wrong, and also why an assertion failed.
    #[serde(default)]
    error: Value,
    /// What the assertions came to; not there for a test that errored.
    grading_result: Option<IgnoredAny>,
}

/// The `failureReason` of an assertion that did not hold.
const BY_ASSERTION: u8 = 1;
/// The `failureReason` of an error.
const BY_ERROR: u8 = 2;

impl Entry {
    /// Why the test has no result.
    fn fault(&self) -> Option<String> {
        let said = self.error.as_str().filter(|said| !said.is_empty());
        let ungraded = !self.success && self.failure_reason != Some(BY_ASSERTION) && self.grading_result.is_none() && said.is_some();
        let errored = self.failure_reason == Some(BY_ERROR) || ungraded;
        errored.then(|| suggest::shorten(said.unwrap_or("no reason given")))
    }
}

/// Tests without a result.
#[derive(Clone, Default)]
struct Errors {
    tests: usize,
    of: usize,
    first: String,
}

impl Errors {
    fn gaps(&self) -> Option<Gaps> {
        let why = || format!("{} of {} tests ended with an error: {}", self.tests, self.of, self.first);
        (self.tests > 0).then(|| Gaps { samples: self.tests, why: why() })
    }
}

#[derive(Deserialize)]
struct Prompt {
    label: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    cached: bool,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    // By provider, whole label and place: prompts that begin alike are not one prompt.
    let mut groups: BTreeMap<(String, String, usize), (Errors, [Samples; 4])> = BTreeMap::new();
    for entry in file.results.results {
        let fault = entry.fault();
        let text = |key: &str| entry.provider.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let provider = text("label").or_else(|| text("id")).or_else(|| entry.provider.as_str()).unwrap_or("provider");
        let label = entry.prompt.and_then(|prompt| prompt.label).filter(|label| !label.is_empty());
        let label = label.unwrap_or_else(|| format!("prompt {}", entry.prompt_idx));
        let (errors, [latency, cost, score, passed]) = groups.entry((provider.to_owned(), label, entry.prompt_idx)).or_default();
        errors.of += 1;
        if let Some(fault) = fault {
            if errors.tests == 0 {
                errors.first = fault;
            }
            errors.tests += 1;
            continue;
        }
        // An answer from the cache has no latency of its own.
        if let (Some(value), false) = (entry.latency_ms.0, entry.response.is_some_and(|response| response.cached)) {
            latency.push(value);
        }
        if let Some(value) = entry.cost.0 {
            cost.push(value);
        }
        if let Some(value) = entry.score.0 {
            score.push(value);
        }
        passed.push(f64::from(u8::from(entry.success)));
    }
    let shown = |provider: &str, label: &str| format!("{provider} | {}", label.chars().take(80).collect::<String>());
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (provider, label, _) in groups.keys() {
        *times.entry(shown(provider, label)).or_default() += 1;
    }
    let measured = groups.into_iter().flat_map(|((provider, label, index), (errors, samples))| {
        let name = shown(&provider, &label);
        let name = if times.get(&name) == Some(&1) { name } else { format!("{name} #{index}") };
        let kinds = [
            ("latency", "ms", Direction::LowerIsBetter),
            ("cost", "USD", Direction::LowerIsBetter),
            ("score", SHARE, Direction::HigherIsBetter),
            ("pass rate", SHARE, Direction::HigherIsBetter),
        ];
        // Where every test errored, the pass rate stands for all of it.
        let there = |(kind, ..): &(&str, _, _), samples: &Samples| samples.seen() > 0 || *kind == "pass rate";
        kinds.into_iter().zip(samples).filter(move |(kind, samples)| there(kind, samples)).map(move |((kind, unit, direction), samples)| {
            Benchmark::number(format!("{name}: {kind}"), unit, direction, None).with_samples(samples).with_gaps(errors.gaps())
        })
    });
    Ok(measured.collect())
}
