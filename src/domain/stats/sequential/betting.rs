//! Confidence sequences for the mean of values in 0..=1, without any other assumption: valid at every look at once.
//!
//! - [`EmpiricalBernstein`]: closed form, O(1) per value. Bets `λ_t = min(½, √(2 ln(2/α) / (t ln(1+t) σ̂²_{t−1})))`, where σ̂² has one
//!   fake observation (mean ½, variance ¼); lower and upper side each at α/2, the variance term `(x_t − mean_{t−1})²` starts
//!   from mean 0 of x for the lower and of 1 − x for the upper side. Clipped to 0..=1, no running intersection.
//! - [`HedgedBetting`]: narrower, a grid of 1001 candidate means, O(1001) per value. A candidate m stays while
//!   max(½ Π(1 + λ⁺(x−m)), ½ Π(1 − λ⁻(x−m))) ≤ 1/α, with λ± as above (not cut at ½) cut at ½/m and ½/(1−m); the outermost
//!   candidates that stay, widened by one grid step; running intersection.
//!
//! Source: Waudby-Smith and Ramdas, JRSS B 86 (2024) 1, eq. 15 and 23; equal to `confseq` (git 70b1ef3).
//!
//! Errors: α outside 0..1, a value outside 0..=1 (NaN too): it is not counted.

use super::{SequentialError, check_level};
use crate::domain::stats::special::count;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
}

const ALL: Bounds = Bounds { low: 0.0, high: 1.0 };

/// The bets, which only look back.
#[derive(Debug, Clone)]
struct Bets {
    log_level: f64,
    t: usize,
    sum: f64,
    squares: f64,
}

impl Bets {
    fn new(alpha: f64) -> Self {
        Self { log_level: (2.0 / alpha).ln(), t: 0, sum: 0.0, squares: 0.0 }
    }

    /// λ for the value to come.
    fn next(&self) -> f64 {
        let t = count(self.t + 1);
        let variance = (0.25 + self.squares) / t;
        (2.0 * self.log_level / (t * t.ln_1p() * variance)).sqrt()
    }

    fn learn(&mut self, x: f64) {
        self.t += 1;
        self.sum += x;
        let mean = ((0.5 + self.sum) / count(self.t + 1)).min(1.0);
        self.squares += (x - mean) * (x - mean);
    }
}

fn check_unit(index: usize, value: f64) -> Result<(), SequentialError> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(SequentialError::OutOfUnit { index, value }) }
}

#[derive(Debug, Clone)]
pub struct EmpiricalBernstein {
    bets: Bets,
    bet_sum: f64,
    bet_x: f64,
    /// Σ v ψ(λ) of the lower and of the upper side.
    penalties: (f64, f64),
}

impl EmpiricalBernstein {
    pub fn new(alpha: f64) -> Result<Self, SequentialError> {
        check_level(alpha)?;
        Ok(Self { bets: Bets::new(alpha), bet_sum: 0.0, bet_x: 0.0, penalties: (0.0, 0.0) })
    }

    pub fn push(&mut self, x: f64) -> Result<Bounds, SequentialError> {
        check_unit(self.bets.t, x)?;
        let bet = self.bets.next().min(0.5);
        let psi = -(-bet).ln_1p() - bet;
        let before = count(self.bets.t);
        let (mean, turned_mean) = if self.bets.t == 0 { (0.0, 1.0) } else { (self.bets.sum / before, self.bets.sum / before) };
        self.penalties.0 += (x - mean) * (x - mean) * psi;
        self.penalties.1 += (x - turned_mean) * (x - turned_mean) * psi;
        self.bet_sum += bet;
        self.bet_x += bet * x;
        self.bets.learn(x);
        Ok(self.bounds())
    }

    pub fn bounds(&self) -> Bounds {
        if self.bets.t == 0 {
            return ALL;
        }
        let centre = self.bet_x / self.bet_sum;
        let reach = |penalty: f64| (self.bets.log_level + penalty) / self.bet_sum;
        Bounds { low: (centre - reach(self.penalties.0)).clamp(0.0, 1.0), high: (centre + reach(self.penalties.1)).clamp(0.0, 1.0) }
    }
}

