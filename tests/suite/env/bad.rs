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
fn what_nobody_knows_was_done_is_made_once_and_never_deleted() {
    let github = FakeGitHub::start(State::new().mishap("POST", "/rulesets", 1, Mishap::DoneButCut));
    let workspace = workspace("environments: {production: {targets: [t]}}\ngithub: {labels: false, ruleset: {enforcement: active}}\n");
    env(&workspace, &github, &["apply"]).run().exits(30).shows("1 made, 1 not done");
    let before = github.requests().len();
    env(&workspace, &github, &["apply"]).run().exits(0).shows("nothing to change");
    assert!(!writing(&github, before).iter().any(|request| request.contains("/rulesets")));
    let said = "not ours for sure: ruleset prompt-cicd: `env apply` was cut off while it made it";
    env(&workspace, &github, &["status"]).run().exits(0).shows(said);
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("1 deleted").shows(said);
    assert_eq!(github.state().administration.rulesets.len(), 1);
    // Once it is gone, there is nothing left to say, and the next one is ours.
    github.state().administration.rulesets.clear();
    env(&workspace, &github, &["apply"]).run().exits(0).shows("2 made");
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("2 deleted");
    github.finish();
}

#[test]
fn what_was_made_by_hand_after_a_cut_is_never_deleted() {
    let github = FakeGitHub::start(State::new().mishap("PUT", "/environments/production", 9, Mishap::Cut));
    let workspace = workspace("environments: {production: {targets: [t]}}\ngithub: {labels: false}\n");
    env(&workspace, &github, &["apply"]).run().exits(30).shows("1 not done");
    assert!(github.state().administration.environments.is_empty());
    github.state().administration.environments.entry("production".to_owned()).or_default();
    env(&workspace, &github, &["plan", "--format", "json"])
        .run()
        .exits(0)
        .shows("\"not_ours_for_sure\":[{\"kind\":\"environment\",\"name\":\"production\"}]");
    let kept = env(&workspace, &github, &["destroy", "--yes"]).run().exits(0);
    kept.shows("nothing that was made").shows("not ours for sure: environment production");
    assert_eq!(github.state().administration.environments.len(), 1);
    github.finish();
}

#[test]
fn what_somebody_made_anew_under_our_name_is_theirs() {
    let github = FakeGitHub::start(State::new());
    let workspace = workspace("environments: {production: {targets: [t], github: {wait-timer: 5m}}}\n");
    env(&workspace, &github, &["apply"]).run().exits(0).shows("13 made");
    {
        let mut state = github.state();
        state.administration.environments.clear();
        state.administration.environments.entry("production".to_owned()).or_default();
        state.administration.labels.retain(|label| label["name"] != "rollback");
        state.administration.labels.push(serde_json::json!({"name": "rollback", "color": "000000"}));
    }
    env(&workspace, &github, &["plan"])
        .run()
        .exits(0)
        .shows("~ environment production (not made by prompt-cicd: it is changed, and never deleted)");
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("11 deleted");
    let state = github.state();
    assert_eq!((state.administration.environments.len(), state.administration.labels.len()), (1, 1));
    drop(state);
    github.finish();
}

#[test]
fn what_was_made_before_a_part_of_it_was_refused_is_ours() {
    let github = FakeGitHub::start(State::new().mishap("POST", "/environments/production/variables", 1, Mishap::Status(403, "no")));
    let workspace = workspace("environments: {production: {targets: [t], github: {variables: {A: b}}}}\ngithub: {labels: false}\n");
    env(&workspace, &github, &["apply"]).run().exits(31).shows("1 not done");
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("1 deleted");
    assert!(github.state().administration.environments.is_empty());
    github.finish();
}

