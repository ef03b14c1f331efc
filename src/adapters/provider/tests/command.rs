//! Programs as providers.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{KEY, LIMIT, connect, connect_error, connected, request};
use crate::domain::{
    answer::{Answer, Usage},
    provider::{FaultKind, ProviderFault, ProviderKind},
};

fn shell(script: &str) -> ProviderKind {
    let argv = ["sh", "-c", script].map(ToOwned::to_owned).into();
    ProviderKind::Command { argv, pass_env: vec!["PLAIN".into(), "TEST_KEY".into(), "UNSET".into()], env: BTreeMap::new() }
}

async fn run(script: &str) -> Result<Answer, ProviderFault> {
    connect(shell(script)).answer(&request("Hi"), LIMIT).await
}

#[tokio::test]
async fn plain_text_and_json() {
    let answer = run("echo 'Hello there'; echo").await.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage, answer.model), ("Hello there\n", Usage::default(), None));
    let answer =
        run(r#"echo '{"text": "Hi", "usage": {"input_tokens": 3}, "model": "m", "finish_reason": "stop", "more": 1}'"#).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref(), answer.model.as_deref()), ("Hi", Some("stop"), Some("m")));
    assert_eq!(answer.usage, Usage { input_tokens: Some(3), output_tokens: None, estimated: false });
    assert_eq!(answer.raw["more"], json!(1));
    assert_eq!(run(r#"echo '{"name": "Ana"}'"#).await.unwrap().text, r#"{"name": "Ana"}"#);
    assert_eq!(run(r#"echo '{"text": ""}'"#).await.unwrap().text, "");
}

#[tokio::test]
async fn the_request_comes_on_standard_input() {
    let answer = run("cat").await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&answer.text).unwrap(), request("Hi").to_json());
}

#[tokio::test]
async fn large_input_and_output_do_not_block_each_other() {
    let text = "x".repeat(3 << 20);
    let provider = connect(shell("cat; head -c 3000000 /dev/zero | tr '\\0' e >&2"));
    let answer = provider.answer(&request(&text), LIMIT).await.unwrap();
    assert!(answer.text.len() > 3 << 20);
    let unread = connect(shell("echo done")).answer(&request(&text), LIMIT).await.unwrap();
    assert_eq!(unread.text, "done");
}

#[tokio::test]
async fn it_sees_only_what_it_may() {
    let env = BTreeMap::from([("FIXED".to_owned(), "fixed".to_owned())]);
    let argv = ["sh", "-c", "env | cut -d= -f1 | sort | tr '\\n' ' '"].map(ToOwned::to_owned).into();
    let provider = connect(ProviderKind::Command { argv, pass_env: vec!["PLAIN".into(), "UNSET".into()], env });
    let answer = provider.answer(&request("Hi"), LIMIT).await.unwrap();
    let seen: Vec<_> = answer.text.split_whitespace().filter(|name| !matches!(*name, "_" | "PWD" | "SHLVL" | "OLDPWD")).collect();
    assert_eq!(seen, ["FIXED", "PATH", "PLAIN"]);
}

#[tokio::test]
async fn failures_say_why() {
    let table = [
        ("echo broken >&2; exit 3", FaultKind::Rejected, "exit status: 3: broken"),
        ("exit 1", FaultKind::Rejected, "it wrote nothing to standard error"),
        ("kill -9 $$", FaultKind::Rejected, "signal: 9"),
        ("echo \"key $TEST_KEY\" >&2; exit 3", FaultKind::Rejected, "key [secret]"),
        ("true", FaultKind::Malformed, "no answer to standard output"),
        ("printf '\\377'", FaultKind::Malformed, "not UTF-8"),
        (r#"echo '{"text": "x", "usage": 7}'"#, FaultKind::Malformed, "wrong fields"),
        ("head -c 40000000 /dev/zero", FaultKind::Malformed, "more than 32 MiB"),
    ];
    for (script, kind, words) in table {
        let fault = run(script).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.starts_with("provider \"test\": program `sh`: ") && fault.message.contains(words), "{fault}");
        assert!(!fault.message.contains(KEY));
    }
    let long = run("head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1").await.unwrap_err();
    assert!(long.message.chars().count() < 500);
}

#[tokio::test]
async fn programs_that_are_not_there() {
    let kind = |program: &str| ProviderKind::Command { argv: vec![program.into()], pass_env: vec![], env: BTreeMap::new() };
    let fault = connect(kind("no-such-program-here")).answer(&request("Hi"), LIMIT).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(fault.message.contains("`no-such-program-here`: not found"), "{fault}");
    let fault = connect(kind(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").to_str().unwrap()))
        .answer(&request("Hi"), LIMIT)
        .await
        .unwrap_err();
    assert!(fault.message.contains("may not be executed"), "{fault}");
    assert!(connect_error(connected(kind(""))).contains("names no program"));
}

/// Starts a grandchild in a sub-shell that writes its id to a file, and waits for it.
fn family(folder: &Path) -> ProviderKind {
    let script = folder.join("family.sh");
    std::fs::write(&script, "(sleep 60 & echo $! > grandchild; wait) &\ncd /; wait\n").unwrap();
    let run = format!("cd {} && . ./family.sh", folder.display());
    shell(&run)
}

async fn grandchild(folder: &Path) -> i32 {
    loop {
        if let Ok(id) = std::fs::read_to_string(folder.join("grandchild"))
            && let Ok(id) = id.trim().parse()
        {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn is_gone(id: i32) -> bool {
    for _ in 0..100 {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

#[tokio::test]
async fn a_timeout_ends_the_whole_family() {
    let folder = tempfile::tempdir().unwrap();
    let provider = connect(family(folder.path()));
    let fault = provider.answer(&request("Hi"), Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(fault.message.contains("time limit of 300 ms"), "{fault}");
    assert!(is_gone(grandchild(folder.path()).await).await);
}

#[tokio::test]
async fn a_dropped_question_ends_the_whole_family() {
    let folder = tempfile::tempdir().unwrap();
    let provider = connect(family(folder.path()));
    let id = {
        let request = request("Hi");
        let question = provider.answer(&request, LIMIT);
        tokio::select! {
            _ = question => panic!("it should still run"),
            id = grandchild(folder.path()) => id,
        }
    };
    assert!(is_gone(id).await);
}

#[tokio::test]
async fn what_a_program_leaves_behind_does_not_hold_us() {
    let started = Instant::now();
    let answer = run("sleep 60 & echo $!").await.unwrap();
    assert!(started.elapsed() < LIMIT);
    assert!(is_gone(answer.text.trim().parse().unwrap()).await);
}
