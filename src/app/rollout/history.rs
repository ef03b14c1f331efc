//! `rollout history`: the rollouts before, and the events of the last one.

use super::Subject;
use crate::{
    app::{Failure, Finished, Services},
    report::rollout::history as shown,
};

/// Reads the record; changes nothing.
///
/// # Errors
/// Whatever keeps the store from answering.
pub async fn history(services: &Services, subject: &Subject, limit: usize) -> Result<Finished, Failure> {
    let world = subject.open_unmeasured(services)?;
    let loaded = world.load_known().await?;
    let mut stdout = Vec::new();
    shown(subject.shape, &loaded.deployment, limit, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}
