//! Environments on GitHub: shown, made, made again, taken away.

mod aliases;
/// What is missing, refused or somebody else's.
mod bad;

use crate::support::{
    PromptCicd, Workspace,
    github::{FakeGitHub, State},
};

const REST: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n\
                    targets: {t: {kind: flagd, path: flags.json}}\n";

const ENVIRONMENTS: &str = "environments:\n  development: {targets: [t], profile: development}\n  staging: {targets: [t], profile: staging}\n  \
                            production:\n    targets: [t]\n    profile: production\n    promote-from: staging\n    github:\n      \
                            reviewers: [ana, octo/prompts]\n      wait-timer: 5m\n      branches: [main, release/*]\n      emergency-reviewers: [ben]\n\
                            github: {ruleset: {enforcement: active}}\n";

fn workspace(more: &str) -> Workspace {
    Workspace::empty().file("prompt-cicd.yml", &format!("{REST}{more}"))
}

fn env(workspace: &Workspace, github: &FakeGitHub, args: &[&str]) -> PromptCicd {
    let (url, token, repository) = {
        let state = github.state();
        (String::new(), state.token, state.repository.clone())
    };
    workspace
        .prompt_cicd(std::iter::once("env").chain(args.iter().copied()))
        .env("GITHUB_API_URL", &(url + &github.api_url()))
        .env("GITHUB_TOKEN", token)
        .env("GITHUB_REPOSITORY", &repository)
}

/// Requests that write, since `from`.
fn writing(github: &FakeGitHub, from: usize) -> Vec<String> {
    github.requests().into_iter().skip(from).filter(|request| !request.starts_with("GET ")).collect()
}

#[test]
fn a_plan_is_shown_then_made_and_then_there_is_nothing_to_do() {
    let github = FakeGitHub::start(State::new());
    let workspace = workspace(ENVIRONMENTS);
    let plan = env(&workspace, &github, &["plan"]).run().exits(0);
    plan.shows("+ environment production\n    reviewers: ana, octo/prompts\n    wait-timer: 5 min\n    prevent-self-review: true\n    branches: main, release/*\n    variables.PROMPT_CICD_RETENTION_DAYS: 90\n")
        .shows("+ environment production-emergency\n    reviewers: ben\n    branches: main, release/*\n")
        .shows("+ label size/XS\n")
        .shows("+ ruleset prompt-cicd\n    enforcement: active\n    branches: ~DEFAULT_BRANCH\n    required-checks: prompts / test\n    up-to-date: false\n")
        .shows("17 to make\nNext: prompt-cicd env apply\n");
    env(&workspace, &github, &["apply", "--dry-run"]).run().exits(0).shows("17 to make");
    assert_eq!(writing(&github, 0), Vec::<String>::new());
    env(&workspace, &github, &["status"]).run().exits(13).shows("17 to make").shows("made by `env apply`: 0 things");

    env(&workspace, &github, &["apply"]).run().exits(0).shows("17 made");
    {
        let state = github.state();
        let production = &state.administration.environments["production"];
        assert_eq!(production.rules["wait_timer"], 5);
        assert_eq!(production.rules["reviewers"], serde_json::json!([{"type": "User", "id": 11}, {"type": "Team", "id": 21}]));
        assert_eq!(production.branches.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["main", "release/*"]);
        assert_eq!(production.variables["PROMPT_CICD_RETENTION_DAYS"], "90");
        assert_eq!(state.administration.environments["staging"].rules["deployment_branch_policy"]["protected_branches"], true);
        assert_eq!(state.administration.labels.len(), 12);
        let rule = &state.administration.rulesets[0]["rules"][0];
        assert_eq!(rule["parameters"]["required_status_checks"][0]["context"], "prompts / test");
    }
    // The record is on the state branch, with its entry in the audit log.
    assert!(github.requests().iter().any(|request| request.starts_with("POST ") && request.ends_with("/git/refs")));

    let before = github.requests().len();
    env(&workspace, &github, &["apply"]).run().exits(0).shows("nothing to change: 17 things as configured");
    assert_eq!(writing(&github, before), Vec::<String>::new());
    env(&workspace, &github, &["status"]).run().exits(0).shows("made by `env apply`: 17 things (branch prompt-cicd-state on GitHub)");
    github.finish();
}

