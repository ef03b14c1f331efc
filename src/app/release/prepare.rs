//! Writing a version into files, with its changelog.

use semver::Version;

use super::{Subject, Versions, look::day, problem, repository, shown};
use crate::{
    app::{Failure, Finished, Services, TEXT_LIMIT},
    domain::release::{Bump, NoNext, Notes, Wish, files, next, planned},
    ports::vcs::VcsError,
    report::release::{self as report, Change},
};

/// How a release is prepared.
#[derive(Debug, Clone)]
pub struct Preparing {
    /// What the version is to be.
    pub wish: Wish,
    /// Whether the files are committed.
    pub commit: bool,
}

/// Raises the version in the files.
///
/// # Errors
/// A configuration that is wrong, no file with a version, a version that does not fit.
pub async fn bump(services: &Services, subject: &Subject, bump: Bump) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let current = current(services, &versions)?;
    let to = next(&current, bump).ok_or_else(|| Failure::Version(NoNext::TooLarge(current.clone())))?;
    write(services, subject, &versions, Some(current), to)
}

/// Sets the version in the files.
///
/// # Errors
/// The same, and a version that does not come after the one that is there.
pub async fn set(services: &Services, subject: &Subject, to: Version) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let current = current(services, &versions)?;
    let to = planned(Some(&current), &[], &Wish::Exactly(to)).map_err(Failure::Version)?;
    write(services, subject, &versions, Some(current), to)
}

/// What the files name, else what was released last.
fn current(services: &Services, versions: &Versions) -> Result<Version, Failure> {
    match versions.written(services)? {
        Some(version) => Ok(version),
        None => Err(Failure::NothingToDo("no file names the version: list those that do under `release.files`".to_owned())),
    }
}

fn write(services: &Services, subject: &Subject, versions: &Versions, from: Option<Version>, to: Version) -> Result<Finished, Failure> {
    let changed = changed_files(services, versions, &to)?;
    let written = write_all(services, subject, &changed)?;
    let tag = versions.tag(&to);
    let change = Change { from, to, tag, files: written, commit: None, url: None, dry_run: subject.dry_run, next_step: None };
    shown(|out| report::change(subject.shape, &change, out))
}

type Texts = Vec<(std::path::PathBuf, String)>;

/// Every file with the version in it; all are read before one is written.
fn changed_files(services: &Services, versions: &Versions, to: &Version) -> Result<Texts, Failure> {
    let mut changed = Vec::new();
    for path in &versions.settings.files {
        let text = services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File)?;
        changed.push((path.clone(), files::with_version(&text, to).map_err(|why| problem(path, why.to_string()))?));
    }
    Ok(changed)
}

fn write_all(services: &Services, subject: &Subject, texts: &Texts) -> Result<Vec<String>, Failure> {
    for (path, text) in texts {
        if !subject.dry_run {
            services.workspace.write(path, text.as_bytes()).map_err(Failure::File)?;
        }
    }
    Ok(texts.iter().map(|(path, _)| path.display().to_string()).collect())
}

/// What git refused, with the way on: the files have the version by then.
fn uncommitted(error: VcsError, written: &[String], message: &str) -> Failure {
    Failure::History(match error {
        VcsError::Refused(why) => VcsError::Refused(format!(
            "{why}; the version is written and not committed: mend that, then `git commit -m \"{message}\" -- {}`",
            written.join(" ")
        )),
        other @ (VcsError::NoName(_)
        | VcsError::Missing { .. }
        | VcsError::Unrelated { .. }
        | VcsError::Unavailable(_)
        | VcsError::Event(_)
        | VcsError::TooLarge { .. }
        | VcsError::Shallow
        | VcsError::Unreachable(_)) => other,
    })
}

/// Writes the next version into files and changelog, and commits both where that is wished for.
///
/// # Errors
/// A configuration that is wrong, a history that cannot be read, nothing that asks for a release, a git that refuses.
pub async fn prepare(services: &Services, subject: &Subject, preparing: &Preparing) -> Result<Finished, Failure> {
    let versions = Versions::open(services, subject).await?;
    let commits = versions.since(services).await?;
    let from = versions.latest().map(|found| found.version.clone());
    let to = versions.plan(services, &commits, &preparing.wish).map_err(Failure::Version)?;
    if let Some(written) = versions.written(services)?.filter(|written| to.cmp_precedence(written).is_lt()) {
        return Err(Failure::Version(NoNext::NotAfter { wanted: to, current: written }));
    }
    let mut texts = changed_files(services, &versions, &to)?;
    let path = &versions.settings.changelog;
    let old = if services.workspace.exists(path) {
        services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File)?
    } else {
        String::new()
    };
    let now = services.clock.now();
    let section = format!("## {to} - {}\n\n{}", day(&now), report::notes_markdown(&Notes::of(&commits), repository(services).as_deref()));
    texts.push((path.clone(), files::with_section(&old, &to, &section).map_err(|why| problem(path, why.to_string()))?));
    let written = write_all(services, subject, &texts)?;
    let tag = versions.tag(&to);
    let mut commit = None;
    if preparing.commit && !subject.dry_run {
        let paths: Vec<_> = texts.into_iter().map(|(path, _)| path).collect();
        let of = versions.prompt.as_ref().map(|prompt| format!("{prompt} ")).unwrap_or_default();
        let message = format!("chore(release): {of}{to}");
        commit = Some(services.vcs.record(&paths, &message).await.map_err(|error| uncommitted(error, &written, &message))?);
    }
    let next_step = Some(
        if preparing.commit {
            "push the commit, then `prompt-cicd release publish`"
        } else {
            "commit these files, then `prompt-cicd release publish`"
        }
        .to_owned(),
    );
    let outputs = [("version", to.to_string()), ("tag", tag.clone())];
    let change = Change { from, to, tag, files: written, commit, url: None, dry_run: subject.dry_run, next_step };
    let mut finished = shown(|out| report::change(subject.shape, &change, out))?;
    finished.notes.extend(services.ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    Ok(finished)
}
