use super::*;
use crate::domain::regression::Undecided;
use crate::domain::stats::rng::SplitMix64;

fn around(centre: f64, n: usize, seed: u64) -> Vec<f64> {
    let mut rng = SplitMix64::new(seed);
    (0..n).map(|_| centre + 10.0 * (rng.unit() - 0.5)).collect()
}

fn asked(consider: Consider) -> Question {
    Question { consider, ..Question::default() }
}

#[test]
fn a_change_for_the_worse_is_found_and_the_direction_decides() {
    let (low, high) = (around(100.0, 30, 1), around(110.0, 30, 2));
    let verdict = |consider, base: &[f64], head: &[f64]| analyse(&asked(consider), base, head).unwrap().conclusion.verdict;
    assert_eq!(verdict(Consider::Increase, &low, &high), Verdict::Regressed);
    assert_eq!(verdict(Consider::Increase, &high, &low), Verdict::Improved);
    assert_eq!(verdict(Consider::Decrease, &high, &low), Verdict::Regressed);
    assert_eq!(verdict(Consider::Both, &high, &low), Verdict::Regressed);
    assert_eq!(verdict(Consider::Neither, &low, &high), Verdict::NonInferior);
}

#[test]
fn what_is_not_significant_is_no_pass() {
    let base = around(100.0, 10, 1);
    let head: Vec<f64> = base.iter().map(|value| value + 0.5).collect();
    let found = analyse(&asked(Consider::Increase), &base, &head).unwrap();
    assert!(
        matches!(found.conclusion.verdict, Verdict::Inconclusive { why: Undecided::Wide, needed: Some(needed) } if needed > 10),
        "{:?}",
        found.conclusion
    );
    assert!(found.conclusion.detectable.unwrap() > 0.0);
    let many = analyse(&asked(Consider::Increase), &around(100.0, 2_000, 3), &around(100.0, 2_000, 4)).unwrap();
    assert_eq!(many.conclusion.verdict, Verdict::NonInferior);
}

#[test]
fn a_significant_but_tiny_change_is_no_regression() {
    let (base, head) = (around(100.0, 5_000, 1), around(100.5, 5_000, 2));
    let found = analyse(&asked(Consider::Increase), &base, &head).unwrap();
    assert!(found.conclusion.significant);
    assert_eq!(found.conclusion.verdict, Verdict::NonInferior);
}

#[test]
fn unusable_and_sparse_data_have_names() {
    let base = around(100.0, 20, 1);
    let error = |base: &[f64], head: &[f64]| analyse(&asked(Consider::Both), base, head).unwrap_err().to_string();
    assert_eq!(error(&[], &base), "baseline: no values");
    assert_eq!(error(&base, &[]), "current: no values");
    assert_eq!(error(&base, &[1.0, f64::NAN]), "current: value 1 (from 0) is NaN, not a finite number");
    let few = analyse(&asked(Consider::Both), &base, &[200.0]).unwrap();
    assert!(matches!(few.conclusion.verdict, Verdict::Inconclusive { why: Undecided::TooFew { got: 1, needed: 10, .. }, .. }));
    assert!(few.conclusion.recommendation.contains("current has 1 of at least 10 values"));
}

#[test]
fn constants_are_said() {
    let equal = analyse(&asked(Consider::Both), &[0.85; 20], &[0.85; 15]).unwrap();
    assert!(equal.is_open() && equal.conclusion.p_value == Some(1.0), "{:?}", equal.conclusion);
    assert!(equal.conclusion.recommendation.contains("no spread to judge chance by"), "{:?}", equal.conclusion);
    assert!(equal.warnings[0].contains("no spread"), "{:?}", equal.warnings);
    let worse = analyse(&asked(Consider::Increase), &[5.0; 12], &[6.0; 12]).unwrap();
    assert_eq!(worse.conclusion.verdict, Verdict::Regressed);
    let repeated = analyse(&asked(Consider::Increase), &around(100.0, 20, 1), &[120.0; 20]).unwrap();
    assert!(repeated.warnings[0].contains("again and again"));
    assert_eq!(repeated.conclusion.verdict, Verdict::Regressed);
}

