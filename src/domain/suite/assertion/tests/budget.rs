use std::time::Duration;

use super::{answer, parse, problems, reason, variables};
use crate::domain::{
    answer::{Origin, Usage},
    suite::{assertion::Subject, run::AssertionRun},
};

fn judge_cost(yaml: &str, cost_usd: Option<f64>, usage: Usage) -> AssertionRun {
    let mut answer = answer("");
    answer.usage = usage;
    parse(yaml).unwrap().judge(&Subject::new(&answer, &variables(), cost_usd))
}

#[test]
fn a_latency_is_compared_with_milliseconds_or_a_duration() {
    assert_eq!(reason("latency: 100", "", false), "took 120 ms, at most 100 ms allowed");
    for limit in ["latency: 120", "latency: 120ms", "latency: 2s", "{type: latency, threshold: 120.5}", "{type: latency, value: 0.2s}"] {
        reason(limit, "", true);
    }
}

#[test]
fn a_latency_that_was_not_measured_now_says_so() {
    let mut answer = answer("");
    answer.latency = Duration::from_micros(500_400);
    for (origin, told) in [(Origin::Recorded, " (recorded)"), (Origin::Cached, " (cached)"), (Origin::Live, "")] {
        answer.origin = origin;
        let run = parse("latency: 500").unwrap().judge(&Subject::new(&answer, &variables(), None));
        assert_eq!((run.passed, run.reason), (false, format!("took 500.4 ms{told}, at most 500 ms allowed")));
    }
}

#[test]
fn a_cost_is_compared_in_dollars() {
    assert_eq!(judge_cost("cost: 0.002", Some(0.0031), Usage::default()).reason, "cost $0.0031, at most $0.002 allowed");
    assert!(judge_cost("cost: 0.3", Some(0.1 + 0.2), Usage::default()).passed, "rounding is no overrun");
    assert!(judge_cost("{type: cost, threshold: 0}", Some(0.0), Usage::default()).passed);
    assert!(parse("cost: 1").unwrap().needs_cost() && !parse("latency: 1").unwrap().needs_cost());
    assert!(parse("any-of: [{contains: x}, {all-of: [{cost: 1}]}]").unwrap().needs_cost());
}

#[test]
fn an_unknown_cost_fails_whichever_way_it_is_asked() {
    let tokens = Usage { input_tokens: Some(1), output_tokens: Some(1), estimated: false };
    for cost in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        for yaml in ["cost: 1", "not-cost: 1", "not-all-of: [{cost: 1}]", "not-any-of: [{cost: 1}]", "all-of: [{not-cost: 1}]"] {
            let run = judge_cost(yaml, cost, tokens);
            assert!(!run.passed && run.reason.contains("set `prices` for the provider"), "{yaml}: {}", run.reason);
        }
    }
    assert!(judge_cost("cost: 1", None, Usage::default()).reason.ends_with("the provider reported no tokens"));
}

#[test]
fn limits_that_mean_nothing_are_refused() {
    assert_eq!(problems("latency: 0"), ["latency: 0 is not a time limit: it must be above 0 ()"]);
    assert_eq!(problems("{type: latency, threshold: -5}"), ["threshold: -5 is not a time limit: it must be above 0 ()"]);
    assert!(problems("latency: \"500\"").first().unwrap().contains("write a number with a unit"));
    assert!(problems("latency: 1e300").first().unwrap().contains("is not a time limit"));
    assert_eq!(problems("latency: [1]"), ["latency: expected milliseconds or a duration such as `2s`, found a list ()"]);
    assert!(problems("{type: latency, value: 1, threshold: 2}").first().unwrap().contains("mean the same"));
    assert_eq!(problems("cost: -1"), ["cost: -1 is not an amount of money: it must be 0 or more ()"]);
    assert_eq!(problems("cost: \"1e999\""), ["cost: expected a number of US dollars, found text ()"]);
    assert!(problems("{type: cost}").first().unwrap().starts_with(": `value` is missing (for example"));
}
