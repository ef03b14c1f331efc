//! The shift between two samples that no outlier can move far.

use super::{
    super::{
        rng::SplitMix64,
        sample::{Sample, Sorted},
        tails::{Interval, normal_upper, sane_level},
    },
    mann_whitney::{MannWhitney, counts_of_u},
    merged::{Merged, wide},
};

/// The largest sizes for which the interval rests on the exact distribution.
const EXACT_LIMIT: usize = 50;

/// The median of all n·m differences first − second (Hodges and Lehmann 1963).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HodgesLehmann {
    pub shift: f64,
    /// The differences at ranks c and nm + 1 − c, the inversion of the Mann-Whitney test (Moses; Hollander and Wolfe
    /// 1999, §4.3): c the largest with P(U ≤ c − 1) ≤ α/2, exact for n, m ≤ 50 without ties, else by the normal
    /// approximation with tied variance and continuity ½. `None` when the samples are too small for the level.
    pub interval: Option<Interval>,
}

/// O((n + m) log n) expected time and O(n + m) memory: differences are selected, never listed.
pub fn hodges_lehmann(first: Sample<'_>, second: Sample<'_>, level: f64) -> HodgesLehmann {
    let (first, second) = (first.sorted(), second.sorted());
    of_sorted(&first, &second, Merged::of(&first, &second), level)
}

/// The same from an order computed before.
pub fn of_sorted(first: &Sorted, second: &Sorted, merged: Merged, level: f64) -> HodgesLehmann {
    let differences = Differences { first: first.values(), second: second.values() };
    let pairs = wide(first.len()) * wide(second.len());
    let shift = differences.median(pairs);
    let interval = rank(merged, pairs, level).map(|c| Interval { lower: differences.select(c - 1), upper: differences.select(pairs - c) });
    HodgesLehmann { shift, interval }
}

/// The rank c ≥ 1 of the lower bound.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rank among pairs")]
fn rank(merged: Merged, pairs: u64, level: f64) -> Option<u64> {
    let tail = (1.0 - sane_level(level)) / 2.0;
    let c = if !merged.has_ties() && merged.first.max(merged.second) <= EXACT_LIMIT {
        let counts = counts_of_u(merged.first, merged.second);
        let limit = tail * counts.iter().sum::<u128>() as f64;
        let sums = counts.iter().scan(0_u128, |sum, n| {
            *sum += n;
            Some(*sum as f64)
        });
        sums.take_while(|&sum| sum <= limit).count() as u64
    } else {
        let sigma = MannWhitney::of_merged(merged).sigma();
        (pairs as f64 / 2.0 + 0.5 - normal_upper(tail) * sigma).floor().max(0.0) as u64
    };
    (c >= 1).then(|| c.min(pairs.div_ceil(2)))
}

/// All differences of two sorted samples, in an order that is known without listing them.
struct Differences<'a> {
    first: &'a [f64],
    second: &'a [f64],
}

/// For each value of the first sample, the range of the second whose differences are still candidates.
struct Candidates {
    from: Vec<usize>,
    to: Vec<usize>,
    /// How many differences are smaller than all candidates.
    below: u64,
}

impl Candidates {
    fn ranges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.from.iter().copied().zip(self.to.iter().copied())
    }

    fn total(&self) -> u64 {
        self.ranges().map(|(from, to)| wide(to - from)).sum()
    }
}

