//! Vitest: `vitest bench --outputJson`. Milliseconds.

use std::io::BufRead;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Found, json,
    number::{Kept, Lenient},
};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct Report {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    full_name: String,
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    mean: Lenient,
    #[serde(default)]
    samples: Kept,
    /// What a task threw.
    #[serde(default)]
    error: Option<IgnoredAny>,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let report: Report = json(stream)?;
    let groups = report.files.into_iter().flat_map(|file| file.groups);
    let benchmarks = groups.flat_map(|group| {
        let named = move |entry: Entry| {
            let name = if group.full_name.is_empty() { entry.name } else { format!("{} > {}", group.full_name, entry.name) };
            Benchmark::number(name, "ms", Direction::LowerIsBetter, entry.mean.0)
                .with_samples(entry.samples.0)
                .with_fault(entry.error.map(|_| "the task failed with an error".to_owned()))
        };
        group.benchmarks.into_iter().map(named)
    });
    Ok(benchmarks.collect())
}
