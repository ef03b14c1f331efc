use std::time::Duration;

use super::*;
use crate::domain::{
    metric_source::{Found, Labels, Point, Series},
    regression::{Direction, Rules},
};

const MINUTE: i64 = 60_000;
const NOW: i64 = 1_000 * MINUTE;

fn metric() -> MetricSettings {
    MetricSettings {
        name: "latency".into(),
        source: "prom".into(),
        query: "x".into(),
        direction: Direction::LowerIsBetter,
        warning: Some(300.0),
        critical: Some(500.0),
        hold: None,
        trend: None,
        change_point: None,
        anomaly: None,
        baseline: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an observation holds what a source may refuse")]
fn reading(found: Found) -> Answer {
    Ok(Reading { query: "x".into(), found, warnings: Vec::new(), took: Duration::ZERO })
}

fn now(value: f64) -> Observed {
    let point = Point { at_ms: NOW, value };
    let now = reading(Found::Value { labels: Labels::new(), point });
    Observed { at_ms: NOW, now, held: None, history: None, baseline: None, runs: None }
}

/// One number a minute, the last one now.
fn minutes(values: &[f64]) -> Answer {
    let first = NOW - MINUTE * (i64::try_from(values.len()).unwrap() - 1);
    let points = values.iter().zip(0_i64..).map(|(value, at)| Point { at_ms: first + at * MINUTE, value: *value }).collect();
    reading(Found::Series(vec![Series { labels: Labels::new(), points }]))
}

fn one(metric: MetricSettings, observed: Observed) -> MetricResult {
    judged(vec![metric], &[observed], 2).metrics.remove(0)
}

fn judged(metrics: Vec<MetricSettings>, observed: &[Observed], rollback_after: usize) -> MonitorRun {
    let (window, step) = (Duration::from_hours(24), Duration::from_mins(15));
    let settings = Settings { rollback_after, timeout: Duration::from_secs(1), window, step, metrics };
    let metrics = judge(&settings, &Rules::default(), observed);
    MonitorRun { prompt: None, environment: None, version: None, at: String::new(), metrics, rollback_after }
}

#[test]
fn the_bound_itself_is_fine_and_beyond_it_is_not() {
    for (value, health) in
        [(0.0, Health::Healthy), (300.0, Health::Healthy), (300.1, Health::Degraded), (500.0, Health::Degraded), (500.1, Health::Critical)]
    {
        assert_eq!(one(metric(), now(value)).health(), health, "{value}");
    }
    let higher = MetricSettings { direction: Direction::HigherIsBetter, warning: None, critical: Some(0.055), ..metric() };
    assert_eq!(one(higher.clone(), now(0.055)).health(), Health::Healthy);
    assert_eq!(one(higher, now(0.0549)).health(), Health::Critical);
}

#[test]
fn what_is_missing_is_never_healthy() {
    let second = Duration::from_secs(1);
    let point = Point { at_ms: NOW, value: 1.0 };
    let series = |values: usize| Series { labels: Labels::new(), points: vec![point; values] };
    for found in [
        Found::Empty,
        Found::NotANumber,
        Found::Infinite,
        Found::Stale { age: second, limit: second },
        Found::Partial { series: vec![series(1)], missing: "1 of 2".into() },
        Found::TooMany { count: 2, limit: 1 },
        Found::Series(vec![series(1), series(1)]),
        Found::Samples(vec![1.0, 2.0]),
        Found::Samples(vec![f64::NAN]),
    ] {
        let name = found.name();
        let result = one(metric(), Observed { now: reading(found), ..now(1.0) });
        assert_eq!(
            (result.health(), result.findings.iter().find_map(|found| found.open)),
            (Health::Inconclusive, Some(Open::NoAnswer)),
            "{name}"
        );
        assert!(result.reasons().all(|reason| !reason.is_empty()), "{name}");
    }
    for (refused, open) in [(false, Open::NoAnswer), (true, Open::Refused)] {
        let run = judged(vec![metric()], &[Observed { now: Err(Unanswered { refused, message: "no".into() }), ..now(1.0) }], 2);
        assert_eq!((run.health(), run.is_open(open)), (Health::Inconclusive, true));
    }
    assert_eq!(judged(Vec::new(), &[], 2).health(), Health::Inconclusive, "nothing looked at is not healthy");
}

#[test]
fn a_bound_with_a_time_waits_for_it() {
    let held = |values: &[f64]| {
        let metric = MetricSettings { hold: Some(Duration::from_mins(5)), ..metric() };
        one(metric, Observed { held: Some(minutes(values)), ..now(600.0) })
    };
    assert_eq!(held(&[100.0, 600.0, 600.0, 600.0, 600.0, 600.0, 600.0]).health(), Health::Critical, "five minutes");
    assert_eq!(held(&[100.0, 100.0, 600.0, 600.0, 600.0, 600.0, 600.0]).health(), Health::Healthy, "four minutes");
    assert_eq!(held(&[600.0, 600.0, 600.0, 100.0, 600.0, 600.0, 600.0]).health(), Health::Healthy, "it was well between");
    // Nobody knows what was before.
    assert_eq!(held(&[600.0, 600.0, 600.0]).health(), Health::Inconclusive);
    let metric = || MetricSettings { hold: Some(Duration::from_mins(5)), ..metric() };
    for held in [
        None,
        Some(reading(Found::Empty)),
        Some(reading(Found::Samples(vec![600.0]))),
        Some(Err(Unanswered { refused: false, message: "gone".into() })),
    ] {
        assert_eq!(one(metric(), Observed { held, ..now(600.0) }).health(), Health::Inconclusive);
    }
    // A number that is well needs no time.
    assert_eq!(one(metric(), now(100.0)).health(), Health::Healthy);
}

#[test]
fn a_drift_for_the_worse_is_degraded() {
    let drifting = |slope: f64, direction| {
        let values: Vec<f64> = (0..30).map(|at| 200.0 + slope * f64::from(at) + f64::from(at % 3)).collect();
        let metric = MetricSettings { trend: Some(0.1), direction, warning: None, critical: None, ..metric() };
        one(metric, Observed { history: Some(minutes(&values)), ..now(200.0) })
    };
    assert_eq!(drifting(2.0, Direction::LowerIsBetter).health(), Health::Degraded);
    assert_eq!(drifting(2.0, Direction::HigherIsBetter).health(), Health::Healthy, "it gets better");
    assert_eq!(drifting(-2.0, Direction::HigherIsBetter).health(), Health::Degraded);
    assert_eq!(drifting(0.1, Direction::LowerIsBetter).health(), Health::Healthy, "less than 10 %");
    let few = MetricSettings { trend: Some(0.1), ..metric() };
    assert_eq!(one(few, Observed { history: Some(minutes(&[1.0; 11])), ..now(1.0) }).health(), Health::Inconclusive);
}

#[test]
fn a_window_that_stands_still_has_no_course() {
    for settings in [MetricSettings { trend: Some(0.1), ..metric() }, MetricSettings { change_point: Some(0.1), ..metric() }] {
        let found = one(settings, Observed { history: Some(minutes(&[100.0; 40])), ..now(100.0) });
        assert_eq!(found.health(), Health::Inconclusive, "{found:?}");
        assert!(found.reasons().any(|reason| reason.contains("all 40 values are 100: a number that never varies")), "{found:?}");
    }
}

#[test]
fn pinned_runs_are_a_past_of_their_own() {
    let baseline = BaselineSettings { of: Earlier::Stored("latency".into()), margin: 0.2, severity: Severity::Critical };
    let metric = MetricSettings { baseline: Some(baseline), ..metric() };
    let window: Vec<f64> = (0..20).map(|at| 140.0 + f64::from(at % 5)).collect();
    let judged = |pasts: &[(Option<&str>, f64)]| {
        let past = |(pinned, middle): &(Option<&str>, f64)| Recorded {
            pinned: pinned.map(str::to_owned),
            numbers: [0.0, 1.0, -1.0, 2.0, -2.0].iter().map(|off| middle + off).collect(),
        };
        let runs = Some(Ok(pasts.iter().map(past).collect()));
        one(metric.clone(), Observed { history: Some(minutes(&window)), runs, ..now(140.0) })
    };
    assert_eq!(judged(&[(None, 140.0)]).health(), Health::Healthy);
    let crept = judged(&[(None, 140.0), (Some("v1"), 100.0)]);
    assert_eq!(crept.health(), Health::Critical, "{crept:?}");
    assert!(crept.reasons().any(|reason| reason.contains("recorded runs of `latency`, pinned as v1")), "{crept:?}");
    let shown = crept.baseline.unwrap();
    assert_eq!(shown.evidence.base, Some(140.0), "the last runs are what is shown");
}

#[test]
fn a_step_for_the_worse_is_degraded() {
    let stepping = |after: f64| {
        let values: Vec<f64> = (0..40).map(|at| if at < 20 { 100.0 } else { after } + f64::from(at % 3)).collect();
        let metric = MetricSettings { change_point: Some(0.1), ..metric() };
        one(metric, Observed { history: Some(minutes(&values)), ..now(100.0) })
    };
    let worse = stepping(130.0);
    assert_eq!(worse.health(), Health::Degraded);
    assert!(worse.reasons().any(|reason| reason.contains("since value 21 of 40")), "{worse:?}");
    assert_eq!(stepping(70.0).health(), Health::Healthy, "for the better");
    assert_eq!(stepping(100.0).health(), Health::Healthy, "no step");
    let few = MetricSettings { change_point: Some(0.1), ..metric() };
    assert_eq!(one(few, Observed { history: Some(minutes(&[1.0; 9])), ..now(1.0) }).health(), Health::Inconclusive);
}

#[test]
fn a_baseline_is_compared_by_evidence() {
    let compared = |factor: f64, values: i32, severity| {
        let sample = |factor: f64| -> Vec<f64> { (0..values).map(|at| factor * (100.0 + f64::from(at * 7 % 5))).collect() };
        let baseline = BaselineSettings { of: Earlier::Ago(Duration::from_hours(168)), margin: 0.2, severity };
        let metric = MetricSettings { baseline: Some(baseline), ..metric() };
        let (history, baseline) = (Some(minutes(&sample(factor))), Some(minutes(&sample(1.0))));
        one(metric, Observed { history, baseline, ..now(100.0) })
    };
    assert_eq!(compared(1.5, 40, Severity::Warning).health(), Health::Degraded);
    assert_eq!(compared(1.5, 40, Severity::Critical).health(), Health::Critical);
    assert_eq!(compared(1.0, 40, Severity::Critical).health(), Health::Healthy);
    let few = compared(1.0, 3, Severity::Critical);
    assert_eq!((few.health(), few.findings.last().unwrap().open), (Health::Inconclusive, Some(Open::Undecided)));
    // A baseline that is not there is no comparison that went well.
    let baseline = BaselineSettings { of: Earlier::Ago(Duration::from_hours(1)), margin: 0.2, severity: Severity::Warning };
    let metric = MetricSettings { baseline: Some(baseline), ..metric() };
    for answer in [None, Some(reading(Found::Empty)), Some(Err(Unanswered { refused: false, message: "gone".into() }))] {
        let observed = Observed { history: Some(minutes(&[1.0; 20])), baseline: answer, ..now(1.0) };
        assert_eq!(one(metric.clone(), observed).health(), Health::Inconclusive);
    }
}

#[test]
fn constants_clear_nothing_and_a_worse_constant_is_worse() {
    let compared = |before: &dyn Fn(i32) -> f64, now_is: &dyn Fn(i32) -> f64| {
        let baseline = BaselineSettings { of: Earlier::Ago(Duration::from_hours(168)), margin: 0.2, severity: Severity::Critical };
        let metric = MetricSettings { baseline: Some(baseline), ..metric() };
        let sample = |value: &dyn Fn(i32) -> f64| Some(minutes(&(0..40).map(value).collect::<Vec<f64>>()));
        one(metric, Observed { history: sample(now_is), baseline: sample(before), ..now(100.0) })
    };
    let varies = |at: i32| 100.0 + f64::from(at % 5);
    for (before, now_is, side) in [
        (&(|_| 0.85) as &dyn Fn(i32) -> f64, &(|_| 0.85) as &dyn Fn(i32) -> f64, "of both windows"),
        (&|_| 100.0, &varies, "of the earlier window"),
        (&varies, &|_| 100.0, "of the window"),
        (&varies, &|_| 50.0, "of the window"),
    ] {
        let found = compared(before, now_is);
        let last = found.findings.last().unwrap();
        assert_eq!((found.health(), last.open), (Health::Inconclusive, Some(Open::Undecided)), "{last:?}");
        assert!(last.reason.contains(&format!("every value {side} is the same")), "{last:?}");
    }
    assert_eq!(compared(&|_| 100.0, &|_| 150.0).health(), Health::Critical);
}

#[test]
fn recorded_runs_are_a_baseline_and_too_few_of_them_are_none() {
    let compared = |runs: Option<Result<Vec<f64>, Unanswered>>, middle: f64, values: usize| {
        let baseline = BaselineSettings { of: Earlier::Stored("api".into()), margin: 0.2, severity: Severity::Warning };
        let metric = MetricSettings { baseline: Some(baseline), ..metric() };
        let history: Vec<f64> = (0..values).map(|at| middle + f64::from(i32::try_from(at % 5).unwrap()) - 2.0).collect();
        let runs = runs.map(|answer| answer.map(|numbers| vec![Recorded { pinned: None, numbers }]));
        one(metric, Observed { history: Some(minutes(&history)), runs, ..now(100.0) })
    };
    let runs = || Some(Ok(vec![100.0, 103.0, 98.0, 101.0, 99.0]));
    let worse = compared(runs(), 150.0, 40);
    assert_eq!(worse.health(), Health::Degraded);
    assert!(worse.reasons().any(|reason| reason.contains("median 150 against 100.2, the mean of 5 recorded runs of `api`")), "{worse:?}");
    assert_eq!(compared(runs(), 101.0, 40).health(), Health::Healthy);
    let few = compared(Some(Ok(vec![100.0, 103.0, 98.0])), 150.0, 40);
    assert_eq!(few.health(), Health::Inconclusive);
    assert!(few.reasons().any(|reason| reason.contains("3 of at least 5 runs")), "{few:?}");
    let gone = Some(Err(Unanswered { refused: false, message: "the store is gone".into() }));
    for (runs, values) in [(runs(), 9), (None, 40), (gone, 40)] {
        let found = compared(runs, 101.0, values);
        assert_eq!((found.health(), found.findings.last().unwrap().open), (Health::Inconclusive, Some(Open::NoAnswer)), "{found:?}");
    }
}

#[test]
fn two_critical_metrics_ask_for_a_rollback() {
    for (values, after, asked) in [([501.0, 501.0], 2, true), ([501.0, 301.0], 2, false), ([501.0, 301.0], 1, true), ([1.0, 1.0], 1, false)]
    {
        assert_eq!(judged(vec![metric(), metric()], &values.map(now), after).rollback_requested(), asked, "{values:?}");
    }
    // What is bad stays bad beside what is not known.
    let unknown = Observed { now: reading(Found::Empty), ..now(1.0) };
    let run = judged(vec![metric(), metric(), metric()], &[now(501.0), unknown, now(501.0)], 2);
    assert_eq!((run.health(), run.rollback_requested(), run.is_open(Open::NoAnswer)), (Health::Critical, true, true));
}

proptest::proptest! {
    #[test]
    fn no_answer_is_ever_healthy_by_accident(value: f64, warning: f64, critical: f64) {
        let metric = MetricSettings { warning: Some(warning), critical: Some(critical), ..metric() };
        let result = one(metric, now(value));
        let fine = value.is_finite() && value <= warning && value <= critical;
        if value.is_finite() && warning.is_finite() && critical.is_finite() {
            proptest::prop_assert_eq!(result.health() == Health::Healthy, fine);
        } else if !value.is_finite() {
            proptest::prop_assert_eq!(result.health(), Health::Inconclusive);
        }
    }
}
