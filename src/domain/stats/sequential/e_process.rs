//! Conditional beta-binomial e-process: is the canary's share of the failures larger than its share of the traffic?
//!
//! Given the number of failures, under H0 each falls on the canary with probability w, its share of the traffic. e is the
//! likelihood ratio of a mixture over other shares p against w; P(e ≥ 1/α at some look) ≤ α whenever one stops (Ville).
//! - [`log_e`]: one share for all data, prior Beta(kw, k(1−w)), closed form
//!   `lnB(kw+x₁, k(1−w)+x₀) − lnB(kw, k(1−w)) − x₁ ln w − x₀ ln(1−w)`; one-sided: the prior cut off below w.
//! - [`EProcess`]: the share may differ from look to look. The mixture is over the odds ratio θ = odds(p)/odds(w), with the
//!   prior of the closed form at the first share, put on [`NODES`] points (any discrete prior gives an exact e-process; with a
//!   constant share it agrees with the closed form to about 1e-3 up to some 10 000 failures, where e is not tiny).
//!
//! Source: Grünwald, de Heide, Koolen, JRSS-B 86 (2024); Turner, Ly, Grünwald, arXiv 2106.02693; Lindon and Malek, `NeurIPS` 2022.
//!
//! Errors: a share outside 0..1, k not positive, α outside 0..1.

use super::{SequentialError, check_level, check_positive};
use crate::domain::stats::special::{beta_regularised, count, ln_beta};

/// The weight of the prior, in failures.
pub const DEFAULT_K: f64 = 10.0;

/// Points of the prior of [`EProcess`].
pub const NODES: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sided {
    /// Any other share.
    Two,
    /// A larger share of the canary only.
    Larger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub base: u64,
    pub canary: u64,
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn numbers(failures: Failures) -> (f64, f64) {
    (failures.base as f64, failures.canary as f64)
}

fn check(share: f64, k: f64) -> Result<(), SequentialError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(SequentialError::Share(share));
    }
    check_positive("k", k)
}

pub fn log_e(failures: Failures, share: f64, k: f64, sided: Sided) -> Result<f64, SequentialError> {
    check(share, k)?;
    let (base, canary) = numbers(failures);
    let (a, b) = (k * share, k * (1.0 - share));
    let ratio = ln_beta(a + canary, b + base) - ln_beta(a, b) - canary * share.ln() - base * (-share).ln_1p();
    Ok(match sided {
        Sided::Two => ratio,
        Sided::Larger => ratio + log_above(a + canary, b + base, share) - log_above(a, b, share),
    })
}

/// ln P(X > share) for X ~ Beta(a, b), finite also where the probability underflows.
fn log_above(a: f64, b: f64, share: f64) -> f64 {
    let above = beta_regularised(b, a, 1.0 - share, share).0;
    if above > 0.0 {
        return above.ln();
    }
    // The first term of the expansion at the cut; the tail is this thin only far above the mean.
    a * share.ln() + b * (-share).ln_1p() - ln_beta(a, b) - b.ln()
}

/// The smallest log e that decides at level α: ln(1/α).
pub fn log_threshold(alpha: f64) -> Result<f64, SequentialError> {
    check_level(alpha)?;
    Ok(-alpha.ln())
}

#[derive(Debug, Clone)]
pub struct EProcess {
    /// ln θ and the logarithm of weight × likelihood ratio so far.
    nodes: Vec<(f64, f64)>,
}

impl EProcess {
    pub fn new(first_share: f64, k: f64, sided: Sided) -> Result<Self, SequentialError> {
        check(first_share, k)?;
        let (a, b) = (k * first_share, k * (1.0 - first_share));
        let centre = (first_share / (1.0 - first_share)).ln();
        // Dense around θ = 1, sparse in the tails, which fall off like exp(a·u) and exp(−b·u).
        let reach = |slope: f64| (2.0 * (30.0 / slope).clamp(12.0, 300.0)).asinh();
        let low = if sided == Sided::Two { -reach(a) } else { 0.0 };
        let high = reach(b);
        let step = (high - low) / count(NODES);
        let mut nodes: Vec<(f64, f64)> = (0..NODES)
            .map(|i| {
                let at = low + step * (count(i) + 0.5);
                let log_odds_ratio = 0.5 * at.sinh();
                let (log_p, log_rest) = log_shares(centre + log_odds_ratio);
                (log_odds_ratio, a * log_p + b * log_rest + at.cosh().ln())
            })
            .collect();
        let total = log_sum(nodes.iter().map(|(_, weight)| *weight));
        for (_, weight) in &mut nodes {
            *weight -= total;
        }
        Ok(Self { nodes })
    }

    /// Adds the failures since the last look, during which the canary had `share` of the traffic; gives log e of all so far.
    pub fn push(&mut self, failures: Failures, share: f64) -> Result<f64, SequentialError> {
        check(share, 1.0)?;
        let (base, canary) = numbers(failures);
        let centre = (share / (1.0 - share)).ln();
        let null = canary * share.ln() + base * (-share).ln_1p();
        for (log_odds_ratio, weight) in &mut self.nodes {
            let (log_p, log_rest) = log_shares(centre + *log_odds_ratio);
            *weight += canary * log_p + base * log_rest - null;
        }
        Ok(self.log_e())
    }

    pub fn log_e(&self) -> f64 {
        log_sum(self.nodes.iter().map(|(_, weight)| *weight))
    }
}

