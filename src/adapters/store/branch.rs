//! Records as files of a branch: every write is one commit on top of what was read, or is done all over again.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::try_join_all;

use super::record::{self, Step};
use crate::ports::{
    clock::Clock,
    store::{Advanced, Branch, Commit, Conflict, Expect, FileChange, Key, Patience, Revision, Store, StoreError, Tip, Versioned, Write},
};

/// The pause before the second try; doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How often a record is read again that is older than the one its writer has seen: hosts answer from copies.
const LAG_TRIES: u32 = 4;

/// Where records are in the tree, so that other files may be beside them.
const FOLDER: &str = "records/";

const README: &str = "# prompt-cicd-state\n\nprompt-cicd keeps rollouts, registry and audit log here. It writes every commit of this branch itself;\nread it, and change it only through `prompt-cicd`.\n";

/// Records as files of a branch.
pub struct BranchStore {
    branch: Arc<dyn Branch>,
    clock: Arc<dyn Clock>,
    /// Commits of the branch before its history begins anew.
    history: u64,
}

impl BranchStore {
    /// The store on this branch, whose history begins anew after `history` commits.
    pub fn new(branch: Arc<dyn Branch>, clock: Arc<dyn Clock>, history: u64) -> Self {
        Self { branch, clock, history: history.max(2) }
    }

    /// Waits before the next try; false when there is no time for one.
    async fn pause(&self, tries: u32, patience: Patience) -> bool {
        let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE).mul_f64(0.5 + 0.5 * self.clock.jitter());
        let time = self.clock.elapsed() + pause < patience.until;
        if time {
            self.clock.sleep(pause).await;
        }
        time
    }

    async fn read(&self, tip: &Tip, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        let path = path(key);
        let found = self.branch.read(tip, &path, patience).await?;
        found.map(|text| record::decode(key, &text, &format!("{}: {path} at {}", self.place(), tip.commit))).transpose()
    }

    /// What the writes make of the branch as it is, and whether an earlier try made exactly that.
    async fn decided(&self, tip: Option<&Tip>, writes: &[Write], nonce: &str, patience: Patience) -> Result<Decided, StoreError> {
        let found = match tip {
            Some(tip) => try_join_all(writes.iter().map(|write| self.read(tip, &write.key, patience))).await?,
            None => writes.iter().map(|_| None).collect(),
        };
        let ours = |found: &Option<Versioned>| found.as_ref().is_some_and(|found| found.revision.as_str().ends_with(nonce));
        if found.iter().any(ours) {
            let written = writes.iter().zip(found).map(|(write, found)| found.map_or_else(|| gone(write), |found| found.revision));
            return Ok(Decided::Before(written.collect()));
        }
        let steps = writes.iter().zip(found).map(|(write, found)| record::decide(write, found, nonce, &self.place()));
        Ok(Decided::Now(steps.collect::<Result<_, _>>()?))
    }
}

/// What is to be done.
enum Decided {
    /// These steps.
    Now(Vec<Step>),
    /// Nothing: it was done by a try whose answer was lost.
    Before(Vec<Revision>),
}

/// The last revision of a record that is not there any more.
fn gone(write: &Write) -> Revision {
    match &write.expect {
        Expect::Revision(revision) => revision.clone(),
        Expect::Absent => Revision::new("none"),
    }
}

fn path(key: &Key) -> String {
    format!("{FOLDER}{key}.json")
}

