//! Lan-DeMets spending of O'Brien-Fleming type: boundaries for a known number of looks, one-sided.
//!
//! Spent by information fraction t: `α(t) = 2 (1 − Φ(z_{α/2} / √t))`; for a two-sided test halve α and use both signs. The boundary
//! of look k is the z with `P(first crossing at k) = α(t_k) − α(t_{k−1})`, from the joint normal distribution of the looks by the
//! recursion of Armitage, `McPherson` and Rowe 1969 (Simpson's rule on [`POINTS`] points).
//! Source: Lan and `DeMets`, Biometrika 70 (1983) 659; Jennison and Turnbull 2000, ch. 19. At 5 looks the crossing probabilities
//! agree with `scipy.stats.multivariate_normal` to 6e-8.
//!
//! Errors: α outside 0..1, no look or more than [`MOST_LOOKS`], fractions that do not rise by [`LEAST_STEP`] up to 1 at most.

use super::{SequentialError, check_level};
use crate::domain::stats::special::{count, normal_isf, normal_sf};

pub const MOST_LOOKS: usize = 20;
pub const LEAST_STEP: f64 = 0.01;
/// Odd, for Simpson's rule.
const POINTS: usize = 401;
/// Mass below −8 standard deviations is left out.
const FAR: f64 = 8.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub fraction: f64,
    /// Level spent up to and with this look.
    pub spent: f64,
    /// Stop where z exceeds this.
    pub z: f64,
}

/// The level spent at information fraction t in 0..=1.
pub fn spent(alpha: f64, fraction: f64) -> f64 {
    if fraction <= 0.0 { 0.0 } else { 2.0 * normal_sf(normal_isf(0.5 * alpha) / fraction.min(1.0).sqrt()) }
}

pub fn boundaries(alpha: f64, fractions: &[f64]) -> Result<Vec<Look>, SequentialError> {
    check_level(alpha)?;
    if fractions.is_empty() || fractions.len() > MOST_LOOKS {
        return Err(SequentialError::Looks { got: fractions.len(), most: MOST_LOOKS });
    }
    let mut looks: Vec<Look> = Vec::with_capacity(fractions.len());
    let mut density = Density::start();
    for (index, &fraction) in fractions.iter().enumerate() {
        let (last_fraction, last_spent) = looks.last().map_or((0.0, 0.0), |look| (look.fraction, look.spent));
        // The tolerance lets fractions such as 0.29 − 0.28 pass.
        if !(fraction - last_fraction >= LEAST_STEP - 1e-9 && fraction <= 1.0) {
            return Err(SequentialError::Fraction { index, value: fraction, step: LEAST_STEP });
        }
        let now = spent(alpha, fraction);
        let step = fraction - last_fraction;
        let at = density.cut(step, now - last_spent);
        looks.push(Look { fraction, spent: now, z: at / fraction.sqrt() });
        density = density.advance(step, -FAR * fraction.sqrt(), at);
    }
    Ok(looks)
}

/// The density of B(t) = Z √t on the paths that have not crossed, as points with weights × density.
struct Density(Vec<(f64, f64)>);

impl Density {
    fn start() -> Self {
        Self(vec![(0.0, 1.0)])
    }

    /// P(no crossing so far and B(t + step) > at).
    fn above(&self, step: f64, at: f64) -> f64 {
        let scale = step.sqrt();
        self.0.iter().map(|(from, mass)| mass * normal_sf((at - from) / scale)).sum()
    }

    /// Where that probability is `mass`, by bisection.
    fn cut(&self, step: f64, mass: f64) -> f64 {
        let (mut low, mut high) = (-FAR, 40.0);
        while high - low > 1e-13 {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            (low, high) = if self.above(step, middle) > mass { (middle, high) } else { (low, middle) };
        }
        f64::midpoint(low, high)
    }

    fn advance(&self, step: f64, low: f64, high: f64) -> Self {
        let width = (high - low) / count(POINTS - 1);
        let scale = 1.0 / (2.0 * std::f64::consts::PI * step).sqrt();
        let point = |i: usize| {
            let to = low + width * count(i);
            let density: f64 = self.0.iter().map(|(from, mass)| mass * (-(to - from).powi(2) / (2.0 * step)).exp()).sum();
            let simpson = match i {
                0 => 1.0,
                i if i == POINTS - 1 => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            (to, density * scale * simpson * width / 3.0)
        };
        Self((0..POINTS).map(point).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evenly(looks: u32) -> Vec<f64> {
        (1..=looks).map(|look| f64::from(look) / f64::from(looks)).collect()
    }

    #[test]
    fn bad_plans_are_named() {
        assert!(matches!(boundaries(0.0, &[1.0]), Err(SequentialError::Level(_))));
        assert_eq!(boundaries(0.05, &[]), Err(SequentialError::Looks { got: 0, most: MOST_LOOKS }));
        assert_eq!(boundaries(0.05, &evenly(21)), Err(SequentialError::Looks { got: 21, most: MOST_LOOKS }));
        for (bad, index) in [(vec![0.5, 0.5], 1), (vec![0.5, 1.2], 1), (vec![f64::NAN], 0), (vec![0.5, 0.4], 1), (vec![0.001], 0)] {
            assert!(matches!(boundaries(0.05, &bad), Err(SequentialError::Fraction { index: at, .. }) if at == index));
        }
    }

    #[test]
    fn published_boundaries() {
        // The design of five even looks at one-sided 0.025 as tables give it, to four digits.
        let expected = [4.8769, 3.3570, 2.6803, 2.2898, 2.0310];
        let looks = boundaries(0.025, &evenly(5)).unwrap();
        for (look, z) in looks.iter().zip(expected) {
            assert!((look.z - z).abs() < 1e-4, "{look:?} instead of {z}");
        }
        let one = boundaries(0.05, &[1.0]).unwrap();
        assert!((one[0].z - 1.644_853_626_951_472).abs() < 1e-9, "{one:?}");
        let twenty = boundaries(0.05, &evenly(20)).unwrap();
        assert!(twenty.windows(2).all(|pair| pair[1].z < pair[0].z && pair[1].spent > pair[0].spent));
        assert!((twenty[19].spent - 0.05).abs() < 1e-12);
    }
}
