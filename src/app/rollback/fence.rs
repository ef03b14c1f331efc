//! Rollbacks and targets that remember a newer epoch than the record: a store that was restored from a backup must not keep an emergency
//! from getting through, and a rollback that is none must name the one that does.

use std::time::Duration;

use super::{Driven, within};
use crate::{
    app::rollout::world::{Loaded, World},
    domain::{
        rollback::{deadline::Deadline, trigger::Trigger},
        rollout::{Event, Phase, Rollout, VersionRef},
    },
    ports::{store::Patience, target::TargetErrorKind},
    report::escape::one_line,
};

/// How long the record is asked whether it knows the targets' epoch by now.
const STORE_TIME: Duration = Duration::from_secs(2);

/// The rollback again, above every epoch that a target remembers; `None` where no target refused an emergency for its epoch, and where
/// somebody else's rollback, which is in the record by now, came between.
pub(super) async fn above(world: &World, rollout: &Rollout, event: Option<&Event>, driven: &Driven, deadline: Deadline) -> Option<Event> {
    let (to, reason, by, named) = match (event, &rollout.phase) {
        (Some(Event::Rollback { to, trigger: Trigger::Emergency, reason, by, named, .. }), _) => (to, reason, by, *named),
        (None, Phase::Returning { back }) if back.trigger == Some(Trigger::Emergency) => (&back.to, &back.reason, &back.by, false),
        _ => return None,
    };
    let newest = newest(driven)?;
    if newest < rollout.epoch {
        return None;
    }
    let patience = within(world, deadline);
    let brief = Patience { until: patience.until.min(world.base.services.clock.elapsed() + STORE_TIME), ..patience };
    // A store that does not answer now does not hold up an emergency.
    let known = world.load(brief).await.map_or(0, |fresh| fresh.deployment.epoch);
    if known >= newest {
        return None;
    }
    let reason = format!(
        "{reason} (a target remembers epoch {newest}, and the record only {known}, as one that was restored from a backup: \
         the epoch is raised to {})",
        newest.saturating_add(1)
    );
    Some(Event::Rollback { to: to.clone(), trigger: Trigger::Emergency, reason, by: by.clone(), above: Some(newest), named })
}

/// The rollback again, over epochs that targets cannot read; `None` where no target refused an emergency for that.
pub(super) fn over(before: &Rollout, rollout: &Rollout, event: Option<&Event>, driven: &Driven) -> Option<Event> {
    let (to, reason, by, above, named) = match (event, &rollout.phase) {
        (Some(Event::Rollback { to, trigger: Trigger::Emergency, reason, by, above, named }), _) => (to, reason, by, *above, *named),
        (None, Phase::Returning { back }) if back.trigger == Some(Trigger::Emergency) => (&back.to, &back.reason, &back.by, None, false),
        _ => return None,
    };
    let refusing: Vec<String> = driven
        .shown()
        .into_iter()
        .filter(|shown| shown.error == Some(TargetErrorKind::EpochUnreadable))
        .map(|shown| shown.target)
        .collect();
    if refusing.is_empty() || driven.overwrites {
        return None;
    }
    let reason = format!("{reason} (the epoch that {} remembers cannot be read: it is written over)", refusing.join(", "));
    // Where the record says that it is done already, or under way, it is done again.
    let again = if rollout.epoch > before.epoch { above } else { Some(before.epoch.saturating_add(1)).max(above) };
    Some(Event::Rollback { to: to.clone(), trigger: Trigger::Emergency, reason, by: by.clone(), above: again, named })
}

/// The newest epoch for which a target refused; `None` where none did, or none says its epoch.
fn newest(driven: &Driven) -> Option<u64> {
    let refused = driven.shown();
    refused.iter().filter(|shown| shown.error == Some(TargetErrorKind::Fenced)).filter_map(|shown| shown.epoch).max()
}

/// The next step after a rollback that was no emergency and that a target refused for an epoch which the record does not know.
pub(super) fn next_step(world: &World, loaded: &Loaded, to: &VersionRef, driven: &Driven) -> Option<String> {
    let known = loaded.deployment.epoch;
    let newest = newest(driven).filter(|newest| *newest > known)?;
    Some(format!(
        "a target remembers epoch {newest}, and the record only {known}: it was restored from a backup, or another rollback did not get to \
         writing it; `prompt-cicd rollback {} -e {} --to {} --emergency` gets through",
        one_line(&world.prompt),
        one_line(&world.settings.name),
        to.version
    ))
}
