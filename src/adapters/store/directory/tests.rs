//! A crash, a full disk and a lost right after every single step, one after the other.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    DirectoryStore,
    disk::{Created, Disk, RealDisk},
};
use crate::{
    adapters::store::record::nonce,
    ports::{
        clock::Clock,
        store::{Change, Expect, Key, Patience, Revision, Store as _, StoreError, Write},
    },
};

/// A clock that stands still: nothing here waits.
struct Still;

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> String {
        "2026-01-02T03:04:05Z".to_owned()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _duration: Duration) {}

    fn jitter(&self) -> f64 {
        0.5
    }
}

const PATIENCE: Patience = Patience { until: Duration::from_mins(1), waits_for_limits: true };

/// How the disk fails.
#[derive(Clone, Copy)]
enum Fault {
    /// The process ends before this step; a file that was to be written is half there.
    Ends,
    /// This step, and no other, fails like this.
    Fails(io::ErrorKind),
}

/// The real disk, until the step `at`.
struct Faulty {
    steps: AtomicUsize,
    at: usize,
    fault: Fault,
}

impl Faulty {
    fn step<T>(&self, does: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let now = self.steps.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Ends if now >= self.at => Err(io::Error::other("the process is gone")),
            Fault::Fails(kind) if now == self.at => Err(kind.into()),
            Fault::Ends | Fault::Fails(_) => does(),
        }
    }
}

impl Disk for Faulty {
    type Lock = File;

    fn try_lock(&self, path: &Path) -> io::Result<Option<File>> {
        self.step(|| RealDisk.try_lock(path))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.step(|| RealDisk.read(path, limit))
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        if self.steps.load(Ordering::Relaxed) == self.at {
            RealDisk.write_new(path, &content[..content.len() / 2])?;
        }
        self.step(|| RealDisk.write_new(path, content))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.sync(path))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.sync_folder(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<Created> {
        self.step(|| RealDisk.create_folder(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| RealDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.remove(path))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.step(|| RealDisk.exists(path))
    }

    fn is_there_itself(&self, path: &Path) -> io::Result<bool> {
        self.step(|| RealDisk.is_there_itself(path))
    }

    fn names(&self, path: &Path) -> io::Result<Vec<(String, bool)>> {
        self.step(|| RealDisk.names(path))
    }
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn real(folder: &Path) -> DirectoryStore {
    DirectoryStore::new(folder, Arc::new(Still))
}

fn faulty(folder: &Path, at: usize, fault: Fault) -> DirectoryStore<Faulty> {
    DirectoryStore::on(Faulty { steps: AtomicUsize::new(0), at, fault }, folder, Arc::new(Still))
}

fn put(name: &str, expect: Expect, value: u32) -> Write {
    Write { key: key(name), expect, change: Change::Put { schema: 1, value: json!(value) } }
}

/// Everything in a store.
fn content<D: Disk>(store: &DirectoryStore<D>) -> BTreeMap<String, Value> {
    run(async {
        let mut all = BTreeMap::new();
        for key in store.list(None, PATIENCE).await.unwrap() {
            all.insert(key.to_string(), store.get(&key, PATIENCE).await.unwrap().unwrap().value);
        }
        all
    })
}

/// A store with three records, and the writes under test by name.
fn prepared(folder: &Path) -> Vec<(&'static str, Vec<Write>)> {
    let store = real(folder);
    let revisions =
        run(store.transact(&[put("a", Expect::Absent, 1), put("Deep/b", Expect::Absent, 1), put("c", Expect::Absent, 1)], PATIENCE))
            .unwrap();
    let was = |index: usize| Expect::Revision(revisions[index].clone());
    vec![
        ("one put", vec![put("a", was(0), 2)]),
        ("one new", vec![put("new/record", Expect::Absent, 2)]),
        ("one deletion", vec![Write { key: key("a"), expect: was(0), change: Change::Delete }]),
        (
            "all at once",
            vec![
                put("a", was(0), 2),
                Write { key: key("Deep/b"), expect: was(1), change: Change::Delete },
                put("new/d", Expect::Absent, 2),
                Write { key: key("c"), expect: was(2), change: Change::Keep },
            ],
        ),
    ]
}

/// What `writes` make of `before`.
fn after(before: &BTreeMap<String, Value>, writes: &[Write]) -> BTreeMap<String, Value> {
    let mut after = before.clone();
    for write in writes {
        match &write.change {
            Change::Put { value, .. } => drop(after.insert(write.key.to_string(), value.clone())),
            Change::Delete => drop(after.remove(write.key.as_str())),
            Change::Keep => {}
        }
    }
    after
}

#[test]
fn a_crash_between_any_two_steps_leaves_all_or_nothing() {
    let (mut points, mut finished_later) = (0, 0);
    for case in 0..4 {
        for at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (name, writes) = prepared(folder.path()).swap_remove(case);
            let before = content(&real(folder.path()));
            let crashed = run(faulty(folder.path(), at, Fault::Ends).transact(&writes, PATIENCE));
            let found = content(&real(folder.path()));
            let done = after(&before, &writes);
            if crashed.is_ok() {
                assert_eq!(found, done, "{name}: it said done");
                assert!(at > 8, "{name}: {at} steps are fewer than a durable write takes");
                break;
            }
            assert!(found == before || found == done, "{name}, crash before step {at}: {found:?}");
            finished_later += usize::from(found == done);
            points += 1;
            // The store goes on from there.
            run(real(folder.path()).put(&key("next"), json!(3), Expect::Absent, PATIENCE)).unwrap();
        }
    }
    assert!(points > 60 && finished_later > 4, "{points} points, {finished_later} finished by the next one");
}

#[test]
fn a_crash_while_an_interrupted_write_is_finished_loses_nothing() {
    let mut points = 0;
    for first in 0.. {
        let mut crashed = Ok(Vec::new());
        for second in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (_, writes) = prepared(folder.path()).swap_remove(3);
            let before = content(&real(folder.path()));
            crashed = run(faulty(folder.path(), first, Fault::Ends).transact(&writes, PATIENCE));
            let again = run(faulty(folder.path(), second, Fault::Ends).get(&key("a"), PATIENCE));
            let found = content(&real(folder.path()));
            assert!(found == before || found == after(&before, &writes), "{first}, {second}: {found:?}");
            points += 1;
            if again.is_ok() {
                break;
            }
        }
        if crashed.is_ok() {
            break;
        }
    }
    assert!(points > 200, "{points}");
}

#[test]
fn no_room_or_no_right_at_any_step_is_named_and_loses_nothing() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied] {
        for at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (_, writes) = prepared(folder.path()).swap_remove(3);
            let before = content(&real(folder.path()));
            let Err(error) = run(faulty(folder.path(), at, Fault::Fails(kind)).transact(&writes, PATIENCE)) else {
                assert!(at > 20, "{at}");
                break;
            };
            let found = content(&real(folder.path()));
            let full = kind == io::ErrorKind::StorageFull;
            let fitting = if full { matches!(error, StoreError::Full { .. }) } else { matches!(error, StoreError::Refused { .. }) };
            let named = fitting || matches!(error, StoreError::Unreachable { maybe_done: true, .. });
            assert!(named, "{kind}, step {at}: {error:?}");
            if found != before {
                assert!(error.maybe_done() && found == after(&before, &writes), "{kind}, step {at}: {error:?}, {found:?}");
            }
        }
    }
}

