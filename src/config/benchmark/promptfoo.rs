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
    // By provider, whole label and place: prompts that begin alike are not one prompt.
    let mut groups: BTreeMap<(String, String, usize), [Samples; 4]> = BTreeMap::new();
    for entry in file.results.results {
        let text = |key: &str| entry.provider.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let provider = text("label").or_else(|| text("id")).or_else(|| entry.provider.as_str()).unwrap_or("provider");
        let label = entry.prompt.and_then(|prompt| prompt.label).filter(|label| !label.is_empty());
        let label = label.unwrap_or_else(|| format!("prompt {}", entry.prompt_idx));
        let [latency, cost, score, passed] = groups.entry((provider.to_owned(), label, entry.prompt_idx)).or_default();
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
    let measured =
        groups.into_iter().flat_map(|((provider, label, index), samples)| {
            let name = shown(&provider, &label);
            let name = if times.get(&name) == Some(&1) { name } else { format!("{name} #{index}") };
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