/// ln p and ln(1 − p) of a log odds.
fn log_shares(log_odds: f64) -> (f64, f64) {
    let log_rest = if log_odds > 0.0 { -log_odds - (-log_odds).exp().ln_1p() } else { -log_odds.exp().ln_1p() };
    (log_odds + log_rest, log_rest)
}

fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + logs.map(|log| (log - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stats::rng::SplitMix64;

    #[test]
    fn bad_input_is_named() {
        let none = Failures { base: 0, canary: 0 };
        for share in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(matches!(log_e(none, share, 10.0, Sided::Two), Err(SequentialError::Share(_))));
            assert!(matches!(EProcess::new(0.5, 10.0, Sided::Two).unwrap().push(none, share), Err(SequentialError::Share(_))));
        }
        assert!(matches!(log_e(none, 0.1, 0.0, Sided::Two), Err(SequentialError::NotPositive { name: "k", .. })));
        assert!(matches!(log_threshold(1.0), Err(SequentialError::Level(_))));
    }

    #[test]
    fn one_sided_is_blind_to_the_better_side_and_finite_far_out() {
        let worse = Failures { base: 50, canary: 15 };
        let better = Failures { base: 500, canary: 10 };
        assert!(log_e(worse, 0.1, 10.0, Sided::Larger).unwrap() > log_e(worse, 0.1, 10.0, Sided::Two).unwrap());
        assert!(log_e(better, 0.1, 10.0, Sided::Two).unwrap() > 3.0);
        assert!(log_e(better, 0.1, 10.0, Sided::Larger).unwrap() < 0.0);
        let far = log_e(Failures { base: 1_000_000, canary: 0 }, 0.5, 10.0, Sided::Larger).unwrap();
        assert!(far.is_finite() && far < -5.0, "{far}");
    }

    #[test]
    fn with_one_share_the_mixture_agrees_with_the_closed_form() {
        for sided in [Sided::Two, Sided::Larger] {
            for (share, k) in [(0.1, 10.0), (0.5, 2.0), (0.02, 10.0), (0.5, 50.0)] {
                let mut process = EProcess::new(share, k, sided).unwrap();
                let mut all = Failures { base: 0, canary: 0 };
                for (base, canary) in [(3, 1), (0, 0), (40, 9), (200, 60), (3_000, 500)] {
                    all = Failures { base: all.base + base, canary: all.canary + canary };
                    let got = process.push(Failures { base, canary }, share).unwrap();
                    let expected = log_e(all, share, k, sided).unwrap();
                    assert!(
                        (got - expected).abs() < 1e-3 || got.max(expected) < -3.0,
                        "{sided:?} {share} {k} {all:?}: {got} instead of {expected}"
                    );
                }
            }
        }
    }

    /// Under H0 the mean of the next e, over all outcomes of the next look, is the present e: also where the share changes.
    #[test]
    fn it_is_a_martingale_when_nothing_is_wrong() {
        for sided in [Sided::Two, Sided::Larger] {
            let mut process = EProcess::new(0.05, DEFAULT_K, sided).unwrap();
            for (share, n, seen) in [(0.05, 20, 3), (0.05, 9, 0), (0.25, 12, 6), (0.5, 30, 14)] {
                let mut probability = (1.0_f64 - share).powi(n);
                let mut mean = 0.0;
                for canary in 0..=n {
                    let outcome = Failures { base: u64::try_from(n - canary).unwrap(), canary: u64::try_from(canary).unwrap() };
                    mean += probability * process.clone().push(outcome, share).unwrap().exp();
                    probability *= f64::from(n - canary) / f64::from(canary + 1) * share / (1.0 - share);
                }
                let now = process.log_e().exp();
                assert!((mean / now - 1.0).abs() < 1e-9, "{sided:?}: {mean} after {now}");
                process.push(Failures { base: u64::try_from(n - seen).unwrap(), canary: u64::try_from(seen).unwrap() }, share).unwrap();
            }
        }
    }

    #[test]
    fn false_alarms_stay_below_the_level() {
        let mut rng = SplitMix64::new(20);
        let start = EProcess::new(0.05, DEFAULT_K, Sided::Larger).unwrap();
        let (mut alarms, mut mean) = (0, 0.0);
        for _ in 0..500 {
            let mut process = start.clone();
            let mut alarm = false;
            for share in [0.05, 0.05, 0.25, 0.5] {
                let canary = (0..20).filter(|_| count(rng.index(10_000)) < share * 10_000.0).count() as u64;
                alarm |= process.push(Failures { base: 20 - canary, canary }, share).unwrap() >= log_threshold(0.05).unwrap();
            }
            alarms += u32::from(alarm);
            mean += process.log_e().exp() / 500.0;
        }
        // 500 · 0.05 + 3 standard errors; e has mean 1 with a long tail, so its sample mean lies below.
        assert!(alarms <= 39 && mean < 1.5, "{alarms} {mean}");
    }

    #[test]
    fn a_canary_that_fails_twice_as_often_is_caught() {
        let mut process = EProcess::new(0.1, DEFAULT_K, Sided::Larger).unwrap();
        let caught = (0..40).find(|_| process.push(Failures { base: 18, canary: 4 }, 0.1).unwrap() > log_threshold(0.01).unwrap());
        assert!(caught.is_some_and(|look| look < 20), "{caught:?}");
    }
}
