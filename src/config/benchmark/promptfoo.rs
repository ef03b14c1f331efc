//! promptfoo: `eval --output results.json`. For each provider and prompt: latency, cost, score and pass rate.

use std::{collections::BTreeMap, io::BufRead};

use serde::Deserialize;
use serde_json::Value;

use super::{Found, json, number::Lenient};
use crate::domain::{
    benchmark::{Benchmark, SHARE, Samples},
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
    let mut groups: BTreeMap<String, [Samples; 4]> = BTreeMap::new();
    for entry in file.results.results {
        let text = |key: &str| entry.provider.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let provider = text("label").or_else(|| text("id")).or_else(|| entry.provider.as_str()).unwrap_or("provider");
        let label: String = entry.prompt.and_then(|prompt| prompt.label).unwrap_or_default().chars().take(80).collect();
        let label = if label.is_empty() { format!("prompt {}", entry.prompt_idx) } else { label };
        let [latency, cost, score, passed] = groups.entry(format!("{provider} | {label}")).or_default();
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
    let measured =
        groups.into_iter().flat_map(|(name, samples)| {
            let kinds = [
                ("latency", "ms", Direction::LowerIsBetter),
                ("cost", "USD", Direction::LowerIsBetter),
                ("score", SHARE, Direction::HigherIsBetter),
                ("pass rate", SHARE, Direction::HigherIsBetter),
            ];
            kinds.into_iter().zip(samples).filter(|(_, samples)| samples.seen() > 0).map(move |((kind, unit, direction), samples)| {
                Benchmark { name: format!("{name}: {kind}"), unit: unit.to_owned(), direction, value: None, samples }
            })
        });
    Ok(measured.collect())
}
