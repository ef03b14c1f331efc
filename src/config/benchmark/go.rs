//! `go test -bench`: `BenchmarkName-8  1000  123 ns/op  16 B/op`. Lines of one name (`-count`) are its samples; each unit is
//! a benchmark of its own. Where the output is of several packages, their paths are part of the names. A benchmark that failed
//! (`--- FAIL: BenchmarkName`), or whose line was never ended, is named; a package that failed without naming one makes the file unusable,
//! and so does one that began (`goos:`, `pkg:`) and never came to `PASS`, `ok` or `FAIL`. Lines without any such frame are read as they are.

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
    let mut progress = Progress::default();
    lines(stream, |at, line| {
        progress.take(at, line, &mut failures);
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
        let package = packages.len() - 1;
        let has_numbers = words.next().is_some_and(|iterations| iterations.parse::<u64>().is_ok()) && words.clone().count() > 1;
        let name = without_processors(name);
        if !has_numbers {
            if is_begun(line) {
                progress.begin(package, name);
            }
            return;
        }
        progress.end(package, name);
        while let (Some(value), Some(unit)) = (words.next(), words.next()) {
            let direction = if unit.ends_with("/s") { Direction::HigherIsBetter } else { Direction::LowerIsBetter };
            let key = if unit == "ns/op" { name.to_owned() } else { format!("{name} ({unit})") };
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
    progress.finish(&mut failures);
    if let Some(wrong) = failures.wrong {
        return Err(wrong);
    }
    for (package, name) in failures.benchmarks {
        fail(&mut found, &mut owners, (package, &name), "the benchmark failed");
    }
    for (package, name) in progress.begun {
        fail(&mut found, &mut owners, (package, &name), "its last line has no numbers: the benchmark did not end");
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

/// How far the run has come.
#[derive(Default)]
struct Progress {
    /// The line of the frame that is open, and whether it has a benchmark.
    open: Option<(usize, bool)>,
    /// The benchmarks that have begun and have no numbers yet, each with the place of its package.
    begun: BTreeSet<(usize, String)>,
}

impl Progress {
    fn take(&mut self, at: usize, line: &str, failures: &mut Failures) {
        if line.starts_with("goos: ") || line.starts_with("pkg: ") {
            if let Some((began, true)) = self.open {
                did_not_end(began, failures);
                self.open = None;
            }
            self.open.get_or_insert((at, false));
        } else if matches!(line, "PASS" | "FAIL") || ["FAIL\t", "FAIL ", "ok  "].iter().any(|end| line.starts_with(end)) {
            self.open = None;
        } else if let Some((_, has_benchmark)) = &mut self.open {
            *has_benchmark |= line.starts_with("Benchmark");
        }
    }

    fn begin(&mut self, package: usize, name: &str) {
        self.begun.insert((package, name.to_owned()));
    }

    /// With its numbers a benchmark has ended; one that only has others within it never gets numbers.
    fn end(&mut self, package: usize, name: &str) {
        let outer = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        for name in outer.chain([name]) {
            self.begun.remove(&(package, name.to_owned()));
        }
    }

    fn finish(&mut self, failures: &mut Failures) {
        if let Some((began, _)) = self.open {
            did_not_end(began, failures);
        }
        // What failed says so itself.
        for failed in &failures.benchmarks {
            self.begun.remove(failed);
        }
    }
}

fn did_not_end(began: usize, failures: &mut Failures) {
    failures.unexplained(began, "the run did not end: neither `PASS` nor `ok` nor `FAIL` follows".to_owned());
}

/// Whether a line without numbers is that of a benchmark that has begun: its name alone, or a tab after it as Go writes it. Programs may
/// print words that begin alike.
fn is_begun(line: &str) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    let is_name = name.strip_prefix("Benchmark").and_then(|rest| rest.chars().next()).is_some_and(|first| !first.is_lowercase());
    let rest = line.get(name.len()..).unwrap_or_default();
    is_name && (rest.is_empty() || rest.trim_start_matches(' ').starts_with('\t'))
}

/// The number of processors is no part of the name.
fn without_processors(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, processors)) if processors.parse::<u32>().is_ok() => name,
        Some(_) | None => name,
    }
}

/// Marks all numbers of a benchmark that failed or did not end, and those of the benchmarks within it; where it has none it gets an entry, so that it is
/// not just missing.
fn fail(found: &mut Vec<Benchmark>, owners: &mut Vec<usize>, (package, name): (usize, &str), why: &str) {
    let fault = || Some(why.to_owned());
    let is_it = |of: &str| of.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/']));
    let mut any = false;
    for (benchmark, _) in found.iter_mut().zip(owners.iter()).filter(|(benchmark, owner)| **owner == package && is_it(&benchmark.name)) {
        benchmark.fault = benchmark.fault.take().or_else(fault);
        any = true;
    }
    if !any {
        found.push(Benchmark::number(name, "ns/op", Direction::LowerIsBetter, None).with_fault(fault()));
        owners.push(package);
    }
}
