//! JMH: `-rf json`. Throughput is better when higher, every other mode when lower.

use std::{collections::BTreeMap, io::BufRead};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Found, json,
    number::{Kept, Lenient},
};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    benchmark: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    primary_metric: Primary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Primary {
    #[serde(default)]
    score: Lenient,
    #[serde(default)]
    score_unit: String,
    #[serde(default)]
    raw_data: Vec<Kept>,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let entries: Vec<Entry> = json(stream)?;
    let benchmark = |entry: Entry| {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let params: Vec<String> = entry.params.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        let params = if params.is_empty() { String::new() } else { format!(" [{}]", params.join(", ")) };
        let name = format!("{} ({}){params}", entry.benchmark, entry.mode);
        let direction = if entry.mode == "thrpt" { Direction::HigherIsBetter } else { Direction::LowerIsBetter };
        let Primary { score, score_unit, raw_data } = entry.primary_metric;
        Benchmark::number(name, score_unit, direction, score.0)
            .with_samples(raw_data.iter().flat_map(|fork| fork.0.values().iter().copied()).collect())
    };
    Ok(entries.into_iter().map(benchmark).collect())
}
