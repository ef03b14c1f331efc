//! Which permissions the token has, what lacks them, what to write.

use super::{Value, finding};
use crate::support::{
    Behaviour, FakeModel, PromptCicd, Workspace,
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
fn models_and_the_history_of_the_default_branch_are_not_forgotten() {
    let model = FakeModel::start(Behaviour::Status(401, "{}"));
    let github = FakeGitHub::start(state());
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml").replace(
        "model: {kind: echo}",
        &format!("model: {{kind: github-models, api-key-env: GITHUB_TOKEN, model: fake, base-url: \"{}\"}}", model.base_url()),
    );
    let workspace = workspace.file("prompt-cicd.yml", &config);
    workspace.write("event.json", b"{}");
    let event = workspace.path().join("event.json").to_str().unwrap().to_owned();
    let on = |event_name: &str| {
        let call = doctor(&workspace, &github, &["--format", "json"]).env("GITHUB_ACTIONS", "true");
        let json = call.env("GITHUB_EVENT_NAME", event_name).env("GITHUB_EVENT_PATH", &event).run().exits(31).json();
        assert!(health(&json, "provider model").1.starts_with("write `permissions: models: read` in the job; "), "{json:#}");
        finding(&json, "GitHub workflow")["seen"].as_str().unwrap().to_owned()
    };
    assert!(on("schedule").contains("`permissions: {contents: write, pull-requests: write, models: read}`"));
    // Nothing is kept of a pull request's runs.
    assert!(on("pull_request").contains("`permissions: {contents: read, pull-requests: write, models: read}`"));
    // Who may not write is told what for.
    github.state().denied.insert("contents=write");
    let args = ["--writes", "--format", "json"];
    let call = doctor(&workspace, &github, &args).env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "schedule");
    let json = call.env("GITHUB_EVENT_PATH", &event).run().exits(31).json();
    assert!(health(&json, "GitHub contents").1.ends_with("what is kept of runs here (`history.record`)"), "{json:#}");
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
