//! When to ask again, and when to stop asking.

use std::time::Duration;

use super::provider::ProviderFault;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::FaultKind;

    const POLICY: RetryPolicy =
        RetryPolicy { attempts: 4, base: Duration::from_millis(500), max: Duration::from_secs(10), budget: Duration::from_secs(60) };
    const LEFT: Duration = Duration::from_secs(60);

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
}
