//! Mann-Kendall: does the series go up or down, whatever the shape?
//!
//! S = Σ sign(later − earlier); var(S) corrected for ties; z with continuity (S ∓ 1); two-sided p from the normal tail;
//! tau = S / (n(n−1)/2); Kendall's tau-b against the order, `None` for a constant series, whose other results are S = 0,
//! z = 0, p = 1. Assumes independent values: autocorrelation makes p too small.
//! Source: Mann 1945, Kendall 1975; equal to `pymannkendall.original_test`. O(n log n).
//!
//! Errors: fewer than 2 values, unusable values.

use super::{Fenwick, SeriesError, check, dense_ranks};
use crate::domain::stats::special::{count, normal_sf};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    pub s: f64,
    pub variance: f64,
    pub z: f64,
    pub p_two: f64,
    pub tau: f64,
    pub tau_b: Option<f64>,
}

impl MannKendall {
    /// P of a rise this clear without a trend.
    pub fn p_rising(&self) -> f64 {
        normal_sf(self.z)
    }

    pub fn p_falling(&self) -> f64 {
        normal_sf(-self.z)
    }
}

pub fn mann_kendall(values: &[f64]) -> Result<MannKendall, SeriesError> {
    check(values, 2, usize::MAX)?;
    let (ranks, sizes) = dense_ranks(values);
    let mut seen = Fenwick::new(sizes.len());
    let mut s = 0.0;
    for (earlier, rank) in ranks.iter().enumerate() {
        let (below, _) = seen.below(*rank);
        let (not_above, _) = seen.below(rank + 1);
        s += below - (count(earlier) - not_above);
        seen.add(*rank, 0.0);
    }
    let n = count(values.len());
    let ties = |term: fn(f64) -> f64| sizes.iter().map(|size| term(count(*size))).sum::<f64>();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - ties(|k| k * (k - 1.0) * (2.0 * k + 5.0))) / 18.0;
    let pairs = n * (n - 1.0) / 2.0;
    let untied = pairs - ties(|k| k * (k - 1.0) / 2.0);
    let z = if s.abs() < 0.5 || variance <= 0.0 { 0.0 } else { (s - s.signum()) / variance.sqrt() };
    Ok(MannKendall {
        s,
        variance,
        z,
        p_two: (2.0 * normal_sf(z.abs())).min(1.0),
        tau: s / pairs,
        tau_b: (untied > 0.0).then(|| s / (pairs * untied).sqrt()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_input_is_named_and_a_constant_has_no_trend() {
        assert_eq!(mann_kendall(&[1.0]), Err(SeriesError::TooFew { needed: 2, got: 1 }));
        assert!(matches!(mann_kendall(&[1.0, f64::INFINITY]), Err(SeriesError::Unusable { index: 1, .. })));
        let flat = mann_kendall(&[3.0; 20]).unwrap();
        assert_eq!((flat.s, flat.z, flat.p_two, flat.tau_b), (0.0, 0.0, 1.0, None));
    }

    proptest! {
        #[test]
        fn counting_agrees_with_all_pairs_and_turns_with_the_series(values in prop::collection::vec(0_u8..12, 2..60)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut expected = 0.0;
            for (i, x) in values.iter().enumerate() {
                for y in &values[i + 1..] {
                    expected += if y > x { 1.0 } else if y < x { -1.0 } else { 0.0 };
                }
            }
            let up = mann_kendall(&values).unwrap();
            prop_assert!((up.s - expected).abs() < 0.5);
            let down = mann_kendall(&values.iter().rev().copied().collect::<Vec<_>>()).unwrap();
            prop_assert!((up.s + down.s).abs() < 0.5);
            prop_assert!((up.p_two - down.p_two).abs() < 1e-12);
        }
    }
}
