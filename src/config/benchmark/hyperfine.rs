//! hyperfine: `--export-json`. Seconds.

use std::{collections::BTreeMap, io::BufRead};

use serde::Deserialize;

use super::{
    Found, json,
    number::{Kept, Lenient},
};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct File {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    command: String,
    #[serde(default)]
    mean: Lenient,
    #[serde(default)]
    times: Kept,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    let benchmark = |entry: Entry| {
        let parameters: Vec<String> = entry.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name = if parameters.is_empty() { entry.command } else { format!("{} [{}]", entry.command, parameters.join(", ")) };
        Benchmark { name, unit: "s".to_owned(), direction: Direction::LowerIsBetter, value: entry.mean.0, samples: entry.times.0 }
    };
    Ok(file.results.into_iter().map(benchmark).collect())
}
