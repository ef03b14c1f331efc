//! A webhook that applies and does not answer, breaks, lies.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{http::StatusCode, response::IntoResponse as _};
use prompt_cicd::{
    domain::target::{Agreement, Shares, TargetKind},
    ports::target::TargetErrorKind,
};
use serde_json::Value;

use super::{DEADLINE, SHORT, desired, http, open};
use crate::support::hosts::Host;

fn hook(url: &str) -> TargetKind {
    TargetKind::Webhook { http: http(url), secret_env: Some("HOOK_SECRET".into()) }
}

#[tokio::test]
async fn what_was_applied_without_an_answer_is_seen_when_read_back() {
    let state: Arc<Mutex<Value>> = Arc::default();
    let host = Host::start(move |request| {
        let state = Arc::clone(&state);
        async move {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            if body["action"] == "observe" {
                return state.lock().unwrap().to_string().into_response();
            }
            *state.lock().unwrap() = body;
            std::future::pending().await
        }
    })
    .await;
    let target = open(hook(&host.url), Path::new(""));
    let error = target.apply(&desired(25, 4), "op-9", SHORT).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::TimedOut && error.kind.may_have_applied(), "{error}");
    let observed = target.observe(DEADLINE).await.unwrap();
    assert_eq!(observed.agreement(&desired(25, 4), Shares::Any), Agreement::Confirmed);
    assert_eq!(observed.operation.as_deref(), Some("op-9"));
    let request = &host.received()[0];
    assert_eq!(request.headers["idempotency-key"], "op-9");
    let signature = request.headers["x-prompt-cicd-signature"].to_str().unwrap();
    assert!(signature.starts_with("sha256=") && signature.len() == 7 + 64, "{signature}");
    assert!(!String::from_utf8_lossy(&request.body).contains("hunter2"));
}

#[tokio::test]
async fn every_refusal_has_its_name() {
    for (status, kind) in [
        (500, TargetErrorKind::Failed),
        (503, TargetErrorKind::Failed),
        (400, TargetErrorKind::Refused),
        (401, TargetErrorKind::Refused),
        (302, TargetErrorKind::Refused),
        (404, TargetErrorKind::Refused),
        (422, TargetErrorKind::Refused),
        (408, TargetErrorKind::TimedOut),
        (423, TargetErrorKind::Conflict),
        (425, TargetErrorKind::Unreachable),
        (429, TargetErrorKind::Unreachable),
        (409, TargetErrorKind::Conflict),
        (412, TargetErrorKind::Fenced),
    ] {
        let host =
            Host::start(move |_| async move { (StatusCode::from_u16(status).unwrap(), "hunter2hunter2 says no").into_response() }).await;
        let error = open(hook(&host.url), Path::new("")).apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status}: {error}");
        // What passes by itself is tried again until the deadline of a rollback.
        assert_eq!(kind.is_transient(), [408, 409, 423, 425, 429, 500, 503].contains(&status), "{status}");
        assert!(error.message.contains("says no") && !error.message.contains("hunter2"), "{error}");
    }
    let nobody = open(hook("http://127.0.0.1:9"), Path::new("")).apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert_eq!(nobody.kind, TargetErrorKind::Unreachable);
}

#[tokio::test]
async fn half_an_answer_is_none() {
    for body in ["{\"shares\": {\"1.0.0\": 9", "", "null", "[]", "{\"shares\": {\"1.0.0\": -1}}", "{\"shares\": 3}"] {
        let host = Host::start(move |_| async move { body.into_response() }).await;
        let error = open(hook(&host.url), Path::new("")).observe(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.kind, TargetErrorKind::Malformed, "{body}: {error}");
    }
}
