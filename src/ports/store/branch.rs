//! A branch of a repository as a set of files that changes as a whole: what stores on git rest on.

use async_trait::async_trait;

use super::{Patience, StoreError};

/// One branch that holds nothing but our files.
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

    /// Puts one commit with `changes` on top of `tip`, only if the branch is still there. `fresh`: the new commit
    /// stands alone, so that the history begins anew with it.
    ///
    /// # Errors
    /// Whatever keeps the host from answering; a branch that moved on is [`Advanced::Stale`], no error.
    async fn advance(&self, tip: Option<&Tip>, changes: &[FileChange], fresh: bool, patience: Patience) -> Result<Advanced, StoreError>;
}

/// A commit of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Its id.
    pub commit: String,
    /// What names its tree.
    pub tree: String,
    /// The commits of the branch's history, this one included.
    pub commits: u64,
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
