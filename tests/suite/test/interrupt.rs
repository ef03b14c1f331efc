use std::{
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::support::{Behaviour, FakeModel, Finished, Workspace, numbered_cases};

/// Starts a slow run, sends `signal` after the second request, and waits.
fn interrupted(signal: Signal) -> (Workspace, Finished) {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(200)));
    let cases = numbered_cases(50);
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &cases);
    let child = workspace.prompt_cicd(["test", "-j", "1", "--report", "json=report.json", "--record", "answers.jsonl"]).spawn();
    let begin = Instant::now();
    while model.requests() < 2 {
        assert!(begin.elapsed() < Duration::from_secs(20), "the run never asked twice");
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    let finished = Finished::from(child.wait_with_output().unwrap());
    (workspace, finished)
}

#[test]
fn a_signal_keeps_and_reports_what_was_done() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let (workspace, finished) = interrupted(signal);
        let finished = finished.exits(130);
        let report: serde_json::Value = serde_json::from_str(&workspace.read("report.json")).unwrap();
        assert_eq!(report["interrupted"], true);
        let passed = report["passed_tests"].as_u64().unwrap();
        assert!((1..50).contains(&passed), "{passed} passed, {finished:?}");
        assert_eq!(report["test_case_results"][49]["state"], "not-run");
        assert_eq!(workspace.read("answers.jsonl").lines().count() as u64, passed, "answers that were paid for are kept");
    }
}

#[test]
fn answers_survive_a_kill() {
    let (workspace, finished) = interrupted(Signal::SIGKILL);
    assert_eq!(finished.code, -1);
    // A later recording finds what the killed one had.
    let config = workspace.read("prompt-cicd.yml");
    let model = FakeModel::start(Behaviour::Echo);
    let start = config.find("http://").unwrap();
    let end = config[start..].find('"').unwrap() + start;
    let workspace = workspace.file("prompt-cicd.yml", &config.replace(&config[start..end], &model.base_url()));
    workspace.prompt_cicd(["test", "--record", "answers.jsonl", "--filter", "c49"]).run().exits(0);
    assert!(workspace.read("answers.jsonl").lines().count() >= 2, "{}", workspace.read("answers.jsonl"));
}

#[test]
fn nothing_new_is_asked_after_a_signal() {
    let model = FakeModel::start(Behaviour::Status(500, "busy"));
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml") + "run: {retry: {base: 3s, max: 3s}}\n";
    let workspace = workspace.file("prompt-cicd.yml", &config);
    let child = workspace.prompt_cicd(["test", "-j", "1"]).spawn();
    let begin = Instant::now();
    while model.requests() < 1 {
        assert!(begin.elapsed() < Duration::from_secs(20), "the run never asked");
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let signalled = Instant::now();
    Finished::from(child.wait_with_output().unwrap()).exits(130);
    assert!(signalled.elapsed() < Duration::from_secs(2), "a pause before a retry was waited for: {:?}", signalled.elapsed());
    assert_eq!(model.requests(), 1);
}
