//! How many values, how small a difference, how sure: planning a comparison.
//!
//! - Normal: n per arm = (z₁₋α + z₁₋β)² · 2σ²/δ² and its inverse; for ratios take σ of the logarithms and δ = ln(1 + margin).
//! - Student: power of the t test from the noncentral t distribution, solved for n (unrounded) or for d; equal to `solve_power` of
//!   statsmodels (`TTestIndPower` with equal arms, `TTestPower` for pairs). P(T > c) = E Φ(nc − c·S), S² = χ²/df, by the trapezoidal
//!   rule in ln S, which converges geometrically.
//! - Proportions: Cohen's h = 2 asin √p₁ − 2 asin √p₂ with the normal formula, σ = 1.
//!
//! Two-sided counts both tails. Source: Cohen 1988, ch. 2 and 6.
//!
//! Errors: levels and powers outside 0..1, a power not above α, effects and σ that are not positive, fewer than 2 values, a target
//! that no n up to [`MOST`] reaches.

use super::special::{normal_isf, normal_sf, t_isf};

pub const MOST: f64 = 1e12;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PowerError {
    #[error("{name} lies strictly between 0 and 1; {value} does not")]
    Probability { name: &'static str, value: f64 },
    #[error("a power of {power} needs no data at the level {alpha}")]
    Trivial { alpha: f64, power: f64 },
    #[error("{name} must be a positive number, not {value}")]
    NotPositive { name: &'static str, value: f64 },
    #[error("{0} values per arm; two are the least")]
    TooFew(f64),
    #[error("no number of values up to 1e12 is enough")]
    OutOfReach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tails {
    One,
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// Two arms of n each.
    TwoSample,
    /// n pairs; d is in units of the standard deviation of the differences.
    Paired,
}

/// What a test is to hold: its level, its power, its tails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub alpha: f64,
    pub power: f64,
    pub tails: Tails,
}

impl Target {
    fn check(&self) -> Result<(), PowerError> {
        probability("alpha", self.alpha)?;
        probability("power", self.power)?;
        if self.power <= self.alpha {
            return Err(PowerError::Trivial { alpha: self.alpha, power: self.power });
        }
        Ok(())
    }

    /// `z₁₋α + z₁₋β`, for two tails with α/2.
    fn z(&self) -> f64 {
        normal_isf(tail(self.alpha, self.tails)) - normal_isf(self.power)
    }
}

fn tail(alpha: f64, tails: Tails) -> f64 {
    match tails {
        Tails::One => alpha,
        Tails::Two => 0.5 * alpha,
    }
}

fn probability(name: &'static str, value: f64) -> Result<(), PowerError> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(PowerError::Probability { name, value }) }
}

fn positive(name: &'static str, value: f64) -> Result<(), PowerError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(PowerError::NotPositive { name, value }) }
}

fn at_least_two(n: f64) -> Result<(), PowerError> {
    if n.is_finite() && n >= 2.0 { Ok(()) } else { Err(PowerError::TooFew(n)) }
}

/// The difference on the log scale that a margin such as 0.10 stands for.
pub fn log_effect(margin: f64) -> Result<f64, PowerError> {
    positive("the margin", margin)?;
    Ok(margin.ln_1p())
}

/// n per arm by the normal formula, unrounded.
pub fn sample_size(sd: f64, delta: f64, target: Target) -> Result<f64, PowerError> {
    target.check()?;
    positive("the standard deviation", sd)?;
    positive("the difference", delta)?;
    let n = 2.0 * (target.z() * sd / delta).powi(2);
    if n <= MOST { Ok(n) } else { Err(PowerError::OutOfReach) }
}

/// The smallest difference that n per arm find, by the normal formula.
pub fn detectable_difference(sd: f64, n_per_arm: f64, target: Target) -> Result<f64, PowerError> {
    target.check()?;
    positive("the standard deviation", sd)?;
    at_least_two(n_per_arm)?;
    Ok(target.z() * sd * (2.0 / n_per_arm).sqrt())
}

pub fn cohen_h(p1: f64, p2: f64) -> Result<f64, PowerError> {
    for value in [p1, p2] {
        if !(0.0..=1.0).contains(&value) {
            return Err(PowerError::Probability { name: "a proportion", value });
        }
    }
    Ok(2.0 * p1.sqrt().asin() - 2.0 * p2.sqrt().asin())
}

/// n per arm to tell two proportions apart, by Cohen's h, unrounded.
pub fn proportion_sample_size(p1: f64, p2: f64, target: Target) -> Result<f64, PowerError> {
    sample_size(1.0, cohen_h(p1, p2)?.abs(), target)
}

/// Power of the t test for an effect of d standard deviations with n per arm, or n pairs.
pub fn t_power(d: f64, n: f64, alpha: f64, tails: Tails, design: Design) -> Result<f64, PowerError> {
    probability("alpha", alpha)?;
    positive("the effect", d)?;
    at_least_two(n)?;
    Ok(power(d, n, alpha, tails, design))
}

fn power(d: f64, n: f64, alpha: f64, tails: Tails, design: Design) -> f64 {
    let (df, noncentral) = match design {
        Design::TwoSample => (2.0 * n - 2.0, d * (0.5 * n).sqrt()),
        Design::Paired => (n - 1.0, d * n.sqrt()),
    };
    let cut = t_isf(tail(alpha, tails), df);
    let above = noncentral_t_sf(cut, df, noncentral);
    match tails {
        Tails::One => above,
        Tails::Two => above + noncentral_t_sf(cut, df, -noncentral),
    }
    .clamp(0.0, 1.0)
}

/// n per arm (or pairs) for the t test, unrounded, at least 2.
pub fn t_sample_size(d: f64, target: Target, design: Design) -> Result<f64, PowerError> {
    target.check()?;
    positive("the effect", d)?;
    let enough = |n: f64| power(d, n, target.alpha, target.tails, design) >= target.power;
    if enough(2.0) {
        return Ok(2.0);
    }
    let mut high = 4.0;
    while !enough(high) {
        high *= 2.0;
        if high > MOST {
            return Err(PowerError::OutOfReach);
        }
    }
    Ok(bisect(0.5 * high, high, enough))
}

/// The smallest d that the t test finds with n per arm, or n pairs.
pub fn t_detectable_effect(n: f64, target: Target, design: Design) -> Result<f64, PowerError> {
    target.check()?;
    at_least_two(n)?;
    let enough = |d: f64| power(d, n, target.alpha, target.tails, design) >= target.power;
    let mut high = 1.0;
    while !enough(high) {
        high *= 2.0;
        if high > MOST {
            return Err(PowerError::OutOfReach);
        }
    }
    Ok(bisect(0.0, high, enough))
}

fn bisect(mut low: f64, mut high: f64, enough: impl Fn(f64) -> bool) -> f64 {
    while high - low > 1e-13 * high {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        (low, high) = if enough(middle) { (low, middle) } else { (middle, high) };
    }
    high
}

/// P(T > t) of the noncentral t distribution, t ≥ 0.
pub fn noncentral_t_sf(t: f64, df: f64, noncentrality: f64) -> f64 {
    const STEPS: u32 = 500;
    if df > 1e9 {
        return normal_sf(t - noncentrality);
    }
    // ln of the density of u = ln S is df·(u − (e^{2u} − 1)/2) + its value at 0; it is negligible outside ±these.
    let half = 0.5 * df;
    let spread = (40.0 / df).sqrt();
    let (low, high) = (-(1.5 * spread + 40.0 / df), spread);
    let step = (high - low) / f64::from(STEPS);
    // Its constant cancels: the density is normalised by its own sum.
    let (mut mass, mut sum) = (0.0, 0.0);
    for i in 0..=STEPS {
        let u = low + step * f64::from(i);
        let density = (df * u - half * (2.0 * u).exp_m1()).exp();
        mass += density;
        sum += density * normal_sf(t * u.exp() - noncentrality);
    }
    sum / mass
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::stats::special::t_sf;

    const TARGET: Target = Target { alpha: 0.05, power: 0.8, tails: Tails::One };

    #[test]
    fn the_table_of_the_decision_rules() {
        for (margin, expected) in [(0.10, 218.0), (0.20, 60.0), (0.50, 13.0)] {
            let n = sample_size(0.4, log_effect(margin).unwrap(), TARGET).unwrap();
            assert!((n.ceil() - expected).abs() < 0.5, "{margin}: {n}");
        }
    }

    #[test]
    fn bad_input_is_named() {
        assert!(matches!(sample_size(0.0, 1.0, TARGET), Err(PowerError::NotPositive { .. })));
        assert!(matches!(sample_size(1.0, f64::NAN, TARGET), Err(PowerError::NotPositive { .. })));
        assert!(matches!(sample_size(1.0, 1.0, Target { alpha: 0.0, ..TARGET }), Err(PowerError::Probability { .. })));
        assert!(matches!(sample_size(1.0, 1.0, Target { power: 0.04, ..TARGET }), Err(PowerError::Trivial { .. })));
        assert_eq!(sample_size(1.0, 1e-9, TARGET), Err(PowerError::OutOfReach));
        assert_eq!(detectable_difference(1.0, 1.0, TARGET), Err(PowerError::TooFew(1.0)));
        assert!(matches!(cohen_h(1.2, 0.5), Err(PowerError::Probability { .. })));
        assert!(matches!(proportion_sample_size(0.9, 0.9, TARGET), Err(PowerError::NotPositive { .. })));
        assert_eq!(t_sample_size(1e-9, TARGET, Design::TwoSample), Err(PowerError::OutOfReach));
        assert!(matches!(log_effect(-0.1), Err(PowerError::NotPositive { .. })));
    }

    #[test]
    fn without_noncentrality_it_is_students_t() {
        for df in [1.0, 2.0, 3.0, 30.0, 1e4] {
            for t in [0.0, 0.5, 2.0, 5.0] {
                let (got, expected) = (noncentral_t_sf(t, df, 0.0), t_sf(t, df));
                assert!((got - expected).abs() < 1e-10, "df {df} t {t}: {got} instead of {expected}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn size_effect_and_power_are_each_others_inverse(d in 0.1..1.5_f64, power in 0.5..0.95_f64) {
            let target = Target { power, ..TARGET };
            let n = t_sample_size(d, target, Design::TwoSample).unwrap();
            if n > 2.0 {
                let back = t_detectable_effect(n, target, Design::TwoSample).unwrap();
                prop_assert!((back - d).abs() < 1e-8, "{} {}", back, d);
                prop_assert!((t_power(d, n, 0.05, Tails::One, Design::TwoSample).unwrap() - power).abs() < 1e-9);
            }
            let simple = sample_size(1.0, d, target).unwrap();
            prop_assert!((detectable_difference(1.0, simple.max(2.0), target).unwrap() - d).abs() < 1e-9 || simple < 2.0);
        }
    }
}
