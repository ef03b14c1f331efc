//! Reading cassettes: what is found, what is missed, what is broken.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{LIMIT, connect_error, factory, replaying, request, settings};
use crate::{
    adapters::{provider::recording::Record, secret::Scrubber},
    domain::{
        answer::{Answer, Origin, Usage},
        provider::{FaultKind, ProviderKind, Request},
    },
    ports::provider::{ConnectError, Provider, Providers, Recording},
};
use std::{sync::Arc, time::Duration};

fn answer(text: &str) -> Answer {
    Answer {
        text: text.into(),
        finish_reason: Some("stop".into()),
        model: None,
        usage: Usage { input_tokens: Some(1), output_tokens: None, estimated: false },
        latency: Duration::from_nanos(12_345_678),
        time_to_first_token: Some(Duration::from_micros(1_001)),
        origin: Origin::Live,
        raw: json!({"z": 1.0, "a": [text]}),
    }
}

fn line(request: &Request, text: &str) -> String {
    String::from_utf8(Record::new(request, &answer(text), &Scrubber::default()).to_line().unwrap()).unwrap()
}

fn open(content: impl AsRef<[u8]>) -> (tempfile::TempDir, Result<Arc<dyn Provider>, ConnectError>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.jsonl"), content).unwrap();
    let kind = ProviderKind::Cassette { path: "c.jsonl".into(), of: None };
    let provider = factory(folder.path()).connect(&settings("tape", kind), &[], &Recording::default());
    (folder, provider)
}

#[tokio::test]
async fn an_answer_comes_back_as_it_was() {
    let (_folder, provider) = open(line(&request("Hi"), "Hello"));
    let replayed = provider.unwrap().answer(&request("Hi"), LIMIT).await.unwrap();
    // Kept in whole microseconds.
    assert_eq!(replayed, Answer { origin: Origin::Recorded, latency: Duration::from_micros(12_346), ..answer("Hello") });
}

