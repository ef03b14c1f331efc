//! `go test -bench`: `BenchmarkName-8  1000  123 ns/op  16 B/op`. Lines of one name (`-count`) are its samples; each unit is
//! a benchmark of its own. Where the output is of several packages, their paths are part of the names.

use std::{
    collections::{BTreeSet, HashMap},
    io::BufRead,
};

use super::{Found, lines};
use crate::domain::{benchmark::Benchmark, regression::Direction};

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let mut found: Vec<Benchmark> = Vec::new();
    let mut places: HashMap<(usize, String), usize> = HashMap::new();
    let mut packages: Vec<String> = vec![String::new()];
    // Which package each benchmark is of.
    let mut owners: Vec<usize> = Vec::new();
    lines(stream, |line| {
        if let Some(package) = line.strip_prefix("pkg: ") {
            packages.push(package.trim().to_owned());
            return;
        }
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
            let package = packages.len() - 1;
            let place = *places.entry((package, key.clone())).or_insert_with(|| {
                found.push(Benchmark::number(key, unit, direction, None));
                owners.push(package);
                found.len() - 1
            });
            if let Some(benchmark) = found.get_mut(place) {
                benchmark.samples.push(value.parse().unwrap_or(f64::NAN));
            }
        }
    })?;
    // The one package of a file is not worth a word: files of `go test ./pkg` and of `cd pkg; go test` compare.
    if owners.iter().collect::<BTreeSet<_>>().len() > 1 {
        for (benchmark, package) in found.iter_mut().zip(&owners) {
            let package = packages.get(*package).filter(|package| !package.is_empty());
            benchmark.name = package.map_or_else(|| benchmark.name.clone(), |package| format!("{package}.{}", benchmark.name));
        }
    }
    Ok(found)
}
