//! The calls of `Administration`.

use std::collections::{BTreeMap, BTreeSet};

use prompt_cicd::{
    domain::environment::{Branches, Enforcement, Environment, FoundRuleset, Label, Ruleset},
    domain::permission::{Level, Permission},
    ports::code_host::Administration as _,
};
use reqwest::Method;
use serde_json::json;

use super::World;

fn production() -> Environment {
    Environment {
        name: "production".to_owned(),
        wait_minutes: 5,
        reviewers: BTreeSet::from(["ana".to_owned(), "octo/prompts".to_owned()]),
        prevent_self_review: true,
        branches: Branches::Named(BTreeSet::from(["main".to_owned(), "release/*".to_owned()])),
        variables: BTreeMap::from([("DAYS".to_owned(), "90".to_owned()), ("NEW".to_owned(), "größer".to_owned())]),
    }
}

pub(super) async fn environment(world: &World) {
    let policy = json!({"protected_branches": false, "custom_branch_policies": true});
    let shown = json!({"id": 1, "name": "production", "protection_rules": [], "deployment_branch_policy": policy});
    world.recorder.answer(Method::GET, "/environments/production", 200, shown);
    let found = world.github.environment("production", &["DAYS"], world.patience()).await.unwrap().unwrap();
    assert!(matches!(found.thing.branches, Branches::Named(_)), "{found:?}");
}

pub(super) async fn put_environment(world: &World) {
    let number = || json!({"id": 7});
    for path in ["/users/ana", "/orgs/octo/teams/prompts"] {
        world.recorder.answer(Method::GET, path, 200, number());
    }
    let there = json!({"branch_policies": [{"id": 3, "name": "sneaky"}]});
    world.recorder.answer(Method::GET, "/environments/production/deployment-branch-policies", 200, there);
    let mut before = production();
    before.variables = BTreeMap::from([("DAYS".to_owned(), "7".to_owned())]);
    before.wait_minutes = 0;
    world.github.put_environment(&production(), Some(&before), world.patience()).await.done.unwrap();
    // From nothing, and back to nothing.
    for (to_be, before) in [
        (Environment { name: "staging".to_owned(), branches: Branches::Protected, ..Environment::default() }, None),
        (
            Environment { name: "staging".to_owned(), ..Environment::default() },
            Some(Environment { name: "staging".to_owned(), branches: Branches::Protected, ..Environment::default() }),
        ),
    ] {
        world.github.put_environment(&to_be, before.as_ref(), world.patience()).await.done.unwrap();
    }
}

pub(super) async fn delete_environment(world: &World) {
    world.github.delete_environment("production", world.patience()).await.unwrap();
}

pub(super) async fn labels(world: &World) {
    world.recorder.answer_page("/labels", json!([]), "/repos/octo/prompts/labels?per_page=100&page=2");
    world.github.labels(world.patience()).await.unwrap();
}

pub(super) async fn create_label(world: &World) {
    world.github.create_label(&Label::new("size/XS", "c2e0c6", "so viele Zeilen: größer"), world.patience()).await.done.unwrap();
}

pub(super) async fn delete_label(world: &World) {
    world.github.delete_label("nightly", world.patience()).await.unwrap();
}

fn checks() -> Ruleset {
    Ruleset {
        name: "prompt-cicd".to_owned(),
        enforcement: Enforcement::Active,
        branches: BTreeSet::from(["~DEFAULT_BRANCH".to_owned(), "refs/heads/release/*".to_owned()]),
        excluded: BTreeSet::from(["refs/heads/release/old".to_owned()]),
        checks: BTreeSet::from(["prompts / test".to_owned()]),
        up_to_date: true,
    }
}

pub(super) async fn ruleset(world: &World) {
    world.recorder.answer(Method::GET, "/rulesets", 200, json!([{"id": 5, "name": "prompt-cicd"}]));
    world.recorder.answer(Method::GET, "/rulesets/5", 200, json!({"id": 5, "name": "prompt-cicd", "rules": []}));
    world.github.ruleset("prompt-cicd", world.patience()).await.unwrap().unwrap();
}

pub(super) async fn put_ruleset(world: &World) {
    world.github.put_ruleset(&checks(), None, world.patience()).await.done.unwrap();
    let whole = json!({
        "rules": [{"type": "deletion"}],
        "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
    });
    let found = FoundRuleset { id: 5, ruleset: checks(), whole };
    let changed = Ruleset { enforcement: Enforcement::Evaluate, ..checks() };
    world.github.put_ruleset(&changed, Some(&found), world.patience()).await.done.unwrap();
}

pub(super) async fn delete_ruleset(world: &World) {
    world.github.delete_ruleset(5, world.patience()).await.unwrap();
}

/// Looking is described; what is asked for without what it must have is refused, so that nothing can come of it.
pub(super) async fn may(world: &World) {
    for permission in Permission::ALL {
        let other = World::start(prompt_cicd::adapters::github::Identity::ActionsBot).await;
        assert!(other.github.may(permission, Level::Write, other.patience()).await.unwrap().allowed, "{permission:?}");
        let seen = other.recorder.seen();
        assert!(seen.iter().all(|request| request.method == "POST" && request.refused.contains("422")), "{seen:?}");
        world.recorder.answer(Method::GET, "", 200, json!([]));
        world.github.may(permission, Level::Read, world.patience()).await.unwrap();
    }
}
