//! `prompt-cicd baseline`: what runs are compared with that are not asked anew.

mod before;
mod benchmarks;
mod change;
mod pin;
mod show;
mod update;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    Failure, Services,
    history::{BYTES, Opened, change_record, key_part},
};
use crate::{
    domain::{
        benchmark::runs::PREFIX,
        diagnostic::{Diagnostic, Place},
        history::baseline::{BaselineRun, SuiteBaselines},
        regression::one_run::FEWEST_RUNS,
    },
    ports::{
        store::{Key, Patience, Store, StoreError, Stored, read},
        vcs::VcsError,
    },
    report::{Style, escape::one_line, rollout::Shape},
};
pub(super) use before::{Before, is_aside};
pub use benchmarks::OfBenchmarks;
pub(super) use benchmarks::{recorded, recorded_of};
pub use change::{Pruning, prune};
pub use pin::pin;
pub use show::show;
pub use update::update;

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
    const SCHEMA: u32 = 3;

    /// The first form did not say which runs were aside of the default branch: none was. The second had no runs in what was pinned.
    fn migrate(from: u32, value: Value) -> Result<Value, String> {
        if matches!(from, 1 | 2) { Ok(value) } else { Err(format!("form {from} is not known")) }
    }
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

/// What became of a run that was taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TakenIn {
    /// Whether it was not there.
    fresh: bool,
    /// Whether it is now.
    stays: bool,
    /// Runs that went for want of room.
    crowded_out: usize,
    /// Runs that count in a comparison now.
    counting: usize,
}

impl TakenIn {
    /// What is said of runs that went for want of room; of benchmarks fewer than so many decide nothing.
    fn note(self, suite: &str, pins: bool) -> Option<String> {
        let (went, left) = (self.crowded_out, self.counting);
        if went == 0 {
            return None;
        }
        let went = crate::report::number::plural(went, "older run");
        let few = if suite.starts_with(PREFIX) && left < FEWEST_RUNS {
            format!(", and {left} of at least {FEWEST_RUNS} that count stay: comparisons with them will be inconclusive")
        } else {
            String::new()
        };
        let unpin = if pins { "`prompt-cicd baseline prune --unpin NAME` makes room" } else { "fewer names in one file make room" };
        let (name, room) = (one_line(suite), BYTES / 1024);
        Some(format!("warning: {name}: {went} went for want of room ({room} KiB){few}; {unpin}"))
    }
}

/// How many of these runs count in a comparison: those that are not aside of the default branch, of benchmarks one of each commit.
fn counting(suite: &str, runs: &[BaselineRun]) -> usize {
    let merged: Vec<BaselineRun> = runs.iter().filter(|run| !run.aside).cloned().collect();
    if suite.starts_with(PREFIX) { benchmarks::one_of_each_commit(merged).0.len() } else { merged.len() }
}

/// Takes a run in, lets go of what is too much, and takes note of runs whose commits were merged since.
pub(super) async fn take_in(
    services: &Services,
    opened: &Opened,
    suite: &str,
    run: &BaselineRun,
) -> Result<(TakenIn, Option<String>), StoreError> {
    let kept = of_suite(opened.store.as_ref(), suite, opened.patience(services)).await?;
    let merged = before::merged(services, &kept).await;
    let keep = opened.settings.keep;
    let (mut taken, mut pins) = (TakenIn::default(), false);
    let change = |found: &mut SuiteBaselines, bytes: usize| {
        let taken_back = found.no_longer_aside(&merged);
        let fresh = found.record(run);
        found.compact(keep);
        let went = found.fit(bytes);
        let stays = found.runs.iter().any(|kept| kept.is_same(run));
        let crowded_out = if fresh || taken_back { went } else { 0 };
        taken = TakenIn { fresh, stays, crowded_out, counting: counting(suite, &found.runs) };
        pins = !found.pinned.is_empty();
        fresh || taken_back
    };
    change_baselines(services, opened, suite, change).await?;
    Ok((taken, taken.note(suite, pins)))
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

/// The full name of the commit that a flag names.
///
/// # Errors
/// When there is none of that name, or nothing here could say.
async fn named(services: &Services, flag: &str, name: &str) -> Result<String, Failure> {
    services.vcs.commit(name).await.map_err(|why| no_commit(flag, why))
}

/// What is said of a commit that is not to be had; `place` is where it is named.
fn no_commit(place: &str, why: VcsError) -> Failure {
    match why {
        VcsError::Missing { .. } | VcsError::NoName(_) | VcsError::Unrelated { .. } | VcsError::Shallow | VcsError::Unavailable(_) => {
            let help = "`git log --oneline --all` shows the commits that are here; `git fetch --unshallow --tags` brings what a shallow clone lacks \
                        (`fetch-depth: 0` in actions/checkout)";
            Failure::Baseline(vec![Diagnostic::error(Place::file(place), "", why.to_string()).with_help(help)])
        }
        VcsError::Event(_) | VcsError::TooLarge { .. } | VcsError::Refused(_) | VcsError::Unreachable(_) => Failure::History(why),
    }
}

fn problem(file: &Path, message: String, help: &str) -> Failure {
    Failure::Baseline(vec![Diagnostic::error(Place::file(file.display().to_string()), "", message).with_help(help)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_of_the_first_form_is_read_and_the_form_says_that_it_is_newer() {
        // A program that does not know `aside` and pinned runs must call the record newer, not corrupt.
        assert_eq!(SuiteBaselines::SCHEMA, 3);
        let run = json!({"id": "r", "at": "2026-01-01T00:00:00Z", "commit": "c", "model": "m", "digest": "d", "values": {}});
        let pinned = json!({"at": "2026-01-01T00:00:00Z", "of": ["c"], "model": "m", "values": {}});
        let first = json!({"suite": "s", "dropped": 0, "runs": [run], "pinned": {"v1": pinned}});
        for form in [1, 2] {
            let found: SuiteBaselines = serde_json::from_value(SuiteBaselines::migrate(form, first.clone()).unwrap()).unwrap();
            assert!(!found.runs[0].aside && found.pinned["v1"].runs.is_empty());
        }
        assert_eq!(SuiteBaselines::migrate(0, Value::Null), Err("form 0 is not known".to_owned()));
    }
}
