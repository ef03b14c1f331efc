//! Whole runs of benchmarks as baselines: one number of each benchmark for each run.
//!
//! A run's number is the median of its samples, else the tool's value; of shares the mean, as the median of passes and failures says
//! nothing. What a number is of (unit, direction, median or value) stands beside it as the benchmark's definition: numbers of another
//! definition are not its past.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Benchmark, SHARE, unit::is_counted};
use crate::domain::{
    digest,
    history::baseline::{BaselineRun, Definitions, Values},
    regression::Direction,
    stats::{mean, quantile::quantile},
};

/// What the name of a record begins with, apart from those of suites.
pub const PREFIX: &str = "benchmarks/";
/// What stands where a run of a suite has its prompt's digest.
const KIND: &str = "benchmarks";
const NUMBER: &str = "number";
const SAMPLES: &str = "samples";

/// A run that can be recorded, and what of it cannot.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Tells the measurement from every other: a file that is recorded twice is one run.
    pub id: String,
    /// What each number is of.
    pub definitions: Definitions,
    /// The numbers, and of how many samples each is.
    pub values: Values,
    /// Benchmarks without a usable number, each with the reason.
    pub left_out: Vec<String>,
}

impl Measured {
    /// Of a file's benchmarks.
    pub fn of(benchmarks: &[Benchmark]) -> Self {
        let (mut definitions, mut values, mut left_out) = (Definitions::new(), Values::new(), Vec::new());
        for benchmark in benchmarks {
            match middle(benchmark) {
                Ok((number, what)) => {
                    let name = benchmark.name.clone();
                    definitions.insert(name.clone(), definition(benchmark, what));
                    values.entry(NUMBER.to_owned()).or_default().insert(name.clone(), number);
                    let seen = crate::domain::stats::sample::count(benchmark.samples.seen().max(1));
                    values.entry(SAMPLES.to_owned()).or_default().insert(name, seen);
                }
                Err(why) => left_out.push(format!("`{}` {why}", benchmark.name)),
            }
        }
        let id = format!("{PREFIX}{}", digest::of_json(&json!([definitions, values])));
        Self { id, definitions, values, left_out }
    }

    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// As it is recorded: when, at which commit, by which tool, and whether the commit lies aside of the default branch.
    pub fn into_run(self, at: String, commit: Option<String>, tool: &str, aside: bool) -> BaselineRun {
        let Self { id, definitions, values, .. } = self;
        // Counts and shares come again by themselves; times that are the same to the last digit were taken once.
        let comes_again = definitions.values().filter_map(|written| read(written)).all(|(unit, _)| unit == SHARE || is_counted(&unit));
        let id = if comes_again { format!("{id}@{}", commit.as_deref().unwrap_or(&at)) } else { id };
        BaselineRun { id, at, commit, aside, model: tool.to_owned(), digest: KIND.to_owned(), cases: definitions, values }
    }
}

fn definition(benchmark: &Benchmark, what: &str) -> String {
    let direction = match benchmark.direction {
        Direction::HigherIsBetter => "higher-is-better",
        Direction::LowerIsBetter => "lower-is-better",
    };
    json!([benchmark.unit, direction, what]).to_string()
}

/// The one number of a run and what it is, or why there is none.
fn middle(benchmark: &Benchmark) -> Result<(f64, &'static str), String> {
    if let Some(fault) = &benchmark.fault {
        return Err(fault.clone());
    }
    if let Some(gaps) = &benchmark.gaps {
        return Err(gaps.why.clone());
    }
    let samples = benchmark.samples.values();
    if benchmark.samples.is_unusable() {
        return Err("has a sample that is no finite number".to_owned());
    }
    if let Some(why) = benchmark.impossible() {
        return Err(format!("cannot be recorded: {why}"));
    }
    let found = match samples {
        [] => benchmark.value.map(|value| (value, "value")),
        all if benchmark.unit == SHARE => mean(all).map(|value| (value, "mean")),
        all => quantile(all, 0.5).map(|value| (value, "median")),
    };
    match found {
        Some((value, what)) if value.is_finite() && value >= 0.0 => Ok((value, what)),
        Some((value, _)) => Err(format!("has the value {value}, which is no measurement")),
        None => Err("has no value".to_owned()),
    }
}

/// One run of each commit: several of them share the build, most often the machine and the minute, and say little of how the next run
/// differs. Of each benchmark the newest number of a commit counts; what only an older run of it has is added. Of no commit runs are told
/// apart by the times at which they were recorded: `is_near` says of two whether they are close. Oldest first, as they come; and how many
/// runs were put together with a newer one.
pub fn one_of_each_commit(runs: Vec<BaselineRun>, is_near: impl Fn(&str, &str) -> bool) -> (Vec<BaselineRun>, usize) {
    let whole = runs.len();
    let mut kept: Vec<BaselineRun> = Vec::new();
    for run in runs.into_iter().rev() {
        let is_one = |newer: &BaselineRun| match (&newer.commit, &run.commit) {
            (Some(one), Some(other)) => one == other,
            (None, None) => is_near(&newer.at, &run.at),
            (Some(_), None) | (None, Some(_)) => false,
        };
        match kept.iter_mut().rev().find(|newer| is_one(newer)) {
            Some(newer) => add(newer, run),
            None => kept.push(run),
        }
    }
    kept.reverse();
    let together = whole - kept.len();
    (kept, together)
}

