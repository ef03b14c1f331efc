//! What all metric sources share: errors that name the source, time, and the limits on an answer.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    adapters::{
        http::site::{Reply, Silence},
        secret::Scrubber,
    },
    domain::{
        duration,
        metric_source::{Escape, Found, Query, Reading},
    },
    ports::metric_source::{MetricError, MetricErrorKind},
};

/// The most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// The most characters of a warning that are kept.
const WARNING: usize = 300;

/// Who a source is and what its answers keep to.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    pub(super) name: String,
    pub(super) timeout: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) max_series: usize,
    pub(super) max_samples: usize,
    pub(super) scrubber: Arc<Scrubber>,
}

impl Teller {
    /// An error that names the source. Secrets are taken out.
    pub(super) fn error(&self, kind: MetricErrorKind, what: &str) -> MetricError {
        let message = format!("metric source \"{}\": {what}", self.name);
        MetricError { kind, message: self.scrubber.scrub(&message).into_owned() }
    }

    /// Runs a question for at most the shorter of the caller's deadline and the source's own.
    pub(super) async fn within<T>(&self, deadline: Duration, call: impl Future<Output = Result<T, MetricError>>) -> Result<T, MetricError> {
        let limit = deadline.min(self.timeout);
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_elapsed| {
            let what = format!("no whole answer within {}; ask for less, or raise `timeout`", duration::human(limit));
            Err(self.error(MetricErrorKind::TimedOut, &what))
        })
    }

    /// The query with its values.
    pub(super) fn fill(&self, query: &Query, escape: Escape) -> Result<String, MetricError> {
        query.fill(escape).map_err(|error| self.error(MetricErrorKind::Refused, &format!("query `{}`: {error}", query.text)))
    }

    pub(super) fn silence(&self, shown: &str, silence: &Silence) -> MetricError {
        match silence {
            Silence::NoConnection(_) => {
                let what = format!("{shown}: {silence}; check that the server is running and that `url` is right");
                self.error(MetricErrorKind::Unreachable, &what)
            }
            Silence::Broken(_) => self.error(MetricErrorKind::Unreachable, &format!("{shown}: {silence}; try again")),
            Silence::Garbled(_) => self.error(MetricErrorKind::Malformed, &format!("{shown}: {silence}; look into the server's log")),
            Silence::TooLarge(_) => self.error(MetricErrorKind::Malformed, &format!("{shown}: {silence}; aggregate in the query")),
        }
    }

    /// What a status that is no success means.
    pub(super) fn refused(&self, shown: &str, reply: &Reply) -> MetricError {
        let (kind, next) = match reply.status.as_u16() {
            401 | 403 => (MetricErrorKind::Refused, "check the token that `token-env` names"),
            404 => (MetricErrorKind::Refused, "check `url`"),
            300..=399 => (MetricErrorKind::Refused, "it redirects, which is not followed; write the final address in `url`"),
            408 | 429 | 500.. => (MetricErrorKind::Unreachable, "try again later or look into the server's log"),
            _ => (MetricErrorKind::Refused, "correct the query"),
        };
        self.error(kind, &format!("{shown}: {}; {next}", reply.words()))
    }

    /// A reading, its warnings bounded.
    pub(super) fn reading(&self, query: String, found: Found, warnings: Vec<String>, started: Instant) -> Reading {
        let warnings = warnings.into_iter().take(10).map(|warning| self.scrubber.scrub(&warning).chars().take(WARNING).collect()).collect();
        Reading { query, found, warnings, took: started.elapsed() }
    }

    /// `found`, or stale when its newest number is older than allowed at `now_ms`.
    pub(super) fn fresh(&self, found: Found, newest_ms: Option<i64>, now_ms: i64) -> Found {
        match (self.max_age, newest_ms) {
            (Some(limit), Some(newest)) => {
                let age = Duration::from_millis(u64::try_from(now_ms.saturating_sub(newest)).unwrap_or(0));
                if age > limit { Found::Stale { age, limit } } else { found }
            }
            (Some(_) | None, _) => found,
        }
    }
}

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
