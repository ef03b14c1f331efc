//! Time.

use std::time::Duration;

use async_trait::async_trait;

/// The only source of time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock, RFC 3339 in UTC with milliseconds.
    fn now(&self) -> String;

    /// Time since this clock was made; never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);

    /// A number in [0, 1) to spread retries with. Not for anything that must be repeatable.
    fn jitter(&self) -> f64;
}
