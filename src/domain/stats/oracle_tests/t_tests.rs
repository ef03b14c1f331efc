use serde_json::Value;

use super::{Errors, pairs};
use crate::domain::stats::{
    describe::{Moments, Summary},
    outliers::{OutlierRule, median_absolute_deviation, outliers},
    sample::Sample,
    two_sample::{
        effect::{self, Size},
        student,
        t_test::TTest,
        welch,
    },
};

#[test]
fn t_tests_and_effects() {
    let mut errors = Errors::default();
    for (row, a, b) in pairs() {
        let (one, two) = (Moments::of(Sample::new(&a).unwrap()), Moments::of(Sample::new(&b).unwrap()));
        let place = row["id"].as_str().unwrap();
        let expected = &row["t"];
        errors.relative("mean", 1e-12, place, one.mean(), &expected["mean_a"]);
        errors.relative("variance", 1e-9, place, one.variance().unwrap(), &expected["var_a"]);
        errors.relative("variance", 1e-9, place, two.variance().unwrap(), &expected["var_b"]);
        let scale = (one.sd().unwrap() + two.sd().unwrap()) * 1e-3;
        errors.scaled("difference of means", 1e-9, place, one.minus(&two), &expected["mean_diff"], scale);
        t_test(
            &mut errors,
            ["welch t", "welch df, se", "welch p", "welch interval"],
            place,
            &welch::of_moments(&one, &two).unwrap(),
            &expected["welch"],
        );
        t_test(
            &mut errors,
            ["student t", "student df, se", "student p", "student interval"],
            place,
            &student::of_moments(&one, &two).unwrap(),
            &expected["student"],
        );
        let got = effect::of_moments(&one, &two).unwrap();
        let expected = &expected["effect"];
        size(&mut errors, "cohen d", place, got.cohen_d, &expected["cohen_d"]);
        size(&mut errors, "hedges g exact", place, got.hedges_g, &expected["hedges_g_exact"]);
        size(&mut errors, "hedges g approximate", place, got.hedges_g_approximate, &expected["hedges_g_approx"]);
        size(&mut errors, "glass delta", place, got.glass_delta, &expected["glass_delta_sd_a"]);
    }
    errors.check();
}

fn t_test(errors: &mut Errors, kinds: [&'static str; 4], place: &str, got: &TTest, expected: &Value) {
    let Some(p) = got.p() else {
        assert_eq!(*got, TTest::ConstantAndEqual);
        assert!(expected["t"].is_null() && expected["p_two"].is_null() && expected["ci95"].is_null(), "{place}");
        return;
    };
    errors.relative(kinds[2], 1e-6, place, p.two_sided, &expected["p_two"]);
    errors.relative(kinds[2], 1e-6, place, p.less, &expected["p_less"]);
    errors.relative(kinds[2], 1e-6, place, p.greater, &expected["p_greater"]);
    let error = got.estimate().map_or(0.0, |estimate| estimate.standard_error);
    for (level, key) in [(0.95, "ci95"), (0.99, "ci99")] {
        let interval = got.interval(level);
        errors.scaled(kinds[3], 1e-9, place, interval.lower, &expected[key][0], error);
        errors.scaled(kinds[3], 1e-9, place, interval.upper, &expected[key][1], error);
    }
    let Some(estimate) = got.estimate() else {
        assert!(expected["t"].is_string() && matches!(got, TTest::ConstantAndDifferent { .. }), "{place}");
        return;
    };
    errors.scaled(kinds[0], 1e-9, place, estimate.t, &expected["t"], 1e-3);
    errors.relative(kinds[1], 1e-9, place, estimate.df, &expected["df"]);
    errors.relative(kinds[1], 1e-9, place, estimate.standard_error, &expected["se"]);
    let bounds = got.one_sided_bounds(0.95);
    errors.scaled(kinds[3], 1e-9, place, bounds.lower, &expected["ci95_lower_onesided"], error);
    errors.scaled(kinds[3], 1e-9, place, bounds.upper, &expected["ci95_upper_onesided"], error);
}

fn size(errors: &mut Errors, kind: &'static str, place: &str, got: Size, expected: &Value) {
    match got {
        Size::Finite(value) => errors.scaled(kind, 1e-9, place, value, expected, 1e-3),
        Size::Unbounded { positive } => assert_eq!(expected, if positive { "inf" } else { "-inf" }, "{place}"),
        Size::Undefined => assert!(expected.is_null(), "{place} {kind}: {expected}"),
    }
}

#[test]
fn quantiles_and_outliers() {
    let mut errors = Errors::default();
    for (row, a, _) in pairs() {
        let (place, expected) = (row["id"].as_str().unwrap(), &row["outliers_a"]);
        let sample = Sample::new(&a).unwrap();
        let summary = Summary::of(sample);
        let quantiles = [("median", summary.median), ("q1", summary.q1), ("q3", summary.q3), ("p95", summary.p95), ("p99", summary.p99)];
        let spread = summary.max - summary.min;
        for (key, got) in quantiles {
            errors.scaled("quantiles", 1e-9, place, got, &expected[key], spread);
        }
        errors.scaled("median absolute deviation", 1e-9, place, median_absolute_deviation(sample), &expected["mad_raw"], spread);
        let rules = [("zscore3", OutlierRule::DEFAULT_Z), ("mad3_5", OutlierRule::DEFAULT_MAD), ("iqr1_5", OutlierRule::DEFAULT_IQR)];
        for (key, rule) in rules {
            let got = outliers(sample, rule);
            assert_eq!(Some(got.len() as u64), expected[format!("{key}_count")].as_u64(), "{place} {key}");
            if let Some(positions) = expected.get(format!("{key}_idx")) {
                assert_eq!(&serde_json::json!(got), positions, "{place} {key}");
            }
            #[expect(clippy::cast_precision_loss, reason = "a small count")]
            errors.relative("outlier counts and positions", 0.0, place, got.len() as f64, &expected[format!("{key}_count")]);
        }
    }
    errors.check();
}
