//! Programs and what opening refuses.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{DEADLINE, desired, open};
use crate::{
    domain::target::{Agreement, Shares, TargetHttp, TargetKind, TargetProgram},
    ports::target::TargetErrorKind,
};

fn shell(script: &str) -> TargetKind {
    let argv = ["sh", "-c", script].map(ToOwned::to_owned).into();
    TargetKind::Command(TargetProgram { argv, pass_env: Vec::new(), env: BTreeMap::new() })
}

#[tokio::test]
async fn a_program_applies_and_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let script =
        format!("input=$(cat); case $input in *'\"action\":\"apply\"'*) printf %s \"$input\" >{0};; *) cat {0};; esac", file.display());
    let target = open(shell(&script), Path::new("")).unwrap();
    target.apply(&desired(25, 4), "op-9", DEADLINE).await.unwrap();
    let observed = target.observe(DEADLINE).await.unwrap();
    assert_eq!(observed.agreement(&desired(25, 4), Shares::Any), Agreement::Confirmed);
    assert_eq!((observed.operation.as_deref(), observed.rollout.as_deref()), (Some("op-9"), Some("greeting-7")));
}

#[tokio::test]
async fn its_faults_have_names() {
    for (script, kind, word) in [
        ("echo no >&2; exit 3", TargetErrorKind::Failed, "exit status: 3: no"),
        ("sleep 60", TargetErrorKind::TimedOut, "ended with its children"),
        ("echo half '{'", TargetErrorKind::Malformed, "is no JSON"),
        ("echo '{}'", TargetErrorKind::Malformed, "has no `shares`"),
        ("echo '{\"shares\": {\"1.0.0\": 170}}'", TargetErrorKind::Malformed, "outside of 0 to 100"),
        ("echo '{\"shares\": {\"1.0.0\": \"all\"}}'", TargetErrorKind::Malformed, "wrong fields"),
    ] {
        let target = open(shell(script), Path::new("")).unwrap();
        let error = target.observe(Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{script}: {error}");
        assert!(error.message.starts_with("target \"t\": ") && error.message.contains(word), "{error}");
    }
    let missing = TargetProgram { argv: vec!["no-such-program".into()], pass_env: Vec::new(), env: BTreeMap::new() };
    let error = open(TargetKind::Command(missing), Path::new("")).unwrap().observe(DEADLINE).await.unwrap_err();
    assert_eq!(error.kind, TargetErrorKind::Unreachable);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let http =
        |url: &str, token_env: Option<&str>| TargetHttp { url: url.into(), token_env: token_env.map(Into::into), headers: BTreeMap::new() };
    let hook = |url: &str, token: Option<&str>, secret: Option<&str>| TargetKind::Webhook {
        http: http(url, token),
        secret_env: secret.map(Into::into),
    };
    let haproxy = |backend: &str, server: &str| TargetKind::Haproxy { socket: "s".into(), backend: backend.into(), server: server.into() };
    let nothing = TargetKind::Command(TargetProgram { argv: Vec::new(), pass_env: Vec::new(), env: BTreeMap::new() });
    for (kind, word) in [
        (hook("ftp://x", None, None), "must begin with http"),
        (hook("http://x", Some("UNSET"), None), "UNSET, named by `token-env`, is not set"),
        (hook("http://x", None, Some("EMPTY")), "EMPTY, named by `secret-env`, is empty"),
        (haproxy("b;quit", "v{{version}}"), "backend"),
        (haproxy("b", "stable"), "must hold {{version}}"),
        (nothing, "names no program"),
    ] {
        let error = open(kind, Path::new("")).map(drop).unwrap_err();
        assert!(error.message.contains(word), "{word}: {error}");
    }
}
