//! `rollout status`: where it is, and what the targets show.

use super::Subject;
use crate::app::{Failure, Finished, Services};

/// Reads the record and the targets; changes nothing.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn status(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let loaded = world.load_known().await?;
    let shown = match &loaded.deployment.rollout {
        Some(rollout) => world.observe(rollout).await,
        None => Vec::new(),
    };
    let mut said = Vec::new();
    if let Some(rollout) = &loaded.deployment.rollout {
        said.extend(world.interrupted(rollout, &shown).await?.map(|interrupted| interrupted.warning));
    }
    subject.show(&world, &loaded.deployment, &shown, said)
}
