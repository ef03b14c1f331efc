//! Google Benchmark: `--benchmark_format=json`. Repetitions of one name are its samples; means stand in for them where
//! only aggregates are reported.

use std::{collections::HashMap, io::BufRead};

use serde::Deserialize;

use super::{Found, json, number::Lenient};
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
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(stream)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<Benchmark> = Vec::new();
    let mut means: Vec<Benchmark> = Vec::new();
    for entry in file.benchmarks {
        let name = entry.run_name.clone().unwrap_or_else(|| entry.name.clone());
        let unit = entry.time_unit.unwrap_or_else(|| "ns".to_owned());
        let value = if entry.error_occurred { None } else { entry.real_time.0 };
        if entry.run_type.as_deref() == Some("aggregate") {
            if entry.aggregate_name.as_deref() == Some("mean") {
                means.push(Benchmark::number(name, unit, Direction::LowerIsBetter, value));
            }
            continue;
        }
        let place = *places.entry(name.clone()).or_insert_with(|| {
            found.push(Benchmark::number(name, unit, Direction::LowerIsBetter, None));
            found.len() - 1
        });
        if let (Some(benchmark), Some(value)) = (found.get_mut(place), value) {
            benchmark.samples.push(value);
        }
    }
    found.extend(means.into_iter().filter(|mean| !places.contains_key(&mean.name)));
    Ok(found)
}
