//! A folder of answers, so that the same question is not paid for twice.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Record;
use crate::{
    adapters::secret::Scrubber,
    domain::{
        answer::{Answer, Origin},
        digest,
        provider::{ProviderFault, ProviderKind, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// A provider whose answers are kept and taken from a folder. Faults are not kept.
///
/// Files are read and written on the runtime's threads for blocking work, so that they never delay the moment at which
/// another answer's last byte is seen.
pub(in super::super) struct Cached {
    inner: Arc<dyn Provider>,
    folder: PathBuf,
    /// What answers: a different server must not share answers.
    source: Value,
    scrubber: Arc<Scrubber>,
    warned: AtomicBool,
}

impl Cached {
    /// Keeps the answers of `inner`, which is reached as `kind` says.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(in super::super) fn new(
        inner: Arc<dyn Provider>,
        folder: &Path,
        kind: &ProviderKind,
        scrubber: Arc<Scrubber>,
    ) -> Result<Self, ConnectError> {
        fs::create_dir_all(folder).map_err(|error| ConnectError {
            message: format!("cannot use {} as answer cache: {error}", folder.display()),
            help: Some("choose a folder that can be written".into()),
        })?;
        Ok(Self { inner, folder: folder.to_owned(), source: source_of(kind), scrubber, warned: AtomicBool::new(false) })
    }

    fn file(&self, request: &Request) -> PathBuf {
        let key = digest::of_json(&json!([self.source, request.key()]));
        let (group, _) = key.split_at(2);
        self.folder.join(group).join(format!("{key}.json"))
    }

    fn warn(&self, path: &Path, error: &io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(component = "cache", action = "read", path = %path.display(), %error, "answers cannot be cached");
        }
    }
}

/// The identity of what answers: everything that can change the answer or how it is measured, but no key.
fn source_of(kind: &ProviderKind) -> Value {
    match kind {
        ProviderKind::OpenAi(http) | ProviderKind::Anthropic(http) => {
            json!([kind.name(), http.base_url, http.stream, http.headers])
        }
        ProviderKind::Command { argv, env, .. } => json!([kind.name(), argv, env]),
        ProviderKind::Echo => json!([kind.name()]),
        ProviderKind::Cassette { path, of } => json!([kind.name(), path.to_string_lossy(), of]),
    }
}

fn look_up(path: &Path, key: &str) -> Option<Record> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(component = "cache", action = "read", path = %path.display(), %error, "a cached answer cannot be read and is asked for again");
            return None;
        }
    };
    match Record::parse(&text) {
        Ok(record) if record.key == key => Some(record),
        Ok(_other) => {
            tracing::warn!(component = "cache", action = "read", path = %path.display(), "a cached answer belongs to another request and is asked for again");
            None
        }
        Err(error) => {
            tracing::warn!(component = "cache", action = "read", path = %path.display(), %error, "a cached answer is broken and is asked for again");
            None
        }
    }
}

fn keep(path: &Path, record: &Record) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".answer-").tempfile_in(folder)?;
    io::Write::write_all(&mut file, &record.to_line()?)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[async_trait]
impl Provider for Cached {
    fn is_at_hand(&self, request: &Request) -> bool {
        self.file(request).exists() || self.inner.is_at_hand(request)
    }

    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        let (path, key) = (self.file(request), request.key());
        let found = tokio::task::spawn_blocking({
            let path = path.clone();
            move || look_up(&path, &key)
        });
        if let Ok(Some(record)) = found.await {
            return Ok(record.answer(Origin::Cached));
        }
        let answer = self.inner.answer(request, limit).await?;
        let record = Record::new(request, &answer, &self.scrubber);
        let kept = tokio::task::spawn_blocking({
            let path = path.clone();
            move || keep(&path, &record)
        });
        if let Err(error) = kept.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            self.warn(&path, &error);
        }
        Ok(answer)
    }

    async fn finish(&self) -> Result<(), ConnectError> {
        self.inner.finish().await
    }
}
