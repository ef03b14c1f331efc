//! Streamed answers of OpenAI's dialect.

use serde_json::{Value, json};

use super::{
    ask, completion,
    server::{Server, data, events},
    streaming,
};
use crate::domain::{
    answer::Usage,
    provider::{FaultKind, ProviderKind},
};

#[expect(clippy::needless_pass_by_value, reason = "reads best with json! in place")]
fn chunk(choices: Value) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "model": "m1", "choices": choices})
}

#[expect(clippy::needless_pass_by_value, reason = "reads best with json! in place")]
fn delta(delta: Value) -> Value {
    chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]))
}

fn hello() -> Vec<Vec<u8>> {
    let mut pieces = vec![b": warming up\n\n".to_vec()];
    pieces.extend(data(&[
        delta(json!({"role": "assistant", "content": null})),
        delta(json!({"content": "Grüß "})),
        delta(json!({"content": "dich 😀"})),
        chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}])),
        json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 4}, "timings": {"n": 1}}),
    ]));
    pieces.push(b"data: [DONE]\n\n".to_vec());
    pieces
}

async fn stream(pieces: Vec<Vec<u8>>, cut: bool) -> Result<crate::domain::answer::Answer, crate::domain::provider::ProviderFault> {
    let server = Server::start(move |_| events(pieces.clone(), cut)).await;
    let answer = ask(ProviderKind::OpenAi(streaming(&server.url))).await;
    let body = server.received().remove(0).body;
    assert_eq!((&body["stream"], &body["stream_options"]["include_usage"]), (&json!(true), &json!(true)));
    answer
}

#[tokio::test]
async fn a_stream_becomes_one_answer() {
    let answer = stream(hello(), false).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.finish_reason.as_deref(), answer.model.as_deref()),
        ("Grüß dich 😀", Some("stop"), Some("m1"))
    );
    assert_eq!(answer.usage, Usage { input_tokens: Some(7), output_tokens: Some(4), estimated: false });
    assert!(answer.time_to_first_token.unwrap() <= answer.latency);
    let expected = json!({
        "id": "c1",
        "model": "m1",
        "timings": {"n": 1},
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Grüß dich 😀"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 4},
    });
    assert_eq!(answer.raw, expected);
}

#[tokio::test]
async fn pieces_may_break_anywhere() {
    let whole: Vec<u8> = hello().concat();
    let server = Server::start({
        let whole = whole.clone();
        move |received| {
            let at = received.body["messages"][1]["content"].as_str().unwrap().parse().unwrap_or(usize::MAX);
            let pieces = match whole.split_at_checked(at) {
                Some((head, tail)) => vec![head.to_vec(), tail.to_vec()],
                None => whole.chunks(1).map(<[u8]>::to_vec).collect(),
            };
            events(pieces, false)
        }
    })
    .await;
    let provider = super::connect(ProviderKind::OpenAi(streaming(&server.url)));
    for at in (1..whole.len()).map(|at| at.to_string()).chain(["every byte".to_owned()]) {
        let answer = provider.answer(&super::request(&at), super::LIMIT).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.usage.output_tokens), ("Grüß dich 😀", Some(4)), "split at {at}");
    }
}

#[tokio::test]
async fn tool_calls_are_put_together() {
    let call = |index: u64, call: Value| delta(json!({"tool_calls": [{"index": index, "function": call}]}));
    let mut pieces = data(&[
        delta(json!({"role": "assistant", "tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]})),
        call(0, json!({"arguments": "{\"x\":"})),
        delta(json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]})),
        call(0, json!({"arguments": "1}", "name": "f"})),
        delta(json!({"tool_calls": [{"index": u64::MAX, "id": "z"}]})),
        chunk(json!([{"index": 0, "delta": {}, "finish_reason": "tool_calls"}])),
    ]);
    pieces.push(b"data: [DONE]\n\n".to_vec());
    let answer = stream(pieces, false).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.time_to_first_token), ("", None));
    let expected = json!([
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}},
        {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}},
        {"index": u64::MAX, "id": "z"},
    ]);
    assert_eq!(answer.raw.pointer("/choices/0/message/tool_calls"), Some(&expected));
}

