//! The system's clocks.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{Timestamp, Unit};

use crate::ports::clock::Clock;

/// Real time.
#[derive(Debug)]
pub struct SystemClock {
    made: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { made: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> String {
        let now = Timestamp::now();
        now.round(Unit::Millisecond).unwrap_or(now).to_string()
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn jitter(&self) -> f64 {
        fastrand::f64()
    }
}
