//! Every way in which a server gives no answer.

use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use serde_json::json;

use super::{KEY, ask, completion, connect, http, request, server::Server};
use crate::domain::provider::{FaultKind, HttpSettings, ProviderFault, ProviderKind};

async fn fault_of(server: &Server) -> ProviderFault {
    let fault = ask(ProviderKind::OpenAi(http(&server.url))).await.unwrap_err();
    assert!(fault.message.starts_with("provider \"test\": POST http://127.0.0.1:"), "{fault}");
    assert!(fault.message.contains("/v1/chat/completions: "), "{fault}");
    assert!(!fault.message.contains(KEY) && fault.message.chars().count() < 700, "{fault}");
    fault
}

#[tokio::test]
async fn statuses() {
    let table = [
        (401, r#"{"error":{"message":"bad key","code":"invalid_api_key"}}"#, FaultKind::Denied, "bad key (invalid_api_key)", "TEST_KEY"),
        (403, "", FaultKind::Denied, "403 Forbidden", "TEST_KEY"),
        (404, r#"{"error":{"message":"File Not Found","code":404}}"#, FaultKind::Rejected, "File Not Found", "\"a-model\""),
        (400, r#"{"error":{"message":"context too long","code":400}}"#, FaultKind::Rejected, "context too long", "check the model"),
        (413, "too big", FaultKind::Rejected, "too big", "length"),
        (429, r#"{"error":{"message":"slow down"}}"#, FaultKind::RateLimited, "slow down", "concurrency"),
        (500, r#"{"error":{"message":"oops","code":null}}"#, FaultKind::Unreachable, "oops", "try again later"),
        (502, "<html><title>Bad Gateway</title></html>", FaultKind::Unreachable, "HTML page titled \"Bad Gateway\"", "later"),
        (503, "", FaultKind::Unreachable, "503 Service Unavailable", "later"),
        (529, "", FaultKind::Unreachable, ": 529; ", "later"),
    ];
    for (status, body, kind, words, next) in table {
        let fault = fault_of(&Server::refusing(status, &[], body).await).await;
        assert_eq!((fault.kind, fault.status, fault.retry_after), (kind, Some(status), None), "{fault}");
        assert!(fault.message.contains(&status.to_string()) && fault.message.contains(words) && fault.message.contains(next), "{fault}");
    }
}

#[tokio::test]
async fn how_long_to_wait() {
    let seconds = Server::refusing(429, &[("retry-after", "7")], "{}").await;
    let fault = fault_of(&seconds).await;
    assert_eq!((fault.kind, fault.retry_after), (FaultKind::RateLimited, Some(Duration::from_secs(7))));
    assert!(fault.message.contains("wait 7.0 s"), "{fault}");
    let date = &[("date", "Fri, 02 Jan 2026 03:04:05 GMT"), ("retry-after", "Fri, 02 Jan 2026 03:05:05 GMT")];
    let fault = fault_of(&Server::refusing(503, date, "").await).await;
    assert_eq!((fault.kind, fault.retry_after), (FaultKind::Unreachable, Some(Duration::from_mins(1))));
    let fault = fault_of(&Server::refusing(400, &[("retry-after", "7")], "").await).await;
    assert_eq!(fault.retry_after, None, "nobody waits for what will not change");
}

#[tokio::test]
async fn answers_that_are_none() {
    let table = [
        ("<!DOCTYPE html><title>Sign in</title>", "an HTML page titled \"Sign in\" instead of JSON"),
        ("{\"choices\": [", "no JSON (EOF"),
        ("", "an empty answer"),
        ("\"text\"", "JSON without `choices`"),
        ("{}", "JSON without `choices`"),
        (r#"{"choices": []}"#, "`choices` is empty"),
        (r#"{"choices": [{}]}"#, "no `message`"),
        (r#"{"choices": [{"message": {"content": 7}}]}"#, "neither text nor a list"),
        (r#"{"error": {"message": "upstream failed", "code": 502}}"#, "upstream failed"),
        (r#"{"error": {"message": "upstream failed", "code": "bad_gateway"}}"#, "upstream failed (bad_gateway)"),
    ];
    for (body, words) in table {
        let fault = fault_of(&Server::refusing(200, &[("content-type", "application/json")], body).await).await;
        assert_eq!((fault.kind, fault.status), (FaultKind::Malformed, Some(200)), "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    }
}

#[tokio::test]
async fn a_key_that_comes_back_is_not_shown() {
    let server = Server::start(|received| {
        let words = format!("wrong key {} or sk-abcdefghijklmnopqrstuvwx", received.header("authorization"));
        (http::StatusCode::UNAUTHORIZED, axum::Json(json!({"error": {"message": words}})))
    })
    .await;
    let fault = fault_of(&server).await;
    assert!(fault.message.contains("wrong key Bearer [secret] or [secret]"), "{fault}");
}

#[tokio::test]
async fn a_slow_answer_ends_at_the_limit() {
    let slow = Server::start(|_| {
        let stream = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok::<_, std::io::Error>(" "), ()))
        });
        axum::body::Body::from_stream(stream).into_response()
    })
    .await;
    let limit = Duration::from_millis(150);
    let started = Instant::now();
    let fault = connect(ProviderKind::OpenAi(http(&slow.url))).answer(&request("Hi"), limit).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(900));
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(fault.message.contains("time limit of 150 ms"), "{fault}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_keys_stay_here() {
    let elsewhere = Server::json(completion("stolen")).await;
    let target = format!("{}/chat/completions?q=1", elsewhere.url);
    let server = Server::start(move |_| (http::StatusCode::TEMPORARY_REDIRECT, [("location", target.clone())])).await;
    let fault = fault_of(&server).await;
    assert_eq!((fault.kind, fault.status), (FaultKind::Rejected, Some(307)));
    let host = elsewhere.url.trim_end_matches("/v1");
    assert!(fault.message.contains(&format!("it redirects to {host}, ")) && fault.message.contains("keys are not sent"), "{fault}");
    assert_eq!(elsewhere.received().len(), 0);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn too_large_an_answer_is_not_read() {
    let server = Server::start(|_| {
        let piece = axum::body::Bytes::from(vec![b' '; 1 << 20]);
        axum::body::Body::from_stream(futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()))).into_response()
    })
    .await;
    let fault = fault_of(&server).await;
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains("larger than 32 MiB"), "{fault}");
}

#[tokio::test]
async fn cut_connections() {
    let cut = Server::start(|_| {
        let pieces = [Ok("{\"choices\":"), Err(std::io::Error::other("cut"))];
        axum::body::Body::from_stream(futures::stream::iter(pieces)).into_response()
    })
    .await;
    let fault = fault_of(&cut).await;
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let fault = ask(ProviderKind::OpenAi(http(&url))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.message.contains("before an answer came"), "{fault}");
}

#[tokio::test]
async fn a_broken_compression_is_malformed() {
    let fault = fault_of(&Server::refusing(200, &[("content-encoding", "gzip")], "this is no gzip").await).await;
    assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://user:a-long-password@{address}/v1?token=a-long-password");
    let fault = ask(ProviderKind::OpenAi(http(&url))).await.unwrap_err();
    assert_eq!((fault.kind, fault.status), (FaultKind::Unreachable, None));
    let expected = format!("provider \"test\": POST http://{address}/v1/chat/completions: no connection: Connection refused");
    assert!(fault.message.starts_with(&expected) && fault.message.contains("base-url"), "{fault}");
}

#[tokio::test]
async fn no_tls_on_the_other_side() {
    let server = Server::json(completion("x")).await;
    let fault = ask(ProviderKind::OpenAi(http(&server.url.replace("http:", "https:")))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains("no connection: "), "{fault}");
}

#[tokio::test]
async fn a_server_that_wants_a_key_nobody_named() {
    let server = Server::refusing(401, &[], "").await;
    let fault = ask(ProviderKind::OpenAi(HttpSettings { api_key_env: None, ..http(&server.url) })).await.unwrap_err();
    assert!(fault.message.contains("`api-key-env`"), "{fault}");
}
