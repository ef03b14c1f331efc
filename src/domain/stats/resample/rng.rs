//! The seeded generator of every resampling method: `SplitMix64` (Steele, Lea, Flood 2014).

#[derive(Debug, Clone)]
pub(in crate::domain::stats) struct SplitMix64(u64);

impl SplitMix64 {
    pub(in crate::domain::stats) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::domain::stats) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in 0..n for n < 2^32, by multiply and shift; the bias is below n / 2^64.
    #[expect(clippy::cast_possible_truncation, reason = "the high half of a product of 64 bits and a usize is below that usize")]
    pub(in crate::domain::stats) const fn below(&mut self, n: usize) -> usize {
        ((self.next() as u128 * n as u128) >> 64) as usize
    }

    /// Fisher and Yates.
    pub(in crate::domain::stats) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence() {
        // First outputs of the reference implementation for seed 1234567.
        let mut rng = SplitMix64::new(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_index_is_drawn_about_as_often() {
        let mut rng = SplitMix64::new(7);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7)] += 1;
        }
        assert!(counts.iter().all(|n| (9_500..10_500).contains(n)), "{counts:?}");
    }
}
