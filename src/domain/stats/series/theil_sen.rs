//! Theil-Sen: the median of the slopes of all pairs, with Sen's interval.
//!
//! intercept = median(y) − slope · median(x) (`method='separate'` of `scipy.stats.theilslopes`). The interval takes the order
//! statistics of the slopes at (N ∓ z σ)/2, σ² by Sen 1968 eq. 2.6 with ties in x and y, rounded half to even and kept
//! inside the list, as scipy does. Breakdown at 29 % of outliers.
//! Source: Sen, JASA 63 (1968) 1379. O(n²) time and memory, hence [`MOST`].
//!
//! Errors: fewer than 2 values, more than [`MOST`], unusable values, positions all equal, slopes beyond the
//! largest number, a level outside 0..1.

use super::{SeriesError, check, check_level, check_positions, dense_ranks};
use crate::domain::stats::special::{count, normal_isf};

/// 12.5 million slopes, 100 MB.
pub const MOST: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TheilSen {
    pub slope: f64,
    pub intercept: f64,
    pub low: f64,
    pub high: f64,
}

/// Against the positions 0, 1, 2, …
pub fn theil_sen_in_order(values: &[f64], level: f64) -> Result<TheilSen, SeriesError> {
    let positions: Vec<f64> = (0..values.len()).map(count).collect();
    theil_sen(&positions, values, level)
}

pub fn theil_sen(positions: &[f64], values: &[f64], level: f64) -> Result<TheilSen, SeriesError> {
    check(values, 2, MOST)?;
    check_positions(positions, values)?;
    check_level(level)?;
    let mut slopes = slopes(positions, values);
    if slopes.is_empty() {
        return Err(SeriesError::OnePosition);
    }
    if slopes.iter().any(|slope| !slope.is_finite()) {
        return Err(SeriesError::Overflow);
    }
    let n = count(values.len());
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - tied(positions) - tied(values)) / 18.0;
    let reach = normal_isf(0.5 * (1.0 - level)) * variance.max(0.0).sqrt();
    let pairs = count(slopes.len());
    let last = slopes.len() - 1;
    let low = index((0.5 * (pairs - reach)).round_ties_even() - 1.0, last);
    let high = index((0.5 * (pairs + reach)).round_ties_even(), last);
    let slope = median(&mut slopes);
    Ok(TheilSen {
        slope,
        intercept: median(&mut values.to_vec()) - slope * median(&mut positions.to_vec()),
        low: nth(&mut slopes, low),
        high: nth(&mut slopes, high),
    })
}

fn slopes(positions: &[f64], values: &[f64]) -> Vec<f64> {
    let points: Vec<(f64, f64)> = positions.iter().copied().zip(values.iter().copied()).collect();
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (i, (x, y)) in points.iter().enumerate() {
        let later = points.iter().skip(i + 1).map(|(other_x, other_y)| (other_x - x, other_y - y));
        slopes.extend(later.filter(|(dx, _)| dx.abs() > 0.0).map(|(dx, dy)| dy / dx));
    }
    slopes
}

fn tied(values: &[f64]) -> f64 {
    let (_, sizes) = dense_ranks(values);
    sizes.into_iter().map(count).map(|k| k * (k - 1.0) * (2.0 * k + 5.0)).sum()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=last first")]
fn index(position: f64, last: usize) -> usize {
    position.clamp(0.0, count(last)) as usize
}

fn nth(values: &mut [f64], n: usize) -> f64 {
    if n >= values.len() {
        return f64::INFINITY;
    }
    *values.select_nth_unstable_by(n, f64::total_cmp).1
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let upper = nth(values, middle);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = values.iter().take(middle).copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        assert_eq!(theil_sen_in_order(&[1.0], 0.95), Err(SeriesError::TooFew { needed: 2, got: 1 }));
        assert_eq!(theil_sen_in_order(&vec![1.0; MOST + 1], 0.95), Err(SeriesError::TooMany { most: MOST, got: MOST + 1 }));
        assert_eq!(theil_sen_in_order(&[1.0, 2.0], 1.5), Err(SeriesError::Level(1.5)));
        assert!(matches!(theil_sen_in_order(&[f64::NAN, 2.0], 0.95), Err(SeriesError::Unusable { index: 0, .. })));
        assert_eq!(theil_sen(&[0.0, 1e-300, 1.0], &[0.0, 1e100, -1e100], 0.95), Err(SeriesError::Overflow));
        assert_eq!(theil_sen(&[4.0; 3], &[1.0, 2.0, 3.0], 0.95), Err(SeriesError::OnePosition));
    }

    #[test]
    fn a_constant_has_slope_zero() {
        let expected = TheilSen { slope: 0.0, intercept: 0.85, low: 0.0, high: 0.0 };
        assert_eq!(theil_sen_in_order(&[0.85; 7], 0.95), Ok(expected));
    }

    #[test]
    fn a_quarter_of_outliers_does_not_move_the_slope() {
        let mut values: Vec<f64> = (0..40).map(|i| 2.0 * f64::from(i)).collect();
        for i in 0..10 {
            values[i * 4] = 1e6;
        }
        let line = theil_sen_in_order(&values, 0.95).unwrap();
        assert!((line.slope - 2.0).abs() < 1e-9, "{line:?}");
    }
}
