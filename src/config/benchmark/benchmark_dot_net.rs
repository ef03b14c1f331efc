//! `BenchmarkDotNet`: the full JSON exporter. Nanoseconds; a benchmark without statistics failed.

use std::{collections::BTreeMap, io::BufRead};

use serde::Deserialize;

use super::{
    Found, json,
    number::{Kept, Lenient},
};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    full_name: Option<String>,
    #[serde(default)]
    display_info: String,
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    #[serde(default)]
    mean: Lenient,
    #[serde(default)]
    original_values: Kept,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    // Jobs of one method share its full name; what is displayed has the job in it.
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in file.benchmarks.iter().filter_map(|entry| entry.full_name.clone()) {
        *times.entry(name).or_default() += 1;
    }
    let benchmark = |entry: Entry| {
        let fault = entry.statistics.is_none().then(|| "it has no statistics: the benchmark failed".to_owned());
        let (value, samples) = entry.statistics.map(|found| (found.mean.0, found.original_values.0)).unwrap_or_default();
        let own = entry.full_name.filter(|name| times.get(name) == Some(&1) || entry.display_info.is_empty());
        let name = own.unwrap_or(entry.display_info);
        Benchmark::number(name, "ns", Direction::LowerIsBetter, value).with_samples(samples).with_fault(fault)
    };
    Ok(file.benchmarks.into_iter().map(benchmark).collect())
}