/// Adds the benchmarks that only the older run has.
fn add(newer: &mut BaselineRun, older: BaselineRun) {
    for (metric, numbers) in older.values {
        let more = numbers.into_iter().filter(|(name, _)| !newer.cases.contains_key(name));
        newer.values.entry(metric).or_default().extend(more);
    }
    for (name, definition) in older.cases {
        newer.cases.entry(name).or_insert(definition);
    }
}

/// The runs as base: each benchmark with a number for each run that has it as the newest of them does, oldest first.
pub fn base(runs: &[&BaselineRun]) -> Vec<Benchmark> {
    let mut newest = Definitions::new();
    for run in runs {
        newest.extend(run.cases.iter().map(|(name, definition)| (name.clone(), definition.clone())));
    }
    let benchmark = |(name, written): (&String, &String)| {
        let of_run = |run: &&&BaselineRun| run.cases.get(name) == Some(written);
        let numbers = runs.iter().filter(of_run).filter_map(|run| run.values.get(NUMBER)?.get(name).copied());
        let (unit, direction) = read(written)?;
        Some(Benchmark::number(name, unit, direction, None).with_samples(numbers.collect()))
    };
    newest.iter().filter_map(benchmark).collect()
}

/// Of pinned runs those benchmarks that can decide something: one of fewer than `fewest` numbers goes, where the last runs have it and judge
/// it by themselves. Returns what is left, and how many benchmarks went.
pub fn without_small(mut pinned: Vec<BaselineRun>, last: &[BaselineRun], fewest: usize) -> (Vec<BaselineRun>, usize) {
    let is_small =
        |benchmark: &Benchmark| benchmark.samples.values().len() < fewest && last.iter().any(|run| run.cases.contains_key(&benchmark.name));
    let small: BTreeSet<String> =
        base(&pinned.iter().collect::<Vec<_>>()).into_iter().filter(is_small).map(|benchmark| benchmark.name).collect();
    if !small.is_empty() {
        for run in &mut pinned {
            run.cases.retain(|name, _| !small.contains(name));
        }
        pinned.retain(|run| !run.cases.is_empty());
    }
    (pinned, small.len())
}

fn read(definition: &str) -> Option<(String, Direction)> {
    let parts: Vec<Value> = serde_json::from_str(definition).ok()?;
    let direction = match parts.get(1)?.as_str()? {
        "higher-is-better" => Direction::HigherIsBetter,
        "lower-is-better" => Direction::LowerIsBetter,
        _ => return None,
    };
    Some((parts.first()?.as_str()?.to_owned(), direction))
}

/// Head as one run: each benchmark with its one number. A benchmark that lacks answers, or is of much fewer samples than the runs
/// are, is no run like them.
pub fn head(benchmarks: &[Benchmark], runs: &[&BaselineRun]) -> Vec<Benchmark> {
    benchmarks.iter().map(|benchmark| one(benchmark, runs)).collect()
}

