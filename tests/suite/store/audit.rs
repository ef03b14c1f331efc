use std::{path::Path, sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{clock::SystemClock, store::DirectoryStore},
    domain::audit::{BEGINNING, Entry, Event, Who},
    ports::{
        clock::Clock,
        store::{Expect, Log, Patience, Store},
    },
};
use serde_json::{Value, json};

use super::{contract::key, run};
use crate::support::PromptCicd;

/// The store that the binary takes in this folder, and the time to use it.
fn store(folder: &Path) -> (DirectoryStore, Patience) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let patience = Patience::of(&*clock, Duration::from_secs(30));
    (DirectoryStore::new(folder.join(".prompt-cicd/state"), clock), patience)
}

fn event(number: u64) -> Event {
    Event {
        who: Who { actor: "ada".to_owned(), run: Some("laptop".to_owned()), workflow: None },
        what: if number.is_multiple_of(2) { "rolled-back" } else { "rollout-started" }.to_owned(),
        prompt: Some(if number < 3 { "greeting" } else { "farewell" }.to_owned()),
        environment: Some("production".to_owned()),
        from: Some("1.2.0".to_owned()),
        to: Some("1.3.0".to_owned()),
        why: Some("p95 is 31 % slower\u{1b}[2J\n::error::x".to_owned()),
        evidence: json!({"p95_ms": 812.5}),
    }
}

/// A folder with so many entries.
fn written(entries: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (store, patience) = store(folder.path());
    let log = Log::new(key("audit"));
    let mut newest = BEGINNING.to_owned();
    let values = (1..=entries).map(|number| {
        let entry = Entry::after(&newest, number, &format!("2026-01-02T03:04:0{number}Z"), &event(number));
        newest.clone_from(&entry.hash);
        entry.to_value()
    });
    let values: Vec<Value> = values.collect();
    let writes = run(log.tail(&store, patience)).unwrap().append(values, newest).unwrap();
    run(store.transact(&writes, patience)).unwrap();
    folder
}

/// Changes the segment of the log as somebody with the right to write the files could.
fn forge(folder: &Path, change: impl FnOnce(&mut Vec<Value>)) {
    let (store, patience) = store(folder);
    let segment = run(store.get(&key("audit/00000000"), patience)).unwrap().unwrap();
    let mut value = segment.value;
    change(value["entries"].as_array_mut().unwrap());
    run(store.put(&key("audit/00000000"), value, Expect::Revision(segment.revision), patience)).unwrap();
}

fn audit(folder: &Path, arguments: &[&str]) -> PromptCicd {
    PromptCicd::new(folder).args(["audit"]).args(arguments.iter().copied())
}

#[test]
fn entries_are_shown_for_people_and_for_programs() {
    let folder = written(4);
    let shown = audit(folder.path(), &["show"]).run().exits(0);
    insta::assert_snapshot!(shown.stdout);
    let lines = audit(folder.path(), &["show", "--format", "jsonl", "--prompt", "farewell", "--last", "1"]).run().exits(0);
    let entry: Value = serde_json::from_str(lines.stdout.trim()).unwrap();
    assert_eq!((&entry["number"], &entry["prompt"]), (&json!(4), &json!("farewell")));
    let all = audit(folder.path(), &["show", "--format", "json"]).run().exits(0).json();
    assert_eq!(all["entries"].as_array().unwrap().len(), 4);
    let markdown = audit(folder.path(), &["show", "--format", "markdown", "--environment", "staging"]).run().exits(0);
    assert_eq!(markdown.stdout.lines().count(), 2, "{}", markdown.stdout);
}

#[test]
fn an_intact_log_verifies_and_a_forged_one_exits_with_13() {
    let folder = written(4);
    audit(folder.path(), &["verify"]).run().exits(0).shows("intact: 4 entries in directory .prompt-cicd/state");
    forge(folder.path(), |entries| entries[2]["why"] = json!("all was well"));
    let found = audit(folder.path(), &["verify", "--format", "json"]).run().exits(13).json();
    assert_eq!((&found["intact"], &found["broken"]["entry"]), (&json!(false), &json!(3)));
    audit(folder.path(), &["verify"]).run().exits(13).shows("broken: entry 3: its content was changed");
    let shown = audit(folder.path(), &["show", "--format", "json"]).run().exits(13).says("broken at entry 3");
    assert_eq!(shown.json()["entries"].as_array().unwrap().len(), 2, "what comes before it is shown");
}

#[test]
fn entries_that_were_taken_away_are_missed() {
    let folder = written(4);
    forge(folder.path(), |entries| drop(entries.pop()));
    // The log's head counts them.
    audit(folder.path(), &["verify"]).run().exits(3).says("segment audit/00000000 has 3 entries, and the log's head says 4");
}

#[test]
fn without_entries_it_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    audit(folder.path(), &["show"]).run().exits(0).says("the audit log has no entries yet");
    audit(folder.path(), &["verify"]).run().exits(0).shows("intact: 0 entries");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_store_that_cannot_be_used_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let config = |store: &str| std::fs::write(folder.path().join("prompt-cicd.yml"), format!("version: 1\nstore: {store}\n")).unwrap();
    config("{kind: postgres}");
    audit(folder.path(), &["verify"]).run().exits(3).says("PROMPT_CICD_STORE_URL is not set");
    let hidden = "postgres://u:verysecretword@127.0.0.1:1/d";
    let refused = audit(folder.path(), &["verify"]).env("PROMPT_CICD_STORE_URL", hidden).run().exits(30);
    assert!(refused.stderr.contains("PostgreSQL d at 127.0.0.1") && !refused.stderr.contains("verysecretword"), "{}", refused.stderr);
    config("{kind: github}");
    audit(folder.path(), &["verify"]).run().exits(3).says("GITHUB_REPOSITORY is not set");
    config("{kind: sqlite, path: prompt-cicd.yml}");
    audit(folder.path(), &["verify"]).run().exits(3).says("corrupt");
}
