use std::{path::Path, process::Command, sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        secret::Scrubber,
        store::{BranchStore, GitBranch},
    },
    ports::{
        clock::Clock,
        store::{Expect, Patience, Store, StoreError},
    },
};
use serde_json::json;

use super::{
    contract::{Subject, key},
    run, slow_race,
};

const HISTORY: u64 = 1_000_000;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A bare remote below a folder that is nobody's repository.
fn remote() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "remote.git"]);
    folder
}

fn opened(folder: &Path, remote: &str, history: u64, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
    let branch = GitBranch::new(remote, "prompt-cicd-state", folder, Arc::clone(&clock), Arc::new(Scrubber::default()));
    Arc::new(BranchStore::new(Arc::new(branch), clock, history))
}

fn with_clock(folder: &Path, remote: &str, history: u64) -> (Arc<dyn Store>, Patience) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let patience = Patience::of(&*clock, Duration::from_mins(1));
    (opened(folder, remote, history, clock), patience)
}

#[test]
fn a_bare_remote_keeps_the_contract() {
    let folder = remote();
    let open = |clock| opened(folder.path(), "remote.git", HISTORY, clock);
    run(Subject::new(&open).keeps_the_contract());
}

#[test]
fn a_bare_remote_loses_no_update() {
    let folder = remote();
    let open = |clock| opened(folder.path(), "remote.git", HISTORY, clock);
    run(Subject::new(&open).loses_no_update(slow_race(4, 5)));
}

#[test]
fn history_begins_anew_and_nothing_is_lost() {
    let folder = remote();
    let (store, patience) = with_clock(folder.path(), "remote.git", 5);
    let mut expect = Expect::Absent;
    for number in 0..12 {
        expect = Expect::Revision(run(store.put(&key("a"), json!(number), expect, patience)).unwrap());
        run(store.put(&key(&format!("kept/{number}")), json!(number), Expect::Absent, patience)).unwrap();
    }
    let commits = git(&folder.path().join("remote.git"), &["rev-list", "--count", "prompt-cicd-state"]);
    assert!(commits.parse::<u64>().unwrap() <= 5, "{commits}");
    let (again, patience) = with_clock(folder.path(), "remote.git", 5);
    assert_eq!(run(again.list(None, patience)).unwrap().len(), 13);
    assert_eq!(run(again.get(&key("a"), patience)).unwrap().unwrap().value, 11);
    assert_eq!(run(again.get(&key("kept/0"), patience)).unwrap().unwrap().value, 0);
}

#[test]
fn a_remote_is_known_by_the_name_that_the_users_repository_gives_it() {
    let folder = remote();
    git(folder.path(), &["init", "--quiet", "work"]);
    git(&folder.path().join("work"), &["remote", "add", "upstream", "../remote.git"]);
    let work = folder.path().join("work");
    let (store, patience) = with_clock(&work, "upstream", HISTORY);
    run(store.put(&key("a"), json!(1), Expect::Absent, patience)).unwrap();
    assert_eq!(git(&work, &["status", "--porcelain"]), "", "the user's repository is as it was");
    assert_eq!(git(&work, &["for-each-ref"]), "");
    let shown = git(&folder.path().join("remote.git"), &["show", "--stat", "--format=%s", "prompt-cicd-state"]);
    assert!(shown.starts_with("state: a") && shown.contains("records/a.json") && shown.contains("README.md"), "{shown}");
}

#[test]
fn refusals_are_named() {
    let folder = remote();
    let (store, patience) = with_clock(folder.path(), "nowhere.git", HISTORY);
    let error = run(store.get(&key("a"), patience)).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { place, .. } if place == "branch prompt-cicd-state of nowhere.git"), "{error}");

    let hook = folder.path().join("remote.git/hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (store, patience) = with_clock(folder.path(), "remote.git", HISTORY);
    let error = run(store.put(&key("a"), json!(1), Expect::Absent, patience)).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("pre-receive hook declined")), "{error}");
    assert_eq!(run(store.get(&key("a"), patience)), Ok(None));
}

#[test]
fn a_push_that_hangs_ends_in_time() {
    let folder = remote();
    let hook = folder.path().join("remote.git/hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\nexec sleep 8\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = opened(folder.path(), "remote.git", HISTORY, Arc::clone(&clock));
    let began = std::time::Instant::now();
    let error = run(store.put(&key("a"), json!(1), Expect::Absent, Patience::of(&*clock, Duration::from_secs(2)))).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { maybe_done: true, .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[test]
fn what_was_changed_by_hand_is_refused_with_its_place() {
    let folder = remote();
    let (store, patience) = with_clock(folder.path(), "remote.git", HISTORY);
    run(store.put(&key("a"), json!(1), Expect::Absent, patience)).unwrap();
    git(folder.path(), &["clone", "--quiet", "--branch", "prompt-cicd-state", "remote.git", "clone"]);
    let clone = folder.path().join("clone");
    let text = std::fs::read_to_string(clone.join("records/a.json")).unwrap();
    std::fs::write(clone.join("records/a.json"), text.replace("\"value\":1", "\"value\":2")).unwrap();
    git(&clone, &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--all", "--message", "by hand"]);
    git(&clone, &["push", "--quiet"]);
    let error = run(store.get(&key("a"), patience)).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.contains("records/a.json at ")), "{error}");
}
