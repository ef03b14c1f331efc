//! A Slack and a GitHub behind HTTP, and what they hear of rollouts and rollbacks.

mod deployments;
mod issues;
mod monitor;
mod slack;
mod watch;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use prompt_cicd::{
    adapters::{clock::SystemClock, store::DirectoryStore},
    ports::{
        clock::Clock,
        store::{Expect, Key, Patience, Store as _},
    },
};
use serde_json::{Value, json};

use crate::support::{PromptCicd, github::FakeGitHub, hosts::Host, rollout::Stage};

/// The secret part of the webhook's address.
const SECRET: &str = "T0000ABCD/B0000EFGH/xoxo-very-secret-part";

/// A Slack whose answers a test chooses. It refuses what Slack would refuse.
#[derive(Debug)]
struct FakeSlack {
    host: Host,
    runtime: tokio::runtime::Runtime,
}

impl FakeSlack {
    /// Answers with this status, after this long.
    fn start(status: u16, pause: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let host = runtime.block_on(Host::start(move |request| async move {
            tokio::time::sleep(pause).await;
            let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            if request.uri.path() != format!("/services/{SECRET}") {
                return (StatusCode::NOT_FOUND, "no_service").into_response();
            }
            let blocks = message["blocks"].as_array().map_or(0, Vec::len);
            if message["text"].as_str().is_none_or(str::is_empty) || !(1..=50).contains(&blocks) {
                return (StatusCode::BAD_REQUEST, "invalid_blocks").into_response();
            }
            let words = if status == 200 { "ok" } else { "rollup_error" };
            Response::builder().status(status).body(Body::from(words)).unwrap()
        }));
        Self { host, runtime }
    }

    fn url(&self) -> String {
        format!("{}/services/{SECRET}", self.host.url)
    }

    /// The first lines of the messages so far.
    fn heard(&self) -> Vec<String> {
        let _inside = self.runtime.enter();
        let text = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["text"].as_str().unwrap().to_owned();
        self.host.received().iter().map(|request| text(&request.body)).collect()
    }
}

/// A stage whose configuration has more.
fn with(stage: Stage, more: &str) -> Stage {
    let config = stage.workspace.read("prompt-cicd.yml") + more;
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage
}

fn call<'a>(stage: &Stage, args: impl IntoIterator<Item = &'a str>) -> PromptCicd {
    stage.workspace.prompt_cicd(args).env("USER", "ana")
}

fn told<'a>(stage: &Stage, slack: &FakeSlack, args: impl IntoIterator<Item = &'a str>) -> PromptCicd {
    call(stage, args).env("SLACK_WEBHOOK_URL", &slack.url())
}

fn hosted<'a>(stage: &Stage, github: &FakeGitHub, args: impl IntoIterator<Item = &'a str>) -> PromptCicd {
    let (api, token) = (github.api_url(), github.state().token);
    call(stage, args).env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token)
}

/// Reads the deployment's record, and writes what `change` makes of it.
fn changed(stage: &Stage, change: impl FnOnce(&mut Value) -> bool) -> Value {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let patience = Patience::of(clock.as_ref(), Duration::from_mins(1));
    let store = DirectoryStore::new(stage.workspace.path().join("state"), clock);
    let key = Key::new("rollout/production/greeting").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut found = store.get(&key, patience).await.unwrap().unwrap();
        if change(&mut found.value) {
            store.put(&key, found.value.clone(), Expect::Revision(found.revision), patience).await.unwrap();
        }
        found.value
    })
}

/// What people are still to be told.
fn waiting(stage: &Stage) -> Value {
    changed(stage, |_| false)["outbox"].clone()
}

/// Makes everything that waits due, as if time had gone by.
fn due(stage: &Stage) {
    changed(stage, |record| {
        let all = record["outbox"].as_array_mut();
        let waits = all.is_some();
        all.into_iter().flatten().for_each(|pending| pending["next"] = json!(1));
        waits
    });
}
