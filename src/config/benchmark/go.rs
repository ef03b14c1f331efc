//! `go test -bench`: `BenchmarkName-8  1000  123 ns/op  16 B/op`. Lines of one name (`-count`) are its samples; each unit is
//! a benchmark of its own.

use std::{collections::HashMap, io::BufRead};

use super::{Found, lines};
use crate::domain::{benchmark::Benchmark, regression::Direction};

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let mut found: Vec<Benchmark> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    lines(stream, |line| {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| name.starts_with("Benchmark")) else { return };
        if words.next().is_none_or(|iterations| iterations.parse::<u64>().is_err()) {
            return;
        }
        // The number of processors is no part of the name.
        let name = match name.rsplit_once('-') {
            Some((name, processors)) if processors.parse::<u32>().is_ok() => name,
            Some(_) | None => name,
        };
        while let (Some(value), Some(unit)) = (words.next(), words.next()) {
            let direction = if unit.ends_with("/s") { Direction::HigherIsBetter } else { Direction::LowerIsBetter };
            let key = if unit == "ns/op" { name.to_owned() } else { format!("{name} ({unit})") };
            let place = *places.entry(key.clone()).or_insert_with(|| {
                found.push(Benchmark::number(key, unit, direction, None));
                found.len() - 1
            });
            if let Some(benchmark) = found.get_mut(place) {
                benchmark.samples.push(value.parse().unwrap_or(f64::NAN));
            }
        }
    })?;
    Ok(found)
}
