//! Curved boundaries `u(v)`: P(some t: `S_t` ≥ `u(V_t)`) ≤ α for a sum `S_t` with intrinsic time `V_t` (its variance so far).
//!
//! Mixture boundaries solve `log mixture(s, v) = ln(1/α)` for s; ρ is chosen best for `v_opt` at `α_opt` = 0.05 (one-sided: at 2 `α_opt`),
//! whatever α. Two-sided normal: closed form. Beta-binomial: increments in [−g, h], intrinsic time in units of g·h; where no
//! s ≤ v/g reaches the threshold the result is v/g (a sum that large cannot be exceeded). Stitching: closed form.
//! Source: Howard, Ramdas, `McAuliffe`, Sekhon, Ann. Stat. 49 (2021) 1055 (§3.2–3.3, propositions 5–9); equal to `confseq`.
//!
//! Errors: α outside 0..1, any other number that is not positive (c of the stitched boundary may be 0), no root in range.

use statrs::function::gamma;

use super::{SequentialError, check_level, check_positive};
use crate::domain::stats::special::{beta_regularised, ln_beta, normal_sf};

const ALPHA_OPT: f64 = 0.05;

fn best_rho(v_opt: f64, alpha: f64) -> f64 {
    let spent = -2.0 * alpha.ln();
    v_opt / (spent + spent.ln_1p())
}

fn check(v: f64, alpha: f64, v_opt: f64) -> Result<(), SequentialError> {
    check_level(alpha)?;
    check_positive("v", v)?;
    check_positive("v_opt", v_opt)
}

/// P(|`S_t`| ≥ bound at some t) ≤ α for sub-Gaussian sums.
pub fn normal_mixture_two_sided(v: f64, alpha: f64, v_opt: f64) -> Result<f64, SequentialError> {
    check(v, alpha, v_opt)?;
    let rho = best_rho(v_opt, ALPHA_OPT);
    Ok(((v + rho) * ((v / rho).ln_1p() - 2.0 * alpha.ln())).sqrt())
}

pub fn normal_mixture_one_sided(v: f64, alpha: f64, v_opt: f64) -> Result<f64, SequentialError> {
    check(v, alpha, v_opt)?;
    let rho = best_rho(v_opt, 2.0 * ALPHA_OPT);
    solve(v, alpha, None, |s| 0.5 * (4.0 * rho / (v + rho)).ln() + s * s / (2.0 * (v + rho)) + normal_sf(-s / (v + rho).sqrt()).ln())
}

/// For sub-exponential sums with scale c.
pub fn gamma_exponential(v: f64, alpha: f64, v_opt: f64, c: f64) -> Result<f64, SequentialError> {
    check(v, alpha, v_opt)?;
    check_positive("c", c)?;
    let rho = best_rho(v_opt, 2.0 * ALPHA_OPT) / (c * c);
    let shape = v / (c * c) + rho;
    let leading = rho * rho.ln() - gamma::ln_gamma(rho) - gamma::gamma_lr(rho, rho).ln();
    solve(v, alpha, None, |s| {
        let x = (c * s + v) / (c * c);
        leading + gamma::ln_gamma(shape) + gamma::gamma_lr(shape, x + rho).ln() - shape * (x + rho).ln() + x
    })
}

/// For increments in [−g, h].
pub fn beta_binomial(v: f64, alpha: f64, v_opt: f64, g: f64, h: f64) -> Result<f64, SequentialError> {
    check(v, alpha, v_opt)?;
    check_positive("g", g)?;
    check_positive("h", h)?;
    let r = (best_rho(v_opt, 2.0 * ALPHA_OPT) - g * h).max(1e-3 * g * h);
    let width = g + h;
    let incomplete = |a: f64, b: f64| beta_regularised(a, b, h / width, g / width).0.ln() + ln_beta(a, b);
    let normaliser = incomplete(r / (g * width), r / (h * width));
    solve(v, alpha, Some(v / g), |s| {
        v / (g * h) * width.ln() - (v + h * s) / (h * width) * g.ln() - (v - g * s) / (g * width) * h.ln()
            + incomplete((r + v - g * s) / (g * width), (r + v + h * s) / (h * width))
            - normaliser
    })
}

