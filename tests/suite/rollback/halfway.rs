//! Rollouts and rollbacks that got to some of the targets, or of which a record cannot be read.

use std::{fs, path::PathBuf};

use super::{bounds::records, completed};
use crate::support::rollout::Stage;

const PLAN: &str = "stages: [10, 50, 100]\n  stage-duration: 10m\n  rollback: {timeout: 1s}";

fn path(stage: &Stage, name: &str) -> PathBuf {
    stage.workspace.path().join(name)
}

/// Puts a folder where a target's file is, so that nobody can write it.
fn bar(stage: &Stage, file: &str) {
    let _absent = fs::rename(path(stage, file), path(stage, "aside"));
    fs::create_dir(path(stage, file)).unwrap();
}

/// Puts the file back.
fn unbar(stage: &Stage, file: &str) {
    fs::remove_dir(path(stage, file)).unwrap();
    let _absent = fs::rename(path(stage, "aside"), path(stage, file));
}

/// A second flag file beside the first.
fn with_two(stage: &Stage) {
    let config = fs::read_to_string(path(stage, "prompt-cicd.yml")).unwrap();
    let config = config.replace("metric-sources:", "  two: {kind: flagd, path: two.json}\nmetric-sources:");
    fs::write(path(stage, "prompt-cicd.yml"), config.replace("targets: [flags]", "targets: [flags, two]")).unwrap();
}

/// The candidate has a share in the first file, and the second one does not take it.
fn half_begun(at_the_start: bool) -> Stage {
    let stage = Stage::with(PLAN, "1ms");
    with_two(&stage);
    if at_the_start {
        bar(&stage, "two.json");
        stage.rollout("start", []);
        assert_eq!(stage.share("2.0.0"), "10");
        return stage;
    }
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    bar(&stage, "two.json");
    stage.rollout("promote", []);
    assert_eq!(stage.share("2.0.0"), "50");
    stage
}

#[test]
fn health_is_looked_at_while_a_target_does_not_take_its_share() {
    for (at_the_start, paused) in [(true, false), (false, false), (false, true)] {
        let stage = half_begun(at_the_start);
        if paused {
            stage.rollout("pause", []);
        }
        // Healthy numbers lead nowhere as long as it lasts.
        for _ in 0..3 {
            stage.rollout("step", []);
        }
        let share = if at_the_start { "10" } else { "50" };
        assert_eq!(stage.share("2.0.0"), share);
        stage.numbers(500.0, 9000.0);
        stage.rollout("step", []).exits(23);
        assert_eq!(stage.share("1.0.0"), "100", "start: {at_the_start}, paused: {paused}");
        unbar(&stage, "two.json");
        stage.rollout("step", []).exits(22);
        assert_eq!(stage.status()["phase"], "rolled-back");
        stage.call(["audit", "verify"]).exits(0);
    }
}

#[test]
fn a_third_version_comes_back_while_the_first_rollout_is_under_way() {
    let stage = Stage::empty(PLAN, "1ms");
    stage.numbers(500.0, 500.0);
    for number in ["1.0.0", "2.0.0"] {
        stage.version(number);
        stage.call(["registry", "register", "greeting"]).exits(0);
    }
    bar(&stage, "flags.json");
    stage.rollout("start", ["--version", "2.0.0"]);
    unbar(&stage, "flags.json");
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency", "--yes"]).exits(0);
    assert_eq!((stage.share("1.0.0"), stage.status()["phase"].as_str()), ("100".to_owned(), Some("rolled-back")));
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).shows("production stable");
    stage.call(["registry", "show", "greeting", "2.0.0"]).exits(0).shows("bad (");
}

#[test]
fn a_record_that_cannot_be_read_keeps_nothing_from_going_back_by_itself() {
    let stage = Stage::with(PLAN, "1ms");
    stage.rollout("start", []).exits(0);
    for file in records(&stage, "2.0.0") {
        fs::write(file, "{\"half").unwrap();
    }
    stage.numbers(500.0, 9000.0);
    stage.rollout("step", []).exits(22);
    assert_eq!(stage.share("1.0.0"), "100");
    assert_eq!(stage.status()["phase"], "rolled-back");
}

#[test]
fn an_emergency_that_finishes_an_abort_is_kept_as_one() {
    let stage = Stage::with(PLAN, "1ms");
    stage.rollout("start", []).exits(0);
    bar(&stage, "flags.json");
    stage.rollout("abort", []);
    unbar(&stage, "flags.json");
    let before = stage.workspace.read("flags.json");
    let emergency = ["rollback", "greeting", "--emergency", "--yes", "--reason", "users suffer", "--format", "json"];
    let result = stage.call(emergency).exits(0).json();
    assert_eq!((result["changed"].as_bool(), result["reason"].as_str()), (Some(true), Some("users suffer")), "{result}");
    assert_eq!(result["targets"].as_array().map(Vec::len), Some(1), "{result}");
    assert_ne!(stage.workspace.read("flags.json"), before);
    assert_eq!(stage.share("1.0.0"), "100");
    assert_eq!(stage.status()["phase"], "rolled-back");
    stage.call(["rollback", "history", "greeting"]).exits(0).shows("users suffer");
    stage.call(["registry", "show", "greeting", "2.0.0"]).exits(0).shows("bad (users suffer)");
    stage.call(["audit", "show", "--format", "json"]).exits(0).shows("rollback-ordered").shows("rollback-result");
    stage.call(["audit", "verify"]).exits(0);
    // The same again changes nothing.
    assert_eq!(stage.call(emergency).exits(0).json()["changed"], false);
}

#[test]
fn a_repeat_that_does_not_get_through_leaves_the_record_of_the_one_that_did() {
    let stage = completed();
    stage.call(["rollback", "greeting", "--emergency", "--yes", "--reason", "first"]).exits(0);
    bar(&stage, "flags.json");
    for reason in ["second", "third"] {
        let again = ["rollback", "greeting", "--emergency", "--yes", "--timeout", "1s", "--by", "bob", "--reason", reason];
        stage.call(again).exits(23);
    }
    unbar(&stage, "flags.json");
    stage.call(["rollback", "greeting", "--emergency", "--yes", "--reason", "fourth"]).exits(0);
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).exits(0).json();
    let mut kept: Vec<(&str, &str, bool)> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let text = |key: &str| record[key].as_str().unwrap();
            (text("triggered_by"), text("reason"), text("status") == "success")
        })
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, [("ana", "first", true), ("bob", "second", false), ("bob", "third", false)], "{history}");
}

#[test]
fn an_archived_version_that_a_person_puts_back_by_name_is_archived_no_more() {
    let stage = completed();
    stage.call(["registry", "archive", "greeting", "1.0.0", "--reason", "never again"]).exits(0);
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
    let list = stage.call(["registry", "list", "greeting"]).exits(0).stdout;
    assert!(!list.contains("archived"), "{list}");
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).shows("production stable");
}
