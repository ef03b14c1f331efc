//! Two measurements of the same cases.

pub mod mcnemar;
pub mod sign;
pub mod sign_flip;
pub mod t;
pub mod wilcoxon;

use super::sample::{Sample, SampleError, same};

/// The differences first − second, case by case; 0 where the two are one value up to rounding.
///
/// Errors: different lengths.
pub fn differences(first: Sample<'_>, second: Sample<'_>) -> Result<Vec<f64>, SampleError> {
    if first.len() != second.len() {
        return Err(SampleError::LengthsDiffer { left: first.len(), right: second.len() });
    }
    Ok(first.values().iter().zip(second.values()).map(|(&x, &y)| if same(x, y) { 0.0 } else { x - y }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_difference_and_lengths_must_agree() {
        let (a, b, short) = ([0.1 + 0.2, 2.0, 5.0], [0.3, 2.0, 4.0], [1.0]);
        let [a, b, short] = [&a[..], &b, &short].map(|values| Sample::new(values).unwrap());
        assert_eq!(differences(a, b), Ok(vec![0.0, 0.0, 1.0]));
        assert_eq!(differences(a, short), Err(SampleError::LengthsDiffer { left: 3, right: 1 }));
    }
}
