//! Adjusted p-values, power, distribution functions.

use serde_json::Value;

use super::{Table, number, numbers, parse};
use crate::domain::stats::{
    multiplicity::{Method, adjust},
    power::{Design, Tails, Target, cohen_h, proportion_sample_size, t_detectable_effect, t_power, t_sample_size},
    special::{kolmogorov_sf, normal_sf, t_isf, t_sf},
};

const MULTIPLE: &str = include_str!("../../../../tests/data/stats/multiple.json");
const POWER: &str = include_str!("../../../../tests/data/stats/power.json");
const SPECIAL: &str = include_str!("../../../../tests/data/stats/special.json");

#[test]
fn adjusted_p_values() {
    let mut table = Table::default();
    for set in parse(MULTIPLE).as_array().unwrap() {
        for (name, method) in [
            ("bonferroni", Method::Bonferroni),
            ("holm", Method::Holm),
            ("hochberg", Method::Hochberg),
            ("bh", Method::BenjaminiHochberg),
            ("by", Method::BenjaminiYekutieli),
        ] {
            let got = adjust(method, &numbers(&set["p"])).unwrap();
            for (p, expected) in got.into_iter().zip(numbers(&set[name])) {
                table.check(name, "", (p, expected), 0.0, 1e-9);
            }
        }
    }
    table.finish("multiple", 1_000);
}

#[test]
fn planning() {
    let mut table = Table::default();
    for entry in parse(POWER).as_array().unwrap() {
        let of = |key| number(entry, key);
        let tails = if entry["alternative"] == "larger" { Tails::One } else { Tails::Two };
        let target = |power| Target { alpha: of("alpha"), power, tails };
        let at = entry.to_string();
        let mut check = |name, values| table.check(name, &at, values, 0.0, 1e-6);
        match entry["kind"].as_str().unwrap() {
            "ttest_ind" => {
                let n = t_sample_size(of("d"), target(of("power")), Design::TwoSample).unwrap();
                check("n per arm, t", (n, of("n_per_arm")));
            }
            "ttest_paired" => {
                let n = t_sample_size(of("d"), target(of("power")), Design::Paired).unwrap();
                check("n of pairs, t", (n, of("n")));
            }
            "ttest_ind_mde" => {
                let d = t_detectable_effect(of("n_per_arm"), target(of("power")), Design::TwoSample).unwrap();
                // The root finder of statsmodels stopped early for n = 30: there its power is 0.80000109 by quadrature of 40 digits.
                table.check("detectable effect, t", &at, (d, of("d")), 0.0, 2e-6);
            }
            "ttest_ind_power" => {
                let power = t_power(of("d"), of("n_per_arm"), of("alpha"), tails, Design::TwoSample).unwrap();
                check("power, t", (power, of("power")));
            }
            "two_proportion_cohen_h" => {
                check("cohen h", (cohen_h(of("p1"), of("p2")).unwrap(), of("h")));
                let n = proportion_sample_size(of("p1"), of("p2"), target(of("power"))).unwrap();
                check("n per arm, proportions", (n, of("n_per_arm")));
            }
            other => panic!("{other}"),
        }
    }
    table.finish("power", 50);
}

#[test]
fn distributions() {
    let mut table = Table::default();
    let special = parse(SPECIAL);
    let rows = |key: &str| -> Vec<Vec<f64>> { special[key].as_array().unwrap().iter().map(|row: &Value| numbers(row)).collect() };
    for row in rows("t_sf") {
        table.check("student sf", &format!("{row:?}"), (t_sf(row[0], row[1]), row[2]), 1e-300, 1e-9);
    }
    for row in rows("norm_sf") {
        table.check("normal sf", &format!("{row:?}"), (normal_sf(row[0]), row[1]), 0.0, 1e-9);
    }
    for row in rows("t_ppf") {
        table.check("student quantile", &format!("{row:?}"), (t_isf(1.0 - row[0], row[1]), row[2]), 0.0, 1e-9);
    }
    for row in rows("kolmogorov_sf") {
        table.check("kolmogorov sf", &format!("{row:?}"), (kolmogorov_sf(row[0]), row[1]), 0.0, 1e-9);
    }
    table.finish("special", 130);
}
