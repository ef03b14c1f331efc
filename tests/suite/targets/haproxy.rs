//! A fake of HAProxy's runtime socket.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use prompt_cicd::{
    domain::target::{Agreement, Desired, Shares, TargetKind},
    ports::target::TargetErrorKind,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixListener,
};

use super::{DEADLINE, SHORT, desired, open};

/// Servers by name: weight and state; and every line that was said.
#[derive(Debug, Default)]
struct Proxy {
    servers: BTreeMap<String, (u32, u8)>,
    /// Those of them that are backups.
    backups: Vec<String>,
    said: Vec<String>,
    /// Takes lines and never answers.
    mute: bool,
}

fn answer(proxy: &mut Proxy, line: &str) -> String {
    proxy.said.push(line.to_owned());
    if line == "show servers state b" {
        let head = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n".to_owned();
        let rows = proxy.servers.iter().map(|(name, (weight, state))| format!("3 b 1 {name} 127.0.0.1 {state} 0 {weight} 1\n"));
        return head + &rows.collect::<String>() + "\n";
    }
    if line == "show stat b 4 -1" {
        let row = |name: &String| {
            format!("b,{name},UP,{},{},\n", u8::from(!proxy.backups.contains(name)), u8::from(proxy.backups.contains(name)))
        };
        return format!("# pxname,svname,status,act,bck,\n{}\n", proxy.servers.keys().map(row).collect::<String>());
    }
    for command in line.split(';') {
        let words: Vec<&str> = command.split(' ').collect();
        let ["set", "server", place, "weight", weight] = words.as_slice() else { return "Can't find backend.\n".to_owned() };
        let name = place.strip_prefix("b/").unwrap();
        proxy.servers.get_mut(name).unwrap().0 = weight.parse().unwrap();
        assert!(proxy.servers.values().any(|(weight, _)| *weight > 0), "all weights are zero amid {line}");
    }
    "\n".to_owned()
}

fn start(folder: &Path, servers: &[(&str, u32, u8)]) -> Arc<Mutex<Proxy>> {
    let servers = servers.iter().map(|(name, weight, state)| ((*name).to_owned(), (*weight, *state))).collect();
    let proxy = Arc::new(Mutex::new(Proxy { servers, ..Proxy::default() }));
    let listener = UnixListener::bind(folder.join("admin.sock")).unwrap();
    let shared = Arc::clone(&proxy);
    drop(tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = String::new();
            BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
            if shared.lock().unwrap().mute {
                std::mem::forget(stream);
                continue;
            }
            let text = answer(&mut shared.lock().unwrap(), line.trim());
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    }));
    proxy
}

fn haproxy(backend: &str) -> TargetKind {
    TargetKind::Haproxy { socket: "admin.sock".into(), backend: backend.into(), server: "v{{version}}".into() }
}

#[tokio::test]
async fn weights_follow_and_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(folder.path(), &[("v1.0.0", 100, 2), ("v2.0.0", 0, 2), ("v0.9.0", 0, 2)]);
    let target = open(haproxy("b"), folder.path());
    for percent in [10, 25, 100, 0] {
        target.apply(&desired(percent, 1), "op", DEADLINE).await.unwrap();
        assert_eq!(target.observe(DEADLINE).await.unwrap().agreement(&desired(percent, 1), Shares::Any), Agreement::Confirmed, "{percent}");
    }
    let before = proxy.lock().unwrap().said.len();
    target.apply(&desired(0, 1), "op", DEADLINE).await.unwrap();
    assert_eq!(proxy.lock().unwrap().said.len(), before + 1, "nothing changes: it only looks");
}

