//! PostgreSQL (`tests/services/postgres`): the contract of all stores, and what a server does to its clients.

use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        secret::{Scrubber, Secret},
        store::PostgresStore,
    },
    ports::{
        clock::Clock,
        store::{Expect, Patience, Store, StoreError},
    },
};
use serde_json::json;
use tokio_postgres::NoTls;

#[path = "../suite/store/contract.rs"]
mod contract;

use contract::{Race, Subject, key};

/// The server's address, and a database of this test's own in it.
async fn database(name: &str) -> String {
    let base = std::env::var("PROMPT_CICD_REAL_POSTGRES")
        .expect("PROMPT_CICD_REAL_POSTGRES names the server: run scripts/test, or start tests/services/postgres/start.sh PORT");
    let admin = client(&format!("{base}/postgres")).await;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    format!("{base}/{name}")
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    drop(tokio::spawn(connection));
    client
}

fn opened(url: &str, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
    Arc::new(PostgresStore::new(&Secret::new(url), clock, Arc::new(Scrubber::default())).unwrap())
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(work)
}

#[test]
fn postgres_keeps_the_contract() {
    run(async {
        let url = database("contract").await;
        let open = |clock| opened(&url, clock);
        Subject::new(&open).keeps_the_contract().await;
    });
}

#[test]
fn postgres_loses_no_update() {
    run(async {
        let url = database("race").await;
        let open = |clock| opened(&url, clock);
        Subject::new(&open).loses_no_update(Race { writers: 8, each: 50 }).await;
    });
}

#[test]
fn connections_that_the_server_ends_are_made_again() {
    run(async {
        let url = database("ended").await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = opened(&url, Arc::clone(&clock));
        let patience = Patience::of(&*clock, Duration::from_secs(20));
        let first = store.put(&key("a"), json!(1), Expect::Absent, patience).await.unwrap();
        let admin = client(&url).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prompt-cicd' AND datname = 'ended'";
        admin.batch_execute(end).await.unwrap();
        clock.sleep(Duration::from_millis(200)).await;
        let second = store.put(&key("a"), json!(2), Expect::Revision(first), patience).await;
        assert!(second.is_ok() || second.is_err_and(|error| error.maybe_done()));
        assert!(store.get(&key("a"), patience).await.is_ok());
    });
}

#[test]
fn whoever_finds_the_table_there_does_not_wait_to_make_it() {
    run(async {
        let url = database("made").await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let patience = || Patience::of(&*clock, Duration::from_secs(5));
        opened(&url, Arc::clone(&clock)).put(&key("a"), json!(1), Expect::Absent, patience()).await.unwrap();
        // Somebody else is making the table, and does not come to an end.
        let other = client(&url).await;
        other.batch_execute(&format!("SELECT pg_advisory_lock({})", 0x7063_6963_6400_i64)).await.unwrap();
        let found = opened(&url, Arc::clone(&clock)).get(&key("a"), patience()).await.unwrap().unwrap();
        assert_eq!(found.value, json!(1));
    });
}

#[test]
fn a_row_that_is_locked_ends_in_time_and_nothing_is_done() {
    run(async {
        let url = database("locked").await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = opened(&url, Arc::clone(&clock));
        let patience = || Patience::of(&*clock, Duration::from_secs(20));
        let first = store.put(&key("a"), json!(1), Expect::Absent, patience()).await.unwrap();
        let other = client(&url).await;
        other.batch_execute("BEGIN; SELECT * FROM prompt_cicd_records FOR UPDATE").await.unwrap();
        let began = std::time::Instant::now();
        let late = Patience::of(&*clock, Duration::from_secs(1));
        let error = store.put(&key("a"), json!(2), Expect::Revision(first.clone()), late).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(4));
        other.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(store.get(&key("a"), patience()).await.unwrap().unwrap().revision, first);
        store.put(&key("a"), json!(3), Expect::Revision(first), patience()).await.unwrap();
    });
}

#[test]
fn a_corrupt_row_and_a_wrong_address_are_named() {
    run(async {
        let url = database("corrupt").await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = opened(&url, Arc::clone(&clock));
        let patience = || Patience::of(&*clock, Duration::from_secs(10));
        store.put(&key("a"), json!(1), Expect::Absent, patience()).await.unwrap();
        client(&url)
            .await
            .batch_execute("UPDATE prompt_cicd_records SET record = replace(record, '\"value\":1', '\"value\":2')")
            .await
            .unwrap();
        let error = store.get(&key("a"), patience()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.ends_with("row a of prompt_cicd_records")), "{error}");

        let error = opened(&url.replace("/corrupt", "/nowhere"), Arc::clone(&clock)).get(&key("a"), patience()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("nowhere")), "{error}");
        let secret = format!("{url}?sslmode=require").replace("postgres@", "postgres:verysecretword@");
        let error = opened(&secret, Arc::clone(&clock)).get(&key("a"), patience()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unreachable { .. }) && !error.to_string().contains("verysecretword"), "{error}");
        assert!(error.to_string().to_lowercase().contains("tls"), "this server has no TLS, and the address asks for it: {error}");
    });
}
