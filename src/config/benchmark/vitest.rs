//! Vitest: `vitest bench --outputJson`. Milliseconds.

use std::io::BufRead;

use serde::Deserialize;

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
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let report: Report = json(stream)?;
    let groups = report.files.into_iter().flat_map(|file| file.groups);
    let benchmarks = groups.flat_map(|group| {
        let named = move |entry: Entry| Benchmark {
            name: if group.full_name.is_empty() { entry.name } else { format!("{} > {}", group.full_name, entry.name) },
            unit: "ms".to_owned(),
            direction: Direction::LowerIsBetter,
            value: entry.mean.0,
            samples: entry.samples.0,
        };
        group.benchmarks.into_iter().map(named)
    });
    Ok(benchmarks.collect())
}
