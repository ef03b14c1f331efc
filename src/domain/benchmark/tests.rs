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
        // No program takes no time.
        (1.0, 0.0, "the value on head is 0, which no time can be"),
        (0.0, 0.0, "the value on base is 0, which no time can be"),
    ] {
        let found = compare(&one(base), &one(head), &Thresholds::default(), &Rules::default());
        assert!(found.rows[0].why.as_ref().unwrap().contains(why), "{found:?}");
        assert!(found.open && !found.regressed);
        assert_eq!((found.rows[0].status, found.rows[0].change_percent), (Status::Unusable, None), "{found:?}");
    }
    let failed = vec![Benchmark { value: None, ..one(1.0).remove(0) }];
    assert_eq!(status(&one(1.0), &failed), Status::Unusable);
    let other = vec![Benchmark { unit: "MB".to_owned(), ..one(1.0).remove(0) }];
    let found = compare(&one(1.0), &other, &Thresholds::default(), &Rules::default());
    assert_eq!((found.rows[0].status, &found.rows[0].units), (Status::Unusable, &["s".to_owned(), "MB".to_owned()]));
}

#[test]
fn another_unit_of_the_same_kind_is_converted() {
    let in_ms = |value| vec![Benchmark { unit: "ms".to_owned(), ..one(value).remove(0) }];
    let found = compare(&one(1.5), &in_ms(1_500.0), &Thresholds::default(), &Rules::default());
    let row = &found.rows[0];
    assert_eq!((row.status, row.base, row.head), (Status::Unchanged, Some(1_500.0), Some(1_500.0)));
    assert_eq!(row.units, ["ms", "ms"]);
    assert_eq!(status(&one(1.0), &in_ms(1_300.0)), Status::Failed);
    let sampled_ms = Benchmark { unit: "ms".to_owned(), ..sampled("b", 1_500.0, 0.1, 30, 2) };
    assert_eq!(status(&[sampled("b", 1.0, 0.1, 30, 1)], &[sampled_ms]), Status::Failed);
}

#[test]
fn samples_that_do_not_decide_are_no_pass() {
    // Forty passes of forty on both sides say little about two points.
    let all = Benchmark { samples: [1.0; 40].into_iter().collect(), ..Benchmark::number("p", SHARE, Direction::HigherIsBetter, None) };
    let time = |seed| sampled("t", 1.0, 0.1, 30, seed);
    let found = compare(&[all.clone(), time(1)], &[all, time(2)], &Thresholds::default(), &Rules::default());
    let open = found.rows.iter().find(|row| row.name == "p").unwrap();
    assert_eq!((open.status, found.open, found.regressed), (Status::Open, true, false));
    assert!(open.why.as_ref().unwrap().contains("the interval spans the margin"), "{open:?}");
    let spread = |seed| [sampled("b", 1.0, 1.9, 10, seed)];
    let found = compare(&spread(1), &spread(2), &Thresholds::default(), &Rules::default());
    assert_eq!((found.rows[0].status, found.open), (Status::Open, true), "{found:?}");
}

#[test]
fn too_few_samples_are_open_and_none_are_left_to_the_threshold() {
    let few = |centre, seed| [sampled("b", centre, 0.01, 5, seed)];
    let found = compare(&few(1.0, 1), &few(1.0, 2), &Thresholds::default(), &Rules::default());
    assert_eq!((found.rows[0].status, found.open), (Status::Open, true));
    assert_eq!(found.rows[0].why.as_deref(), Some("5 and 5 of at least 10 samples"));
    assert_eq!(status(&few(1.0, 1), &few(1.5, 2)), Status::Failed, "the threshold is not softened by a few samples");
    let found = compare(&one(1.0), &one(1.05), &Thresholds::default(), &Rules::default());
    assert!(found.rows[0].by_threshold_only() && !found.open);
}

