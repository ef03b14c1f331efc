//! The permutation test of paired differences.

use super::super::{
    rng::SplitMix64,
    sample::{Sample, count},
    tails::PValues,
};

/// Up to this many pairs every sign pattern is tried: 2¹⁶.
pub const EXACT_LIMIT: usize = 16;
/// How many patterns are drawn for more pairs.
pub const DEFAULT_FLIPS: usize = 10_000;
/// Sums this close, relative to Σ|d|, are equal.
const TOLERANCE: f64 = 1e-12;

/// How the p-values were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flips {
    /// All patterns.
    Exact { patterns: usize },
    /// Some patterns, drawn with a seed: belongs into every report.
    Drawn { patterns: usize, seed: u64 },
}

/// The test of a mean difference of zero by flipping signs (Fisher 1935; Ernst 2004).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    pub mean: f64,
    /// Two-sided counts patterns with |mean| at least as large. 1 throughout when every difference is zero.
    pub p: PValues,
    pub flips: Flips,
}

/// Exact up to 16 pairs, else by `drawn` patterns and the seed. Drawn p-values are (1 + hits)/(1 + drawn), which keeps
/// the level (Phipson and Smyth 2010).
pub fn sign_flip(differences: Sample<'_>, drawn: usize, seed: u64) -> SignFlip {
    let values = differences.values();
    let mean = super::super::describe::Moments::of(differences).mean();
    let slack = TOLERANCE * values.iter().map(|x| x.abs()).sum::<f64>();
    let observed: f64 = values.iter().sum();
    let mut hits = Hits { observed, slack, two_sided: 0, less: 0, greater: 0 };
    if values.len() <= EXACT_LIMIT {
        let mut sums = vec![0.0];
        for x in values {
            sums = sums.iter().flat_map(|sum| [sum + x, sum - x]).collect();
        }
        for &sum in &sums {
            hits.see(sum);
        }
        return SignFlip { mean, p: hits.p(0, sums.len()), flips: Flips::Exact { patterns: sums.len() } };
    }
    let mut rng = SplitMix64::new(seed);
    for _ in 0..drawn {
        hits.see(flipped(values, &mut rng));
    }
    SignFlip { mean, p: hits.p(1, drawn), flips: Flips::Drawn { patterns: drawn, seed } }
}

/// The sum with random signs, 64 to a number.
fn flipped(values: &[f64], rng: &mut SplitMix64) -> f64 {
    let mut sum = 0.0;
    for chunk in values.chunks(64) {
        let mut bits = rng.next_u64();
        for x in chunk {
            // The sign bit is flipped by the random one: no branch to guess.
            sum += f64::from_bits(x.to_bits() ^ (bits << 63));
            bits >>= 1;
        }
    }
    sum
}

struct Hits {
    observed: f64,
    slack: f64,
    two_sided: usize,
    less: usize,
    greater: usize,
}

impl Hits {
    fn see(&mut self, sum: f64) {
        self.two_sided += usize::from(sum.abs() >= self.observed.abs() - self.slack);
        self.less += usize::from(sum <= self.observed + self.slack);
        self.greater += usize::from(sum >= self.observed - self.slack);
    }

    /// The observed pattern is among all patterns, but not among drawn ones: then it counts as one `more`.
    fn p(&self, more: usize, patterns: usize) -> PValues {
        let share = |hits: usize| count(hits + more) / count(patterns + more);
        PValues { two_sided: share(self.two_sided), less: share(self.less), greater: share(self.greater) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_pairs_are_tried_in_every_pattern() {
        let test = sign_flip(Sample::new(&[1.0, 2.0, 3.0]).unwrap(), 10, 1);
        assert_eq!(test.flips, Flips::Exact { patterns: 8 });
        assert!((test.p.greater - 0.125).abs() < 1e-15 && (test.p.two_sided - 0.25).abs() < 1e-15);
    }

    #[test]
    fn rounding_does_not_hide_equal_sums() {
        // 0.1 + 0.2 and 0.3 differ in the last bit.
        let test = sign_flip(Sample::new(&[0.1, 0.2, -0.3, 0.6]).unwrap(), 10, 1);
        let whole = sign_flip(Sample::new(&[1.0, 2.0, -3.0, 6.0]).unwrap(), 10, 1);
        assert_eq!(test.p, whole.p);
    }

    #[test]
    fn drawn_patterns_repeat_with_their_seed_and_come_near_the_exact_value() {
        let values: Vec<f64> = (0..17).map(|i| f64::from(i) - 4.5).collect();
        let sample = Sample::new(&values).unwrap();
        let one = sign_flip(sample, DEFAULT_FLIPS, 7);
        assert_eq!(one, sign_flip(sample, DEFAULT_FLIPS, 7));
        assert_eq!(one.flips, Flips::Drawn { patterns: DEFAULT_FLIPS, seed: 7 });
        let exact = sign_flip(Sample::new(&values[1..]).unwrap(), 0, 0);
        assert!(one.p.greater > 0.001 && exact.p.greater < 0.05 && one.p.greater < 0.05);
    }

    #[test]
    fn only_zeros_are_no_evidence() {
        assert_eq!(sign_flip(Sample::new(&[0.0; 4]).unwrap(), 10, 1).p, PValues::NO_EVIDENCE);
        assert_eq!(sign_flip(Sample::new(&[0.0; 40]).unwrap(), 10, 1).p, PValues::NO_EVIDENCE);
    }
}
