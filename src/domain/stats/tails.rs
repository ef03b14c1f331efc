//! Tail probabilities and quantiles, and what tests return.
//!
//! Distributions come from `statrs`; its tests (`stats_tests`) are not used, they are wrong in places. Upper tails are
//! computed as such, never as one minus the lower.

use statrs::function::erf::{erfc, erfc_inv};

use super::{
    sample::{count, equal},
    special::{t_isf, t_sf},
};

/// What is held against "no difference". Differences are first minus second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    TwoSided,
    /// The first tends to be smaller.
    Less,
    /// The first tends to be larger.
    Greater,
}

/// The p-values of one test against each alternative, all within 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PValues {
    pub two_sided: f64,
    pub less: f64,
    pub greater: f64,
}

impl PValues {
    pub fn get(self, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => self.two_sided,
            Alternative::Less => self.less,
            Alternative::Greater => self.greater,
        }
    }

    /// Twice the smaller one-sided value, for distributions that are symmetric or discrete.
    pub(super) fn doubled(less: f64, greater: f64) -> Self {
        let (less, greater) = (less.clamp(0.0, 1.0), greater.clamp(0.0, 1.0));
        Self { two_sided: (2.0 * less.min(greater)).min(1.0), less, greater }
    }

    pub(super) const NO_EVIDENCE: Self = Self { two_sided: 1.0, less: 1.0, greater: 1.0 };
}

/// A range with both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub lower: f64,
    pub upper: f64,
}

impl Interval {
    pub fn contains(self, x: f64) -> bool {
        self.lower <= x && x <= self.upper
    }
}

/// A confidence level is used between these; others are brought inside.
pub(super) fn sane_level(level: f64) -> f64 {
    if level.is_nan() { 0.95 } else { level.clamp(1e-6, 1.0 - 1e-12) }
}

/// P(Z > z) of the standard normal distribution.
pub fn normal_sf(z: f64) -> f64 {
    (0.5 * erfc(z / std::f64::consts::SQRT_2)).clamp(0.0, 1.0)
}

/// The z with P(Z > z) = `tail`, for 0 < tail < 1.
pub fn normal_upper(tail: f64) -> f64 {
    let mut z = std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail);
    for _ in 0..2 {
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = (normal_sf(z) - tail) / density;
        if step.is_finite() {
            z += step;
        }
    }
    z
}

/// P(T > t) of Student's distribution with `df` > 0 degrees of freedom.
pub fn student_sf(t: f64, df: f64) -> f64 {
    if is_t(df) { t_sf(t, df).clamp(0.0, 1.0) } else { normal_sf(t) }
}

/// The t with P(T > t) = `tail`, for 0 < tail < 1. (The inverse of `statrs` never returns from some ten million degrees of freedom on.)
pub fn student_upper(tail: f64, df: f64) -> f64 {
    if is_t(df) { t_isf(tail, df) } else { normal_upper(tail) }
}

/// Whether there is a t distribution with so many degrees of freedom; without, it is the normal one.
fn is_t(df: f64) -> bool {
    df > 0.0 && df.is_finite()
}

/// The three p-values of a t statistic.
pub(super) fn student_p(t: f64, df: f64) -> PValues {
    let (less, greater) = (student_sf(-t, df), student_sf(t, df));
    PValues { two_sided: (2.0 * student_sf(t.abs(), df)).min(1.0), less, greater }
}

/// ln Γ(x+1) − the first terms of Stirling's formula, for whole x (Loader 2000).
fn stirling_error(n: f64) -> f64 {
    const EXACT: [f64; 16] = [
        0.0,
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
        0.007_573_675_487_951_841,
        0.006_942_840_107_209_53,
        0.006_408_994_188_004_207,
        0.005_951_370_112_758_848,
        0.005_554_733_551_962_801,
    ];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
    if let Some(exact) = EXACT.get(n as usize) {
        return *exact;
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square) / n
}

