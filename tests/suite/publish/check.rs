use serde_json::{Value, json};

use super::{HEAD, World};
use crate::support::{Workspace, github::State};

const CHECKS: &str = "POST /repos/octo/prompts/check-runs";

#[test]
fn a_check_run_has_the_conclusion_and_the_annotations() {
    let world = World::new();
    world.prompt("Hello there!");
    world.pull_request(&["test", "--check-run"]).run().exits(10);
    {
        let state = world.github.state();
        let check = &state.checks[0];
        assert_eq!(
            (check.name.as_str(), check.conclusion.as_str(), check.head.as_str()),
            ("prompt-cicd: prompt-cicd.yml", "failure", HEAD)
        );
        let paths: Vec<&str> = check.annotations.iter().map(|annotation| annotation["path"].as_str().unwrap()).collect();
        assert!(paths.contains(&"prompts/greeting.prompt.yml"), "{paths:?}");
    }
    world.prompt("Hello {{name}}!");
    world.pull_request(&["test", "--check-run"]).run().exits(0);
    assert_eq!(world.github.state().checks[1].conclusion, "success");
    // Without the flag there is none.
    let before = world.github.requests().iter().filter(|request| *request == CHECKS).count();
    world.pull_request(&["test"]).run().exits(0);
    assert_eq!(world.github.requests().iter().filter(|request| *request == CHECKS).count(), before);
    world.github.finish();
}

#[test]
fn an_inconclusive_run_is_neutral() {
    let world = World::on(State::new(), Workspace::asking("http://127.0.0.1:9"));
    let config = world.workspace.read("prompt-cicd.yml") + "run: {retry: {attempts: 1}}\n";
    world.workspace.write("prompt-cicd.yml", config.as_bytes());
    world.pull_request(&["test", "--check-run"]).run().exits(30);
    assert_eq!(world.github.state().checks[0].conclusion, "neutral");
    assert!(world.comment().contains("❔ Prompt tests inconclusive"));
    world.github.finish();
}

#[test]
fn many_annotations_come_in_batches() {
    let suites: Vec<String> = (0..120)
        .map(|number| format!("  - {{name: s{number}, prompt: prompts/greeting.prompt.yml, provider: model, cases: cases/greeting.jsonl, defaults: {{assert: [{{contains: never}}]}}}}\n"))
        .collect();
    let config = format!("version: 1\nproviders: {{model: {{kind: echo}}}}\nsuites:\n{}", suites.concat());
    let world = World::on(State::new(), Workspace::greeting().file("prompt-cicd.yml", &config));
    let finished = world.pull_request(&["test", "--check-run"]).run().exits(10);
    assert_eq!(world.github.state().checks[0].annotations.len(), 360, "a suite and its two cases each");
    assert_eq!(finished.stderr.matches("::error ").count(), 10, "the log keeps ten");
    let journal = world.github.journal();
    let batches: Vec<usize> = journal.iter().filter_map(|request| Some(request.body["output"]["annotations"].as_array()?.len())).collect();
    assert_eq!(batches, [50, 50, 50, 50, 50, 50, 50, 10]);
    world.github.finish();
}

#[test]
fn without_the_permission_the_check_run_is_named_and_the_verdict_stands() {
    let mut state = State::new();
    state.denied.insert("checks=write");
    let world = World::on(state, Workspace::greeting());
    world.pull_request(&["test", "--check-run"]).run().exits(0).says("no check run is written").says("checks: write");
    assert_eq!(world.comments().len(), 1, "the comment is written all the same");
    let push = json!({"before": "0000000000000000000000000000000000000000", "after": HEAD});
    world.step("push", &push, &["test", "--check-run"]).env("GITHUB_SHA", "").run().exits(0).says("GITHUB_SHA is not set");
}

#[test]
fn lints_are_written_as_sarif_and_stand_on_their_lines() {
    let world = World::new();
    world.prompt("Hello\\u202e there!");
    let finished = world.pull_request(&["test", "--report", "sarif=out/lints.sarif"]).run().exits(10);
    let sarif: Value = serde_json::from_str(&world.workspace.read("out/lints.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((sarif["version"].as_str(), result["ruleId"].as_str()), (Some("2.1.0"), Some("hidden_characters")), "{sarif:#}");
    assert!(finished.stderr.contains("::warning title=hidden_characters,file="), "{}", finished.stderr);
    // No run is written in it.
    Workspace::greeting().prompt_cicd(["test", "--format", "sarif"]).run().exits(2);
    Workspace::greeting().prompt_cicd(["test", "--report", "sarif=prompt-cicd.yml"]).run().exits(3).says("this run reads it");
}
