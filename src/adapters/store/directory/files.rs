//! The files of a directory store, and how several of them change as one.
//!
//! ```text
//! lock                    held by whoever writes
//! records/a/b.json        the record a/b; capitals are written =a, for file systems that take A and a for the same
//! tmp/                    what is being written; its files count for nothing
//! journal.json            an accepted write of several records that is being carried out
//! ```
//!
//! One record: write `tmp/…`, fsync, rename, fsync the folder. Several: all are written to `tmp/` and made durable, then
//! the journal is renamed into place, which is the moment that accepts them, then each is renamed and the journal
//! removed. Whoever finds a journal under the lock finishes it first: every step of that may be done again.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    super::record::{self, RECORD_LIMIT, Step},
    disk::{Created, Disk, folders_between},
};
use crate::{
    domain::digest,
    ports::store::{Key, Revision, StoreError, Versioned, Write},
};

/// The most bytes of a journal: a few texts for each of at most a hundred records.
const JOURNAL_LIMIT: u64 = 1024 * 1024;

/// An accepted write: what is still to be moved and removed. Names are relative to `tmp` and `records`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    form: u32,
    moves: Vec<(String, String)>,
    removals: Vec<String>,
    digest: String,
}

impl Journal {
    fn own_digest(&self) -> String {
        digest::of_json(&serde_json::json!([self.form, self.moves, self.removals]))
    }
}

/// The files of one store.
#[derive(Debug)]
pub(super) struct Files<D> {
    pub(super) root: PathBuf,
    pub(super) disk: Arc<D>,
}

impl<D> Clone for Files<D> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), disk: Arc::clone(&self.disk) }
    }
}

impl<D: Disk> Files<D> {
    fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn journal(&self) -> PathBuf {
        self.root.join("journal.json")
    }

