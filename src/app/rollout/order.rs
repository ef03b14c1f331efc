//! `rollout pause | resume | promote | set | complete | abort`: what a person orders.

use std::time::Duration;

use super::{
    Subject,
    execute::Shown,
    told,
    world::{Loaded, World},
};
use crate::{
    app::{Failure, Finished, Services},
    domain::rollout::{Event, Percent, Phase, step},
    ports::store::StoreError,
};

/// How long an order to stop is given anew when others write at the same time.
const INSISTS: Duration = Duration::from_secs(20);

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
    let event = order.event(subject.by(services));
    let mut world = if stops(&event) { subject.open_unmeasured(services)? } else { subject.open(services)? };
    let mut loaded = world.load(world.base.patience()).await?;
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
    let shown = if stops(&event) {
        Box::pin(stop(&mut world, &mut loaded, event, &mut said)).await?
    } else {
        said.extend(told(&world.commit(&mut loaded, event).await?));
        world.settle_or_mend(&mut loaded, &mut said).await?
    };
    said.extend(world.deliver(&mut loaded).await);
    let bad = crate::app::rollback::came_to_bad(&world, &loaded).await;
    let is_bad = bad.is_some();
    said.extend(bad);
    let mut finished = subject.show(&world, &loaded.deployment, &shown, said)?;
    // What was ordered was done: standing still is what a pause is for. That a bad version has everything again is for people.
    let held = matches!(loaded.deployment.rollout.as_ref().map(|rollout| &rollout.phase), Some(Phase::Held { .. } | Phase::Aborted { .. }));
    let done = held && !is_bad && shown.iter().all(|shown| shown.confirmed);
    if done && finished.outcome == crate::app::Outcome::RolloutHeld {
        finished.outcome = crate::app::Outcome::Done;
    }
    Ok(finished)
}

/// Whether an order means the same whatever a runner wrote meanwhile. What moves traffic on was decided on what was seen.
fn stops(event: &Event) -> bool {
    matches!(event, Event::Pause { .. } | Event::Abort { .. })
}

/// Gives an order to stop until it is written: a runner that writes every few milliseconds must not keep a person from stopping it.
/// When a runner carries it out first, that is as good.
async fn stop(world: &mut World, loaded: &mut Loaded, event: Event, said: &mut Vec<String>) -> Result<Vec<Shown>, Failure> {
    let until = world.base.services.clock.elapsed() + INSISTS;
    let effects = loop {
        match world.commit(loaded, event.clone()).await {
            Err(Failure::Store(StoreError::Conflict(_))) if world.base.services.clock.elapsed() < until => {
                *loaded = world.load(world.base.patience()).await?;
            }
            other => break other?,
        }
    };
    said.extend(told(&effects));
    let paused = matches!(event, Event::Pause { .. });
    let mut settled = world.settle_all(loaded, said).await;
    while let Err(Failure::Store(StoreError::Conflict(_))) = &settled
        && world.base.services.clock.elapsed() < until
    {
        *loaded = world.load(world.base.patience()).await?;
        settled = match loaded.deployment.rollout.clone() {
            // A runner did it: what the targets say is all that is missing.
            Some(rollout) if stands(&rollout.phase, paused) => Ok(world.observe(&rollout).await),
            Some(_) | None => world.settle_all(loaded, said).await,
        };
    }
    world.mended(settled, said).await
}

/// Whether a rollout is where an order to stop leads to.
fn stands(phase: &Phase, paused: bool) -> bool {
    if paused { matches!(phase, Phase::Held { .. }) } else { matches!(phase, Phase::Aborted { .. }) }
}
