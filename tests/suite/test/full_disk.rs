//! A full disk: what could not be kept is said, never a pass that hides it, and what was there before is whole.

use std::process::Command;

use crate::support::{Behaviour, FakeModel, Finished, Workspace};

/// The program where no file can grow beyond so many KiB, which ends writing as a full disk does.
fn with_room(workspace: &Workspace, kib: u32, line: &str) -> Finished {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec {} {line}", env!("CARGO_BIN_EXE_prompt-cicd"));
    Finished::from(Command::new("bash").args(["-c", &script]).current_dir(workspace.path()).output().unwrap())
}

#[test]
fn a_recording_that_does_not_fit_is_said_and_what_was_recorded_is_whole() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let finished = with_room(&workspace, 0, "test --record answers.jsonl");
    assert_ne!(finished.code, 0, "a lost recording is no pass: {finished:?}");
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains("answers.jsonl"), "{said}");
    // Room for two answers, and for a part of the long one between them.
    let cases = ["a", &"b".repeat(4_000), "c"].map(|name| format!("{{\"vars\": {{\"name\": \"{name}\"}}}}\n")).concat();
    workspace.write("cases/greeting.jsonl", cases.as_bytes());
    let finished = with_room(&workspace, 2, "test -j 1 --record answers.jsonl");
    assert_ne!(finished.code, 0, "{finished:?}");
    let kept = workspace.read("answers.jsonl.partial");
    let lines: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "what fits is kept, and nothing of what does not: {kept}");
    // With room the same recording goes on, and everything in it can be replayed.
    workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).run().exits(0);
    let asked = model.requests();
    workspace.prompt_cicd(["test", "--replay", "answers.jsonl"]).run().exits(0).shows("3 of 3 samples passed");
    assert_eq!(model.requests(), asked, "a replay asks nobody");
}

#[test]
fn a_history_that_does_not_fit_is_said_and_keeps_what_it_had() {
    for kind in ["directory", "sqlite"] {
        let model = FakeModel::start(Behaviour::Echo);
        let path = if kind == "sqlite" { "state.db" } else { "state" };
        let config = format!("{}store: {{kind: {kind}, path: {path}}}\n", Workspace::asking(&model.base_url()).read("prompt-cicd.yml"));
        let workspace = Workspace::greeting().file("prompt-cicd.yml", &config);
        workspace.prompt_cicd(["test", "--record-history"]).run().exits(0);
        let shown = |workspace: &Workspace| workspace.prompt_cicd(["history", "show", "--format", "json"]).run().exits(0).stdout;
        let before = shown(&workspace);
        let finished = with_room(&workspace, 0, "test --record-history");
        assert!(finished.stderr.contains("the history is not recorded"), "{kind}: {finished:?}");
        assert!(finished.stdout.contains("2 of 2 samples passed"), "the verdict is the samples': {finished:?}");
        assert_eq!(shown(&workspace), before, "{kind}");
        workspace.prompt_cicd(["test", "--record-history"]).run().exits(0);
        assert_ne!(shown(&workspace), before, "{kind}: with room it is recorded again");
    }
}