    /// The lock, or `None` while somebody else has it.
    pub(super) fn try_lock(&self) -> Result<Option<D::Lock>, StoreError> {
        // The folders above are the user's own, links and all.
        let above: Vec<PathBuf> = self.root.ancestors().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned).collect();
        for folder in above.iter().rev() {
            if !self.disk.exists(folder).map_err(trouble(folder))? {
                self.make_folder(folder)?;
            }
        }
        let path = self.root.join("lock");
        self.disk.try_lock(&path).map_err(trouble(&path))
    }

    /// Whether an accepted write waits for its end.
    pub(super) fn has_journal(&self) -> Result<bool, StoreError> {
        let path = self.journal();
        self.disk.exists(&path).map_err(trouble(&path))
    }

    /// The record as it is.
    pub(super) fn read(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let path = self.records().join(name(key));
        for folder in folders_between(&self.root, &path) {
            // A link among the folders would lead out of the store.
            if !self.disk.is_there_itself(&folder).map_err(trouble(&folder))? {
                return Ok(None);
            }
        }
        let limit = u64::try_from(RECORD_LIMIT).unwrap_or(u64::MAX);
        let text = match self.disk.read(&path, limit) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(trouble(&path))?,
        };
        let place = path.display().to_string();
        if text.len() > RECORD_LIMIT {
            return Err(StoreError::Corrupt { place, reason: format!("it has more than {RECORD_LIMIT} bytes, which no record has") });
        }
        record::decode(key, &text, &place).map(Some)
    }

    /// Every key.
    pub(super) fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        let mut folders = vec![(self.records(), String::new())];
        while let Some((folder, above)) = folders.pop() {
            for (entry, is_folder) in self.disk.names(&folder).map_err(trouble(&folder))? {
                if is_folder {
                    folders.push((folder.join(&entry), format!("{above}{entry}/")));
                } else if let Some(key) = entry.strip_suffix(".json").and_then(|stem| key_of(&format!("{above}{stem}"))) {
                    keys.push(key);
                }
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// Finishes what was accepted and clears away what was not. Only under the lock.
    pub(super) fn recover(&self) -> Result<(), StoreError> {
        let path = self.journal();
        match self.disk.read(&path, JOURNAL_LIMIT) {
            Ok(text) => self.carry_out(&journal_of(&text, &path)?)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(trouble(&path)(error)),
        }
        let tmp = self.tmp();
        for (entry, _) in self.disk.names(&tmp).map_err(trouble(&tmp))? {
            let path = tmp.join(entry);
            self.disk.remove(&path).map_err(trouble(&path))?;
        }
        Ok(())
    }

    /// Does all of `writes` or none. Only under the lock and after [`Self::recover`].
    pub(super) fn transact(&self, writes: &[Write], nonce: &str, place: &str) -> Result<Vec<Revision>, StoreError> {
        let mut steps = Vec::new();
        for write in writes {
            steps.push((&write.key, record::decide(write, self.read(&write.key)?, nonce, place)?));
        }
        let mut journal = Journal { form: 1, moves: Vec::new(), removals: Vec::new(), digest: String::new() };
        for (index, (key, step)) in steps.iter().enumerate() {
            match step {
                Step::Put { text, .. } => {
                    let from = format!("{nonce}-{index}");
                    self.stage(&from, text, key)?;
                    journal.moves.push((from, name(key)));
                }
                Step::Delete(_) => journal.removals.push(name(key)),
                Step::Keep(_) => {}
            }
        }
        // A single rename or removal is atomic by itself.
        if journal.moves.len() + journal.removals.len() > 1 {
            self.accept(&mut journal, nonce)?;
        }
        let journaled = !journal.digest.is_empty();
        self.carry_out(&journal).map_err(|error| if journaled { accepted(error) } else { error })?;
        Ok(steps.iter().map(|(_, step)| step.revision()).collect())
    }

    /// Writes a record's text where it counts for nothing yet, and makes room where it will go.
    fn stage(&self, from: &str, text: &str, key: &Key) -> Result<(), StoreError> {
        let tmp = self.tmp();
        self.make_folder(&tmp)?;
        for folder in folders_between(&self.root, &self.records().join(name(key))) {
            self.make_folder(&folder)?;
        }
        self.write_durably(&tmp.join(from), text.as_bytes())
    }

    /// Makes a folder that outlives a power cut.
    fn make_folder(&self, folder: &Path) -> Result<(), StoreError> {
        if self.disk.create_folder(folder).map_err(trouble(folder))? == Created::New {
            self.sync_folder(folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    fn write_durably(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        self.disk.write_new(path, content).and_then(|()| self.disk.sync(path)).map_err(trouble(path))
    }

    fn sync_folder(&self, folder: &Path) -> Result<(), StoreError> {
        self.disk.sync_folder(folder).map_err(trouble(folder))
    }

    /// Puts the journal in place: from here on the write will be done, whatever happens.
    fn accept(&self, journal: &mut Journal, nonce: &str) -> Result<(), StoreError> {
        journal.digest = journal.own_digest();
        let text = serde_json::to_vec(journal).expect("texts are JSON");
        let (new, path) = (self.tmp().join(format!("{nonce}-journal")), self.journal());
        self.make_folder(&self.tmp())?;
        self.write_durably(&new, &text)?;
        self.sync_folder(&self.tmp())?;
        self.disk.rename(&new, &path).map_err(trouble(&path))?;
        self.sync_folder(&self.root).map_err(accepted)
    }

    /// Moves and removes; any part of it may have been done before.
    fn carry_out(&self, journal: &Journal) -> Result<(), StoreError> {
        let mut touched = BTreeSet::new();
        for (from, to) in &journal.moves {
            let (from, to) = (self.tmp().join(from), self.records().join(to));
            match self.disk.rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !journal.digest.is_empty() => {}
                moved => moved.map_err(trouble(&to))?,
            }
            touched.extend(to.parent().map(Path::to_owned));
        }
        for removal in &journal.removals {
            let path = self.records().join(removal);
            self.disk.remove(&path).map_err(trouble(&path))?;
            touched.extend(path.parent().map(Path::to_owned));
        }
        for folder in touched {
            self.sync_folder(&folder).map_err(accepted)?;
        }
        if !journal.digest.is_empty() {
            let path = self.journal();
            self.disk.remove(&path).map_err(trouble(&path))?;
            self.sync_folder(&self.root)?;
        }
        Ok(())
    }
}

/// A journal from its text: only what this store wrote, for names that stay in their folders.
fn journal_of(text: &[u8], path: &Path) -> Result<Journal, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { place: path.display().to_string(), reason };
    let journal: Journal = serde_json::from_slice(text).map_err(|error| corrupt(format!("it is no journal: {error}")))?;
    if journal.form > 1 {
        return Err(StoreError::Newer { place: path.display().to_string(), found: journal.form, known: 1 });
    }
    let names = journal.moves.iter().map(|(_, to)| to).chain(&journal.removals);
    let lawful = |name: &String| name.strip_suffix(".json").and_then(key_of).is_some();
    let plain = |from: &String| from.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if journal.digest != journal.own_digest() || !names.clone().all(lawful) || !journal.moves.iter().all(|(from, _)| plain(from)) {
        return Err(corrupt("its digest does not fit its content".to_owned()));
    }
    Ok(journal)
}

/// The path of a record's file below `records`.
fn name(key: &Key) -> String {
    let mut name = String::new();
    for c in key.as_str().chars() {
        if c.is_ascii_uppercase() {
            name.push('=');
        }
        name.push(c.to_ascii_lowercase());
    }
    name + ".json"
}

/// The key whose file has this path, without its ending.
fn key_of(stem: &str) -> Option<Key> {
    let mut text = String::new();
    let mut characters = stem.chars();
    while let Some(c) = characters.next() {
        match c {
            '=' => text.push(characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase()),
            c if c.is_ascii_uppercase() => return None,
            c => text.push(c),
        }
    }
    Key::new(text).ok()
}

/// What the operating system's refusal means.
fn trouble(path: &Path) -> impl Fn(io::Error) -> StoreError {
    let place = path.display().to_string();
    move |error| {
        let (place, reason) = (place.clone(), error.to_string());
        #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds are the standard library's and grow")]
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                StoreError::Full { place, reason, maybe_done: false }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Refused { place, reason, next: "give this user the right to write there, or name another folder".to_owned() }
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                StoreError::Refused { place, reason, next: "move it away, or name another folder for the store".to_owned() }
            }
            _ => StoreError::Unreachable { place, reason, maybe_done: false },
        }
    }
}

/// An error after the moment that accepts a write.
fn accepted(error: StoreError) -> StoreError {
    match error {
        StoreError::Full { place, reason, .. } => StoreError::Full { place, reason, maybe_done: true },
        StoreError::Unreachable { place, reason, .. } | StoreError::Refused { place, reason, .. } => {
            StoreError::Unreachable { place, reason, maybe_done: true }
        }
        StoreError::Conflict(_)
        | StoreError::Corrupt { .. }
        | StoreError::Newer { .. }
        | StoreError::TooLarge { .. }
        | StoreError::Settings(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_file_of_its_own_whatever_the_file_system_makes_of_capitals() {
        for (key, file) in [("a/b-1.2", "a/b-1.2.json"), ("A/bC", "=a/b=c.json"), ("_x", "_x.json")] {
            let key = Key::new(key).unwrap();
            assert_eq!(name(&key), file);
            assert_eq!(key_of(file.strip_suffix(".json").unwrap()), Some(key));
        }
        for stem in ["A", "=", "==a", "=A", "..", "../x", ".DS_Store", ""] {
            assert_eq!(key_of(stem), None, "{stem:?}");
        }
    }
}
