//! Is the number now unlike those of the window before it?

use super::{Finding, Open, Severity, judge::short};
use crate::domain::{
    metric_source::Found,
    regression::Direction,
    stats::{
        describe::Moments,
        sample::{Sample, count, same},
        special::{normal_isf, t_sf},
    },
};

/// Fewer values than this make nothing an anomaly: their own deviation is too unsure.
const ANOMALY_MIN: usize = 20;

/// The numbers of an answer that are no younger than this; those of a source without times all count.
pub(super) fn until(found: &Found, at_ms: i64) -> Vec<f64> {
    match found {
        Found::Series(series) => {
            let points = series.iter().flat_map(|series| &series.points).filter(|point| point.at_ms <= at_ms);
            points.map(|point| point.value).collect()
        }
        Found::Value { .. }
        | Found::Samples(_)
        | Found::Empty
        | Found::NotANumber
        | Found::Infinite
        | Found::Stale { .. }
        | Found::Partial { .. }
        | Found::TooMany { .. } => found.numbers(),
    }
}

/// The number now against `before`, which must not hold it: t = (x − mean)/(s·√(1 + 1/n)) has n − 1 degrees of freedom, and
/// z is the normal quantile of the same tail, so that few values alarm no more often than many. (A z among n numbers that
/// holds the odd one cannot pass (n − 1)/√n, which is 2.85 for 10: Shiffler 1988.)
pub(super) fn anomaly(direction: Direction, now: f64, before: &[f64], limit: f64) -> Finding {
    let n = before.len();
    if n < ANOMALY_MIN {
        return Finding::open(Open::NoAnswer, format!("anomaly: {n} values before the last step; it takes at least {ANOMALY_MIN}"));
    }
    let Ok(sample) = Sample::new(before) else { return Finding::open(Open::NoAnswer, "anomaly: a number is not finite") };
    let moments = Moments::of(sample);
    let off = now - moments.mean();
    if same(now, moments.mean()) || direction.worse(off) <= 0.0 {
        return Finding::healthy("anomaly: none found");
    }
    if moments.is_constant() {
        let all = short(moments.mean());
        return Finding::open(Open::Undecided, format!("anomaly: all {n} values before are {all}: nothing says how much is usual"));
    }
    let spread = moments.sd().unwrap_or_default() * (1.0 + 1.0 / count(n)).sqrt();
    let z = normal_isf(t_sf(off.abs() / spread, count(n) - 1.0));
    let said =
        format!("anomaly: {} lies {} standard deviations off the mean of {n} values, {}", short(now), short(z), short(moments.mean()));
    if z > limit { Finding::bad(Severity::Warning, format!("{said}; {limit} are allowed")) } else { Finding::healthy(said) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        metric_source::{Labels, Point, Series},
        monitor::Health,
        stats::rng::SplitMix64,
    };

    fn usual(n: usize) -> Vec<f64> {
        (0..n).map(|at| 100.0 + count(at % 5)).collect()
    }

    fn asked(now: f64, before: &[f64]) -> Finding {
        anomaly(Direction::LowerIsBetter, now, before, 3.0)
    }

    #[test]
    fn only_what_lies_far_off_for_the_worse_is_one() {
        for (now, health) in [(102.0, Health::Healthy), (105.0, Health::Healthy), (109.0, Health::Degraded), (90.0, Health::Healthy)] {
            assert_eq!(asked(now, &usual(40)).health, health, "{now}");
        }
        assert_eq!(anomaly(Direction::HigherIsBetter, 90.0, &usual(40), 3.0).health, Health::Degraded);
        assert!(asked(109.0, &usual(40)).reason.ends_with("of 40 values, 102; 3 are allowed"), "{:?}", asked(109.0, &usual(40)));
    }

    #[test]
    fn few_or_constant_values_decide_nothing() {
        assert_eq!(asked(1e9, &usual(19)).open, Some(Open::NoAnswer));
        assert_eq!(asked(1e9, &[]).open, Some(Open::NoAnswer));
        assert_eq!(asked(6.0, &[5.0; 30]).open, Some(Open::Undecided));
        assert_eq!(asked(5.0, &[5.0; 30]).health, Health::Healthy);
        assert_eq!(asked(4.0, &[5.0; 30]).health, Health::Healthy);
    }

    #[test]
    fn the_number_now_is_not_held_against_itself() {
        let points = (0..30).map(|at| Point { at_ms: at * 1_000, value: 1.0 }).collect();
        let found = Found::Series(vec![Series { labels: Labels::new(), points }]);
        assert_eq!(until(&found, 10_000).len(), 11);
        assert_eq!(until(&Found::Samples(vec![1.0; 7]), 0).len(), 7);
    }

    #[test]
    fn with_few_values_it_alarms_as_rarely_as_with_many() {
        let mut rng = SplitMix64::new(20_261_121);
        let mut normal = move || (-2.0 * (1.0 - rng.unit()).ln()).sqrt() * (2.0 * std::f64::consts::PI * rng.unit()).cos();
        let alarms = (0..20_000)
            .filter(|_| {
                let before: Vec<f64> = (0..ANOMALY_MIN).map(|_| normal()).collect();
                anomaly(Direction::LowerIsBetter, normal(), &before, 2.0).health == Health::Degraded
            })
            .count();
        // P(z > 2) = 2.275 %, ± three standard errors of 20,000 runs.
        assert!((392..=518).contains(&alarms), "{alarms}");
    }
}
