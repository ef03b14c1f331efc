//! Gates by the base's configuration, and what stands in for them where the base has none yet: the pull request that brings the first ones.

use std::path::{Path, PathBuf};

use super::{PATIENCE, with_configuration};
use crate::{
    app::{Failure, Services, TEXT_LIMIT},
    config,
    domain::{
        annotation::{Annotation, Level},
        diagnostic::Place,
    },
    ports::{ci::Event, code_host::Patience},
    report::escape::markdown_table_cell,
};

/// The configuration of the base of a pull request or a merge group. Where that commit truly has none, or none with gates, there are no
/// gates that a change could loosen: those that it brings are its own, and it is said. Anything else at all is as [`with_configuration`].
///
/// # Errors
/// As [`with_configuration`]; a base whose configuration cannot be read is not one without.
pub async fn with_gates_of_the_base(services: &Services, given: Option<PathBuf>, at: &str) -> Result<(Services, PathBuf), Failure> {
    let found = with_configuration(services, given.clone(), at).await;
    let why = match &found {
        Ok((fetched, path)) if has_gates(fetched, path) => return found,
        Ok((_, path)) => format!("{} has no gates yet at", path.display()),
        Err(Failure::ConfigurationAt { places, .. }) if !places.is_empty() => "there is no configuration yet at".to_owned(),
        Err(_) => return found,
    };
    let Some(change) = change(services, at) else { return found };
    if found.is_err() {
        // One of another name has gates that this change would leave behind.
        let elsewhere = given.is_some() && !is_none_anywhere(services, at).await?;
        if elsewhere {
            return found;
        }
        // GitHub says the same of a file that is not there and of a commit that is not.
        let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
        let patience = Patience::of(services.clock.as_ref(), PATIENCE).never_waiting();
        host.compare(at, at, patience).await.map_err(Failure::CodeHost)?;
    }
    let (fetched, path) = with_configuration(services, given, &change).await?;
    tell(services, &path, &format!("{why} the base, {at}: this change is judged by its own, of {change}"));
    Ok((fetched, path))
}

/// Whether a configuration names gates. One that is wrong is not one without: what is wrong is said where it is read.
fn has_gates(fetched: &Services, path: &Path) -> bool {
    let text = fetched.workspace.read_text(path, TEXT_LIMIT).unwrap_or_default();
    config::parse(&text, &path.display().to_string()).map_or(true, |(config, _)| !config.gates.is_empty())
}

/// The commit of the change that goes onto `base`, where that is what this run is about. What GitHub started for a pull request and is not
/// the pull request's (`pull_request_target`) has the base's commit, and gets none.
fn change(services: &Services, base: &str) -> Option<String> {
    let onto = match services.ci.event().ok()? {
        Event::PullRequest(event) => event.base,
        Event::MergeGroup { base, .. } => base,
        Event::None | Event::Push { .. } | Event::WorkflowRun(_) | Event::Schedule | Event::Dispatch | Event::Other(_) => return None,
    };
    let commit = services.ci.run()?.commit?;
    (onto == base && commit != base).then_some(commit)
}

/// Whether none of the usual places has a configuration at a commit.
async fn is_none_anywhere(services: &Services, at: &str) -> Result<bool, Failure> {
    match with_configuration(services, None, at).await {
        Ok(_) => Ok(false),
        Err(Failure::ConfigurationAt { places, .. }) if !places.is_empty() => Ok(true),
        Err(failure) => Err(failure),
    }
}

fn tell(services: &Services, path: &Path, message: &str) {
    let place = Place::file(path.display().to_string());
    services.ci.annotate(&[Annotation {
        level: Level::Warning,
        place,
        title: "gates of the base".to_owned(),
        message: message.to_owned(),
    }]);
    // The annotation has said it.
    drop(services.ci.append_summary(&format!("> [!NOTE]\n> {}\n\n", markdown_table_cell(message, 1_000))));
}
