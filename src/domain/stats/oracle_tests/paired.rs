use serde_json::Value;

use super::{Errors, count_of, number, rows};
use crate::domain::stats::{
    paired::{
        differences,
        mcnemar::McNemar,
        sign::SignTest,
        sign_flip::{DEFAULT_FLIPS, Flips, sign_flip},
        t::paired_t,
        wilcoxon::{Wilcoxon, Zeros},
    },
    sample::Sample,
    tails::PValues,
};

fn p_values(errors: &mut Errors, kind: &'static str, tolerance: f64, place: &str, got: PValues, expected: &Value) {
    errors.relative(kind, tolerance, place, got.two_sided, &expected["p_two"]);
    errors.relative(kind, tolerance, place, got.less, &expected["p_less"]);
    errors.relative(kind, tolerance, place, got.greater, &expected["p_greater"]);
}

#[test]
fn paired_tests() {
    let mut errors = Errors::default();
    for row in rows(include_str!("../../../../tests/data/stats/paired.json")) {
        let values = |key: &str| row[key].as_array().unwrap().iter().map(number).collect::<Vec<f64>>();
        let (a, b) = (values("a"), values("b"));
        let d = differences(Sample::new(&a).unwrap(), Sample::new(&b).unwrap()).unwrap();
        let d = Sample::new(&d).unwrap();
        let place = row["id"].as_str().unwrap();
        wilcoxon(&mut errors, place, d, &row["wilcoxon"]);
        let (sign, expected) = (SignTest::of(d), &row["sign_test"]);
        assert_eq!((sign.positive, sign.negative), (count_of(&expected["n_pos"]), count_of(&expected["n_neg"])));
        errors.relative("sign test", 1e-9, place, sign.p().two_sided, &expected["p_two"]);
        errors.relative("sign test", 1e-9, place, sign.p().greater, &expected["p_greater"]);
        if let Some(expected) = row.get("signflip_exact") {
            let test = sign_flip(d, DEFAULT_FLIPS, 1);
            assert!(matches!(test.flips, Flips::Exact { .. }));
            p_values(&mut errors, "sign flip exact", 1e-9, place, test.p, expected);
        }
        if let (Some(expected), Some(got)) = (row.get("paired_t"), paired_t(d).unwrap().estimate()) {
            errors.scaled("paired t", 1e-9, place, got.t, &expected["t"], 1e-3);
            errors.scaled("paired t", 1e-9, place, got.difference, &expected["mean_diff"], got.standard_error);
            errors.relative("paired t", 1e-9, place, got.df, &expected["df"]);
            p_values(&mut errors, "paired t p", 1e-6, place, got.p, expected);
            let interval = paired_t(d).unwrap().interval(0.95);
            errors.scaled("paired t", 1e-9, place, interval.lower, &expected["ci95"][0], got.standard_error);
            errors.scaled("paired t", 1e-9, place, interval.upper, &expected["ci95"][1], got.standard_error);
        } else {
            assert!(row.get("paired_t").is_none() && paired_t(d).unwrap().estimate().is_none(), "{place}");
        }
    }
    errors.check();
}

fn wilcoxon(errors: &mut Errors, place: &str, d: Sample<'_>, expected: &Value) {
    let (dropped, pratt) = (Wilcoxon::of(d, Zeros::Dropped), Wilcoxon::of(d, Zeros::Pratt));
    errors.relative("wilcoxon W", 0.0, place, dropped.w_plus, &expected["w_plus"]);
    errors.relative("wilcoxon W", 0.0, place, dropped.w_minus, &expected["w_minus"]);
    match (dropped.exact(), expected.get("exact")) {
        (Some(p), Some(expected)) => p_values(errors, "wilcoxon exact p", 1e-9, place, p, expected),
        (got, expected) => assert!(got.is_none() && expected.is_none(), "{place}: {got:?} {expected:?}"),
    }
    let approximate = [
        (dropped.approximate(), "approx_wilcox"),
        (dropped.approximate_with_continuity(), "approx_wilcox_cc"),
        (pratt.approximate(), "approx_pratt"),
        (pratt.approximate_with_continuity(), "approx_pratt_cc"),
    ];
    for (got, key) in approximate {
        p_values(errors, "wilcoxon approximate p", 1e-6, place, got.unwrap(), &expected[key]);
    }
}

#[test]
fn mcnemar() {
    let mut errors = Errors::default();
    for (index, row) in rows(include_str!("../../../../tests/data/stats/mcnemar.json")).iter().enumerate() {
        let place = index.to_string();
        let table = McNemar {
            both_pass: count_of(&row["both_pass"]),
            base_only: count_of(&row["base_pass_head_fail"]),
            head_only: count_of(&row["base_fail_head_pass"]),
            both_fail: count_of(&row["both_fail"]),
        };
        errors.relative("mcnemar exact", 1e-9, &place, table.exact().two_sided, &row["exact_p_two"]);
        errors.relative("mcnemar difference", 1e-9, &place, table.difference().unwrap(), &row["diff_head_minus_base"]);
        if row.get("exact_p_head_worse").is_some() {
            errors.relative("mcnemar head worse", 1e-9, &place, table.p_head_worse(), &row["exact_p_head_worse"]);
            errors.relative("mcnemar mid-p", 1e-9, &place, table.mid_p().two_sided, &row["midp_two"]);
        }
    }
    errors.check();
}
