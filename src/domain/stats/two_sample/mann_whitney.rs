//! The rank-sum test of Mann, Whitney and Wilcoxon, and what its statistic says about sizes.

use super::{
    super::{
        sample::{Sample, count},
        tails::{PValues, normal_sf},
    },
    merged::{Merged, wide},
};

/// The largest size of either sample for which the exact distribution is offered.
pub const EXACT_LIMIT: usize = 60;

/// U of the first sample: the number of pairs in which the first is larger, ties counted half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MannWhitney {
    merged: Merged,
}

impl MannWhitney {
    /// O(n log n).
    pub fn of(first: Sample<'_>, second: Sample<'_>) -> Self {
        Self::of_merged(Merged::of(&first.sorted(), &second.sorted()))
    }

    /// From an order computed before.
    pub fn of_merged(merged: Merged) -> Self {
        Self { merged }
    }

    pub fn u_first(&self) -> f64 {
        halved(self.merged.twice_u)
    }

    pub fn u_second(&self) -> f64 {
        halved(self.twice_u_second())
    }

    pub fn has_ties(&self) -> bool {
        self.merged.has_ties()
    }

    /// P(first > second) + ½P(equal) (Vargha and Delaney 2000).
    pub fn a12(&self) -> f64 {
        self.u_first() / halved(self.twice_pairs())
    }

    /// P(first > second) − P(first < second) (Cliff 1993).
    pub fn cliffs_delta(&self) -> f64 {
        let (one, two) = (self.merged.twice_u, self.twice_u_second());
        let difference = halved(one.abs_diff(two)) / halved(self.twice_pairs());
        if one < two { -difference } else { difference }
    }

    /// The usual choice: exact without ties for samples of up to 50, else the normal approximation with continuity.
    pub fn p(&self) -> PValues {
        let small = self.merged.first.max(self.merged.second) <= 50;
        self.exact().filter(|_| small).unwrap_or_else(|| self.asymptotic())
    }

    /// The normal approximation with the variance corrected for ties and a continuity correction of ½ (Mann and Whitney
    /// 1947; Lehmann 1975). 1 throughout when all values are equal.
    pub fn asymptotic(&self) -> PValues {
        self.normal(0.5).unwrap_or(PValues::NO_EVIDENCE)
    }

    /// Without continuity correction; `None` when all values are equal.
    pub fn asymptotic_without_continuity(&self) -> Option<PValues> {
        self.normal(0.0)
    }

    /// The exact distribution of U without ties (Mann and Whitney 1947), from the generating function
    /// Π (1 − qⁿ⁺ⁱ)/(1 − qⁱ) in whole numbers. `None` with ties or more than 60 values in a sample.
    pub fn exact(&self) -> Option<PValues> {
        let (n, m) = (self.merged.first, self.merged.second);
        if self.has_ties() || n.max(m) > EXACT_LIMIT {
            return None;
        }
        let counts = counts_of_u(n, m);
        let total: u128 = counts.iter().sum();
        // Without ties 2·U is even, and the distribution is symmetric: P(U ≥ u) = P(U ≤ nm − u).
        let tail = |twice_u: u128| {
            let upto = usize::try_from(twice_u / 2).unwrap_or(usize::MAX).saturating_add(1);
            halved(2 * counts.iter().take(upto).sum::<u128>()) / halved(2 * total)
        };
        Some(PValues::doubled(tail(self.merged.twice_u), tail(self.twice_u_second())))
    }

    /// The standard deviation of U under the null hypothesis, corrected for ties.
    pub(super) fn sigma(&self) -> f64 {
        let (n, m) = (count(self.merged.first), count(self.merged.second));
        let all = n + m;
        let ties = halved(2 * self.merged.ties) / (all * (all - 1.0));
        (n * m / 12.0 * ((all + 1.0) - ties)).max(0.0).sqrt()
    }

    fn all_equal(&self) -> bool {
        let all = u128::from(wide(self.merged.first + self.merged.second));
        self.merged.ties == all * all * all - all
    }

