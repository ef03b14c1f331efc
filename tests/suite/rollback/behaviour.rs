//! The data set's cases about rollbacks, their command line and the registry: each has a promise below, and each promise is kept.

use std::{collections::BTreeSet, time::Duration};

use prompt_cicd::domain::{
    rollback::{
        deadline::sla_met,
        record::{RollbackRecord, RollbackStatus},
        trigger::Trigger,
    },
    rollout::{Moment, deployment::Deployment},
};
use serde_json::{Value, json};

use super::completed;
use crate::support::rollout::Stage;

/// A promise, and the cases that ask for it.
type Promise = (&'static [&'static str], fn());

const PROMISES: &[Promise] = &[
    (&["RB-002", "RB-003"], one_rollout_at_a_time),
    (&["RB-005"], nothing_to_roll_back),
    (&["RB-007", "RB-018", "RB-036", "RB-038"], a_manual_rollback_is_kept_once_and_shown_newest_first),
    (&["RB-008", "RB-010"], health_changes_nothing),
    (&["RB-009", "RB-019", "RB-040"], what_is_worse_is_rolled_back),
    (&["RB-012", "RB-013"], what_cannot_be_told_is_not_rolled_back),
    (&["RB-016", "RBCLI-015"], a_rollback_that_fails_is_kept_as_failed),
    (&["RB-022", "RB-023", "RB-024", "RB-025"], thirty_seconds_are_too_long),
    (&["RB-027", "RB-028", "RBCLI-013"], a_slow_target_is_waited_for_and_a_hanging_one_is_not),
    (&["RB-029", "RBCLI-007", "RBCLI-009", "RBCLI-010"], the_version_before_is_found),
    (&["RB-030", "RBCLI-011"], without_a_version_before_it_says_so),
    (&["RB-034"], a_version_that_was_rolled_back_is_passed_over),
    (&["RB-035"], every_field_is_there),
    (&["RB-037"], every_trigger_has_its_name),
    (&["RB-039"], a_look_is_short),
    (&["RBCLI-001", "RBCLI-006"], the_command_line_takes_what_exists),
    (&["RBCLI-012"], a_hundred_rollbacks_are_kept),
    (&["RBCLI-014"], without_a_yes_nothing_is_done),
];

fn cases(file: &str) -> Vec<Value> {
    let path = crate::docs::root().join("tests/data/behaviour").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn case(id: &str) -> Value {
    cases("rollback.json").into_iter().find(|case| case["id"] == id).unwrap()
}

#[test]
fn every_case_has_a_promise_that_is_kept() {
    let all: BTreeSet<String> = cases("rollback.json").iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    let promised: BTreeSet<String> = PROMISES.iter().flat_map(|(ids, _)| ids.iter()).map(|id| (*id).to_owned()).collect();
    assert_eq!(promised, all);
    for (_, promise) in PROMISES {
        promise();
    }
}

fn history(stage: &Stage) -> Vec<Value> {
    let all = stage.call(["rollback", "history", "greeting", "--format", "json"]).exits(0).json();
    all.as_array().unwrap().clone()
}

fn one_rollout_at_a_time() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    assert_eq!((stage.status()["new_version"].as_str(), history(&stage).len()), (Some("2.0.0"), 0), "RB-002");
    stage.version("3.0.0");
    stage.rollout("start", []).exits(20).says("is under way");
    assert_eq!(stage.status()["new_version"], "2.0.0", "RB-003");
}

fn nothing_to_roll_back() {
    let stage = Stage::empty("stage-duration: 5m", "30s");
    stage.call(["rollback", "greeting", "--yes", "--reason", "Test rollback"]).exits(20).says("nothing was ever rolled out");
}

