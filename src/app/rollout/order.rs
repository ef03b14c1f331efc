//! `rollout pause | resume | promote | set | complete | abort`: what a person orders.

use super::{Subject, told};
use crate::{
    app::{Failure, Finished, Services},
    domain::rollout::{Event, Percent, Phase, step},
};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Hold it.
    Pause {
        /// Why.
        reason: String,
    },
    /// Let it go on.
    Resume {
        /// Who approved, where that is asked for.
        approved_by: Option<String>,
    },
    /// To the next stage, or to the end.
    Promote {
        /// To the end.
        full: bool,
        /// Who approved, where that is asked for.
        approved_by: Option<String>,
    },
    /// To a share.
    Set {
        /// In percent.
        percent: Percent,
        /// Whatever the health and the plan.
        force: bool,
        /// Who approved, where that is asked for.
        approved_by: Option<String>,
    },
    /// To the end, now.
    Complete {
        /// Whatever the health.
        skip_final_checks: bool,
        /// Who approved, where that is asked for.
        approved_by: Option<String>,
    },
    /// Back to nothing.
    Abort {
        /// Why.
        reason: String,
    },
}

impl Order {
    fn event(self, by: String) -> Event {
        match self {
            Self::Pause { reason } => Event::Pause { reason, by },
            Self::Resume { approved_by } => Event::Resume { by, approved_by },
            Self::Promote { full, approved_by } => Event::Promote { full, by, approved_by },
            Self::Set { percent, force, approved_by } => Event::Set { percent, force, by, approved_by },
            Self::Complete { skip_final_checks, approved_by } => Event::Complete { skip_final_checks, by, approved_by },
            Self::Abort { reason } => Event::Abort { reason, by },
        }
    }
}

/// Carries out an order.
///
/// # Errors
/// An order that this state does not allow; whatever keeps the store or the targets from answering.
pub async fn order(services: &Services, subject: &Subject, order: Order) -> Result<Finished, Failure> {
    let mut world = subject.open(services)?;
    let mut loaded = world.load(world.base.patience()).await?;
    let event = order.event(subject.by(services));
    if subject.dry_run {
        let Some(rollout) = loaded.deployment.rollout.clone() else { return Err(world.nothing(event.verb()).await) };
        let now = world.now();
        let transition = step(&rollout, &event, now, &rollout.plan).map_err(Failure::Refused)?;
        let mut after = loaded.deployment.clone();
        after.stepped(transition.next, event, now);
        let finished = subject.show(&world, &after, &[], told(&transition.effects))?;
        return Ok(Finished { outcome: crate::app::Outcome::Done, ..finished });
    }
    let mut said = Vec::new();
    said.extend(told(&world.commit(&mut loaded, event).await?));
    let shown = world.settle_or_mend(&mut loaded, &mut said).await?;
    said.extend(world.deliver(&mut loaded).await);
    let mut finished = subject.show(&world, &loaded.deployment, &shown, said)?;
    // What was ordered was done: standing still is what a pause is for.
    let held = matches!(loaded.deployment.rollout.as_ref().map(|rollout| &rollout.phase), Some(Phase::Held { .. } | Phase::Aborted { .. }));
    if held && finished.outcome == crate::app::Outcome::RolloutHeld && shown.iter().all(|shown| shown.confirmed) {
        finished.outcome = crate::app::Outcome::Done;
    }
    Ok(finished)
}
