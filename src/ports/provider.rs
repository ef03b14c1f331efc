//! Asking a model.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::domain::{
    answer::Answer,
    provider::{ProviderFault, ProviderSettings, Request},
};

/// Where answers come from.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks once, without retries, for at most `limit`. The answer's latency runs on the request alone.
    ///
    /// # Errors
    /// Why there is no answer; [`crate::domain::provider::FaultKind::Timeout`] after `limit`.
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault>;

    /// Whether the answer is at hand, so that nobody is asked and nothing is paid.
    fn is_at_hand(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// The models that the server says it has; `None` where it does not say.
    ///
    /// # Errors
    /// When it does not answer within `limit`, or refuses.
    async fn models(&self, limit: Duration) -> Result<Option<Vec<String>>, ProviderFault> {
        let _ = limit;
        Ok(None)
    }

    /// Writes down what must not be lost (recordings). Called once at the end, also of an interrupted run.
    ///
    /// # Errors
    /// What could not be written, naming the file.
    async fn finish(&self) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// How answers are kept and taken in one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Write every live answer to this cassette.
    pub record: Option<PathBuf>,
    /// Take every answer from this cassette and ask nobody.
    pub replay: Option<PathBuf>,
    /// Keep answers in this folder and take them from there.
    pub cache: Option<PathBuf>,
}

/// Makes providers from settings: the app says what, the wiring knows how.
pub trait Providers: Send + Sync {
    /// Prepares a provider without asking it anything. `all` has every provider of the configuration, since a
    /// cassette may name the one it was recorded from.
    ///
    /// # Errors
    /// A missing environment variable, an unreadable cassette, a folder that cannot be made.
    fn connect(
        &self,
        settings: &ProviderSettings,
        all: &[ProviderSettings],
        recording: &Recording,
    ) -> Result<Arc<dyn Provider>, ConnectError>;
}

/// Why a provider cannot be used at all, known before the first request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// What is wrong, naming the provider, the file or variable.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
}