fn one(benchmark: &Benchmark, runs: &[&BaselineRun]) -> Benchmark {
    let bare = Benchmark::number(&benchmark.name, &benchmark.unit, benchmark.direction, None);
    let fewest = runs.iter().filter_map(|run| run.values.get(SAMPLES)?.get(&benchmark.name).copied()).fold(f64::INFINITY, f64::min);
    let seen = crate::domain::stats::sample::count(benchmark.samples.seen().max(1));
    match middle(benchmark) {
        Ok((value, _)) => {
            let few = (2.0 * seen < fewest && fewest.is_finite()).then(|| {
                format!("{seen} samples, where the runs of the baseline have at least {fewest}: its middle varies more than theirs")
            });
            Benchmark { value: Some(value), ..bare }.with_fault(few)
        }
        Err(why) => Benchmark { value: benchmark.value, ..bare }.with_fault(Some(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(unit: &str, samples: &[f64]) -> Benchmark {
        Benchmark::number("b", unit, Direction::LowerIsBetter, None).with_samples(samples.iter().copied().collect())
    }

    fn run(at: &str, benchmark: Benchmark) -> BaselineRun {
        Measured::of(&[benchmark]).into_run(at.to_owned(), Some(at.to_owned()), "hyperfine", false)
    }

    #[test]
    fn a_run_is_its_median_and_its_id_is_what_was_measured() {
        let one = Measured::of(&[benchmark("s", &[1.0, 9.0, 2.0])]);
        assert!((one.values[NUMBER]["b"] - 2.0).abs() < 1e-12 && (one.values[SAMPLES]["b"] - 3.0).abs() < 1e-12);
        assert_eq!(one.id, Measured::of(&[benchmark("s", &[9.0, 1.0, 2.0])]).id);
        assert_ne!(one.id, Measured::of(&[benchmark("ms", &[1.0, 9.0, 2.0])]).id);
        let share = Measured::of(&[benchmark(SHARE, &[1.0, 1.0, 0.0, 1.0])]);
        assert!((share.values[NUMBER]["b"] - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_measurement_is_not_recorded() {
        let failed = benchmark("s", &[1.0]).with_fault(Some("ended with 1".to_owned()));
        let odd = benchmark("s", &[f64::NAN, 1.0]);
        let none = benchmark("s", &[]);
        let (zero, negative) = (benchmark("ms", &[0.0, 1.0, 1.0]), benchmark("ns", &[1.0, -1.0, 1.0]));
        assert!(!Measured::of(&[benchmark("B", &[0.0, 1.0, 1.0])]).is_empty(), "no bytes are a number as any other");
        for (benchmark, why) in [(zero, "is 0, which no time can be"), (negative, "is negative, which no time can be")] {
            let found = Measured::of(&[benchmark]);
            assert!(found.is_empty() && found.left_out[0].contains(why), "{found:?}");
        }
        for (benchmark, why) in [(failed, "ended with 1"), (odd, "no finite number"), (none, "has no value")] {
            let found = Measured::of(&[benchmark]);
            assert!(found.is_empty() && found.left_out[0].contains(why), "{found:?}");
        }
    }

    #[test]
    fn only_numbers_of_one_kind_are_a_past() {
        let runs = [run("1", benchmark("s", &[1.0])), run("2", benchmark("ms", &[900.0])), run("3", benchmark("ms", &[1000.0]))];
        let base = base(&runs.iter().collect::<Vec<_>>());
        assert_eq!((base.len(), base[0].unit.as_str(), base[0].samples.values()), (1, "ms", &[900.0, 1000.0][..]));
    }

    #[test]
    fn a_small_pin_is_left_out_only_where_the_last_runs_have_the_benchmark() {
        let of = |name: &str, at: &str| run(at, Benchmark { name: name.to_owned(), ..benchmark("s", &[1.0]) });
        let pinned = vec![of("a", "1"), of("gone", "2"), of("a", "3"), of("b", "4")];
        let (left, small) = without_small(pinned.clone(), &[of("a", "5"), of("b", "6")], 2);
        assert_eq!((left.len(), small), (3, 1));
        assert!(left.iter().all(|run| !run.cases.contains_key("b")));
        assert_eq!(without_small(pinned.clone(), &[], 2), (pinned, 0));
    }

    #[test]
    fn runs_of_one_commit_are_one_run() {
        let of = |at: &str, commit: Option<&str>, name: &str, value: f64| {
            let commit = commit.map(str::to_owned);
            let benchmark = Benchmark { name: name.to_owned(), ..benchmark("s", &[value]) };
            BaselineRun { commit, ..run(at, benchmark) }
        };
        let at = |minute: u32| minute.to_string();
        let minutes = |at: &str| at.parse::<u32>().unwrap();
        let is_near = |one: &str, other: &str| minutes(one).abs_diff(minutes(other)) < 60;
        let runs = vec![
            of(&at(0), Some("one"), "a", 1.0),
            of(&at(1), Some("one"), "b", 2.0),
            of(&at(2), Some("two"), "a", 3.0),
            of(&at(3), Some("one"), "a", 4.0),
        ];
        let (kept, together) = one_of_each_commit(runs, is_near);
        let commits: Vec<&str> = kept.iter().filter_map(|run| run.commit.as_deref()).collect();
        assert_eq!((commits, together), (vec!["two", "one"], 2));
        // Its newest number of each benchmark; how many samples that is goes with it.
        let one = &kept[1];
        assert_eq!(one.values[NUMBER], [("a".to_owned(), 4.0), ("b".to_owned(), 2.0)].into());
        assert_eq!((one.cases.len(), one.values[SAMPLES].len()), (2, 2));
        // Of no commit: within an hour they are one; a commit's run is never one with them.
        let nowhere = [0, 59, 60, 119, 300].map(|minute| of(&at(minute), None, "a", f64::from(minute)));
        let (kept, together) = one_of_each_commit(nowhere.into_iter().chain([of(&at(301), Some("one"), "a", 9.0)]).collect(), is_near);
        let numbers: Vec<f64> = kept.iter().map(|run| run.values[NUMBER]["a"]).collect();
        assert_eq!((numbers, together), (vec![59.0, 119.0, 300.0, 9.0], 2));
    }

    #[test]
    fn a_run_of_few_samples_is_no_run_like_the_others() {
        let runs = [run("1", benchmark("s", &[1.0; 40]))];
        let runs: Vec<&BaselineRun> = runs.iter().collect();
        assert_eq!(head(&[benchmark("s", &[1.0; 20])], &runs)[0].fault, None);
        let few = head(&[benchmark("s", &[1.0; 19])], &runs).remove(0);
        assert!(few.fault.unwrap().contains("19 samples, where the runs of the baseline have at least 40"));
    }
}
