//! hyperfine: `--export-json`. Seconds. A run that ended with another code than 0 (`--ignore-failure`) did something else
//! than what was to be measured.

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
    /// `null` for a run that a signal ended. Older versions write none.
    #[serde(default)]
    exit_codes: Option<Vec<Option<i64>>>,
}

impl Entry {
    fn fault(&self) -> Option<String> {
        let codes = self.exit_codes.as_ref()?;
        let failed: Vec<_> = codes.iter().filter(|code| **code != Some(0)).collect();
        let first = failed.first()?.map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
        Some(format!("{} of {} runs failed, the first of them with {first}", failed.len(), codes.len()))
    }
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    let benchmark = |entry: Entry| {
        let fault = entry.fault();
        let parameters: Vec<String> = entry.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name = if parameters.is_empty() { entry.command } else { format!("{} [{}]", entry.command, parameters.join(", ")) };
        Benchmark::number(name, "s", Direction::LowerIsBetter, entry.mean.0).with_samples(entry.times.0).with_fault(fault)
    };
    Ok(file.results.into_iter().map(benchmark).collect())
}
