//! `baseline prune`.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    BaselineRequest, all,
    before::{Leads, leads},
    change_baselines,
};
use crate::{
    app::{Failure, Finished, Services, history::opened},
    domain::history::baseline::BaselineRun,
    report::{escape::one_line, number},
};

/// What is let go of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruning {
    /// Runs of each suite that stay at most.
    pub keep: Option<usize>,
    /// All runs of commits that did not reach the default branch.
    pub unmerged: bool,
    /// The baseline that is pinned under this name.
    pub unpin: Option<String>,
}

/// Lets go of runs beyond `keep`: first of those of commits that did not reach the default branch, then of the oldest; and of a pinned
/// baseline. A run of a commit that is not here, and one of no commit, is told from none of the default branch.
///
/// # Errors
/// A name that nothing is pinned under, no default branch where one is needed, and a store that does not answer.
pub async fn prune(services: &Services, request: &BaselineRequest, pruning: &Pruning) -> Result<Finished, Failure> {
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let found = all(services, &opened, request.suite.as_ref()).await?;
    if let Some(name) = pruning.unpin.as_ref().filter(|name| !found.iter().any(|found| found.pinned.contains_key(*name))) {
        return Err(Failure::NothingToDo(format!(
            "{} has no baseline pinned as `{name}`; `prompt-cicd baseline show` shows what there is",
            opened.store.place()
        )));
    }
    let excess = |runs: usize| pruning.unmerged || pruning.keep.is_some_and(|keep| runs > keep);
    let tip = if found.iter().any(|found| excess(found.runs.len())) { default_branch(services, pruning, &mut notes).await? } else { None };
    let mut said = String::new();
    for found in &found {
        let unmerged = match tip.as_deref().filter(|_| excess(found.runs.len())) {
            Some(tip) => unmerged(services, &found.runs, tip).await,
            None => BTreeSet::new(),
        };
        let of_other = |run: &BaselineRun| run.commit.as_ref().is_some_and(|commit| unmerged.contains(commit));
        let (mut went, mut of_others, mut left, mut unpinned) = (0, 0, 0, false);
        change_baselines(services, &opened, &found.suite, |found, _| {
            let whole = found.runs.len();
            let all_of_them = found.runs.iter().filter(|run| !of_other(run)).count();
            let first = if pruning.unmerged { found.compact_unmerged(all_of_them, &of_other) } else { (0, 0) };
            let then = pruning.keep.map_or((0, 0), |keep| found.compact_unmerged(keep, &of_other));
            of_others = first.0 + then.0;
            unpinned = pruning.unpin.as_ref().is_some_and(|name| found.pinned.remove(name).is_some());
            left = found.runs.len();
            went = whole - left;
            went > 0 || unpinned
        })
        .await
        .map_err(Failure::Store)?;
        let of_others =
            if of_others > 0 { format!(" ({of_others} of commits that did not reach the default branch)") } else { String::new() };
        let name = pruning.unpin.as_deref().unwrap_or_default();
        let unpinned = if unpinned { format!(", {} is pinned no more", one_line(name)) } else { String::new() };
        writeln!(said, "{}: {} went{of_others}, {left} stay{unpinned}", one_line(&found.suite), number::plural(went, "run")).ok();
    }
    Ok(Finished { notes, ..Finished::done(said) })
}

/// The tip of the default branch. Where it cannot be told, `--unmerged` has no meaning, and `--keep` goes by age alone.
async fn default_branch(services: &Services, pruning: &Pruning, notes: &mut Vec<String>) -> Result<Option<String>, Failure> {
    match services.vcs.default_branch().await {
        Ok(Some(tip)) => Ok(Some(tip)),
        Ok(None) if pruning.unmerged => Err(Failure::NothingToDo(
            "which branch is the default one is not known here: there is no `main` or `master`, and `origin` names none; \
             `git remote set-head origin --auto` asks it"
                .to_owned(),
        )),
        Err(why) if pruning.unmerged => Err(Failure::History(why)),
        Ok(None) => Ok(None),
        Err(why) => {
            notes.push(format!(
                "note: which runs reached the default branch is not known, so the oldest go: {}",
                one_line(&why.to_string())
            ));
            Ok(None)
        }
    }
}

/// The commits of these runs that are here and do not lead to `tip`.
async fn unmerged(services: &Services, runs: &[BaselineRun], tip: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let commits: BTreeSet<&String> = runs.iter().filter_map(|run| run.commit.as_ref()).collect();
    for commit in commits {
        if let Leads::No = leads(services, commit, tip).await {
            found.insert(commit.clone());
        }
    }
    found
}