#[tokio::test]
async fn several_choices_and_parts() {
    let mut pieces = data(&[
        chunk(json!([{"index": 1, "delta": {"content": "second"}}])),
        chunk(json!([{"index": 0, "delta": {"content": [{"type": "text", "text": "fi"}]}, "logprobs": {"content": [{"token": "fi"}]}}])),
        chunk(json!([{"index": 0, "delta": {"content": "rst"}, "logprobs": {"content": [{"token": "rst"}]}, "finish_reason": "length"}])),
    ]);
    pieces.push(b"data: [DONE]".to_vec());
    let answer = stream(pieces, false).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref()), ("first", Some("length")));
    assert_eq!(answer.raw.pointer("/choices/1/message/content"), Some(&json!("second")));
    assert_eq!(answer.raw.pointer("/choices/0/logprobs/content"), Some(&json!([{"token": "fi"}, {"token": "rst"}])));
}

#[tokio::test]
async fn a_finish_reason_is_end_enough() {
    let mut pieces = hello();
    pieces.pop();
    assert_eq!(stream(pieces, false).await.unwrap().text, "Grüß dich 😀");
}

#[tokio::test]
async fn a_cut_stream_is_no_answer() {
    let whole = hello();
    let half_a_line: Vec<Vec<u8>> = vec![whole[..3].concat(), b"data: {\"choi".to_vec()];
    for (pieces, cut) in [(whole[..3].to_vec(), false), (whole[..3].to_vec(), true), (half_a_line, false), (vec![], false), (vec![], true)]
    {
        let fault = stream(pieces.clone(), cut).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    }
}

#[tokio::test]
async fn an_event_named_error_is_one() {
    let mut pieces = hello();
    pieces.insert(3, b"event: error\ndata: {\"message\": \"overloaded\"}\n\n".to_vec());
    let fault = stream(pieces, false).await.unwrap_err();
    assert!(fault.kind == FaultKind::Malformed && fault.to_string().contains("overloaded"), "{fault:?}");
}

#[tokio::test]
async fn an_end_without_an_answer_is_none() {
    for deltas in [vec![], vec![delta(json!({"role": "assistant", "content": ""}))], vec![chunk(json!([]))]] {
        let mut pieces = data(&deltas);
        pieces.push(b"data: [DONE]\n\n".to_vec());
        let fault = stream(pieces, false).await.unwrap_err();
        assert!(fault.kind == FaultKind::Unreachable && fault.to_string().contains("before the answer was complete"), "{fault:?}");
    }
}

