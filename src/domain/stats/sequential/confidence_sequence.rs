//! Asymptotic confidence sequence for the difference of two means, head − base: valid at every look at once.
//!
//! half width = `√s² · √(2(Nρ²+1) · ln(√(Nρ²+1)/α) / (N²ρ²))` with `N = n_a + n_b`, `s² = N (var_a/n_a + var_b/n_b)`;
//! ρ² = (−2 ln α + ln(1 − 2 ln α)) / tuning makes it narrowest at N = tuning: take half of the planned N. The always-valid p
//! is 1/e of the same mixture, at most 1. Variances have ddof 1. Coverage is asymptotic: decide from [`WARM`] values per arm on.
//! For a one-sided bound at level α take the sequence at 2α.
//! Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, arXiv 2103.06476v7, eq. 9, 155, 161; equal to `gbstats` 0.8.
//!
//! Errors: fewer than two values, numbers that are not finite, a negative variance, no variation in either arm, bad α or tuning.

use super::{SequentialError, check_level, check_positive};
use crate::domain::stats::special::{LARGEST, Moments, unusable};

/// The least number of values in each arm before the sequence may decide anything.
pub const WARM: u64 = 100;

/// What is kept of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    pub n: u64,
    pub mean: f64,
    pub variance: f64,
}

impl Arm {
    pub fn of(values: &[f64]) -> Result<Self, SequentialError> {
        if let Some((index, value)) = unusable(values) {
            return Err(SequentialError::Unusable { index, value });
        }
        let n = values.len() as u64;
        if n < 2 {
            return Err(SequentialError::TooFew { got: n });
        }
        let moments = Moments::of(values);
        Ok(Self { n, mean: moments.mean(), variance: moments.variance })
    }

    fn check(&self) -> Result<(), SequentialError> {
        if self.n < 2 {
            return Err(SequentialError::TooFew { got: self.n });
        }
        if !self.mean.is_finite() || self.mean.abs() > LARGEST {
            return Err(SequentialError::NotFinite { name: "the mean", value: self.mean });
        }
        if !self.variance.is_finite() || self.variance < 0.0 {
            return Err(SequentialError::NotFinite { name: "the variance", value: self.variance });
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    const fn count(&self) -> f64 {
        self.n as f64
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AsymptoticSequence {
    /// head − base.
    pub difference: f64,
    pub low: f64,
    pub high: f64,
    /// Always-valid p of "no difference".
    pub p_value: f64,
    /// Both arms have [`WARM`] values.
    pub warm: bool,
}

pub fn asymptotic(base: &Arm, head: &Arm, alpha: f64, tuning: f64) -> Result<AsymptoticSequence, SequentialError> {
    check_level(alpha)?;
    check_positive("tuning", tuning)?;
    base.check()?;
    head.check()?;
    let difference = head.mean - base.mean;
    let variance = base.variance / base.count() + head.variance / head.count();
    if variance <= 0.0 {
        return Err(SequentialError::Constant { difference });
    }
    let n = base.count() + head.count();
    let spent = -2.0 * alpha.ln();
    let rho_squared = (spent + spent.ln_1p()) / tuning;
    let scale = n * rho_squared + 1.0;
    let half_log = 0.5 * scale.ln();
    let half_width = (n * variance).sqrt() * (2.0 * scale * (half_log - alpha.ln()) / (n * n * rho_squared)).sqrt();
    if !half_width.is_finite() {
        return Err(SequentialError::NotFinite { name: "the half width", value: half_width });
    }
    let squared = difference / variance.sqrt();
    let log_e = rho_squared * n * squared * squared / (2.0 * scale) - half_log;
    Ok(AsymptoticSequence {
        difference,
        low: difference - half_width,
        high: difference + half_width,
        p_value: (-log_e).exp().min(1.0),
        warm: base.n >= WARM && head.n >= WARM,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: Arm = Arm { n: 500, mean: 10.0, variance: 4.0 };

    #[test]
    fn bad_input_is_named() {
        let with = |arm| asymptotic(&ARM, &arm, 0.05, 500.0);
        assert_eq!(with(Arm { n: 1, ..ARM }), Err(SequentialError::TooFew { got: 1 }));
        assert!(matches!(with(Arm { mean: f64::NAN, ..ARM }), Err(SequentialError::NotFinite { .. })));
        assert!(matches!(with(Arm { variance: -1.0, ..ARM }), Err(SequentialError::NotFinite { .. })));
        assert!(matches!(asymptotic(&ARM, &ARM, 0.0, 1.0), Err(SequentialError::Level(_))));
        assert!(matches!(asymptotic(&ARM, &ARM, 0.05, f64::INFINITY), Err(SequentialError::NotPositive { .. })));
        assert!(matches!(asymptotic(&ARM, &ARM, 0.05, 1e-308), Err(SequentialError::NotFinite { name: "the half width", .. })));
        let flat = Arm { variance: 0.0, ..ARM };
        assert_eq!(asymptotic(&flat, &flat, 0.05, 500.0), Err(SequentialError::Constant { difference: 0.0 }));
        assert!(matches!(Arm::of(&[1.0, f64::NAN]), Err(SequentialError::Unusable { index: 1, .. })));
        assert_eq!(Arm::of(&[]), Err(SequentialError::TooFew { got: 0 }));
    }

    #[test]
    fn it_narrows_with_data_and_p_agrees_with_the_bounds() {
        let mut last = f64::INFINITY;
        for n in [50, 100, 200, 1_000, 10_000, 1_000_000] {
            let base = Arm { n, ..ARM };
            let head = Arm { mean: 10.3, ..base };
            let at = asymptotic(&base, &head, 0.05, 1_000.0).unwrap();
            assert!(at.high - at.low < last);
            last = at.high - at.low;
            assert_eq!(at.p_value < 0.05, at.low > 0.0, "{at:?}");
            assert_eq!(at.warm, n >= WARM);
        }
    }
}