fn a_manual_rollback_is_kept_once_and_shown_newest_first() {
    let stage = Stage::new("5m", "30s");
    for turn in 0..12 {
        stage.rollout("start", ["--retry"]).exits(0);
        let reason = format!("turn {turn}");
        let back = stage.call(["rollback", "greeting", "--yes", "--reason", &reason, "--format", "json"]).exits(0).json();
        let told = ["trigger", "from_version", "to_version", "reason", "status"].map(|key| back[key].as_str().unwrap().to_owned());
        assert_eq!(told, ["manual", "2.0.0", "1.0.0", reason.as_str(), "success"], "RB-007");
        assert_eq!(back["sla_met"], true, "RB-038: {back}");
        // RB-018: again is no second one.
        stage.call(["rollback", "greeting", "--yes"]).exits(0);
    }
    let shown = history(&stage);
    assert_eq!((shown.len(), &shown[0]["reason"], &shown[9]["reason"]), (10, &json!("turn 11"), &json!("turn 2")), "RB-036");
    let all = stage.call(["rollback", "history", "greeting", "--limit", "100", "--format", "json"]).exits(0).json();
    assert_eq!(all.as_array().unwrap().len(), 12, "RB-018");
}

fn health_changes_nothing() {
    let stage = Stage::new("5m", "1ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    let status = stage.status();
    assert_eq!(
        (status["status"].as_str(), status["health"]["verdict"].as_str().or(Some("healthy"))),
        (Some("in_progress"), Some("healthy"))
    );
    assert_eq!((stage.share("2.0.0").as_str(), history(&stage).len()), ("10", 0), "RB-008, RB-010");
}

fn what_is_worse_is_rolled_back() {
    for (id, latency) in [("RB-009", json!(900.0)), ("RB-019", json!(1_200.0)), ("RB-040", json!(vec![900.0; 1_000]))] {
        let stage = Stage::new("5m", "1ms");
        stage.rollout("start", []).exits(0);
        let numbers = json!({"1.0.0": {"latency": 500.0}, "2.0.0": {"latency": latency}});
        stage.workspace.write("numbers.json", numbers.to_string().as_bytes());
        stage.rollout("step", []).exits(22);
        let back = &history(&stage)[0];
        assert_eq!((&back["trigger"], &back["sla_met"]), (&json!("performance-regression"), &json!(true)), "{id}: {back}");
        assert_eq!(
            (&back["from_version"], &back["to_version"], stage.share("1.0.0")),
            (&json!("2.0.0"), &json!("1.0.0"), "100".to_owned()),
            "{id}"
        );
        stage.rollout("step", []);
        assert_eq!(history(&stage).len(), 1, "{id}: once");
    }
}

fn what_cannot_be_told_is_not_rolled_back() {
    let stage = Stage::new("5m", "1ms");
    stage.rollout("start", []).exits(0);
    // RB-012: no data.
    stage.workspace.write("numbers.json", b"{}");
    stage.rollout("step", []).exits(21);
    assert_eq!((stage.share("2.0.0").as_str(), history(&stage).len()), ("10", 0), "RB-012");
    // RB-013: too little of it.
    let stage = Stage::empty("stage-duration: 5m", "1h");
    let config = stage.workspace.read("prompt-cicd.yml").replace("bound: 800", "bound: 800, min-samples: 50");
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage.version("1.0.0");
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    stage
        .workspace
        .write("numbers.json", json!({"1.0.0": {"latency": 500.0}, "2.0.0": {"latency": [500.0, 501.0]}}).to_string().as_bytes());
    stage.rollout("step", []).exits(21);
    assert_eq!((stage.share("2.0.0").as_str(), history(&stage).len()), ("10", 0), "RB-013");
}

fn a_rollback_that_fails_is_kept_as_failed() {
    let stage = completed();
    std::fs::remove_file(stage.workspace.path().join("flags.json")).unwrap();
    std::fs::create_dir_all(stage.workspace.path().join("flags.json/x")).unwrap();
    stage.call(["rollback", "greeting", "--yes", "--timeout", "500ms"]).exits(23);
    let back = &history(&stage)[0];
    assert!(
        ["failed", "timeout"].contains(&back["status"].as_str().unwrap()) && back["error"].as_str().unwrap().contains("flags"),
        "{back}"
    );
    assert_eq!((&back["from_version"], &back["to_version"]), (&json!("2.0.0"), &json!("1.0.0")));
}

fn thirty_seconds_are_too_long() {
    for id in ["RB-022", "RB-023", "RB-024", "RB-025"] {
        let case = case(id);
        let took = Duration::from_secs_f64(case["given"]["rollback_duration_s"].as_f64().unwrap());
        assert_eq!(json!(sla_met(took)), case["then"]["sla_met"], "{id}");
    }
}

/// The stable version is served by a program that takes so long to apply.
fn slow(seconds: &str) -> Stage {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    let script = format!(
        "#!/bin/sh\nread message\ncase $message in *'\"action\":\"apply\"'*) sleep {seconds}; echo \"$message\" > shown;; esac\ncat shown\n"
    );
    stage.workspace.write("target.sh", script.as_bytes());
    stage.workspace.write("shown", b"{\"shares\": null}");
    let path = stage.workspace.path().join("target.sh");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config =
        stage.workspace.read("prompt-cicd.yml").replace("{kind: flagd, path: flags.json}", "{kind: command, command: [./target.sh]}");
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage
}

fn a_slow_target_is_waited_for_and_a_hanging_one_is_not() {
    let stage = slow("1");
    let back = stage.call(["rollback", "greeting", "--yes", "--timeout", "20s", "--format", "json"]).exits(0).json();
    let took = back["duration_seconds"].as_f64().unwrap();
    assert!(back["status"] == "success" && (1.0..20.0).contains(&took), "RB-027: {back}");
    let stage = slow("60");
    let began = std::time::Instant::now();
    let back = stage.call(["rollback", "greeting", "--yes", "--timeout", "1s", "--format", "json"]).exits(23).json();
    assert_eq!((&back["status"], &back["sla_met"]), (&json!("timeout"), &json!(false)), "RB-028: {back}");
    assert!(began.elapsed() < Duration::from_secs(55), "RBCLI-013: the program was not waited for: {:?}", began.elapsed());
}

fn the_version_before_is_found() {
    let stage = completed();
    stage.call(["rollback", "list-versions", "greeting"]).exits(0).shows("1.0.0 previous stable").shows("2.0.0 current");
    stage.call(["rollback", "validate", "greeting"]).exits(0).shows("greeting 1.0.0 can be put back");
}

fn without_a_version_before_it_says_so() {
    let stage = Stage::empty("stage-duration: 5m", "30s");
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(23).says("there is no previous stable version");
}

fn a_version_that_was_rolled_back_is_passed_over() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("complete", ["--skip-final-checks"]).exits(0);
    stage.call(["registry", "mark-bad", "greeting", "2.0.0", "--reason", "rude"]).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

fn every_field_is_there() {
    let stage = completed();
    let back = stage.call(["rollback", "greeting", "--yes", "--format", "json"]).exits(0).json();
    let case = case("RB-035");
    for key in case["then"]["keys"].as_array().unwrap() {
        assert!(back.get(key.as_str().unwrap()).is_some(), "{key}: {back}");
    }
    let statuses: Vec<&str> =
        [RollbackStatus::Success, RollbackStatus::Failed, RollbackStatus::Timeout].map(RollbackStatus::as_str).to_vec();
    assert_eq!(json!(statuses), case["then"]["status_values"]);
}

fn every_trigger_has_its_name() {
    let ours: Vec<String> = Trigger::ALL.iter().map(|trigger| trigger.as_str().replace('-', "_")).collect();
    for value in case("RB-037")["then"]["values"].as_array().unwrap() {
        assert!(ours.iter().any(|own| value == own), "{value}");
    }
}

/// How long a look takes is measured by `scripts/bench`; here, that a second one within the interval asks nobody again.
fn a_look_is_short() {
    let stage = Stage::new("5m", "1h");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0).shows("healthy");
    stage.workspace.write("numbers.json", b"nobody reads this");
    stage.rollout("step", []).exits(0).shows("healthy");
}