#[test]
fn one_value_against_samples_is_open() {
    let many = [sampled("b", 1.0, 0.02, 30, 1)];
    let alone = |value: f64| {
        [Benchmark { samples: std::iter::once(value).collect(), ..Benchmark::number("b", "s", Direction::LowerIsBetter, None) }]
    };
    assert_eq!(status(&many, &alone(1.19)), Status::Open);
    assert_eq!(status(&alone(1.0), &many), Status::Open);
    assert_eq!(status(&many, &alone(1.5)), Status::Failed);
}

#[test]
fn all_but_times_can_be_zero() {
    let in_unit = |unit: &str, value| vec![Benchmark { unit: unit.to_owned(), ..one(value).remove(0) }];
    for (unit, base, head, expected) in [
        ("allocs/op", 0.0, 0.0, Status::Unchanged),
        ("B/op", 16.0, 0.0, Status::Improved),
        ("B/op", 0.0, 16.0, Status::Unusable),
        ("warnings", 0.0, 0.0, Status::Unchanged),
        ("%", 0.0, 0.0, Status::Unchanged),
        ("frames", 3.0, 0.0, Status::Improved),
        ("ns/op", 16.0, 0.0, Status::Unusable),
        ("", 16.0, 0.0, Status::Unusable),
        ("", 0.0, 0.0, Status::Unusable),
    ] {
        assert_eq!(status(&in_unit(unit, base), &in_unit(unit, head)), expected, "{base} {unit} to {head}");
    }
    let throughput = |value| vec![Benchmark { unit: "ops/s".to_owned(), direction: Direction::HigherIsBetter, ..one(value).remove(0) }];
    assert_eq!(status(&throughput(5.0), &throughput(0.0)), Status::Failed);
    assert_eq!(status(&throughput(0.0), &throughput(0.0)), Status::Unusable);
    // A pass rate of 0 is a number as any other.
    let share = |value| vec![Benchmark { unit: SHARE.to_owned(), direction: Direction::HigherIsBetter, ..one(value).remove(0) }];
    assert_eq!(status(&share(0.0), &share(0.0)), Status::Unchanged);
}

#[test]
fn a_run_that_failed_is_unusable_on_either_side_and_alone() {
    let broken = || vec![one(1.0).remove(0).with_fault(Some("code 1".to_owned()))];
    let other = || vec![Benchmark { name: "other".to_owned(), ..one(1.0).remove(0) }];
    for (base, head, side) in
        [(broken(), one(1.0), "base"), (one(1.0), broken(), "head"), (broken(), other(), "base"), (other(), broken(), "head")]
    {
        let found = compare(&base, &head, &Thresholds::default(), &Rules::default());
        let row = found.rows.iter().find(|row| row.name == "b").unwrap();
        assert_eq!((row.status, row.why.as_deref()), (Status::Unusable, Some(format!("on {side}: code 1").as_str())), "{found:?}");
        assert!(found.open && !found.regressed);
    }
    let nothing = vec![Benchmark { value: None, ..one(1.0).remove(0) }];
    let found = compare(&other(), &nothing, &Thresholds::default(), &Rules::default());
    assert!(found.rows.iter().any(|row| row.name == "b" && row.status == Status::Unusable), "new, and without a number: {found:?}");
}

