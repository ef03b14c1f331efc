//! Bootstrap intervals: bias-corrected and accelerated (`BCa`), and percentile beside it.
//!
//! Ends at the quantiles (type 7) Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z))) of the resampled statistic; z₀ = Φ⁻¹ of the share of resamples below
//! the estimate, ties half; a = Σd³ / (6 (Σd²)^1.5) from the jackknife. Where z₀ or a cannot be had (all resamples on one side, a
//! constant jackknife, as for the median of ties) the percentile interval takes its place and `corrected` is false.
//! `standard_error` has ddof 1. Source: Efron, JASA 82 (1987) 171; Efron and Tibshirani 1993, ch. 14. Conventions of
//! `scipy.stats.bootstrap`. Same seed, same interval; the order of the values matters only through the draws.
//!
//! Errors: fewer than 2 values, unusable values, a constant sample, a level outside 0..1, resamples outside [`LEAST`]..=[`MOST`],
//! more than [`MOST_DRAWS`] draws, a statistic that is not finite.

use super::ResampleError;
use crate::domain::stats::rng::SplitMix64;
use crate::domain::stats::special::{count, is_constant, normal_cdf, normal_isf, unusable};

pub const LEAST: usize = 100;
pub const MOST: usize = 1_000_000;
pub const MOST_DRAWS: usize = 2_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub resamples: usize,
    pub level: f64,
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { resamples: 10_000, level: 0.95, seed: 0 }
    }
}

impl Options {
    pub(super) fn check(&self, size: usize) -> Result<(), ResampleError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(ResampleError::Level(self.level));
        }
        if !(LEAST..=MOST).contains(&self.resamples) {
            return Err(ResampleError::Resamples { got: self.resamples, least: LEAST, most: MOST });
        }
        let draws = self.resamples.saturating_mul(size).max(size.saturating_mul(size));
        if draws > MOST_DRAWS { Err(ResampleError::TooMuch { got: draws, most: MOST_DRAWS }) } else { Ok(()) }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
    /// False: `low` and `high` are the percentile interval.
    pub corrected: bool,
    pub percentile: [f64; 2],
    pub standard_error: f64,
    pub options: Options,
}

/// Of the mean: no resample is kept and the jackknife has a closed form.
pub fn mean(values: &[f64], options: Options) -> Result<Bootstrap, ResampleError> {
    check(values, options, 1)?;
    let shift = values.first().copied().unwrap_or_default();
    let shifted: Vec<f64> = values.iter().map(|x| x - shift).collect();
    let n = count(values.len());
    let sum: f64 = shifted.iter().sum();
    let mut rng = SplitMix64::new(options.seed);
    let draw = |_| (0..shifted.len()).filter_map(|_| shifted.get(rng.index(shifted.len()))).sum::<f64>() / n;
    let replicates = (0..options.resamples).map(draw).collect();
    let jackknife: Vec<f64> = shifted.iter().map(|x| (sum - x) / (n - 1.0)).collect();
    let mut result = interval(sum / n, replicates, &jackknife, options)?;
    for end in [&mut result.estimate, &mut result.low, &mut result.high].into_iter().chain(&mut result.percentile) {
        *end += shift;
    }
    Ok(result)
}

pub fn median(values: &[f64], options: Options) -> Result<Bootstrap, ResampleError> {
    of(values, middle, options)
}

/// Of any statistic; it may reorder what it is given. The jackknife takes n evaluations.
pub fn of(values: &[f64], statistic: impl Fn(&mut [f64]) -> f64, options: Options) -> Result<Bootstrap, ResampleError> {
    check(values, options, values.len())?;
    let mut scratch = values.to_vec();
    let estimate = statistic(&mut scratch);
    let mut rng = SplitMix64::new(options.seed);
    let mut replicates = Vec::with_capacity(options.resamples);
    for _ in 0..options.resamples {
        for slot in &mut scratch {
            *slot = values.get(rng.index(values.len())).copied().unwrap_or_default();
        }
        replicates.push(statistic(&mut scratch));
    }
    let leave_out = |left_out: usize| {
        scratch.clear();
        scratch.extend(values.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, x)| *x));
        statistic(&mut scratch)
    };
    let jackknife: Vec<f64> = (0..values.len()).map(leave_out).collect();
    interval(estimate, replicates, &jackknife, options)
}

fn check(values: &[f64], options: Options, jackknife: usize) -> Result<(), ResampleError> {
    if let Some((index, value)) = unusable(values) {
        return Err(ResampleError::Unusable { index, value });
    }
    if values.len() < 2 {
        return Err(ResampleError::TooFew { needed: 2, got: values.len() });
    }
    if is_constant(values) {
        return Err(ResampleError::Constant { value: values.first().copied().unwrap_or_default() });
    }
    options.check(jackknife)?;
    let draws = options.resamples.saturating_mul(values.len());
    if draws > MOST_DRAWS { Err(ResampleError::TooMuch { got: draws, most: MOST_DRAWS }) } else { Ok(()) }
}