/// x ln(x/m) + m − x without cancellation (Loader 2000).
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let mut sum = difference * ratio;
    let mut term = 2.0 * x * ratio;
    let mut odd = 3.0;
    loop {
        term *= ratio * ratio;
        let next = sum + term / odd;
        if equal(next, sum) {
            return sum;
        }
        sum = next;
        odd += 2.0;
    }
}

/// P(X = k) of the binomial distribution by the saddle-point expansion (Loader 2000): about 14 digits at any size.
pub(super) fn binomial_pmf(k: usize, n: usize, p: f64) -> f64 {
    let (kf, nf, q) = (count(k), count(n), 1.0 - p);
    if k > n {
        return 0.0;
    }
    if p <= 0.0 {
        return if k == 0 { 1.0 } else { 0.0 };
    }
    if q <= 0.0 {
        return if k == n { 1.0 } else { 0.0 };
    }
    if k == 0 {
        return (nf * (-p).ln_1p()).exp();
    }
    if k == n {
        return (nf * p.ln()).exp();
    }
    let rest = nf - kf;
    let exponent = stirling_error(nf) - stirling_error(kf) - stirling_error(rest) - deviance(kf, nf * p) - deviance(rest, nf * q);
    (nf / (2.0 * std::f64::consts::PI * kf * rest)).sqrt() * exponent.exp()
}

/// P(X ≤ k) of the binomial distribution, summed from its largest term outwards.
pub(super) fn binomial_cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if count(k) > count(n) * p { 1.0 - binomial_at_least(k + 1, n, p) } else { lower_sum(k, n, p) }
}

/// P(X ≥ k) of the binomial distribution, summed from its largest term outwards.
pub(super) fn binomial_at_least(k: usize, n: usize, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    if count(k) < count(n) * p { 1.0 - lower_sum(k - 1, n, p) } else { lower_sum(n - k, n, 1.0 - p) }
}

fn lower_sum(k: usize, n: usize, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let (mut term, mut sum) = (1.0, 1.0);
    for i in (1..=k).rev() {
        term *= count(i) / count(n - i + 1) * odds;
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    (binomial_pmf(k, n, p) * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tails_are_right() {
        assert!((binomial_pmf(3, 10, 0.5) - 120.0 / 1024.0).abs() < 1e-15);
        assert!((binomial_cdf(3, 10, 0.5) - 176.0 / 1024.0).abs() < 1e-15);
        assert!((binomial_at_least(8, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-15);
        for (n, p) in [(20_usize, 0.3), (1_000, 0.01), (500, 0.97)] {
            let total: f64 = (0..=n).map(|k| binomial_pmf(k, n, p)).sum();
            assert!((total - 1.0).abs() < 1e-12, "{n} {p}: {total}");
            for k in (0..n).step_by(7) {
                assert!((binomial_cdf(k, n, p) + binomial_at_least(k + 1, n, p) - 1.0).abs() < 1e-12);
            }
        }
    }

    /// The inverse of `statrs` never came back from ten million on: `detect` stood still at 16 million values.
    #[test]
    fn a_quantile_of_any_number_of_values_comes_back() {
        for df in [1e7, 2.4e7, 1e8, 1e9, 1e15] {
            assert!((student_upper(0.025, df) - 1.959_963_984_540_054).abs() < 1e-6, "{df}");
            assert!((student_sf(1.959_963_984_540_054, df) - 0.025).abs() < 1e-7, "{df}");
        }
    }

    #[test]
    fn quantiles_undo_tails() {
        for tail in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.8, 0.999] {
            assert!((normal_sf(normal_upper(tail)) / tail - 1.0).abs() < 1e-12);
            for df in [1.0, 2.5, 30.0, 1e4, 2e6] {
                assert!((student_sf(student_upper(tail, df), df) / tail - 1.0).abs() < 1e-10, "{tail} {df}");
            }
        }
    }

    #[test]
    fn a_two_sided_value_never_passes_one() {
        assert!(PValues::doubled(0.7, 0.6).two_sided <= 1.0);
        assert!(equal(PValues::doubled(0.01, 0.99).get(Alternative::TwoSided), 0.02));
    }
}
