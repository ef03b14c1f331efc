//! Automatic rollbacks that come too fast: then it holds, and people must look.

use crate::domain::rollout::clock::Moment;

/// The limits on automatic rollbacks in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StormLimits {
    /// The least time between two, in milliseconds.
    pub cool_down: u64,
    /// The most in one hour.
    pub most_per_hour: usize,
}

/// Why an automatic rollback may not be made now; `earlier` are the times of those before, in any order.
pub fn storm(limits: StormLimits, earlier: &[Moment], now: Moment) -> Option<String> {
    // A time in the future is a clock that jumped: it counts as now.
    if let Some(last) = earlier.iter().max().filter(|last| now.since(**last) < limits.cool_down) {
        let ago = now.since(*last) / 1_000;
        return Some(format!("the last automatic rollback was {ago} s ago, and the cool-down is {} s", limits.cool_down / 1_000));
    }
    let lately = earlier.iter().filter(|moment| now.since(**moment) < 3_600_000).count();
    (lately >= limits.most_per_hour)
        .then(|| format!("{lately} automatic rollbacks in the last hour, and {} are the most", limits.most_per_hour))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StormLimits = StormLimits { cool_down: 300_000, most_per_hour: 3 };

    #[test]
    fn a_storm_is_stopped() {
        let now = Moment(10_000_000);
        let ago = |seconds: u64| Moment(now.0 - seconds * 1_000);
        assert_eq!(storm(LIMITS, &[], now), None);
        assert!(storm(LIMITS, &[ago(299)], now).is_some_and(|why| why.contains("cool-down")));
        assert_eq!(storm(LIMITS, &[ago(300)], now), None);
        assert!(storm(LIMITS, &[ago(400), ago(1_000), ago(3_599)], now).is_some_and(|why| why.contains("last hour")));
        assert_eq!(storm(LIMITS, &[ago(400), ago(1_000), ago(3_600)], now), None);
        assert!(storm(LIMITS, &[Moment(now.0 + 5_000)], now).is_some(), "a clock that went back");
    }
}
