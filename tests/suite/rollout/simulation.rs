//! A small part of `benches/rollouts.rs`, whose figures are those of 1,000 rollouts.

#[path = "../../../benches/rollouts/simulate.rs"]
mod simulate;

use simulate::{Candidate, End, SAME, roll_out};

#[test]
fn good_versions_arrive_and_bad_ones_are_caught_early() {
    let good: Vec<End> = (0..12).map(|seed| roll_out(SAME, seed)).collect();
    assert!(good.iter().filter(|end| **end == End::Completed).count() >= 11, "{good:?}");
    for bad in [Candidate { latency: 600.0, ..SAME }, Candidate { errors: 0.06, ..SAME }] {
        let ends: Vec<End> = (0..8).map(|seed| roll_out(bad, seed)).collect();
        let early = ends.iter().filter(|end| matches!(end, End::RolledBack(reached) if *reached < 50)).count();
        assert!(early >= 7, "{bad:?}: {ends:?}");
    }
}
