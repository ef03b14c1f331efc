//! When to ask again, and when to stop asking.

use std::time::Duration;

use super::provider::{FaultKind, ProviderFault};

/// How a run deals with a provider that does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Requests for one sample at most, the first one included.
    pub attempts: u32,
    /// The pause before the second request; doubled each time.
    pub base: Duration,
    /// The longest pause of our own making; a `Retry-After` may be longer.
    pub max: Duration,
    /// The wall time in which a run may be retrying, all samples together.
    pub budget: Duration,
}

impl RetryPolicy {
    /// The pause before asking again after `attempt` requests (from 1), or `None` to give up: the fault is not
    /// transient, the attempts are used up, or the pause does not fit `left`, what remains of the budget.
    ///
    /// Half of the exponential pause is spread by `jitter` in [0, 1) ("equal jitter": never zero, never in step).
    pub fn pause(&self, fault: &ProviderFault, attempt: u32, jitter: f64, left: Duration) -> Option<Duration> {
        if !fault.kind.is_transient() || attempt >= self.attempts {
            return None;
        }
        let exponential = self.base.saturating_mul(1 << (attempt.saturating_sub(1)).min(20)).min(self.max);
        let own = exponential.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        let pause = fault.retry_after.map_or(own, |asked| asked.max(own));
        (pause < left).then_some(pause)
    }
}

/// The wall time a run has spent with at least one sample retrying. Overlapping retries count once, so a hundred
/// samples that wait one second together use one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryClock {
    closed: Duration,
    closed_until: Duration,
    open: usize,
    since: Duration,
}

impl RetryClock {
    /// A sample's first request failed at some point after `attempt_started`: its time counts from then.
    pub fn begin(&mut self, attempt_started: Duration) {
        let start = attempt_started.max(self.closed_until);
        self.since = if self.open == 0 { start } else { self.since.min(start) };
        self.open += 1;
    }

    /// A retrying sample ended, well or not.
    pub fn end(&mut self, now: Duration) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.closed += now.saturating_sub(self.since);
            self.closed_until = now;
        }
    }

    /// What is left of `budget`.
    pub fn left(&self, now: Duration, budget: Duration) -> Duration {
        let running = if self.open > 0 { now.saturating_sub(self.since) } else { Duration::ZERO };
        budget.saturating_sub(self.closed + running)
    }
}

/// Stops asking a provider that fails again and again, so that a dead endpoint costs seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    failed_in_a_row: u32,
    last: Option<FaultKind>,
    answered: bool,
    down: Option<FaultKind>,
}

impl Breaker {
    /// Samples lost in a row before a provider that never answered counts as down.
    pub const NEVER_ANSWERED: u32 = 5;
    /// The same for one that has answered in this run.
    pub const ANSWERED: u32 = 20;

    /// An answer came.
    pub fn succeeded(&mut self) {
        self.failed_in_a_row = 0;
        self.last = None;
        self.answered = true;
    }

    /// A sample was lost after all its retries. A refused key is down at once: it stays wrong. Without retry budget
    /// (`budget_left` false) patience is shorter, or every further sample would cost a whole request limit.
    pub fn failed(&mut self, kind: FaultKind, budget_left: bool) {
        // A recording that lacks one request may have the next: nothing is saved by not looking.
        if kind == FaultKind::NotRecorded {
            return;
        }
        self.failed_in_a_row += 1;
        self.last = Some(kind);
        let limit = match (self.answered, budget_left) {
            (true, true) => Self::ANSWERED,
            (false, true) => Self::NEVER_ANSWERED,
            (_, false) => 1,
        };
        if kind == FaultKind::Denied || self.failed_in_a_row >= limit {
            self.down.get_or_insert(kind);
        }
    }

    /// The last fault, when no answer came since.
    pub fn failing(&self) -> Option<FaultKind> {
        self.last
    }

    /// Whether the last that was heard of it is an answer.
    pub fn is_alive(&self) -> bool {
        self.answered && self.last.is_none()
    }

