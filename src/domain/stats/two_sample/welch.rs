//! Welch's t test, and the same on logarithms for ratios.

use super::{
    super::{
        describe::Moments,
        sample::{Sample, SampleError, count},
        tails::Interval,
    },
    t_test::{TEstimate, TTest},
};

/// Welch's test of equal means without assuming equal variances (Welch 1947, Satterthwaite 1946):
/// t = (m₁ − m₂)/√(v₁/n₁ + v₂/n₂), df = (v₁/n₁ + v₂/n₂)²/(v₁²/(n₁²(n₁−1)) + v₂²/(n₂²(n₂−1))), variances with n − 1.
///
/// Errors: fewer than two values in a sample. Two constant samples have outcomes of their own.
pub fn welch(first: Sample<'_>, second: Sample<'_>) -> Result<TTest, SampleError> {
    first.needs(2)?;
    second.needs(2)?;
    of_moments(&Moments::of(first), &Moments::of(second))
}

/// The same from moments computed before.
pub fn of_moments(first: &Moments, second: &Moments) -> Result<TTest, SampleError> {
    let (one, two) = (variance(first)?, variance(second)?);
    if let Some(degenerate) = constants(first, second) {
        return Ok(degenerate);
    }
    let (share_one, share_two) = (one / count(first.n()), two / count(second.n()));
    let error_square = share_one + share_two;
    // Shares of the sum, so that neither squares of tiny nor of huge variances leave the range.
    let (part_one, part_two) = (share_one / error_square, share_two / error_square);
    let df = 1.0 / (part_one * part_one / count(first.n() - 1) + part_two * part_two / count(second.n() - 1));
    Ok(TTest::Estimate(TEstimate::new(first.minus(second), error_square.sqrt(), df)))
}

pub(super) fn variance(moments: &Moments) -> Result<f64, SampleError> {
    moments.variance().ok_or(SampleError::TooFew { got: moments.n(), needed: 2 })
}

/// The outcome for two constant samples.
pub(super) fn constants(first: &Moments, second: &Moments) -> Option<TTest> {
    if !first.is_constant() || !second.is_constant() {
        return None;
    }
    let difference = first.minus(second);
    Some(if first.same_mean(second) { TTest::ConstantAndEqual } else { TTest::ConstantAndDifferent { difference } })
}

/// Welch's test on logarithms: the ratio of geometric means, second to first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioTest {
    /// Of the logarithms, first − second.
    pub test: TTest,
}

impl RatioTest {
    /// How many times as large the second is: 1.1 is 10 % more.
    pub fn ratio(&self) -> f64 {
        (-self.test.difference()).exp()
    }

    /// The two-sided interval of the ratio.
    pub fn interval(&self, level: f64) -> Interval {
        turned(self.test.interval(level))
    }

    /// The one-sided bounds of the ratio, each at the level.
    pub fn one_sided_bounds(&self, level: f64) -> Interval {
        turned(self.test.one_sided_bounds(level))
    }
}

fn turned(logs: Interval) -> Interval {
    Interval { lower: (-logs.upper).exp(), upper: (-logs.lower).exp() }
}

/// The test for latencies, costs and counts, which are skewed and compared by ratio.
///
/// Errors: fewer than two values, or a value that is not above 0 (use [`welch`] then).
pub fn welch_ratio(first: Sample<'_>, second: Sample<'_>) -> Result<RatioTest, SampleError> {
    let (one, two) = (first.logarithms()?, second.logarithms()?);
    Ok(RatioTest { test: welch(Sample::new(&one)?, Sample::new(&two)?)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::stats::tails::Alternative;

    fn test(a: &[f64], b: &[f64]) -> TTest {
        welch(Sample::new(a).unwrap(), Sample::new(b).unwrap()).unwrap()
    }

    #[test]
    fn constants_have_outcomes_of_their_own() {
        assert_eq!(test(&[0.85; 20], &[0.85; 15]), TTest::ConstantAndEqual);
        assert_eq!(test(&[0.1 + 0.2; 3], &[0.3; 3]), TTest::ConstantAndEqual);
        let different = test(&[1.0; 3], &[2.0; 4]);
        assert_eq!(different, TTest::ConstantAndDifferent { difference: -1.0 });
        assert_eq!(different.p_value(Alternative::Less), Some(0.0));
        assert_eq!(different.interval(0.95), Interval { lower: -1.0, upper: -1.0 });
        assert_eq!(TTest::ConstantAndEqual.p(), None);
        assert_eq!(TTest::ConstantAndEqual.p_against(0.0), None);
    }

    #[test]
    fn too_few_values_are_an_error() {
        let one = Sample::new(&[1.0]).unwrap();
        assert_eq!(welch(one, one), Err(SampleError::TooFew { got: 1, needed: 2 }));
    }

    #[test]
    fn a_ratio_is_second_to_first() {
        let (base, head) = ([100.0, 110.0, 90.0, 105.0], [200.0, 220.0, 180.0, 210.0]);
        let ratio = welch_ratio(Sample::new(&base).unwrap(), Sample::new(&head).unwrap()).unwrap();
        assert!((ratio.ratio() - 2.0).abs() < 1e-12);
        assert!(ratio.interval(0.95).contains(2.0) && !ratio.interval(0.95).contains(1.0));
        assert!(ratio.one_sided_bounds(0.95).lower > ratio.interval(0.95).lower);
        let zero = welch_ratio(Sample::new(&[0.0, 1.0]).unwrap(), Sample::new(&base).unwrap());
        assert_eq!(zero, Err(SampleError::NotPositive { index: 0, value: 0.0 }));
    }

    proptest! {
        #[test]
        fn values_are_sound(a in prop::collection::vec(-1e3..1e3_f64, 2..40), b in prop::collection::vec(-1e3..1e3_f64, 2..40), shift in -1e3..1e3_f64) {
            let one = test(&a, &b);
            let mirrored = test(&b, &a);
            let (p, q) = (one.p().unwrap(), mirrored.p().unwrap());
            for value in [p.two_sided, p.less, p.greater] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            prop_assert!((p.less - q.greater).abs() < 1e-12 && (p.two_sided - q.two_sided).abs() < 1e-12);
            let moved: Vec<Vec<f64>> = [&a, &b].iter().map(|x| x.iter().map(|x| x + shift).collect()).collect();
            let (t, u) = (one.estimate().unwrap().t, test(&moved[0], &moved[1]).estimate().unwrap().t);
            prop_assert!((t - u).abs() <= 1e-6 * (1.0 + t.abs()), "{t} {u}");
        }
    }
}
