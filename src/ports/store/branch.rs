//! A branch of a repository as a set of files that changes as a whole: what stores on git rest on.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Patience, StoreError};

/// How a commit says how many it follows.
const TRAILER: &str = "State-Commits: ";

/// One branch, by whatever reaches it.
#[async_trait]
pub trait Branch: Send + Sync {
    /// What and where it is, for people.
    fn place(&self) -> String;

    /// The newest commit; `None` when the branch does not exist yet.
    ///
    /// # Errors
    /// Whatever keeps the host from answering.
    async fn tip(&self, patience: Patience) -> Result<Option<Tip>, StoreError>;

    /// The bytes of a file at a commit; `None` when it is not there.
    ///
    /// # Errors
    /// Whatever keeps the host from answering.
    async fn read(&self, tip: &Tip, path: &str, patience: Patience) -> Result<Option<Vec<u8>>, StoreError>;

    /// The paths of all files at a commit.
    ///
    /// # Errors
    /// Whatever keeps the host from answering.
    async fn list(&self, tip: &Tip, patience: Patience) -> Result<Vec<String>, StoreError>;

    /// Puts one commit on top of `tip`, only if the branch is still there.
    ///
    /// # Errors
    /// Whatever keeps the host from answering; a branch that moved on is [`Advanced::Stale`], no error.
    async fn advance(&self, tip: Option<&Tip>, commit: &Commit<'_>, patience: Patience) -> Result<Advanced, StoreError>;
}

/// Opens branches of this repository: the app says which, the wiring knows how.
pub trait Branches: Send + Sync {
    /// Prepares a branch of `remote` without asking it anything. Without a remote it is a branch of the repository that this run
    /// belongs to: by the code host's API in a workflow, elsewhere of the remote `origin`.
    ///
    /// # Errors
    /// Settings that are missing for it.
    fn open(&self, remote: Option<&str>, branch: &str) -> Result<Arc<dyn Branch>, StoreError>;
}

/// A commit of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Its id.
    pub commit: String,
    /// What names its tree.
    pub tree: String,
    /// The commits of the branch's history, this one included, as far as its message says it ([`Tip::counted`]).
    pub commits: u64,
}

impl Tip {
    /// How many commits a message says there are.
    pub fn commits_in(message: &str) -> u64 {
        message.lines().find_map(|line| line.strip_prefix(TRAILER)?.trim().parse().ok()).unwrap_or(1)
    }

    /// A message that says how many commits there are.
    pub fn counted(subject: &str, commits: u64) -> String {
        format!("{subject}\n\n{TRAILER}{commits}\n")
    }
}

/// What is put on top of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit<'c> {
    /// The files that change; all others stay.
    pub changes: &'c [FileChange],
    /// The whole message.
    pub message: &'c str,
    /// The commit stands alone, so that the history begins anew with it.
    pub fresh: bool,
}

/// One file's part of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// From the top of the tree.
    pub path: String,
    /// The new content; `None` takes the file away.
    pub content: Option<String>,
}

/// How an advance ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advanced {
    /// The branch has the new commit.
    Done,
    /// The branch was not where it was thought to be, or the host says so: read anew.
    Stale {
        /// The host's word.
        said: String,
    },
}
