//! `--config-at REF`: the configuration as the code host has it, for a job that checks nothing out.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{CONFIG_PLACES, Failure, Services, TEXT_LIMIT};
use crate::ports::{
    code_host::{CodeHostError, Patience},
    workspace::{Workspace, WorkspaceError},
};

/// The longest that reading it may take; it is part of a rollback's 30 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// The services, with the configuration of a branch, tag or commit among the user's files, and where it is among them. `HEAD` is the
/// default branch.
///
/// # Errors
/// When there is no code host, or it has no such file there.
pub async fn with_configuration(services: &Services, given: Option<PathBuf>, at: &str) -> Result<(Services, PathBuf), Failure> {
    let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
    let patience = Patience::of(services.clock.as_ref(), PATIENCE).never_waiting();
    let limit = usize::try_from(TEXT_LIMIT).unwrap_or(usize::MAX);
    let places = given.map_or_else(|| CONFIG_PLACES.map(PathBuf::from).to_vec(), |path| vec![path]);
    let mut missing = None;
    for path in places {
        let shown = path.display().to_string();
        let bytes = match host.file(shown.strip_prefix("./").unwrap_or(&shown), at, limit, patience).await {
            Ok(bytes) => bytes,
            Err(error @ CodeHostError::NotFound { .. }) => {
                missing = missing.or(Some(error));
                continue;
            }
            Err(error) => return Err(Failure::CodeHost(error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| Failure::File(WorkspaceError::not_utf8(&path, error.as_bytes())))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        let workspace = Arc::new(WithFetched { disk: Arc::clone(&services.workspace), path: path.clone(), text });
        return Ok((Services { workspace, ..services.clone() }, path));
    }
    Err(missing.map_or_else(|| Failure::NoConfiguration { places: CONFIG_PLACES.to_vec() }, Failure::CodeHost))
}

/// The user's files, one of which was fetched.
struct WithFetched {
    disk: Arc<dyn Workspace>,
    path: PathBuf,
    text: String,
}

impl Workspace for WithFetched {
    fn read_text(&self, path: &Path, limit: u64) -> Result<String, WorkspaceError> {
        if path == self.path { Ok(self.text.clone()) } else { self.disk.read_text(path, limit) }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, WorkspaceError> {
        if path == self.path { Ok(Box::new(io::Cursor::new(self.text.clone().into_bytes()))) } else { self.disk.open(path) }
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
        path == self.path || self.disk.exists(path)
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
        if path == self.path { u64::try_from(self.text.len()).ok() } else { self.disk.size(path) }
    }

    fn probe(&self, path: &Path) -> Result<(), WorkspaceError> {
        self.disk.probe(path)
    }
}