    /// Why the provider is not asked any more.
    pub fn down(&self) -> Option<FaultKind> {
        self.down
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::FaultKind;

    const POLICY: RetryPolicy =
        RetryPolicy { attempts: 4, base: Duration::from_millis(500), max: Duration::from_secs(10), budget: Duration::from_mins(1) };
    const LEFT: Duration = Duration::from_mins(1);

    fn fault(kind: FaultKind) -> ProviderFault {
        ProviderFault::new(kind, "x")
    }

    #[test]
    fn pauses_double_and_are_spread() {
        let pauses: Vec<_> = (1..=4).map(|attempt| POLICY.pause(&fault(FaultKind::Unreachable), attempt, 0.0, LEFT)).collect();
        assert_eq!(pauses, [Some(Duration::from_millis(250)), Some(Duration::from_millis(500)), Some(Duration::from_secs(1)), None]);
        let spread = POLICY.pause(&fault(FaultKind::Unreachable), 1, 0.999_999, LEFT).unwrap();
        assert!(spread > Duration::from_millis(499) && spread <= Duration::from_millis(500));
    }

    #[test]
    fn the_server_may_ask_for_more_but_not_for_more_than_the_budget() {
        let asks = |seconds| ProviderFault { retry_after: Some(Duration::from_secs(seconds)), ..fault(FaultKind::RateLimited) };
        assert_eq!(POLICY.pause(&asks(20), 1, 0.0, LEFT), Some(Duration::from_secs(20)));
        assert_eq!(POLICY.pause(&asks(61), 1, 0.0, LEFT), None);
    }

    #[test]
    fn a_wrong_key_is_not_tried_again() {
        for kind in [FaultKind::Denied, FaultKind::Rejected, FaultKind::NotRecorded] {
            assert_eq!(POLICY.pause(&fault(kind), 1, 0.0, LEFT), None);
        }
    }

    #[test]
    fn overlapping_retries_count_once() {
        let at = Duration::from_secs;
        let mut clock = RetryClock::default();
        clock.begin(at(0));
        clock.begin(at(1));
        assert_eq!(clock.left(at(4), at(60)), at(56));
        clock.end(at(4));
        clock.end(at(5));
        assert_eq!(clock.left(at(100), at(60)), at(55), "no time passes while nothing retries");
        clock.begin(at(3));
        assert_eq!(clock.left(at(10), at(60)), at(50), "time before 5 s is counted already");
    }

    #[test]
    fn the_failed_first_request_counts() {
        let mut clock = RetryClock::default();
        clock.begin(Duration::from_secs(0));
        assert_eq!(clock.left(Duration::from_secs(30), Duration::from_mins(1)), Duration::from_secs(30));
    }

    #[test]
    fn a_dead_provider_is_given_up_and_a_shaky_one_is_not() {
        let mut dead = Breaker::default();
        for _ in 0..Breaker::NEVER_ANSWERED {
            assert_eq!(dead.down(), None);
            dead.failed(FaultKind::Unreachable, true);
        }
        assert_eq!(dead.down(), Some(FaultKind::Unreachable));

        let mut shaky = Breaker::default();
        for _ in 0..100 {
            shaky.succeeded();
            (0..=Breaker::NEVER_ANSWERED).for_each(|_| shaky.failed(FaultKind::Timeout, true));
        }
        assert_eq!(shaky.down(), None);
    }

    #[test]
    fn without_budget_a_provider_that_never_answered_is_down_after_one_loss() {
        let mut breaker = Breaker::default();
        breaker.failed(FaultKind::Timeout, false);
        assert_eq!(breaker.down(), Some(FaultKind::Timeout));
    }

    #[test]
    fn a_refused_key_is_down_at_once_and_a_gap_in_a_recording_never() {
        let mut denied = Breaker::default();
        denied.failed(FaultKind::Denied, true);
        assert_eq!(denied.down(), Some(FaultKind::Denied));
        let mut gaps = Breaker::default();
        (0..100).for_each(|_| gaps.failed(FaultKind::NotRecorded, true));
        assert_eq!(gaps.down(), None);
    }
}
