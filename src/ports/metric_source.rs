//! Asking for health numbers.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    domain::metric_source::{MetricSourceSettings, Query, Reading},
    ports::provider::ConnectError,
};

/// Where health numbers come from. Answers are bounded; whatever is not a finite, fresh, complete result has a name in
/// [`crate::domain::metric_source::Found`] and is no error: the source was reached and said so.
#[async_trait]
pub trait MetricSource: Send + Sync {
    /// The name under `metric-sources:`.
    fn name(&self) -> &str;

    /// Asks for the numbers of one moment (`at_ms`, milliseconds since 1970-01-01 UTC; `None` is now), in at most
    /// `deadline` from now.
    ///
    /// # Errors
    /// Why the source could not be asked.
    async fn instant(&self, query: &Query, at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError>;

    /// Asks for the numbers from `start_ms` to `end_ms`, one each `step`, in at most `deadline` from now. Start and end
    /// are moved down to whole steps, so that asking twice asks for the same moments.
    ///
    /// # Errors
    /// Why the source could not be asked.
    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, step: Duration, deadline: Duration) -> Result<Reading, MetricError>;
}

/// Opens metric sources from settings: the app says what, the wiring knows how.
pub trait MetricSources: Send + Sync {
    /// Prepares a source without asking it anything.
    ///
    /// # Errors
    /// A missing environment variable, an address that is none.
    fn open(&self, settings: &MetricSourceSettings) -> Result<Arc<dyn MetricSource>, ConnectError>;
}

/// How asking went wrong. None of these is a health result: could not measure is neither bad nor good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricErrorKind {
    /// No connection, a broken one, a server error (5xx), a file or program that is not there.
    Unreachable,
    /// The source understood and will not answer (4xx: a bad query, no permission).
    Refused,
    /// An answer that cannot be understood.
    Malformed,
    /// No whole answer in time.
    TimedOut,
}

impl MetricErrorKind {
    /// The word shown to people and written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::TimedOut => "timed-out",
        }
    }
}

/// A metric source's failure to answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct MetricError {
    /// What kind of failure.
    pub kind: MetricErrorKind,
    /// What happened, naming the source and the next step. Bounded and free of secrets.
    pub message: String,
}