#[test]
fn what_is_corrupt_is_refused_with_its_place_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepared(folder.path()));
    let path = folder.path().join("records/a.json");
    for text in ["", "{", "null", "{\"form\":1}", &std::fs::read_to_string(&path).unwrap().replace("\"value\":1", "\"value\":2")] {
        std::fs::write(&path, text).unwrap();
        let store = real(folder.path());
        let read = run(store.get(&key("a"), PATIENCE)).unwrap_err();
        let written = run(store.transact(&[put("a", Expect::Absent, 2), put("x", Expect::Absent, 1)], PATIENCE)).unwrap_err();
        for error in [read, written] {
            assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.ends_with("records/a.json")), "{text:?}: {error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "nothing is written over it");
        assert_eq!(run(store.get(&key("c"), PATIENCE)).unwrap().unwrap().value, 1, "the others can be read");
    }
    std::fs::write(folder.path().join("journal.json"), "{\"form\":1,\"moves\":[],\"removals\":[\"../../x.json\"],\"digest\":\"\"}")
        .unwrap();
    let error = run(real(folder.path()).get(&key("c"), PATIENCE)).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.ends_with("journal.json")), "{error}");
}

#[test]
fn links_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    drop(prepared(folder.path()));
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("records/out")).unwrap();
    let store = real(folder.path());
    assert!(matches!(run(store.put(&key("out/x"), json!(1), Expect::Absent, PATIENCE)), Err(StoreError::Refused { .. })));
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_none_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = run(real(file.path()).put(&key("a"), json!(1), Expect::Absent, PATIENCE)).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { .. }), "{error}");
    let missing = tempfile::tempdir().unwrap();
    let store = real(&missing.path().join("not/yet"));
    assert_eq!(run(store.get(&key("a"), PATIENCE)), Ok(None));
    assert!(run(store.put(&key("a"), json!(1), Expect::Absent, PATIENCE)).is_ok());
    let wrong = Expect::Revision(Revision::new(nonce()));
    assert!(matches!(run(store.put(&key("a"), json!(1), wrong, PATIENCE)), Err(StoreError::Conflict(_))));
}
