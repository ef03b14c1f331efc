//! pytest-benchmark: `--benchmark-json`, with samples by `--benchmark-save-data`. Seconds.

use std::io::BufRead;

use serde::Deserialize;

use super::{
    Found, json,
    number::{Kept, Lenient},
};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct File {
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    fullname: Option<String>,
    name: String,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    mean: Lenient,
    #[serde(default)]
    data: Kept,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    let benchmark = |entry: Entry| {
        let name = entry.fullname.unwrap_or(entry.name);
        Benchmark::number(name, "s", Direction::LowerIsBetter, entry.stats.mean.0).with_samples(entry.stats.data.0)
    };
    Ok(file.benchmarks.into_iter().map(benchmark).collect())
}
