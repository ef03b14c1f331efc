//! Which version, and whether it is fit.

use crate::{
    app::{
        Failure,
        registry::{entry, verifies},
        rollout::{
            execute::refused,
            world::{Loaded, World},
        },
    },
    domain::{
        rollback::target::{Candidate, previous_stable},
        rollout::{Phase, VersionRef},
    },
    ports::store::Patience,
};

/// The version to go back to.
pub(super) async fn version(
    world: &World,
    loaded: &Loaded,
    asked: Option<&str>,
    emergency: bool,
    patience: Patience,
) -> Result<VersionRef, Failure> {
    match asked {
        Some(asked) => named(world, loaded, asked, emergency, patience).await,
        None => previous(world, loaded, emergency, patience).await,
    }
}

/// The version a person named.
pub(super) async fn named(world: &World, loaded: &Loaded, asked: &str, emergency: bool, patience: Patience) -> Result<VersionRef, Failure> {
    let known = loaded.deployment.completed.iter().map(|completed| &completed.version).find(|version| version.version == asked).cloned();
    let registered = entry(&world.base, &world.prompt, asked, patience).await;
    if emergency {
        // Nothing is checked but that it exists; a registry that does not answer does not stand in the way of a known version.
        return match (known, registered) {
            (Some(version), _) => Ok(version),
            (None, Ok(Some((entry, _)))) => Ok(entry.version),
            (None, Ok(None)) => Err(unknown(world, asked)),
            (None, Err(failure)) => Err(failure),
        };
    }
    let Some((entry, _)) = registered? else { return Err(unknown(world, asked)) };
    let bad = entry.bad.clone().or_else(|| loaded.deployment.badness(&entry.version).map(|bad| bad.reason.clone()));
    if let Some(reason) = bad {
        return Err(refused("rollback", format!("{asked} is marked bad ({reason})"), &["rollback list-versions", "rollback --emergency"]));
    }
    if !verifies(&entry) {
        let why = format!("the content of {asked} does not have its digest any more");
        return Err(refused("rollback", why, &["rollback list-versions", "rollback --emergency"]));
    }
    let found = crate::app::lint::of_text(&entry.text, &entry.file, &world.base.config.lints);
    if let Some(finding) = found {
        return Err(refused("rollback", format!("{asked} has findings: {finding}"), &["lint", "rollback --emergency"]));
    }
    Ok(entry.version)
}

fn unknown(world: &World, asked: &str) -> Failure {
    refused("rollback", format!("{} {asked} is not registered", world.prompt), &["rollback list-versions", "registry list"])
}

/// The previous stable version.
async fn previous(world: &World, loaded: &Loaded, emergency: bool, patience: Patience) -> Result<VersionRef, Failure> {
    if let Some(rollout) = &loaded.deployment.rollout {
        match &rollout.phase {
            // A rollout that is under way goes back to where it came from.
            Phase::Progressing | Phase::Held { .. } if rollout.from != rollout.to => return Ok(rollout.from.clone()),
            // One that is going back, or has, is there.
            Phase::Returning { back } | Phase::RolledBack { back } | Phase::Aborted { back } => return Ok(back.to.clone()),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => {}
        }
    }
    let all = candidates(world, loaded, emergency, patience).await?;
    previous_stable(&all, loaded.deployment.current()).map_err(Failure::NoPrevious)
}

/// The versions that completed a rollout here, with what is known of them.
pub(super) async fn candidates(world: &World, loaded: &Loaded, emergency: bool, patience: Patience) -> Result<Vec<Candidate>, Failure> {
    let mut all = Vec::new();
    for completed in &loaded.deployment.completed {
        let found = entry(&world.base, &world.prompt, &completed.version.version, patience).await;
        let (marked, verified) = match found {
            Ok(Some((entry, _))) => (entry.bad.is_some(), Some(verifies(&entry))),
            Ok(None) => (false, None),
            Err(_) if emergency => (false, None),
            Err(failure) => return Err(failure),
        };
        let bad = marked || loaded.deployment.badness(&completed.version).is_some();
        // In an emergency content is not checked, badness is.
        all.push(Candidate { version: completed.version.clone(), bad, verified: if emergency { Some(true) } else { verified } });
    }
    Ok(all)
}
