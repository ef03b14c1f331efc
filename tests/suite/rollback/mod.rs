//! `prompt-cicd rollback`.

/// The behaviour cases of the system this project grew from.
mod behaviour;
mod bounds;
/// What got to some of the targets only.
mod halfway;
/// A store that was restored from an older backup.
mod restored;
/// What is tried again, and what is not.
mod retries;
/// Versions that serve, or came to serve, and should not.
mod unfit;
mod unopened;

use std::thread;

use serde_json::Value;

use crate::support::rollout::Stage;

/// Two versions that completed, 2.0.0 being the stable one.
fn completed() -> Stage {
    let stage = Stage::with("stages: [10, 100]\n  stage-duration: 0s", "10ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "100");
    stage
}

#[test]
fn a_stable_version_that_turned_out_bad_during_a_rollout_is_not_gone_back_to() {
    for emergency in ["--yes", "--emergency"] {
        let stage = completed();
        stage.version("3.0.0");
        stage.rollout("start", []).exits(0);
        stage.call(["registry", "mark-bad", "greeting", "2.0.0", "--reason", "rude"]);
        assert_eq!((stage.share("2.0.0"), stage.share("3.0.0")), ("90".to_owned(), "10".to_owned()));
        stage.call(["rollback", "greeting", emergency]).exits(0);
        assert_eq!(stage.share("1.0.0"), "100", "{emergency}");
        // Where it is the only one, that is said.
        let stage = Stage::new("10m", "100ms");
        stage.rollout("start", []).exits(0);
        stage.call(["registry", "mark-bad", "greeting", "1.0.0", "--reason", "rude"]);
        stage.call(["rollback", "greeting", emergency]).exits(23).says("there is no previous stable version (1.0.0: marked bad)");
        stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency"]).exits(0);
        assert_eq!(stage.share("1.0.0"), "100", "{emergency}");
    }
}

#[test]
fn the_previous_stable_version_comes_back_with_every_field() {
    let stage = completed();
    stage.call(["rollback", "list-versions", "greeting"]).exits(0).shows("1.0.0 previous stable").shows("2.0.0 current");
    stage.call(["rollback", "validate", "greeting"]).exits(0).shows("greeting 1.0.0 can be put back");
    let result = stage.call(["rollback", "greeting", "--yes", "--reason", "users complain", "--format", "json"]).exits(0).json();
    let case = &cases("RB-035")[0];
    for key in case["then"]["keys"].as_array().unwrap() {
        assert!(result.get(key.as_str().unwrap()).is_some(), "{key} is missing: {result}");
    }
    assert_eq!((result["status"].as_str(), result["sla_met"].as_bool()), (Some("success"), Some(true)));
    assert_eq!((result["from_version"].as_str(), result["to_version"].as_str()), (Some("2.0.0"), Some("1.0.0")));
    assert_eq!((result["triggered_by"].as_str(), result["reason"].as_str()), (Some("ana"), Some("users complain")));
    assert_eq!(stage.share("1.0.0"), "100");
    let again = stage.call(["rollback", "greeting", "--yes", "--format", "json"]).exits(0).json();
    assert_eq!((again["status"].as_str(), again["changed"].as_bool()), (Some("success"), Some(false)));
    assert_eq!(stage.status()["epoch"], 1);
    let list = stage.call(["rollback", "list-versions", "greeting"]).exits(0).stdout;
    assert!(list.contains("2.0.0 marked bad"), "{list}");
}

#[test]
fn an_emergency_works_from_every_state_and_asks_nothing() {
    for verb in [vec![], vec!["pause"], vec!["set", "77", "--force"], vec!["complete", "--skip-final-checks"], vec!["abort"]] {
        let stage = Stage::new("5m", "30s");
        stage.rollout("start", []).exits(0);
        if let Some((verb, more)) = verb.split_first() {
            stage.call(["rollout", verb, "greeting"].into_iter().chain(more.iter().copied())).exits(0);
        }
        stage.call(["rollback", "greeting", "--emergency"]).exits(0);
        assert_eq!(stage.share("1.0.0"), "100", "{verb:?}");
    }
}

#[test]
fn without_a_yes_nothing_happens() {
    let stage = completed();
    stage.call(["rollback", "greeting"]).exits(20).says("nobody said yes").says("rollback --yes");
    stage.call(["rollback", "greeting", "--dry-run"]).exits(0).shows("would put greeting 1.0.0 back");
    stage.call(["rollback", "greeting", "--auto-approve", "--to", "9.9.9"]).exits(20).says("is not registered");
    stage.call(["registry", "mark-bad", "greeting", "1.0.0", "--reason", "wrong"]).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(23).says("there is no previous stable version (1.0.0: marked bad)");
    stage.call(["rollback", "greeting", "--yes", "--to", "1.0.0"]).exits(20).says("is marked bad (wrong)");
    assert_eq!(stage.share("2.0.0"), "100");
    stage.call(["rollback", "greeting", "--emergency", "--to", "1.0.0"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn of_many_at_once_one_is_made() {
    let stage = completed();
    let codes: Vec<i32> = thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.call(["rollback", "greeting", "--yes"]).code)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|code| *code == 0), "{codes:?}");
    assert_eq!(stage.status()["epoch"], 1, "nobody goes from 1.0.0 to 1.0.0");
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).json();
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
}