pub(super) fn interval(estimate: f64, mut replicates: Vec<f64>, jackknife: &[f64], options: Options) -> Result<Bootstrap, ResampleError> {
    if !estimate.is_finite() || replicates.iter().chain(jackknife).any(|value| !value.is_finite()) {
        return Err(ResampleError::Statistic);
    }
    let runs = count(replicates.len());
    let mean = estimate + replicates.iter().map(|x| x - estimate).sum::<f64>() / runs;
    let standard_error = (replicates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (runs - 1.0)).sqrt();
    replicates.sort_unstable_by(f64::total_cmp);
    let below = replicates.partition_point(|x| *x < estimate);
    let not_above = replicates.partition_point(|x| *x <= estimate);
    let share = (count(below) + count(not_above)) / (2.0 * runs);
    let z = normal_isf(0.5 * (1.0 - options.level));
    let percentile = [quantile(&replicates, normal_cdf(-z)), quantile(&replicates, normal_cdf(z))];
    let ends = acceleration(jackknife).filter(|_| share > 0.0 && share < 1.0).and_then(|a| {
        let bias = -normal_isf(share);
        let at = |z: f64| {
            let scale = 1.0 - a * (bias + z);
            (scale > 0.0).then(|| normal_cdf(bias + (bias + z) / scale))
        };
        Some([quantile(&replicates, at(-z)?), quantile(&replicates, at(z)?)])
    });
    let [low, high] = ends.unwrap_or(percentile);
    Ok(Bootstrap { estimate, low, high, corrected: ends.is_some(), percentile, standard_error, options })
}

fn acceleration(jackknife: &[f64]) -> Option<f64> {
    let n = count(jackknife.len());
    let first = jackknife.first()?;
    let mean = first + jackknife.iter().map(|x| x - first).sum::<f64>() / n;
    let (squares, cubes) = jackknife.iter().map(|x| mean - x).fold((0.0, 0.0), |(s, c), d| (s + d * d, c + d * d * d));
    (!is_constant(jackknife) && squares > 0.0).then(|| cubes / (6.0 * squares * squares.sqrt()))
}

/// Type 7, of sorted values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q.clamp(0.0, 1.0) * count(sorted.len() - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ position < len")]
    let below = position.floor() as usize;
    let low = sorted.get(below).copied().unwrap_or_default();
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * position.fract()
}

fn middle(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (left, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let upper = *upper;
    if odd {
        return upper;
    }
    f64::midpoint(left.iter().copied().fold(f64::NEG_INFINITY, f64::max), upper)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FEW: Options = Options { resamples: 500, level: 0.9, seed: 3 };

    #[test]
    fn bad_input_is_named() {
        assert_eq!(mean(&[1.0], FEW), Err(ResampleError::TooFew { needed: 2, got: 1 }));
        assert!(matches!(mean(&[1.0, f64::NAN], FEW), Err(ResampleError::Unusable { index: 1, .. })));
        assert_eq!(mean(&[0.85; 9], FEW), Err(ResampleError::Constant { value: 0.85 }));
        assert_eq!(mean(&[1.0, 2.0], Options { level: 1.0, ..FEW }), Err(ResampleError::Level(1.0)));
        assert!(matches!(mean(&[1.0, 2.0], Options { resamples: 10, ..FEW }), Err(ResampleError::Resamples { got: 10, .. })));
        let many: Vec<f64> = (0..10_000).map(f64::from).collect();
        assert!(matches!(mean(&many, Options { resamples: MOST, ..FEW }), Err(ResampleError::TooMuch { .. })));
        assert_eq!(of(&[1.0, 2.0], |_| f64::NAN, FEW), Err(ResampleError::Statistic));
    }

    #[test]
    fn the_two_ways_to_the_mean_agree_and_the_seed_decides() {
        let values = [1e9 + 1.0, 1e9 + 2.5, 1e9 + 2.0, 1e9 + 7.0, 1e9 + 3.0];
        let one = mean(&values, FEW).unwrap();
        let two = of(&values, |x| x.iter().sum::<f64>() / count(x.len()), FEW).unwrap();
        assert!((one.low - two.low).abs() < 1e-5 && (one.high - two.high).abs() < 1e-5 && one.corrected, "{one:?} {two:?}");
        assert_eq!(one, mean(&values, FEW).unwrap());
        assert!(one != mean(&values, Options { seed: 4, ..FEW }).unwrap());
    }

    #[test]
    fn where_bca_has_no_answer_the_percentile_interval_stands_in() {
        let maximum = |x: &mut [f64]| x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let values = [1.0, 1.0, 2.0, 2.0, 2.0];
        let result = of(&values, maximum, FEW).unwrap();
        assert!(!result.corrected && result.low <= result.high);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn intervals_are_in_order_and_inside_the_data(values in prop::collection::vec(-9.0..9.0_f64, 3..30)) {
            for result in [mean(&values, FEW).unwrap(), median(&values, FEW).unwrap()] {
                let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
                prop_assert!(result.low <= result.high && result.low >= least - 1e-9 && result.high <= most + 1e-9);
                prop_assert!(result.percentile[0] <= result.percentile[1] && result.standard_error.is_finite());
            }
        }
    }
}