#[test]
fn constants_and_copies_clear_nothing() {
    let open = |question: &Question, base: &[f64], head: &[f64], why: &str| {
        let found = analyse(question, base, head).unwrap();
        let Verdict::Inconclusive { why: Undecided::Unusable(said), .. } = &found.conclusion.verdict else {
            panic!("{:?}", found.conclusion)
        };
        assert!(said.contains(why), "{said}");
    };
    let margin = Question { margin: Some(0.1), ..asked(Consider::Increase) };
    for question in [asked(Consider::Increase), asked(Consider::Both), margin.clone()] {
        open(&question, &[5.0; 20], &[5.0; 20], "on both sides");
        let base = around(100.0, 2_000, 1);
        open(&question, &base, &base, "both sides hold the same values");
    }
    for question in [asked(Consider::Increase), margin] {
        open(&question, &[6.0; 12], &[5.0; 12], "on both sides");
        open(&question, &around(100.0, 2_000, 1), &[80.0; 20], "every value of current");
        open(&question, &[120.0; 20], &around(100.0, 2_000, 1), "every value of baseline");
    }
    // Even where no change is bad: that nothing differs is not known. That something does is.
    let neither = asked(Consider::Neither);
    open(&neither, &[5.0; 20], &[5.0; 20], "on both sides");
    open(&neither, &around(100.0, 200, 1), &around(100.0, 200, 1), "both sides hold the same values");
    assert_eq!(analyse(&neither, &[5.0; 20], &[6.0; 20]).unwrap().conclusion.verdict, Verdict::NonInferior);
}

#[test]
fn a_margin_decides_where_one_is_given() {
    let (base, head) = (around(100.0, 200, 1), around(105.0, 200, 2));
    let question = Question { margin: Some(0.10), ..asked(Consider::Increase) };
    assert_eq!(analyse(&question, &base, &head).unwrap().conclusion.verdict, Verdict::NonInferior);
    let tight = Question { margin: Some(0.01), ..question };
    assert_eq!(analyse(&tight, &base, &head).unwrap().conclusion.verdict, Verdict::Regressed);
    let undirected = Question { consider: Consider::Both, ..tight };
    assert!(analyse(&undirected, &base, &head).unwrap_err().to_string().contains("needs a direction"));
}

#[test]
fn outliers_are_reported_and_left_out_only_when_asked() {
    let mut base = around(100.0, 30, 1);
    base[4] = 1_000.0;
    let kept = analyse(&asked(Consider::Both), &base, &around(100.0, 30, 2)).unwrap();
    assert_eq!((kept.baseline.outliers, kept.baseline.filtered, kept.baseline.summary.n), (1, false, 30));
    let filter = Question { filter_outliers: true, outliers: OutlierRule::Mad(3.5), ..asked(Consider::Both) };
    let left_out = analyse(&filter, &base, &around(100.0, 30, 2)).unwrap();
    assert_eq!((left_out.baseline.filtered, left_out.baseline.summary.n), (true, 29));
}

#[test]
fn subsampling_is_seeded_and_said() {
    let (base, head) = (around(100.0, 5_000, 1), around(100.0, 5_000, 2));
    let question = Question { max_samples: Some(500), ..asked(Consider::Both) };
    let (one, two) = (analyse(&question, &base, &head).unwrap(), analyse(&question, &base, &head).unwrap());
    assert_eq!(one, two);
    assert_eq!((one.baseline.given, one.baseline.summary.n), (5_000, 500));
    assert!(one.warnings[0].contains("500 of 5000 values used"));
}

#[test]
fn the_severity_follows_effect_and_evidence() {
    let severity = |magnitude, p| verdict::severity(true, magnitude, p);
    assert_eq!(severity("large", 0.009), Severity::Critical);
    assert_eq!(severity("large", 0.01), Severity::High);
    assert_eq!(severity("medium", 0.049), Severity::High);
    assert_eq!(severity("small", 0.001), Severity::Medium);
    assert_eq!(verdict::severity(false, "large", 0.0), Severity::Low);
    let word = |d: f64| verdict::magnitude(Size::Finite(d));
    assert_eq!([0.0, 0.1999, 0.2, 0.5, 0.8, 10.0].map(word), ["negligible", "negligible", "small", "medium", "large", "large"]);
}

/// The effect sizes and severities of the system this project grew from.
#[test]
fn words_for_effects_and_severities_are_the_originals() {
    use super::verdict::{magnitude, severity};
    let cases: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../../../tests/data/behaviour/detect.json")).unwrap();
    let mut held = 0;
    for case in &cases {
        let (given, then) = (&case["given"], &case["then"]);
        match case["when"].as_str().unwrap() {
            "interpret effect size" => {
                let d = given["abs_d"].as_f64().unwrap();
                for d in [d, -d] {
                    assert_eq!(magnitude(Size::Finite(d)), then["magnitude"].as_str().unwrap(), "{case}");
                }
            }
            "alert severity" => {
                let found =
                    severity(given["is_regression"].as_bool().unwrap(), given["magnitude"].as_str().unwrap(), given["p"].as_f64().unwrap());
                assert_eq!(found.as_str(), then["severity"].as_str().unwrap(), "{case}");
            }
            _ => continue,
        }
        held += 1;
    }
    assert_eq!(held, 9);
}
