//! A repository's history, from the `git` program where there is one, from the code host where that does not reach.

mod checked_out;
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
    ports::vcs::{CheckedOut, LastChange, Proposed, Vcs, VcsError, is_reference},
};

/// The working copy first; what it does not have, the host is asked for.
pub struct History {
    git: Git,
    host: Option<Hosted>,
    proposed: Result<Option<Proposed>, VcsError>,
    job: Option<Job>,
}

/// The job of a workflow that we are part of.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The commit that it works at, in full.
    pub commit: Option<String>,
    /// The repository's default branch, where the event names it.
    pub default_branch: Option<String>,
}

impl History {
    /// Of the repository that the working directory is in.
    pub fn new(git: Git, host: Option<Hosted>, proposed: Result<Option<Proposed>, VcsError>, job: Option<Job>) -> Self {
        Self { git, host, proposed, job }
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
        // The host's HEAD is its default branch, not what is checked out here.
        if reference.starts_with("HEAD") {
            let of_job = self.job.as_ref().and_then(|job| job.commit.clone()).filter(|_| reference == "HEAD");
            return match (self.git.commit(reference).await, of_job) {
                (Err(VcsError::Unavailable(_)), Some(commit)) => Ok(commit),
                (answer, _) => answer,
            };
        }
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

    async fn distance(&self, from: &str, to: &str) -> Result<u64, VcsError> {
        checked(&[from, to])?;
        self.git.distance(from, to).await
    }

    async fn file(&self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VcsError> {
        checked(&[commit])?;
        self.either(self.git.file(commit, path, limit), async |host| host.file(commit, path, limit).await).await
    }

    async fn last_change(&self, path: &Path) -> Result<Option<LastChange>, VcsError> {
        let known = self.git.last_change(path).await;
        // A shallow clone may end after it; without git nothing is known here.
        if !matches!(known, Ok(None) | Err(VcsError::Missing { .. } | VcsError::Unavailable(_))) {
            return known;
        }
        let Some(hosted) = &self.host else { return known };
        let at = self.commit("HEAD").await.unwrap_or_else(|_unknown| "HEAD".to_owned());
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

    async fn checked_out(&self, files: &[PathBuf]) -> Result<Option<CheckedOut>, VcsError> {
        let found = self.git.checked_out(files).await;
        let Some(commit) = self.job.as_ref().and_then(|job| job.commit.as_deref()) else { return found };
        // A job works at a commit, even where git's program or folder is not there.
        let why = match found {
            Ok(None) => "there is no repository here that git could read".to_owned(),
            Err(VcsError::Unavailable(why)) => why,
            other => return other,
        };
        match &self.host {
            Some(host) => host.checked_out(commit, files).await.map(Some),
            None => Err(VcsError::Unavailable(why)),
        }
    }

    async fn work_tree(&self) -> Result<Option<CheckedOut>, VcsError> {
        match self.git.work_tree().await {
            // A job works at a commit, even where git's program or folder is not there.
            Ok(None) if self.job.as_ref().is_some_and(|job| job.commit.is_some()) => {
                Err(VcsError::Unavailable("there is no repository here that git could read".to_owned()))
            }
            found => found,
        }
    }

    async fn default_branch(&self) -> Result<Option<String>, VcsError> {
        let named = self.job.as_ref().and_then(|job| job.default_branch.as_deref());
        match (self.git.default_branch(named).await, &self.host) {
            (Ok(None) | Err(VcsError::Unavailable(_)), Some(host)) => host.commit(named.unwrap_or("HEAD")).await.map(Some),
            (answer, _) => answer,
        }
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
