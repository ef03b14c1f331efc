//! An emergency and targets that remember a newer epoch than the record: a store that was restored from a backup must not keep an emergency
//! from getting through.

use std::time::Duration;

use super::{Driven, within};
use crate::{
    app::rollout::world::World,
    domain::{
        rollback::{deadline::Deadline, trigger::Trigger},
        rollout::{Event, Phase, Rollout},
    },
    ports::{store::Patience, target::TargetErrorKind},
};

/// How long the record is asked whether it knows the targets' epoch by now.
const STORE_TIME: Duration = Duration::from_secs(2);

/// The rollback again, above every epoch that a target remembers; `None` where no target refused an emergency for its epoch, and where
/// somebody else's rollback, which is in the record by now, came between.
pub(super) async fn above(world: &World, rollout: &Rollout, event: Option<&Event>, driven: &Driven, deadline: Deadline) -> Option<Event> {
    let (to, reason, by) = match (event, &rollout.phase) {
        (Some(Event::Rollback { to, trigger: Trigger::Emergency, reason, by, .. }), _) => (to, reason, by),
        (None, Phase::Returning { back }) if back.trigger == Some(Trigger::Emergency) => (&back.to, &back.reason, &back.by),
        _ => return None,
    };
    let refused = driven.shown();
    let newest = refused.iter().filter(|shown| shown.error == Some(TargetErrorKind::Fenced)).filter_map(|shown| shown.epoch).max()?;
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
    Some(Event::Rollback { to: to.clone(), trigger: Trigger::Emergency, reason, by: by.clone(), above: Some(newest) })
}
