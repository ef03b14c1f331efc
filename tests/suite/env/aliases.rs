//! Aliases at an MLflow registry that was added after the rollouts, or lost them.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::env;
use crate::support::{
    github::{FakeGitHub, State},
    hosts::{Host, Request},
    rollout::Stage,
};

/// One registered model of MLflow.
#[derive(Debug, Default)]
struct Registry {
    there: bool,
    tags: BTreeMap<String, String>,
    aliases: BTreeMap<String, String>,
    versions: Vec<Value>,
    down: bool,
    /// Before the answer to this call arrives, another runner begins a rollout in this folder.
    overtaken: Option<(&'static str, PathBuf)>,
}

impl Registry {
    fn answer(&mut self, request: &Request) -> Response {
        if self.down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let call = request.uri.path().strip_prefix("/api/2.0/mlflow/").unwrap().to_owned();
        let query = request.uri.query().unwrap_or_default().to_owned();
        let answer = match (request.method.clone(), call.as_str()) {
            (Method::GET, "registered-models/get") if !self.there => {
                return (StatusCode::NOT_FOUND, Json(json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}))).into_response();
            }
            (Method::GET, "registered-models/get") => {
                let tags: Vec<Value> = self.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
                let aliases: Vec<Value> = self.aliases.iter().map(|(alias, version)| json!({"alias": alias, "version": version})).collect();
                json!({"registered_model": {"name": "greeting", "tags": tags, "aliases": aliases}})
            }
            (Method::POST, "registered-models/create") => {
                self.there = true;
                self.tags.insert("mlflow.prompt.is_prompt".to_owned(), "true".to_owned());
                json!({})
            }
            (Method::POST, "registered-models/set-tag") => {
                self.tags.insert(text("key"), text("value"));
                json!({})
            }
            (Method::POST, "registered-models/alias") => {
                self.aliases.insert(text("alias"), text("version"));
                json!({})
            }
            (Method::DELETE, "registered-models/alias") => {
                self.aliases.remove(&text("alias"));
                json!({})
            }
            (Method::POST, "model-versions/create") => {
                let version = json!({"version": (self.versions.len() + 1).to_string(), "tags": body["tags"]});
                self.versions.push(version.clone());
                json!({"model_version": version})
            }
            (Method::GET, "model-versions/search") => {
                let wanted = |version: &&Value| {
                    let tags = version["tags"].as_array().unwrap();
                    tags.iter().any(|tag| tag["key"] == "prompt-cicd.version" && query.contains(tag["value"].as_str().unwrap()))
                };
                json!({"model_versions": self.versions.iter().filter(wanted).collect::<Vec<_>>()})
            }
            (Method::GET, "model-versions/get") => {
                let found =
                    self.versions.iter().find(|version| query.contains(&format!("version={}", version["version"].as_str().unwrap())));
                json!({"model_version": found.unwrap()})
            }
            other => panic!("nobody asks MLflow for {other:?}"),
        };
        Json(answer).into_response()
    }
}

/// A prompt whose 1.0.0 completed a rollout before its environment had this registry, and the registry.
fn added_later(runtime: &tokio::runtime::Runtime) -> (Stage, Arc<Mutex<Registry>>) {
    let stage = Stage::with("stages: [10, 100]\n  stage-duration: 0s", "10ms");
    let registry: Arc<Mutex<Registry>> = Arc::default();
    let kept = Arc::clone(&registry);
    let host = runtime.block_on(Host::start(move |request| {
        let kept = Arc::clone(&kept);
        async move {
            let answer = kept.lock().unwrap().answer(&request);
            let overtaken = kept.lock().unwrap().overtaken.take_if(|(call, _)| request.uri.path().ends_with(*call));
            if let Some((_, folder)) = overtaken {
                let mut another = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
                another.args(["rollout", "start", "greeting"]).current_dir(folder).env("USER", "ben");
                let done = tokio::task::spawn_blocking(move || another.output().unwrap()).await.unwrap();
                assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
            }
            answer
        }
    }));
    let config = stage.workspace.read("prompt-cicd.yml");
    let config = config
        .replace("targets:\n", &format!("targets:\n  registry: {{kind: mlflow, url: \"{}\"}}\n", host.url))
        .replace("targets: [flags]", "targets: [flags, registry]");
    stage.workspace.write("prompt-cicd.yml", (config + "github: {labels: false}\n").as_bytes());
    (stage, registry)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn an_alias_is_shown_then_made_once_and_taken_away_alone() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    env(&["plan"]).exits(0).shows("+ alias registry/production/greeting\n    version: 1.0.0\n").shows("2 to make");
    assert!(!registry.lock().unwrap().there, "a plan writes nothing");
    env(&["apply"]).exits(0).shows("2 made");
    {
        let registry = registry.lock().unwrap();
        assert_eq!((registry.aliases["production"].as_str(), registry.versions.len()), ("1", 1));
    }
    env(&["apply"]).exits(0).shows("nothing to change: 2 things as configured");
    env(&["status"]).exits(0).shows("made by `env apply`: 2 things");
    // The rollouts go on from there, and move it.
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    assert_eq!(registry.lock().unwrap().aliases["production"], "2");
    env(&["status"]).exits(0).shows("made by `env apply`: 2 things");
    // One environment's destruction is not another's, and without a yes it is none.
    env(&["destroy"]).exits(20).says("alias registry/production/greeting");
    env(&["destroy", "--yes"]).exits(0).shows("- alias registry/production/greeting").shows("2 deleted");
    let registry = registry.lock().unwrap();
    // The candidate's alias goes with it, and versions stay.
    assert_eq!((registry.aliases.len(), registry.versions.len()), (0, 2), "{registry:?}");
    drop(registry);
    github.finish();
}