#[test]
fn where_there_can_be_no_rulesets_the_rest_is_set_up_and_the_next_step_is_said() {
    for (status, word, next) in [
        (
            403,
            "Upgrade to GitHub Pro or make this repository public to enable this feature.",
            "the plan has neither rulesets nor branch protection",
        ),
        (404, "Not Found", "this GitHub has no rulesets (GitHub Enterprise Server before 3.11)"),
    ] {
        let mut state = State::new();
        for method in ["GET", "POST"] {
            state.add_mishap(method, "/rulesets", 99, Mishap::Status(status, word));
        }
        let github = FakeGitHub::start(state);
        let workspace = workspace("environments: {production: {targets: [t]}}\ngithub: {labels: false, ruleset: {enforcement: active}}\n");
        env(&workspace, &github, &["plan"]).run().exits(0).shows("2 to make").says("the ruleset `prompt-cicd`").says(next);
        env(&workspace, &github, &["apply"]).run().exits(31).shows("1 made, 1 not done").shows("github.ruleset: {enforcement: off}");
        assert_eq!(github.state().administration.environments.len(), 1);
        env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("1 deleted");
        github.finish();
    }
}

#[test]
fn a_ruleset_that_cannot_be_looked_at_for_once_stays_ours() {
    let github = FakeGitHub::start(State::new());
    let config = "environments: {production: {targets: [t]}}\ngithub: {labels: false, ruleset: {enforcement: active}}\n";
    let workspace = workspace(config);
    env(&workspace, &github, &["apply"]).run().exits(0).shows("2 made");
    github.state().add_mishap("GET", "/rulesets", 1, Mishap::Status(403, "Upgrade to GitHub Pro or make this repository public"));
    let before = github.requests().len();
    let blind = env(&workspace, &github, &["apply"]).run().exits(31);
    blind.shows("1 not done").says("the ruleset `prompt-cicd`");
    assert_eq!(writing(&github, before), Vec::<String>::new(), "nothing is made over what nobody saw");
    env(&workspace, &github, &["status"]).run().exits(0).shows("made by `env apply`: 2 things");
    env(&workspace, &github, &["destroy", "--yes"]).run().exits(0).shows("2 deleted");
    assert!(github.state().administration.rulesets.is_empty());
    github.finish();
}

#[test]
fn a_ruleset_keeps_what_nobody_spoke_of_and_shows_what_was_left_out() {
    let github = FakeGitHub::start(State::new());
    let workspace = workspace("github: {labels: false, ruleset: {enforcement: active, required-checks: [prompts / test, lint]}}\n");
    env(&workspace, &github, &["apply"]).run().exits(0).shows("1 made");
    {
        let mut state = github.state();
        let ruleset = &mut state.administration.rulesets[0];
        ruleset["bypass_actors"] = serde_json::json!([{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]);
        ruleset["conditions"]["ref_name"]["exclude"] = serde_json::json!(["refs/heads/main"]);
        let parameters = &mut ruleset["rules"][0]["parameters"];
        parameters["do_not_enforce_on_create"] = false.into();
        parameters["required_status_checks"] = serde_json::json!([{"context": "prompts / test", "integration_id": 15368}]);
    }
    let shown = env(&workspace, &github, &["status"]).run().exits(13);
    shown.shows("~ ruleset prompt-cicd\n    excluded-branches: refs/heads/main → none\n    required-checks: prompts / test → lint, prompts / test\n");
    env(&workspace, &github, &["apply"]).run().exits(0).shows("1 changed");
    {
        let state = github.state();
        let ruleset = &state.administration.rulesets[0];
        assert_eq!(ruleset["bypass_actors"][0]["actor_id"], 5);
        assert_eq!(ruleset["conditions"]["ref_name"]["exclude"], serde_json::json!([]));
        let parameters = &ruleset["rules"][0]["parameters"];
        assert_eq!(parameters["do_not_enforce_on_create"], false);
        let checks = serde_json::json!([{"context": "lint"}, {"context": "prompts / test", "integration_id": 15368}]);
        assert_eq!(parameters["required_status_checks"], checks);
    }
    env(&workspace, &github, &["status"]).run().exits(0);
    // One for tags of the same name is somebody else's thing.
    github.state().administration.rulesets[0]["target"] = "tag".into();
    env(&workspace, &github, &["apply"]).run().exits(31).shows("Name must be unique");
    assert_eq!(github.state().administration.rulesets[0]["target"], "tag");
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
