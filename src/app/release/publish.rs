//! A release on the code host, with its tag.

use std::time::Duration;

use semver::Version;

use super::{Subject, Versions, repository, shown};
use crate::{
    app::{Failure, Finished, Services},
    domain::release::{Notes, Wish, planned},
    ports::code_host::{Action, BODY_LIMIT, Patience, Release},
    report::{
        escape::truncate_chars,
        release::{self as report, Change},
    },
};

/// How long the host may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is published.
#[derive(Debug, Clone)]
pub struct Publishing {
    /// The version; `None`: the one that the files name where it is not released, else the one that the commits ask for.
    pub version: Option<Version>,
    /// The commit.
    pub commit: String,
}

/// Makes the release and its tag. A release of that tag that is there is left as it is, so this may be repeated.
///
/// # Errors
/// A configuration that is wrong, a history that cannot be read, nothing to release, a host that refuses.
pub async fn publish(services: &Services, subject: &Subject, publishing: &Publishing) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let commit = services.vcs.commit(&publishing.commit).await.map_err(Failure::History)?;
    let (version, before) = which(services, &versions, publishing).await?;
    let from = before.map(|at| versions.releases.get(at)).unwrap_or_default();
    let commits = versions.commits(services, from.map(|found| found.tag.commit.as_str()), &commit).await?;
    let tag = versions.tag(&version);
    let notes = report::notes_markdown(&Notes::of(&commits), repository(services).as_deref());
    let body = truncate_chars(&notes, BODY_LIMIT.saturating_sub(100));
    let mut url = None;
    let mut notes = Vec::new();
    if !subject.dry_run {
        let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
        let release = Release { tag: &tag, commit: &commit, title: &tag, body: &body, prerelease: !version.pre.is_empty() };
        let made = host.create_release(&release, Patience::of(&*services.clock, PATIENCE)).await.map_err(Failure::CodeHost)?;
        if made.action == Action::Unchanged {
            notes.push(format!("{tag} was released already; nothing was changed"));
        }
        url = Some(made.url);
    }
    let outputs = [("version", version.to_string()), ("tag", tag.clone()), ("release-url", url.clone().unwrap_or_default())];
    let change = Change {
        from: from.map(|found| found.version.clone()),
        to: version,
        tag,
        files: Vec::new(),
        commit: Some(commit),
        url,
        dry_run: subject.dry_run,
        next_step: None,
    };
    let mut finished = shown(|out| report::change(subject.shape, &change, out))?;
    notes.extend(services.ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    finished.notes = notes;
    Ok(finished)
}

/// The version, and where among the releases the one before it is.
async fn which(services: &Services, versions: &Versions, publishing: &Publishing) -> Result<(Version, Option<usize>), Failure> {
    let wanted = match &publishing.version {
        Some(version) => Some(version.clone()),
        None => versions.written(services)?.filter(|written| versions.releases.iter().all(|found| found.version != *written)),
    };
    let latest = versions.latest().map(|found| &found.version);
    let version = match wanted {
        // Repeating a release is no mistake.
        Some(version) if versions.releases.iter().any(|found| found.version == version) => version,
        Some(version) => planned(latest, &[], &Wish::Exactly(version)).map_err(Failure::Version)?,
        None => versions.plan(services, &versions.since(services).await?, &Wish::Auto).map_err(Failure::Version)?,
    };
    let before = versions.releases.iter().position(|found| found.version.cmp_precedence(&version).is_lt());
    Ok((version, before))
}
