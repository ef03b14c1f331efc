//! The history of the user's files: what a file was at another commit.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use thiserror::Error;

use crate::domain::release::{Commit, Tag};

/// Reads a repository's history. Every call has a deadline of its own.
#[async_trait]
pub trait Vcs: Send + Sync {
    /// What a pull request proposes, where this run is about one.
    ///
    /// # Errors
    /// When it is about one that cannot be read: never the same as being about none.
    fn proposed(&self) -> Result<Option<Proposed>, VcsError>;

    /// The commit that a branch, a tag or a commit's name stands for, as its full name.
    ///
    /// # Errors
    /// When there is none, or it is not to be had here.
    async fn commit(&self, reference: &str) -> Result<String, VcsError>;

    /// The last commit that two have in common.
    ///
    /// # Errors
    /// When they have none, or the history here does not reach so far.
    async fn merge_base(&self, one: &str, other: &str) -> Result<String, VcsError>;

    /// How many commits lead from one to a later one that it leads to: 0 for itself, 1 for its parent.
    ///
    /// # Errors
    /// When one of the two is not here, or only the code host has the history.
    async fn distance(&self, from: &str, to: &str) -> Result<u64, VcsError>;

    /// A file's bytes at a commit; `None` when it was not there. The path is relative to the working directory.
    ///
    /// # Errors
    /// When the commit is not to be had, or the file has more than `limit` bytes.
    async fn file(&self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VcsError>;

    /// The newest commit here that changed a file; `None` when that is not known: no commit has it, or the history here does not reach so
    /// far. The path is relative to the working directory.
    ///
    /// # Errors
    /// When nothing here reads the history.
    async fn last_change(&self, path: &Path) -> Result<Option<LastChange>, VcsError>;

    /// The files that matched a pattern with `*` in its last component at a commit, sorted; none when there were none.
    ///
    /// # Errors
    /// When the commit is not to be had, or nothing here can list its files.
    async fn matching(&self, commit: &str, pattern: &Path) -> Result<Vec<PathBuf>, VcsError>;

    /// The tags that lead to a commit of this history.
    ///
    /// # Errors
    /// When there is no history here, or only a part of it: a tag that is not seen would be taken for one that is not there.
    async fn tags(&self) -> Result<Vec<Tag>, VcsError>;

    /// The commits after `from` (`None`: from the beginning) up to `to`, the newest first, without merges; only those that touch one of
    /// `paths`, where there are any.
    ///
    /// # Errors
    /// When one of the two is not to be had, only a part of the history is here, or there are more than are read.
    async fn commits(&self, from: Option<&str>, to: &str, paths: &[PathBuf]) -> Result<Vec<Commit>, VcsError>;

    /// What is checked out here, and which of these files are not as its commit has them: changed, ignored, never added, or elsewhere.
    /// `None`: the working directory is in no repository. Paths are relative to the working directory.
    ///
    /// # Errors
    /// When it cannot be told: never the same as nothing being altered.
    async fn checked_out(&self, files: &[PathBuf]) -> Result<Option<CheckedOut>, VcsError>;

    /// What is checked out here, and which of all files that git follows are not as its commit has them, wherever in the work tree the
    /// working directory is. `None`: it is in no repository. Paths are relative to the root of the work tree.
    ///
    /// # Errors
    /// When it cannot be told: never the same as nothing being altered.
    async fn work_tree(&self) -> Result<Option<CheckedOut>, VcsError>;

    /// The commit at the tip of the default branch; `None` where nobody says which branch that is.
    ///
    /// # Errors
    /// When nothing here reads the history.
    async fn default_branch(&self) -> Result<Option<String>, VcsError>;

    /// Commits these files as they are in the working directory, and nothing else; its name comes back.
    ///
    /// # Errors
    /// When nothing changed, or git refuses.
    async fn record(&self, files: &[PathBuf], message: &str) -> Result<String, VcsError>;
}

/// A commit that changed a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// Its full name.
    pub commit: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedOut {
    /// The commit's full name; `None`: there is no commit yet.
    pub commit: Option<String>,
    /// The files that are not as the commit has them.
    pub altered: Vec<PathBuf>,
}

/// A pull request as the event tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The commit at the tip of the branch that it goes to.
    pub base: String,
    /// Its own last commit.
    pub head: String,
}

/// Why history could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VcsError {
    /// It cannot be the name of a commit; nothing was asked.
    #[error("`{0}` cannot be the name of a commit, a branch or a tag")]
    NoName(String),
    /// There is nothing of that name, or a shallow clone does not have it.
    #[error("`{reference}` is no commit, branch or tag here{}", if *.shallow { ", and this clone is shallow: it may only be missing" } else { "" })]
    Missing {
        /// As asked for.
        reference: String,
        /// Whether the clone has only a part of the history.
        shallow: bool,
    },
    /// Two commits without a common one.
    #[error("{one} and {other} have no common commit here{}", if *.shallow { ": this clone is shallow" } else { "" })]
    Unrelated {
        /// The one.
        one: String,
        /// The other.
        other: String,
        /// Whether the clone has only a part of the history.
        shallow: bool,
    },
    /// Here is no repository, or no program that reads it.
    #[error("the history cannot be read here: {0}")]
    Unavailable(String),
    /// A pull request started this run, and what it proposes cannot be read.
    #[error("what the pull request goes onto is not known: {0}")]
    Event(String),
    /// A file of more bytes than are read.
    #[error("{path} at {commit} has more than {limit} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The commit.
        commit: String,
        /// The most.
        limit: u64,
    },
    /// Only a part of the history is here.
    #[error("this clone is shallow, so that not every commit and tag is here: fetch the history (`fetch-depth: 0` in actions/checkout)")]
    Shallow,
    /// It did not do what was asked.
    #[error("git refused: {0}")]
    Refused(String),
    /// No answer in time, or none that can be used.
    #[error("the history could not be read: {0}")]
    Unreachable(String),
}

/// Whether a text may be handed on as the name of a commit: nothing that reads as an option, a range, a path or a command.
pub fn is_reference(text: &str) -> bool {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '@' | '+' | '#' | '^' | '~');
    (1..=250).contains(&text.chars().count())
        && !text.starts_with(['-', '.', '/', '^', '~'])
        && !text.contains("..")
        && text.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn what_is_no_name_is_refused_before_anyone_is_asked() {
        for good in ["main", "origin/main", "v1.2.3", "HEAD~2", "HEAD^", "feature/ünïcode#7", "0123abc", "release@2"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in
            ["", "-h", "--output=/tmp/x", "--upload-pack=id", "a b", "a;id", "$(id)", "main..x", "main:x", "a\nb", "^main", "@{-1}", "a\0"]
        {
            assert!(!is_reference(bad), "{bad:?}");
        }
        assert!(!is_reference(&"a".repeat(251)));
    }
}
