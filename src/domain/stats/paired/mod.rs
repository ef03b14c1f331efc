//! Two measurements of the same cases.

pub mod mcnemar;
pub mod sign;
pub mod sign_flip;
pub mod t;
pub mod wilcoxon;

use super::sample::{Sample, SampleError};

/// The differences first − second, case by case. Errors: different lengths, or a difference beyond the accepted range.
pub fn differences(first: Sample<'_>, second: Sample<'_>) -> Result<Vec<f64>, SampleError> {
    if first.len() != second.len() {
        return Err(SampleError::LengthsDiffer { left: first.len(), right: second.len() });
    }
    Ok(first.values().iter().zip(second.values()).map(|(x, y)| x - y).collect())
}
