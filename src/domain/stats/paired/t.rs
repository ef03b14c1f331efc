//! Student's t test of one sample of differences.

use super::super::{
    describe::Moments,
    sample::{Sample, SampleError, count},
    two_sample::t_test::{TEstimate, TTest},
};

/// Student's test of mean(differences) = 0: t = m/(s/√n) with n − 1 degrees of freedom.
///
/// Errors: fewer than two differences. Constant differences have outcomes of their own.
pub fn paired_t(differences: Sample<'_>) -> Result<TTest, SampleError> {
    differences.needs(2)?;
    let moments = Moments::of(differences);
    let Some(sd) = moments.sd().filter(|_| !moments.is_constant()) else {
        let difference = moments.mean();
        return Ok(if difference == 0.0 { TTest::ConstantAndEqual } else { TTest::ConstantAndDifferent { difference } });
    };
    let error = sd / count(differences.len()).sqrt();
    Ok(TTest::Estimate(TEstimate::new(moments.mean(), error, count(differences.len() - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_differences_are_named() {
        let test = |values: &[f64]| paired_t(Sample::new(values).unwrap());
        assert_eq!(test(&[0.0; 4]), Ok(TTest::ConstantAndEqual));
        assert_eq!(test(&[0.5; 4]), Ok(TTest::ConstantAndDifferent { difference: 0.5 }));
        assert_eq!(test(&[0.5]), Err(SampleError::TooFew { got: 1, needed: 2 }));
    }
}
