//! The data set's cases about rollouts, walked one by one.

use std::collections::BTreeMap;

use prompt_cicd::domain::{
    registry::{Contents, difference},
    rollback::{
        deadline::sla_met,
        target::{Candidate, previous_stable},
        trigger::Trigger,
    },
    rollout::{Percent, VersionRef, plan::canary},
};
use serde_json::{Map, Value, json};

use crate::support::{Finished, rollout::Stage};

fn cases(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn rollout_cases() -> Vec<Value> {
    cases(include_str!("../../data/behaviour/rollout.json"))
}

/// `advance…` as a person does it: what is measured, a look, and the order.
fn advance(stage: &Stage, step: &str) -> Finished {
    match step {
        "advance_regressed" | "advance_latency_up" => stage.numbers(500.0, 900.0),
        _ => stage.numbers(500.0, 500.0),
    }
    stage.rollout("step", []);
    stage.rollout("promote", [])
}

#[test]
fn driven_rollouts_do_what_is_kept_and_not_what_was_a_defect() {
    let mut kept = 0;
    for case in rollout_cases().iter().filter(|case| case["when"] == "drive rollout" && case["status"] == "keep") {
        let stage = Stage::with("on-failure: pause", "1ms");
        for (step, expected) in case["given"]["steps"].as_array().unwrap().iter().zip(case["then"]["log"].as_array().unwrap()) {
            let step = step.as_str().unwrap();
            let done = if step.starts_with("start") { stage.rollout("start", []) } else { advance(&stage, step) };
            assert_eq!(done.code == 0, expected["ok"] == true, "{} {step}: {}{}", case["id"], done.stdout, done.stderr);
            let status = stage.status();
            assert_eq!(status["current_percentage"], expected["pct"], "{} {step}", case["id"]);
            assert_eq!(status["status"] == "in_progress", expected["active"] == true, "{} {step}: {status}", case["id"]);
            kept += 1;
        }
    }
    assert!(kept >= 15, "{kept}");
    // ROLL-014, ROLL-017: slower is worse, and what nobody measured is not healthy.
    let stage = Stage::with("on-failure: pause", "1ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("promote", []).exits(20).says("not known");
    assert_eq!(advance(&stage, "advance_latency_up").code, 20);
    assert_eq!(stage.share("2.0.0"), "10");
}

#[test]
fn a_health_source_that_fails_never_advances() {
    let of_sources: Vec<Value> = rollout_cases().into_iter().filter(|case| case["given"].get("health_source_raises").is_some()).collect();
    assert_eq!(of_sources.len(), 4);
    let stage = Stage::with("on-failure: pause", "1ms");
    stage.rollout("start", []).exits(0);
    for (case, content) in of_sources.iter().zip(["", "{", "[]", "{\"2.0.0\": {\"latency\": \"NaN\"}}"]) {
        assert_eq!(case["then"]["recommended"]["ok"], false);
        stage.workspace.write("numbers.json", content.as_bytes());
        stage.rollout("step", []);
        assert_eq!(stage.rollout("promote", []).code, 20, "{}", case["id"]);
        assert_eq!(stage.share("2.0.0"), "10", "{}", case["id"]);
    }
}

#[test]
fn shares_from_0_to_100_and_no_more() {
    for case in rollout_cases().iter().filter(|case| case["when"] == "update_traffic_percentage") {
        let stage = Stage::new("5m", "30s");
        stage.rollout("start", []).exits(0);
        let percentage = case["given"]["percentage"].to_string();
        let done = stage.rollout("set", ["--force", "--", &percentage]);
        assert_eq!(done.code == 0, case["then"]["accepted"] == true, "{}: {}", case["id"], done.stderr);
    }
}

#[test]
fn completing_looks_at_health_unless_told_otherwise() {
    let mut seen = 0;
    for case in rollout_cases().iter().filter(|case| case["when"] == "complete_rollout") {
        let stage = Stage::with("on-failure: pause", "1ms");
        stage.rollout("start", []).exits(0);
        stage.numbers(500.0, if case["given"]["healthy"] == true { 500.0 } else { 900.0 });
        stage.rollout("step", []);
        let skip: &[&str] = if case["given"]["skip_final_checks"] == true { &["--skip-final-checks"] } else { &[] };
        let done = stage.rollout("complete", skip.iter().copied());
        assert_eq!(done.code == 0, case["then"]["ok"] == true, "{}: {}", case["id"], done.stderr);
        if case["then"]["pct"] == 100 {
            assert_eq!(
                (stage.share("2.0.0"), stage.status()["status"].as_str().unwrap().to_owned()),
                ("100".to_owned(), "completed".to_owned())
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_share_is_set_by_force_or_with_health() {
    for (force, candidate) in [(true, 900.0), (false, 500.0)] {
        let stage = Stage::with("on-failure: pause", "1ms");
        stage.rollout("start", []).exits(0);
        stage.numbers(500.0, candidate);
        stage.rollout("step", []);
        let more: &[&str] = if force { &["25", "--force"] } else { &["25"] };
        stage.rollout("set", more.iter().copied()).exits(0);
        assert_eq!(stage.share("2.0.0"), "25", "ROLL-047, ROLL-048");
    }
}

#[test]
fn stages_have_the_shares_of_their_names() {
    let shares: Vec<Percent> = [10, 25, 50, 100].into_iter().filter_map(Percent::new).collect();
    let stages = canary(&shares, 1, 0, 1).unwrap();
    let mut seen = 0;
    for case in rollout_cases().iter().filter(|case| case["when"] == "traffic") {
        let number =
            ["preparation", "canary_10", "canary_25", "canary_50", "full_rollout"].iter().position(|name| case["given"]["stage"] == *name);
        let share = number.unwrap().checked_sub(1).map_or(0, |index| stages[index].traffic.get());
        assert_eq!(case["then"]["pct"], share, "{}", case["id"]);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn many_at_once_start_once_and_advance_stage_by_stage() {
    let of = |id: &str| rollout_cases().into_iter().find(|case| case["id"] == id).unwrap();
    let at_once = |stage: &Stage, count: &Value, verb: &'static str| -> u64 {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..count.as_u64().unwrap()).map(|_| scope.spawn(move || stage.rollout(verb, []).code)).collect();
            let codes: Vec<i32> = calls.into_iter().map(|call| call.join().unwrap()).collect();
            assert!(codes.iter().all(|code| [0, 20, 32].contains(code)), "refused, and no exception: {codes:?}");
            codes.iter().filter(|code| **code == 0).count() as u64
        })
    };
    let (start, advance) = (of("ROLL-033"), of("ROLL-034"));
    let stage = Stage::new("5m", "1ms");
    assert_eq!(at_once(&stage, &start["given"]["concurrent_starts"], "start"), start["then"]["succeed"].as_u64().unwrap());
    stage.rollout("step", []);
    assert!(at_once(&stage, &advance["given"]["concurrent_advances"], "promote") <= advance["then"]["max_success"].as_u64().unwrap());
    let status = stage.status();
    let share = [0, 10, 25, 50, 100][usize::try_from(status["current_stage"].as_u64().unwrap()).unwrap()];
    assert_eq!(status["current_percentage"], share, "the share is that of the stage: {status}");
    // ROLL-035: what is persisted is gone on with; each call here is a process of its own.
    let stage = Stage::new("5m", "1ms");
    stage.rollout("start", []).exits(0);
    for expected in [25, 50] {
        advance_healthy(&stage);
        assert_eq!(stage.status()["current_percentage"], expected, "ROLL-035");
    }
}

fn advance_healthy(stage: &Stage) {
    stage.rollout("step", []).exits(0);
    stage.rollout("promote", []).exits(0);
}

#[test]
fn stages_of_the_seed_are_gone_through_one_by_one() {
    let mut seen = 0;
    for case in rollout_cases().iter().filter(|case| case["when"] == "start_rollout, complete each") {
        let stage = Stage::with("watch: 10m", "1ms");
        let list: Vec<String> = case["given"]["stages"].as_array().unwrap().iter().map(Value::to_string).collect();
        stage.rollout("start", ["--stages", &list.join(","), "--initial", &case["given"]["initial"].to_string()]).exits(0);
        assert_eq!(stage.status()["status"], case["then"]["status_first"], "{}", case["id"]);
        let mut sequence = vec![stage.status()["current_percentage"].clone()];
        while sequence.last() != Some(&json!(100)) {
            advance_healthy(&stage);
            sequence.push(stage.status()["current_percentage"].clone());
        }
        stage.rollout("step", []).exits(0);
        stage.rollout("complete", []).exits(0);
        assert_eq!(
            (json!(sequence), &stage.status()["status"]),
            (case["then"]["pct_sequence"].clone(), &case["then"]["status_last"]),
            "{}",
            case["id"]
        );
        seen += 1;
    }
    assert_eq!(seen, 2);
}

/// A kind of case that no test here walks would be forgotten otherwise. `latency`: `tests/real/rollouts.rs` measures it.
#[test]
fn every_kept_case_has_a_test() {
    let walked = [
        "drive rollout",
        "traffic",
        "start",
        "advance",
        "resume from persisted state, advance",
        "latency",
        "start_rollout, complete each",
        "update_traffic_percentage",
        "update_traffic_percentage 25",
        "complete_rollout",
    ];
    for case in rollout_cases().iter().filter(|case| ["keep", "doc-only"].contains(&case["status"].as_str().unwrap())) {
        assert!(walked.contains(&case["when"].as_str().unwrap()), "{case}");
    }
}

fn version(number: &str) -> VersionRef {
    VersionRef { version: number.to_owned(), digest: number.repeat(9), commit: None }
}

#[test]
fn rollbacks_keep_their_promises() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases(include_str!("../../data/behaviour/rollback.json")) {
        let id = case["id"].as_str().unwrap();
        match case["when"].as_str().unwrap() {
            "SLA" => {
                let took = std::time::Duration::from_secs_f64(case["given"]["rollback_duration_s"].as_f64().unwrap());
                assert_eq!(json!(sla_met(took)), case["then"]["sla_met"], "{id}");
            }
            "pick rollback target" => {
                let current = version(case["given"]["current"].as_str().unwrap());
                let all: Vec<Candidate> = case["given"]["versions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|text| text.as_str().unwrap())
                    // Only what reached production completed a rollout there; the originals archive what was replaced there.
                    .filter(|text| text.contains("production") || text.contains("archived"))
                    .map(|text| Candidate {
                        archived: false,
                        version: version(text.split(' ').next().unwrap()),
                        bad: text.contains("rolled back"),
                        verified: Some(true),
                    })
                    .collect();
                let target = case["then"]["target"].as_str().unwrap();
                match previous_stable(&all, Some(&current)) {
                    Ok(found) => assert_eq!(found.version, target, "{id}"),
                    Err(none) => assert!(
                        target.contains("no previous stable version") && none.to_string().contains("no previous stable version"),
                        "{id}"
                    ),
                }
            }
            "trigger values" => {
                let ours: Vec<String> = Trigger::ALL.iter().map(|trigger| trigger.as_str().replace('-', "_")).collect();
                for value in case["then"]["values"].as_array().unwrap() {
                    assert!(ours.iter().any(|own| value == own), "{id}: {value}");
                }
            }
            _ => continue,
        }
        *counts.entry(case["when"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(counts["SLA"] >= 4 && counts["pick rollback target"] >= 3 && counts["trigger values"] == 1, "{counts:?}");
}

#[test]
fn versions_are_compared_as_before() {
    let contents = |value: &Value| Contents {
        version: value["version"].as_str().unwrap().to_owned(),
        variables: value["template"].as_str().unwrap().split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect(),
        values: value["meta"].as_object().cloned().unwrap_or_else(Map::new),
    };
    let mut seen = 0;
    for case in cases(include_str!("../../data/behaviour/registry.json")) {
        if case["when"] == "compare a with b" && case["given"]["a"].is_object() {
            let found = json!(difference(&contents(&case["given"]["a"]), &contents(&case["given"]["b"])));
            assert_eq!(found, case["then"], "{}", case["id"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}
