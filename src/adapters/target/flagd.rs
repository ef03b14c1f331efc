//! A manifest of flags: a file, or a server that answers GET and takes PUT.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};

use super::{
    manifest::{Manifest, ManifestError},
    tell::{MAX_ANSWER, Teller},
};
use crate::{
    adapters::http::site::Site,
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// How often the write to a server is tried when others write at the same time.
const ATTEMPTS: u32 = 20;

/// The wait before asking again for a lock or after a lost race.
const PAUSE: Duration = Duration::from_millis(10);

/// Where the manifest is.
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    Http(Site),
}

/// A flag in a manifest.
#[derive(Debug)]
pub(super) struct Flagd {
    pub(super) teller: Teller,
    pub(super) place: Place,
    pub(super) flag: String,
}

impl Flagd {
    fn unusable(&self, error: ManifestError) -> TargetError {
        let flag = &self.flag;
        match error {
            ManifestError::Malformed(what) => {
                self.teller.error(TargetErrorKind::Foreign, &format!("{} is no flag manifest: {what}", self.shown()))
            }
            ManifestError::Foreign(what) => self.teller.error(
                TargetErrorKind::Foreign,
                &format!("the flag `{flag}` in {}: {what}, so it is left alone; rename it or write another `flag`", self.shown()),
            ),
            ManifestError::Newer(epoch) => self
                .teller
                .error(TargetErrorKind::Fenced, &format!("the flag `{flag}` has the newer epoch {epoch}: a rollback came between")),
        }
    }

    fn shown(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Http(site) => site.shown().to_owned(),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<Manifest>, TargetError> {
        match fs::read(path) {
            Ok(text) => Manifest::parse(&text).map(Some).map_err(|error| self.unusable(error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io_error(path, &error)),
        }
    }

    fn io_error(&self, path: &Path, error: &io::Error) -> TargetError {
        let kind = if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
            TargetErrorKind::Refused
        } else {
            TargetErrorKind::Failed
        };
        self.teller.error(kind, &format!("{}: {error}", path.display()))
    }

    /// Reads, changes and replaces the file while its folder is locked, so that nobody's flag is lost. Readers see the
    /// old file or the new one, never a part.
    async fn apply_to_file(&self, path: &Path, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        // Where the path is a link, its target is written, not the link replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_not_there_yet| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: &io::Error| self.io_error(path, error);
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let handle = fs::File::open(folder).map_err(|error| failed(&error))?;
        loop {
            match handle.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(fs::TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
        let mut manifest = self.read_file(path)?.unwrap_or_else(Manifest::empty);
        if manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(error))? {
            replace(path, folder, &handle, manifest.to_text().as_bytes()).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// The manifest of a server and its `ETag`; none where there is nothing yet.
    async fn fetch(&self, site: &Site) -> Result<Option<(Manifest, Option<HeaderValue>)>, TargetError> {
        let shown = format!("GET {}", site.shown());
        let reply = site.send(site.request(Method::GET), MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(self.teller.refused(&shown, &reply));
        }
        let manifest = Manifest::parse(&reply.body).map_err(|error| self.unusable(error))?;
        Ok(Some((manifest, reply.headers.get(ETAG).cloned())))
    }

    async fn apply_to_server(&self, site: &Site, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        let shown = format!("PUT {}", site.shown());
        for attempt in 1..=ATTEMPTS {
            let (mut manifest, condition) = match self.fetch(site).await? {
                Some((manifest, tag)) => (manifest, tag.map(|tag| (IF_MATCH, tag))),
                None => (Manifest::empty(), Some((IF_NONE_MATCH, HeaderValue::from_static("*")))),
            };
            if !manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(error))? {
                return Ok(());
            }
            let mut request = site.request(Method::PUT).header(CONTENT_TYPE, "application/json").body(manifest.to_text());
            if let Some((name, value)) = condition {
                request = request.header(name, value);
            }
            let reply = site.send(request, MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
            match reply.status {
                status if status.is_success() => return Ok(()),
                StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => tokio::time::sleep(PAUSE * attempt).await,
                _ => return Err(self.teller.refused(&shown, &reply)),
            }
        }
        let what = format!("{shown}: others wrote {ATTEMPTS} times in between; try again");
        Err(self.teller.error(TargetErrorKind::Conflict, &what))
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

#[async_trait]
impl Target for Flagd {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        let apply = async {
            match &self.place {
                Place::File(path) => self.apply_to_file(path, desired, operation).await,
                Place::Http(site) => self.apply_to_server(site, desired, operation).await,
            }
        };
        self.teller.within(deadline, apply).await
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        let observe = async {
            let manifest = match &self.place {
                Place::File(path) => self.read_file(path)?,
                Place::Http(site) => self.fetch(site).await?.map(|(manifest, _)| manifest),
            };
            Ok(manifest.map(|manifest| manifest.observe(&self.flag)).unwrap_or_default())
        };
        self.teller.within(deadline, observe).await
    }
}
