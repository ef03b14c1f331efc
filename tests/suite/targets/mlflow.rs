//! An MLflow that ends connections it has not heard of for a while.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axum::{Json, response::IntoResponse as _};
use prompt_cicd::{
    domain::target::{Desired, TargetKind},
    ports::target::TargetErrorKind,
};
use serde_json::{Value, json};

use super::{DEADLINE, desired, http, open};
use crate::support::hosts::Host;

/// Answers the first request of each connection that the prompt is not there; ends the connection in the middle of the second.
fn impatient(asked: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            for request in 0..2 {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                }
                drop(reader.read_exact(&mut vec![0; length]));
                asked.fetch_add(1, Ordering::SeqCst);
                if request == 1 {
                    break;
                }
                let body = r#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such model"}"#;
                let head = format!("HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        }
    }));
    url
}

fn kind(url: &str) -> TargetKind {
    TargetKind::Mlflow {
        http: http(url),
        model: "greeting".to_owned(),
        stable_alias: "production".to_owned(),
        candidate_alias: "candidate".to_owned(),
        mirror: false,
    }
}

/// A registry with a prompt that has these tags, no alias and no version.
async fn registry(tags: &Value) -> Host {
    let model = json!({"registered_model": {"name": "greeting", "tags": tags, "aliases": []}});
    Host::start(move |_| {
        let answer = Json(model.clone()).into_response();
        async move { answer }
    })
    .await
}

#[tokio::test]
async fn an_epoch_that_somebody_wrote_over_is_no_missing_fence() {
    for epoch in ["", "seven", "-1", "7.5"] {
        let tags = [("mlflow.prompt.is_prompt", "true"), ("prompt-cicd.epoch.production", epoch)]
            .map(|(key, value)| json!({"key": key, "value": value}));
        let host = registry(&json!(tags)).await;
        let target = open(kind(&host.url), Path::new(""));
        for error in [target.apply(&desired(100, 1), "late", DEADLINE).await.unwrap_err(), target.observe(DEADLINE).await.unwrap_err()] {
            assert_eq!(error.kind, TargetErrorKind::EpochUnreadable, "{epoch}: {error}");
            assert!(error.message.contains("delete_registered_model_tag(\"greeting\", \"prompt-cicd.epoch.production\")"), "{error}");
        }
        assert!(host.received().iter().all(|request| request.method == "GET"), "nothing is changed");
        // An emergency that was told of it goes on to the versions, of which this server has none.
        let emergency = Desired { overwrites: true, ..desired(0, 8) };
        let further = target.apply(&emergency, "emergency", DEADLINE).await.unwrap_err();
        assert!(further.kind != TargetErrorKind::EpochUnreadable && !further.message.contains("prompt-cicd.epoch"), "{further}");
    }
}

#[tokio::test]
async fn an_alias_of_another_environment_is_left_alone() {
    for (alias, key) in [("production", "stable-alias"), ("candidate", "candidate-alias")] {
        let whose = format!("prompt-cicd.environment.{alias}");
        let tags = [("mlflow.prompt.is_prompt", "true"), (&*whose, "staging"), ("prompt-cicd.epoch.staging", "9")]
            .map(|(key, value)| json!({"key": key, "value": value}));
        let host = registry(&json!(tags)).await;
        let target = open(kind(&host.url), Path::new(""));
        let error = target.apply(&desired(100, 1), "op", DEADLINE).await.unwrap_err();
        assert_eq!(error.kind, TargetErrorKind::Foreign, "{error}");
        let said = format!("the alias `{alias}` belongs to the environment `staging`, so it is left alone; write another `{key}`");
        assert!(error.message.contains(&said), "{error}");
        assert!(host.received().iter().all(|request| request.method == "GET"), "nothing is changed");
        // A way back does not touch the candidate's alias: it goes on to the versions, of which this server has none.
        let back = target.apply(&desired(0, 2), "back", DEADLINE).await.unwrap_err();
        assert_eq!(back.kind == TargetErrorKind::Foreign, key == "stable-alias", "{back}");
        // The epoch of another environment is no fence here.
        assert_eq!(target.observe(DEADLINE).await.unwrap().epoch, None);
    }
}

#[tokio::test]
async fn reading_on_a_connection_that_the_server_has_ended_is_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let url = impatient(Arc::clone(&asked));
    let target = open(kind(&url), Path::new(""));
    for _ in 0..3 {
        let observed = target.observe(DEADLINE).await.unwrap();
        assert_eq!(observed.shares, None, "it does not know the prompt");
    }
    assert!(asked.load(Ordering::SeqCst) >= 4, "one of them was asked twice: {asked:?}");
}
