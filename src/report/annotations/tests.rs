use super::*;
use crate::{
    domain::{
        regression::{Settings, samples},
        suite::run::Quarantined,
    },
    report::fixture,
};

/// The greeting's cases stand in lines 10, 11, …; the first assertion of the first one has a line of its own.
fn places(cases: usize) -> Places {
    let place = |index: usize| CasePlaces {
        case: Place::at("cases/greeting.yml", 10 + index, 3),
        assertions: if index == 0 { vec![Some(99)] } else { Vec::new() },
    };
    let cases = (0..cases).map(|index| (index, place(index))).collect();
    Places::from([("greeting".to_owned(), SuitePlaces { prompt: Place::at("p.yml", 4, 7), cases })])
}

#[test]
fn every_suite_that_did_not_pass_has_one() {
    let annotations = of(&fixture::rich(), &[], &Places::new());
    let found: Vec<_> = annotations.iter().map(|annotation| (annotation.level, annotation.title.as_str())).collect();
    assert_eq!(found, [(Level::Error, "suite extract | <b>json</b>: failed"), (Level::Warning, "suite outage: inconclusive")]);
    assert_eq!(annotations[0].place, Place::line("prompts/extract.txt", 1));
    assert_eq!(of(&fixture::passing(3), &[], &places(3)), []);
}

#[test]
fn a_limit_that_is_passed_is_the_reason() {
    let mut run = fixture::passing(3);
    run.suites[0].limits_on_performance.latency_p95 = Some(std::time::Duration::from_nanos(1));
    let annotations = of(&run, &[], &Places::new());
    let [only] = annotations.as_slice() else { panic!("{annotations:?}") };
    assert_eq!((only.level, only.title.as_str()), (Level::Error, "suite greeting: failed"));
    assert!(
        only.message.starts_with("3 of 3 samples passed\n`latency-p95` is ") && only.message.contains(" is allowed"),
        "{}",
        only.message
    );
}

#[test]
fn many_samples_are_counted() {
    let annotations = of(&fixture::failing(25), &[], &Places::new());
    let message = &annotations.first().unwrap().message;
    assert_eq!(message.lines().count(), 7, "{message}");
    assert!(message.starts_with("0 of 25 samples passed\n") && message.ends_with("…and 20 more"), "{message}");
}

#[test]
fn failing_cases_stand_where_they_are_written() {
    let found = of(&fixture::failing(2), &[], &places(2));
    let places: Vec<String> = found.iter().map(|annotation| annotation.place.to_string()).collect();
    assert_eq!(places, ["p.yml:4:7", "cases/greeting.yml:99", "cases/greeting.yml:11:3"]);
    assert_eq!(found[1].title, "suite greeting, case case-0: failed");
    assert_eq!(found[2].message, "contains: \"Ana\": the answer does not contain \"Ana\"");
}

#[test]
fn repeats_of_a_case_are_one_remark_and_reasons_are_said_once() {
    let mut run = fixture::failing(2);
    let mut again = run.suites[0].samples[1].clone();
    again.repeat = 1;
    run.suites[0].samples.push(again);
    let found = of(&run, &[], &places(2));
    assert_eq!(found.len(), 3);
    assert_eq!(found[2].message, "contains: \"Ana\": the answer does not contain \"Ana\"\nfailed in 2 of 2 repeats");
}

#[test]
fn a_case_in_quarantine_is_a_notice_with_its_reason() {
    let mut run = fixture::failing(2);
    let rule = Quarantined { reason: "rude on Mondays".to_owned(), until: "2026-12-31".to_owned(), issue: Some("#7".to_owned()) };
    let case = run.suites[0].samples[1].case_id.clone();
    run.suites[0].known.push(KnownCase { case, quarantine: Some(rule), flaky: None, counts: false });
    let found = of(&run, &[], &places(2));
    assert_eq!(found.iter().map(|annotation| annotation.level).collect::<Vec<_>>(), [Level::Error, Level::Error, Level::Notice]);
    assert!(found[2].message.ends_with("in quarantine until 2026-12-31: rude on Mondays (#7)"), "{}", found[2].message);
}

#[test]
fn what_only_informs_is_not_said_beside_what_weighs() {
    let mut run = fixture::failing(2);
    for sample in &mut run.suites[0].samples {
        let informs = AssertionRun { weight: 0.0, ..fixture::assertion("latency", "latency: 1s", false, "took 2 s") };
        if let SampleResult::Judged { assertions, .. } = &mut sample.result {
            *assertions = assertions.iter().cloned().chain([informs]).collect();
        }
    }
    assert!(of(&run, &[], &places(2)).iter().skip(1).all(|annotation| !annotation.message.contains("latency")));
    // A score below the case's threshold needs no failing assertion.
    if let SampleResult::Judged { assertions, score, .. } = &mut run.suites[0].samples[1].result {
        *assertions = std::sync::Arc::default();
        *score = 0.25;
    }
    assert_eq!(of(&run, &[], &places(2))[2].message, "its score of 0.25 is too low");
}

#[test]
fn what_fails_since_base_comes_first() {
    let mut run = fixture::failing(2);
    let mut base = run.suites[0].samples.clone();
    if let SampleResult::Judged { passed, .. } = &mut base[1].result {
        *passed = true;
    }
    let head = run.suites[0].samples.clone();
    run.suites[0].comparison = Some(samples::compare(&base, &head, Vec::new(), &Settings::default()));
    let titles: Vec<String> = of(&run, &[], &places(2)).into_iter().skip(1).map(|annotation| annotation.title).collect();
    assert_eq!(titles, ["suite greeting, case case-1: newly failing", "suite greeting, case case-0: failing on both"]);
}
