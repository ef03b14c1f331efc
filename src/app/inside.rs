//! Files that a configuration names stay in its repository: neither `../`, nor a whole path, nor a link leads out of it, unless
//! the configuration allows it.

use std::path::{Component, Path, PathBuf};

use super::{Failure, Services};
use crate::domain::{
    diagnostic::{Diagnostic, Place},
    metric_source::{MetricSourceKind, MetricSourceSettings},
    provider::{ProviderKind, ProviderSettings},
};

/// Where files may be.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    /// Links followed; `None`: anywhere.
    root: Option<PathBuf>,
}

/// What to do about a file elsewhere.
pub(super) const HELP: &str = "move it into the repository, or allow it with `run: {files-outside: true}`";

impl Inside {
    /// The repository of a configuration in this folder: the nearest folder above with `.git`. Without git, the working directory if
    /// the configuration is in it, else the configuration's own folder.
    pub(super) fn of(services: &Services, folder: &Path, outside: bool) -> Self {
        if outside {
            return Self { root: None };
        }
        let whole = |path: &Path| services.workspace.identity(if path.as_os_str().is_empty() { Path::new(".") } else { path });
        let folder = whole(folder);
        let with_git = folder.ancestors().find(|above| services.workspace.exists(&above.join(".git"))).map(Path::to_path_buf);
        let without = || {
            let here = whole(Path::new("."));
            if folder.starts_with(&here) { here } else { folder.clone() }
        };
        Self { root: Some(with_git.unwrap_or_else(without)) }
    }

    /// This folder and nothing else.
    pub(super) fn below(services: &Services, folder: &Path) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self { root: services.workspace.exists(folder).then(|| services.workspace.identity(folder)) }
    }

    /// Why a file must not be read; `None`: it may, or it is not there.
    pub(super) fn refuses(&self, services: &Services, path: &Path) -> Option<String> {
        let root = self.root.as_ref()?;
        if !services.workspace.exists(path) {
            return None;
        }
        let found = services.workspace.identity(path);
        (!found.starts_with(root)).then(|| {
            let leads = if found == path { String::new() } else { format!(" leads to {}, which", found.display()) };
            format!("{}{leads} is outside of the repository {}", path.display(), root.display())
        })
    }

    /// Why a path that a configuration names must not be read or written to, whether there is a file or not.
    pub(super) fn leads_out(&self, services: &Services, path: &Path) -> Option<String> {
        let root = self.root.as_ref()?;
        // What is not there yet is where its nearest folder leads to.
        let there = path.ancestors().find(|above| services.workspace.exists(above) || services.workspace.is_folder(above));
        let (base, rest) = match there.filter(|there| !there.as_os_str().is_empty()) {
            Some(there) => (services.workspace.identity(there), path.strip_prefix(there).unwrap_or(Path::new(""))),
            None => (services.workspace.identity(Path::new(".")), path),
        };
        let mut found = if path.is_absolute() && there.is_none() { PathBuf::from("/") } else { base };
        for part in rest.components() {
            match part {
                Component::ParentDir => drop(found.pop()),
                Component::Normal(name) => found.push(name),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        (!found.starts_with(root)).then(|| {
            let leads = if found == path { String::new() } else { format!(" leads to {}, which", found.display()) };
            format!("{}{leads} is outside of the repository {}", path.display(), root.display())
        })
    }

    /// Refuses every path that leads out: with the key that names it, as the configuration at `config` has it.
    ///
    /// # Errors
    /// All of them at once.
    pub(super) fn confine<'p>(
        &self,
        services: &Services,
        config: &Path,
        paths: impl IntoIterator<Item = (String, &'p Path)>,
    ) -> Result<(), Failure> {
        let refused = |(key, path): (String, &Path)| {
            let place = Place::file(config.display().to_string());
            Some(Diagnostic::error(place, key, self.leads_out(services, path)?).with_help(HELP))
        };
        let problems: Vec<Diagnostic> = paths.into_iter().filter_map(refused).collect();
        if problems.is_empty() { Ok(()) } else { Err(Failure::Configuration(problems)) }
    }

    /// The files of those metric sources that are asked become relative to the working directory, and may not lead out.
    ///
    /// # Errors
    /// Every one that does.
    pub(super) fn sources(
        &self,
        services: &Services,
        config: &Path,
        sources: &mut [MetricSourceSettings],
        asked: impl Fn(&MetricSourceSettings) -> bool,
    ) -> Result<(), Failure> {
        let base = config.parent().unwrap_or(Path::new(""));
        let mut files = Vec::new();
        for source in sources.iter_mut().filter(|source| asked(source)) {
            if let MetricSourceKind::File(file) = &mut source.kind {
                *file = base.join(&*file);
                files.push((format!("metric-sources.{}.path", source.name), file.clone()));
            }
        }
        self.confine(services, config, files.iter().map(|(key, path)| (key.clone(), path.as_path())))
    }

    /// A problem for every cassette that must not be read.
    pub(super) fn cassettes(&self, services: &Services, providers: &[ProviderSettings], config: &Path) -> Vec<Diagnostic> {
        let refused = |provider: &ProviderSettings| {
            let ProviderKind::Cassette { path, .. } = &provider.kind else { return None };
            let message = format!("the cassette cannot be read: {}", self.refuses(services, path)?);
            let place = Place::file(config.display().to_string());
            Some(Diagnostic::error(place, format!("providers.{}.path", provider.name), message).with_help(HELP))
        };
        providers.iter().filter_map(refused).collect()
    }
}
