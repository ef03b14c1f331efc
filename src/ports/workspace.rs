//! The user's files.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::domain::utf8::NotUtf8;

/// Reads and writes files.
pub trait Workspace: Send + Sync {
    /// A text file, without a byte-order mark.
    ///
    /// # Errors
    /// When it is not there, not readable, not UTF-8 or larger than `limit` bytes.
    fn read_text(&self, path: &Path, limit: u64) -> Result<String, WorkspaceError>;

    /// A file as a stream; `-` is standard input.
    ///
    /// # Errors
    /// When it is not there, not readable, or a folder.
    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, WorkspaceError>;

    /// Every file below a folder whose name ends like this, sorted; links to folders are not followed, and at most
    /// `most` are found.
    ///
    /// # Errors
    /// When a folder cannot be read.
    fn files_below(&self, folder: &Path, ending: &str, most: usize) -> Result<Vec<PathBuf>, WorkspaceError>;

    /// Every file below a folder, sorted, at most `most`. Links to folders are not followed; folders whose names begin with a dot, and
    /// those in which tools keep what is not the user's (`node_modules`, `target`, …), are left out.
    ///
    /// # Errors
    /// When a folder cannot be read.
    fn repository_files(&self, folder: &Path, most: usize) -> Result<Vec<PathBuf>, WorkspaceError>;

    /// Whether a path leads to a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// Whether a file is there.
    fn exists(&self, path: &Path) -> bool;

    /// The file that a path leads to, links followed, so that two spellings of one file are found out. A file that is
    /// not there yet is named by its folder's identity.
    fn identity(&self, path: &Path) -> PathBuf;

    /// Files matching a pattern with `*` in its last component, sorted; the path itself when there is no `*`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, WorkspaceError>;

    /// Writes a file anew, all or nothing, making its folder where needed.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&self, path: &Path, content: &[u8]) -> Result<(), WorkspaceError> {
        self.write_by(path, &mut |out| out.write_all(content))
    }

    /// The same piece by piece, for what should not stand in memory as a whole.
    ///
    /// # Errors
    /// When it cannot be written, and what `write` says.
    fn write_by(&self, path: &Path, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>) -> Result<(), WorkspaceError>;

    /// How many bytes a file has; `None` for what is no plain file, or not there.
    fn size(&self, path: &Path) -> Option<u64>;

    /// Proves that a file can be written later, without changing what it holds.
    ///
    /// # Errors
    /// When it cannot be written.
    fn probe(&self, path: &Path) -> Result<(), WorkspaceError>;
}

/// Why a file could not be used.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// The operating system's word.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Bytes that are no text.
    #[error("{path}: {wrong}", path = path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first of them.
        wrong: NotUtf8,
    },
    /// More than we read.
    #[error("{path}: {size} bytes, more than the {limit} allowed here", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The most we take.
        limit: u64,
    },
}

impl WorkspaceError {
    /// The error of bytes that are no text.
    pub fn not_utf8(path: &Path, bytes: &[u8]) -> Self {
        match NotUtf8::find(bytes) {
            Some(wrong) => Self::NotUtf8 { path: path.to_owned(), wrong },
            // Only asked where the bytes were refused.
            None => Self::Io { path: path.to_owned(), source: io::ErrorKind::InvalidData.into() },
        }
    }
}
