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
        rollback::{
            target::{Candidate, Search},
            trigger::Trigger,
        },
        rollout::{Phase, Rollout, VersionRef, WayBack, state::Return},
    },
    ports::store::{Patience, StoreError},
    report::escape::one_line,
};

/// How long an emergency asks the registry about versions, all of them together: what is not known by then does not hold it up.
const EMERGENCY_LOOK: Duration = Duration::from_secs(3);

/// A version to go back to.
pub(super) struct Choice {
    pub(super) to: VersionRef,
    /// What is to be said of it.
    pub(super) said: Option<String>,
}

/// The version to go back to. One that nobody named and that is not fit is said to be so: it serves already.
pub(super) async fn version(
    world: &World,
    loaded: &Loaded,
    asked: Option<&str>,
    emergency: bool,
    patience: Patience,
) -> Result<Choice, Failure> {
    if let Some(asked) = asked {
        return Ok(Choice { to: named(world, loaded, asked, emergency, patience).await?, said: None });
    }
    let to = previous(world, loaded, emergency, patience).await?;
    if emergency {
        return Ok(Choice { to, said: None });
    }
    let why = named(world, loaded, &to.version, false, brief(world, patience)).await.err();
    let said = why.map(|why| {
        let next = "name another with --to if that one will not do";
        format!("warning: {to} is gone back to although it would not be fit: {}; {next}", one_line(&why.to_string()))
    });
    Ok(Choice { to, said })
}

/// The version that is fit to go back to, whatever serves now.
pub(super) async fn fit(world: &World, loaded: &Loaded, asked: Option<&str>, patience: Patience) -> Result<VersionRef, Failure> {
    let asked = match asked {
        Some(asked) => asked.to_owned(),
        None => previous(world, loaded, false, patience).await?.version,
    };
    named(world, loaded, &asked, false, patience).await
}

/// What is to be said where something that nobody chose a version for, an automatic rollback or `rollout abort`, came to one that is
/// marked bad, and what leads to a better one.
pub(crate) async fn came_to_bad(world: &World, loaded: &Loaded) -> Option<String> {
    let phase = &loaded.deployment.rollout.as_ref()?.phase;
    let back = returned(phase).filter(|back| back.trigger.is_none_or(Trigger::is_automatic))?;
    let there = candidate(world, loaded, &back.to, true, brief(world, world.base.patience())).await.ok()?;
    if !there.bad {
        return None;
    }
    let command = format!("prompt-cicd rollback {} -e {}", one_line(&world.prompt), one_line(&world.settings.name));
    let next = match previous(world, loaded, false, brief(world, world.base.patience())).await {
        Ok(good) => format!("`{command}` goes to {good}, the newest good one"),
        Err(_) => format!("no version is known to be better; `{command} --to VERSION --emergency` goes to any"),
    };
    Some(format!("warning: {}, which has everything again, is marked bad: {next}", back.to))
}

/// Where going back by itself leads from this rollout. What the registry does not say in time is not taken for bad: it serves already.
pub(crate) async fn way_back(world: &World, loaded: &Loaded, origin: &VersionRef) -> WayBack {
    let look = brief(world, world.base.patience());
    if !candidate(world, loaded, origin, true, look).await.is_ok_and(|from| from.bad) {
        return WayBack::Origin;
    }
    match previous(world, loaded, false, brief(world, world.base.patience())).await {
        Ok(version) => WayBack::Instead(version),
        Err(failure) => WayBack::Nowhere(format!("{failure}; `--to VERSION --emergency` puts any back")),
    }
}

/// What is to be said where a rollout begins at a version that is marked bad: it is no way back.
pub(crate) async fn begins_at_bad(world: &World, loaded: &Loaded, origin: &VersionRef) -> Option<String> {
    let otherwise = match way_back(world, loaded, origin).await {
        WayBack::Origin => return None,
        WayBack::Instead(version) => format!("what fails goes back to {version} instead"),
        WayBack::Nowhere(_) => "what fails is held until people come, since there is no good version to go back to".to_owned(),
    };
    let (prompt, environment) = (one_line(&world.prompt), one_line(&world.settings.name));
    Some(format!(
        "warning: {origin}, which serves now, is marked bad: {otherwise}; `prompt-cicd rollback {prompt} -e {environment} --to {origin} \
         --emergency` takes the mark away"
    ))
}

/// What is being gone back to, or has been.
fn returned(phase: &Phase) -> Option<&Return> {
    match phase {
        Phase::Returning { back } | Phase::RolledBack { back } | Phase::Aborted { back } => Some(back),
        Phase::Progressing | Phase::Held { .. } | Phase::Completed => None,
    }
}

/// The version that a rollout which is under way came from, or that one which is going back, or has, is at: it serves already.
fn serving(rollout: &Rollout) -> Option<&VersionRef> {
    match &rollout.phase {
        Phase::Progressing | Phase::Held { .. } => Some(&rollout.from).filter(|from| **from != rollout.to),
        Phase::Returning { .. } | Phase::RolledBack { .. } | Phase::Aborted { .. } => returned(&rollout.phase).map(|back| &back.to),
        Phase::Completed => None,
    }
}

/// At most the time of an emergency's look.
fn brief(world: &World, patience: Patience) -> Patience {
    Patience { until: patience.until.min(world.base.services.clock.elapsed() + EMERGENCY_LOOK), ..patience }
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
pub(super) async fn previous(world: &World, loaded: &Loaded, emergency: bool, patience: Patience) -> Result<VersionRef, Failure> {
    let look = brief(world, patience);
    let mut search = Search::new(loaded.deployment.current().cloned());
    // What serves already is the one, unless it was found to be bad meanwhile.
    if let Some(there) = loaded.deployment.rollout.as_ref().and_then(serving) {
        if !candidate(world, loaded, there, true, look).await?.bad {
            return Ok(there.clone());
        }
        search.unfit(there, "marked bad");
    }
    let patience = if emergency { look } else { patience };
    for completed in loaded.deployment.completed.iter().rev() {
        if search.is_current(&completed.version) {
            continue;
        }
        let candidate = candidate(world, loaded, &completed.version, emergency, patience).await?;
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
        // One record that cannot be read says nothing of the others.
        Err(Failure::Store(StoreError::Corrupt { .. })) => (false, false, Some(false)),
        Err(failure) => return Err(failure),
    };
    // In an emergency content is not checked, badness is.
    let verified = if emergency { Some(true) } else { verified };
    Ok(Candidate { version: version.clone(), bad: marked || known_bad, archived, verified })
}
