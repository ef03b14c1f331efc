//! `kill -9` at any moment. The child is this test binary itself, told by an environment variable what to do.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        store::{DirectoryStore, SqliteStore},
    },
    ports::{
        clock::Clock,
        store::{Change, Expect, Patience, Revision, Store, Write},
    },
};
use serde_json::{Value, json};

use super::{contract::key, run};

const NAMES: [&str; 3] = ["crash/first", "crash/second", "deep/er/third"];

fn open(kind: &str, folder: &Path) -> (Arc<dyn Store>, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store: Arc<dyn Store> = match kind {
        "directory" => Arc::new(DirectoryStore::new(folder.join("state"), Arc::clone(&clock))),
        _ => Arc::new(SqliteStore::new(folder.join("state.db"), Arc::clone(&clock))),
    };
    (store, clock)
}

/// The three records, which one write changes together: their numbers and revisions.
async fn records(store: &dyn Store, patience: Patience) -> Vec<(u64, Expect)> {
    let mut found = Vec::new();
    for name in NAMES {
        let record = store.get(&key(name), patience).await.unwrap();
        let expect = |revision: Revision| Expect::Revision(revision);
        found.push(record.map_or((0, Expect::Absent), |record| (record.value["n"].as_u64().unwrap(), expect(record.revision))));
    }
    found
}

async fn next(store: &dyn Store, patience: Patience) -> u64 {
    let found = records(store, patience).await;
    let number = found[0].0 + 1;
    let writes = NAMES.iter().zip(found).map(|(name, (_, expect))| {
        let value: Value = json!({"n": number, "padding": "x".repeat(2_000)});
        Write { key: key(name), expect, change: Change::Put { schema: 1, value } }
    });
    store.transact(&writes.collect::<Vec<_>>(), patience).await.unwrap();
    number
}

/// Not a test of its own: the child that is killed.
#[test]
fn child_that_writes_until_it_is_killed() {
    let (Ok(kind), Ok(folder)) = (env::var("STORE_CHILD_KIND"), env::var("STORE_CHILD_FOLDER")) else { return };
    let (store, clock) = open(&kind, Path::new(&folder));
    run(async {
        loop {
            let number = next(&*store, Patience::of(&*clock, Duration::from_secs(30))).await;
            // What was answered is noted where the parent finds it.
            fs::write(Path::new(&folder).join("answered.new"), number.to_string()).unwrap();
            fs::rename(Path::new(&folder).join("answered.new"), Path::new(&folder).join("answered")).unwrap();
        }
    });
}

fn killed_at_random(kind: &str, times: u32) {
    let folder = tempfile::tempdir().unwrap();
    let mut seed = fastrand::Rng::with_seed(7);
    let answered = || fs::read_to_string(folder.path().join("answered")).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let mut grown = 0;
    for round in 0..times {
        let before = answered();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "store::crash::child_that_writes_until_it_is_killed", "--nocapture"])
            .env("STORE_CHILD_KIND", kind)
            .env("STORE_CHILD_FOLDER", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while answered() == before && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(seed.u64(0..6_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let (store, clock) = open(kind, folder.path());
        let patience = Patience::of(&*clock, Duration::from_secs(30));
        let found = run(records(&*store, patience));
        assert!(found.iter().all(|(number, _)| *number == found[0].0), "round {round}: half a write: {found:?}");
        assert!(found[0].0 >= answered(), "round {round}: {} was answered, {} is there", answered(), found[0].0);
        assert!(found[0].0 <= answered() + 1, "round {round}: {} is there, {} was answered", found[0].0, answered());
        grown += found[0].0 - before;
    }
    assert!(grown >= u64::from(times), "{grown} writes in {times} rounds");
}

#[test]
fn a_directory_survives_kill_9_at_random_moments() {
    killed_at_random("directory", 60);
}

#[test]
fn sqlite_survives_kill_9_at_random_moments() {
    killed_at_random("sqlite", 40);
}
