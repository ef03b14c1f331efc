//! Trends and equivalence of the sample pairs; clusters, CUPED, bootstrap.

use serde_json::Value;

use super::{Table, number, numbers, parse};
use crate::domain::stats::{
    cuped::{Arm, cuped},
    equivalence::tost,
    oracle_tests::recipe::sample,
    resample::{
        bootstrap::{self, Options},
        clustered::clustered_mean,
    },
    series::{
        linear::{Fit, Line, fit_in_order},
        mann_kendall::mann_kendall,
        theil_sen::theil_sen_in_order,
    },
};

const PAIRS: &str = include_str!("../../../../tests/data/stats/trend_tost.json");
const CLUSTERED: &str = include_str!("../../../../tests/data/stats/clustered.json");
const CUPED: &str = include_str!("../../../../tests/data/stats/cuped.json");
const BOOTSTRAP: &str = include_str!("../../../../tests/data/stats/bootstrap.json");

/// Tails below this are zero for every purpose; the reference computes some of them as 1 − cdf.
const TINY_P: f64 = 1e-9;

#[test]
fn least_squares() {
    let mut table = Table::default();
    for pair in parse(PAIRS).as_array().unwrap().iter().filter(|pair| !pair["trend_a"].is_null()) {
        let (at, expected) = (pair["id"].as_str().unwrap(), &pair["trend_a"]);
        match fit_in_order(&sample(&pair["a"])).unwrap() {
            Fit::Constant { .. } => assert_eq!(expected["constant"], Value::Bool(true), "{at}"),
            Fit::Line(line) => compare_line(&mut table, at, &line, expected),
        }
    }
    table.finish("trend_a", 2_000);
}

fn compare_line(table: &mut Table, at: &str, line: &Line, expected: &Value) {
    let of = |key| number(expected, key);
    let se = of("stderr");
    table.check("slope", at, (line.slope, of("slope")), se, 1e-9);
    table.check("slope se", at, (line.slope_se, se), 0.0, 1e-9);
    table.check("intercept", at, (line.intercept, of("intercept")), of("intercept_stderr"), 1e-9);
    table.check("intercept se", at, (line.intercept_se, of("intercept_stderr")), 0.0, 1e-9);
    table.check("r", at, (line.r, of("r")), 1e-3, 1e-9);
    table.check("r2", at, (line.r_squared, of("r2")), 1e-6, 1e-9);
    table.check("t", at, (line.t, of("t")), 1e-3, 1e-9);
    table.check("p", at, (line.p_two, of("p_two")), 0.0, 1e-6);
    table.check("prediction", at, (line.predict(line.df() + 2.0), of("predict_next")), se, 1e-9);
    let interval = line.slope_interval(0.95).unwrap();
    for (got, want) in interval.iter().zip(numbers(&expected["slope_ci95"])) {
        table.check("slope interval", at, (*got, want), se, 1e-9);
    }
}

#[test]
fn robust_trends() {
    let mut table = Table::default();
    for pair in parse(PAIRS).as_array().unwrap().iter().filter(|pair| !pair["trend_a"]["theil_sen"].is_null()) {
        let (at, expected) = (pair["id"].as_str().unwrap(), &pair["trend_a"]);
        let values = sample(&pair["a"]);
        let line = theil_sen_in_order(&values, 0.95).unwrap();
        let want = &expected["theil_sen"];
        for (name, got, key) in
            [("theil-sen slope", line.slope, "slope"), ("theil-sen low", line.low, "lo"), ("theil-sen high", line.high, "hi")]
        {
            table.check(name, at, (got, number(want, key)), 0.0, 1e-9);
        }
        table.check("theil-sen intercept", at, (line.intercept, number(want, "intercept")), line.slope.abs(), 1e-9);
        let trend = mann_kendall(&values).unwrap();
        let want = &expected["mann_kendall"];
        table.check("mann-kendall S", at, (trend.s, number(want, "S")), 0.0, 0.0);
        table.check("mann-kendall variance", at, (trend.variance, number(want, "var_s")), 0.0, 1e-9);
        table.check("mann-kendall z", at, (trend.z, number(want, "z")), 0.0, 1e-9);
        table.check("mann-kendall p", at, (trend.p_two, number(want, "p_two")), TINY_P, 1e-6);
        table.check("mann-kendall tau", at, (trend.tau, number(want, "tau")), 0.0, 1e-9);
        table.check("tau-b", at, (trend.tau_b.unwrap(), number(expected, "kendall_tau_b")), 0.0, 1e-9);
    }
    table.finish("trend_a", 2_000);
}

