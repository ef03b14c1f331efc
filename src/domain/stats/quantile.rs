//! Quantiles of a sample, with intervals that assume nothing about its distribution.

use super::{
    sample::{Sorted, count, sort},
    tails::{binomial_cdf, sane_level},
};

/// The `q`-quantile (0 ≤ q ≤ 1) by linear interpolation between order statistics (Hyndman and Fan 1996, type 7: the
/// default of R and `NumPy`). `None` for no samples or a value that is not finite.
pub fn quantile(samples: &[f64], q: f64) -> Option<f64> {
    if samples.is_empty() || samples.iter().any(|x| !x.is_finite()) {
        return None;
    }
    Some(of_sorted(&sort(samples.to_vec()), q))
}

/// The same of values in rising order; 0 for none.
pub(super) fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let position = q.clamp(0.0, 1.0) * count(sorted.len().saturating_sub(1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ position < len")]
    let below = position.floor() as usize;
    let low = sorted.get(below).copied().unwrap_or_default();
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * position.fract()
}

/// Bounds of a quantile at two order statistics. `None` on a side: the sample is too small to bound it there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileInterval {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// The probability with which such bounds hold the quantile: at least the level asked for when both are there.
    pub coverage: f64,
}

/// A confidence interval for the `q`-quantile of a continuous distribution from order statistics (David and Nagaraja
/// 2003, §7.1; Hahn and Meeker 1991, §5.2): `X₍l₎ … X₍u₎` with the largest l of P(B ≤ l − 1) ≤ α/2 and the smallest u of
/// P(B ≥ u) ≤ α/2, B ~ Bin(n, q). Ties only widen the coverage.
pub fn quantile_interval(sorted: &Sorted, q: f64, level: f64) -> QuantileInterval {
    let (n, q) = (sorted.len(), q.clamp(0.0, 1.0));
    let tail = (1.0 - sane_level(level)) / 2.0;
    // The number of k in 0..=n with P(B ≤ k) ≤ tail is the largest l.
    let lower_rank = first_where(n + 1, |k| binomial_cdf(k, n, q) > tail);
    // P(B ≥ u) ≤ tail  ⇔  P(B ≤ u − 1) ≥ 1 − tail.
    let upper_rank = first_where(n + 1, |k| super::tails::binomial_at_least(k + 1, n, q) <= tail) + 1;
    let below = if lower_rank == 0 { 0.0 } else { binomial_cdf(lower_rank - 1, n, q) };
    let above = super::tails::binomial_at_least(upper_rank, n, q);
    QuantileInterval {
        lower: lower_rank.checked_sub(1).and_then(|index| sorted.values().get(index).copied()),
        upper: sorted.values().get(upper_rank - 1).copied(),
        coverage: (1.0 - below - above).clamp(0.0, 1.0),
    }
}

/// The first of 0..n for which a condition that stays true becomes true; n if never.
fn first_where(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stats::sample::Sample;

    #[test]
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], q)
        let samples = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (q, expected) in [(0.0, 1.0), (0.5, 3.5), (0.95, 7.95), (0.99, 8.79), (1.0, 9.0)] {
            let got = quantile(&samples, q).unwrap();
            assert!((got - expected).abs() < 1e-12, "q={q}: {got} instead of {expected}");
        }
    }

    #[test]
    fn missing_and_broken_data_have_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
    }

    #[test]
    fn the_median_of_ten_lies_between_the_second_and_the_ninth() {
        // P(2 ≤ B ≤ 8) = 1 − 2·11/1024 = 0.978515625, the textbook interval.
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let interval = quantile_interval(&Sample::new(&values).unwrap().sorted(), 0.5, 0.95);
        assert_eq!((interval.lower, interval.upper), (Some(2.0), Some(9.0)));
        assert!((interval.coverage - 0.978_515_625).abs() < 1e-12);
    }

    #[test]
    fn a_small_sample_does_not_bound_its_tail() {
        let values: Vec<f64> = (1..=30).map(f64::from).collect();
        let sorted = Sample::new(&values).unwrap().sorted();
        let interval = quantile_interval(&sorted, 0.95, 0.95);
        assert_eq!(interval.upper, None);
        assert!(interval.lower.is_some() && interval.coverage < 1.0);
        let one = quantile_interval(&Sample::new(&[1.0]).unwrap().sorted(), 0.5, 0.95);
        assert_eq!((one.lower, one.upper), (None, None));
    }
}