    fn normal(&self, continuity: f64) -> Option<PValues> {
        if self.all_equal() {
            return None;
        }
        let (mean, sigma) = (halved(self.twice_pairs()) / 2.0, self.sigma());
        let upper = |u: f64| normal_sf((u - mean - continuity) / sigma);
        let (greater, less) = (upper(self.u_first()), upper(self.u_second()));
        Some(PValues { two_sided: (2.0 * less.min(greater)).min(1.0), less, greater })
    }

    fn twice_pairs(&self) -> u128 {
        2 * u128::from(wide(self.merged.first)) * u128::from(wide(self.merged.second))
    }

    fn twice_u_second(&self) -> u128 {
        self.twice_pairs() - self.merged.twice_u
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounded once, as a number")]
fn halved(twice: u128) -> f64 {
    twice as f64 / 2.0
}

/// How many of the orders of n and m values have U = 0, 1, …, n·m. The counts of C(120, 60) orders fit 128 bits;
/// wrapping inside a step is undone within it.
pub(super) fn counts_of_u(n: usize, m: usize) -> Vec<u128> {
    let mut counts = vec![0_u128; n * m + 1];
    if let Some(first) = counts.first_mut() {
        *first = 1;
    }
    for i in 1..=m {
        // · (1 − qⁿ⁺ⁱ), from the top so that each factor meets the old value.
        let step = n + i;
        for index in (step..counts.len()).rev() {
            let lower = counts.get(index - step).copied().unwrap_or_default();
            if let Some(value) = counts.get_mut(index) {
                *value = value.wrapping_sub(lower);
            }
        }
        // / (1 − qⁱ), from the bottom.
        for index in i..counts.len() {
            let lower = counts.get(index - i).copied().unwrap_or_default();
            if let Some(value) = counts.get_mut(index) {
                *value = value.wrapping_add(lower);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn test(a: &[f64], b: &[f64]) -> MannWhitney {
        MannWhitney::of(Sample::new(a).unwrap(), Sample::new(b).unwrap())
    }

    #[test]
    fn counts_add_up_to_all_orders() {
        assert_eq!(counts_of_u(2, 3), [1, 1, 2, 2, 2, 1, 1]);
        // C(120, 60)
        assert_eq!(counts_of_u(60, 60).iter().sum::<u128>(), 96_614_908_840_363_322_603_893_139_521_372_656);
    }

    #[test]
    fn separated_samples_of_five_are_significant() {
        let separated = test(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((separated.p().two_sided - 2.0 / 252.0).abs() < 1e-15);
        assert!((separated.cliffs_delta() + 1.0).abs() < 1e-15);
    }

    #[test]
    fn equal_constants_are_no_evidence() {
        let equal = test(&[0.85; 20], &[0.85; 15]);
        assert_eq!(equal.p(), PValues::NO_EVIDENCE);
        assert_eq!(equal.asymptotic_without_continuity(), None);
        assert_eq!(equal.exact(), None);
        assert!((equal.a12() - 0.5).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn values_are_sound(a in prop::collection::vec(-20..20_i32, 1..30), b in prop::collection::vec(-20..20_i32, 1..30), scale in 0.001..1e6_f64) {
            let a: Vec<f64> = a.into_iter().map(f64::from).collect();
            let b: Vec<f64> = b.into_iter().map(f64::from).collect();
            let (one, mirrored) = (test(&a, &b), test(&b, &a));
            for p in [Some(one.p()), Some(one.asymptotic()), one.asymptotic_without_continuity(), one.exact()].into_iter().flatten() {
                for value in [p.two_sided, p.less, p.greater] {
                    prop_assert!((0.0..=1.0).contains(&value));
                }
            }
            prop_assert!((one.p().less - mirrored.p().greater).abs() < 1e-14);
            prop_assert!((one.cliffs_delta() + mirrored.cliffs_delta()).abs() < 1e-14);
            let scaled: Vec<Vec<f64>> = [&a, &b].iter().map(|x| x.iter().map(|x| x * scale).collect()).collect();
            prop_assert_eq!(test(&scaled[0], &scaled[1]), one);
        }
    }
}