#[test]
fn a_line_can_be_reviewed() {
    let text = line(&request("Hi"), "Hello");
    let (start, end) = text.split_once(r#","response":"#).unwrap();
    let key = request("Hi").key();
    let messages = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]"#;
    let parameters = r#"{"temperature":0.0,"max_tokens":16}"#;
    let expected =
        format!(r#"{{"key":"{key}","request":{{"model":"a-model","messages":{messages},"parameters":{parameters},"repeat":0}},"#)
            + r#""answer":{"text":"Hello","finish_reason":"stop","model":null,"usage":{"input_tokens":1,"output_tokens":null},"#
            + r#""latency_ms":12.346,"time_to_first_token_ms":1.001}"#;
    assert_eq!(start, expected);
    assert!(end.starts_with(r#"{"z":1.0,"a":["Hello"]},"recorded_at":"20"#) && end.contains("Z\",\"answer_digest\":\""), "{end}");
}

#[test]
fn an_edited_answer_does_not_replay() {
    let sound = line(&request("Hi"), "Hello");
    for edited in [
        sound.replace("\"text\":\"Hello\"", "\"text\":\"Goodbye\""),
        sound.replace("\"output_tokens\":null", "\"output_tokens\":7"),
        sound.replace("{\"z\":1.0", "{\"z\":2.0"),
        sound.replace("\"latency_ms\":12.346", "\"latency_ms\":1.0"),
    ] {
        assert_ne!(edited, sound);
        let (_folder, provider) = open(&edited);
        let error = provider.err().unwrap();
        assert!(error.message.contains("c.jsonl:1: the answer is not the one that was recorded"), "{error}");
        assert!(error.help.is_some_and(|help| help.contains("undo the edit")));
    }
    let without = sound.split(",\"answer_digest\"").next().unwrap().to_owned() + "}\n";
    let error = open(without).1.err().unwrap();
    assert!(error.message.contains("answer_digest"), "{error}");
}

#[tokio::test]
async fn a_miss_says_what_is_different() {
    let tape = [line(&request("Hi"), "Hello"), line(&Request { model: "other".into(), ..request("Ho") }, "x")].concat();
    let (_folder, provider) = open(tape);
    let provider = provider.unwrap();
    let mut hotter = request("Hi");
    hotter.parameters.insert("temperature".into(), json!(0.7));
    hotter.parameters.insert("seed".into(), json!(1));
    let table = [
        (request("Never said"), "none of its 2 recordings has these messages"),
        (Request { repeat: 1, ..request("Hi") }, "not its repeat 1"),
        (request("Ho"), "recorded with \"other\""),
        (hotter, "other parameters: seed is not set there and 1 here, temperature is 0.0 there and 0.7 here"),
    ];
    for (request, words) in table {
        let fault = provider.answer(&request, LIMIT).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotRecorded);
        assert!(fault.message.contains(words) && fault.message.contains("c.jsonl"), "{fault}");
        assert!(fault.message.starts_with("provider \"tape\": no recording") && fault.message.ends_with("record again with --record"));
    }
}

#[test]
fn byte_order_marks_empty_lines_and_repetitions_are_fine() {
    let one = line(&request("Hi"), "Hello");
    let (_folder, provider) = open(format!("\u{feff}{}\r\n\n  \n{one}{one}", one.trim_end()));
    assert!(provider.is_ok());
    assert!(open("").1.is_ok());
}

#[test]
fn broken_lines_are_named() {
    let good = line(&request("Hi"), "Hello");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&good).unwrap();
        change(&mut value);
        value.to_string()
    };
    let table = [
        ("{broken".to_owned(), "c.jsonl:2: no recording"),
        ("[]".to_owned(), "c.jsonl:2: no recording"),
        ("<<<<<<< HEAD".to_owned(), "merge conflict"),
        (line(&request("Hi"), "Other"), "c.jsonl:2: another answer to the request of line 1"),
        (changed(&|value| value["request"]["messages"][1]["content"] = json!("edited")), "edited by hand?"),
        (changed(&|value| value["key"] = json!("00")), "edited by hand?"),
        (changed(&|value| value["answer"]["latency_ms"] = json!(-1.0)), "`latency_ms` is no time"),
        (changed(&|value| value["answer"]["time_to_first_token_ms"] = json!(1e300)), "`time_to_first_token_ms` is no time"),
        (changed(&|value| value["answer"]["txet"] = json!("")), "unknown field `txet`"),
        (changed(&|value| drop(value.as_object_mut().unwrap().remove("response"))), "missing field `response`"),
        (format!("{{\"response\":{}", "[".repeat(10_000)), "recursion limit"),
    ];
    for (second, words) in table {
        let error = connect_error(open(format!("{good}{second}\n")).1);
        assert!(error.contains("c.jsonl:2: ") && error.contains(words), "{error}");
    }
    let error = connect_error(open([good.as_bytes(), b"\xff\xfe\n"].concat()).1);
    assert!(error.contains("c.jsonl:2: no recording"), "{error}");
}

#[test]
fn a_cassette_that_is_not_there() {
    let kind = ProviderKind::Cassette { path: "none.jsonl".into(), of: None };
    let error = connect_error(factory(Path::new("/nowhere")).connect(&settings("tape", kind), &[], &Recording::default()));
    assert!(error.contains("/nowhere/none.jsonl") && error.contains("--record"), "{error}");
}

#[tokio::test]
async fn replay_wins_over_everything_and_needs_no_key() {
    let (folder, _) = open(line(&request("Hi"), "Hello"));
    let path = folder.path().join("c.jsonl");
    let kind = ProviderKind::OpenAi(super::HttpSettings { api_key_env: Some("UNSET_KEY".into()), ..super::http("http://127.0.0.1:1/v1") });
    let recording = Recording { cache: Some(PathBuf::from("/dev/null/x")), ..replaying(path) };
    let provider = factory(Path::new("/nowhere")).connect(&settings("test", kind), &[], &recording).unwrap();
    let replayed = provider.answer(&request("Hi"), LIMIT).await.unwrap();
    assert_eq!((replayed.text.as_str(), replayed.origin), ("Hello", Origin::Recorded));
    provider.finish().await.unwrap();
}
