//! Whose rollback a record is of.

use crate::{
    app::rollout::world::{Loaded, World},
    domain::{
        rollback::{record::RollbackStatus, trigger::Trigger},
        rollout::{Event, Phase, Rollout, state::Return},
    },
};

/// What was gone back to, and under whose name that is kept; `None` where there is nothing to keep.
pub(super) fn back(world: &World, loaded: &Loaded, rollout: &Rollout, event: Option<&Event>, confirmed: bool) -> Option<(Return, Trigger)> {
    // Somebody who asks for a rollback that does not get everywhere gets its record, and not that all is well.
    let asked = match event {
        Some(Event::Rollback { to, trigger, reason, by, .. }) if !confirmed => {
            Some(Return { to: to.clone(), trigger: Some(*trigger), reason: reason.clone(), by: by.clone(), left: None })
        }
        Some(_) | None => None,
    };
    let wanted = asked.as_ref().and_then(|asked| asked.trigger);
    match &rollout.phase {
        Phase::Returning { back } => Some((back.clone(), back.trigger.or(wanted)?)),
        // It was there already, and only the targets were made to show it again.
        Phase::RolledBack { .. } | Phase::Aborted { .. } | Phase::Completed if confirmed => None,
        Phase::RolledBack { back } | Phase::Aborted { back } => {
            let id = rollout.rollback_id();
            let done = loaded.deployment.rollbacks.iter().any(|kept| kept.id == id && kept.status == RollbackStatus::Success);
            // The first one stays as it is: this is another one's.
            let own = asked.filter(|_| done).map(|asked| Return { to: back.to.clone(), left: back.left.clone(), ..asked });
            let trigger = if own.is_some() { wanted } else { back.trigger.or(wanted) };
            Some((own.unwrap_or_else(|| back.clone()), trigger.unwrap_or(Trigger::Manual)))
        }
        Phase::Completed | Phase::Progressing | Phase::Held { .. } => {
            let back = Return {
                to: rollout.to.clone(),
                trigger: wanted,
                reason: "it is the stable version".to_owned(),
                by: world.base.services.who.actor.clone(),
                left: None,
            };
            Some((back, wanted.unwrap_or(Trigger::Manual)))
        }
    }
}
