//! `rollback resume`: finishes what an interrupted run began.

use std::time::Duration;

use super::{choose, finish, refused, told, within};
use crate::{
    app::{
        Failure, Finished, Services,
        rollout::{
            Subject,
            world::{Loaded, World},
        },
    },
    domain::{
        rollback::{deadline::Deadline, trigger::Trigger},
        rollout::{Event, Phase},
    },
    ports::store::Patience,
};

/// Finishes a rollback that was interrupted: one whose intent is in the record, or an emergency that got to a target and not to the
/// record.
///
/// # Errors
/// When there is none, or when the targets do not say which version it was for.
pub async fn resume(services: &Services, subject: &Subject, timeout: Option<Duration>) -> Result<Finished, Failure> {
    let mut world = subject.open_unmeasured(services)?;
    let deadline = Deadline::new(services.clock.elapsed(), timeout.unwrap_or(world.settings.rollback_timeout));
    let patience = within(&world, deadline);
    let mut loaded = world.load_known_within(patience).await?;
    let returning = matches!(loaded.deployment.rollout.as_ref().map(|rollout| &rollout.phase), Some(Phase::Returning { .. }));
    let event = if returning { None } else { Some(lost(&world, &loaded, subject.by(services), patience).await?) };
    if subject.dry_run {
        return Ok(Finished::done("would finish the rollback that is under way\n"));
    }
    match finish(&mut world, &mut loaded, deadline, event).await? {
        (Some(record), _) => {
            let wants = world.settings.rollback_watch.always;
            told(subject, &world, &mut loaded, record, wants, &[]).await
        }
        (None, more) => subject.show(&world, &loaded.deployment, &more, Vec::new()),
    }
}

/// The rollback that the targets show and the record does not know.
async fn lost(world: &World, loaded: &Loaded, by: String, patience: Patience) -> Result<Event, Failure> {
    let none = || refused("resume", "no rollback is under way".to_owned(), &["rollback", "rollback status"]);
    let rollout = loaded.deployment.rollout.as_ref().ok_or_else(none)?;
    let seen = world.observe(rollout).await;
    let lost = world.interrupted(rollout, &seen).await?.ok_or_else(none)?;
    let Some(version) = lost.to else {
        let why = "a target has a newer epoch than the record, and the targets do not show one version".to_owned();
        return Err(refused("resume", why, &["rollback --to VERSION --emergency"]));
    };
    let to = choose::named(world, loaded, &version, true, patience).await?;
    let reason = "finishes an emergency rollback that the record does not know".to_owned();
    Ok(Event::Rollback { to, trigger: Trigger::Emergency, reason, by, above: None, named: true })
}
