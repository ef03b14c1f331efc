use proptest::prelude::*;

use super::{
    compare::{Rule, Status, Thresholds, compare},
    *,
};
use crate::domain::{regression::Rules, stats::rng::SplitMix64};

fn one(value: f64) -> Vec<Benchmark> {
    vec![Benchmark::number("b", "s", Direction::LowerIsBetter, Some(value))]
}

fn sampled(name: &str, centre: f64, spread: f64, n: usize, seed: u64) -> Benchmark {
    let mut rng = SplitMix64::new(seed);
    let samples = (0..n).map(|_| centre * (1.0 + spread * (rng.unit() - 0.5))).collect();
    Benchmark { samples, ..Benchmark::number(name, "s", Direction::LowerIsBetter, None) }
}

fn status(base: &[Benchmark], head: &[Benchmark]) -> Status {
    compare(base, head, &Thresholds::default(), &Rules::default()).rows[0].status
}

#[test]
fn thresholds_decide_where_there_are_no_samples() {
    for (head, expected) in [
        (0.105, Status::Warning),
        (0.11, Status::Warning),
        (0.111, Status::Regression),
        (0.12, Status::Regression),
        (0.121, Status::Failed),
        (0.1, Status::Unchanged),
        (0.089, Status::Improved),
    ] {
        assert_eq!(status(&one(0.1), &one(head)), expected, "{head}");
    }
    let throughput = |value| vec![Benchmark { direction: Direction::HigherIsBetter, ..one(value).remove(0) }];
    assert_eq!(status(&throughput(100.0), &throughput(70.0)), Status::Failed);
    assert_eq!(status(&throughput(100.0), &throughput(130.0)), Status::Improved);
}

#[test]
fn what_cannot_be_compared_is_named_and_never_passes() {
    for (base, head, why) in [
        (0.0, 1.0, "the value on base is 0"),
        (-1.0, 1.0, "the value on base is negative"),
        (1.0, f64::NAN, "the value on head is not finite"),
        (1.0, f64::INFINITY, "the value on head is not finite"),
    ] {
        let found = compare(&one(base), &one(head), &Thresholds::default(), &Rules::default());
        assert!(found.rows[0].why.as_ref().unwrap().contains(why), "{found:?}");
        assert!(found.open && !found.regressed);
    }
    assert_eq!(status(&one(0.0), &one(0.0)), Status::Unchanged);
    let failed = vec![Benchmark { value: None, ..one(1.0).remove(0) }];
    assert_eq!(status(&one(1.0), &failed), Status::Unusable);
    let other = vec![Benchmark { unit: "ms".to_owned(), ..one(1.0).remove(0) }];
    assert_eq!(status(&one(1.0), &other), Status::Unusable);
}

#[test]
fn new_and_missing_ones_are_reported_and_missing_may_fail() {
    let renamed = vec![Benchmark { name: "c".to_owned(), ..one(1.0).remove(0) }];
    let found = compare(&one(1.0), &renamed, &Thresholds::default(), &Rules::default());
    assert_eq!(found.rows.iter().map(|row| row.status).collect::<Vec<_>>(), [Status::Missing, Status::New]);
    assert!(!found.open);
    let strict = Thresholds { missing_fails: true, ..Thresholds::default() };
    assert!(compare(&one(1.0), &renamed, &strict, &Rules::default()).open);
}

#[test]
fn samples_decide_where_there_are_enough() {
    let base = [sampled("b", 1.0, 0.1, 30, 1)];
    assert_eq!(status(&base, &[sampled("b", 1.5, 0.1, 30, 2)]), Status::Failed);
    assert_eq!(status(&base, &[sampled("b", 1.15, 0.02, 30, 2)]), Status::Regression);
    // A large mean of a few wild values proves nothing.
    let wild: Samples = [1.0; 10].into_iter().chain([8.0]).collect();
    let wild = Benchmark { samples: wild, ..base[0].clone() };
    let found = compare(&base, &[wild], &Thresholds::default(), &Rules::default());
    assert_eq!((found.rows[0].status, found.open), (Status::Open, true), "{found:?}");
}

#[test]
fn pass_rates_are_compared_by_points() {
    let rate = |passed: u32, of: u32| {
        let samples = (0..of).map(|run| f64::from(u8::from(run < passed))).collect();
        vec![Benchmark { samples, ..Benchmark::number("pass rate", SHARE, Direction::HigherIsBetter, None) }]
    };
    assert_eq!(status(&rate(95, 100), &rate(70, 100)), Status::Failed);
    assert_eq!(status(&rate(0, 40), &rate(40, 40)), Status::Improved);
    // Three points fewer of a hundred may be chance.
    assert_eq!(status(&rate(95, 100), &rate(92, 100)), Status::Open);
    assert_eq!(status(&rate(3, 3), &rate(2, 3)), Status::Failed, "too few to test: the threshold decides");
    assert_eq!(status(&rate(95, 100), &rate(95, 100)), Status::Unchanged);
}

#[test]
fn rules_hold_for_the_names_they_fit() {
    let tight = Rule { pattern: "b*".to_owned(), warn: Some(1.0), fail: Some(2.0), direction: Some(Direction::HigherIsBetter) };
    let thresholds = Thresholds { rules: vec![tight], ..Thresholds::default() };
    let found = compare(&one(1.0), &one(0.97), &thresholds, &Rules::default());
    assert_eq!(found.rows[0].status, Status::Failed);
    assert_eq!(compare(&one(1.0), &one(1.5), &thresholds, &Rules::default()).rows[0].status, Status::Improved);
}

#[test]
fn samples_are_bounded_and_keep_their_mean() {
    let samples: Samples = (0..1_000_000).map(f64::from).collect();
    assert_eq!((samples.values().len(), samples.seen()), (samples::MOST_KEPT, 1_000_000));
    assert!((samples.mean().unwrap() - 499_999.5).abs() < 1e-3);
    let kept = samples.values().iter().sum::<f64>() / 100_000.0;
    assert!((kept - 499_999.5).abs() < 5_000.0, "{kept}");
}

proptest! {
    #[test]
    fn comparing_with_itself_never_fails(values in proptest::collection::vec(1e-9f64..1e9, 1..40), samples in proptest::collection::vec(1e-3f64..1e3, 0..40)) {
        let benchmarks: Vec<Benchmark> = values.iter().enumerate().map(|(index, value)| Benchmark {
            samples: samples.iter().copied().collect(),
            ..Benchmark::number(index.to_string(), "s", Direction::LowerIsBetter, Some(*value))
        }).collect();
        let found = compare(&benchmarks, &benchmarks, &Thresholds::default(), &Rules::default());
        prop_assert!(!found.regressed && !found.open, "{found:?}");
    }
}
