//! How often each rule alarms although nothing is worse than it may be: `cargo bench --bench false_alarms [-- RUNS [NAME]]`; with a
//! name, only rules that have it in theirs.
//!
//! 10,000 seeded runs of each rule: with no change, with a change that lies exactly at the rule's margin (where it has one), and with
//! a change for the worse. A rule that alarms more often than its level and three standard errors of the simulation allow, in the
//! first or the second, fails the benchmark. Rules that are not ours are there to be compared with: they have no level to keep.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "its output is for people")]
#![expect(clippy::cast_precision_loss, reason = "counts are small")]

#[path = "false_alarms/adaptive.rs"]
mod adaptive;
#[path = "false_alarms/quick.rs"]
mod quick;
#[path = "false_alarms/single.rs"]
mod single;
#[path = "false_alarms/watching.rs"]
mod watching;

use std::{process::ExitCode, thread};

use prompt_cicd::domain::stats::rng::SplitMix64;

const RUNS: u64 = 10_000;
const ALPHA: f64 = 0.05;

/// What is true of head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// Nothing changed.
    Same,
    /// As much worse as the margin allows.
    AtMargin,
    /// Worse by the rule's change.
    Worse,
}

/// Whether a rule alarms on what a source gives; `None` where it cannot say.
type Alarms = Box<dyn Fn(&mut Source, Truth) -> Option<bool> + Sync>;

/// A rule under test.
struct Rule {
    name: &'static str,
    /// What `Truth::Worse` is.
    change: &'static str,
    looks: usize,
    /// How often it may alarm; `None`: it promises nothing.
    level: Option<f64>,
    /// Whether it alarms; `None` where it has no margin.
    alarms: Alarms,
}

fn main() -> ExitCode {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(RUNS);
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-') && argument.parse::<u64>().is_err());
    println!("{runs} runs, α = {ALPHA}; margins and levels as they are by default\n");
    println!("| rule | looks | level | alarms, no change | alarms, at the margin | change | seen |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let mut over = 0;
    for rule in single::rules().into_iter().chain(watching::rules()).chain(adaptive::rules()) {
        if wanted.as_ref().is_some_and(|wanted| !rule.name.contains(wanted.as_str())) {
            continue;
        }
        let [same, margin, seen] = [Truth::Same, Truth::AtMargin, Truth::Worse].map(|truth| share(&rule, truth, runs));
        let limit = rule.level.map(|level| level + 3.0 * (level * (1.0 - level) / runs as f64).sqrt());
        let exceeded = limit.is_some_and(|limit| same.into_iter().chain(margin).any(|alarms| alarms > limit));
        over += u32::from(exceeded);
        let percent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", 100.0 * value));
        let verdict = if exceeded { " OVER" } else { "" };
        let (level, same, margin, seen) = (percent(rule.level), percent(same), percent(margin), percent(seen));
        println!("| {} | {} | {level} | {same} | {margin} | {} | {seen} |{verdict}", rule.name, rule.looks, rule.change);
    }
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The share of runs that alarm.
fn share(rule: &Rule, truth: Truth, runs: u64) -> Option<f64> {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let count = |first: u64| {
        let one = |seed| (rule.alarms)(&mut Source::new(seed), truth);
        (first..runs).step_by(usize::try_from(threads).unwrap()).map(one).try_fold(0_u64, |count, alarm| Some(count + u64::from(alarm?)))
    };
    let counts: Option<u64> = thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || count(first))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).sum()
    });
    counts.map(|alarms| alarms as f64 / runs as f64)
}

/// What is drawn from `SplitMix64`.
#[derive(Clone)]
struct Source(SplitMix64);

impl Source {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(20_261_121)))
    }

    fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// Whether this run is one of those, about one of 256, that are decided the long way as well.
    fn is_checked(&self) -> bool {
        self.0.clone().next_u64().is_multiple_of(256)
    }

    /// A standard normal number (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (2.0 * std::f64::consts::PI * self.unit()).cos()
    }

    /// A latency: log-normal, σ = 0.4 of the logarithm, median 800 ms.
    fn latency(&mut self) -> f64 {
        800.0 * (0.4 * self.normal()).exp()
    }

    /// A score in 0..=1: often full marks, mean 0.7.
    fn score(&mut self) -> f64 {
        if self.unit() < 0.4 { 1.0 } else { self.unit() }
    }

    fn failures(&mut self, requests: usize, rate: f64) -> u64 {
        (0..requests).filter(|_| self.unit() < rate).count() as u64
    }
}
