//! Which permissions the token has, what lacks them, what to write.

use super::{Value, finding};
use crate::support::{
    PromptCicd, Workspace,
    github::{FakeGitHub, State},
};

fn doctor(workspace: &Workspace, github: &FakeGitHub, args: &[&str]) -> PromptCicd {
    let (token, repository) = {
        let state = github.state();
        (state.token, state.repository.clone())
    };
    workspace
        .prompt_cicd(std::iter::once("doctor").chain(args.iter().copied()))
        .env("GITHUB_API_URL", &github.api_url())
        .env("GITHUB_TOKEN", token)
        .env("GITHUB_REPOSITORY", &repository)
}

fn state() -> State {
    let mut state = State::new();
    state.comparisons.insert("HEAD...HEAD".to_owned(), ("0".repeat(40), Vec::new()));
    state
}

/// A configuration with a comment and a check run.
fn telling() -> Workspace {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml");
    workspace.file("prompt-cicd.yml", &format!("{config}github: {{check-run: true}}\n"))
}

fn health<'j>(json: &'j Value, what: &str) -> (&'j str, &'j str) {
    let found = finding(json, what);
    (found["health"].as_str().unwrap(), found["next"].as_str().unwrap())
}

#[test]
fn each_permission_is_looked_at_and_the_workflow_is_told() {
    let github = FakeGitHub::start(state());
    let finished = doctor(&telling(), &github, &[]).run().exits(0);
    finished
        .shows("✓ GitHub contents: the token reads; `--writes` finds out whether it writes")
        .shows("✓ GitHub statuses: ")
        .shows("`permissions: {contents: read, pull-requests: write, checks: write}`");
    assert!(github.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", github.requests());
    github.finish();
}

#[test]
fn what_is_missing_is_named_with_what_needs_it() {
    let mut state = state();
    state.denied.extend(["checks=read", "deployments=read"]);
    let github = FakeGitHub::start(state);
    let json = doctor(&telling(), &github, &["--format", "json"]).run().exits(31).json();
    let (checks, next) = health(&json, "GitHub checks");
    assert_eq!(checks, "refused");
    assert_eq!(next, "write `permissions: checks: write` in the job: for the check run (`github.check-run`)");
    assert_eq!(health(&json, "GitHub deployments"), ("aside", "nothing in this configuration needs it"));
    github.finish();
}

#[test]
fn writing_is_asked_for_without_a_trace() {
    let mut denied = state();
    denied.denied.extend(["checks=write", "issues=write"]);
    let github = FakeGitHub::start(denied);
    let json = doctor(&telling(), &github, &["--writes", "--format", "json"]).run().exits(31).json();
    assert_eq!(health(&json, "GitHub checks").0, "refused");
    assert_eq!(health(&json, "GitHub issues").0, "aside");
    assert_eq!(health(&json, "GitHub contents").0, "well");
    let state = github.state();
    assert!(state.issues.is_empty() && state.checks.is_empty() && state.deployments.is_empty());
    drop(state);
    let written: Vec<_> = github.journal().into_iter().filter(|request| request.method == "POST").collect();
    assert_eq!(written.len(), 6);
    assert!(written.iter().all(|request| request.body == serde_json::json!({})));
    github.finish();
}

#[test]
fn a_classic_tokens_scopes_say_what_it_may_change() {
    let mut classic = state();
    classic.scopes = Some("repo, workflow");
    let github = FakeGitHub::start(classic);
    let json = doctor(&telling(), &github, &["--format", "json"]).run().exits(31).json();
    assert_eq!(health(&json, "GitHub contents").0, "well");
    let checks = finding(&json, "GitHub checks");
    assert!(checks["seen"].as_str().unwrap().contains("a classic token with repo, workflow"), "{checks}");
    github.finish();
}

#[test]
fn flags_on_a_branch_need_contents_in_a_job() {
    let workspace = telling();
    let config = workspace.read("prompt-cicd.yml");
    let targets = "store: {kind: directory}\ntargets: {pushed: {kind: flagd, branch: flags, path: flags.json}}\n";
    let workspace = workspace.file("prompt-cicd.yml", &format!("{config}{targets}"));
    let mut denied = state();
    denied.denied.insert("contents=write");
    let github = FakeGitHub::start(denied);
    let json = doctor(&workspace, &github, &["--writes", "--format", "json"]).env("GITHUB_ACTIONS", "true").run().exits(31).json();
    let (contents, next) = health(&json, "GitHub contents");
    assert_eq!(contents, "refused");
    assert!(next.contains("permissions: contents: write") && next.contains("the branch with the flags (`targets`)"), "{next}");
    github.finish();
}