impl fmt::Debug for BranchStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BranchStore").field("branch", &self.branch.place()).field("history", &self.history).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for BranchStore {
    fn place(&self) -> String {
        self.branch.place()
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        let Some(tip) = self.branch.tip(patience).await? else { return Ok(None) };
        self.read(&tip, key, patience).await
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        let Some(tip) = self.branch.tip(patience).await? else { return Ok(Vec::new()) };
        let paths = self.branch.list(&tip, patience).await?;
        let key = |path: &String| Key::new(path.strip_prefix(FOLDER)?.strip_suffix(".json")?).ok();
        let mut keys: Vec<Key> = paths.iter().filter_map(key).filter(|key| folder.is_none_or(|folder| key.is_below(folder))).collect();
        keys.sort();
        Ok(keys)
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        record::check(writes)?;
        let nonce = record::nonce();
        let (mut tries, mut maybe_done) = (0_u32, false);
        loop {
            tries += 1;
            let tip = self.branch.tip(patience).await.map_err(|error| unsure(error, maybe_done))?;
            let steps = match self.decided(tip.as_ref(), writes, &nonce, patience).await {
                Ok(Decided::Now(steps)) => steps,
                Ok(Decided::Before(revisions)) => return Ok(revisions),
                Err(StoreError::Conflict(conflict)) if lags(&conflict) && tries <= LAG_TRIES => {
                    self.pause(tries, patience).await;
                    continue;
                }
                Err(error) => return Err(unsure(error, maybe_done)),
            };
            let mut changes = changes(writes, &steps);
            let revisions = || steps.iter().map(Step::revision).collect();
            if changes.is_empty() {
                return Ok(revisions());
            }
            if tip.is_none() {
                changes.push(FileChange { path: "README.md".to_owned(), content: Some(README.to_owned()) });
            }
            let fresh = tip.as_ref().is_some_and(|tip| tip.commits >= self.history);
            let commits = tip.as_ref().filter(|_| !fresh).map_or(0, |tip| tip.commits) + 1;
            let message = Tip::counted(&subject(&changes), commits);
            let commit = Commit { changes: &changes, message: &message, fresh };
            let why = match self.branch.advance(tip.as_ref(), &commit, patience).await {
                Ok(Advanced::Done) => return Ok(revisions()),
                Ok(Advanced::Stale { said }) => said,
                Err(StoreError::Unreachable { reason, maybe_done: true, .. }) => {
                    maybe_done = true;
                    reason
                }
                Err(error) => return Err(unsure(error, maybe_done)),
            };
            if !self.pause(tries, patience).await {
                let reason = format!("not written in {tries} {}, the last one: {why}", if tries == 1 { "try" } else { "tries" });
                return Err(StoreError::Unreachable { place: self.place(), reason, maybe_done });
            }
        }
    }
}

/// Whether what was found is older than what was expected.
fn lags(conflict: &Conflict) -> bool {
    let number = |revision: &Revision| revision.as_str().split('-').next().and_then(|number| number.parse::<u64>().ok());
    match (&conflict.expected, &conflict.found) {
        (Expect::Revision(expected), Some(found)) => number(&found.revision) < number(expected),
        (Expect::Revision(_), None) => true,
        (Expect::Absent, _) => false,
    }
}

/// An error after a try whose answer was lost.
fn unsure(error: StoreError, before: bool) -> StoreError {
    if let StoreError::Unreachable { place, reason, maybe_done } = error {
        return StoreError::Unreachable { place, reason, maybe_done: maybe_done || before };
    }
    error
}

/// A commit's first line.
fn subject(changes: &[FileChange]) -> String {
    let key = |change: &'_ FileChange| Some(change.path.strip_prefix(FOLDER)?.strip_suffix(".json")?.to_owned());
    let keys: Vec<String> = changes.iter().filter_map(key).collect();
    match keys.as_slice() {
        [one] => format!("state: {one}"),
        [first, rest @ ..] => format!("state: {first} and {} more", rest.len()),
        [] => "state".to_owned(),
    }
}

fn changes(writes: &[Write], steps: &[Step]) -> Vec<FileChange> {
    let mut changes = BTreeMap::new();
    for (write, step) in writes.iter().zip(steps) {
        match step {
            Step::Put { text, .. } => drop(changes.insert(path(&write.key), Some(text.clone()))),
            Step::Delete(_) => drop(changes.insert(path(&write.key), None)),
            Step::Keep(_) => {}
        }
    }
    changes.into_iter().map(|(path, content)| FileChange { path, content }).collect()
}
