//! Equivalence and non-inferiority of two means: Welch's two one-sided tests (Schuirmann 1987).
//!
//! a is the baseline, b the candidate, difference = mean(a) − mean(b), variances with ddof 1, df by Welch-Satterthwaite.
//! `p_lower` tests H0: difference ≤ −margin, `p_upper` tests H0: difference ≥ +margin; their maximum is the p of equivalence.
//! Non-inferiority uses one of the two. For ratios hand in logarithms and ln(1 + margin).
//!
//! Errors: fewer than two values, a value that is not usable, a margin that is not positive, both samples constant (then
//! there is no standard error: the error carries the difference).

use super::special::{Moments, t_isf, t_sf, unusable};

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EquivalenceError {
    #[error("{sample} has {got} values; two are the least")]
    TooFew { sample: &'static str, got: usize },
    #[error("value {index} of {sample} is {value}: only finite numbers up to 1e150 can be used")]
    Unusable { sample: &'static str, index: usize, value: f64 },
    #[error("the margin must be a positive number, not {0}")]
    Margin(f64),
    #[error("a level lies strictly between 0 and 1; {0} does not")]
    Level(f64),
    #[error("both samples are constant and differ by {difference}: nothing tells how sure that is")]
    Constant { difference: f64 },
}

/// The direction in which the candidate would be worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worse {
    Higher,
    Lower,
}

/// Welch's comparison of two means, a − b.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    pub difference: f64,
    pub standard_error: f64,
    pub df: f64,
}

impl MeanDifference {
    pub fn welch(a: &[f64], b: &[f64]) -> Result<Self, EquivalenceError> {
        let (a, b) = (moments("baseline", a)?, moments("candidate", b)?);
        let difference = a.minus(&b);
        let (part_a, part_b) = (a.variance / a.n, b.variance / b.n);
        let sum = part_a + part_b;
        if sum <= 0.0 {
            return Err(EquivalenceError::Constant { difference });
        }
        let (share_a, share_b) = (part_a / sum, part_b / sum);
        let df = 1.0 / (share_a * share_a / (a.n - 1.0) + share_b * share_b / (b.n - 1.0));
        Ok(Self { difference, standard_error: sum.sqrt(), df })
    }

    /// P of a difference this far above `null`, if `null` were true.
    pub fn p_greater(&self, null: f64) -> f64 {
        t_sf((self.difference - null) / self.standard_error, self.df)
    }

    pub fn p_less(&self, null: f64) -> f64 {
        t_sf((null - self.difference) / self.standard_error, self.df)
    }

    pub fn interval(&self, level: f64) -> Result<[f64; 2], EquivalenceError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(EquivalenceError::Level(level));
        }
        let reach = t_isf(0.5 * (1.0 - level), self.df) * self.standard_error;
        Ok([self.difference - reach, self.difference + reach])
    }
}

fn moments(sample: &'static str, values: &[f64]) -> Result<Moments, EquivalenceError> {
    if let Some((index, value)) = unusable(values) {
        return Err(EquivalenceError::Unusable { sample, index, value });
    }
    if values.len() < 2 {
        return Err(EquivalenceError::TooFew { sample, got: values.len() });
    }
    Ok(Moments::of(values))
}

fn positive(margin: f64) -> Result<f64, EquivalenceError> {
    if margin.is_finite() && margin > 0.0 { Ok(margin) } else { Err(EquivalenceError::Margin(margin)) }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tost {
    pub means: MeanDifference,
    pub p_lower: f64,
    pub p_upper: f64,
    /// The larger of the two.
    pub p: f64,
}

pub fn tost(a: &[f64], b: &[f64], margin: f64) -> Result<Tost, EquivalenceError> {
    let margin = positive(margin)?;
    let means = MeanDifference::welch(a, b)?;
    let (p_lower, p_upper) = (means.p_greater(-margin), means.p_less(margin));
    Ok(Tost { means, p_lower, p_upper, p: p_lower.max(p_upper) })
}

/// P of H0 "the candidate is worse by at least the margin"; a small one says non-inferior.
pub fn non_inferiority(a: &[f64], b: &[f64], margin: f64, worse: Worse) -> Result<f64, EquivalenceError> {
    let margin = positive(margin)?;
    let means = MeanDifference::welch(a, b)?;
    Ok(match worse {
        Worse::Higher => means.p_greater(-margin),
        Worse::Lower => means.p_less(margin),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_input_is_named() {
        let good = [1.0, 2.0, 3.0];
        assert!(matches!(tost(&[1.0], &good, 1.0), Err(EquivalenceError::TooFew { sample: "baseline", got: 1 })));
        assert!(matches!(tost(&good, &[], 1.0), Err(EquivalenceError::TooFew { sample: "candidate", got: 0 })));
        assert!(matches!(tost(&good, &[1.0, f64::NAN], 1.0), Err(EquivalenceError::Unusable { index: 1, .. })));
        assert!(matches!(tost(&good, &[1.0, f64::INFINITY], 1.0), Err(EquivalenceError::Unusable { .. })));
        assert!(matches!(tost(&good, &good, 0.0), Err(EquivalenceError::Margin(_))));
        assert!(matches!(tost(&good, &good, f64::NAN), Err(EquivalenceError::Margin(_))));
        assert_eq!(tost(&[0.85; 20], &[0.85; 15], 0.1), Err(EquivalenceError::Constant { difference: 0.0 }));
        assert!(MeanDifference::welch(&good, &good).unwrap().interval(1.0).is_err());
    }

    #[test]
    fn the_candidate_that_is_worse_beyond_the_margin_is_never_non_inferior() {
        let (base, slow) = ([100.0, 101.0, 99.0, 100.0, 102.0], [130.0, 131.0, 129.0, 133.0, 130.0]);
        assert!(non_inferiority(&base, &slow, 10.0, Worse::Higher).unwrap() > 0.99);
        assert!(non_inferiority(&base, &slow, 10.0, Worse::Lower).unwrap() < 0.01);
        assert!(non_inferiority(&base, &slow, 60.0, Worse::Higher).unwrap() < 0.01);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_roles_swap(
            a in prop::collection::vec(-50.0..50.0_f64, 3..20),
            b in prop::collection::vec(-50.0..50.0_f64, 3..20),
            margin in 0.1..20.0_f64,
        ) {
            let result = tost(&a, &b, margin).unwrap();
            let swapped = tost(&b, &a, margin).unwrap();
            prop_assert!((result.p_lower - swapped.p_upper).abs() < 1e-12);
            let mut turned = a.clone();
            turned.reverse();
            prop_assert!((tost(&turned, &b, margin).unwrap().p - result.p).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&result.p));
        }
    }
}