#[tokio::test]
async fn a_server_that_is_named_after_no_version_keeps_its_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(folder.path(), &[("v1.0.0", 100, 2), ("v2.0.0", 0, 2), ("web", 30, 2), ("v", 0, 2)]);
    let target = open(haproxy("b"), folder.path());
    let error = target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::Foreign && error.message.contains("the server `web` with weight 30"), "{error}");
    let servers = proxy.lock().unwrap().servers.clone();
    assert_eq!((servers["web"], servers["v1.0.0"]), ((30, 2), (100, 2)));
    proxy.lock().unwrap().servers.insert("web".to_owned(), (0, 2));
    target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap();
    assert_eq!(target.observe(DEADLINE).await.unwrap().agreement(&desired(10, 1), Shares::Any), Agreement::Confirmed);
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_a_server_that_is_named_after_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(folder.path(), &[("v1.0.0", 60, 2), ("v2.0.0", 40, 2), ("web", 30, 2)]);
    let target = open(haproxy("b"), folder.path());
    let more = target.apply(&desired(50, 1), "op", DEADLINE).await.unwrap_err();
    assert_eq!(more.kind, TargetErrorKind::Foreign);
    for less in [25, 0] {
        target.apply(&desired(less, 2), "op", DEADLINE).await.unwrap();
        let servers = proxy.lock().unwrap().servers.clone();
        assert_eq!((servers["v1.0.0"].0, servers["v2.0.0"].0, servers["web"].0), (100 - u32::from(less), u32::from(less), 30));
        // What it gets is said, and is no confirmation.
        let seen = target.observe(DEADLINE).await.unwrap();
        assert!(seen.shares.as_ref().unwrap().contains_key("web"), "{seen:?}");
        assert_ne!(seen.agreement(&desired(less, 2), Shares::Any), Agreement::Confirmed);
    }
}

#[tokio::test]
async fn the_first_version_takes_nothing_from_a_server_that_is_named_after_none() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(folder.path(), &[("v1.0.0", 0, 2), ("web", 30, 2)]);
    let first = Desired { candidate: None, ..desired(0, 0) };
    let error = open(haproxy("b"), folder.path()).apply(&first, "op", DEADLINE).await.unwrap_err();
    assert_eq!((error.kind, proxy.lock().unwrap().servers["v1.0.0"].0), (TargetErrorKind::Foreign, 0));
}

#[tokio::test]
async fn a_backup_server_gets_nothing_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(folder.path(), &[("v1.0.0", 100, 2), ("v2.0.0", 0, 2), ("spare", 1, 2)]);
    proxy.lock().unwrap().backups.push("spare".to_owned());
    let target = open(haproxy("b"), folder.path());
    for percent in [10, 100, 0] {
        target.apply(&desired(percent, 1), "op", DEADLINE).await.unwrap();
        assert_eq!(target.observe(DEADLINE).await.unwrap().agreement(&desired(percent, 1), Shares::Any), Agreement::Confirmed, "{percent}");
    }
    assert_eq!(proxy.lock().unwrap().servers["spare"], (1, 2));
}

#[tokio::test]
async fn faults_have_names_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = open(haproxy("b"), folder.path()).apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert_eq!(nobody.kind, TargetErrorKind::Unreachable);
    let proxy = start(folder.path(), &[("v1.0.0", 100, 2), ("v2.0.0", 0, 0)]);
    let down = open(haproxy("b"), folder.path()).apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert!(down.kind == TargetErrorKind::Unreachable && down.message.contains("`v2.0.0` of backend `b` is down"), "{down}");
    proxy.lock().unwrap().servers.remove("v2.0.0");
    let missing = open(haproxy("b"), folder.path()).apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert!(missing.message.contains("has no server `v2.0.0`"), "{missing}");
    let other = open(haproxy("c"), folder.path()).observe(DEADLINE).await.unwrap_err();
    assert!(other.kind == TargetErrorKind::Refused && other.message.contains("find backend"), "{other}");
    assert_eq!(proxy.lock().unwrap().servers["v1.0.0"], (100, 2));
    proxy.lock().unwrap().mute = true;
    let mute = open(haproxy("b"), folder.path()).observe(SHORT).await.unwrap_err();
    assert_eq!(mute.kind, TargetErrorKind::TimedOut);
}
