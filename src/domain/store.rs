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
