//! Which commit's past counts.

use std::collections::{BTreeMap, BTreeSet};

use super::no_commit;
use crate::{
    app::{Failure, Services},
    domain::history::baseline::{Chosen, SuiteBaselines, short},
    ports::vcs::{Proposed, VcsError},
};

/// The commit whose past has the runs that are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Before {
    /// There is no repository: runs that were made in none count.
    NoRepository,
    /// This one, with what is worth saying of it.
    At(String, Option<String>),
    /// There is none; why.
    Nowhere(String),
}

impl Before {
    /// In a pull request where it left its base; elsewhere where what is checked out left the default branch, which on that branch, or where
    /// nobody says which that is, is the commit that is checked out.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub(in crate::app) async fn here(services: &Services) -> Result<Self, Failure> {
        if let Some(proposed) = services.vcs.proposed().map_err(unread)? {
            return of_proposed(services, &proposed).await;
        }
        let Some(found) = services.vcs.checked_out(&[]).await.map_err(unread)? else { return Ok(Self::NoRepository) };
        let Some(here) = found.commit else { return Ok(Self::Nowhere("nothing is committed yet".to_owned())) };
        let Some(tip) = services.vcs.default_branch().await.map_err(unread)?.filter(|tip| *tip != here) else {
            return Ok(Self::At(here, None));
        };
        match services.vcs.merge_base(&here, &tip).await {
            Ok(left) => Ok(Self::At(left, None)),
            Err(VcsError::Unrelated { shallow, .. } | VcsError::Missing { shallow, .. }) => {
                let next = if shallow { "; this clone is shallow: fetch the history (`fetch-depth: 0` in actions/checkout)" } else { "" };
                Ok(Self::Nowhere(format!("{} and the default branch have no common commit here{next}", short(&here))))
            }
            Err(why) => Err(unread(why)),
        }
    }

    /// The last `k` runs of a suite that count.
    pub(in crate::app) async fn last<'b>(&self, services: &Services, baselines: &'b SuiteBaselines, k: usize) -> Chosen<'b> {
        match self {
            Self::NoRepository => baselines.of_no_commit(k),
            Self::Nowhere(why) => Chosen { runs: Vec::new(), note: Some(why.clone()) },
            Self::At(at, note) => {
                let (reached, shallow) = reached(services, baselines, k, at).await;
                let chosen = baselines.last(k, at, &|commit| reached.get(commit).copied());
                let shallow = shallow.then(|| "this clone is shallow: fetch the history (`fetch-depth: 0` in actions/checkout)".to_owned());
                let notes: Vec<String> = note.iter().cloned().chain(chosen.note).chain(shallow).collect();
                Chosen { runs: chosen.runs, note: (!notes.is_empty()).then(|| notes.join("; ")) }
            }
        }
    }
}

/// The history cannot be read, so no run can be told to count.
fn unread(why: VcsError) -> Failure {
    no_commit("the repository", why)
}

async fn of_proposed(services: &Services, proposed: &Proposed) -> Result<Before, Failure> {
    let left = match services.vcs.merge_base("HEAD", &proposed.base).await {
        // HEAD needs git.
        Err(VcsError::Unavailable(_)) => services.vcs.merge_base(&proposed.head, &proposed.base).await,
        other => other,
    };
    match left {
        Ok(left) => Ok(Before::At(left, None)),
        Err(_short) => {
            let note = "the history here is too short to find the merge base: the tip of the base branch counts".to_owned();
            Ok(Before::At(proposed.base.clone(), Some(note)))
        }
    }
}

/// Of the commits of the kept runs those that lead to `at`, each with how far away it is. What cannot be told does not lead there; with it
/// comes whether that may be since this clone is shallow. Where nobody says how far, all are equally far, so that time decides, and
/// no more are looked up than `k` runs take.
async fn reached(services: &Services, baselines: &SuiteBaselines, k: usize, at: &str) -> (BTreeMap<String, u64>, bool) {
    let (mut reached, mut others, mut runs, mut shallow) = (BTreeMap::new(), BTreeSet::new(), 0, false);
    let mut is_measured = true;
    for commit in baselines.runs.iter().rev().filter_map(|run| run.commit.as_ref()) {
        if runs >= k && !is_measured {
            break;
        }
        if others.contains(commit) {
            continue;
        }
        if !reached.contains_key(commit) {
            match leads(services, commit, at).await {
                Leads::Yes => {
                    let far = if is_measured { services.vcs.distance(commit, at).await.ok() } else { None };
                    is_measured &= far.is_some();
                    reached.insert(commit.clone(), far.unwrap_or_default());
                }
                Leads::No => drop(others.insert(commit.clone())),
                Leads::Untold { is_shallow } => {
                    shallow |= is_shallow;
                    others.insert(commit.clone());
                }
            }
        }
        runs += usize::from(reached.contains_key(commit));
    }
    if !is_measured {
        for far in reached.values_mut() {
            *far = 0;
        }
    }
    (reached, shallow)
}

/// Of the commits of runs that were aside when they were taken in those that the default branch has by now: merged, or moved on to.
pub(super) async fn merged(services: &Services, kept: &SuiteBaselines) -> BTreeSet<String> {
    let aside: BTreeSet<&String> = kept.runs.iter().filter(|run| run.aside).filter_map(|run| run.commit.as_ref()).collect();
    let mut merged = BTreeSet::new();
    if aside.is_empty() {
        return merged;
    }
    let Ok(Some(tip)) = services.vcs.default_branch().await else { return merged };
    for commit in aside {
        if matches!(leads(services, commit, &tip).await, Leads::Yes) {
            merged.insert(commit.clone());
        }
    }
    merged
}

/// Whether a commit is here and not on the default branch; what cannot be told is not.
pub(in crate::app) async fn is_aside(services: &Services, commit: &str) -> bool {
    let Ok(Some(tip)) = services.vcs.default_branch().await else { return false };
    matches!(leads(services, commit, &tip).await, Leads::No)
}

/// Whether a commit leads to another one.
pub(super) enum Leads {
    /// It does.
    Yes,
    /// Both are here, and it does not.
    No,
    /// It is not here, or no answer came.
    Untold {
        /// Whether the clone has only a part of the history.
        is_shallow: bool,
    },
}

/// Whether `commit` is `at` or one before it.
pub(super) async fn leads(services: &Services, commit: &str, at: &str) -> Leads {
    if commit == at {
        return Leads::Yes;
    }
    match services.vcs.merge_base(commit, at).await {
        Ok(base) if base == *commit => Leads::Yes,
        Ok(_) | Err(VcsError::Unrelated { shallow: false, .. }) => Leads::No,
        Err(VcsError::Unrelated { shallow, .. } | VcsError::Missing { shallow, .. }) => Leads::Untold { is_shallow: shallow },
        Err(
            VcsError::NoName(_)
            | VcsError::Unavailable(_)
            | VcsError::Event(_)
            | VcsError::TooLarge { .. }
            | VcsError::Shallow
            | VcsError::Refused(_)
            | VcsError::Unreachable(_),
        ) => Leads::Untold { is_shallow: false },
    }
}
