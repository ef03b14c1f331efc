//! Samples in bounded memory.

use crate::domain::stats::rng::SplitMix64;

/// The most samples of one benchmark that are kept.
pub const MOST_KEPT: usize = 100_000;

/// Samples as they come: all of them up to [`MOST_KEPT`], then an equally likely choice of so many (Vitter 1985,
/// algorithm R, seeded), and the mean of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    kept: Vec<f64>,
    seen: usize,
    mean: f64,
    least: f64,
    unusable: bool,
    rng: SplitMix64,
}

impl Default for Samples {
    fn default() -> Self {
        Self { kept: Vec::new(), seen: 0, mean: 0.0, least: f64::INFINITY, unusable: false, rng: SplitMix64::new(20_250_801) }
    }
}

impl Samples {
    /// Takes one more.
    pub fn push(&mut self, value: f64) {
        self.seen += 1;
        self.unusable |= !value.is_finite();
        self.least = self.least.min(value);
        self.mean += (value - self.mean) / crate::domain::stats::sample::count(self.seen);
        if self.kept.len() < MOST_KEPT {
            self.kept.push(value);
        } else if let Some(place) = self.kept.get_mut(self.rng.index(self.seen)) {
            *place = value;
        }
    }

    /// Those kept.
    pub fn values(&self) -> &[f64] {
        &self.kept
    }

    /// How many there were.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// The mean of all; `None` for none, or one that is not finite.
    pub fn mean(&self) -> Option<f64> {
        (self.seen > 0 && !self.unusable && self.mean.is_finite()).then_some(self.mean)
    }

    /// The least of all, kept or not; infinite for none.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// Whether one is not finite.
    pub fn is_unusable(&self) -> bool {
        self.unusable
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut samples = Self::default();
        values.into_iter().for_each(|value| samples.push(value));
        samples
    }
}
