//! `rollback list-versions | history | validate | status`.

use super::{Subject, afterwards, choose, within};
use crate::{
    app::{
        Failure, Finished, Outcome, Services,
        rollout::{execute::Shown, tell, unconfirmed},
    },
    domain::{
        rollback::{
            deadline::Deadline,
            record::{RollbackRecord, RollbackStatus},
            watch::Watched,
        },
        rollout::{Phase, deployment::Deployment},
    },
    report::{
        escape::one_line,
        rollback as report,
        rollout::{Shape, TargetLine},
    },
};

/// The versions that could be gone back to, and why others could not.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn list_versions(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let patience = world.base.patience();
    let loaded = world.load_known_within(patience).await?;
    let all = choose::candidates(&world, &loaded, patience).await?;
    let current = loaded.deployment.current().cloned();
    let mut stdout = Vec::new();
    // What serves already is no way back, unless it is bad.
    let next = choose::previous(&world, &loaded, false, patience).await.ok().filter(|next| Some(next) != current.as_ref());
    report::versions(subject.shape, &all, current.as_ref(), next.as_ref(), &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}

/// Rollbacks, newest first.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn history(services: &Services, subject: &Subject, limit: usize) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let loaded = world.load_known().await?;
    let mut stdout = Vec::new();
    report::history(subject.shape, &loaded.deployment.rollbacks, limit, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}

/// The newest rollback, and what the targets show now. A watch that is open is gone on with: by one look, or to its end (`watch`). What a rollout came to before it does not count: the exit code is that of the
/// rollback and of its targets.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn status(services: &Services, subject: &Subject, watch: bool) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let mut loaded = world.load_known().await?;
    let told = if subject.dry_run { Vec::new() } else { afterwards(&world, &mut loaded, watch).await };
    let shown = match &loaded.deployment.rollout {
        Some(rollout) => world.observe(rollout).await,
        None => Vec::new(),
    };
    let lines: Vec<TargetLine> = shown.iter().map(line).collect();
    let mut stdout = Vec::new();
    report::status(subject.shape, loaded.deployment.rollbacks.last(), &lines, &mut stdout)
        .map_err(|error| Failure::Internal(error.into()))?;
    let mut markdown = Vec::new();
    let markdown = report::status(Shape::Markdown, loaded.deployment.rollbacks.last(), &lines, &mut markdown).map(|()| markdown);
    let mut notes = super::super::lines(&world.base.warnings);
    notes.extend(told);
    if watch && loaded.deployment.rollbacks.last().is_some_and(|record| record.watch.is_none()) {
        let next = "`rollback --watch` begins that, and `rollouts.rollback.watch.always` in the configuration does for each";
        notes.push(format!("note: health after this rollback is not watched: {next}"));
    }
    notes.extend(tell::rollback(services, &loaded.deployment, loaded.deployment.rollbacks.last(), markdown));
    if let Some(rollout) = &loaded.deployment.rollout {
        notes.extend(match &rollout.phase {
            Phase::Returning { back } => Some(format!(
                "warning: {} is being put back ({}): `prompt-cicd rollback resume {} -e {}` finishes it",
                back.to,
                one_line(&back.reason),
                one_line(&world.prompt),
                one_line(&world.settings.name)
            )),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed | Phase::Aborted { .. } | Phase::RolledBack { .. } => {
                world.interrupted(rollout, &shown).await?.map(|interrupted| interrupted.warning)
            }
        });
    }
    Ok(Finished { outcome: stands(&loaded.deployment, &shown), stdout, notes })
}

fn line(shown: &Shown) -> TargetLine {
    TargetLine { target: shown.target.clone(), confirmed: shown.confirmed, shows: shown.text.clone() }
}

/// What is to be said of the newest rollback now.
fn stands(deployment: &Deployment, shown: &[Shown]) -> Outcome {
    let newest = deployment.rollbacks.last().filter(|record| is_newest(deployment, record));
    let missed = newest.is_some_and(|record| matches!(record.status, RollbackStatus::Failed | RollbackStatus::Timeout));
    let watched = newest.and_then(|record| record.watch.as_ref()).and_then(|watch| watch.result);
    match (shown.iter().all(|shown| shown.confirmed), missed) {
        (true, _) if watched.is_some_and(|watched| watched != Watched::Healthy) => Outcome::RolloutHeld,
        (true, _) => Outcome::Done,
        (false, true) => Outcome::RollbackFailed,
        (false, false) => unconfirmed(shown).unwrap_or(Outcome::RolloutHeld),
    }
}

/// Whether nothing was rolled out since.
fn is_newest(deployment: &Deployment, record: &RollbackRecord) -> bool {
    deployment.rollout.as_ref().is_some_and(|rollout| record.rollout.as_deref() == Some(rollout.id.as_str()))
}

/// Whether a version could be gone back to.
///
/// # Errors
/// Why it could not.
pub async fn validate(services: &Services, subject: &Subject, version: Option<&str>) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let patience = within(&world, Deadline::new(services.clock.elapsed(), world.settings.rollback_timeout));
    let loaded = world.load_known_within(patience).await?;
    let to = choose::fit(&world, &loaded, version, patience).await?;
    Ok(Finished::done(format!("{} {to} can be put back in {}\n", world.prompt, world.settings.name)))
}