fn the_command_line_takes_what_exists() {
    let stage = completed();
    stage.call(["rollback", "greeting", "--environment", "development", "--yes"]).exits(3).says("there is no environment `development`");
    // RBCLI-006: nothing is overwritten, so there is no backup to skip.
    stage.call(["rollback", "greeting", "--no-backup", "--yes"]).exits(2).says("--no-backup");
    stage.call(["rollback", "greeting", "--timeout", "soon", "--yes"]).exits(2);
    assert_eq!(stage.share("2.0.0"), "100");
    let all = ["--to", "1.0.0", "--reason", "all", "--environment", "production", "--emergency", "--yes", "--timeout", "30s"];
    stage.call(["rollback", "greeting"].into_iter().chain(all)).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
    for verb in ["list-versions", "history", "status"] {
        stage.call(["rollback", verb, "greeting"]).exits(0);
    }
    stage.call(["rollback", "resume", "greeting"]).exits(20).says("no rollback is under way");
}

fn a_hundred_rollbacks_are_kept() {
    let stage = completed();
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    let mut deployment = Deployment::new("greeting", "production");
    let record = RollbackRecord {
        id: String::new(),
        prompt: "greeting".to_owned(),
        environment: "production".to_owned(),
        rollout: None,
        from: "2.0.0".to_owned(),
        to: "1.0.0".to_owned(),
        started: Moment(0),
        ended: Moment(1),
        millis: 1,
        decided: None,
        status: RollbackStatus::Success,
        before: None,
        after: None,
        watch: None,
        trigger: Trigger::Manual,
        reason: String::new(),
        by: "ana".to_owned(),
        sla_met: true,
        error: None,
        targets: Vec::new(),
    };
    for number in 0..150 {
        deployment.rolled_back(RollbackRecord { id: number.to_string(), ..record.clone() });
    }
    let kept = (deployment.rollbacks.len(), deployment.rollbacks[0].id.as_str(), deployment.rollbacks[99].id.as_str());
    assert_eq!(kept, (100, "50", "149"));
}