#[test]
fn equivalence() {
    let mut table = Table::default();
    for pair in parse(PAIRS).as_array().unwrap().iter().filter(|pair| !pair["tost"].is_null()) {
        let (at, expected) = (pair["id"].as_str().unwrap(), &pair["tost"]);
        let result = tost(&sample(&pair["a"]), &sample(&pair["b"]), number(expected, "margin")).unwrap();
        table.check("p lower", at, (result.p_lower, number(expected, "p_lower")), 0.0, 1e-6);
        table.check("p upper", at, (result.p_upper, number(expected, "p_upper")), 0.0, 1e-6);
        table.check("p", at, (result.p, number(expected, "p")), 0.0, 1e-6);
    }
    table.finish("tost", 800);
}

#[test]
fn clusters() {
    let mut table = Table::default();
    for entry in parse(CLUSTERED).as_array().unwrap() {
        let mut clusters: Vec<Vec<f64>> = Vec::new();
        for (label, y) in entry["cluster"].as_array().unwrap().iter().zip(numbers(&entry["y"])) {
            let label = usize::try_from(label.as_u64().unwrap()).unwrap();
            clusters.resize(clusters.len().max(label + 1), Vec::new());
            clusters[label].push(y);
        }
        let got = clustered_mean(&clusters).unwrap();
        for (name, value, key) in [
            ("mean", got.mean, "mean"),
            ("naive se", got.se_naive, "se_naive"),
            ("cr0", got.se_cr0, "se_clustered_cr0"),
            ("cr1", got.se_cr1, "se_clustered_cr1"),
        ] {
            table.check(name, "", (value, number(entry, key)), 0.0, 1e-9);
        }
    }
    table.finish("clustered", 60);
}

#[test]
fn covariates() {
    let mut table = Table::default();
    for entry in parse(CUPED).as_array().unwrap() {
        let [before_a, after_a, before_b, after_b] = ["pre_a", "post_a", "pre_b", "post_b"].map(|key| numbers(&entry[key]));
        let a = Arm { before: &before_a, after: &after_a };
        let b = Arm { before: &before_b, after: &after_b };
        let got = cuped(a, b).unwrap();
        for (name, value, key) in [
            ("theta", got.theta, "theta_pooled_within"),
            ("difference", got.means.difference, "adj_diff_a_minus_b"),
            ("t", got.t, "adj_welch_t"),
            ("variance ratio", got.variance_ratio, "var_ratio"),
        ] {
            table.check(name, "", (value, number(entry, key)), 0.0, 1e-9);
        }
        table.check("p", "", (got.p_two, number(entry, "adj_p_two")), 0.0, 1e-6);
    }
    table.finish("cuped", 40);
}

#[test]
fn resampling() {
    let mut table = Table::default();
    for (index, entry) in parse(BOOTSTRAP).as_array().unwrap().iter().enumerate() {
        let values = numbers(&entry["x"]);
        let at = format!("{index} {}", entry["stat"]);
        let (se, tolerance) = (number(entry, "se"), number(entry, "mc_tol_frac_of_se"));
        let run = |level| {
            let options = Options { resamples: 50_000, level, seed: 1 };
            if entry["stat"] == "mean" { bootstrap::mean(&values, options) } else { bootstrap::median(&values, options) }.unwrap()
        };
        let got = run(0.95);
        table.check("se", &at, (got.standard_error, se), 0.0, 0.02);
        // The median takes few values: an end jumps from one to the next where its level is met almost exactly, whatever the number
        // of resamples. There the reference must lie between the ends at 94.4 % and 95.6 %.
        let (wide, narrow) = if entry["stat"] == "mean" { (got.clone(), got) } else { (run(0.956), run(0.944)) };
        let brackets = [
            ("bca low / se", (wide.low, narrow.low), &entry["bca95"][0]),
            ("bca high / se", (narrow.high, wide.high), &entry["bca95"][1]),
            ("percentile low / se", (wide.percentile[0], narrow.percentile[0]), &entry["percentile95"][0]),
            ("percentile high / se", (narrow.percentile[1], wide.percentile[1]), &entry["percentile95"][1]),
        ];
        for (name, (from, to), expected) in brackets {
            let expected = expected.as_f64().unwrap();
            table.check(name, &at, ((expected.clamp(from, to) - expected) / se, 0.0), 1.0, tolerance);
        }
    }
    table.finish("bootstrap", 60);
}
