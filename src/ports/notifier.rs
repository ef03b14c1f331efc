//! Telling people through a channel of theirs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;

use super::provider::ConnectError;
use crate::domain::notice::ChannelSettings;

/// One channel, opened.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends a message, in at most `deadline` from now. The same `id` may come again when nobody knows whether it arrived; a channel
    /// that can tell shows it once.
    ///
    /// # Errors
    /// Why it may not have arrived.
    async fn send(&self, message: &Value, id: &str, deadline: Duration) -> Result<(), NotifyError>;
}

/// Opens channels from settings: the app says what, the wiring knows how.
pub trait Notifiers: Send + Sync {
    /// Prepares a channel without sending anything.
    ///
    /// # Errors
    /// A missing environment variable, an address that is none.
    fn open(&self, settings: &ChannelSettings) -> Result<Arc<dyn Notifier>, ConnectError>;
}

/// Why a message may not have arrived. Bounded and free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct NotifyError {
    /// What happened, naming the channel and the next step.
    pub message: String,
    /// Whether the same message can never arrive.
    pub for_good: bool,
}