/// Grows like √(v ln ln v); s and eta shape it (1.4 and 2 are usual), `v_min` is the intrinsic time from which it counts.
pub fn poly_stitching(v: f64, alpha: f64, v_min: f64, c: f64, s: f64, eta: f64) -> Result<f64, SequentialError> {
    check(v, alpha, v_min)?;
    if c != 0.0 {
        check_positive("c", c)?;
    }
    check_positive("s − 1", s - 1.0)?;
    check_positive("eta − 1", eta - 1.0)?;
    let v = v.max(v_min);
    let ell = s * (eta * v / v_min).ln().ln() + zeta(s).ln() - s * eta.ln().ln() - alpha.ln();
    let k1 = (eta.powf(0.25) + eta.powf(-0.25)) / std::f64::consts::SQRT_2;
    let linear = 0.5 * (eta.sqrt() + 1.0) * c * ell;
    Ok((k1 * k1 * v * ell + linear * linear).sqrt() + linear)
}

/// Riemann's zeta for s > 1 by Euler and Maclaurin.
fn zeta(s: f64) -> f64 {
    const N: u32 = 20;
    let n = f64::from(N);
    let head: f64 = (1..N).map(|k| f64::from(k).powf(-s)).sum();
    let mut term = s * n.powf(-s - 1.0);
    let mut tail = n.powf(1.0 - s) / (s - 1.0) + 0.5 * n.powf(-s);
    // B₂/2!, B₄/4!, B₆/6!, B₈/8!
    for (k, bernoulli) in [(1.0, 1.0 / 12.0), (3.0, -1.0 / 720.0), (5.0, 1.0 / 30_240.0), (7.0, -1.0 / 1_209_600.0)] {
        tail += bernoulli * term;
        term *= (s + k) * (s + k + 1.0) / (n * n);
    }
    head + tail
}

fn solve(v: f64, alpha: f64, most: Option<f64>, log_mixture: impl Fn(f64) -> f64) -> Result<f64, SequentialError> {
    let threshold = -alpha.ln();
    let reached = |s: f64| {
        let value = log_mixture(s);
        if value.is_nan() { Err(SequentialError::NoBoundary("v")) } else { Ok(value >= threshold) }
    };
    let mut high = most.unwrap_or(v);
    if most.is_some() && !reached(high)? {
        return Ok(high);
    }
    let mut doubled = 0;
    while !reached(high)? {
        high *= 2.0;
        doubled += 1;
        if doubled > 60 {
            return Err(SequentialError::NoBoundary("alpha"));
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        (low, high) = if reached(middle)? { (low, middle) } else { (middle, high) };
        if high - low <= 1e-14 * high {
            break;
        }
    }
    Ok(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        assert!(matches!(normal_mixture_two_sided(1.0, 0.0, 1.0), Err(SequentialError::Level(_))));
        assert!(matches!(normal_mixture_one_sided(f64::NAN, 0.05, 1.0), Err(SequentialError::NotPositive { name: "v", .. })));
        assert!(matches!(gamma_exponential(1.0, 0.05, 1.0, 0.0), Err(SequentialError::NotPositive { name: "c", .. })));
        assert!(matches!(beta_binomial(1.0, 0.05, 1.0, -1.0, 1.0), Err(SequentialError::NotPositive { name: "g", .. })));
        assert!(matches!(poly_stitching(1.0, 0.05, 1.0, 0.0, 1.0, 2.0), Err(SequentialError::NotPositive { .. })));
    }

    #[test]
    fn zeta_is_known() {
        assert!((zeta(2.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-13);
        assert!((zeta(1.4) - 3.105_547_277_977_580_6).abs() < 1e-12, "{}", zeta(1.4));
    }

    #[test]
    fn boundaries_grow_slower_than_time() {
        for (one, hundred) in [
            (normal_mixture_one_sided(100.0, 0.05, 100.0), normal_mixture_one_sided(10_000.0, 0.05, 100.0)),
            (gamma_exponential(100.0, 0.05, 100.0, 0.5), gamma_exponential(10_000.0, 0.05, 100.0, 0.5)),
            (beta_binomial(100.0, 0.05, 100.0, 0.3, 0.7), beta_binomial(10_000.0, 0.05, 100.0, 0.3, 0.7)),
            (poly_stitching(100.0, 0.05, 10.0, 0.5, 1.4, 2.0), poly_stitching(10_000.0, 0.05, 10.0, 0.5, 1.4, 2.0)),
        ] {
            let (one, hundred) = (one.unwrap(), hundred.unwrap());
            assert!(hundred > 5.0 * one && hundred < 20.0 * one, "{one} {hundred}");
        }
    }
}
