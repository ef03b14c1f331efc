use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::support::rollout::Stage;

/// Every entry of an intact log.
fn entries(stage: &Stage) -> Vec<Value> {
    stage.call(["audit", "verify"]).exits(0).shows("intact");
    let shown = stage.call(["audit", "show", "--format", "json", "--last", "1000"]).exits(0).json();
    shown["entries"].as_array().unwrap().clone()
}

fn whats(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect()
}

fn wait() {
    thread::sleep(Duration::from_millis(150));
}

#[test]
fn a_whole_story_is_in_the_log() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    stage.rollout("pause", ["--reason", "lunch"]).exits(0);
    stage.rollout("resume", ["--by", "bo"]).exits(0);
    wait();
    stage.rollout("step", []).exits(0);
    stage.rollout("promote", []).exits(0);
    wait();
    stage.numbers(500.0, 900.0);
    stage.rollout("step", []).exits(22);
    let before = entries(&stage).len();
    stage.rollout("step", []).exits(22);
    let all = entries(&stage);
    assert_eq!(all.len(), before, "a look that changes nothing writes nothing");
    let told = [
        // The first version of all has one stage.
        "rollout-started",
        "rollout-completed",
        // The second one.
        "rollout-started",
        "stage-confirmed",
        "rollout-paused",
        "rollout-resumed",
        "rollout-promoted",
        "stage-confirmed",
        "rollback-begun",
        "rolled-back",
        "rollback-result",
    ];
    let found: Vec<&str> = whats(&all);
    assert_eq!(found.iter().copied().filter(|what| *what != "stage-begun").collect::<Vec<_>>(), told, "{found:?}");
    let of = |what: &str| all.iter().rfind(|entry| entry["what"] == what).unwrap();
    let paused = of("rollout-paused");
    assert_eq!((&paused["who"]["actor"], &paused["why"], &paused["prompt"]), (&json!("ana"), &json!("lunch"), &json!("greeting")));
    assert_eq!(of("rollout-resumed")["evidence"]["by"], "bo", "who runs it and who is said to have ordered it");
    assert_eq!((&of("rollout-started")["from"], &of("rollout-started")["to"]), (&json!("1.0.0"), &json!("2.0.0")));
    let begun = of("rollback-begun");
    assert_eq!((&begun["environment"], &begun["from"], &begun["to"]), (&json!("production"), &json!("2.0.0"), &json!("1.0.0")));
    assert_eq!(begun["evidence"]["health"]["metrics"][0]["value"], 900.0, "the number it rests on: {begun}");
    assert_eq!(begun["evidence"]["operation"], of("rolled-back")["evidence"]["operation"]);
    let result = &of("rollback-result")["evidence"];
    assert_eq!((&result["sla_met"], &result["trigger"]), (&json!(true), &json!("performance-regression")));
}

#[test]
fn orders_that_end_it_are_in_the_log() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    stage.rollout("set", ["33", "--force"]).exits(0);
    stage.rollout("abort", ["--reason", "wrong day"]).exits(0);
    stage.rollout("pause", []).exits(20);
    stage.rollout("start", ["--dry-run"]).exits(0);
    stage.rollout("start", []).exits(0);
    stage.rollout("complete", ["--skip-final-checks"]).exits(0);
    stage.call(["rollback", "greeting", "--yes", "--reason", "rude answers"]).exits(0);
    let all = entries(&stage);
    let found = whats(&all);
    for what in [
        "rollout-set",
        "rollout-abort-ordered",
        "rollout-aborted",
        "rollout-completion-ordered",
        "rollback-ordered",
        "rolled-back",
        "rollback-result",
    ] {
        assert_eq!(found.iter().filter(|found| **found == what).count(), 1, "{what}: {found:?}");
    }
    assert_eq!(found.iter().filter(|what| **what == "rollout-started").count(), 3, "what was refused or dry is not there: {found:?}");
    let aborted = all.iter().find(|entry| entry["what"] == "rollout-aborted").unwrap();
    assert_eq!((&aborted["why"], &aborted["to"]), (&json!("wrong day"), &json!("1.0.0")));
    let back = all.iter().find(|entry| entry["what"] == "rollback-ordered").unwrap();
    assert_eq!((&back["why"], &back["from"], &back["to"]), (&json!("rude answers"), &json!("2.0.0"), &json!("1.0.0")));
}

#[test]
fn killed_anywhere_the_log_is_intact_and_nothing_is_missing() {
    let mut killed = 0;
    for after in (0..12).map(|step| Duration::from_micros(step * 2_500)) {
        let stage = Stage::with("stages: [10, 100]\n  stage-duration: 0s", "1ms");
        let mut child = stage.workspace.prompt_cicd(["rollout", "start", "greeting"]).spawn();
        thread::sleep(after);
        child.kill().unwrap();
        killed += i32::from(!child.wait().unwrap().success());
        let begun = stage.status()["new_version"] == "2.0.0";
        let starts = |all: &[Value]| all.iter().filter(|entry| entry["what"] == "rollout-started" && entry["to"] == "2.0.0").count();
        assert_eq!(starts(&entries(&stage)), usize::from(begun), "after {after:?}");
        if begun {
            stage.rollout("step", []);
            stage.rollout("step", []);
            let all = entries(&stage);
            assert_eq!((starts(&all), *whats(&all).last().unwrap()), (1, "rollout-completed"), "after {after:?}");
        }
    }
    assert!(killed >= 3, "{killed}");
}

#[test]
fn writers_at_the_same_time_leave_one_entry_for_each_change() {
    let stage = Stage::new("5m", "30s");
    let codes: Vec<i32> = thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| stage.rollout("start", []).code)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    let all = entries(&stage);
    assert_eq!(all.iter().filter(|entry| entry["what"] == "rollout-started" && entry["to"] == "2.0.0").count(), 1, "{:?}", whats(&all));
}

/// Makes the store refuse every writing that the audit log is part of.
fn break_log(stage: &Stage) {
    let find = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder).map(|found| found.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    };
    let mut folders = vec![stage.workspace.path().join("state")];
    let mut broken = 0;
    while let Some(folder) = folders.pop() {
        for path in find(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("audit") && path.to_string_lossy().contains("head") {
                std::fs::write(&path, b"{ broken").unwrap();
                broken += 1;
            }
        }
    }
    assert!(broken > 0, "no head of the log was found");
}

#[test]
fn an_emergency_goes_to_the_targets_first_and_says_what_it_could_not_write() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    break_log(&stage);
    // Where nothing presses, nothing is done that is not written down.
    stage.rollout("pause", []).exits(3).says("corrupt");
    let back = stage.call(["rollback", "greeting", "--yes", "--emergency"]);
    back.shows("the record could not be written");
    let flags = stage.workspace.read("flags.json");
    let flags: Value = serde_json::from_str(&flags).unwrap();
    assert!(!flags.to_string().contains("production.greeting.2.0.1"), "{flags}");
    assert_eq!(stage.share("2.0.0"), "0", "{flags}");
}

#[test]
fn an_emergency_is_in_the_log_when_it_can_be() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    stage.call(["rollback", "greeting", "--yes", "--emergency", "--reason", "on fire"]).exits(0);
    let all = entries(&stage);
    let ordered = all.iter().find(|entry| entry["what"] == "rollback-ordered").unwrap();
    assert_eq!((&ordered["why"], &ordered["evidence"]["trigger"]), (&json!("on fire"), &json!("emergency")));
    assert_eq!(whats(&all).last(), Some(&"rollback-result"));
}
