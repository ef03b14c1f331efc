//! Reference values of scipy, statsmodels, pymannkendall, gbstats and confseq, kept in `tests/data/stats`.
//! `cargo test --lib oracle_series -- --nocapture` prints the worst error of each kind.

mod families;
mod sequences;
mod trends;

use std::collections::BTreeMap;

use serde_json::Value;

/// Worst errors in units of the value, by name, with the tolerance that was asked for.
#[derive(Default)]
struct Table(BTreeMap<&'static str, Row>);

#[derive(Default)]
struct Row {
    count: u32,
    worst: f64,
    tolerance: f64,
    failures: Vec<String>,
}

impl Table {
    /// Relative to the larger of the expected magnitude and `scale`, the size below which digits mean nothing.
    fn check(&mut self, name: &'static str, at: &str, (got, expected): (f64, f64), scale: f64, tolerance: f64) {
        let row = self.0.entry(name).or_default();
        let error = if got.total_cmp(&expected).is_eq() || (got - expected).abs() <= 0.0 {
            0.0
        } else {
            (got - expected).abs() / expected.abs().max(scale)
        };
        row.count += 1;
        row.tolerance = tolerance;
        row.worst = row.worst.max(error);
        if error.is_nan() || error > tolerance {
            row.failures.push(format!("{name} {at}: {got} instead of {expected}, error {error:e}"));
        }
    }

    fn finish(&self, kind: &str, least: u32) {
        for (name, row) in &self.0 {
            println!("{kind:<12} {name:<28} {:>5} values  worst error {:>9.2e}  tolerance {:e}", row.count, row.worst, row.tolerance);
        }
        let failures: Vec<&String> = self.0.values().flat_map(|row| &row.failures).collect();
        assert!(failures.is_empty(), "{} of {kind} are off:\n{failures:#?}", failures.len());
        let count: u32 = self.0.values().map(|row| row.count).sum();
        assert!(count >= least, "only {count} values of {kind} were compared");
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}
