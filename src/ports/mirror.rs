//! A copy of the registry somewhere else, for people and programs that look there. The registry stays the truth.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;

use super::target::TargetError;
use crate::domain::target::PinnedVersion;

/// A version as a mirror keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// Its number, digest and text.
    pub version: PinnedVersion,
    /// What it is, by environment; under the empty name what it is as a whole.
    pub status: BTreeMap<String, String>,
    /// Its commit, where it is known.
    pub commit: Option<String>,
}

/// A mirror, opened for one prompt.
#[async_trait]
pub trait Mirror: Send + Sync {
    /// The name under `targets:`.
    fn name(&self) -> &str;

    /// Makes it have the version with its status, and proves by digest that it has, in at most `deadline` from now. Idempotent.
    ///
    /// # Errors
    /// Other content under this number, and whatever keeps the mirror from answering.
    async fn show(&self, version: &Mirrored, deadline: Duration) -> Result<(), TargetError>;

    /// Whether it has the version; its content is proved by digest.
    ///
    /// # Errors
    /// Other content under this number, and whatever keeps the mirror from answering.
    async fn has(&self, version: &PinnedVersion, deadline: Duration) -> Result<bool, TargetError>;
}
