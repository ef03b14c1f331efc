//! `--config-at REF`: the configuration as the code host has it, for a job that checks nothing out.

mod afar;
mod first;

pub use first::with_gates_of_the_base;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{CONFIG_PLACES, Failure, Services, TEXT_LIMIT};
use crate::{
    ports::{
        code_host::{CodeHostError, Patience},
        workspace::{Workspace, WorkspaceError},
    },
    report::escape::one_line,
};
use afar::{Afar, StoresAfar};

/// The longest that reading it may take; it is part of a rollback's 30 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// The services, with the configuration of a branch, tag or commit among the user's files, and where it is among them. `HEAD` is the
/// default branch. What such a configuration means by a relative path is beside it, and not here: targets and stores of that kind are
/// refused.
///
/// # Errors
/// When there is no code host, or it has no such file there.
pub async fn with_configuration(services: &Services, given: Option<PathBuf>, at: &str) -> Result<(Services, PathBuf), Failure> {
    let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
    let patience = Patience::of(services.clock.as_ref(), PATIENCE).never_waiting();
    let limit = usize::try_from(TEXT_LIMIT).unwrap_or(usize::MAX);
    let places = given.map_or_else(|| CONFIG_PLACES.map(PathBuf::from).to_vec(), |path| vec![path]);
    let shown: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    let shown_at = if at == "HEAD" { "HEAD, the default branch" } else { at };
    let failed = |places: &[String], why: CodeHostError| Failure::ConfigurationAt {
        at: one_line(shown_at),
        places: places.to_vec(),
        why: Box::new(why),
    };
    let mut missing = None;
    for (path, shown) in places.into_iter().zip(&shown) {
        let bytes = match host.file(shown.strip_prefix("./").unwrap_or(shown), at, limit, patience).await {
            Ok(bytes) => bytes,
            Err(error @ CodeHostError::NotFound { .. }) => {
                missing = missing.or(Some(error));
                continue;
            }
            Err(error) => return Err(failed(&[], error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| Failure::File(WorkspaceError::not_utf8(&path, error.as_bytes())))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        return Ok((services_with(services, Some((path.clone(), text))), path));
    }
    Err(missing.map_or_else(|| Failure::NoConfiguration { places: CONFIG_PLACES.to_vec() }, |why| failed(&shown, why)))
}

/// The same for a command that goes by the defaults where there is no configuration: none is taken from the working directory either.
///
/// # Errors
/// When there is no code host, no such branch, tag or commit, or the file that was named is not there.
pub async fn with_configuration_or_none(
    services: &Services,
    given: Option<PathBuf>,
    at: &str,
) -> Result<(Services, Option<PathBuf>), Failure> {
    let named = given.is_some();
    match with_configuration(services, given, at).await {
        Ok((services, path)) => Ok((services, Some(path))),
        Err(Failure::ConfigurationAt { places, .. }) if !named && !places.is_empty() => {
            // GitHub says the same of a file that is not there and of a commit that is not: only the first is what the defaults are for.
            let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
            let patience = Patience::of(services.clock.as_ref(), PATIENCE).never_waiting();
            host.compare(at, at, patience).await.map_err(Failure::CodeHost)?;
            Ok((services_with(services, None), None))
        }
        Err(failure) => Err(failure),
    }
}

fn services_with(services: &Services, fetched: Option<(PathBuf, String)>) -> Services {
    let workspace = Arc::new(WithFetched { disk: Arc::clone(&services.workspace), fetched });
    let targets = Arc::new(Afar { targets: Arc::clone(&services.targets) });
    let stores = Arc::new(StoresAfar { stores: Arc::clone(&services.stores), in_job: services.ci.is_present() });
    Services { workspace, targets, stores, ..services.clone() }
}

/// The user's files, with the configuration that was fetched and no other.
struct WithFetched {
    disk: Arc<dyn Workspace>,
    /// `None`: there is none where it was looked for.
    fetched: Option<(PathBuf, String)>,
}

impl WithFetched {
    fn text(&self, path: &Path) -> Option<&str> {
        self.fetched.as_ref().filter(|(fetched, _)| fetched == path).map(|(_, text)| text.as_str())
    }
}

impl Workspace for WithFetched {
    fn read_text(&self, path: &Path, limit: u64) -> Result<String, WorkspaceError> {
        self.text(path).map_or_else(|| self.disk.read_text(path, limit), |text| Ok(text.to_owned()))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, WorkspaceError> {
        self.text(path).map_or_else(|| self.disk.open(path), |text| Ok(Box::new(io::Cursor::new(text.to_owned().into_bytes()))))
    }

    fn files_below(&self, folder: &Path, ending: &str, most: usize) -> Result<Vec<PathBuf>, WorkspaceError> {
        self.disk.files_below(folder, ending, most)
    }

    fn repository_files(&self, folder: &Path, most: usize) -> Result<Vec<PathBuf>, WorkspaceError> {
        self.disk.repository_files(folder, most)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.disk.is_folder(path)
    }

    fn exists(&self, path: &Path) -> bool {
        let a_configuration = CONFIG_PLACES.iter().any(|place| Path::new(place) == path);
        self.text(path).is_some() || !a_configuration && self.disk.exists(path)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        self.disk.identity(path)
    }

    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, WorkspaceError> {
        self.disk.matching(pattern)
    }

    fn write_by(&self, path: &Path, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>) -> Result<(), WorkspaceError> {
        self.disk.write_by(path, write)
    }

    fn size(&self, path: &Path) -> Option<u64> {
        self.text(path).map_or_else(|| self.disk.size(path), |text| u64::try_from(text.len()).ok())
    }

    fn probe(&self, path: &Path) -> Result<(), WorkspaceError> {
        self.disk.probe(path)
    }
}
