//! Where state is kept, as the configuration says it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::kubernetes::ClusterSettings;

/// A store's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// What it is.
    pub kind: StoreKind,
    /// The longest that one reading or writing may take.
    pub timeout: Duration,
    /// Entries of a log, and commits of a branch, that are kept before the oldest are let go of.
    pub history: u64,
}

impl StoreSettings {
    /// Relative paths are meant from the folder of the configuration.
    #[must_use]
    pub fn below(mut self, folder: &Path) -> Self {
        match &mut self.kind {
            StoreKind::Auto { path, .. } | StoreKind::Directory { path } | StoreKind::Sqlite { path } => *path = folder.join(&*path),
            StoreKind::Kubernetes { cluster, .. } => {
                if let Some(path) = &mut cluster.kubeconfig {
                    *path = folder.join(&*path);
                }
            }
            StoreKind::Postgres { .. } | StoreKind::Git { .. } | StoreKind::GitHub { .. } => {}
        }
        self
    }
}

/// The kinds of stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// In GitHub Actions the branch by GitHub's API, elsewhere the folder.
    Auto {
        /// The folder.
        path: PathBuf,
        /// The branch.
        branch: String,
    },
    /// Files in a folder of this machine.
    Directory {
        /// The folder.
        path: PathBuf,
    },
    /// A SQLite database on this machine.
    Sqlite {
        /// Its file.
        path: PathBuf,
    },
    /// A table in PostgreSQL.
    Postgres {
        /// The environment variable that holds the address, password included.
        url_env: String,
    },
    /// A branch, by the `git` program.
    Git {
        /// A remote's name or address.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// Objects of a Kubernetes cluster.
    Kubernetes {
        /// Where.
        cluster: ClusterSettings,
        /// The name of the index, with which all other names begin.
        name: String,
    },
    /// A branch, by GitHub's API.
    GitHub {
        /// The branch.
        branch: String,
    },
}

/// Whether a text can name a branch: one that git takes and that cannot be mistaken for a flag.
pub fn is_branch_name(text: &str) -> bool {
    let lawful = |part: &str| {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let ends = part.ends_with('.') || part.to_ascii_lowercase().rsplit_once('.').is_some_and(|(_, end)| end == "lock");
        !part.is_empty() && part.chars().all(fine) && !part.starts_with(['.', '-']) && !part.contains("..") && !ends
    };
    text.split('/').all(lawful)
}

/// Whether a text can be the path of a file in a branch: from its top, without detours, and not in git's own folder.
pub fn is_branch_path(text: &str) -> bool {
    let lawful = |part: &str| {
        !matches!(part, "" | "." | "..")
            && !part.eq_ignore_ascii_case(".git")
            && !part.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'))
    };
    text.len() <= 1_000 && text.split('/').all(lawful)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_branch() {
        assert!(is_branch_path("flags.json") && is_branch_path("prompts/shop flags/é.json"));
        for wrong in ["", "/flags.json", "a//b", "../x", "a/..", "./a", ".git/config", "a/.GIT/x", "a\nb", "\"a\"", "a\\b", "a/"] {
            assert!(!is_branch_path(wrong), "{wrong}");
        }
        assert!(!is_branch_path(&"a".repeat(1_001)));
    }

    #[test]
    fn branches_are_those_that_git_takes() {
        assert!(is_branch_name("flags") && is_branch_name("flags/v1.2_x-y"));
        for wrong in ["", "-a", "a..b", "a b", "a/", "a.lock", "a/.b", "a~1", "ä", "a."] {
            assert!(!is_branch_name(wrong), "{wrong}");
        }
    }
}
