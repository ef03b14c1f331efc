//! The time a rollback has.

use std::time::Duration;

/// The promise: strictly less than this from accepted to confirmed.
pub const SLA: Duration = Duration::from_secs(30);

/// Whether a rollback that took so long kept the promise: exactly 30 s did not.
pub fn sla_met(took: Duration) -> bool {
    took < SLA
}

/// A point on a clock that never jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    begin: Duration,
    end: Duration,
}

impl Deadline {
    /// From `begin` on for `total`.
    pub fn new(begin: Duration, total: Duration) -> Self {
        Self { begin, end: begin.saturating_add(total) }
    }

    /// What is left at `now`; `None` when nothing is.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        self.end.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// How long it has been at `now`.
    pub fn taken(&self, now: Duration) -> Duration {
        now.saturating_sub(self.begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_seconds_are_too_many() {
        for (seconds, met) in [(0.5, true), (20.0, true), (29.99, true), (30.0, false), (31.0, false)] {
            assert_eq!(sla_met(Duration::from_secs_f64(seconds)), met, "{seconds}");
        }
    }

    #[test]
    fn a_deadline_runs_out() {
        let deadline = Deadline::new(Duration::from_secs(5), Duration::from_secs(30));
        assert_eq!(deadline.left(Duration::from_secs(15)), Some(Duration::from_secs(20)));
        assert_eq!(deadline.left(Duration::from_secs(35)), None);
        assert_eq!(deadline.taken(Duration::from_secs(35)), Duration::from_secs(30));
    }
}
