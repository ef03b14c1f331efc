//! What there is, what changed, what comes next.

use semver::Version;

use super::{Subject, Versions, repository, shown};
use crate::{
    app::{Failure, Finished, Services},
    domain::release::{Notes, Wish},
    report::release::{self as report, Overview},
};

/// Shows the newest version, and what the commits since then ask for.
///
/// # Errors
/// A configuration that is wrong, a history that cannot be read.
pub async fn show(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let commits = versions.since(services).await?;
    let released = versions.latest().cloned();
    let next = versions.plan(services, &commits, &Wish::Auto).map_err(|why| why.to_string());
    let overview =
        Overview { prompt: versions.prompt.clone(), written: versions.written(services)?, released, commits: commits.len(), next };
    shown(|out| report::overview(subject.shape, &overview, out))
}

/// Shows only the next version.
///
/// # Errors
/// The same, and when nothing asks for a release.
pub async fn next(services: &Services, subject: &Subject, wish: &Wish) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let commits = versions.since(services).await?;
    let version = versions.plan(services, &commits, wish).map_err(Failure::Version)?;
    let mut finished = Finished::done(format!("{version}\n"));
    let outputs = [("version", version.to_string()), ("tag", versions.tag(&version))];
    finished.notes.extend(services.ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    Ok(finished)
}

/// Shows every released version.
///
/// # Errors
/// As [`show`].
pub async fn list(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    shown(|out| report::list(subject.shape, &versions.releases, out))
}

/// Shows what changed since the newest release.
///
/// # Errors
/// As [`show`].
pub async fn notes(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let notes = Notes::of(&versions.since(services).await?);
    shown(|out| report::notes(subject.shape, &notes, repository(services).as_deref(), out))
}

/// Shows what changed between two versions, tags or commits.
///
/// # Errors
/// As [`show`].
pub async fn compare(services: &Services, subject: &Subject, from: &str, to: &str) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let named = |name: &str| {
        let version = Version::parse(name).ok()?;
        versions.releases.iter().find(|found| found.version == version).map(|found| found.tag.commit.clone())
    };
    let [from, to] = [from, to].map(|name| named(name).unwrap_or_else(|| name.to_owned()));
    let notes = Notes::of(&versions.commits(services, Some(&from), &to).await?);
    shown(|out| report::notes(subject.shape, &notes, repository(services).as_deref(), out))
}

/// Shows the changelog of every release, the newest first, as the commits tell it.
///
/// # Errors
/// As [`show`].
pub async fn changelog(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let repository = repository(services);
    let mut text = "# Changelog\n".to_owned();
    let unreleased = Notes::of(&versions.since(services).await?);
    if !unreleased.is_empty() {
        text.extend([format!("\n## Unreleased\n\n{}", report::notes_markdown(&unreleased, repository.as_deref()))]);
    }
    for (index, found) in versions.releases.iter().enumerate() {
        let before = versions.releases.get(index + 1).map(|before| before.tag.commit.as_str());
        let notes = Notes::of(&versions.commits(services, before, &found.tag.commit).await?);
        text.extend([format!(
            "\n## {} - {}\n\n{}",
            found.version,
            day(&found.tag.date),
            report::notes_markdown(&notes, repository.as_deref())
        )]);
    }
    Ok(Finished::done(text))
}

/// The day of a moment.
pub(super) fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or_default()
}
