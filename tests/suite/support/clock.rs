//! A clock that only moves when someone sleeps on it.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use prompt_cicd::ports::clock::Clock;

/// When this clock starts.
pub(crate) const START: &str = "2026-01-02T03:04:05Z";

/// Sleeping takes no time and moves the clock.
#[derive(Debug, Default)]
pub(crate) struct ManualClock {
    sleeps: Mutex<Vec<Duration>>,
}

impl ManualClock {
    /// Every sleep so far.
    pub(crate) fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> String {
        let start: Timestamp = START.parse().unwrap();
        (start + SignedDuration::try_from(self.elapsed()).unwrap()).to_string()
    }

    fn elapsed(&self) -> Duration {
        self.sleeps.lock().unwrap().iter().sum()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleeps.lock().unwrap().push(duration);
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}
