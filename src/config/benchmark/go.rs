//! `go test -bench`: `BenchmarkName-8  1000  123 ns/op  16 B/op`. Lines of one name (`-count`) are its samples; each unit is
//! a benchmark of its own. Where the output is of several packages, their paths are part of the names. A benchmark that failed
//! (`--- FAIL: BenchmarkName`) is named; a package that failed without naming one makes the file unusable.

use std::{
    collections::{BTreeSet, HashMap},
    io::BufRead,
};

use super::{Found, Wrong, lines};
use crate::{
    config::suggest,
    domain::{benchmark::Benchmark, regression::Direction},
};

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let mut found: Vec<Benchmark> = Vec::new();
    let mut places: HashMap<(usize, String), usize> = HashMap::new();
    let mut packages: Vec<String> = vec![String::new()];
    // Which package each benchmark is of.
    let mut owners: Vec<usize> = Vec::new();
    let mut failures = Failures::default();
    lines(stream, |at, line| {
        if let Some(package) = line.strip_prefix("pkg: ") {
            packages.push(package.trim().to_owned());
            failures.named = 0;
            return;
        }
        if failures.take(at, line, packages.len() - 1) {
            return;
        }
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| name.starts_with("Benchmark")) else { return };
        if words.next().is_none_or(|iterations| iterations.parse::<u64>().is_err()) {
            return;
        }
        let name = without_processors(name);
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
    if let Some(wrong) = failures.wrong {
        return Err(wrong);
    }
    for (package, name) in failures.benchmarks {
        fail(&mut found, &mut owners, package, &name);
    }
    // The one package of a file is not worth a word: files of `go test ./pkg` and of `cd pkg; go test` compare.
    if owners.iter().collect::<BTreeSet<_>>().len() > 1 {
        for (benchmark, package) in found.iter_mut().zip(&owners) {
            let package = packages.get(*package).filter(|package| !package.is_empty());
            benchmark.name = package.map_or_else(|| benchmark.name.clone(), |package| format!("{package}.{}", benchmark.name));
        }
    }
    Ok(found)
}

/// What failed.
#[derive(Default)]
struct Failures {
    /// The benchmarks, each with the place of its package.
    benchmarks: Vec<(usize, String)>,
    /// How many of them since the last package began.
    named: usize,
    /// Whether a package failed because of them.
    explained: bool,
    /// A failure that none of them explains.
    wrong: Option<Wrong>,
}

impl Failures {
    /// Whether the line tells of a failure, which is kept.
    fn take(&mut self, at: usize, line: &str, package: usize) -> bool {
        // The name stands before it already where the benchmark had begun to run.
        if let Some((_, of)) = line.split_once("--- FAIL: ") {
            let of = of.split_whitespace().next().unwrap_or_default();
            if of.starts_with("Benchmark") {
                self.benchmarks.push((package, without_processors(of).to_owned()));
                self.named += 1;
            } else {
                self.unexplained(at, format!("`{}` failed, and benchmarks run only after tests that hold", suggest::shorten(of)));
            }
            return true;
        }
        if let Some(of) = line.strip_prefix("FAIL\t").or_else(|| line.strip_prefix("FAIL ")) {
            self.explained |= self.named > 0;
            if self.named == 0 {
                self.unexplained(at, format!("the package `{}` failed", suggest::shorten(of.trim())));
            }
            self.named = 0;
            return true;
        }
        if line == "FAIL" && self.named == 0 && !self.explained || line.starts_with("panic: ") {
            self.unexplained(at, format!("the run failed: `{}`", suggest::shorten(line)));
            return true;
        }
        false
    }

    fn unexplained(&mut self, at: usize, message: String) {
        self.wrong.get_or_insert_with(|| Wrong::at(at, message));
    }
}

/// The number of processors is no part of the name.
fn without_processors(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, processors)) if processors.parse::<u32>().is_ok() => name,
        Some(_) | None => name,
    }
}

/// Marks all numbers of a benchmark that failed, and those of the benchmarks within it; where it has none it gets an entry, so that it is
/// not just missing.
fn fail(found: &mut Vec<Benchmark>, owners: &mut Vec<usize>, package: usize, name: &str) {
    let fault = || Some("the benchmark failed".to_owned());
    let is_it = |of: &str| of.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/']));
    let mut any = false;
    for (benchmark, _) in found.iter_mut().zip(owners.iter()).filter(|(benchmark, owner)| **owner == package && is_it(&benchmark.name)) {
        benchmark.fault = fault();
        any = true;
    }
    if !any {
        found.push(Benchmark::number(name, "ns/op", Direction::LowerIsBetter, None).with_fault(fault()));
        owners.push(package);
    }
}
