//! The sign test.

use super::super::{
    sample::Sample,
    tails::{PValues, binomial_at_least},
};

/// How many differences are positive and negative; zeros do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignTest {
    pub positive: usize,
    pub negative: usize,
}

impl SignTest {
    pub fn of(differences: Sample<'_>) -> Self {
        let with = |test: fn(&&f64) -> bool| differences.values().iter().filter(test).count();
        Self { positive: with(|&&x| x > 0.0), negative: with(|&&x| x < 0.0) }
    }

    /// The exact binomial test of equally many signs (Dixon and Mood 1946). 1 throughout when every difference is zero.
    pub fn p(self) -> PValues {
        let n = self.positive + self.negative;
        PValues::doubled(binomial_at_least(self.negative, n, 0.5), binomial_at_least(self.positive, n, 0.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_counted_and_zeros_left_out() {
        let test = SignTest::of(Sample::new(&[1.0, 2.0, 0.0, -1.0, 3.0]).unwrap());
        assert_eq!(test, SignTest { positive: 3, negative: 1 });
        assert!((test.p().greater - 5.0 / 16.0).abs() < 1e-15);
        assert!((test.p().two_sided - 10.0 / 16.0).abs() < 1e-15);
        assert_eq!(SignTest { positive: 0, negative: 0 }.p(), PValues::NO_EVIDENCE);
    }
}
