//! Stores against one contract, and what each of them must survive.

/// `prompt-cicd audit`.
mod audit;
/// A change with its entry.
mod commit;
/// The contract.
mod contract;
/// Processes that end in the middle.
mod crash;
/// The branch by `git push`.
mod git;
/// The branch by GitHub's API.
mod github;
/// ConfigMaps of a cluster.
mod kubernetes;
/// A folder and a SQLite database.
mod local;

use std::sync::OnceLock;

use tokio::runtime::Runtime;

/// Several threads, since writers race, and one runtime for all, since connections live in it.
fn run<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let make = || tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    RUNTIME.get_or_init(make).block_on(work)
}

/// How much a slow store is asked to do; `STORE_WRITES` asks for more (50 for the published figures).
fn slow_race(writers: usize, each: usize) -> contract::Race {
    let more = std::env::var("STORE_WRITES").ok().and_then(|each| each.parse().ok());
    contract::Race { writers: if more.is_some() { 8 } else { writers }, each: more.unwrap_or(each) }
}