#[test]
fn a_target_that_fails_is_named_with_what_it_shows() {
    let stage = completed();
    // Nobody can write where a folder stands.
    std::fs::remove_file(stage.workspace.path().join("flags.json")).unwrap();
    std::fs::create_dir_all(stage.workspace.path().join("flags.json/x")).unwrap();
    let failed = stage.call(["rollback", "greeting", "--yes", "--timeout", "1s", "--format", "json"]).exits(23).json();
    assert!(["failed", "timeout"].contains(&failed["status"].as_str().unwrap()), "{failed}");
    assert_eq!((failed["sla_met"].as_bool(), failed["targets"][0]["confirmed"].as_bool()), (Some(false), Some(false)));
    assert!(failed["error"].as_str().unwrap().contains("flags"), "{failed}");
    // What was not done is not said to be late.
    let told = stage.call(["rollback", "history", "greeting"]).exits(0).shows(" ms, NOT DONE").stdout;
    assert!(!told.contains("within 30 s"), "{told}");
    std::fs::remove_dir_all(stage.workspace.path().join("flags.json")).unwrap();
    stage.call(["rollback", "resume", "greeting"]).exits(0);
    assert_eq!((stage.share("1.0.0"), stage.status()["phase"].as_str().unwrap().to_owned()), ("100".to_owned(), "rolled-back".to_owned()));
    stage.call(["rollback", "resume", "greeting"]).exits(20).says("no rollback is under way");
}

#[test]
fn a_second_rollback_leaves_what_the_first_one_put_back() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0).shows("3.0.0 -> 2.0.0");
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--yes"]).exits(0).shows("2.0.0 -> 1.0.0");
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).json();
    let left: Vec<&str> = history.as_array().unwrap().iter().map(|record| record["from_version"].as_str().unwrap()).collect();
    assert_eq!(left, ["2.0.0", "3.0.0"]);
    let shown = stage.call(["audit", "show", "--format", "json", "--last", "1000"]).exits(0).json();
    let second = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["to"] == "1.0.0" && entry["what"] != "rollout-started");
    let second: Vec<(&str, &str)> =
        second.map(|entry| (entry["what"].as_str().unwrap(), entry["from"].as_str().unwrap_or_default())).collect();
    for what in ["rollback-ordered", "rolled-back", "rollback-result"] {
        assert!(second.contains(&(what, "2.0.0")), "{what}: {second:?}");
    }
}

#[test]
fn a_mistyped_name_is_told_by_every_verb() {
    let stage = completed();
    for verb in ["status", "history", "list-versions", "validate", "resume"] {
        let near = "did you mean `greeting`?";
        stage.call(["rollback", verb, "greting"]).exits(4).says("there is no prompt `greting`").says(near);
    }
}

fn cases(id: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(include_str!("../../data/behaviour/rollback.json")).unwrap();
    all.into_iter().filter(|case| case["id"] == id).collect()
}