#[test]
fn an_alias_that_is_there_is_nobody_elses_business() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    {
        let mut registry = registry.lock().unwrap();
        registry.there = true;
        registry.tags.insert("mlflow.prompt.is_prompt".to_owned(), "true".to_owned());
        registry.versions.push(json!({"version": "1", "tags": []}));
        registry.aliases.insert("production".to_owned(), "1".to_owned());
    }
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    env(&["apply"]).exits(0).shows("1 made");
    env(&["destroy", "--yes"]).exits(0).shows("1 deleted");
    assert_eq!(registry.lock().unwrap().aliases["production"], "1");
    github.finish();
}

#[test]
fn a_registry_that_does_not_answer_is_told_and_its_alias_stays_ours() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    registry.lock().unwrap().down = true;
    env(&["apply"]).exits(30).shows("1 made, 1 not done").says("the alias `registry/production/greeting`");
    registry.lock().unwrap().down = false;
    env(&["apply"]).exits(0).shows("1 made");
    registry.lock().unwrap().down = true;
    env(&["destroy", "--yes"]).exits(30).shows("1 deleted").says("the alias `registry/production/greeting`");
    registry.lock().unwrap().down = false;
    env(&["destroy", "--yes"]).exits(0).shows("1 deleted");
    assert!(registry.lock().unwrap().aliases.is_empty());
    github.finish();
}

#[test]
fn a_rollout_that_came_in_between_keeps_its_aliases() {
    // Between the look and the writing; and after the writing began.
    for (call, made) in
        [("registered-models/get", "it was left to that rollout"), ("registered-models/create", "`prompt-cicd rollout step")]
    {
        let runtime = runtime();
        let (stage, registry) = added_later(&runtime);
        let github = FakeGitHub::start(State::new());
        let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
        registry.lock().unwrap().overtaken = Some((call, stage.workspace.path().to_owned()));
        env(&["apply"]).exits(32).shows("1 made, 1 not done").shows("a rollout of `greeting` in `production` came in between").shows(made);
        let aliases = registry.lock().unwrap().aliases.clone();
        assert_eq!((aliases["production"].as_str(), aliases["candidate"].as_str()), ("1", "2"), "{call}: {aliases:?}");
        stage.rollout("run", []).exits(0);
        assert_eq!(registry.lock().unwrap().aliases["production"], "2");
        github.finish();
    }
}

#[test]
fn a_rollout_that_came_before_a_destruction_keeps_its_aliases() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    env(&["apply"]).exits(0).shows("2 made");
    registry.lock().unwrap().overtaken = Some(("model-versions/get", stage.workspace.path().to_owned()));
    env(&["destroy", "--yes"]).exits(32).shows("1 deleted, 1 not done").shows("came in between");
    assert_eq!(registry.lock().unwrap().aliases.len(), 2);
    github.finish();
}

#[test]
fn a_registry_that_cannot_be_opened_stops_nothing_else() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    let config = stage.workspace.read("prompt-cicd.yml");
    let config = config
        .replace("targets:\n", "targets:\n  closed: {kind: mlflow, url: \"http://127.0.0.1:9\", token-env: NO_SUCH_TOKEN}\n")
        .replace("[flags, registry]", "[flags, closed, registry]");
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    env(&["plan"]).exits(0).shows("3 to make").says("the alias `closed/production/greeting`").says("NO_SUCH_TOKEN");
    env(&["apply"]).exits(31).shows("2 made, 1 not done").shows("NO_SUCH_TOKEN");
    assert_eq!(registry.lock().unwrap().aliases["production"], "1", "the other registry has its alias");
    env(&["status"]).exits(13).shows("1 to make");
    env(&["destroy", "--yes"]).exits(0).shows("2 deleted");
    assert!(registry.lock().unwrap().aliases.is_empty());
    github.finish();
}

#[test]
fn an_alias_that_somebody_moved_to_a_version_of_theirs_is_theirs() {
    let runtime = runtime();
    let (stage, registry) = added_later(&runtime);
    let github = FakeGitHub::start(State::new());
    let env = |args: &[&str]| env(&stage.workspace, &github, args).run();
    env(&["apply"]).exits(0).shows("2 made");
    {
        let mut registry = registry.lock().unwrap();
        registry.versions.push(json!({"version": "2", "tags": []}));
        registry.aliases.insert("production".to_owned(), "2".to_owned());
    }
    env(&["destroy", "--yes"]).exits(0).shows("1 deleted");
    assert_eq!(registry.lock().unwrap().aliases["production"], "2");
    github.finish();
}
