//! What `benches/rollouts.rs` measures, held to its limits in every test run: 1,000 seeded rollouts of each kind.

#[path = "../../../benches/rollouts/simulate.rs"]
mod simulate;

use simulate::{Candidate, End, SAME, roll_out};

const RUNS: u64 = 1_000;

fn ends(candidate: Candidate, of: fn(End) -> bool) -> usize {
    (0..RUNS).filter(|seed| of(roll_out(candidate, *seed))).count()
}

fn is_early(end: End) -> bool {
    matches!(end, End::RolledBack(reached) if reached < 50)
}

#[test]
fn at_most_one_good_version_in_twenty_is_rolled_back() {
    let taken_back = ends(SAME, |end| matches!(end, End::RolledBack(_)));
    assert!(taken_back <= 50, "{taken_back} of 1,000");
}

#[test]
fn a_good_version_arrives() {
    let arrived = (0..100).filter(|seed| roll_out(SAME, *seed) == End::Completed).count();
    assert!(arrived >= 95, "{arrived} of 100");
}

#[test]
fn nineteen_of_twenty_slow_versions_are_caught_before_half_of_the_traffic() {
    let caught = ends(Candidate { latency: 600.0, ..SAME }, is_early);
    assert!(caught >= 950, "{caught} of 1,000");
}

#[test]
fn nineteen_of_twenty_failing_versions_are_caught_before_half_of_the_traffic() {
    let caught = ends(Candidate { errors: 0.06, ..SAME }, is_early);
    assert!(caught >= 950, "{caught} of 1,000");
}
