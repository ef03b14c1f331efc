//! Two sorted samples walked through once: everything that depends on their order only.

use super::super::sample::{Sorted, equal};

/// Counts from one merge, exact integers throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    pub first: usize,
    pub second: usize,
    /// 2·U₁ = 2·#{aᵢ > bⱼ} + #{aᵢ = bⱼ}.
    pub(super) twice_u: u128,
    /// Σ (t³ − t) over groups of t equal values.
    pub(super) ties: u128,
    /// n₁n₂·max(F₁ − F₂): the first is smaller.
    pub(super) above: u64,
    /// n₁n₂·max(F₂ − F₁).
    pub(super) below: u64,
}

impl Merged {
    pub fn of(first: &Sorted, second: &Sorted) -> Self {
        let (all_first, all_second) = (wide(first.len()), wide(second.len()));
        let mut merged = Self { first: first.len(), second: second.len(), twice_u: 0, ties: 0, above: 0, below: 0 };
        let (mut ones, mut twos) = (first.values(), second.values());
        // Values of the second passed so far, and the difference of the distribution functions times n₁n₂.
        let (mut passed, mut gap) = (0_u64, 0_i64);
        let (mut above, mut below) = (0_i64, 0_i64);
        loop {
            let value = match (ones.first(), twos.first()) {
                (Some(&one), Some(&two)) => one.min(two),
                (Some(&rest), None) | (None, Some(&rest)) => rest,
                (None, None) => break,
            };
            let (in_first, in_second) = (leading(ones, value), leading(twos, value));
            ones = ones.get(in_first..).unwrap_or_default();
            twos = twos.get(in_second..).unwrap_or_default();
            let (in_first, in_second) = (wide(in_first), wide(in_second));
            merged.twice_u += u128::from(in_first) * u128::from(2 * passed + in_second);
            passed += in_second;
            let group = u128::from(in_first + in_second);
            if group > 1 {
                merged.ties += group * group * group - group;
            }
            gap = gap.wrapping_add_unsigned(in_first * all_second).wrapping_sub_unsigned(in_second * all_first);
            above = above.max(gap);
            below = below.min(gap);
        }
        Self { above: above.unsigned_abs(), below: below.unsigned_abs(), ..merged }
    }

    pub fn has_ties(&self) -> bool {
        self.ties > 0
    }
}

fn leading(values: &[f64], value: f64) -> usize {
    values.iter().take_while(|&&x| equal(x, value)).count()
}

/// A count of values, which fits.
pub(super) fn wide(n: usize) -> u64 {
    n as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stats::sample::Sample;

    #[test]
    fn counts_are_those_of_all_pairs() {
        let (a, b) = ([3.0, 1.0, 2.0, 2.0], [2.0, 5.0, 1.0]);
        let merged = Merged::of(&Sample::new(&a).unwrap().sorted(), &Sample::new(&b).unwrap().sorted());
        let pairs = a.iter().flat_map(|x| b.iter().map(move |y| if x > y { 2 } else { u128::from(x >= y) }));
        assert_eq!(merged.twice_u, pairs.sum::<u128>());
        assert_eq!(merged.ties, 6 + 24);
        assert!(merged.has_ties());
        // F₁ − F₂ at 1, 2, 3, 5: 1/4 − 1/3, 3/4 − 2/3, 1 − 2/3, 0.
        assert_eq!((merged.above, merged.below), (4, 1));
    }
}
