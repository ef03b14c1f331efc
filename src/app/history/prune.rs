//! `history prune`.

use super::{HistoryRequest, all, change, opened};
use crate::app::{Failure, Finished, Services};

/// What is let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruning {
    /// Runs of each suite that stay at most.
    pub keep: Option<usize>,
    /// Runs that began before this day or time (RFC 3339) go.
    pub before: Option<String>,
    /// Only say what would go.
    pub dry_run: bool,
}

/// Lets go of old runs; what their cases counted stays as sums, unless a suite loses all its runs.
///
/// # Errors
/// A configuration that is wrong, a name that nothing is kept of, and a store that does not answer or refuses.
pub async fn prune(services: &Services, request: &HistoryRequest, pruning: &Pruning) -> Result<Finished, Failure> {
    let (opened, notes) = opened(services, request.config.clone())?;
    let found = all(opened.store.as_ref(), opened.patience(services)).await.map_err(Failure::Store)?;
    let chosen =
        found.iter().filter(|history| request.prompt.as_ref().is_none_or(|name| history.prompt == *name || history.suite == *name));
    let mut said = String::new();
    if let Some(name) = request.prompt.as_ref().filter(|_| !found.is_empty() && chosen.clone().next().is_none()) {
        return Err(Failure::NothingToDo(format!(
            "{} has no history of a prompt or suite `{name}`; `prompt-cicd history show` shows what there is",
            opened.store.place()
        )));
    }
    for history in chosen {
        let mut went = 0;
        let mut left = 0;
        let mut cut = |history: &mut crate::domain::history::SuiteHistory| {
            went = pruning.before.as_ref().map_or(0, |before| history.compact_before(before));
            // All of a suite's runs go only by their age.
            went += pruning.keep.filter(|_| !history.runs.is_empty()).map_or(0, |keep| history.compact(keep));
            left = history.runs.len();
            went > 0
        };
        if pruning.dry_run {
            cut(&mut history.clone());
        } else {
            change(services, &opened, &history.suite, cut).await.map_err(Failure::Store)?;
        }
        let verb = if pruning.dry_run { "would go" } else { "went" };
        said.push_str(&crate::report::history::pruned(&history.suite, went, left, verb));
    }
    if said.is_empty() {
        "no run is recorded\n".clone_into(&mut said);
    }
    Ok(Finished { notes, ..Finished::done(said) })
}