#[tokio::test]
async fn errors_amid_a_stream() {
    let table = [
        (json!({"error": {"message": "slow down", "code": 429}}), FaultKind::RateLimited, "slow down"),
        (json!({"error": {"message": "gone", "code": "502"}}), FaultKind::Unreachable, "gone"),
        (json!({"error": {"message": "odd", "code": null}}), FaultKind::Malformed, "odd"),
        (json!({"error": "just words"}), FaultKind::Malformed, "just words"),
        (json!({"object": "error", "message": "out of memory", "code": 500}), FaultKind::Unreachable, "out of memory"),
        (json!({"type": "error", "message": "out of memory"}), FaultKind::Malformed, "out of memory"),
        (json!({"choices": [{"index": 0, "error": {"message": "broke", "code": 502}}]}), FaultKind::Unreachable, "broke"),
        (json!({"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}), FaultKind::Malformed, "is `error`"),
        (json!(["no object"]), FaultKind::Malformed, "no JSON object"),
    ];
    for (event, kind, words) in table {
        let mut pieces = hello()[..3].to_vec();
        pieces.extend(data(&[event]));
        let fault = stream(pieces, false).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    }
    let fault = stream(vec![b"data: {broken\n\n".to_vec()], false).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
    let fault = stream(vec![b"no events at all\n".to_vec()], false).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let server = Server::json(completion("whole")).await;
    let answer = ask(ProviderKind::OpenAi(streaming(&server.url))).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.time_to_first_token), ("whole", None));
}

#[tokio::test]
async fn a_connection_that_stays_open_after_the_end_does_not_hold_us() {
    let server = Server::start(|_| {
        let stream = futures::stream::unfold(0, |number| async move {
            if number > 0 {
                futures::future::pending::<()>().await;
            }
            Some((Ok::<_, std::io::Error>(hello().concat()), number + 1))
        });
        ([("content-type", "text/event-stream")], axum::body::Body::from_stream(stream))
    })
    .await;
    let answer = ask(ProviderKind::OpenAi(streaming(&server.url))).await.unwrap();
    assert_eq!(answer.text, "Grüß dich 😀");
    assert!(answer.latency < super::LIMIT);
}

/// A stream whose pieces of text are written as JSON writes them, escapes and all.
fn escaped(pieces: &[&str]) -> Vec<Vec<u8>> {
    let piece = |text: &&str| format!("data: {{\"choices\": [{{\"index\": 0, \"delta\": {{\"content\": \"{text}\"}}}}]}}\n\n").into_bytes();
    let end = delta_end().to_string();
    pieces.iter().map(piece).chain([format!("data: {end}\n\ndata: [DONE]\n\n").into_bytes()]).collect()
}

fn delta_end() -> Value {
    chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
}

#[tokio::test]
async fn an_emoji_that_is_cut_between_two_pieces_is_whole_again() {
    let answer = stream(escaped(&["Hi \\ud83d", "\\ude00", " and \\u00e9"]), false).await.unwrap();
    assert_eq!(answer.text, "Hi 😀 and é");
    assert_eq!(answer.raw["choices"][0]["message"]["content"], "Hi 😀 and é");
    let bytes = escaped(&["Hi 😀"]).concat();
    let server = Server::start(move |_| events(bytes.chunks(1).map(<[u8]>::to_vec).collect(), false)).await;
    assert_eq!(ask(ProviderKind::OpenAi(streaming(&server.url))).await.unwrap().text, "Hi 😀", "the network may cut anywhere");
    let fault = stream(escaped(&["Hi \\ud83d"]), false).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains("half a character (\\ud83d) whose other half never came"), "{fault}");
}

#[tokio::test]
async fn halves_of_an_emoji_in_tokens_break_no_answer() {
    let piece = |half: &str| {
        let token = format!("{{\"token\": \"{half}\", \"logprob\": -0.1}}");
        let choice = format!("{{\"index\": 0, \"delta\": {{\"content\": \"{half}\"}}, \"logprobs\": {{\"content\": [{token}]}}}}");
        format!("data: {{\"choices\": [{choice}]}}\n\n").into_bytes()
    };
    let end = format!("data: {}\n\ndata: [DONE]\n\n", delta_end()).into_bytes();
    let answer = stream(vec![piece("\\ud83d"), piece("\\ude00"), end], false).await.unwrap();
    assert_eq!(answer.text, "😀");
    assert_eq!(answer.raw["choices"][0]["message"]["content"], "😀");
    let tokens = &answer.raw["choices"][0]["logprobs"]["content"];
    assert_eq!((&tokens[0]["token"], &tokens[1]["token"], &tokens[2]), (&json!("\u{fffd}"), &json!("\u{fffd}"), &Value::Null));
    // The same in an answer that comes as a whole.
    let body =
        completion("X").to_string().replace("\"X\"}", "\"\\ud83d\\ude00\"}, \"logprobs\": {\"content\": [{\"token\": \"\\ude00\"}]}");
    let server = Server::start(move |_| ([("content-type", "application/json")], body.clone())).await;
    let answer = ask(ProviderKind::OpenAi(streaming(&server.url))).await.unwrap();
    assert_eq!((answer.text.as_str(), &answer.raw["choices"][0]["logprobs"]["content"][0]["token"]), ("😀", &json!("\u{fffd}")));
}
