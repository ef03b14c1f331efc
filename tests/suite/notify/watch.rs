use std::time::Duration;

use serde_json::{Value, json};

use super::{FakeSlack, told, with};
use crate::support::rollout::Stage;

fn stage(watch: &str) -> Stage {
    let stage = Stage::with(&format!("stages: [10, 100]\n  stage-duration: 5m\n  rollback: {{watch: {{{watch}}}}}"), "30s");
    stage.rollout("start", []).exits(0);
    stage
}

fn status(stage: &Stage, code: i32, more: &[&str]) -> Value {
    let args = ["rollback", "status", "greeting", "--format", "json"].into_iter().chain(more.iter().copied());
    stage.call(args).exits(code).json()[0].clone()
}

#[test]
fn a_watch_ends_healthy_and_is_not_part_of_the_thirty_seconds() {
    let stage = stage("duration: 1s, interval: 200ms");
    let done = stage.call(["rollback", "greeting", "--yes", "--watch", "--format", "json"]).exits(0).says("healthy after the rollback");
    let result = done.json();
    assert_eq!(result["watch"]["result"], "healthy", "{result}");
    assert!(result["watch"]["looks"].as_array().unwrap().len() >= 2, "{result}");
    let time = |at: &Value| at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time(&result["end_time"]) <= time(&result["watch"]["from"]), "{result}");
    assert_eq!(result["sla_met"], true);
    let audit = stage.call(["audit", "show", "--format", "json", "--last", "2"]).exits(0).json();
    let whats: Vec<&str> = audit["entries"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["rollback-result", "rollback-watched"]);
    assert_eq!(audit["entries"][1]["evidence"]["result"], "healthy");
    // Nobody asked for a watch: there is none.
    let stage = self::stage("duration: 1s, interval: 200ms");
    assert_eq!(stage.call(["rollback", "greeting", "--yes", "--format", "json"]).exits(0).json()["watch"], Value::Null);
    // Whoever comes after, and finds it done and written by somebody else, watches that.
    let again = stage.call(["rollback", "greeting", "--yes", "--watch", "--format", "json"]).exits(0).json();
    assert_eq!((&again["changed"], &again["watch"]["result"]), (&json!(false), &json!("healthy")), "{again}");
    assert_eq!(status(&stage, 0, &[])["watch"], again["watch"]);
}

#[test]
fn what_is_not_well_or_not_known_is_said_and_told_and_keeps_the_exit_code() {
    let slack = FakeSlack::start(200, Duration::ZERO);
    let stage = with(
        stage("always: true, duration: 300ms, interval: 100ms"),
        "notifications: {ops: {kind: slack, events: [rollback-unhealthy]}}\n",
    );
    stage.numbers(9_000.0, 500.0);
    let done = told(&stage, &slack, ["rollback", "greeting", "--yes", "--format", "json"]).run().exits(0).says("health is unhealthy");
    assert_eq!(done.json()["watch"]["result"], "unhealthy");
    assert_eq!(slack.heard(), ["Not healthy after the rollback: greeting in production (2.0.0 → 1.0.0)"]);
    assert_eq!(status(&stage, 21, &[])["watch"]["result"], "unhealthy");
    // No numbers are no health.
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.workspace.write("numbers.json", b"{}");
    let done = stage.call(["rollback", "greeting", "--yes", "--format", "json"]).exits(0).json();
    assert_eq!(done["watch"]["result"], "inconclusive", "{done}");
    stage.version("4.0.0");
    stage.rollout("start", []).exits(0);
    let done = stage.call(["rollback", "greeting", "--yes", "--no-watch", "--format", "json"]).exits(0).json();
    assert_eq!(done["watch"], Value::Null);
}

#[test]
fn a_watch_that_was_cut_off_goes_on_with_the_status() {
    let stage = stage("duration: 2s, interval: 100ms");
    let mut child = super::call(&stage, ["rollback", "greeting", "--yes", "--watch"]).spawn();
    let begun = std::time::Instant::now();
    let open = || super::changed(&stage, |_| false)["rollbacks"][0]["watch"].is_object();
    while !open() && begun.elapsed() < Duration::from_mins(1) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let cut = super::changed(&stage, |_| false);
    assert_eq!((&cut["rollbacks"][0]["watch"]["result"], &cut["rollbacks"][0]["sla_met"]), (&Value::Null, &json!(true)), "{cut}");
    // A look that changes nothing else goes on with it, and waits when it is told to.
    let over = status(&stage, 0, &["--watch"]);
    assert_eq!(over["watch"]["result"], "healthy", "{over}");
    assert_eq!(status(&stage, 0, &[])["watch"], over["watch"], "what is over stays as it is");
}
