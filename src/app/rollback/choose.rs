//! Which version, and whether it is fit.

use std::time::Duration;

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
        rollback::target::{Candidate, Search},
        rollout::{Phase, VersionRef},
    },
    ports::store::Patience,
};

/// How long an emergency asks the registry about versions, all of them together: what is not known by then does not hold it up.
const EMERGENCY_LOOK: Duration = Duration::from_secs(3);

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
    if emergency && let Some(version) = known {
        // It served here: the registry has nothing to say that would keep it from serving again.
        return Ok(version);
    }
    let registered = entry(&world.base, &world.prompt, asked, patience).await?;
    let Some((entry, _)) = registered else { return Err(unknown(world, asked)) };
    if emergency {
        // Nothing is checked but that it exists.
        return Ok(entry.version);
    }
    let bad = entry.bad.clone().or_else(|| loaded.deployment.badness(&entry.version).map(|bad| bad.reason.clone()));
    if let Some(reason) = bad {
        return Err(refused("rollback", format!("{asked} is marked bad ({reason})"), &["rollback list-versions", "rollback --emergency"]));
    }
    if entry.archived.is_some() {
        let allowed = ["rollback list-versions", "registry archive --undo", "rollback --emergency"];
        return Err(refused("rollback", format!("{asked} is archived"), &allowed));
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

/// The previous stable version. Records are read newest first, and no more of them than it takes.
async fn previous(world: &World, loaded: &Loaded, emergency: bool, patience: Patience) -> Result<VersionRef, Failure> {
    let clock = &world.base.services.clock;
    let look = Patience { until: patience.until.min(clock.elapsed() + EMERGENCY_LOOK), ..patience };
    if let Some(rollout) = &loaded.deployment.rollout {
        match &rollout.phase {
            // A rollout that is under way goes back to where it came from, unless that was found to be bad meanwhile.
            Phase::Progressing | Phase::Held { .. } if rollout.from != rollout.to => {
                if !candidate(world, loaded, &rollout.from, true, look).await?.bad {
                    return Ok(rollout.from.clone());
                }
            }
            // One that is going back, or has, is there.
            Phase::Returning { back } | Phase::RolledBack { back } | Phase::Aborted { back } => return Ok(back.to.clone()),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => {}
        }
    }
    let brief = if emergency { look } else { patience };
    let mut search = Search::new(loaded.deployment.current().cloned());
    for completed in loaded.deployment.completed.iter().rev() {
        if search.is_current(&completed.version) {
            continue;
        }
        let candidate = candidate(world, loaded, &completed.version, emergency, brief).await?;
        if let Some(found) = search.look(&candidate) {
            return Ok(found);
        }
    }
    Err(Failure::NoPrevious(search.none()))
}

/// The versions that completed a rollout here, oldest first, with what is known of them.
pub(super) async fn candidates(world: &World, loaded: &Loaded, patience: Patience) -> Result<Vec<Candidate>, Failure> {
    let mut all = Vec::new();
    for completed in &loaded.deployment.completed {
        all.push(candidate(world, loaded, &completed.version, false, patience).await?);
    }
    Ok(all)
}

async fn candidate(
    world: &World,
    loaded: &Loaded,
    version: &VersionRef,
    emergency: bool,
    patience: Patience,
) -> Result<Candidate, Failure> {
    let known_bad = loaded.deployment.badness(version).is_some();
    let found = if emergency && known_bad { Ok(None) } else { entry(&world.base, &world.prompt, &version.version, patience).await };
    let (marked, archived, verified) = match found {
        Ok(Some((entry, _))) => (entry.bad.is_some(), entry.archived.is_some(), Some(verifies(&entry))),
        Ok(None) => (false, false, None),
        Err(_) if emergency => (false, false, None),
        Err(failure) => return Err(failure),
    };
    // In an emergency content is not checked, badness is.
    let verified = if emergency { Some(true) } else { verified };
    Ok(Candidate { version: version.clone(), bad: marked || known_bad, archived, verified })
}
