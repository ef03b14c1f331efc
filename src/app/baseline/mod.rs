//! `prompt-cicd baseline`: what runs are compared with that are not asked anew.

mod change;
mod show;

use std::path::PathBuf;

use super::{
    Failure, Services,
    history::{Opened, change_record, key_part},
};
use crate::{
    domain::history::baseline::{Chosen, SuiteBaselines},
    ports::store::{Key, Patience, Store, StoreError, Stored, read},
    report::{Style, rollout::Shape},
};
pub use change::{pin, prune, update};
pub use show::show;

/// What `baseline` was asked for.
#[derive(Debug, Clone)]
pub struct BaselineRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only this suite; `None`: all.
    pub suite: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// How text looks.
    pub style: Style,
}

impl Stored for SuiteBaselines {
    const SCHEMA: u32 = 1;
}

fn folder() -> Key {
    Key::of(&["baseline"]).expect("the folder's name is lawful")
}

/// The record of a suite's baselines.
pub(super) fn key(suite: &str) -> Key {
    Key::of(&["baseline", &key_part(suite)]).expect("a part that was made lawful is lawful")
}

/// Changes a suite's baselines; `change` is told the most bytes that they may have, and says whether it changed something.
pub(super) async fn change_baselines(
    services: &Services,
    opened: &Opened,
    suite: &str,
    change: impl FnMut(&mut SuiteBaselines, usize) -> bool,
) -> Result<(), StoreError> {
    change_record(services, opened, &key(suite), || SuiteBaselines::of(suite), SuiteBaselines::is_empty, change).await
}

/// A suite's baselines; empty where there are none.
pub(super) async fn of_suite(store: &dyn Store, suite: &str, patience: Patience) -> Result<SuiteBaselines, StoreError> {
    Ok(read::<SuiteBaselines>(store, &key(suite), patience).await?.map_or_else(|| SuiteBaselines::of(suite), |(found, _)| found))
}

/// All that is kept, in the order of the suites' names; a suite that has nothing is an error where it was named.
async fn all(services: &Services, opened: &Opened, suite: Option<&String>) -> Result<Vec<SuiteBaselines>, Failure> {
    let (store, patience) = (opened.store.as_ref(), opened.patience(services));
    let mut all = Vec::new();
    for key in store.list(Some(&folder()), patience).await.map_err(Failure::Store)? {
        all.extend(read::<SuiteBaselines>(store, &key, patience).await.map_err(Failure::Store)?.map(|(found, _)| found));
    }
    all.retain(|found: &SuiteBaselines| suite.is_none_or(|suite| found.suite == *suite));
    all.sort_by(|a, b| a.suite.cmp(&b.suite));
    match suite {
        Some(suite) if all.is_empty() => Err(Failure::NothingToDo(format!(
            "{} has no baseline of a suite `{suite}`; `prompt-cicd baseline show` shows what there is",
            store.place()
        ))),
        _ => Ok(all),
    }
}

/// The commits among those of the kept runs that lead to `at`. What cannot be told does not.
pub(super) async fn reached(services: &Services, baselines: &SuiteBaselines, at: &str) -> std::collections::BTreeSet<String> {
    let mut reached = std::collections::BTreeSet::new();
    let mut seen = std::collections::BTreeSet::new();
    for commit in baselines.runs.iter().filter_map(|run| run.commit.as_ref()).filter(|commit| seen.insert((*commit).clone())) {
        if commit == at || services.vcs.merge_base(commit, at).await.is_ok_and(|base| base == *commit) {
            reached.insert(commit.clone());
        }
    }
    reached
}

/// The last `k` runs before a commit; without one the last of all.
pub(super) async fn last<'b>(services: &Services, baselines: &'b SuiteBaselines, k: usize, at: Option<&str>) -> Chosen<'b> {
    let Some(at) = at else {
        let from = baselines.runs.len().saturating_sub(k);
        return Chosen {
            runs: baselines.runs.iter().skip(from).collect(),
            note: Some("the history cannot be read here: the newest runs are taken".to_owned()),
        };
    };
    let reached = reached(services, baselines, at).await;
    baselines.last(k, at, &|commit| reached.contains(commit))
}
