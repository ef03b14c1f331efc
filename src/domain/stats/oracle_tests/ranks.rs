use serde_json::Value;

use super::{Errors, number, pairs};
use crate::domain::stats::{
    sample::Sample,
    tails::PValues,
    two_sample::{hodges_lehmann, kolmogorov_smirnov::KolmogorovSmirnov, mann_whitney::MannWhitney, merged::Merged},
};

fn p_values(errors: &mut Errors, kind: &'static str, tolerance: f64, place: &str, got: PValues, expected: &Value) {
    errors.relative(kind, tolerance, place, got.two_sided, &expected["p_two"]);
    errors.relative(kind, tolerance, place, got.less, &expected["p_less"]);
    errors.relative(kind, tolerance, place, got.greater, &expected["p_greater"]);
}

#[test]
fn mann_whitney_and_hodges_lehmann() {
    let mut errors = Errors::default();
    for (row, a, b) in pairs() {
        let (place, expected) = (row["id"].as_str().unwrap(), &row["mwu"]);
        let (one, two) = (Sample::new(&a).unwrap().sorted(), Sample::new(&b).unwrap().sorted());
        let merged = Merged::of(&one, &two);
        let test = MannWhitney::of_merged(merged);
        assert_eq!(Some(test.has_ties()), expected["has_ties"].as_bool(), "{place}");
        errors.relative("mann-whitney U", 0.0, place, test.u_first(), &expected["U1"]);
        p_values(&mut errors, "mann-whitney asymptotic p", 1e-6, place, test.asymptotic(), &expected["asymptotic"]);
        match test.asymptotic_without_continuity() {
            Some(p) => p_values(&mut errors, "mann-whitney p, no continuity", 1e-6, place, p, &expected["asymptotic_nocc"]),
            None => assert!(expected["asymptotic_nocc"]["p_two"].is_null(), "{place}"),
        }
        match (test.exact(), expected.get("exact")) {
            (Some(p), Some(expected)) => p_values(&mut errors, "mann-whitney exact p", 1e-9, place, p, expected),
            (got, expected) => assert!(got.is_none() && expected.is_none(), "{place}: {got:?} {expected:?}"),
        }
        errors.relative("A12", 1e-9, place, test.a12(), &expected["a12"]);
        errors.scaled("cliff's delta", 1e-9, place, test.cliffs_delta(), &expected["cliffs_delta"], 1e-3);
        if let Some(expected) = expected.get("hodges_lehmann") {
            let got = hodges_lehmann::of_sorted(&one, &two, merged, 0.95);
            let scale = (one.max() - one.min()) * 1e-3;
            errors.scaled("hodges-lehmann", 1e-9, place, got.shift, expected, scale);
            assert!(got.interval.is_none_or(|interval| interval.contains(got.shift)), "{place}");
        }
    }
    errors.check();
}

#[test]
fn kolmogorov_smirnov() {
    let mut errors = Errors::default();
    for (row, a, b) in pairs() {
        let (place, expected) = (row["id"].as_str().unwrap(), &row["ks"]);
        let test = KolmogorovSmirnov::of(Sample::new(&a).unwrap(), Sample::new(&b).unwrap());
        // The oracle's D carries the rounding of a difference of two quotients: the steps are compared exactly.
        #[expect(clippy::cast_precision_loss, reason = "the sizes of two samples")]
        let pairs = (a.len() * b.len()) as f64;
        let steps = |d: f64| (d * pairs).round();
        for (got, key) in [(test.d(), "D"), (test.d_first_smaller(), "D_greater"), (test.d_first_larger(), "D_less")] {
            errors.relative("kolmogorov-smirnov D", 0.0, place, steps(got), &steps(number(&expected[key])).into());
        }
        let p = test.asymptotic();
        errors.relative("kolmogorov-smirnov asymptotic p", 1e-6, place, p.two_sided, &expected["asymp_scipy_p_two"]);
        errors.relative("kolmogorov-smirnov one-sided p", 1e-6, place, p.less, &expected["asymp_p_greater"]);
        errors.relative("kolmogorov-smirnov one-sided p", 1e-6, place, p.greater, &expected["asymp_p_less"]);
        errors.relative("kolmogorov-smirnov limit p", 1e-6, place, test.limit_p(), &expected["kolmogorov_limit_p_two"]);
        if let Some(two_sided) = expected.get("exact_p_two") {
            let p = test.exact().unwrap();
            errors.relative("kolmogorov-smirnov exact p", 1e-9, place, p.two_sided, two_sided);
            errors.relative("kolmogorov-smirnov exact p", 1e-9, place, p.less, &expected["exact_p_greater"]);
            errors.relative("kolmogorov-smirnov exact p", 1e-9, place, p.greater, &expected["exact_p_less"]);
        }
    }
    errors.check();
}
