//! Distribution functions and the small numerics that every method shares.
//!
//! Upper tails (`*_sf`) are computed as such, never as 1 − cdf. `statrs` supplies erfc and lnΓ; the incomplete beta
//! function is written here, because the continued fraction of `statrs` 0.19 stops after 140 terms (too few for shape
//! parameters above some thousands) and its Student quantile is off by 3.5e-6 for large df.
//!
//! Sources: Press et al., Numerical Recipes 3rd ed. §6.4 (continued fraction by modified Lentz); DLMF 5.11.1 (Stirling);
//! Marsaglia, Tsang, Wang 2003 (both series of the Kolmogorov distribution).

use statrs::function::{erf, gamma};

/// Above this magnitude squares would overflow; no metric comes near it.
pub(super) const LARGEST: f64 = 1e150;

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}

/// The first value that is not a finite number of usable size.
pub(super) fn unusable(values: &[f64]) -> Option<(usize, f64)> {
    values.iter().copied().enumerate().find(|(_, value)| !value.is_finite() || value.abs() > LARGEST)
}

/// Equal but for rounding: the range is at most a few units in the last place of the largest magnitude.
pub(super) fn is_constant(values: &[f64]) -> bool {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = high - low;
    range <= 8.0 * f64::EPSILON * low.abs().max(high.abs()) || range < 1.0 / LARGEST
}

/// Count, mean and variance (ddof 1) by shifted two-pass sums; the variance of fewer than two values is 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) n: f64,
    /// The first value. The mean is kept relative to it: for values near 1e9 their sum has lost seven digits.
    shift: f64,
    inner: f64,
    pub(super) variance: f64,
}

impl Moments {
    /// `values` must have passed [`unusable`] and not be empty.
    pub(super) fn of(values: &[f64]) -> Self {
        let n = count(values.len());
        let shift = values.first().copied().unwrap_or_default();
        let mean = values.iter().map(|x| x - shift).sum::<f64>() / n;
        let (squares, rest) = values.iter().fold((0.0, 0.0), |(squares, rest), x| {
            let d = x - shift - mean;
            (d.mul_add(d, squares), rest + d)
        });
        let variance = if values.len() < 2 || is_constant(values) { 0.0 } else { (squares - rest * rest / n) / (n - 1.0) };
        Self { n, shift, inner: mean, variance }
    }

    pub(super) fn mean(&self) -> f64 {
        self.shift + self.inner
    }

    /// mean − other mean.
    pub(super) fn minus(&self, other: &Self) -> f64 {
        (self.shift - other.shift) + (self.inner - other.inner)
    }

    /// value − mean.
    pub(super) fn deviation(&self, value: f64) -> f64 {
        (value - self.shift) - self.inner
    }
}

pub fn normal_sf(z: f64) -> f64 {
    0.5 * erf::erfc(z / std::f64::consts::SQRT_2)
}

pub fn normal_cdf(z: f64) -> f64 {
    normal_sf(-z)
}

/// z with P(Z > z) = q; ±∞ at 0 and 1.
pub fn normal_isf(q: f64) -> f64 {
    if q <= 0.0 {
        return f64::INFINITY;
    }
    if q >= 1.0 {
        return f64::NEG_INFINITY;
    }
    if q > 0.5 {
        return -normal_isf(1.0 - q);
    }
    let z = std::f64::consts::SQRT_2 * erf::erfc_inv(2.0 * q);
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if density > 0.0 { z + (normal_sf(z) - q) / density } else { z }
}

/// P(T > t) of Student's t with `df` > 0 degrees of freedom.
pub fn t_sf(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    if df > 1e12 {
        return normal_sf(t);
    }
    let square = t * t;
    let (tail, _) = beta_regularised(0.5 * df, 0.5, df / (df + square), square / (df + square));
    if t >= 0.0 { 0.5 * tail } else { 1.0 - 0.5 * tail }
}

/// P(|T| > |t|).
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    (2.0 * t_sf(t.abs(), df)).min(1.0)
}

/// t with P(T > t) = q: Newton on the logarithm of the tail, kept inside a bracket; ±∞ at 0 and 1.
pub fn t_isf(q: f64, df: f64) -> f64 {
    if q <= 0.0 || q >= 1.0 || df > 1e12 {
        return normal_isf(q);
    }
    if q > 0.5 {
        return -t_isf(1.0 - q, df);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while t_sf(high, df) > q && high < LARGEST {
        low = high;
        high *= 2.0;
    }
    let log_scale = -0.5 * df.ln() - ln_beta(0.5 * df, 0.5);
    let mut t = normal_isf(q).clamp(low, high);
    for _ in 0..100 {
        let tail = t_sf(t, df);
        (low, high) = if tail > q { (t, high) } else { (low, t) };
        let density = (log_scale - 0.5 * (df + 1.0) * (t * t / df).ln_1p()).exp();
        let step = if tail > 0.0 && density > 0.0 { (tail / q).ln() * tail / density } else { f64::INFINITY };
        let next = if t + step > low && t + step < high { t + step } else { f64::midpoint(low, high) };
        let moved = (next - t).abs();
        t = next;
        if moved <= 2.0 * f64::EPSILON * t.abs() {
            break;
        }
    }
    t
}

/// ln B(a, b) for a, b > 0, without the cancellation of three lnΓ for large arguments.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    let sum = small + large;
    if large < 10.0 {
        return gamma::ln_gamma(small) + gamma::ln_gamma(large) - gamma::ln_gamma(sum);
    }
    if small < 10.0 {
        return gamma::ln_gamma(small) + stirling_rest(large) - stirling_rest(sum) - (large - 0.5) * (small / large).ln_1p()
            + small * (1.0 - sum.ln());
    }
    0.5 * (2.0 * std::f64::consts::PI).ln() + stirling_rest(small) + stirling_rest(large)
        - stirling_rest(sum)
        - (large - 0.5) * (small / large).ln_1p()
        - (small - 0.5) * (large / small).ln_1p()
        - 0.5 * sum.ln()
}