#[test]
fn what_lacks_samples_cannot_pass_and_fails_all_the_same() {
    let lacks = |samples| Some(Gaps { samples, why: format!("{samples} have no answer") });
    let time = |centre, seed, lacking| [sampled("b", centre, 0.1, 39, seed).with_gaps((lacking > 0).then(|| lacks(lacking)).flatten())];
    let found = compare(&time(1.0, 1, 0), &time(3.0, 2, 1), &Thresholds::default(), &Rules::default());
    assert!(found.regressed, "{found:?}");
    assert_eq!(found.rows[0].why.as_deref(), Some("on head: 1 have no answer; worse all the same"));
    for (base, head) in [(time(1.0, 1, 0), time(0.5, 2, 1)), (time(1.0, 1, 1), time(1.0, 2, 1)), (time(1.0, 1, 2), time(1.0, 2, 0))] {
        let found = compare(&base, &head, &Thresholds::default(), &Rules::default());
        let row = &found.rows[0];
        assert_eq!((row.status, row.change_percent, &row.judgement, found.open), (Status::Unusable, None, &None, true), "{found:?}");
        assert!(row.why.as_ref().unwrap().contains("have no answer"), "{row:?}");
    }
    let rate = |passed: usize, failed: usize, lacking: usize| {
        let samples = std::iter::repeat_n(1.0, passed).chain(std::iter::repeat_n(0.0, failed)).collect();
        let rate = Benchmark { samples, ..Benchmark::number("p", SHARE, Direction::HigherIsBetter, None) };
        [rate.with_gaps((lacking > 0).then(|| lacks(lacking)).flatten())]
    };
    let found = compare(&rate(40, 0, 0), &rate(0, 39, 1), &Thresholds::default(), &Rules::default());
    assert!(found.regressed && found.rows[0].why.as_ref().unwrap().contains("even with those counted in head's favour"), "{found:?}");
    assert_eq!((found.rows[0].head, found.rows[0].reported[1]), (Some(0.025), Some(0.0)));
    // As many without an answer as could have passed: nobody knows.
    assert_eq!(status(&rate(40, 0, 0), &rate(10, 1, 29)), Status::Unusable);
    assert_eq!(status(&rate(10, 0, 30), &rate(30, 10, 0)), Status::Unusable);
    assert_eq!(status(&rate(3, 0, 0), &rate(2, 0, 1)), Status::Unusable, "too few to test");
    assert_eq!(status(&rate(3, 0, 0), &rate(1, 1, 1)), Status::Failed, "too few to test: the threshold decides");
    // Head failed while it ran, and took longer besides; of base it would prove nothing.
    let broken = |value| [one(value).remove(0).with_fault(Some("code 1".to_owned()))];
    assert_eq!((status(&one(1.0), &broken(2.0)), status(&broken(1.0), &one(2.0))), (Status::Failed, Status::Unusable));
}

#[test]
fn samples_without_spread_clear_nothing() {
    let constant = |unit: &str, value: f64, n: usize| {
        let samples = std::iter::repeat_n(value, n).collect();
        [Benchmark { samples, ..Benchmark::number("b", unit, Direction::LowerIsBetter, None) }]
    };
    let times = |value| constant("s", value, 12);
    let found = compare(&times(1.0), &times(1.0), &Thresholds::default(), &Rules::default());
    assert_eq!((found.rows[0].status, found.open), (Status::Unusable, true), "{found:?}");
    let found = compare(&times(1.0), &times(0.9), &Thresholds::default(), &Rules::default());
    assert!(found.rows[0].why.as_ref().unwrap().contains("every sample of both sides is the same"), "{found:?}");
    assert_eq!(found.rows[0].status, Status::Unusable);
    assert_eq!(status(&[sampled("b", 1.0, 0.1, 30, 1)], &times(0.5)), Status::Unusable, "one side of it is enough");
    assert_eq!(status(&times(1.0), &times(1.5)), Status::Failed, "what is beyond the threshold fails all the same");
    // Counts are the same each time, and a change of them is a change.
    assert_eq!(status(&constant("allocs/op", 3.0, 5), &constant("allocs/op", 3.0, 5)), Status::Unchanged);
    assert_eq!(status(&constant("B/op", 100.0, 12), &constant("B/op", 150.0, 12)), Status::Failed);
    let score = |value| [Benchmark { direction: Direction::HigherIsBetter, ..constant(SHARE, value, 12)[0].clone() }];
    assert_eq!(status(&score(0.85), &score(0.85)), Status::Unusable, "a score that never varies");
}

