//! Writing what a rollback decides and what came of it, whoever else writes at the same time.

use std::time::Duration;

use crate::{
    app::{
        Failure,
        rollout::world::{Loaded, World},
    },
    domain::{
        rollback::{deadline::Deadline, record::RollbackRecord},
        rollout::{Effect, Event, Phase, Rollout, VersionRef},
    },
    ports::store::{Patience, StoreError},
};

/// How often a writing begins anew when others write at the same time.
const TRIES: usize = 20;

/// Writes the intent of a rollback; what others write at the same time is read anew.
pub(super) async fn write_intent(world: &mut World, loaded: &mut Loaded, event: &Event, patience: Patience) -> Result<(), Failure> {
    for _ in 0..TRIES {
        match world.commit_within(loaded, event.clone(), patience).await {
            Err(Failure::Store(StoreError::Conflict(_))) => *loaded = world.load(patience).await?,
            other => return other.map(drop),
        }
    }
    Ok(())
}

/// Writes what was decided and confirmed. A newer state to do it all again for comes back when somebody else rolled back in between.
pub(super) async fn keep(
    world: &mut World,
    loaded: &mut Loaded,
    event: Option<&Event>,
    done: &Rollout,
    confirmed: bool,
    deadline: Deadline,
) -> Result<Option<Rollout>, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        // The last writing has a little time of its own: the targets are what had to be in time.
        let patience = Patience::of(
            world.base.services.clock.as_ref(),
            Duration::from_secs(5).max(deadline.left(world.base.services.clock.elapsed()).unwrap_or_default()),
        )
        .never_waiting();
        let written = async {
            *loaded = world.load(patience).await?;
            if let Some(event) = event {
                world.commit_within(loaded, event.clone(), patience).await?;
            }
            let Some(rollout) = loaded.deployment.rollout.clone() else { return Ok(None) };
            if rollout.epoch > done.epoch && matches!(rollout.phase, Phase::Returning { .. }) {
                return Ok(Some(rollout));
            }
            if let Some(intent) = rollout.intent.as_ref().filter(|_| confirmed && rollout.epoch == done.epoch) {
                world.commit_within(loaded, Event::Confirmed { operation: intent.operation.clone() }, patience).await?;
            }
            Ok(None)
        }
        .await;
        match written {
            Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => {}
            other => return other,
        }
    }
}

/// Whose record counts when two write one of the same rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// Who carried it out.
    Own,
    /// Who found it without a record: one that came meanwhile stays.
    Finder,
}

/// The record goes to the deployment's history, and with it to the audit log.
pub(super) async fn remember(world: &World, loaded: &mut Loaded, record: &RollbackRecord, author: Author) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        if author == Author::Finder && loaded.deployment.unrecorded().is_none() {
            return Ok(());
        }
        let patience = Patience::of(world.base.services.clock.as_ref(), Duration::from_secs(5)).never_waiting();
        let mut after = loaded.deployment.clone();
        after.rolled_back(record.clone());
        match world.save(loaded, after, Vec::new(), patience).await {
            Ok(kept) => {
                *loaded = kept;
                return Ok(());
            }
            Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => *loaded = world.load(patience).await?,
            Err(failure) => return Err(failure),
        }
    }
}

/// Takes the mark as bad away from a version that serves already, where there is one.
pub(super) async fn unmark(world: &World, loaded: &mut Loaded, version: &VersionRef) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let patience = Patience::of(world.base.services.clock.as_ref(), Duration::from_secs(5)).never_waiting();
        let put_back = [Effect::PutBack { version: version.clone(), on_purpose: true }];
        match world.mark(loaded, &put_back, patience).await {
            Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => *loaded = world.load(patience).await?,
            other => return other,
        }
    }
}

/// Writes again what came of a rollback that is kept already: its watch went on. Nothing else of the record
/// that is kept changes: somebody else may have written it.
pub(super) async fn amend(world: &World, loaded: &mut Loaded, record: &RollbackRecord) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let patience = Patience::of(world.base.services.clock.as_ref(), Duration::from_secs(10)).never_waiting();
        let mut after = loaded.deployment.clone();
        let Some(kept) = after.rollbacks.iter_mut().find(|kept| kept.keeps(record)) else { return Ok(()) };
        if kept.watch == record.watch {
            return Ok(());
        }
        kept.watch.clone_from(&record.watch);
        match world.save(loaded, after, Vec::new(), patience).await {
            Ok(kept) => {
                *loaded = kept;
                return Ok(());
            }
            Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => *loaded = world.load(patience).await?,
            Err(failure) => return Err(failure),
        }
    }
}
