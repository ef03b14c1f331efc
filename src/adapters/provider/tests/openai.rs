//! Whole answers of OpenAI's dialect.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};

use super::{KEY, ask, completion, connect, http, request, server::Server};
use crate::domain::{
    answer::{Origin, Usage},
    provider::{FaultKind, HttpSettings, ProviderKind},
};

#[tokio::test]
async fn a_whole_answer_with_its_numbers() {
    let server = Server::json(completion("Hello!")).await;
    let answer = ask(ProviderKind::OpenAi(http(&server.url))).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref()), ("Hello!", Some("stop")));
    assert_eq!(answer.model.as_deref(), Some("a-model-0613"));
    assert_eq!(answer.usage, Usage { input_tokens: Some(9), output_tokens: Some(3), estimated: false });
    assert_eq!((answer.origin, answer.time_to_first_token), (Origin::Live, None));
    assert!(answer.latency > Duration::ZERO);
    assert_eq!(answer.raw, completion("Hello!"));
}

#[tokio::test]
async fn what_is_sent() {
    let server = Server::json(completion("x")).await;
    let headers = BTreeMap::from([("x-team".to_owned(), "blue".to_owned())]);
    let with_query = format!("{}/?api-version=7", server.url);
    let mut request = request("Hi");
    request.parameters.insert("stream".into(), json!(true));
    request.parameters.insert("model".into(), json!("other"));
    connect(ProviderKind::OpenAi(HttpSettings { headers, ..http(&with_query) })).answer(&request, super::LIMIT).await.unwrap();
    let received = server.received().remove(0);
    assert_eq!((received.method.as_str(), received.uri.as_str()), ("POST", "/v1/chat/completions?api-version=7"));
    assert_eq!(received.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!((received.header("x-team"), received.header("content-type")), ("blue", "application/json"));
    assert_eq!(received.header("user-agent"), concat!("prompt-cicd/", env!("CARGO_PKG_VERSION")));
    assert_eq!(received.header("content-length"), received.body.to_string().len().to_string(), "not chunked");
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]);
    assert_eq!(received.body, json!({"model": "a-model", "messages": messages, "temperature": 0.0, "max_tokens": 16}));
}

#[tokio::test]
async fn a_server_without_a_key_gets_none() {
    let server = Server::json(completion("x")).await;
    ask(ProviderKind::OpenAi(HttpSettings { api_key_env: None, ..http(&server.url) })).await.unwrap();
    assert_eq!(server.received()[0].header("authorization"), "");
}

#[tokio::test]
async fn content_may_be_null_text_or_parts() {
    let tool_call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]});
    let table = [
        (json!({"content": null}), ""),
        (tool_call.clone(), ""),
        (json!({"content": ""}), ""),
        (json!({"content": [{"type": "text", "text": "a"}, "b", {"type": "image"}, {"type": "text", "text": "c"}]}), "abc"),
        (json!({"content": null, "refusal": "I cannot"}), "I cannot"),
    ];
    for (message, text) in table {
        let server = Server::json(json!({"choices": [{"message": message, "finish_reason": null}]})).await;
        let answer = ask(ProviderKind::OpenAi(http(&server.url))).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish_reason, answer.usage), (text, None, Usage::default()), "{message}");
    }
    let server = Server::json(json!({"choices": [{"message": tool_call}], "usage": {"prompt_tokens": "many"}})).await;
    let answer = ask(ProviderKind::OpenAi(http(&server.url))).await.unwrap();
    assert_eq!(answer.raw.pointer("/choices/0/message/tool_calls/0/id"), Some(&Value::from("1")));
}

#[tokio::test]
async fn a_failure_behind_a_success_is_no_answer() {
    let choice = |choice: Value| json!({ "choices": [choice] });
    let said = json!({"content": "Hello"});
    let table = [
        (choice(json!({"message": said, "error": {"message": "gone", "code": 502}})), FaultKind::Unreachable, "gone"),
        (choice(json!({"message": said, "error": {"message": "odd"}})), FaultKind::Malformed, "odd"),
        (choice(json!({"message": said, "finish_reason": "error"})), FaultKind::Malformed, "`finish_reason` is `error`"),
        (choice(json!({"message": {"role": "assistant"}, "finish_reason": "stop"})), FaultKind::Malformed, "has no `content`"),
        (choice(json!({"message": {}})), FaultKind::Malformed, "has no `content`"),
    ];
    for (body, kind, words) in table {
        let server = Server::json(body.clone()).await;
        let fault = ask(ProviderKind::OpenAi(http(&server.url))).await.unwrap_err();
        assert!(fault.kind == kind && fault.to_string().contains(words), "{body}: {fault:?}");
    }
}

#[tokio::test]
async fn many_at_once_share_connections() {
    let server = Server::start(|received| axum::Json(completion(received.body["messages"][1]["content"].as_str().unwrap()))).await;
    let provider = connect(ProviderKind::OpenAi(http(&server.url)));
    for _ in 0..2 {
        let requests: Vec<_> = (0..20).map(|number| request(&format!("number {number}"))).collect();
        let answers = join_all(requests.iter().map(|request| provider.answer(request, super::LIMIT))).await;
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap().text, format!("number {number}"));
        }
    }
}
