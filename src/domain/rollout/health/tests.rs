//! Each rule of a check, with a number that breaks it.

use super::{Arms, Comparison, Confirmation, Direction, HealthVerdict, Measured, Memory, Metric, MetricKind, OnNoData, evaluate};
use crate::domain::{
    rollback::trigger::Trigger,
    rollout::{
        Percent, Plan,
        step_tests::{metric, plan},
    },
    stats::rng::SplitMix64,
};

fn with(metric: Metric) -> Plan {
    Plan { metrics: vec![metric], ..plan(&[10, 50, 100]) }
}

fn ten() -> Percent {
    Percent::new(10).unwrap()
}

fn values(candidate: Vec<f64>, stable: Vec<f64>) -> Vec<Arms> {
    vec![Arms { candidate: Measured::Values(candidate), stable: Some(Measured::Values(stable)), query: "q".to_owned() }]
}

fn counts(candidate: (u64, u64), stable: (u64, u64)) -> Vec<Arms> {
    let measured = |(failures, total)| Measured::Counts { failures, total };
    vec![Arms { candidate: measured(candidate), stable: Some(measured(stable)), query: "q".to_owned() }]
}

fn bounded(bound: f64) -> Metric {
    Metric { compare: None, bound: Some(bound), ..metric() }
}

fn verdict(metric: Metric, arms: &[Arms]) -> HealthVerdict {
    evaluate(&with(metric), ten(), &Memory::default(), arms).verdict
}

fn errors() -> Metric {
    Metric { kind: MetricKind::Errors, compare: Some(Comparison { margin: 0.0, prove: false }), min_samples: 50, ..metric() }
}

#[test]
fn bounds_know_their_direction() {
    let slow = values(vec![900.0], Vec::new());
    assert_eq!(verdict(bounded(800.0), &slow), HealthVerdict::Unhealthy);
    assert_eq!(verdict(bounded(900.0), &slow), HealthVerdict::Healthy, "at the bound is within it");
    let score = Metric { direction: Direction::HigherIsBetter, ..bounded(0.9) };
    assert_eq!(verdict(score.clone(), &values(vec![0.8], Vec::new())), HealthVerdict::Unhealthy);
    assert_eq!(verdict(score, &values(vec![0.95], Vec::new())), HealthVerdict::Healthy);
}

#[test]
fn what_is_not_known_never_passes() {
    for arms in [
        values(vec![f64::NAN], Vec::new()),
        values(Vec::new(), Vec::new()),
        vec![Arms { candidate: Measured::NoData("empty".to_owned()), stable: None, query: String::new() }],
    ] {
        assert_eq!(verdict(bounded(800.0), &arms), HealthVerdict::Inconclusive, "{arms:?}");
    }
    let down = vec![Arms { candidate: Measured::Error("down".to_owned()), stable: None, query: String::new() }];
    assert_eq!(verdict(bounded(800.0), &down), HealthVerdict::Error);
    assert_eq!(verdict(bounded(800.0), &[]), HealthVerdict::Error);
    let none = vec![Arms { candidate: Measured::NoData("empty".to_owned()), stable: None, query: String::new() }];
    assert_eq!(verdict(Metric { on_no_data: OnNoData::Fail, ..bounded(800.0) }, &none), HealthVerdict::Unhealthy);
    assert_eq!(verdict(Metric { min_samples: 3, ..bounded(800.0) }, &values(vec![1.0, 1.0], Vec::new())), HealthVerdict::Inconclusive);
    assert_eq!(verdict(errors(), &counts((0, 0), (0, 1_000))), HealthVerdict::Inconclusive, "no traffic");
    assert_eq!(verdict(errors(), &counts((0, 100), (0, 3))), HealthVerdict::Inconclusive, "nothing to compare with");
    assert_eq!(verdict(errors(), &counts((5, 3), (0, 3))), HealthVerdict::Error, "more failures than requests");
}

#[test]
fn a_guardrail_waits_for_nothing() {
    let metric = Metric { guardrail: Some(2_000.0), min_samples: 1_000, confirm: Confirmation { k: 3, of: 3 }, ..bounded(800.0) };
    let check = evaluate(&with(metric.clone()), ten(), &Memory::default(), &values(vec![2_500.0], Vec::new()));
    assert_eq!((check.verdict, check.hard, check.trigger), (HealthVerdict::Unhealthy, true, Some(Trigger::PerformanceRegression)));
    let shown = evaluate(&with(Metric { dry_run: true, ..metric }), ten(), &Memory::default(), &values(vec![2_500.0], Vec::new()));
    assert_eq!((shown.verdict, shown.hard), (HealthVerdict::Healthy, false));
}

