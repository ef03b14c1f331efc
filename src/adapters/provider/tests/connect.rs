//! From settings to providers: what is refused, what wraps what, and the answer cache.

use std::{fs, path::Path};

use super::{HttpSettings, LIMIT, completion, connect_error, connected, factory, http, recording_to, request, server::Server, settings};
use crate::{
    domain::{
        answer::{Answer, Origin},
        provider::{ProviderKind, Request},
    },
    ports::provider::{Providers, Recording},
};

#[test]
fn keys_must_be_there() {
    for (variable, words) in [("UNSET_KEY", "UNSET_KEY, which should hold its key, is not set"), ("EMPTY_KEY", "is empty")] {
        let kind = ProviderKind::OpenAi(HttpSettings { api_key_env: Some(variable.into()), ..http("http://127.0.0.1:1/v1") });
        let error = connect_error(connected(kind));
        assert!(error.contains(words) && error.contains("provider \"test\""), "{error}");
    }
}

#[test]
fn addresses_and_headers_must_be_some() {
    for address in ["", "127.0.0.1:8080/v1", "ftp://host/v1", "http://", "/v1", "http://[::1/v1"] {
        let error = connect_error(connected(ProviderKind::OpenAi(http(address))));
        assert!(error.contains("`base-url` is no address"), "{address}: {error}");
    }
    for (name, value) in [("bad name", "x"), ("x-good", "line\nbreak"), ("", "x")] {
        let headers = [(name.to_owned(), value.to_owned())].into();
        let error = connect_error(connected(ProviderKind::Anthropic(HttpSettings { headers, ..http("http://h/v1") })));
        assert!(error.contains("header"), "{error}");
    }
}

#[tokio::test]
async fn the_echo_says_the_last_user_message() {
    let answer = connected(ProviderKind::Echo).unwrap().answer(&request("Hi"), LIMIT).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref(), answer.origin), ("Hi", Some("stop"), Origin::Live));
}

fn tape(name: &str, of: Option<&str>) -> crate::domain::provider::ProviderSettings {
    settings(name, ProviderKind::Cassette { path: "c.jsonl".into(), of: of.map(ToOwned::to_owned) })
}

#[tokio::test]
async fn a_cassette_is_recorded_from_the_provider_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let all = [tape("tape", Some("copy")), tape("copy", Some("live")), settings("live", ProviderKind::Echo)];
    let recording = recording_to(folder.path().join("c.jsonl"));
    let provider = factory(folder.path()).connect(&all[0], &all, &recording).unwrap();
    assert_eq!(provider.answer(&request("Hi"), LIMIT).await.unwrap().origin, Origin::Live);
    provider.finish().await.unwrap();
    let replay = factory(folder.path()).connect(&all[0], &all, &Recording::default()).unwrap();
    assert_eq!(replay.answer(&request("Hi"), LIMIT).await.unwrap().text, "Hi");
}

#[test]
fn a_cassette_that_cannot_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording_to(folder.path().join("c.jsonl"));
    let table = [
        (vec![tape("a", None)], "write `of: NAME`"),
        (vec![tape("a", Some("b")), settings("live", ProviderKind::Echo)], "`of: b` names no provider; live providers are: live"),
        (vec![tape("a", Some("b")), tape("b", Some("a"))], "leads in a circle"),
    ];
    for (all, words) in table {
        let error = connect_error(factory(folder.path()).connect(&all[0], &all, &recording));
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

async fn cached(folder: &Path, http: &HttpSettings, request: &Request) -> Answer {
    let recording = Recording { cache: Some(folder.join("cache")), ..Recording::default() };
    let kind = ProviderKind::OpenAi(http.clone());
    let provider = factory(folder).connect(&settings("live", kind), &[], &recording).unwrap();
    provider.answer(request, LIMIT).await.unwrap()
}

#[tokio::test]
async fn a_cached_answer_keeps_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::json(completion("Hello")).await;
    let live = cached(folder.path(), &http(&server.url), &request("Hi")).await;
    let again = cached(folder.path(), &http(&server.url), &request("Hi")).await;
    assert_eq!((live.origin, again.origin, server.received().len()), (Origin::Live, Origin::Cached, 1));
    assert_eq!(
        live.latency.as_micros().abs_diff(again.latency.as_micros()).min(2),
        live.latency.as_micros().abs_diff(again.latency.as_micros())
    );
    assert_eq!(again, Answer { origin: Origin::Cached, latency: again.latency, ..live });
}

#[tokio::test]
async fn only_the_same_question_to_the_same_server_is_cached() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Server::json(completion("one")).await, Server::json(completion("two")).await);
    let repeated = Request { repeat: 1, ..request("Hi") };
    for (http, request, text) in [
        (http(&one.url), request("Hi"), "one"),
        (http(&two.url), request("Hi"), "two"),
        (http(&one.url), repeated, "one"),
        (super::streaming(&one.url), request("Hi"), "one"),
    ] {
        let answer = cached(folder.path(), &http, &request).await;
        assert_eq!((answer.text.as_str(), answer.origin), (text, Origin::Live));
    }
}

#[tokio::test]
async fn broken_entries_are_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::json(completion("Hello")).await;
    let http = http(&server.url);
    cached(folder.path(), &http, &request("Hi")).await;
    let group = fs::read_dir(folder.path().join("cache")).unwrap().next().unwrap().unwrap();
    let entry = fs::read_dir(group.path()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read_to_string(&entry).unwrap();
    assert_eq!(entry.file_stem().unwrap().len(), 64);
    for broken in ["", "{", "\u{0}", &whole.replace("\"Hi\"", "\"Ho\"")] {
        fs::write(&entry, broken).unwrap();
        assert_eq!(cached(folder.path(), &http, &request("Hi")).await.origin, Origin::Live, "{broken:?}");
        assert_eq!(cached(folder.path(), &http, &request("Hi")).await.origin, Origin::Cached);
    }
}

#[tokio::test]
async fn cached_answers_are_recorded_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let recording = Recording { cache: Some(folder.path().join("cache")), ..recording_to(path.clone()) };
    for origin in [Origin::Live, Origin::Cached] {
        let provider = factory(folder.path()).connect(&settings("live", ProviderKind::Echo), &[], &recording).unwrap();
        assert_eq!(provider.answer(&request("Hi"), LIMIT).await.unwrap().origin, origin);
        provider.finish().await.unwrap();
        fs::remove_file(&path).expect("a cassette is written both times");
    }
}

#[test]
fn a_cache_that_cannot_be() {
    let recording = Recording { cache: Some("/dev/null/cache".into()), ..Recording::default() };
    let error = connect_error(factory(Path::new(".")).connect(&settings("live", ProviderKind::Echo), &[], &recording));
    assert!(error.contains("cannot use /dev/null/cache as answer cache"), "{error}");
}
