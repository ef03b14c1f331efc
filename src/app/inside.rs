//! Files that a configuration names stay in its repository: neither `../`, nor a whole path, nor a link leads out of it, unless
//! the configuration allows it.

use std::path::{Path, PathBuf};

use super::Services;
use crate::domain::{
    diagnostic::{Diagnostic, Place},
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
