//! Sequential boundaries, confidence sequences and e-processes.

use serde_json::Value;

use super::{Table, number, numbers, parse};
use crate::domain::stats::sequential::{
    betting::{Bounds, EmpiricalBernstein, HedgedBetting},
    boundaries::{beta_binomial, gamma_exponential, normal_mixture_one_sided, normal_mixture_two_sided, poly_stitching},
    confidence_sequence::{Arm, asymptotic},
    e_process::{Failures, Sided, log_e},
};

const SEQUENTIAL: &str = include_str!("../../../../tests/data/stats/sequential.json");

fn entries(kind: &str) -> Vec<Value> {
    parse(SEQUENTIAL)[kind].as_array().unwrap().clone()
}

#[test]
fn curved_boundaries() {
    let mut table = Table::default();
    for kind in ["normal_mixture_bound", "gamma_exponential_bound", "poly_stitching", "beta_binomial_bound"] {
        for entry in entries(kind) {
            let of = |key| number(&entry, key);
            let (v, alpha) = (of("v"), of("alpha"));
            let mut check = |name, got: Result<f64, _>, key| {
                table.check(name, &entry.to_string(), (got.unwrap(), of(key)), 0.0, 1e-9);
            };
            match kind {
                "normal_mixture_bound" => {
                    check("normal mixture, two-sided", normal_mixture_two_sided(v, alpha, of("v_opt")), "two_sided");
                    check("normal mixture, one-sided", normal_mixture_one_sided(v, alpha, of("v_opt")), "one_sided");
                }
                "gamma_exponential_bound" => {
                    check("gamma-exponential", gamma_exponential(v, alpha, of("v_opt"), of("c")), "bound");
                }
                "poly_stitching" => {
                    check("stitching", poly_stitching(v, alpha, of("v_min"), of("c"), of("s"), of("eta")), "bound");
                }
                _ => check("beta-binomial", beta_binomial(v, alpha, of("v_opt"), of("g"), of("h")), "one_sided"),
            }
        }
    }
    table.finish("sequential", 48);
}

#[test]
fn asymptotic_sequences() {
    let mut table = Table::default();
    for entry in entries("asymptotic_cs") {
        let of = |key: &str| number(&entry, key);
        let arm = |name: &str| Arm {
            n: entry[format!("n_{name}")].as_u64().unwrap(),
            mean: of(&format!("mean_{name}")),
            variance: of(&format!("sd_{name}")).powi(2),
        };
        let got = asymptotic(&arm("a"), &arm("b"), of("alpha"), of("tuning")).unwrap();
        let ends = numbers(&entry["ci"]);
        table.check("difference", "", (got.difference, of("diff_b_minus_a")), 0.0, 1e-9);
        table.check("asymptotic interval", "", (got.low, ends[0]), 0.0, 1e-9);
        table.check("asymptotic interval", "", (got.high, ends[1]), 0.0, 1e-9);
        table.check("asymptotic p", "", (got.p_value, of("p_value")), 0.0, 1e-6);
    }
    table.finish("sequential", 40);
}

#[test]
fn bounded_means() {
    let mut table = Table::default();
    let samples: Vec<Vec<f64>> = entries("empirical_bernstein_cs").iter().map(|entry| numbers(&entry["x"])).collect();
    for (entry, sample) in entries("empirical_bernstein_cs").iter().zip(&samples) {
        let mut sequence = EmpiricalBernstein::new(number(entry, "alpha")).unwrap();
        let bounds: Vec<Bounds> = sample.iter().map(|x| sequence.push(*x).unwrap()).collect();
        compare(&mut table, "empirical Bernstein", entry, &bounds, 1e-9);
    }
    for entry in entries("hedged_betting_cs") {
        let mut sequence = HedgedBetting::new(number(&entry, "alpha")).unwrap();
        let sample = &samples[usize::try_from(entry["x_same_as"].as_u64().unwrap()).unwrap()];
        let bounds: Vec<Bounds> = sample.iter().map(|x| sequence.push(*x).unwrap()).collect();
        compare(&mut table, "hedged betting", &entry, &bounds, 2e-3);
    }
    table.finish("sequential", 100);
}

fn compare(table: &mut Table, name: &'static str, entry: &Value, bounds: &[Bounds], tolerance: f64) {
    let expected = numbers(&entry["lower"]).into_iter().zip(numbers(&entry["upper"]));
    for (at, (lower, upper)) in entry["at"].as_array().unwrap().iter().zip(expected) {
        let got = bounds[usize::try_from(at.as_u64().unwrap()).unwrap() - 1];
        // Absolute errors.
        table.check(name, &format!("lower at {at}"), (got.low, lower), 1.0, tolerance);
        table.check(name, &format!("upper at {at}"), (got.high, upper), 1.0, tolerance);
    }
}

#[test]
fn evidence() {
    let mut table = Table::default();
    for entry in entries("conditional_beta_binomial_log_e") {
        let failures = Failures { base: entry["base_failures"].as_u64().unwrap(), canary: entry["canary_failures"].as_u64().unwrap() };
        let got = log_e(failures, number(&entry, "w"), number(&entry, "k"), Sided::Two).unwrap();
        table.check("log e", &entry.to_string(), (got, number(&entry, "log_e")), 1.0, 1e-9);
    }
    table.finish("sequential", 8);
}
