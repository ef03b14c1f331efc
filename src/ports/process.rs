//! What this process uses, and when it is asked to stop.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::suite::run::ProcessUse;

/// The process we are.
#[async_trait]
pub trait Process: Send + Sync {
    /// What it has used, over a wall time.
    fn usage(&self, wall: Duration) -> ProcessUse;

    /// Returns once a person or the runner wants us to stop (SIGINT, SIGTERM, SIGHUP).
    async fn stop_requested(&self);
}