fn without_a_yes_nothing_is_done() {
    let stage = completed();
    stage.call(["rollback", "greeting"]).exits(20).says("nobody said yes");
    assert_eq!((stage.share("2.0.0").as_str(), history(&stage).len()), ("100", 0));
}

#[test]
fn the_registry_keeps_its_promises() {
    let ids: Vec<String> = cases("registry.json").iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["REGISTRY-002", "REGISTRY-003", "REGISTRY-007", "REGISTRY-008", "REGISTRY-012"]);
    let stage = Stage::empty("stage-duration: 5m", "30s");
    let config = stage.workspace.read("prompt-cicd.yml").replace(
        "  production: {targets: [flags]}",
        "  dev: {targets: [dev]}\n  staging: {targets: [staging]}\n  production: {targets: [flags], promote-from: staging}",
    );
    let config = config.replace(
        "flags: {kind: flagd, path: flags.json}",
        "flags: {kind: flagd, path: flags.json}\n  dev: {kind: flagd, path: dev.json}\n  staging: {kind: flagd, path: staging.json}",
    );
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage.version("1.0.0");
    stage.rollout("start", ["--environment", "dev"]).exits(0);
    let promote = || stage.call(["registry", "promote", "greeting", "1.0.0", "--environment", "production"]);
    promote().exits(20).says("staging");
    assert_eq!(stage.rollout("start", ["--environment", "production"]).code, 20, "REGISTRY-003");
    stage.rollout("start", ["--environment", "staging"]).exits(0);
    promote().exits(0);
    stage.rollout("start", ["--environment", "production"]).exits(0);
    let shown = stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0);
    assert!(shown.stdout.contains("production"), "REGISTRY-002: {}", shown.stdout);
    let same = stage.call(["registry", "diff", "greeting", "1.0.0", "1.0.0", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&same["version_diff"], &same["variables_added"], &same["variables_removed"]),
        (&Value::Null, &json!([]), &json!([])),
        "REGISTRY-008"
    );
    let line = stage.call(["registry", "lineage", "greeting", "1.0.0", "--format", "json"]).exits(0).json();
    assert_eq!(line.as_array().map_or(1, Vec::len), 1, "REGISTRY-012: a first version has no parent: {line}");
}
