//! Writing cassettes: nothing is lost, nothing secret is kept.

use std::{fs, path::Path, sync::Arc};

use serde_json::json;

use super::{KEY, LIMIT, completion, connect_error, factory, http, recording_to, replaying, request, server::Server, settings};
use crate::{
    domain::{
        answer::Origin,
        prompt::{Message, Role},
        provider::{ProviderKind, ProviderSettings, Request},
    },
    ports::provider::{Provider, Providers},
};

fn echo() -> ProviderSettings {
    settings("test", ProviderKind::Echo)
}

fn recording(path: &Path) -> Arc<dyn Provider> {
    factory(Path::new(".")).connect(&echo(), &[], &recording_to(path.into())).unwrap()
}

async fn say(provider: &Arc<dyn Provider>, texts: &[&str]) {
    for text in texts {
        provider.answer(&request(text), LIMIT).await.unwrap();
    }
}

/// The user's text of every line, in order.
fn texts(path: &Path) -> Vec<String> {
    let content = fs::read_to_string(path).unwrap();
    let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["answer"]["text"].as_str().unwrap().to_owned();
    content.lines().map(line).collect()
}

fn partial(path: &Path) -> std::path::PathBuf {
    path.with_extension("jsonl.partial")
}

#[tokio::test]
async fn what_is_recorded_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/c.jsonl");
    let provider = recording(&path);
    say(&provider, &["b", "a"]).await;
    assert!(partial(&path).exists() && !path.exists());
    provider.finish().await.unwrap();
    provider.finish().await.unwrap();
    assert_eq!(texts(&path), ["a", "b"]);
    assert!(!partial(&path).exists());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    let replay = factory(Path::new(".")).connect(&echo(), &[], &replaying(path)).unwrap();
    let answer = replay.answer(&request("a"), LIMIT).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.origin), ("a", Origin::Recorded));
}

#[tokio::test]
async fn a_second_recording_keeps_the_first_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    for said in [&["m", "z"][..], &["b", "z", "a"], &[]] {
        let provider = recording(&path);
        say(&provider, said).await;
        provider.finish().await.unwrap();
    }
    assert_eq!(texts(&path), ["m", "z", "a", "b"]);
}

#[tokio::test]
async fn a_killed_run_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let provider = recording(&path);
    say(&provider, &["one", "two"]).await;
    drop(provider);
    // The kill came amid a line.
    let mut left = fs::read(partial(&path)).unwrap();
    left.extend_from_slice(b"{\"key\":\"12");
    fs::write(partial(&path), left).unwrap();

    let provider = recording(&path);
    say(&provider, &["three"]).await;
    drop(provider);
    assert!(!path.exists());

    let provider = recording(&path);
    provider.finish().await.unwrap();
    assert_eq!(texts(&path), ["one", "three", "two"]);
    assert!(!partial(&path).exists());
}

#[tokio::test]
async fn a_newer_answer_replaces_the_older() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    for text in ["old", "new"] {
        let server = Server::json(completion(text)).await;
        let kind = ProviderKind::OpenAi(http(&server.url));
        let provider = factory(Path::new(".")).connect(&settings("live", kind), &[], &recording_to(path.clone())).unwrap();
        provider.answer(&request("Hi"), LIMIT).await.unwrap();
        provider.finish().await.unwrap();
        assert_eq!(texts(&path), [text]);
    }
}

#[tokio::test]
async fn two_recordings_of_one_file_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let same_run = factory(Path::new("."));
    let one = same_run.connect(&echo(), &[], &recording_to(path.clone())).unwrap();
    let two = same_run.connect(&settings("second", ProviderKind::Echo), &[], &recording_to(path.clone())).unwrap();
    let error = connect_error(factory(Path::new(".")).connect(&echo(), &[], &recording_to(path.clone())));
    assert!(error.contains("another run records"), "{error}");
    say(&one, &["one"]).await;
    say(&two, &["two"]).await;
    one.finish().await.unwrap();
    say(&two, &["late"]).await;
    two.finish().await.unwrap();
    assert_eq!(texts(&path), ["late", "one", "two"]);
}

#[tokio::test]
async fn nothing_recorded_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    drop(recording(&path));
    recording(&path).finish().await.unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn faults_are_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let server = Server::refusing(500, &[], "").await;
    let kind = ProviderKind::OpenAi(http(&server.url));
    let provider = factory(Path::new(".")).connect(&settings("live", kind), &[], &recording_to(path.clone())).unwrap();
    provider.answer(&request("Hi"), LIMIT).await.unwrap_err();
    provider.finish().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn secrets_are_not_recorded_and_the_answer_is_still_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let server = Server::json(completion(&format!("my key is {KEY}"))).await;
    let kind = ProviderKind::OpenAi(http(&server.url));
    let secretive = Request {
        messages: vec![Message { role: Role::User, content: format!("{KEY} and ghp_abcdefghijklmnopqrstuvwxyz") }],
        ..request("")
    };
    let live = factory(Path::new("."));
    let provider = live.connect(&settings("live", kind), &[], &recording_to(path.clone())).unwrap();
    let answer = provider.answer(&secretive, LIMIT).await.unwrap();
    assert!(answer.text.contains(KEY), "the run itself sees what came");
    assert!(!fs::read_to_string(partial(&path)).unwrap().contains(KEY));
    provider.finish().await.unwrap();
    let content = fs::read_to_string(&path).unwrap();
    assert!(!content.contains(KEY) && !content.contains("ghp_") && content.contains("[secret] and [secret]"), "{content}");
    assert!(!format!("{live:?}").contains(KEY));
    let replay = factory(Path::new(".")).connect(&echo(), &[], &replaying(path)).unwrap();
    assert_eq!(replay.answer(&secretive, LIMIT).await.unwrap().text, "my key is [secret]");
}

#[test]
fn a_broken_cassette_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    fs::write(&path, "{broken\n").unwrap();
    let error = connect_error(factory(Path::new(".")).connect(&echo(), &[], &recording_to(path.clone())));
    assert!(error.contains("c.jsonl:1: "), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{broken\n");
    assert!(!partial(&path).exists());
    fs::write(&path, "").unwrap();
    fs::write(partial(&path), "{broken\n").unwrap();
    let error = connect_error(factory(Path::new(".")).connect(&echo(), &[], &recording_to(path.clone())));
    assert!(error.contains("c.jsonl.partial:1: "), "{error}");
    assert_eq!(fs::read_to_string(partial(&path)).unwrap(), "{broken\n", "nothing is thrown away");
    let error = connect_error(factory(Path::new(".")).connect(&echo(), &[], &recording_to("/dev/null/c.jsonl".into())));
    assert!(error.contains("cannot record to /dev/null/c.jsonl"), "{error}");
}

#[tokio::test]
async fn many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let provider = recording(&path);
    let requests: Vec<_> = (0..200).map(|repeat| Request { repeat, ..request(&json!(repeat).to_string()) }).collect();
    futures::future::join_all(requests.iter().map(|request| provider.answer(request, LIMIT))).await;
    assert_eq!(fs::read_to_string(partial(&path)).unwrap().lines().count(), 200);
    provider.finish().await.unwrap();
    assert_eq!(texts(&path).len(), 200);
}
