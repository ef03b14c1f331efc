//! How often every case is asked: a fixed number of times, or more often while a verdict is open.

/// The fewest and the most times that a case is asked; equal where the number is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    min: u32,
    max: u32,
}

impl Repeat {
    /// The most repeats while a verdict is open: a look at each hundredth of them can still be planned.
    pub const MOST: u32 = 100;
    /// The most looks at the answers. Many repeats are asked in larger rounds.
    pub const LOOKS: u32 = 20;

    /// Always so often, at least once.
    pub fn fixed(times: u32) -> Self {
        Self { min: times.max(1), max: times.max(1) }
    }

    /// From `min` on until the verdict is decided, at most `max` times; `None` unless 1 ≤ `min` ≤ `max` ≤ [`Self::MOST`].
    pub fn between(min: u32, max: u32) -> Option<Self> {
        (1 <= min && min <= max && max <= Self::MOST).then_some(Self { min, max })
    }

    /// How often every case is asked in any case.
    pub fn min(self) -> u32 {
        self.min
    }

    /// How often a case is asked at most.
    pub fn max(self) -> u32 {
        self.max
    }

    /// Whether the answers say how often.
    pub fn is_adaptive(self) -> bool {
        self.min < self.max
    }

    /// How often every case was asked at each look: the fewest repeats, evenly on, the most.
    pub fn looks(self) -> Vec<u32> {
        let step = (self.max - self.min).div_ceil(Self::LOOKS - 1).max(1);
        let before = (0..Self::LOOKS - 1).map(|look| self.min + look * step).take_while(|repeats| *repeats < self.max);
        before.chain([self.max]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_lead_from_the_fewest_to_the_most() {
        let looks = |min, max| Repeat::between(min, max).unwrap().looks();
        assert_eq!(looks(1, 5), [1, 2, 3, 4, 5]);
        assert_eq!(looks(3, 3), [3]);
        assert_eq!(looks(2, 3), [2, 3]);
        assert_eq!(Repeat::fixed(10_000).looks(), [10_000]);
        for min in 1..=Repeat::MOST {
            for max in min..=Repeat::MOST {
                let looks = looks(min, max);
                assert!(looks.len() <= 20 && looks.first() == Some(&min) && looks.last() == Some(&max), "{looks:?}");
                assert!(looks.windows(2).all(|pair| pair[0] < pair[1]), "{looks:?}");
            }
        }
    }

    #[test]
    fn nonsense_is_not_taken() {
        for (min, max) in [(0, 3), (4, 3), (1, 101)] {
            assert_eq!(Repeat::between(min, max), None);
        }
        assert!(!Repeat::fixed(3).is_adaptive() && Repeat::between(1, 2).unwrap().is_adaptive());
    }
}
