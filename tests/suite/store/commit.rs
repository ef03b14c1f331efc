//! A change and its entry in one write.

use std::{path::Path, sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{clock::SystemClock, store::DirectoryStore},
    app::{
        Services,
        audit::{commit, entries},
    },
    cli::{Color, Global, LogFormat},
    domain::audit::{Event, Who},
    ports::{
        clock::Clock,
        store::{Change, Expect, Patience, SEGMENT, Store, StoreError, Write},
    },
    wiring,
};
use serde_json::{Value, json};

use super::{contract::key, run};

fn services() -> Services {
    wiring::services(&Global { config: None, config_at: None, verbose: 0, quiet: true, color: Color::Never, log_format: LogFormat::Text })
}

fn store(folder: &Path) -> (DirectoryStore, Patience) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let patience = Patience::of(&*clock, Duration::from_mins(1));
    (DirectoryStore::new(folder, clock), patience)
}

fn event(why: &str) -> Event {
    Event {
        who: Who { actor: "ada".to_owned(), run: None, workflow: None },
        what: "rollout-started".to_owned(),
        prompt: None,
        environment: None,
        from: None,
        to: None,
        why: Some(why.to_owned()),
        evidence: Value::Null,
    }
}

fn record(name: &str, value: u64) -> Write {
    Write { key: key(name), expect: Expect::Absent, change: Change::Put { schema: 1, value: json!({"value": value}) } }
}

#[test]
fn writers_at_the_same_time_all_come_in_each_with_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let folder = folder.path();
            scope.spawn(move || {
                let services = services();
                for turn in 0..5 {
                    let (store, patience) = store(folder);
                    let write = record(&format!("record/{writer}-{turn}"), turn);
                    let done = run(commit(&services, &store, &[write], &[event(&format!("{writer}-{turn}"))], 1_000, patience));
                    assert_eq!(done.unwrap().len(), 1, "the revision of what was written, and not of the log");
                }
            });
        }
    });
    let (store, patience) = store(folder.path());
    let (head, _, verified) = run(entries(&store, patience)).unwrap();
    let mut why: Vec<String> = verified.unwrap().into_iter().map(|entry| entry.why.unwrap()).collect();
    why.sort_unstable();
    why.dedup();
    assert_eq!((head.length, why.len(), run(store.list(Some(&key("record")), patience)).unwrap().len()), (30, 30, 30));
}

#[test]
fn a_change_that_came_too_late_leaves_no_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (store, patience) = store(folder.path());
    let services = services();
    run(commit(&services, &store, &[record("record/one", 1)], &[event("first")], 1_000, patience)).unwrap();
    let late = run(commit(&services, &store, &[record("record/two", 2), record("record/one", 2)], &[event("late")], 1_000, patience));
    let Err(StoreError::Conflict(conflict)) = late else { panic!("{late:?}") };
    assert_eq!(conflict.key, key("record/one"));
    assert_eq!(run(entries(&store, patience)).unwrap().0.length, 1);
    assert!(run(store.get(&key("record/two"), patience)).unwrap().is_none(), "all or nothing");
}

#[test]
fn old_entries_are_let_go_of_and_the_rest_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let (store, patience) = store(folder.path());
    let services = services();
    let many: Vec<Event> = (0..SEGMENT - 1).map(|number| event(&number.to_string())).collect();
    for turn in 0..6 {
        run(commit(&services, &store, &[record(&format!("record/{turn}"), turn)], &many, 10, patience)).unwrap();
    }
    let (head, kept, verified) = run(entries(&store, patience)).unwrap();
    assert_eq!(head.length, 6 * (SEGMENT - 1));
    assert!(head.dropped >= SEGMENT && head.dropped.is_multiple_of(SEGMENT), "{head:?}");
    assert!(u64::try_from(kept.len()).unwrap() >= 10);
    assert_eq!(verified.unwrap().first().unwrap().number, head.dropped + 1);
}
