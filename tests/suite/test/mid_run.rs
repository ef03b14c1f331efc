//! Files that somebody changes while a run goes on: it uses what it read and checked, or it says that it cannot.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::support::{Behaviour, FakeModel, Finished, Workspace, numbered_cases};

/// Starts a run, changes the workspace after the second request, and waits.
fn changed(workspace: &Workspace, model: &FakeModel, args: &[&str], change: impl FnOnce(&Workspace)) -> Finished {
    let child = workspace.prompt_cicd(["test", "-j", "1"].into_iter().chain(args.iter().copied())).spawn();
    let begin = Instant::now();
    while model.requests() < 2 {
        assert!(begin.elapsed() < Duration::from_mins(1), "the run never asked twice");
        thread::sleep(Duration::from_millis(5));
    }
    change(workspace);
    Finished::from(child.wait_with_output().unwrap())
}

fn said(model: &FakeModel) -> Vec<String> {
    model.received(|all| all.iter().map(|request| request.body["messages"][0]["content"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn a_run_goes_on_with_what_it_read() {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(100)));
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &numbered_cases(12));
    let before = workspace.prompt_cicd(["test", "--dry-run"]).run().exits(0);
    let finished = changed(&workspace, &model, &["--report", "json=run.json"], |workspace| {
        workspace.write("prompts/greeting.prompt.yml", b"name: other\nmessages:\n  - {role: user, content: \"Bye {{name}}!\"}\n");
        workspace.write("cases/greeting.jsonl", b"{\"id\": \"c0\", \"vars\": {\"name\": \"Somebody\"}}\nnot JSON\n");
        workspace.write("prompt-cicd.yml", b"version: 1\nsuites: []\n");
    });
    assert_eq!(before.code, 0);
    finished.exits(0).shows("12 of 12 samples passed");
    let expected: Vec<String> = (0..12).map(|number| format!("Hello N{number}!")).collect();
    assert_eq!(said(&model), expected, "one prompt and one list of cases for the whole run");
    let report: serde_json::Value = serde_json::from_str(&workspace.read("run.json")).unwrap();
    assert_eq!((&report["suites"][0]["prompt"]["name"], report["total_tests"].as_u64()), (&serde_json::json!("greeting"), Some(12)));
}

/// 200 cases of 25 kB: more than is held, so that the file is read again during the run.
#[test]
fn a_large_file_of_cases_that_changes_is_said_and_nothing_passes() {
    let filler = "x".repeat(25_000);
    let cases = |mark: &str| {
        let lines: Vec<String> =
            (0..200).map(|number| format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"{mark}{number}{filler}\"}}}}\n")).collect();
        lines.concat()
    };
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(10)));
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &cases("a"));
    let finished = changed(&workspace, &model, &["--report", "json=run.json"], |workspace| {
        workspace.write("cases/greeting.jsonl", cases("b").as_bytes());
    });
    finished.exits(3).says("cases/greeting.jsonl").says("the file changed while the run went on").says("run it again");
    assert!(!workspace.path().join("run.json").exists(), "no report about cases that nobody checked");
}