#[test]
fn a_bad_number_is_confirmed_k_of_n() {
    let plan = with(Metric { confirm: Confirmation { k: 2, of: 3 }, ..bounded(800.0) });
    let mut memory = Memory::default();
    let mut seen = Vec::new();
    for value in [900.0, 700.0, 900.0, 700.0, 700.0, 900.0] {
        let check = evaluate(&plan, ten(), &memory, &values(vec![value], Vec::new()));
        memory = check.memory;
        seen.push(check.verdict.as_str());
    }
    assert_eq!(seen, ["inconclusive", "healthy", "unhealthy", "healthy", "healthy", "inconclusive"]);
}

#[test]
fn a_probe_answers_one_or_it_failed() {
    let probe = Metric { kind: MetricKind::Probe, compare: None, confirm: Confirmation { k: 1, of: 1 }, ..metric() };
    assert_eq!(verdict(probe.clone(), &values(vec![1.0], Vec::new())), HealthVerdict::Healthy);
    let check = evaluate(&with(probe), ten(), &Memory::default(), &values(vec![0.0], Vec::new()));
    assert_eq!((check.verdict, check.trigger), (HealthVerdict::Unhealthy, Some(Trigger::HealthCheckFailure)));
}

#[test]
fn weights_decide_among_metrics_that_are_not_critical() {
    let named = |name: &str, weight, bound| Metric { name: name.to_owned(), critical: false, weight, ..bounded(bound) };
    let arms = || [values(vec![900.0], Vec::new()), values(vec![900.0], Vec::new())].concat();
    let plan = |heavy| Plan { metrics: vec![named("a", heavy, 800.0), named("b", 3.0, 1_000.0)], ..plan(&[10, 100]) };
    assert_eq!(evaluate(&plan(1.0), ten(), &Memory::default(), &arms()).verdict, HealthVerdict::Healthy);
    assert_eq!(evaluate(&plan(3.0), ten(), &Memory::default(), &arms()).verdict, HealthVerdict::Unhealthy);
}

#[test]
fn a_slow_candidate_and_a_failing_one_are_seen_and_a_good_one_is_not() {
    let mut rng = SplitMix64::new(7);
    let mut draw = |mean: f64, n: usize| (0..n).map(|_| mean * (0.5 + rng.unit())).collect::<Vec<f64>>();
    for (factor, expected) in [(1.0, HealthVerdict::Healthy), (1.2, HealthVerdict::Unhealthy), (0.8, HealthVerdict::Healthy)] {
        let mut memory = Memory::default();
        let mut last = HealthVerdict::Inconclusive;
        for _ in 0..10 {
            let check = evaluate(&with(metric()), ten(), &memory, &values(draw(500.0 * factor, 60), draw(500.0, 540)));
            (memory, last) = (check.memory, check.verdict);
            if last == HealthVerdict::Unhealthy {
                break;
            }
        }
        assert_eq!(last, expected, "{factor}");
    }
    for (failures, expected) in [(2, HealthVerdict::Healthy), (8, HealthVerdict::Unhealthy)] {
        let mut memory = Memory::default();
        let mut last = HealthVerdict::Inconclusive;
        for _ in 0..10 {
            let check = evaluate(&with(errors()), ten(), &memory, &counts((failures, 100), (18, 900)));
            (memory, last) = (check.memory, check.verdict);
            if last == HealthVerdict::Unhealthy {
                break;
            }
        }
        assert_eq!(last, expected, "{failures}");
    }
}

#[test]
fn with_everything_on_one_arm_nothing_is_compared() {
    let check = evaluate(&with(metric()), Percent::ALL, &Memory::default(), &values(vec![900.0; 200], Vec::new()));
    assert_eq!(check.verdict, HealthVerdict::Healthy);
}

#[test]
fn arms_that_never_had_traffic_together_are_not_compared() {
    let plan = with(Metric { min_samples: 10, ..errors() });
    let first = evaluate(&plan, ten(), &Memory::default(), &counts((0, 0), (0, 1_000)));
    assert_eq!(first.verdict, HealthVerdict::Inconclusive);
    // Everything fails, and stable had its requests in another look.
    let second = evaluate(&plan, ten(), &first.memory, &counts((1_000, 1_000), (0, 0)));
    assert_eq!(second.verdict, HealthVerdict::Inconclusive);
    let third = evaluate(&plan, ten(), &second.memory, &counts((1_000, 1_000), (0, 1_000)));
    assert_eq!(third.verdict, HealthVerdict::Unhealthy);
}

#[test]
fn one_failing_request_of_one_is_no_error_rate() {
    let metric = Metric { kind: MetricKind::Errors, guardrail: Some(0.5), bound: Some(0.2), min_samples: 50, ..metric() };
    let judged = |failures, total| evaluate(&with(metric.clone()), ten(), &Memory::default(), &counts((failures, total), (0, 0))).verdict;
    assert_eq!(judged(1, 1), HealthVerdict::Inconclusive);
    assert_eq!(judged(10, 10), HealthVerdict::Unhealthy);
}
