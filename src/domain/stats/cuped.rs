//! CUPED: less variance by regressing on what was known before (Deng, Xu, Kohavi, Walker 2013).
//!
//! θ = Σ cov(pre, post) / Σ var(pre), pooled within the arms (so that a true difference between them does not bias it);
//! adjusted = post − θ (pre − grand mean of pre). The adjusted arms are compared by Welch's t, a − b.
//! `variance_ratio` is the squared standard error after / before; 1 − ratio is what CUPED saved.
//!
//! Errors: lengths that differ, fewer than two values, unusable values, a constant covariate, constant adjusted arms.

use super::{
    equivalence::{EquivalenceError, MeanDifference},
    special::{Moments, count, is_constant, t_two_sided, unusable},
};

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CupedError {
    #[error("{arm}: {before} values before and {after} after; each unit needs both")]
    Unpaired { arm: &'static str, before: usize, after: usize },
    #[error("{arm} has {got} units; two are the least")]
    TooFew { arm: &'static str, got: usize },
    #[error("unit {index} of {arm} has {value}: only finite numbers up to 1e150 can be used")]
    Unusable { arm: &'static str, index: usize, value: f64 },
    #[error("the covariate does not vary within the arms: it explains nothing")]
    ConstantCovariate,
    #[error("nothing varies: {0}")]
    Constant(EquivalenceError),
}

/// One arm: for each unit the value before and the value after.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    pub before: &'a [f64],
    pub after: &'a [f64],
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cuped {
    pub theta: f64,
    pub means: MeanDifference,
    pub t: f64,
    pub p_two: f64,
    pub variance_ratio: f64,
    /// For any other test of the adjusted values.
    pub adjusted_a: Vec<f64>,
    pub adjusted_b: Vec<f64>,
}

pub fn cuped(a: Arm<'_>, b: Arm<'_>) -> Result<Cuped, CupedError> {
    check("baseline", a)?;
    check("candidate", b)?;
    let (before_a, before_b) = (Moments::of(a.before), Moments::of(b.before));
    if is_constant(a.before) && is_constant(b.before) {
        return Err(CupedError::ConstantCovariate);
    }
    let (cross_a, square_a) = sums(a, &before_a);
    let (cross_b, square_b) = sums(b, &before_b);
    let theta = (cross_a + cross_b) / (square_a + square_b);
    let (n_a, n_b) = (count(a.before.len()), count(b.before.len()));
    let apart = before_b.minus(&before_a) * (n_b / (n_a + n_b));
    let adjust = |arm: Arm<'_>| -> Vec<f64> {
        arm.before.iter().zip(arm.after).map(|(x, y)| y - theta * (before_a.deviation(*x) - apart)).collect()
    };
    let (adjusted_a, adjusted_b) = (adjust(a), adjust(b));
    let raw = MeanDifference::welch(a.after, b.after).map_err(CupedError::Constant)?;
    let means = MeanDifference::welch(&adjusted_a, &adjusted_b).map_err(CupedError::Constant)?;
    let t = means.difference / means.standard_error;
    let variance_ratio = (means.standard_error / raw.standard_error).powi(2);
    Ok(Cuped { theta, means, t, p_two: t_two_sided(t, means.df), variance_ratio, adjusted_a, adjusted_b })
}

fn check(name: &'static str, arm: Arm<'_>) -> Result<(), CupedError> {
    if arm.before.len() != arm.after.len() {
        return Err(CupedError::Unpaired { arm: name, before: arm.before.len(), after: arm.after.len() });
    }
    if let Some((index, value)) = unusable(arm.before).or_else(|| unusable(arm.after)) {
        return Err(CupedError::Unusable { arm: name, index, value });
    }
    if arm.before.len() < 2 {
        return Err(CupedError::TooFew { arm: name, got: arm.before.len() });
    }
    Ok(())
}

/// Σ (x − x̄)(y − y₀) and Σ (x − x̄)².
fn sums(arm: Arm<'_>, before: &Moments) -> (f64, f64) {
    let shift = arm.after.first().copied().unwrap_or_default();
    arm.before.iter().zip(arm.after).fold((0.0, 0.0), |(cross, square), (x, y)| {
        let d = before.deviation(*x);
        (cross + d * (y - shift), square + d * d)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        let good = Arm { before: &[1.0, 2.0, 4.0], after: &[2.0, 3.0, 7.0] };
        let with = |before, after| cuped(good, Arm { before, after });
        assert!(matches!(with(&[1.0], &[1.0, 2.0]), Err(CupedError::Unpaired { arm: "candidate", before: 1, after: 2 })));
        assert!(matches!(with(&[1.0], &[1.0]), Err(CupedError::TooFew { got: 1, .. })));
        assert!(matches!(with(&[1.0, f64::NAN], &[1.0, 2.0]), Err(CupedError::Unusable { index: 1, .. })));
        let flat = Arm { before: &[3.0; 3], after: &[2.0, 3.0, 7.0] };
        assert_eq!(cuped(flat, flat), Err(CupedError::ConstantCovariate));
        let dead = Arm { before: &[1.0, 2.0, 4.0], after: &[5.0; 3] };
        assert!(matches!(cuped(dead, dead), Err(CupedError::Constant(_))));
    }

    #[test]
    fn a_perfect_covariate_takes_the_noise_away() {
        let a = Arm { before: &[1.0, 5.0, 9.0, 2.0], after: &[2.0, 10.1, 18.0, 4.0] };
        let b = Arm { before: &[4.0, 3.0, 8.0, 7.0], after: &[9.0, 7.0, 17.1, 15.0] };
        let result = cuped(a, b).unwrap();
        assert!((result.theta - 2.0).abs() < 0.05, "{result:?}");
        assert!(result.variance_ratio < 0.01 && result.p_two < 1e-4, "{result:?}");
    }
}
