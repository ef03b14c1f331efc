//! A repository's history, from the `git` program where there is one, from the code host where that does not reach.

mod hosted;
mod program;
mod versions;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

pub use hosted::Hosted;
pub use program::Git;

use crate::{
    domain::release::{Commit, Tag},
    ports::vcs::{LastChange, Proposed, Vcs, VcsError, is_reference},
};

/// The working copy first; what it does not have, the host is asked for.
pub struct History {
    git: Git,
    host: Option<Hosted>,
    proposed: Result<Option<Proposed>, VcsError>,
}

impl History {
    /// Of the repository that the working directory is in.
    pub fn new(git: Git, host: Option<Hosted>, proposed: Result<Option<Proposed>, VcsError>) -> Self {
        Self { git, host, proposed }
    }

    /// The program's answer, else the host's; the program's reason where there is no host.
    async fn either<T>(
        &self,
        git: impl Future<Output = Result<T, VcsError>>,
        host: impl AsyncFnOnce(&Hosted) -> Result<T, VcsError>,
    ) -> Result<T, VcsError> {
        match (git.await, &self.host) {
            (Err(why @ (VcsError::Missing { .. } | VcsError::Unrelated { .. } | VcsError::Unavailable(_))), Some(hosted)) => {
                tracing::debug!(component = "git", "{why}; asking the code host");
                host(hosted).await.map_err(|second| VcsError::Unreachable(format!("{why}; and the code host: {second}")))
            }
            (answer, _) => answer,
        }
    }
}

#[async_trait]
impl Vcs for History {
    fn proposed(&self) -> Result<Option<Proposed>, VcsError> {
        self.proposed.clone()
    }

    async fn commit(&self, reference: &str) -> Result<String, VcsError> {
        checked(&[reference])?;
        self.either(self.git.commit(reference), async |host| host.commit(reference).await).await
    }

    async fn merge_base(&self, one: &str, other: &str) -> Result<String, VcsError> {
        checked(&[one, other])?;
        // The host's HEAD is its default branch, not what is checked out here.
        if [one, other].iter().any(|name| name.starts_with("HEAD")) {
            return self.git.merge_base(one, other).await;
        }
        self.either(self.git.merge_base(one, other), async |host| host.merge_base(one, other).await).await
    }

    async fn file(&self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VcsError> {
        checked(&[commit])?;
        self.either(self.git.file(commit, path, limit), async |host| host.file(commit, path, limit).await).await
    }

    async fn last_change(&self, path: &Path) -> Result<Option<LastChange>, VcsError> {
        let (known, at) = match self.git.last_change(path).await {
            // A shallow clone may end after it.
            Ok(None) => (Ok(None), self.git.commit("HEAD").await.unwrap_or_else(|_none| "HEAD".to_owned())),
            Err(why @ (VcsError::Missing { .. } | VcsError::Unavailable(_))) => (Err(why), "HEAD".to_owned()),
            known => return known,
        };
        let Some(hosted) = &self.host else { return known };
        match hosted.last_change(path, &at).await {
            None => known,
            found => Ok(found),
        }
    }

    async fn matching(&self, commit: &str, pattern: &Path) -> Result<Vec<PathBuf>, VcsError> {
        checked(&[commit])?;
        let host = async |_: &Hosted| Err(VcsError::Unavailable("the code host does not list files by pattern".to_owned()));
        self.either(self.git.matching(commit, pattern), host).await
    }

    async fn tags(&self) -> Result<Vec<Tag>, VcsError> {
        self.git.tags().await
    }

    async fn commits(&self, from: Option<&str>, to: &str, paths: &[PathBuf]) -> Result<Vec<Commit>, VcsError> {
        checked(&from.into_iter().chain([to]).collect::<Vec<_>>())?;
        self.git.commits(from, to, paths).await
    }

    async fn altered(&self, files: &[PathBuf]) -> Result<Vec<PathBuf>, VcsError> {
        self.git.altered(files).await
    }

    async fn record(&self, files: &[PathBuf], message: &str) -> Result<String, VcsError> {
        self.git.record(files, message).await
    }
}

fn checked(references: &[&str]) -> Result<(), VcsError> {
    references.iter().find(|reference| !is_reference(reference)).map_or(Ok(()), |bad| Err(VcsError::NoName((*bad).to_owned())))
}

/// Shared by clones of the services.
pub fn shared(history: History) -> Arc<dyn Vcs> {
    Arc::new(history)
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}
