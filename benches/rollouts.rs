//! How often a good version is rolled back, and how soon a bad one is caught: `cargo bench --bench rollouts`.
//!
//! 1,000 seeded rollouts of each kind, a check each 30 s. It fails when more than 5 % of the good ones are rolled back or fewer than 95 % of the bad
//! ones are caught before 50 %.
#![expect(clippy::print_stdout, reason = "its output is for people")]
#![expect(clippy::cast_precision_loss, reason = "counts are small")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

#[path = "rollouts/simulate.rs"]
mod simulate;

use std::{process::ExitCode, time::Instant};

use prompt_cicd::domain::stats::rng::SplitMix64;
use simulate::{Candidate, End, SAME, roll_out};

const RUNS: u64 = 1_000;

fn main() -> ExitCode {
    let mut failed = false;
    let runs = |candidate: Candidate| -> Vec<End> { (0..RUNS).map(|seed| roll_out(candidate, SplitMix64::new(seed).next_u64())).collect() };
    let share = |ends: &[End], of: fn(&End) -> bool| ends.iter().filter(|end| of(end)).count() as f64 / ends.len() as f64;
    let started = Instant::now();
    let healthy = runs(SAME);
    let rolled_back = share(&healthy, |end| matches!(end, End::RolledBack(_)));
    let completed = share(&healthy, |end| *end == End::Completed);
    println!("as good as stable          rolled back {:.1} % (at most 5 %), completed {:.1} %", rolled_back * 100.0, completed * 100.0);
    failed |= rolled_back > 0.05;
    for (name, candidate) in [
        ("+20 % latency             ", Candidate { latency: 600.0, ..SAME }),
        ("2 % to 6 % errors         ", Candidate { errors: 0.06, ..SAME }),
        ("both                      ", Candidate { latency: 600.0, errors: 0.06 }),
    ] {
        let ends = runs(candidate);
        let early = share(&ends, |end| matches!(end, End::RolledBack(reached) if *reached < 50));
        println!("{name} caught before 50 % {:.1} % (at least 95 %)", early * 100.0);
        failed |= early < 0.95;
    }
    println!("in {:.1} s", started.elapsed().as_secs_f64());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
