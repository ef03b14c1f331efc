//! The record of a rollback whose process ended after its last effect and before writing what came of it.

use std::time::Duration;

use super::{after, keep::Author, kept};
use crate::{
    app::rollout::{
        execute::Shown,
        world::{Loaded, World},
    },
    domain::rollback::{
        deadline::sla_met,
        record::{RollbackRecord, RollbackStatus},
    },
};

/// Writes the record that is missing, if one is. Its times are those of the events that are kept.
pub(super) async fn record(world: &mut World, loaded: &mut Loaded, shown: &[Shown]) -> Option<RollbackRecord> {
    let rollout = loaded.deployment.rollout.clone()?;
    let (back, id, started) = loaded.deployment.unrecorded()?;
    let (back, trigger) = (back.clone(), back.trigger?);
    let ended = rollout.ended.unwrap_or(started);
    let took = Duration::from_millis(ended.since(started));
    let mut record = RollbackRecord {
        id,
        prompt: world.prompt.clone(),
        environment: world.settings.name.clone(),
        rollout: Some(rollout.id.clone()),
        from: back.left.clone().unwrap_or_else(|| rollout.to.version.clone()),
        to: back.to.version.clone(),
        started,
        ended,
        millis: ended.since(started),
        decided: Some(0),
        status: RollbackStatus::Success,
        before: rollout.last_check.as_deref().cloned(),
        after: None,
        watch: None,
        trigger,
        reason: back.reason.clone(),
        by: back.by.clone(),
        sla_met: sla_met(took),
        error: None,
        targets: shown.iter().map(|shown| shown.outcome(1, (Duration::ZERO, took))).collect(),
    };
    record.after = after(world, &rollout, &back.to, trigger).await;
    kept(world, loaded, &mut record, Author::Finder).await;
    Some(record)
}
