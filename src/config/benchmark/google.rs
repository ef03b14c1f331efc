//! Google Benchmark: `--benchmark_format=json`. Repetitions of one name are its samples; means stand in for them where
//! only aggregates are reported.

use std::{collections::HashMap, io::BufRead};

use serde::Deserialize;

use super::{Found, json, number::Lenient};
use crate::config::suggest;
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct File {
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    #[serde(default)]
    real_time: Lenient,
    time_unit: Option<String>,
    #[serde(default)]
    error_occurred: bool,
    error_message: Option<String>,
    #[serde(default)]
    skipped: bool,
    skip_message: Option<String>,
}

impl Entry {
    /// What the benchmark itself said: `SkipWithError`, `SkipWithMessage`.
    fn fault(&self) -> Option<String> {
        let said = |what: &str, message: Option<&String>| match message.filter(|message| !message.is_empty()) {
            Some(message) => format!("{what}: {}", suggest::shorten(message)),
            None => what.to_owned(),
        };
        if self.error_occurred {
            Some(said("the benchmark failed", self.error_message.as_ref()))
        } else if self.skipped {
            Some(said("the benchmark was skipped", self.skip_message.as_ref()))
        } else {
            None
        }
    }
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<Benchmark> = Vec::new();
    let mut means: Vec<Benchmark> = Vec::new();
    for entry in file.benchmarks {
        let fault = entry.fault();
        let name = entry.run_name.clone().unwrap_or_else(|| entry.name.clone());
        let unit = entry.time_unit.unwrap_or_else(|| "ns".to_owned());
        let value = if fault.is_some() { None } else { entry.real_time.0 };
        if entry.run_type.as_deref() == Some("aggregate") {
            if entry.aggregate_name.as_deref() == Some("mean") {
                means.push(Benchmark::number(name, unit, Direction::LowerIsBetter, value).with_fault(fault));
            }
            continue;
        }
        let place = *places.entry(name.clone()).or_insert_with(|| {
            found.push(Benchmark::number(name, unit, Direction::LowerIsBetter, None));
            found.len() - 1
        });
        let Some(benchmark) = found.get_mut(place) else { continue };
        match fault {
            // One repetition that failed is not made up for by the others.
            Some(fault) => benchmark.fault = Some(benchmark.fault.take().unwrap_or(fault)),
            None => benchmark.samples.push(value.unwrap_or(f64::NAN)),
        }
    }
    found.extend(means.into_iter().filter(|mean| !places.contains_key(&mean.name)));
    Ok(found)
}
