//! A manifest in a file. Everything here waits for the disk, so it is done away from the tasks that must not wait.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    manifest::{Manifest, ManifestError},
    tell::{MAX_ANSWER, Teller},
};
use crate::{
    adapters::regular_file,
    domain::target::{Desired, Observed},
    ports::target::{TargetError, TargetErrorKind},
};

/// The wait before asking again for a lock.
const PAUSE: Duration = Duration::from_millis(10);

/// A flag in a manifest in a file.
#[derive(Debug, Clone)]
pub(super) struct FlagFile {
    pub(super) teller: Teller,
    pub(super) path: PathBuf,
    pub(super) flag: String,
}

impl FlagFile {
    /// Does `job` where waiting is allowed. When the time is up its answer is not waited for, and it changes nothing any more.
    pub(super) async fn within<T: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl FnOnce(&Self, Instant) -> Result<T, TargetError> + Send + 'static,
    ) -> Result<T, TargetError> {
        let this = self.clone();
        let until = Instant::now() + deadline.min(self.teller.timeout);
        let work = async {
            let done = tokio::task::spawn_blocking(move || job(&this, until)).await;
            done.unwrap_or_else(|broken| Err(self.teller.error(TargetErrorKind::Failed, &format!("the work on its file broke: {broken}"))))
        };
        self.teller.within(deadline, work).await
    }

    /// What the flag shows.
    pub(super) fn observe(&self) -> Result<Observed, TargetError> {
        let Some(manifest) = self.read(&self.path)? else { return Ok(Observed::default()) };
        manifest.observe(&self.flag).map_err(|error| self.unusable(error))
    }

    fn read(&self, path: &Path) -> Result<Option<Manifest>, TargetError> {
        match regular_file::read(path, MAX_ANSWER) {
            Ok((text, _)) => Manifest::parse(&text).map(Some).map_err(|error| self.unusable(error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    fn unusable(&self, error: ManifestError) -> TargetError {
        error.told(&self.teller, &self.flag, &self.path.display().to_string())
    }

    fn failed(&self, path: &Path, error: &io::Error) -> TargetError {
        let for_good =
            [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::InvalidInput, io::ErrorKind::FileTooLarge];
        let kind = if for_good.contains(&error.kind()) { TargetErrorKind::Refused } else { TargetErrorKind::Failed };
        self.teller.error(kind, &format!("{}: {error}", path.display()))
    }

    /// Reads, changes and replaces the file while its folder is locked, so that nobody's flag is lost. Readers see the
    /// old file or the new one, never a part.
    pub(super) fn apply(&self, desired: &Desired, operation: &str, until: Instant) -> Result<(), TargetError> {
        // Where the path is a link, its target is written, not the link replaced.
        let path = &fs::canonicalize(&self.path).unwrap_or_else(|_not_there_yet| self.path.clone());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: &io::Error| self.failed(path, error);
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let handle = fs::File::open(folder).map_err(|error| failed(&error))?;
        let late = || self.teller.error(TargetErrorKind::TimedOut, "its time was up before it was written");
        loop {
            match handle.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
                Err(fs::TryLockError::WouldBlock) => return Err(late()),
                Err(fs::TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
        let mut manifest = self.read(path)?.unwrap_or_else(Manifest::empty);
        if manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(error))? {
            // Whoever asked has given up by now, and may have asked for something else since.
            if Instant::now() >= until {
                return Err(late());
            }
            replace(path, folder, &handle, manifest.to_text().as_bytes()).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// Writes beside the file, makes it last, and puts it in the file's place.
fn replace(path: &Path, folder: &Path, handle: &fs::File, content: &[u8]) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};
    let permissions = fs::metadata(path).map_or_else(|_new| fs::Permissions::from_mode(0o644), |there| there.permissions());
    let mut file = tempfile::Builder::new().prefix(".prompt-cicd-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    handle.sync_all()
}
