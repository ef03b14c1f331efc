use super::{ENVIRONMENTS, env, workspace, writing};
use crate::support::github::{FakeGitHub, Mishap, State};

fn denying(permission: &'static str) -> State {
    let mut state = State::new();
    state.denied.insert(permission);
    state
}

#[test]
fn a_missing_permission_is_named_and_the_rest_is_made() {
    let github = FakeGitHub::start(denying("administration=write"));
    let workspace = workspace(ENVIRONMENTS);
    let finished = env(&workspace, &github, &["apply"]).run().exits(31);
    finished
        .shows("administration: write")
        .shows("a job's own token can never have it")
        .shows("12 made, 5 not done")
        .shows("+ label nightly");
    // What was refused is not ours: when it is granted, it is made.
    github.state().denied.clear();
    env(&workspace, &github, &["apply"]).run().exits(0).shows("5 made");
    env(&workspace, &github, &["status"]).run().exits(0).shows("17 things");
    github.finish();
}

#[test]
fn what_is_refused_and_made_by_hand_later_is_not_ours() {
    let github = FakeGitHub::start(denying("administration=write"));
    let workspace = workspace("environments: {production: {targets: [t]}}\ngithub: {labels: false}\n");
    env(&workspace, &github, &["apply"]).run().exits(31).shows("1 not done");
    github.state().administration.environments.entry("production".to_owned()).or_default();
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("nothing that was made");
    assert_eq!(github.state().administration.environments.len(), 1);
    github.finish();
}

#[test]
fn nothing_is_made_where_it_could_not_be_written_down() {
    let github = FakeGitHub::start(denying("contents=write"));
    let workspace = workspace(ENVIRONMENTS);
    env(&workspace, &github, &["apply"]).run().exits(31).says("contents: write");
    assert!(github.state().administration.environments.is_empty() && github.state().administration.labels.is_empty());
    github.finish();
}

#[test]
fn what_nobody_knows_was_done_is_ours_and_made_once() {
    let github = FakeGitHub::start(State::new().mishap("POST", "/rulesets", 9, Mishap::DoneButCut));
    let workspace = workspace("environments: {production: {targets: [t]}}\ngithub: {labels: false, ruleset: {enforcement: active}}\n");
    env(&workspace, &github, &["apply"]).run().exits(30).shows("1 made, 1 not done");
    let before = github.requests().len();
    env(&workspace, &github, &["apply"]).run().exits(0).shows("nothing to change");
    assert!(!writing(&github, before).iter().any(|request| request.contains("/rulesets")));
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("2 deleted");
    assert!(github.state().administration.rulesets.is_empty());
    github.finish();
}

#[test]
fn a_reviewer_that_is_not_there_is_named() {
    let github = FakeGitHub::start(State::new());
    let workspace = workspace("environments: {production: {targets: [t], github: {reviewers: [nobody]}}}\ngithub: {labels: false}\n");
    env(&workspace, &github, &["apply"]).run().exits(31).shows("GET /users/nobody: 404");
    assert!(github.state().administration.environments.is_empty());
    github.finish();
}

#[test]
fn without_a_code_host_the_next_step_is_said() {
    let workspace = workspace(ENVIRONMENTS);
    workspace.prompt_cicd(["env", "plan"]).run().exits(3).says("GITHUB_TOKEN is not set").says("GITHUB_REPOSITORY (owner/name)");
    let github = FakeGitHub::start(State::new());
    env(&workspace, &github, &["plan"]).env("GITHUB_TOKEN", "wrong").run().exits(31).says("401");
    github.finish();
}
