//! Every statistic against reference values of scipy and statsmodels (`tests/data/stats`, excerpts of the project's
//! oracle). Each test prints its kinds with counts and worst errors: `cargo test --lib oracle -- --nocapture`.

mod paired;
mod proportion;
mod ranks;
pub(super) mod recipe;
mod t_tests;
mod tails;

use std::collections::BTreeMap;

use serde_json::Value;

/// The worst error of each kind, against its tolerance.
#[derive(Default)]
struct Errors {
    kinds: BTreeMap<&'static str, Kind>,
}

struct Kind {
    count: usize,
    worst: f64,
    tolerance: f64,
    place: String,
}

impl Errors {
    /// The relative error; an expected 0 must be met to 1e-300, or to the tolerance times `scale`.
    fn scaled(&mut self, kind: &'static str, tolerance: f64, place: &str, got: f64, expected: &Value, scale: f64) {
        let expected = number(expected);
        let size = expected.abs().max(scale).max(1e-300);
        let error = if got.total_cmp(&expected).is_eq() { 0.0 } else { (got - expected).abs() / size };
        let entry = self.kinds.entry(kind).or_insert_with(|| Kind { count: 0, worst: 0.0, tolerance, place: String::new() });
        entry.count += 1;
        if error > entry.worst || error.is_nan() {
            entry.worst = if error.is_nan() { f64::INFINITY } else { error };
            entry.place = format!("{place}: {got:e} for {expected:e}");
        }
    }

    fn relative(&mut self, kind: &'static str, tolerance: f64, place: &str, got: f64, expected: &Value) {
        self.scaled(kind, tolerance, place, got, expected, 0.0);
    }

    fn check(&self) {
        println!("\n{:<34} {:>6} {:>10} {:>10}  at", "kind", "count", "worst", "allowed");
        for (name, kind) in &self.kinds {
            println!("{name:<34} {:>6} {:>10.1e} {:>10.0e}  {}", kind.count, kind.worst, kind.tolerance, kind.place);
        }
        let over: Vec<_> = self.kinds.iter().filter(|(_, kind)| kind.worst > kind.tolerance).map(|(name, _)| name).collect();
        assert!(over.is_empty(), "beyond tolerance: {over:?}");
    }
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("{value} is no number")),
    }
}

fn count_of(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// The 300 pairs with their samples.
fn pairs() -> Vec<(Value, Vec<f64>, Vec<f64>)> {
    let rows = rows(include_str!("../../../../tests/data/stats/pairs.json"));
    rows.into_iter()
        .map(|row| {
            let (a, b) = (recipe::sample(&row["a"]), recipe::sample(&row["b"]));
            (row, a, b)
        })
        .collect()
}
