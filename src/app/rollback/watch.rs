//! Health after a rollback, looked at for a while. It begins when everything else is done and written, ends at a signal without harm, and
//! is gone on with by `rollback status`.

use std::time::Duration;

use super::{keep::amend, measured};
use crate::{
    app::{
        Failure,
        rollout::{
            measure::{Pair, check},
            world::{Loaded, World},
        },
    },
    domain::{
        rollback::{
            record::{RollbackRecord, RollbackStatus},
            watch::{Watch, Watched},
        },
        rollout::{Percent, VersionRef},
    },
    report::escape::one_line,
};

/// Begins to watch, when the rollback is one that can be watched: done, kept, and with something to measure. Where another runner kept its
/// own record of the same rollback, that one takes the place of `record`, with its watch. `Some`: why it is not watched.
pub(super) async fn begin(world: &World, loaded: &mut Loaded, record: &mut RollbackRecord) -> Result<Option<&'static str>, Failure> {
    let Some(kept) = loaded.deployment.rollbacks.last().filter(|last| last.keeps(record)) else {
        return Ok(Some("its record is not the newest that is kept"));
    };
    if kept.status != RollbackStatus::Success {
        return Ok(Some("it did not succeed"));
    }
    if measured(loaded).is_none() {
        return Ok(Some("the plan has no metrics"));
    }
    match record.status {
        RollbackStatus::Unchanged => record.watch.clone_from(&kept.watch),
        RollbackStatus::Success | RollbackStatus::Failed | RollbackStatus::Timeout => record.clone_from(kept),
    }
    if record.watch.is_none() {
        record.watch = Some(Watch::begin(world.settings.rollback_watch, world.base.moment()));
        amend(world, loaded, record).await?;
    }
    Ok(None)
}

/// Looks until the watch is over, or a signal asks to stop. What was seen is kept either way.
pub(super) async fn go_on(world: &World, loaded: &mut Loaded, record: &mut RollbackRecord) -> Result<(), Failure> {
    let services = &world.base.services;
    while let Some(pause) = look(world, loaded, record).await? {
        let stopped = tokio::select! {
            () = services.clock.sleep(Duration::from_millis(pause.max(50))) => false,
            () = services.process.stop_requested() => true,
        };
        if stopped {
            break;
        }
    }
    amend(world, loaded, record).await
}

/// One look, when it is time for one. The time until the next one comes back; `None` when the watch is over.
pub(super) async fn look(world: &World, loaded: &Loaded, record: &mut RollbackRecord) -> Result<Option<u64>, Failure> {
    let (Some(plan), Some(to)) = (measured(loaded).cloned(), back(loaded, record)) else { return Ok(None) };
    let Some(watch) = record.watch.as_mut().filter(|watch| watch.result.is_none()) else { return Ok(None) };
    let now = world.base.moment();
    if watch.is_due(now) {
        let found = check(world, &plan, Pair { candidate: &to, stable: &to }, Percent::ALL, &watch.memory).await;
        watch.looked(&found, now);
        world.base.services.progress.say(&one_line(&format!("health after the rollback: {}", found.summary())));
    }
    Ok(watch.result.is_none().then(|| watch.pause(world.base.moment())))
}

/// What follows a rollback by itself, after everything else of a look: an open watch is gone on with, to its end or by one look; an
/// automatic rollback is watched where the configuration says so. `None`: there is nothing to watch.
pub(super) async fn follow(world: &World, loaded: &mut Loaded, waits: bool) -> Result<Option<RollbackRecord>, Failure> {
    let Some(mut record) = loaded.deployment.rollbacks.last().cloned() else { return Ok(None) };
    let of_this = loaded.deployment.rollout.as_ref().is_some_and(|rollout| record.rollout.as_deref() == Some(rollout.id.as_str()));
    let settings = world.settings.rollback_watch;
    let fresh = u128::from(world.base.moment().since(record.ended)) <= settings.duration.as_millis();
    match &record.watch {
        Some(watch) if watch.result.is_none() => {}
        None if settings.always && of_this && fresh && record.trigger.is_automatic() => {
            if begin(world, loaded, &mut record).await?.is_some() {
                return Ok(None);
            }
        }
        Some(_) | None => return Ok(None),
    }
    if waits {
        go_on(world, loaded, &mut record).await?;
    } else {
        look(world, loaded, &mut record).await?;
        amend(world, loaded, &record).await?;
    }
    Ok(Some(record))
}

/// The version that is back.
fn back(loaded: &Loaded, record: &RollbackRecord) -> Option<VersionRef> {
    let rollout = loaded.deployment.rollout.as_ref();
    let known = rollout.iter().flat_map(|rollout| [&rollout.from, &rollout.to]);
    let all = loaded.deployment.stable.iter().chain(known).chain(loaded.deployment.completed.iter().map(|completed| &completed.version));
    all.into_iter().find(|version| version.version == record.to).cloned()
}

/// What people are told of a watch that is over, or of one that is not.
pub(super) fn told(record: &RollbackRecord) -> Option<String> {
    let watch = record.watch.as_ref()?;
    Some(match watch.result {
        Some(Watched::Healthy) => "note: healthy after the rollback".to_owned(),
        Some(Watched::Unhealthy | Watched::Inconclusive) => {
            format!("warning: after the rollback, health is {}; look at the numbers", one_line(&watch.summary()))
        }
        None => "note: health after the rollback is not known yet: `prompt-cicd rollback status` goes on with it".to_owned(),
    })
}
