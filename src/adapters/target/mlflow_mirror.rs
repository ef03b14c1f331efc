//! An MLflow registry as a mirror of ours: versions with their text, digest, commit and status. Aliases are not touched.

use std::time::Duration;

use async_trait::async_trait;

use super::mlflow::{COMMIT, DIGEST, Mlflow, STATUS};
use crate::{
    domain::target::PinnedVersion,
    ports::{
        mirror::{Mirror, Mirrored},
        target::{TargetError, TargetErrorKind},
    },
};

impl Mlflow {
    async fn bring(&self, mirrored: &Mirrored) -> Result<(), TargetError> {
        if self.api.model().await?.is_none() {
            self.api.create_model().await?;
        }
        let number = self.pinned(&mirrored.version).await?;
        let mut tags: Vec<(String, String)> =
            mirrored.status.iter().map(|(environment, status)| (tag_of(environment), status.clone())).collect();
        tags.extend(mirrored.commit.iter().map(|commit| (COMMIT.to_owned(), commit.clone())));
        let there = self.api.version(&number).await?;
        for (key, value) in &tags {
            if there.as_ref().and_then(|there| there.tag(key)) != Some(value) {
                self.api.set_version_tag(&number, key, value).await?;
            }
        }
        // Only what was read back counts.
        let there = self.api.version(&number).await?;
        let same = there.as_ref().is_some_and(|there| {
            there.tag(DIGEST) == Some(&mirrored.version.digest) && tags.iter().all(|(key, value)| there.tag(key) == Some(value))
        });
        if let Some(there) = there.filter(|_| same) {
            return self.prove(&there, mirrored.version.text.as_deref());
        }
        Err(self.error(TargetErrorKind::Conflict, "what was read back is not what was written; somebody else writes at the same time"))
    }

    async fn found(&self, version: &PinnedVersion) -> Result<bool, TargetError> {
        if self.api.model().await?.is_none() || self.api.versions_of(&version.number.to_string()).await?.is_empty() {
            return Ok(false);
        }
        self.pinned(version).await.map(|_| true)
    }
}

/// The tag with what a version is in an environment; without a name, as a whole.
fn tag_of(environment: &str) -> String {
    if environment.is_empty() { STATUS.to_owned() } else { format!("{STATUS}.{environment}") }
}

#[async_trait]
impl Mirror for Mlflow {
    fn name(&self) -> &str {
        &self.api.teller.name
    }

    async fn show(&self, version: &Mirrored, deadline: Duration) -> Result<(), TargetError> {
        self.api.teller.within(deadline, self.bring(version)).await
    }

    async fn has(&self, version: &PinnedVersion, deadline: Duration) -> Result<bool, TargetError> {
        self.api.teller.within(deadline, self.found(version)).await
    }
}
