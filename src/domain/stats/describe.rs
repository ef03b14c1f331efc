//! What one sample looks like.

use super::{
    quantile::of_sorted,
    sample::{SAME_WITHIN, Sample, Sorted, count},
};

/// The arithmetic mean; `None` for no samples or a value that is not finite.
pub fn mean(samples: &[f64]) -> Option<f64> {
    let first = *samples.first()?;
    if samples.iter().any(|x| !x.is_finite()) {
        return None;
    }
    Some(first + samples.iter().map(|x| x - first).sum::<f64>() / count(samples.len()))
}

/// Count, mean and variance (divisor n − 1) by two passes over differences from the first value (Chan, Golub and
/// `LeVeque` 1983): no digits are lost far from zero. The mean is kept as the first value plus a small rest, so that
/// differences of means keep their digits too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    n: usize,
    shift: f64,
    rest: f64,
    squares: f64,
}

impl Moments {
    pub fn of(sample: Sample<'_>) -> Self {
        let (n, shift) = (count(sample.len()), sample.first());
        let rest = sum_of(sample.values(), |x| x - shift) / n;
        let deviations = sum_of(sample.values(), |x| x - shift - rest);
        let squares = sum_of(sample.values(), |x| (x - shift - rest) * (x - shift - rest));
        Self { n: sample.len(), shift, rest, squares: (squares - deviations * deviations / n).max(0.0) }
    }

    pub fn n(&self) -> usize {
        self.n
    }

    pub fn mean(&self) -> f64 {
        self.shift + self.rest
    }

    /// The difference of means, this one minus the other.
    pub fn minus(&self, other: &Self) -> f64 {
        (self.shift - other.shift) + (self.rest - other.rest)
    }

    /// How far a value lies above the mean.
    pub fn deviation(&self, x: f64) -> f64 {
        (x - self.shift) - self.rest
    }

    /// With divisor n − 1; `None` for one value.
    pub fn variance(&self) -> Option<f64> {
        if self.n < 2 { None } else { Some(self.squares / count(self.n - 1)) }
    }

    /// The square root of the variance; `None` for one value.
    pub fn sd(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// Whether all values are one value up to rounding.
    pub fn is_constant(&self) -> bool {
        (self.squares / count(self.n)).sqrt() <= SAME_WITHIN * self.mean().abs()
    }

    /// Whether the means are one value up to rounding.
    pub fn same_mean(&self, other: &Self) -> bool {
        self.minus(other).abs() <= SAME_WITHIN * self.mean().abs().max(other.mean().abs())
    }
}

/// Σ f(x) in four lanes, which is faster and rounds less than one.
fn sum_of(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut chunks = values.chunks_exact(4);
    let mut sums = [0.0; 4];
    for chunk in &mut chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &x)| *sum += f(x));
    }
    sums.iter().sum::<f64>() + chunks.remainder().iter().map(|&x| f(x)).sum::<f64>()
}

/// The usual summary of one sample. Quantiles are of type 7.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    pub n: usize,
    pub mean: f64,
    /// With divisor n − 1; `None` for one value.
    pub sd: Option<f64>,
    pub min: f64,
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Summary {
    pub fn of(sample: Sample<'_>) -> Self {
        Self::new(&Moments::of(sample), &sample.sorted())
    }

    /// From what was computed before.
    pub fn new(moments: &Moments, sorted: &Sorted) -> Self {
        let at = |q| of_sorted(sorted.values(), q);
        Self {
            n: moments.n(),
            mean: moments.mean(),
            sd: moments.sd(),
            min: sorted.min(),
            q1: at(0.25),
            median: at(0.5),
            q3: at(0.75),
            p95: at(0.95),
            p99: at(0.99),
            max: sorted.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_broken_data_have_no_mean() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn a_mean_keeps_its_digits_far_from_zero() {
        let got = mean(&[1e9 + 0.1, 1e9 + 0.2, 1e9 + 0.3]).unwrap();
        assert!((got - (1e9 + 0.2)).abs() < 1e-6);
    }

    #[test]
    fn moments_of_one_constant_and_shifted_samples() {
        let one = Moments::of(Sample::new(&[3.0]).unwrap());
        assert!(one.variance().is_none() && one.is_constant());
        assert!(Moments::of(Sample::new(&[0.85; 20]).unwrap()).is_constant());
        assert!(Moments::of(Sample::new(&[0.3, 0.1 + 0.2]).unwrap()).is_constant());
        let shifted = Moments::of(Sample::new(&[1e9, 1e9 + 0.5, 1e9 + 1.0]).unwrap());
        assert!(!shifted.is_constant());
        assert!((shifted.variance().unwrap() - 0.25).abs() < 1e-15);
    }

    #[test]
    fn a_summary_has_the_usual_numbers() {
        let summary = Summary::of(Sample::new(&[4.0, 1.0, 3.0, 2.0]).unwrap());
        assert_eq!(summary.n, 4);
        assert!((summary.median - 2.5).abs() < 1e-15 && (summary.q1 - 1.75).abs() < 1e-15);
        assert!((summary.sd.unwrap() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((summary.min - 1.0).abs() < 1e-15 && (summary.max - 4.0).abs() < 1e-15);
    }
}
