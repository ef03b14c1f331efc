//! Numbers from samples.

pub mod cuped;
pub mod equivalence;
pub mod multiplicity;
#[cfg(test)]
mod oracle_series;
pub mod power;
pub mod resample;
pub mod sequential;
pub mod series;
pub mod special;

/// The `q`-quantile (0 ≤ q ≤ 1) by linear interpolation between order statistics (Hyndman and Fan 1996, type 7: the
/// default of R and `NumPy`). `None` for no samples or a value that is not finite.
pub fn quantile(samples: &[f64], q: f64) -> Option<f64> {
    if samples.is_empty() || samples.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^53")]
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ position < len")]
    let below = position.floor() as usize;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * position.fract())
}

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
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], q)
        let samples = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (q, expected) in [(0.0, 1.0), (0.5, 3.5), (0.95, 7.95), (0.99, 8.79), (1.0, 9.0)] {
            let got = quantile(&samples, q).unwrap();
            assert!((got - expected).abs() < 1e-12, "q={q}: {got} instead of {expected}");
        }
    }

    #[test]
    fn missing_and_broken_data_have_no_number() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn a_mean_keeps_its_digits_far_from_zero() {
        let got = mean(&[1e9 + 0.1, 1e9 + 0.2, 1e9 + 0.3]).unwrap();
        assert!((got - (1e9 + 0.2)).abs() < 1e-6);
    }
}