/// Candidate means are multiples of 1/GRID.
const GRID: usize = 1_000;

#[derive(Debug, Clone)]
pub struct HedgedBetting {
    bets: Bets,
    threshold: f64,
    candidates: Vec<Candidate>,
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    mean: f64,
    log_up: f64,
    log_down: f64,
}

impl HedgedBetting {
    pub fn new(alpha: f64) -> Result<Self, SequentialError> {
        check_level(alpha)?;
        let candidate = |i| Candidate { mean: count(i) / count(GRID), log_up: 0.0, log_down: 0.0 };
        Ok(Self { bets: Bets::new(alpha), threshold: (2.0 / alpha).ln(), candidates: (0..=GRID).map(candidate).collect(), bounds: ALL })
    }

    pub fn push(&mut self, x: f64) -> Result<Bounds, SequentialError> {
        check_unit(self.bets.t, x)?;
        let bet = self.bets.next();
        self.bets.learn(x);
        for candidate in &mut self.candidates {
            let away = x - candidate.mean;
            candidate.log_up += (bet.min(0.5 / candidate.mean) * away).ln_1p();
            candidate.log_down += (-bet.min(0.5 / (1.0 - candidate.mean)) * away).ln_1p();
        }
        let stays = |candidate: &&Candidate| candidate.log_up.max(candidate.log_down) <= self.threshold;
        let step = 1.0 / count(GRID);
        let first = self.candidates.iter().find(stays);
        let last = self.candidates.iter().rev().find(stays);
        if let (Some(first), Some(last)) = (first, last) {
            self.bounds.low = self.bounds.low.max(first.mean - step);
            self.bounds.high = self.bounds.high.min(last.mean + step);
        }
        Ok(self.bounds)
    }

    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_input_is_named_and_not_counted() {
        assert!(matches!(HedgedBetting::new(1.0), Err(SequentialError::Level(_))));
        assert!(matches!(EmpiricalBernstein::new(f64::NAN), Err(SequentialError::Level(_))));
        let mut hedged = HedgedBetting::new(0.05).unwrap();
        let mut bernstein = EmpiricalBernstein::new(0.05).unwrap();
        assert_eq!((hedged.bounds(), bernstein.bounds()), (ALL, ALL));
        for bad in [1.5, -0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(hedged.push(bad), Err(SequentialError::OutOfUnit { index: 0, .. })));
            assert!(matches!(bernstein.push(bad), Err(SequentialError::OutOfUnit { index: 0, .. })));
        }
    }

    #[test]
    fn it_narrows_around_a_constant() {
        let mut hedged = HedgedBetting::new(0.05).unwrap();
        let mut bernstein = EmpiricalBernstein::new(0.05).unwrap();
        for value in [0.0, 0.4, 1.0] {
            for _ in 0..300 {
                hedged.push(value).unwrap();
                bernstein.push(value).unwrap();
            }
        }
        let (mut hedged, mut bernstein) = (HedgedBetting::new(0.05).unwrap(), EmpiricalBernstein::new(0.05).unwrap());
        let mut widths = Vec::new();
        for i in 0..400 {
            let (h, b) = (hedged.push(0.4).unwrap(), bernstein.push(0.4).unwrap());
            assert!(h.low <= 0.4 && h.high >= 0.4 && b.low <= 0.4 && b.high >= 0.4);
            if i % 100 == 99 {
                widths.push((h.high - h.low, b.high - b.low));
            }
        }
        assert!(widths.windows(2).all(|pair| pair[1].0 <= pair[0].0 && pair[1].1 < pair[0].1), "{widths:?}");
        assert!(widths[3].0 < 0.05 && widths[3].1 < 0.1, "{widths:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn bounds_stay_in_the_unit_and_never_widen(values in prop::collection::vec(0.0..=1.0_f64, 1..60)) {
            let mut hedged = HedgedBetting::new(0.05).unwrap();
            let mut last = ALL;
            for value in values {
                let now = hedged.push(value).unwrap();
                prop_assert!(now.low >= last.low && now.high <= last.high && now.low >= 0.0 && now.high <= 1.0);
                last = now;
            }
        }
    }
}
