//! What one sample looks like.

/// The arithmetic mean; `None` for no samples or a value that is not finite.
pub fn mean(samples: &[f64]) -> Option<f64> {
    let first = *samples.first()?;
    if samples.iter().any(|x| !x.is_finite()) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^53")]
    let count = samples.len() as f64;
    Some(first + samples.iter().map(|x| x - first).sum::<f64>() / count)
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
}
