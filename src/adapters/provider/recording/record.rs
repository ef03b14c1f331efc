//! Writing a cassette while a run goes on.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{LastLine, Record, load};
use crate::{
    adapters::secret::Scrubber,
    domain::{
        answer::Answer,
        provider::{ProviderFault, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// One cassette being written, shared by all providers of a run.
///
/// Each answer is appended at once to `<cassette>.partial`, which survives a killed process and is merged by the next
/// recording. [`Self::finish`] writes the cassette itself, all or nothing.
#[derive(Debug)]
pub(in super::super) struct Recorder {
    path: PathBuf,
    partial: PathBuf,
    scrubber: Arc<Scrubber>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the cassette has, in its order, then what is new.
    records: Vec<Record>,
    by_key: HashMap<String, usize>,
    /// How many of `records` the cassette had: these keep their places.
    kept: usize,
    /// The partial, locked, from the first recording on.
    file: Option<File>,
    /// Whether `records` has something that the cassette has not.
    unsaved: bool,
    warned: bool,
}

impl Recorder {
    /// Reads what is recorded already, merges what a killed run left, and proves that the folder can be written.
    ///
    /// # Errors
    /// A broken cassette, a folder that cannot be written, or another run that records to the same file.
    pub(in super::super) fn open(path: &Path, scrubber: Arc<Scrubber>) -> Result<Self, ConnectError> {
        // Where the cassette is a link, its target is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_missing| path.to_owned());
        let mut name = path.file_name().map(ToOwned::to_owned).ok_or_else(|| ConnectError {
            message: format!("cannot record to {}: it names no file", path.display()),
            help: Some("write --record FILE.jsonl".into()),
        })?;
        name.push(".partial");
        let partial = path.with_file_name(name);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| unwritable(&path, &error))?;
        }
        let file = open_partial(&partial).map_err(|error| unwritable(&path, &error))?;
        let mut recorder = Self { path, partial, scrubber, state: Mutex::new(State { file: Some(file), ..State::default() }) };
        let Self { path, partial, state, .. } = &mut recorder;
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if path.exists() {
            state.records = load(path, LastLine::MustBeWhole)?;
            state.kept = state.records.len();
            state.by_key = state.records.iter().enumerate().map(|(position, record)| (record.key.clone(), position)).collect();
        }
        let left_over = load(partial, LastLine::MayBeCut)?;
        if !left_over.is_empty() {
            tracing::info!(component = "cassette", action = "record", recordings = left_over.len(), partial = %partial.display(), "taking over what an interrupted run recorded");
        }
        for record in left_over {
            state.put(record);
        }
        if let Some(file) = &state.file {
            mend_last_line(partial, file).map_err(|error| unwritable(path, &error))?;
        }
        Ok(recorder)
    }

    fn record(&self, request: &Request, answer: &Answer) {
        let record = Record::new(request, answer, &self.scrubber);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = record.to_line().and_then(|line| {
            if state.file.is_none() {
                state.file = Some(open_partial(&self.partial)?);
            }
            state.file.as_mut().map_or(Ok(()), |file| append(file, &line))
        });
        state.put(record);
        if let (Err(error), false) = (written, state.warned) {
            state.warned = true;
            tracing::warn!(component = "cassette", action = "record", partial = %self.partial.display(), %error, "recordings are kept in memory only until the run ends");
        }
    }

    /// Writes the cassette and removes the partial. Does nothing when nothing is new.
    ///
    /// # Errors
    /// When the cassette cannot be written; the partial then stays.
    pub(in super::super) fn finish(&self) -> Result<(), ConnectError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.unsaved {
            write_all(&self.path, &state.in_order()).map_err(|error| ConnectError {
                message: format!("cannot write the cassette {}: {error}", self.path.display()),
                help: Some(format!("the recordings are in {}: the next --record to the same file takes them over", self.partial.display())),
            })?;
            state.unsaved = false;
        }
        if state.file.take().is_some() {
            let removed = fs::remove_file(&self.partial);
            removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }).map_err(|error| {
                ConnectError {
                    message: format!("cannot remove {}: {error}", self.partial.display()),
                    help: Some("delete it: the cassette has everything it holds".into()),
                }
            })?;
        }
        Ok(())
    }
}

/// Adds a line, or nothing of it: what comes behind half a line could not be read.
fn append(file: &mut File, line: &[u8]) -> io::Result<()> {
    let whole = file.metadata()?.len();
    let written = file.write_all(line);
    if written.is_err() {
        file.set_len(whole)?;
    }
    written
}

impl Drop for Recorder {
    /// Leaves no empty partial behind when nothing was recorded.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.file.as_ref().and_then(|file| file.metadata().ok()).is_some_and(|partial| partial.len() == 0) {
            drop(fs::remove_file(&self.partial));
        }
    }
}

impl State {
    fn put(&mut self, record: Record) {
        self.unsaved = true;
        if let Some(known) = self.by_key.get(&record.key).and_then(|position| self.records.get_mut(*position)) {
            *known = record;
        } else {
            self.by_key.insert(record.key.clone(), self.records.len());
            self.records.push(record);
        }
    }

    /// Recordings the cassette had, in their places, then the new ones by their request: the same answers give the
    /// same file, whichever came first.
    fn in_order(&self) -> Vec<&Record> {
        let (kept, new) = self.records.split_at(self.kept.min(self.records.len()));
        let mut new: Vec<&Record> = new.iter().collect();
        new.sort_by_cached_key(|record| (record.request.to_request().to_json().to_string(), record.key.clone()));
        kept.iter().chain(new).collect()
    }
}

fn unwritable(path: &Path, error: &io::Error) -> ConnectError {
    ConnectError {
        message: format!("cannot record to {}: {error}", path.display()),
        help: Some("choose a file in a folder that can be written".into()),
    }
}

/// Opens the partial for appending and locks it, so that two runs never mix their recordings.
fn open_partial(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(io::ErrorKind::ResourceBusy, "another run records to it just now")),
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A line that was cut off by a kill would swallow the next one: it is taken away.
fn mend_last_line(partial: &Path, file: &File) -> io::Result<()> {
    let content = fs::read(partial)?;
    let whole = content.iter().rposition(|&byte| byte == b'\n').map_or(0, |position| position + 1);
    if whole < content.len() { file.set_len(whole as u64) } else { Ok(()) }
}

/// Writes the cassette beside its place and moves it there, so that it is whole at every moment.
fn write_all(path: &Path, records: &[&Record]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".cassette-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    let mut content = Vec::new();
    for record in records {
        content.extend(record.to_line()?);
        if content.len() > 1 << 20 {
            file.write_all(&content)?;
            content.clear();
        }
    }
    file.write_all(&content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// A provider whose answers are written down. Faults are not.
pub(in super::super) struct Recorded {
    inner: Arc<dyn Provider>,
    recorder: Arc<Recorder>,
}

impl Recorded {
    /// Writes the answers of `inner` to `recorder`.
    pub(in super::super) fn new(inner: Arc<dyn Provider>, recorder: Arc<Recorder>) -> Self {
        Self { inner, recorder }
    }
}

#[async_trait]
impl Provider for Recorded {
    fn is_at_hand(&self, request: &Request) -> bool {
        self.inner.is_at_hand(request)
    }

    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        let answer = self.inner.answer(request, limit).await?;
        self.recorder.record(request, &answer);
        Ok(answer)
    }

    async fn finish(&self) -> Result<(), ConnectError> {
        let inner = self.inner.finish().await;
        self.recorder.finish().and(inner)
    }
}
