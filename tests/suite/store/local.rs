use std::{fs, path::Path, sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        store::{DirectoryStore, SqliteStore},
    },
    ports::{
        clock::Clock,
        store::{Expect, Patience, Store, StoreError},
    },
};
use serde_json::json;

use super::{
    contract::{Race, Subject, key},
    run,
};

const RACE: Race = Race { writers: 8, each: 50 };

fn directory(folder: &Path) -> impl Fn(Arc<dyn Clock>) -> Arc<dyn Store> + Sync {
    move |clock| Arc::new(DirectoryStore::new(folder.join("state"), clock))
}

fn sqlite(folder: &Path) -> impl Fn(Arc<dyn Clock>) -> Arc<dyn Store> + Sync {
    move |clock| Arc::new(SqliteStore::new(folder.join("below/state.db"), clock))
}

#[test]
fn a_directory_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    run(Subject::new(&directory(folder.path())).keeps_the_contract());
}

#[test]
fn a_directory_loses_no_update() {
    let folder = tempfile::tempdir().unwrap();
    run(Subject::new(&directory(folder.path())).loses_no_update(RACE));
}

#[test]
fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    run(Subject::new(&sqlite(folder.path())).keeps_the_contract());
}

#[test]
fn sqlite_loses_no_update() {
    let folder = tempfile::tempdir().unwrap();
    run(Subject::new(&sqlite(folder.path())).loses_no_update(RACE));
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

fn refusal(store: &dyn Store, clock: &dyn Clock, seconds: u64) -> StoreError {
    run(store.put(&key("a"), json!(1), Expect::Absent, Patience::of(clock, Duration::from_secs(seconds)))).unwrap_err()
}

#[test]
fn a_corrupt_row_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = sqlite(folder.path())(Arc::clone(&clock));
    let patience = || Patience::of(&*clock, Duration::from_secs(10));
    run(store.put(&key("a"), json!(1), Expect::Absent, patience())).unwrap();
    let database = rusqlite::Connection::open(folder.path().join("below/state.db")).unwrap();
    for change in ["record = 'x'", "record = replace(record, '\"value\":1', '\"value\":2')", "revision = '9-x'"] {
        database.execute_batch(&format!("SAVEPOINT s; UPDATE records SET {change}; RELEASE s")).unwrap();
        for error in [run(store.get(&key("a"), patience())).unwrap_err(), refusal(&*store, &*clock, 10)] {
            assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.ends_with("row a")), "{change}: {error}");
        }
    }
}

#[test]
fn a_file_that_is_no_database_of_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let path = folder.path().join("below/state.db");
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(&path, "some text that is longer than the head of a database, which has a hundred bytes, so that it is read at all").unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(&*sqlite(folder.path())(Arc::clone(&clock)), &*clock, 10);
    assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.contains("state.db")), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = refusal(&*sqlite(folder.path())(Arc::clone(&clock)), &*clock, 10);
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("another program")), "{error}");

    fs::remove_file(&path).unwrap();
    run(sqlite(folder.path())(Arc::clone(&clock)).list(None, Patience::of(&*clock, Duration::from_secs(10)))).unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = refusal(&*sqlite(folder.path())(Arc::clone(&clock)), &*clock, 10);
    assert!(matches!(error, StoreError::Newer { found: 7, known: 1, .. }), "{error}");
}

#[test]
fn a_full_database_says_so_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = sqlite(folder.path())(Arc::clone(&clock));
    let patience = || Patience::of(&*clock, Duration::from_secs(20));
    run(store.put(&key("a"), json!(1), Expect::Absent, patience())).unwrap();
    // What a full disk answers, SQLite answers for a database that may have no more pages. The bound is the
    // connection's own, so the file system is asked instead: a file where SQLite wants its log.
    drop(store);
    let path = folder.path().join("below/state.db-wal");
    let _gone = fs::remove_file(&path);
    fs::create_dir(&path).unwrap();
    let store = sqlite(folder.path())(Arc::clone(&clock));
    let error = refusal(&*store, &*clock, 10);
    assert!(matches!(error, StoreError::Refused { .. } | StoreError::Unreachable { maybe_done: false, .. }), "{error}");
    fs::remove_dir(&path).unwrap();
    assert_eq!(run(store.get(&key("a"), patience())).unwrap().unwrap().value, 1);
}

#[test]
fn a_pipe_in_the_place_of_a_record_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = directory(folder.path())(Arc::clone(&clock));
    let patience = || Patience::of(&*clock, Duration::from_mins(1));
    run(store.put(&key("a"), json!(1), Expect::Absent, patience())).unwrap();
    let mut records = Vec::new();
    let mut folders = vec![folder.path().join("state")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap().to_string_lossy().starts_with("a.") {
                records.push(path);
            }
        }
    }
    let [record] = records.as_slice() else { panic!("{records:?}") };
    fs::remove_file(record).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(record).status().unwrap().success());
    let began = std::time::Instant::now();
    let error = run(store.get(&key("a"), patience())).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_lock_that_is_held_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let (directory, sqlite) = (directory(folder.path())(Arc::clone(&clock)), sqlite(folder.path())(Arc::clone(&clock)));
    let patience = || Patience::of(&*clock, Duration::from_secs(10));
    for store in [&directory, &sqlite] {
        run(store.put(&key("there"), json!(1), Expect::Absent, patience())).unwrap();
    }
    let lock = fs::File::open(folder.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("below/state.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    for store in [&directory, &sqlite] {
        let error = refusal(&**store, &*clock, 1);
        assert!(matches!(&error, StoreError::Unreachable { reason, maybe_done: false, .. } if reason.contains("lock")), "{error}");
        assert_eq!(run(store.get(&key("there"), patience())).unwrap().unwrap().value, 1, "reading goes on");
    }
    drop(lock);
    database.execute_batch("ROLLBACK").unwrap();
    for store in [&directory, &sqlite] {
        run(store.put(&key("a"), json!(1), Expect::Absent, patience())).unwrap();
    }
}
