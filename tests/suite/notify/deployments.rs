use std::process::Command;

use super::{hosted, with};
use crate::support::{
    github::{FakeGitHub, Mishap, State},
    rollout::Stage,
};

/// A stage in a repository of its own: its versions come from commits.
fn stage() -> Stage {
    let stage = with(Stage::empty("stages: [10, 100]\n  stage-duration: 0s", "10ms"), "github: {deployments: true}\n");
    let config =
        stage.workspace.read("prompt-cicd.yml").replace("{targets: [flags]}", "{targets: [flags], url: 'https://example.com/app'}");
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage.numbers(500.0, 500.0);
    git(&stage, &["init", "-q", "-b", "main"]);
    stage
}

fn git(stage: &Stage, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(stage.workspace.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(stage: &Stage, version: &str) -> String {
    stage.version(version);
    git(stage, &["add", "prompts"]);
    git(stage, &["commit", "-q", "-m", version]);
    git(stage, &["rev-parse", "HEAD"])
}

fn states(github: &FakeGitHub) -> Vec<String> {
    github.state().deployments.iter().map(|one| one.state().to_owned()).collect()
}

#[test]
fn rollouts_are_shown_with_their_commit_and_how_they_stand() {
    let github = FakeGitHub::start(State::new());
    let stage = stage();
    let first = commit(&stage, "1.0.0");
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0);
    assert_eq!(states(&github), ["success"]);
    let second = commit(&stage, "2.0.0");
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0);
    assert_eq!(states(&github), ["success", "in_progress"]);
    hosted(&stage, &github, ["rollout", "run", "greeting"]).run().exits(0);
    assert_eq!(states(&github), ["inactive", "success"]);
    hosted(&stage, &github, ["rollback", "greeting", "--yes"]).run().exits(0);
    assert_eq!(states(&github), ["inactive", "inactive"], "what had completed is not there any more");
    commit(&stage, "3.0.0");
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0);
    hosted(&stage, &github, ["rollout", "abort", "greeting"]).run().exits(0);
    assert_eq!(states(&github), ["inactive", "inactive", "failure"]);
    {
        let there = github.state();
        let commits: Vec<&str> = there.deployments.iter().map(|one| one.commit.as_str()).collect();
        assert_eq!(commits[..2], [first.as_str(), second.as_str()]);
        assert_eq!((there.deployments[0].environment.as_str(), there.deployments[0].task.as_str()), ("production", "prompt-cicd:greeting"));
        assert_eq!(there.deployments[1].statuses[0]["environment_url"], "https://example.com/app");
        drop(there);
    }
    let shown = stage.call(["registry", "show", "greeting", "2.0.0", "--format", "json"]).exits(0).json();
    assert_eq!(shown["commit"], second.as_str());
    github.finish();
}

#[test]
fn a_github_that_fails_changes_nothing() {
    let github = FakeGitHub::start(State::new().mishap("POST", "/deployments", 99, Mishap::Status(404, "Not Found")));
    let stage = stage();
    commit(&stage, "1.0.0");
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0).says("people are not told yet");
    assert_eq!(stage.share("1.0.0"), "100");
    // A file that was changed since its commit is of no commit.
    commit(&stage, "2.0.0");
    stage.version("2.1.0");
    stage.call(["registry", "register", "greeting"]).exits(0);
    let shown = stage.call(["registry", "show", "greeting", "2.1.0", "--format", "json"]).exits(0).json();
    assert_eq!(shown["commit"], serde_json::Value::Null);
}
