//! Showing rollouts on GitHub's Environments page. It is for people to look at: nothing is decided by it.

use crate::{
    app::rollout::world::World,
    domain::{
        notice::{Happening, Notice},
        rollout::{VersionRef, deployment::Deployment},
    },
    ports::code_host::{CodeHost, CodeHostError, Patience, ShownDeployment, Stand},
};

/// Makes the page say what happened. Without a commit that GitHub knows there is nothing that could be shown.
pub(super) async fn show(
    host: &dyn CodeHost,
    world: &World,
    deployment: &Deployment,
    notice: &Notice,
    patience: Patience,
) -> Result<(), CodeHostError> {
    let (Some(id), Some(stand)) = (notice.rollout.as_deref(), stand(notice, deployment)) else { return Ok(()) };
    let left = matches!(notice.what, Happening::RollbackFinished | Happening::RollbackFailed | Happening::RolloutAborted);
    let version = if left { notice.from.as_deref() } else { notice.to.as_deref() };
    let run = world.base.services.ci.run();
    let commit = match version.and_then(|version| commit(deployment, version)) {
        Some(known) => Some(known),
        // What a job checked out has a name also where there is no git, as in the container.
        None => match run.as_ref().and_then(|run| run.commit.clone()) {
            Some(commit) => Some(commit),
            None => world.base.services.vcs.commit("HEAD").await.ok(),
        },
    };
    let Some(commit) = commit else {
        tracing::info!(component = "notify", "no commit is known of {id}: GitHub's Environments page does not show it");
        return Ok(());
    };
    let said = format!("{} {}: {}", notice.prompt, version.unwrap_or_default(), notice.what.as_str());
    let shown = ShownDeployment {
        id,
        commit: &commit,
        environment: &notice.environment,
        prompt: &notice.prompt,
        said: &said,
        stand,
        log_url: run.as_ref().and_then(|run| run.url.as_deref()),
        environment_url: world.settings.url.as_deref(),
    };
    host.show_deployment(&shown, patience).await.map(drop)
}

fn stand(notice: &Notice, deployment: &Deployment) -> Option<Stand> {
    // A version that had completed was what the environment had, and is not any more; another one never came to be.
    let had = |version: &str| deployment.completed.iter().any(|completed| completed.version.version == version);
    match notice.what {
        Happening::RolloutStarted | Happening::RolloutPromoted => Some(Stand::InProgress),
        Happening::RolloutCompleted => Some(Stand::Success),
        Happening::RollbackFinished if notice.from.as_deref().is_some_and(had) => Some(Stand::Inactive),
        Happening::RolloutAborted | Happening::RollbackFailed | Happening::RollbackFinished => Some(Stand::Failure),
        Happening::RolloutPaused
        | Happening::RollbackStarted
        | Happening::RollbackUnhealthy
        | Happening::StormLimit
        | Happening::Monitor => None,
    }
}

fn commit(deployment: &Deployment, version: &str) -> Option<String> {
    let of_rollout = deployment.rollout.iter().flat_map(|rollout| [&rollout.to, &rollout.from]);
    let completed = deployment.completed.iter().map(|completed| &completed.version);
    let known: Option<&VersionRef> = of_rollout.chain(completed).find(|known| known.version == version && known.commit.is_some());
    known.and_then(|known| known.commit.clone())
}
