//! `BenchmarkDotNet`: the full JSON exporter. Nanoseconds; a benchmark without statistics failed.

use std::io::BufRead;

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
    let benchmark = |entry: Entry| {
        let (value, samples) = entry.statistics.map(|found| (found.mean.0, found.original_values.0)).unwrap_or_default();
        let name = entry.full_name.unwrap_or(entry.display_info);
        Benchmark { name, unit: "ns".to_owned(), direction: Direction::LowerIsBetter, value, samples }
    };
    Ok(file.benchmarks.into_iter().map(benchmark).collect())
}