#[test]
fn benchmarks_with_bases_own_samples_are_told() {
    let base: Vec<Benchmark> = (0..5).map(|at| sampled(&format!("b{at}"), 1.0, 0.1, 30, at)).collect();
    let one_copied: Vec<Benchmark> =
        (0..5).map(|at| if at == 0 { base[0].clone() } else { sampled(&format!("b{at}"), 1.0, 0.1, 30, 50 + at) }).collect();
    let found = compare(&base, &one_copied, &Thresholds::default(), &Rules::default());
    let copy = found.rows.iter().find(|row| row.name == "b0").unwrap();
    assert!(copy.status == Status::Open && copy.why.as_ref().unwrap().contains("base's own samples"), "{copy:?}");
    assert_eq!((found.open, &found.why), (true, &None));
    let mut most = base.clone();
    most[4] = sampled("b4", 1.0, 0.1, 30, 99);
    let found = compare(&base, &most, &Thresholds::default(), &Rules::default());
    assert!(found.open && found.why.as_ref().unwrap().starts_with("4 of 5 benchmarks have base's own samples"), "{found:?}");
    // Tokens are the same where the answers are.
    let tokens: Vec<Benchmark> = base.iter().map(|found| Benchmark { unit: "tokens".to_owned(), ..found.clone() }).collect();
    let mut head = tokens.clone();
    head[4] = Benchmark { unit: "tokens".to_owned(), ..sampled("b4", 1.0, 0.1, 30, 99) };
    let found = compare(&tokens, &head, &Thresholds::default(), &Rules::default());
    assert!(found.why.is_none() && !found.open, "{found:?}");
}

#[test]
fn a_result_says_nothing_against_itself() {
    let base = [sampled("b", 1.0, 0.1, 30, 1), sampled("c", 1.0, 0.1, 30, 2)];
    let found = compare(&base, &base, &Thresholds::default(), &Rules::default());
    assert!(found.open && !found.regressed && found.why.as_ref().unwrap().contains("one measurement"), "{found:?}");
    let other = [base[0].clone(), sampled("c", 1.0, 0.1, 30, 3)];
    assert_eq!(compare(&base, &other, &Thresholds::default(), &Rules::default()).why, None);
}

#[test]
fn the_change_shown_is_the_one_that_was_judged() {
    // One wild value moves the mean by 70 % and the geometric mean by 7 %.
    let wild = |value: f64| (0..29).map(|index| 1.0 + 0.001 * f64::from(index)).chain([value]).collect::<Samples>();
    let of = |value| [Benchmark { samples: wild(value), ..one(0.0).remove(0) }].map(|found| Benchmark { value: None, ..found });
    let found = compare(&of(1.0), &of(22.0), &Thresholds::default(), &Rules::default());
    let row = &found.rows[0];
    let measured = row.judgement.as_ref().unwrap().evidence.result.as_ref().unwrap();
    assert!((row.change_percent.unwrap() - (measured.effect - 1.0) * 100.0).abs() < 1e-9, "{row:?}");
    assert!((row.head.unwrap() / row.base.unwrap() - measured.effect).abs() < 1e-9, "{row:?}");
    assert!(row.change_percent.unwrap() < 15.0 && row.reported[1].unwrap() > 1.6, "{row:?}");
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
    assert_eq!(status(&rate(95, 100), &rate(95, 100)), Status::Open, "nor is the same number of a hundred a proof");
    assert_eq!(status(&rate(950, 1_000), &rate(962, 1_000)), Status::Unchanged);
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
    fn comparing_with_itself_never_fails_and_never_passes(values in proptest::collection::vec(1e-9f64..1e9, 1..40), samples in proptest::collection::vec(1e-3f64..1e3, 0..40)) {
        let benchmarks: Vec<Benchmark> = values.iter().enumerate().map(|(index, value)| Benchmark {
            samples: samples.iter().copied().collect(),
            ..Benchmark::number(index.to_string(), "s", Direction::LowerIsBetter, Some(*value))
        }).collect();
        let found = compare(&benchmarks, &benchmarks, &Thresholds::default(), &Rules::default());
        prop_assert!(!found.regressed, "{found:?}");
        prop_assert!(found.open, "{found:?}");
    }
}
