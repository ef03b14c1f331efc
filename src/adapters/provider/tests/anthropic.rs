//! Anthropic's dialect, whole and streamed.

use serde_json::{Value, json};

use super::{
    KEY, LIMIT, ask, connect, http, request,
    server::{Server, data, events},
    streaming,
};
use crate::domain::{
    answer::Usage,
    prompt::{Message, Role},
    provider::{FaultKind, HttpSettings, ProviderKind},
};

#[expect(clippy::needless_pass_by_value, reason = "reads best with json! in place")]
fn message(content: Value) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": content, "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 20, "output_tokens": 2},
    })
}

#[tokio::test]
async fn a_whole_answer_with_its_numbers() {
    let content = json!([{"type": "text", "text": "Hel"}, {"type": "tool_use", "input": {}}, {"type": "text", "text": "lo"}]);
    let server = Server::json(message(content.clone())).await;
    let answer = ask(ProviderKind::Anthropic(http(&server.url))).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.finish_reason.as_deref(), answer.model.as_deref()),
        ("Hello", Some("end_turn"), Some("claude"))
    );
    assert_eq!(answer.usage, Usage { input_tokens: Some(25), output_tokens: Some(2), estimated: false });
    assert_eq!(answer.raw, message(content));
}

#[tokio::test]
async fn what_is_sent() {
    let server = Server::json(message(json!([]))).await;
    let provider = connect(ProviderKind::Anthropic(http(&server.url)));
    let mut full = request("Hi");
    full.messages.insert(1, Message { role: Role::Developer, content: "In French.".into() });
    full.parameters.insert("stop".into(), json!("END"));
    full.parameters.insert("top_k".into(), json!(3));
    full.parameters.insert("thinking".into(), json!({"type": "disabled"}));
    let mut bare = request("Hi");
    bare.messages.remove(0);
    bare.parameters.clear();
    let mut newer = bare.clone();
    newer.parameters.insert("max_completion_tokens".into(), json!(7));
    newer.parameters.insert("stop".into(), json!(["A", "B"]));
    for request in [&full, &bare, &newer] {
        provider.answer(request, LIMIT).await.unwrap();
    }
    let received = server.received();
    assert_eq!((received[0].method.as_str(), received[0].uri.as_str()), ("POST", "/v1/messages"));
    assert_eq!((received[0].header("x-api-key"), received[0].header("authorization")), (KEY, ""));
    assert_eq!(received[0].header("anthropic-version"), "2023-06-01");
    let said = json!([{"role": "user", "content": "Hi"}]);
    let expected = json!({
        "model": "a-model", "system": "Be brief.\n\nIn French.", "messages": said, "max_tokens": 16, "temperature": 0.0,
        "stop_sequences": ["END"], "top_k": 3, "thinking": {"type": "disabled"},
    });
    assert_eq!(received[0].body, expected);
    assert_eq!(received[1].body, json!({"model": "a-model", "messages": said, "max_tokens": 1024}));
    assert_eq!(received[2].body, json!({"model": "a-model", "messages": said, "max_tokens": 7, "stop_sequences": ["A", "B"]}));
}

#[tokio::test]
async fn the_version_may_be_chosen() {
    let server = Server::json(message(json!([]))).await;
    let headers = [("Anthropic-Version".to_owned(), "2030-01-01".to_owned())].into();
    ask(ProviderKind::Anthropic(HttpSettings { headers, ..http(&server.url) })).await.unwrap();
    assert_eq!(server.received()[0].header("anthropic-version"), "2030-01-01");
}

fn hello() -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
            "model": "claude", "stop_reason": null, "usage": {"input_tokens": 5, "output_tokens": 1}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo ü"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"x\":"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ]
}

#[tokio::test]
async fn a_stream_becomes_one_answer() {
    let server = Server::start(|_| events(data(&hello()), false)).await;
    let answer = ask(ProviderKind::Anthropic(streaming(&server.url))).await.unwrap();
    assert_eq!(server.received()[0].body["stream"], json!(true));
    assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref()), ("Hello ü", Some("tool_use")));
    assert_eq!(answer.usage, Usage { input_tokens: Some(5), output_tokens: Some(9), estimated: false });
    assert!(answer.time_to_first_token.unwrap() <= answer.latency);
    let expected = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "tool_use",
        "content": [{"type": "text", "text": "Hello ü"}, {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}],
        "usage": {"input_tokens": 5, "output_tokens": 9},
    });
    assert_eq!(answer.raw, expected);
}

#[tokio::test]
async fn faults_of_a_stream() {
    let error = |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "because"}});
    let table = [
        (None, FaultKind::Unreachable),
        (Some(error("overloaded_error")), FaultKind::Unreachable),
        (Some(error("rate_limit_error")), FaultKind::RateLimited),
        (Some(error("authentication_error")), FaultKind::Denied),
        (Some(error("invalid_request_error")), FaultKind::Rejected),
        (Some(error("something_new")), FaultKind::Malformed),
    ];
    for (event, kind) in table {
        let texts: Vec<Value> = hello().into_iter().take(5).chain(event).collect();
        let server = Server::start(move |_| events(data(&texts), false)).await;
        let fault = ask(ProviderKind::Anthropic(streaming(&server.url))).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(kind == FaultKind::Unreachable || fault.message.contains("because"), "{fault}");
    }
}

#[tokio::test]
async fn faults_of_a_whole_answer() {
    let overloaded = Server::refusing(529, &[], r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#).await;
    let fault = ask(ProviderKind::Anthropic(http(&overloaded.url))).await.unwrap_err();
    assert_eq!((fault.kind, fault.status), (FaultKind::Unreachable, Some(529)));
    assert!(fault.message.contains("Overloaded (overloaded_error)"), "{fault}");
    for answer in [json!({}), json!({"content": "text"}), json!({"type": "error", "error": {"message": "no"}}), json!([])] {
        let server = Server::json(answer.clone()).await;
        let fault = ask(ProviderKind::Anthropic(http(&server.url))).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{answer}");
    }
}
