//! History by way of the code host: for jobs without git, and for shallow clones.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::ports::{
    clock::Clock,
    code_host::{CodeHost, CodeHostError, Patience},
    vcs::{CheckedOut, LastChange, VcsError},
};

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// The most files that are held against the host's: each is a request.
const MOST_FILES: usize = 100;
/// The most bytes of such a file.
const MOST_BYTES: u64 = 10 * 1024 * 1024;

/// How long it is asked what nothing waits for.
const BRIEF: Duration = Duration::from_secs(10);

/// A repository on its host, whose root is the working directory or a folder above it.
#[derive(Clone)]
pub struct Hosted {
    host: Arc<dyn CodeHost>,
    clock: Arc<dyn Clock>,
    /// The working directory below the repository's root, without slashes at its ends.
    below: String,
}

impl Hosted {
    /// `below` is the working directory as the repository names it; empty at its root.
    pub fn new(host: Arc<dyn CodeHost>, clock: Arc<dyn Clock>, below: &str) -> Self {
        Self { host, clock, below: below.trim_matches('/').to_owned() }
    }

    fn patience(&self) -> Patience {
        Patience::of(&*self.clock, DEADLINE)
    }

    pub(super) async fn commit(&self, reference: &str) -> Result<String, VcsError> {
        // Compared with itself a name shows which commit it stands for.
        self.merge_base(reference, reference).await
    }

    pub(super) async fn merge_base(&self, one: &str, other: &str) -> Result<String, VcsError> {
        match self.host.compare(one, other, self.patience()).await {
            Ok(found) => Ok(found.merge_base),
            Err(CodeHostError::NotFound { .. }) => {
                Err(VcsError::Unrelated { one: one.to_owned(), other: other.to_owned(), shallow: false })
            }
            Err(error) => Err(VcsError::Unreachable(error.to_string())),
        }
    }

    pub(super) async fn file(&self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VcsError> {
        let Some(path) = self.of_root(path) else {
            return Err(VcsError::Unavailable(format!("{} is not below the repository's root", path.display())));
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match self.host.file(&path, commit, limit, self.patience()).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(CodeHostError::NotFound { .. }) => Ok(None),
            Err(error) => Err(VcsError::Unreachable(error.to_string())),
        }
    }

    /// The newest commit that changed a file up to `at`; `None` where the host does not say.
    pub(super) async fn last_change(&self, path: &Path, at: &str) -> Option<LastChange> {
        let path = self.of_root(path)?;
        let patience = Patience::of(&*self.clock, BRIEF).never_waiting();
        let answer = self.host.last_change(&path, at, patience).await;
        answer.inspect_err(|error| tracing::debug!(component = "git", "the last change of {path}: {error}")).ok().flatten()
    }

    /// Which of these files are not as the host has them at `commit`, byte by byte.
    pub(super) async fn checked_out(&self, commit: &str, files: &[PathBuf]) -> Result<CheckedOut, VcsError> {
        let untold = |why: String| VcsError::Unavailable(why);
        if files.len() > MOST_FILES {
            let why = format!("{} files are too many to hold against the code host's one by one: install git", files.len());
            return Err(untold(why));
        }
        let mut altered = Vec::new();
        for file in files {
            let here =
                std::fs::metadata(file).and_then(|found| if found.len() > MOST_BYTES { Ok(None) } else { std::fs::read(file).map(Some) });
            let here = here.map_err(|error| untold(format!("{}: {error}", file.display())))?;
            let here =
                here.ok_or_else(|| untold(format!("{} is too large to hold against the code host's: install git", file.display())))?;
            if self.file(commit, file, MOST_BYTES).await?.as_ref() != Some(&here) {
                altered.push(file.clone());
            }
        }
        Ok(CheckedOut { commit: Some(commit.to_owned()), altered })
    }

    /// The path from the repository's root; `None` when it leads out of it.
    fn of_root(&self, path: &Path) -> Option<String> {
        use std::path::Component;
        let mut parts: Vec<&str> = self.below.split('/').filter(|part| !part.is_empty()).collect();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => drop(parts.pop()?),
                Component::Normal(part) => parts.push(part.to_str()?),
                Component::Prefix(_) | Component::RootDir => return None,
            }
        }
        Some(parts.join("/"))
    }
}

impl std::fmt::Debug for Hosted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosted").finish_non_exhaustive()
    }
}
