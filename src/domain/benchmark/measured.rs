//! What many measurements of one thing say: mean, spread, and percentiles with the bounds that so many values allow.

use crate::domain::stats::{
    describe::Moments,
    quantile::{QuantileInterval, quantile, quantile_interval},
    sample::Sample,
};

/// How sure the bounds of percentiles are.
pub const LEVEL: f64 = 0.95;

/// The shares whose percentiles are given.
pub const SHARES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Many measurements of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What was measured: `latency`, `cost`, …
    pub metric: &'static str,
    /// `ms`, `tokens`, `USD`.
    pub unit: &'static str,
    /// How many values.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation with divisor n − 1; `None` for one value.
    pub sd: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The percentiles of [`SHARES`].
    pub percentiles: Vec<Percentile>,
}

/// One percentile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// The share of values at or below it.
    pub share: f64,
    /// By linear interpolation between order statistics.
    pub value: f64,
    /// Order statistics that hold the true one in 95 of 100 such benchmarks; a side is open where the values are too few.
    pub interval: QuantileInterval,
}

impl Measured {
    /// `None` without values, or with one that is not finite: nothing was measured then.
    pub fn of(metric: &'static str, unit: &'static str, values: &[f64]) -> Option<Self> {
        let sample = Sample::new(values).ok()?;
        let (moments, sorted) = (Moments::of(sample), sample.sorted());
        let percentile =
            |share| Some(Percentile { share, value: quantile(values, share)?, interval: quantile_interval(&sorted, share, LEVEL) });
        Some(Self {
            metric,
            unit,
            n: sample.len(),
            mean: moments.mean(),
            sd: moments.sd(),
            min: quantile(values, 0.0)?,
            max: quantile(values, 1.0)?,
            percentiles: SHARES.into_iter().filter_map(percentile).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_values_bound_the_median_and_not_the_99th() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let measured = Measured::of("latency", "ms", &values).unwrap();
        assert_eq!((measured.n, measured.mean, measured.min, measured.max), (100, 50.5, 1.0, 100.0));
        // P(40 ≤ B ≤ 60) = 0.9648 for B ~ Bin(100, 1/2): the 40th and the 61st value.
        let median = measured.percentiles[0];
        assert_eq!((median.value, median.interval.lower, median.interval.upper), (50.5, Some(40.0), Some(61.0)));
        let last = measured.percentiles[3];
        assert!((last.value - 99.01).abs() < 1e-9);
        assert_eq!(last.interval.upper, None, "a hundred values cannot bound what one of a hundred exceeds");
    }

    #[test]
    fn nothing_measured_is_not_zero() {
        assert_eq!(Measured::of("latency", "ms", &[]), None);
        assert_eq!(Measured::of("latency", "ms", &[1.0, f64::NAN]), None);
        assert_eq!(Measured::of("latency", "ms", &[7.0]).unwrap().sd, None);
    }
}
