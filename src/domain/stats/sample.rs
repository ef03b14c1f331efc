//! The door: samples that every statistic may rely on.
//!
//! A [`Sample`] holds finite values only, so no NaN can leave a calculation. Magnitudes are limited to 0 and
//! 1e-130 … 1e140: in that range differences and their squares neither overflow nor lose digits (sums of up to 10⁷
//! squares of 2·10¹⁴⁰ stay below the largest `f64`).

use std::cmp::Ordering;

use thiserror::Error;

/// The smallest magnitude other than zero that is accepted.
pub const SMALLEST: f64 = 1e-130;
/// The largest magnitude that is accepted.
pub const LARGEST: f64 = 1e140;
/// Values that differ by less than this share of their size are rounding of one value.
pub const SAME_WITHIN: f64 = 1e-13;

/// Why values are no sample.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SampleError {
    #[error("no values")]
    Empty,
    #[error("{got} values, at least {needed} are needed")]
    TooFew { got: usize, needed: usize },
    #[error("value {index} (from 0) is {value}, not a finite number")]
    NotFinite { index: usize, value: f64 },
    #[error("value {index} (from 0) is {value:e}: magnitudes must be 0 or within 1e-130 and 1e140")]
    OutOfRange { index: usize, value: f64 },
    #[error("value {index} (from 0) is {value}, a logarithm needs values above 0")]
    NotPositive { index: usize, value: f64 },
    #[error("{left} values against {right}: pairs need equally many")]
    LengthsDiffer { left: usize, right: usize },
}

/// Values that were checked: at least one, all finite and of a magnitude that can be squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    values: &'a [f64],
}

impl<'a> Sample<'a> {
    /// Errors: no values, a value that is not finite (with its index), a magnitude out of range.
    pub fn new(values: &'a [f64]) -> Result<Self, SampleError> {
        if values.is_empty() {
            return Err(SampleError::Empty);
        }
        // One pass without branches; the culprit is only looked for when there is one.
        let fine = |x: f64| x.abs() <= LARGEST && (x == 0.0 || x.abs() >= SMALLEST);
        if values.iter().fold(true, |all, &x| all & fine(x)) {
            return Ok(Self { values });
        }
        match values.iter().enumerate().find(|&(_, &x)| !fine(x)) {
            Some((index, &value)) if value.is_finite() => Err(SampleError::OutOfRange { index, value }),
            Some((index, &value)) => Err(SampleError::NotFinite { index, value }),
            None => Ok(Self { values }),
        }
    }

    /// Like [`Self::new`], and at least `needed` values.
    pub fn at_least(needed: usize, values: &'a [f64]) -> Result<Self, SampleError> {
        let sample = Self::new(values)?;
        sample.needs(needed)?;
        Ok(sample)
    }

    /// An error unless there are `needed` values.
    pub fn needs(self, needed: usize) -> Result<(), SampleError> {
        if self.len() < needed { Err(SampleError::TooFew { got: self.len(), needed }) } else { Ok(()) }
    }

    pub fn values(self) -> &'a [f64] {
        self.values
    }

    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(self) -> usize {
        self.values.len()
    }

    pub fn first(self) -> f64 {
        self.values.first().copied().unwrap_or_default()
    }

    pub fn sorted(self) -> Sorted {
        Sorted { values: sort(self.values.to_vec()) }
    }

    /// The natural logarithms; an error for a value of 0 or less.
    pub fn logarithms(self) -> Result<Vec<f64>, SampleError> {
        let log = |(index, &value): (usize, &f64)| {
            if value > 0.0 { Ok(value.ln()) } else { Err(SampleError::NotPositive { index, value }) }
        };
        self.values.iter().enumerate().map(log).collect()
    }
}

/// A sample in rising order, sorted once and shared by every rank statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Sorted {
    values: Vec<f64>,
}

impl Sorted {
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The value at a position; positions past the end give the last.
    pub fn at(&self, position: usize) -> f64 {
        self.values.get(position).or(self.values.last()).copied().unwrap_or_default()
    }

    pub fn min(&self) -> f64 {
        self.at(0)
    }

    pub fn max(&self) -> f64 {
        self.at(self.len() - 1)
    }
}

/// Sorts finite values.
pub(super) fn sort(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Whether two finite values are equal, bit patterns of zero aside.
pub(super) fn equal(a: f64, b: f64) -> bool {
    a.partial_cmp(&b) == Some(Ordering::Equal)
}

/// Whether two values are one value up to rounding: within [`SAME_WITHIN`] of the larger.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_WITHIN * a.abs().max(b.abs())
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts of samples stay far below 2^53")]
pub(in crate::domain) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_are_named_with_their_place() {
        assert_eq!(Sample::new(&[]), Err(SampleError::Empty));
        assert!(matches!(Sample::new(&[1.0, f64::NAN]), Err(SampleError::NotFinite { index: 1, .. })));
        assert_eq!(Sample::new(&[f64::INFINITY]), Err(SampleError::NotFinite { index: 0, value: f64::INFINITY }));
        assert_eq!(Sample::new(&[0.0, 1e200]), Err(SampleError::OutOfRange { index: 1, value: 1e200 }));
        assert_eq!(Sample::new(&[1.0, -1e-200]), Err(SampleError::OutOfRange { index: 1, value: -1e-200 }));
        assert_eq!(Sample::at_least(2, &[1.0]), Err(SampleError::TooFew { got: 1, needed: 2 }));
        assert_eq!(Sample::new(&[1.0, 0.0]).unwrap().logarithms(), Err(SampleError::NotPositive { index: 1, value: 0.0 }));
        assert_eq!(SampleError::TooFew { got: 1, needed: 2 }.to_string(), "1 values, at least 2 are needed");
    }

    #[test]
    fn zeros_of_both_signs_are_equal() {
        assert!(equal(0.0, -0.0));
        let sorted = Sample::new(&[0.0, 2.0, -0.0, -1.0]).unwrap().sorted();
        assert!(equal(sorted.min(), -1.0) && equal(sorted.max(), 2.0));
    }

    #[test]
    fn rounding_is_no_difference() {
        assert!(same(0.1 + 0.2, 0.3));
        assert!(!same(1_000_000_000.0, 1_000_000_000.001));
        assert!(same(0.0, 0.0));
    }
}
