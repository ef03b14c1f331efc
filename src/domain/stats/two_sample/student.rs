//! Student's t test of two samples.

use super::{
    super::{
        describe::Moments,
        sample::{Sample, SampleError, count},
    },
    t_test::{TEstimate, TTest},
    welch::{constants, variance},
};

/// Student's test of equal means under equal variances (Student 1908): the pooled variance with n₁ + n₂ − 2 degrees of
/// freedom. Misleads when both variances and sizes differ; prefer Welch's.
///
/// Errors: fewer than two values in a sample. Two constant samples have outcomes of their own.
pub fn student(first: Sample<'_>, second: Sample<'_>) -> Result<TTest, SampleError> {
    first.needs(2)?;
    second.needs(2)?;
    of_moments(&Moments::of(first), &Moments::of(second))
}

/// The same from moments computed before.
pub fn of_moments(first: &Moments, second: &Moments) -> Result<TTest, SampleError> {
    let pooled = pooled_variance(first, second)?;
    if let Some(degenerate) = constants(first, second) {
        return Ok(degenerate);
    }
    let error = (pooled * (1.0 / count(first.n()) + 1.0 / count(second.n()))).sqrt();
    Ok(TTest::Estimate(TEstimate::new(first.minus(second), error, count(first.n() + second.n() - 2))))
}

/// ((n₁ − 1)v₁ + (n₂ − 1)v₂)/(n₁ + n₂ − 2).
pub(super) fn pooled_variance(first: &Moments, second: &Moments) -> Result<f64, SampleError> {
    let (one, two) = (variance(first)?, variance(second)?);
    let (df_one, df_two) = (count(first.n() - 1), count(second.n() - 1));
    Ok((df_one * one + df_two * two) / (df_one + df_two))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_give_the_t_of_welch() {
        let (a, b) = ([1.0, 2.0, 4.0, 8.0], [2.0, 3.0, 5.0, 11.0]);
        let (a, b) = (Sample::new(&a).unwrap(), Sample::new(&b).unwrap());
        let (student, welch) = (student(a, b).unwrap(), super::super::welch::welch(a, b).unwrap());
        assert!((student.estimate().unwrap().t - welch.estimate().unwrap().t).abs() < 1e-12);
        assert!((student.estimate().unwrap().df - 6.0).abs() < 1e-12);
    }

    #[test]
    fn constants_and_single_values_are_named() {
        let (constant, single) = ([0.85; 5], [1.0]);
        let constant = Sample::new(&constant).unwrap();
        assert_eq!(student(constant, constant), Ok(TTest::ConstantAndEqual));
        assert_eq!(student(constant, Sample::new(&single).unwrap()), Err(SampleError::TooFew { got: 1, needed: 2 }));
    }
}
