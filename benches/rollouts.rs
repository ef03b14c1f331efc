//! How often a good version is rolled back, and how soon a bad one is caught: `cargo bench --bench rollouts`.
//!
//! 1,000 seeded rollouts of each kind, a check each 30 s, 600 requests between two checks. It fails when more than 5 % of the good ones are rolled
//! back, when fewer than 95 % of the bad ones are caught before 50 %, or when the reducer, optimised, makes fewer than 1,000,000 steps in a second.
#![expect(clippy::print_stdout, reason = "its output is for people")]
#![expect(clippy::cast_precision_loss, reason = "counts are small")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

#[path = "rollouts/simulate.rs"]
mod simulate;

use std::{process::ExitCode, time::Instant};

use prompt_cicd::domain::{
    rollout::{Event, Now, Plan, Rollout, VersionRef, WayBack, begin, step},
    stats::rng::SplitMix64,
};
use simulate::{Candidate, End, SAME, look, plan, roll_out};

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
    let speed = steps_per_second();
    println!("the reducer makes {speed:.0} steps in a second (at least 1000000)");
    failed |= !cfg!(debug_assertions) && speed < 1_000_000.0;
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A rollout at its first stage after one check, its plan, and the time.
fn begun() -> (Rollout, Plan, u64) {
    let plan = plan();
    let version = |number: &str| VersionRef { version: number.to_owned(), digest: number.repeat(64), commit: None };
    let mut rng = SplitMix64::new(1);
    let mut state = begin("production.greeting.1", (version("1"), version("2")), &plan, 0, Now::wall(1_000_000)).next;
    if let Some(operation) = state.intent.as_ref().map(|intent| intent.operation.clone())
        && let Ok(confirmed) = step(&state, &Event::Confirmed { operation }, Now::wall(1_000_000), &plan)
    {
        state = confirmed.next;
    }
    let event = look(&state, &plan, SAME, &mut rng);
    let checked = step(&state, &event, Now::wall(1_030_000), &plan);
    (checked.map_or(state, |checked| checked.next), plan, 1_030_000)
}

/// Time goes by for a rollout with two metrics that were just checked, step after step.
fn steps_per_second() -> f64 {
    const STEPS: u32 = 2_000_000;
    let (mut state, plan, mut now) = begun();
    let started = Instant::now();
    for _ in 0..STEPS {
        now += 1;
        match step(&state, &Event::Tick { storm: None, back: WayBack::Origin }, Now::wall(now), &plan) {
            Ok(next) => state = next.next,
            Err(refusal) => println!("{refusal}"),
        }
    }
    let speed = f64::from(STEPS) / started.elapsed().as_secs_f64();
    // What was made must be used, or it is not made.
    if state.sequence < u64::from(STEPS) { 0.0 } else { speed }
}
