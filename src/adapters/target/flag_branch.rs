//! A manifest in a file of a branch: every change is one commit on top of what was read, or is made all over again.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    manifest::{Manifest, ManifestError},
    tell::{MAX_ANSWER, Teller},
};
use crate::{
    adapters::http::words,
    domain::target::{Desired, Observed},
    ports::{
        clock::Clock,
        store::{Advanced, Branch, Commit, FileChange, Patience, StoreError, Tip},
        target::{TargetError, TargetErrorKind},
    },
};

/// The pause after a lost race; doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A flag in a manifest in a file of a branch. Every other file, and every other flag, stays as it is.
pub(super) struct FlagBranch {
    teller: Teller,
    branch: Arc<dyn Branch>,
    clock: Arc<dyn Clock>,
    path: String,
    flag: String,
}

impl fmt::Debug for FlagBranch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlagBranch").field("branch", &self.branch.place()).field("path", &self.path).finish_non_exhaustive()
    }
}

impl FlagBranch {
    /// The flag in the file at `path` of the branch.
    pub(super) fn new(teller: Teller, branch: Arc<dyn Branch>, clock: Arc<dyn Clock>, path: String, flag: String) -> Self {
        Self { teller, branch, clock, path, flag }
    }

    /// Puts the flag in by one commit; none where it is in already.
    pub(super) async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        let patience = self.patience(deadline);
        self.teller.within(deadline, self.change(desired, operation, patience)).await
    }

    /// What the flag shows, read from the remote.
    pub(super) async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        let patience = self.patience(deadline);
        self.teller.within(deadline, self.look(patience)).await
    }

    /// A rate limit is an error at once: whoever rolls back has no time for it, and others come again.
    fn patience(&self, deadline: Duration) -> Patience {
        Patience::of(&*self.clock, deadline.min(self.teller.timeout)).never_waiting()
    }

    fn shown(&self) -> String {
        format!("{} of {}", self.path, self.branch.place())
    }

    fn unusable(&self, error: ManifestError) -> TargetError {
        error.told(&self.teller, &self.flag, &self.shown())
    }

    fn trouble(&self, error: &StoreError) -> TargetError {
        let kind = match error {
            // Room that is missing may be made, as with a file.
            StoreError::Unreachable { maybe_done: true, .. } | StoreError::Full { .. } => TargetErrorKind::Failed,
            StoreError::Unreachable { .. } => TargetErrorKind::Unreachable,
            StoreError::Conflict(_) => TargetErrorKind::Conflict,
            StoreError::Corrupt { .. }
            | StoreError::Newer { .. }
            | StoreError::Refused { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Settings(_) => TargetErrorKind::Refused,
        };
        self.teller.error(kind, &error.to_string())
    }

    /// The newest commit and its manifest; none where there is nothing yet.
    async fn read(&self, patience: Patience) -> Result<(Option<Tip>, Option<Manifest>), TargetError> {
        let Some(tip) = self.branch.tip(patience).await.map_err(|error| self.trouble(&error))? else { return Ok((None, None)) };
        let Some(text) = self.branch.read(&tip, &self.path, patience).await.map_err(|error| self.trouble(&error))? else {
            return Ok((Some(tip), None));
        };
        if text.len() > MAX_ANSWER {
            return Err(self.teller.error(TargetErrorKind::Refused, &format!("{} has more than 4 MiB; make it smaller", self.shown())));
        }
        let manifest = Manifest::parse(&text).map_err(|error| self.unusable(error))?;
        Ok((Some(tip), Some(manifest)))
    }

    async fn change(&self, desired: &Desired, operation: &str, patience: Patience) -> Result<(), TargetError> {
        let message = message(desired, operation);
        let mut tries = 0;
        loop {
            tries += 1;
            let (tip, manifest) = self.read(patience).await?;
            let mut manifest = manifest.unwrap_or_else(Manifest::empty);
            if !manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(error))? {
                return Ok(());
            }
            let changes = [FileChange { path: self.path.clone(), content: Some(manifest.to_text()) }];
            let commit = Commit { changes: &changes, message: &message, fresh: false };
            let said = match self.branch.advance(tip.as_ref(), &commit, patience).await {
                Ok(Advanced::Done) => return Ok(()),
                Ok(Advanced::Stale { said }) => said,
                Err(error) => return Err(self.trouble(&error)),
            };
            if !self.pause(tries, patience).await {
                let what = format!("{}: others wrote {tries} times in between ({}); try again", self.shown(), words::plain(&said));
                return Err(self.teller.error(TargetErrorKind::Conflict, &what));
            }
        }
    }

    async fn look(&self, patience: Patience) -> Result<Observed, TargetError> {
        let (_, Some(manifest)) = self.read(patience).await? else { return Ok(Observed::default()) };
        manifest.observe(&self.flag).map_err(|error| self.unusable(error))
    }

    /// Waits before the next try; false when there is no time for one.
    async fn pause(&self, tries: u32, patience: Patience) -> bool {
        let longest = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
        let pause = longest.mul_f64(0.5 + 0.5 * self.clock.jitter());
        let time = self.clock.elapsed() + pause < patience.until;
        if time {
            self.clock.sleep(pause).await;
        }
        time
    }
}

/// What a commit says: who gets which version, and the operation that it belongs to.
fn message(desired: &Desired, operation: &str) -> String {
    let (prompt, environment) = (words::plain(&desired.subject.prompt), words::plain(&desired.subject.environment));
    let arm = desired.candidate.as_ref().map_or_else(
        || format!("{} for everybody", desired.stable.number),
        |candidate| format!("{} at {}", candidate.number, desired.percent),
    );
    let (rollout, operation) = (words::plain(&desired.rollout), words::plain(operation));
    format!("flags: {prompt} {arm} in {environment}\n\nRollout: {rollout}\nOperation: {operation}\n")
}
