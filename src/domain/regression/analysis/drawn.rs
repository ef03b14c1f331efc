//! The values of one side: all of them, or so many drawn while they come.

use crate::domain::stats::rng::SplitMix64;

/// Values as they come: all of them, or an equally likely choice of `most` (Vitter 1985, algorithm R) in constant memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    kept: Vec<f64>,
    seen: usize,
    most: usize,
    rng: SplitMix64,
}

impl Drawn {
    /// Keeps all without `most`. The seed belongs into the report.
    pub fn new(most: Option<usize>, seed: u64) -> Self {
        Self { kept: Vec::new(), seen: 0, most: most.unwrap_or(usize::MAX), rng: SplitMix64::new(seed) }
    }

    /// Takes one more.
    pub fn push(&mut self, value: f64) {
        self.seen += 1;
        if self.kept.len() < self.most {
            self.kept.push(value);
        } else if let Some(place) = self.kept.get_mut(self.rng.index(self.seen)) {
            *place = value;
        }
    }

    /// How many there were.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// How many are kept.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Those kept.
    pub fn into_values(self) -> Vec<f64> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(most: Option<usize>, seed: u64) -> Vec<f64> {
        let mut drawn = Drawn::new(most, seed);
        (0..1_000).for_each(|value| drawn.push(f64::from(value)));
        assert_eq!(drawn.seen(), 1_000);
        drawn.into_values()
    }

    #[test]
    fn each_value_is_as_likely_and_the_seed_decides() {
        assert_eq!(drawn(None, 1).len(), 1_000);
        assert_eq!(drawn(Some(10), 1), drawn(Some(10), 1));
        assert_ne!(drawn(Some(10), 1), drawn(Some(10), 2));
        // 2,000 draws of 10 of 1,000: values of the first half come 10,000 times, ± four standard deviations.
        let first = (0..2_000).flat_map(|seed| drawn(Some(10), seed)).filter(|value| *value < 500.0).count();
        assert!((9_700..=10_300).contains(&first), "{first}");
    }
}
