//! `rollback list-versions | history | validate | status`.

use super::{Subject, choose, within};
use crate::{
    app::{Failure, Finished, Outcome, Services},
    domain::{
        rollback::{deadline::Deadline, target::previous_stable},
        rollout::Phase,
    },
    report::{escape::one_line, rollback as report},
};

/// The versions that could be gone back to, and why others could not.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn list_versions(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    let patience = world.base.patience();
    let loaded = world.load(patience).await?;
    let all = choose::candidates(&world, &loaded, false, patience).await?;
    let current = loaded.deployment.current().cloned();
    let mut stdout = Vec::new();
    let next = previous_stable(&all, current.as_ref()).ok();
    report::versions(subject.shape, &all, current.as_ref(), next.as_ref(), &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}

/// Rollbacks, newest first.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn history(services: &Services, subject: &Subject, limit: usize) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    let loaded = world.load(world.base.patience()).await?;
    let mut stdout = Vec::new();
    report::history(subject.shape, &loaded.deployment.rollbacks, limit, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}

/// The newest rollback, and whether one is under way that nobody finished.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn status(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    let loaded = world.load(world.base.patience()).await?;
    let mut finished = history(services, subject, 1).await?;
    let Some(rollout) = &loaded.deployment.rollout else { return Ok(finished) };
    let warning = match &rollout.phase {
        Phase::Returning { back } => Some(format!(
            "warning: {} is being put back ({}): `prompt-cicd rollback resume {}` finishes it",
            back.to,
            one_line(&back.reason),
            one_line(&world.prompt)
        )),
        Phase::Progressing | Phase::Held { .. } | Phase::Completed | Phase::Aborted { .. } | Phase::RolledBack { .. } => {
            let shown = world.observe(rollout).await;
            world.interrupted(rollout, &shown).await?.map(|interrupted| interrupted.warning)
        }
    };
    if let Some(warning) = warning {
        finished.notes.push(warning);
        finished.outcome = Outcome::RolloutHeld;
    }
    Ok(finished)
}

/// Whether a version could be gone back to.
///
/// # Errors
/// Why it could not.
pub async fn validate(services: &Services, subject: &Subject, version: Option<&str>) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    let patience = within(&world, Deadline::new(services.clock.elapsed(), world.settings.rollback_timeout));
    let loaded = world.load(patience).await?;
    let to = choose::version(&world, &loaded, version, false, patience).await?;
    Ok(Finished::done(format!("{} {to} can be put back in {}\n", world.prompt, world.settings.name)))
}