#[test]
fn what_drifted_is_shown_and_mended_alone() {
    let github = FakeGitHub::start(State::new());
    let workspace = workspace(ENVIRONMENTS);
    env(&workspace, &github, &["apply"]).run().exits(0);
    {
        let mut state = github.state();
        let production = state.administration.environments.get_mut("production").unwrap();
        production.rules["wait_timer"] = 0.into();
        production.branches.push((99, "sneaky".to_owned()));
        production.variables.insert("THEIRS".to_owned(), "1".to_owned());
        let development = state.administration.environments.get_mut("development").unwrap();
        development.variables.insert("PROMPT_CICD_RETENTION_DAYS".to_owned(), "1".to_owned());
        let rules = state.administration.rulesets[0]["rules"].as_array_mut().unwrap();
        rules[0]["parameters"]["required_status_checks"] = serde_json::json!([]);
        rules.push(serde_json::json!({"type": "deletion"}));
    }
    let plan = env(&workspace, &github, &["status"]).run().exits(13);
    plan.shows("~ environment production\n    wait-timer: 0 min → 5 min\n    branches: main, release/*, sneaky → main, release/*\n")
        .shows("~ environment development\n    variables.PROMPT_CICD_RETENTION_DAYS: 1 → 7\n")
        .shows("~ ruleset prompt-cicd\n    required-checks: none → prompts / test\n3 to change\n");
    let before = github.requests().len();
    env(&workspace, &github, &["apply", "--format", "json"]).run().exits(0).shows("\"as_wanted\":false");
    let written = writing(&github, before);
    assert!(!written.iter().any(|request| request.contains("/environments/staging") || request.contains("/labels")), "{written:?}");
    let state = github.state();
    assert_eq!(state.administration.environments["production"].variables["THEIRS"], "1");
    assert_eq!(state.administration.environments["production"].branches.len(), 2);
    assert_eq!(state.administration.rulesets[0]["rules"][0]["type"], "deletion");
    drop(state);
    env(&workspace, &github, &["status"]).run().exits(0);
    github.finish();
}

#[test]
fn destroy_asks_and_takes_only_what_was_made() {
    let github = FakeGitHub::start(State::new());
    {
        let mut state = github.state();
        state.administration.environments.entry("staging".to_owned()).or_default();
        state.administration.labels.push(serde_json::json!({"name": "Rollback", "color": "000000"}));
    }
    let workspace = workspace(ENVIRONMENTS);
    env(&workspace, &github, &["plan"])
        .run()
        .exits(0)
        .shows("~ environment staging (not made by prompt-cicd: it is changed, and never deleted)");
    env(&workspace, &github, &["apply"]).run().exits(0).shows("15 made, 1 changed");
    let refused = env(&workspace, &github, &["destroy"]).run().exits(20);
    refused.says("nobody said yes; would delete, with secrets and variables: environment development").says("env destroy --yes");
    env(&workspace, &github, &["destroy", "--dry-run"]).run().exits(0).shows("- environment production\n").shows("15 to delete");
    env(&workspace, &github, &["destroy", "--environment", "production", "--yes"]).run().exits(0).shows("2 deleted");
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("13 deleted");
    {
        let state = github.state();
        assert_eq!(state.administration.environments.keys().collect::<Vec<_>>(), ["staging"]);
        assert_eq!(state.administration.labels.len(), 1);
        assert!(state.administration.rulesets.is_empty());
    }
    let before = github.requests().len();
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("nothing that was made by `env apply` is there");
    assert_eq!(writing(&github, before), Vec::<String>::new());
    github.finish();
}

#[test]
fn what_is_not_configured_any_more_is_told_and_one_environment_can_be_chosen() {
    let github = FakeGitHub::start(State::new());
    let all = workspace(ENVIRONMENTS);
    env(&all, &github, &["apply", "--environment", "development"]).run().exits(0).shows("1 made");
    assert_eq!(github.state().administration.environments.len(), 1);
    assert!(github.state().administration.labels.is_empty());
    let fewer = workspace("environments: {production: {targets: [t]}}\n");
    env(&fewer, &github, &["plan"]).run().exits(0).shows("left over: environment development was made by `env apply`");
    env(&fewer, &github, &["plan", "--environment", "develpment"]).run().exits(3).says("no environment `develpment`; it has production");
    github.finish();
}
