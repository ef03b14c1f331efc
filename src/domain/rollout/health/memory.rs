//! What the tests need of the looks before: sums, never samples, and of bounded size.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::stats::sequential::confidence_sequence::Arm;

/// The most looks that are kept apart for the error counts of a stage; beyond, neighbours are put together.
const LOOKS: usize = 240;

/// What is kept between checks, by metric. It begins anew with each stage, where both arms have the same age.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(pub BTreeMap<String, Remembered>);

/// What is kept of one metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// The candidate's numbers.
    #[serde(default)]
    pub candidate: Tally,
    /// The stable version's numbers.
    #[serde(default)]
    pub stable: Tally,
    /// Of each look at errors: failures and requests of the stable version, then of the candidate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<[u64; 4]>,
    /// Whether it was bad, newest last; at most as many as its confirmation asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<bool>,
}

/// Number, mean and sum of squared deviations of what was seen (Welford).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations.
    pub squares: f64,
}

impl Tally {
    /// Takes in one more number.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let off = value - self.mean;
        self.mean += off / self.n as f64;
        self.squares += off * (value - self.mean);
    }

    /// As an arm of a confidence sequence; its variance is 0 below two numbers.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn arm(&self) -> Arm {
        let variance = if self.n < 2 { 0.0 } else { (self.squares / (self.n - 1) as f64).max(0.0) };
        Arm { n: self.n, mean: self.mean, variance }
    }
}

impl Remembered {
    /// Keeps a look at errors.
    pub(super) fn look(&mut self, stable: (u64, u64), candidate: (u64, u64)) {
        self.looks.push([stable.0, stable.1, candidate.0, candidate.1]);
        if self.looks.len() > LOOKS {
            let together = |pair: &[[u64; 4]]| {
                let mut sum = [0_u64; 4];
                for (total, part) in pair.iter().flat_map(|look| look.iter().enumerate()) {
                    if let Some(slot) = sum.get_mut(total) {
                        *slot = slot.saturating_add(*part);
                    }
                }
                sum
            };
            self.looks = self.looks.chunks(2).map(together).collect();
        }
    }

    /// Failures and requests so far: the stable version's, then the candidate's.
    pub(super) fn totals(&self) -> [u64; 4] {
        self.looks.iter().fold([0; 4], |mut sum, look| {
            for (slot, part) in sum.iter_mut().zip(look) {
                *slot = slot.saturating_add(*part);
            }
            sum
        })
    }

    /// Keeps whether it was bad, and says how often it was among the last `of`.
    pub(super) fn confirm(&mut self, bad: bool, of: u32) -> u32 {
        self.bad.push(bad);
        let most = usize::try_from(of.max(1)).unwrap_or(usize::MAX);
        let surplus = self.bad.len().saturating_sub(most);
        self.bad.drain(..surplus);
        u32::try_from(self.bad.iter().filter(|bad| **bad).count()).unwrap_or(u32::MAX)
    }
}
