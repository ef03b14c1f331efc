//! `prompt-cicd release`: versions of the repository and of prompts, from tags and commits.

mod look;
mod prepare;
mod publish;

use std::path::{Path, PathBuf};

use semver::Version;

pub use look::{changelog, compare, list, next, notes, show};
pub use prepare::{Preparing, bump, prepare, set};
pub use publish::{Publishing, publish};

use super::{Failure, Finished, Services, TEXT_LIMIT, inside::Inside, read_config};
use crate::{
    config::{self, ReleaseSettings},
    domain::{
        diagnostic::{Diagnostic, Place},
        release::{Commit, NoNext, Released, Wish, files, first, planned, released},
    },
    report::rollout::Shape,
};

/// Which versions, and how they are shown.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The configuration; `None`: look in the usual places, and go by the defaults where there is none.
    pub config: Option<PathBuf>,
    /// A suite's prompt by its name; `None`: the repository.
    pub prompt: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// Shows what would happen, and does nothing.
    pub dry_run: bool,
}

/// What there is of versions.
struct Versions {
    prompt: Option<String>,
    prefix: String,
    /// Only commits that touch these count; all where there are none.
    paths: Vec<PathBuf>,
    settings: ReleaseSettings,
    releases: Vec<Released>,
}

impl Versions {
    async fn open(services: &Services, subject: &Subject) -> Result<Self, Failure> {
        let (mut settings, prompts, config, outside) = match read_config(services, subject.config.clone()) {
            Ok((path, text)) => {
                let (config, _) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
                (config.release, config.suites.into_iter().map(|suite| suite.prompt).collect(), path, config.run.files_outside)
            }
            Err(Failure::NoConfiguration { .. }) if subject.prompt.is_none() => {
                (config::default_release(), Vec::new(), PathBuf::new(), false)
            }
            Err(failure) => return Err(failure),
        };
        let base = config.parent().map(Path::to_path_buf).unwrap_or_default();
        for file in settings.files.iter_mut().chain([&mut settings.changelog]) {
            *file = base.join(&*file);
        }
        let inside = Inside::of(services, &base, outside);
        let files = settings.files.iter().map(|file| ("release.files".to_owned(), file.as_path()));
        inside.confine(services, &config, files.chain([("release.changelog".to_owned(), settings.changelog.as_path())]))?;
        let (mut prefix, mut paths) = (settings.tag_prefix.clone(), Vec::new());
        if let Some(name) = &subject.prompt {
            let prompts: Vec<PathBuf> = prompts.into_iter().map(|file: PathBuf| base.join(file)).collect();
            inside.confine(services, &config, prompts.iter().map(|file| ("suites.prompt".to_owned(), file.as_path())))?;
            let file = of_prompt(services, name, prompts)?;
            prefix = format!("{name}/{prefix}");
            settings.changelog = file.with_file_name(format!("{name}.CHANGELOG.md"));
            // The prompt's own file says its name.
            inside.confine(services, &config, [("suites.prompt".to_owned(), settings.changelog.as_path())])?;
            settings.files = vec![file.clone()];
            paths.push(file);
        }
        let tags = services.vcs.tags().await.map_err(Failure::History)?;
        Ok(Self { prompt: subject.prompt.clone(), releases: released(&tags, &prefix), prefix, paths, settings })
    }

    /// The newest version with a tag.
    fn latest(&self) -> Option<&Released> {
        self.releases.first()
    }

    fn tag(&self, version: &Version) -> String {
        format!("{}{version}", self.prefix)
    }

    /// The commits between two names, the newest first.
    async fn commits(&self, services: &Services, from: Option<&str>, to: &str) -> Result<Vec<Commit>, Failure> {
        services.vcs.commits(from, to, &self.paths).await.map_err(Failure::History)
    }

    /// The commits after the newest release.
    async fn since(&self, services: &Services) -> Result<Vec<Commit>, Failure> {
        self.commits(services, self.latest().map(|found| found.tag.commit.as_str()), "HEAD").await
    }

    /// The version that comes next.
    fn plan(&self, services: &Services, commits: &[Commit], wish: &Wish) -> Result<Version, NoNext> {
        // A file that names none is told where the version is written.
        let written = self.written(services).ok().flatten();
        match (self.latest(), written) {
            (None, Some(written)) => first(&written, commits, wish),
            (latest, _) => planned(latest.map(|found| &found.version), commits, wish),
        }
    }

    /// What the first file names; `None` where there are no files.
    fn written(&self, services: &Services) -> Result<Option<Version>, Failure> {
        let Some(path) = self.settings.files.first() else { return Ok(None) };
        let text = services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File)?;
        files::version_of(&text).map(Some).map_err(|why| problem(path, why.to_string()))
    }
}

/// The file of the prompt that has this name.
fn of_prompt(services: &Services, name: &str, prompts: Vec<PathBuf>) -> Result<PathBuf, Failure> {
    let mut known = Vec::new();
    for file in prompts {
        let text = services.workspace.read_text(&file, TEXT_LIMIT).map_err(Failure::File)?;
        let (prompt, _) = config::prompt_file::parse(&text, &file.display().to_string()).map_err(Failure::Configuration)?;
        if prompt.name == name {
            return Ok(file);
        }
        known.push(prompt.name);
    }
    known.sort();
    known.dedup();
    Err(Failure::NothingToDo(format!("no suite has a prompt `{name}`; there are {}", known.join(", "))))
}

fn problem(path: &Path, why: String) -> Failure {
    Failure::Configuration(vec![Diagnostic::error(Place::file(path.display().to_string()), "release.files".to_owned(), why)])
}

/// The address of the repository where people see it.
fn repository(services: &Services) -> Option<String> {
    let url = services.ci.run()?.url?;
    url.split_once("/actions/").map(|(repository, _)| repository.to_owned())
}

fn shown(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Finished, Failure> {
    let mut out = Vec::new();
    write(&mut out).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(out))
}