impl Differences<'_> {
    fn median(&self, pairs: u64) -> f64 {
        let middle = (pairs - 1) / 2;
        let low = self.select(middle);
        if pairs % 2 == 1 {
            return low;
        }
        // The next larger one: the same value again, or the smallest above.
        let upto = self.starts(low, true);
        let high = if self.count(&upto) > middle + 1 {
            low
        } else {
            let next = |(&x, &start): (&f64, &usize)| start.checked_sub(1).and_then(|j| self.second.get(j)).map(|y| x - y);
            self.first.iter().zip(&upto).filter_map(next).fold(f64::INFINITY, f64::min)
        };
        low + (high - low) / 2.0
    }

    /// For each x the first j with x − yⱼ < value (or ≤): the differences from there on are below.
    fn starts(&self, value: f64, or_equal: bool) -> Vec<usize> {
        let mut rest = self.second;
        let start = |&x: &f64| {
            while let Some((&y, tail)) = rest.split_first() {
                let difference = x - y;
                if difference < value || (or_equal && difference <= value) {
                    break;
                }
                rest = tail;
            }
            self.second.len() - rest.len()
        };
        self.first.iter().map(start).collect()
    }

    fn count(&self, starts: &[usize]) -> u64 {
        starts.iter().map(|&start| wide(self.second.len() - start)).sum()
    }

    /// The difference with `rank` smaller ones before it (from 0). Candidates are narrowed by counting around pivots
    /// from a random sample of them (Floyd and Rivest 1975); the answer does not depend on the seed.
    fn select(&self, rank: u64) -> f64 {
        let (n, m) = (self.first.len(), self.second.len());
        let mut rng = SplitMix64::new(1);
        let mut candidates = Candidates { from: vec![0; n], to: vec![m; n], below: 0 };
        loop {
            let total = candidates.total();
            let wanted = rank.saturating_sub(candidates.below);
            if total <= wide(2 * (n + m)).max(2_000) {
                return self.nth(&candidates, wanted);
            }
            let mut sampled = self.sampled(&candidates, total, &mut rng);
            sampled.sort_unstable_by(f64::total_cmp);
            let (low, middle, high) = pivots(&sampled, wanted, total);
            self.narrow(&mut candidates, low, high, rank);
            // Many equal differences: decide around one of them.
            if candidates.total() > total / 2 && self.narrow(&mut candidates, middle, middle, rank) {
                return middle;
            }
        }
    }

    /// Leaves the candidates below, within or above two values, where the rank is; whether it is within.
    fn narrow(&self, candidates: &mut Candidates, low: f64, high: f64, rank: u64) -> bool {
        let (lower, upper) = (self.starts(low, false), self.starts(high, true));
        let (below, upto) = (self.count(&lower), self.count(&upper));
        let raise = |from: &mut Vec<usize>, other: Vec<usize>| from.iter_mut().zip(other).for_each(|(x, y)| *x = (*x).max(y));
        let cut = |to: &mut Vec<usize>, other: Vec<usize>| to.iter_mut().zip(other).for_each(|(x, y)| *x = (*x).min(y));
        let within = (below..upto).contains(&rank);
        if within {
            raise(&mut candidates.from, upper);
            cut(&mut candidates.to, lower);
        } else if rank < below {
            raise(&mut candidates.from, lower);
        } else {
            cut(&mut candidates.to, upper);
        }
        candidates.below = self.count(&candidates.to);
        within
    }

    fn nth(&self, candidates: &Candidates, wanted: u64) -> f64 {
        let row = |(&x, (from, to)): (&f64, (usize, usize))| self.second.get(from..to).unwrap_or_default().iter().map(move |y| x - y);
        let mut values: Vec<f64> = self.first.iter().zip(candidates.ranges()).flat_map(row).collect();
        let position = usize::try_from(wanted).unwrap_or(usize::MAX).min(values.len().saturating_sub(1));
        if values.is_empty() {
            return 0.0;
        }
        *values.select_nth_unstable_by(position, f64::total_cmp).1
    }

    fn sampled(&self, candidates: &Candidates, total: u64, rng: &mut SplitMix64) -> Vec<f64> {
        let size = (self.first.len() + self.second.len()).isqrt().saturating_mul(8).clamp(500, 30_000);
        let mut places: Vec<u64> = (0..size).map(|_| rng.below(total)).collect();
        places.sort_unstable();
        let mut places = places.into_iter().peekable();
        let mut passed = 0;
        let mut values = Vec::with_capacity(size);
        for (&x, (from, to)) in self.first.iter().zip(candidates.ranges()) {
            let end = passed + wide(to - from);
            while let Some(place) = places.next_if(|&place| place < end) {
                let offset = usize::try_from(place - passed).unwrap_or(usize::MAX);
                values.extend(self.second.get(from.saturating_add(offset)).map(|y| x - y));
            }
            passed = end;
        }
        values
    }
}