/// lnΓ(x) − ((x − ½) ln x − x + ½ ln 2π) for x ≥ 10.
fn stirling_rest(x: f64) -> f64 {
    const TERMS: [f64; 7] = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = 1.0 / (x * x);
    TERMS.iter().rev().fold(0.0, |sum, term| sum * square + term) / x
}

/// The regularised incomplete beta function `I_x(a, b)` and its complement; `y` is 1 − x, given by the caller so that neither
/// loses digits.
pub fn beta_regularised(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let log_x = if y < 0.5 { (-y).ln_1p() } else { x.ln() };
    let log_y = if x < 0.5 { (-x).ln_1p() } else { y.ln() };
    let front = (a * log_x + b * log_y - ln_beta(a, b)).exp();
    if x * (a + b + 2.0) < a + 1.0 {
        let value = (front * beta_fraction(a, b, x) / a).clamp(0.0, 1.0);
        (value, 1.0 - value)
    } else {
        let value = (front * beta_fraction(b, a, y) / b).clamp(0.0, 1.0);
        (1.0 - value, value)
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = below;
    for m in 1..200_000_u32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            below = 1.0 / away(1.0 + term * below);
            above = away(1.0 + term / above);
            result *= below * above;
        }
        if (below * above - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    result
}

/// P(K > x) of the limiting Kolmogorov distribution.
pub fn kolmogorov_sf(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let base = -std::f64::consts::PI * std::f64::consts::PI / (8.0 * x * x);
        let sum: f64 = (0..20_u32).map(|k| (base * f64::from((2 * k + 1) * (2 * k + 1))).exp()).sum();
        return 1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * sum;
    }
    let terms = (1..=20_u32).map(|k| if k % 2 == 1 { 1.0 } else { -1.0 } * (-2.0 * f64::from(k * k) * x * x).exp());
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance * expected.abs(), "{got:e} instead of {expected:e}");
    }

    #[test]
    fn ln_beta_joins_its_three_ranges() {
        // mpmath.log(mpmath.beta(a, b)) with 40 digits
        for (a, b, expected) in [
            (0.5, 0.5, 1.144_729_885_849_4),
            (9.5, 0.5, -0.540_129_116_359_500_9),
            (10.5, 0.5, -0.591_422_410_747_051_6),
            (500_000.0, 0.5, -5.988_816_495_777_464),
            (12.0, 15.0, -18.568_172_732_389_435),
        ] {
            assert!((ln_beta(a, b) - ln_beta(b, a)).abs() < 1e-14);
            assert!((ln_beta(a, b) - expected).abs() < 2e-13 * expected.abs(), "{a} {b}: {}", ln_beta(a, b));
        }
        for at in [9.999_999_999, 10.000_000_001] {
            close(ln_beta(at, 3.0), ln_beta(10.0, 3.0), 1e-9);
            close(ln_beta(at, 30.0), ln_beta(10.0, 30.0), 1e-9);
        }
    }

    #[test]
    fn quantiles_undo_tails() {
        for df in [0.7, 1.0, 2.5, 7.0, 40.0, 1e3, 1e6, 1e13] {
            for q in [1e-12, 1e-4, 0.025, 0.3, 0.5, 0.9] {
                let t = t_isf(q, df);
                assert!((t_sf(t, df) / q - 1.0).abs() < 1e-9, "df {df} q {q} t {t}");
            }
        }
        for q in [1e-300, 1e-20, 1e-4, 0.2, 0.5, 0.99] {
            close(normal_sf(normal_isf(q)), q, 1e-11);
        }
    }

    #[test]
    fn the_ends_are_named() {
        assert!(normal_isf(0.0).is_infinite() && t_isf(1.0, 3.0).is_infinite());
        close(t_sf(0.0, 5.0), 0.5, 1e-15);
        assert!(t_sf(f64::INFINITY, 5.0).abs() < f64::MIN_POSITIVE);
        close(kolmogorov_sf(-1.0), 1.0, 0.0);
        close(kolmogorov_sf(1.0 - 1e-12), kolmogorov_sf(1.0), 1e-9);
    }

    #[test]
    fn constants_are_seen_through_rounding() {
        assert!(is_constant(&[0.85, 0.85, 0.1 + 0.75]));
        assert!(!is_constant(&[1e9, 1e9 + 1e-3]));
        assert!((Moments::of(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]).variance - 1.0).abs() < 1e-12);
    }
}