/// Sample values that probably enclose the wanted one, and the one nearest to it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a sample")]
fn pivots(sampled: &[f64], wanted: u64, total: u64) -> (f64, f64, f64) {
    let size = sampled.len() as f64;
    let share = wanted as f64 / total as f64;
    let place = share * size;
    let margin = 3.0 * (share * (1.0 - share) * size).max(0.0).sqrt() + 2.0;
    let at = |place: f64| sampled.get((place.max(0.0) as usize).min(sampled.len().saturating_sub(1))).copied().unwrap_or_default();
    let low = if place < margin { f64::NEG_INFINITY } else { at(place - margin) };
    let high = if place + margin >= size { f64::INFINITY } else { at(place + margin) };
    (low, at(place), high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::stats::quantile;

    fn estimate(a: &[f64], b: &[f64], level: f64) -> HodgesLehmann {
        hodges_lehmann(Sample::new(a).unwrap(), Sample::new(b).unwrap(), level)
    }

    fn all(a: &[f64], b: &[f64]) -> Vec<f64> {
        let mut all: Vec<f64> = a.iter().flat_map(|x| b.iter().map(move |y| x - y)).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn selection_finds_every_rank() {
        let mut rng = SplitMix64::new(3);
        for ties in [1.0, 8.0, 1e9] {
            let mut draw = |n| (0..n).map(|_| (rng.unit() * ties).floor() / ties).collect::<Vec<f64>>();
            let (a, b) = (draw(230), draw(170));
            let all = all(&a, &b);
            let (a, b) = (Sample::new(&a).unwrap().sorted(), Sample::new(&b).unwrap().sorted());
            let differences = Differences { first: a.values(), second: b.values() };
            for rank in (0..all.len()).step_by(997).chain([all.len() - 1]) {
                assert_eq!(differences.select(wide(rank)).total_cmp(&all[rank]), std::cmp::Ordering::Equal, "{ties} {rank}");
            }
        }
    }

    #[test]
    fn three_values_against_three_are_too_few_for_95_percent() {
        let small = estimate(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.95);
        assert!((small.shift + 3.0).abs() < 1e-15);
        assert_eq!(small.interval, None);
        assert!(estimate(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.5], 0.8).interval.is_some());
    }

    #[test]
    fn the_interval_holds_what_the_test_does_not_reject() {
        let (a, b) = ([1.1, 2.3, 3.7, 5.2, 8.9, 4.4, 6.1], [0.3, 1.9, 2.2, 7.7, 0.9, 3.1]);
        let interval = estimate(&a, &b, 0.95).interval.unwrap();
        let p = |shift: f64| {
            let moved: Vec<f64> = a.iter().map(|x| x - shift).collect();
            MannWhitney::of(Sample::new(&moved).unwrap(), Sample::new(&b).unwrap()).exact().unwrap().two_sided
        };
        assert!(p(interval.lower + 1e-9) > 0.05 && p(interval.upper - 1e-9) > 0.05);
        assert!(p(interval.lower - 1e-9) <= 0.05 && p(interval.upper + 1e-9) <= 0.05);
    }

    proptest! {
        #[test]
        fn the_shift_is_the_median_of_all_differences(a in prop::collection::vec(-9..9_i32, 1..60), b in prop::collection::vec(-9..9_i32, 1..60)) {
            let a: Vec<f64> = a.into_iter().map(|x| f64::from(x) / 7.0).collect();
            let b: Vec<f64> = b.into_iter().map(|x| f64::from(x) / 7.0).collect();
            let (one, mirrored) = (estimate(&a, &b, 0.9), estimate(&b, &a, 0.9));
            prop_assert!((one.shift - quantile(&all(&a, &b), 0.5).unwrap()).abs() < 1e-12);
            prop_assert!((one.shift + mirrored.shift).abs() < 1e-12);
            if let Some(interval) = one.interval {
                prop_assert!(interval.contains(one.shift));
            }
        }
    }
}
