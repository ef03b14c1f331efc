//! The two-sample test of Kolmogorov and Smirnov: do whole distributions differ?

use super::{
    super::{
        sample::{Sample, count},
        tails::PValues,
    },
    kolmogorov::{kolmogorov_limit_sf, kolmogorov_sf},
    merged::{Merged, wide},
};

/// The largest n₁·n₂ for which the exact distribution is the default, and the largest for which it is offered.
const EXACT_BY_DEFAULT: u64 = 40_000;
const EXACT_OFFERED: u64 = 25_000_000;

/// The largest distances between the two empirical distribution functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KolmogorovSmirnov {
    merged: Merged,
}

impl KolmogorovSmirnov {
    /// O(n log n).
    pub fn of(first: Sample<'_>, second: Sample<'_>) -> Self {
        Self::of_merged(Merged::of(&first.sorted(), &second.sorted()))
    }

    /// From an order computed before.
    pub fn of_merged(merged: Merged) -> Self {
        Self { merged }
    }

    /// max |F₁ − F₂|.
    pub fn d(&self) -> f64 {
        self.share(self.steps())
    }

    /// max (F₁ − F₂): large when the first is smaller.
    pub fn d_first_smaller(&self) -> f64 {
        self.share(self.merged.above)
    }

    /// max (F₂ − F₁): large when the first is larger.
    pub fn d_first_larger(&self) -> f64 {
        self.share(self.merged.below)
    }

    /// Exact up to n₁·n₂ = 40,000, else asymptotic.
    pub fn p(&self) -> PValues {
        let small = self.pairs() <= EXACT_BY_DEFAULT;
        if small { self.exact().unwrap_or_else(|| self.asymptotic()) } else { self.asymptotic() }
    }

    /// The exact probabilities for continuous distributions (ties make them conservative): the share of all orders that
    /// reach the distance, as a random walk in which what leaves the band is collected (Hodges 1957). Only sums of
    /// positive terms, so small tails keep their digits. `None` for n₁·n₂ above 25 million.
    ///
    /// `less` is about the first being smaller, `greater` about it being larger.
    pub fn exact(&self) -> Option<PValues> {
        if self.pairs() > EXACT_OFFERED {
            return None;
        }
        let (n, m) = (self.merged.first, self.merged.second);
        let reach = |above, below| leaving(n, m, above, below);
        Some(PValues {
            two_sided: reach(Some(self.steps()), Some(self.steps())),
            less: reach(Some(self.merged.above), None),
            greater: reach(None, Some(self.merged.below)),
        })
    }

    /// Two-sided: the one-sample distribution of Kolmogorov for round(n₁n₂/(n₁+n₂)) values (as `SciPy` does). One-sided:
    /// exp(−2z² − 2z(m + 2n)/(3√(mn(m+n)))), m the larger size (Hodges 1957, eq. 5.3).
    pub fn asymptotic(&self) -> PValues {
        let (n, m) = (count(self.merged.first), count(self.merged.second));
        let values = (n * m / (n + m)).round_ties_even().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let two_sided = kolmogorov_sf(values as usize, self.d());
        PValues { two_sided, less: self.hodges(self.d_first_smaller()), greater: self.hodges(self.d_first_larger()) }
    }

    /// Two-sided by the limiting distribution Q(√(n₁n₂/(n₁+n₂))·D) (Kolmogorov 1933).
    pub fn limit_p(&self) -> f64 {
        let (n, m) = (count(self.merged.first), count(self.merged.second));
        kolmogorov_limit_sf((n * m / (n + m)).sqrt() * self.d())
    }

    fn hodges(&self, d: f64) -> f64 {
        let (one, two) = (count(self.merged.first), count(self.merged.second));
        let (large, small) = (one.max(two), one.min(two));
        let z = (large * small / (large + small)).sqrt() * d;
        let correction = 2.0 * z * (large + 2.0 * small) / (large * small * (large + small)).sqrt() / 3.0;
        (-2.0 * z * z - correction).exp().clamp(0.0, 1.0)
    }

    fn steps(&self) -> u64 {
        self.merged.above.max(self.merged.below)
    }

    fn pairs(&self) -> u64 {
        wide(self.merged.first).saturating_mul(wide(self.merged.second))
    }

    #[expect(clippy::cast_precision_loss, reason = "rounded once, as a number")]
    fn share(&self, steps: u64) -> f64 {
        steps as f64 / self.pairs() as f64
    }
}

/// The probability that a random order of n first and m second values reaches i·m − j·n ≥ `above` or ≤ −`below`.
fn leaving(n: usize, m: usize, above: Option<u64>, below: Option<u64>) -> f64 {
    if above == Some(0) || below == Some(0) {
        return 1.0;
    }
    let (wide_n, wide_m) = (wide(n), wide(m));
    // The j that are inside for a given i: i·m − j·n < above and j·n − i·m < below.
    let inside = |i: usize| {
        let reached = wide(i) * wide_m;
        let low = above.map_or(0, |above| if reached < above { 0 } else { (reached - above) / wide_n + 1 });
        let high = below.map_or(wide_m, |below| ((reached + below - 1) / wide_n).min(wide_m));
        (index(low), index(high))
    };
    let mut left = 0.0;
    // mass[j]: the probability of being at (i, j) without having left.
    let mut mass = vec![0.0; m + 2];
    if let Some(start) = mass.first_mut() {
        *start = 1.0;
    }
    // By how many values are left: one division each instead of one per cell.
    let inverses: Vec<f64> = (0..=n + m).map(|rest| if rest == 0 { 0.0 } else { 1.0 / count(rest) }).collect();
    for i in 0..=n {
        let (low, high) = inside(i);
        let (next_low, next_high) = if i < n { inside(i + 1) } else { (m + 1, m + 1) };
        let mut from_left = 0.0;
        let rest = n - i + m;
        let inverses = inverses.get(rest - high..=rest - low).unwrap_or_default().iter().rev();
        for ((j, cell), inverse) in mass.iter_mut().enumerate().take(high + 1).skip(low).zip(inverses) {
            let here = *cell + from_left;
            let up = here * (inverse * count(n - i));
            let right = here * (inverse * count(m - j));
            from_left = right;
            if j == high && j < m {
                left += right;
            }
            // Upwards to (i + 1, j).
            *cell = if i < n && (j < next_low || j > next_high) {
                left += up;
                0.0
            } else {
                up
            };
        }
    }
    left.clamp(0.0, 1.0)
}

fn index(j: u64) -> usize {
    usize::try_from(j).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn test(a: &[f64], b: &[f64]) -> KolmogorovSmirnov {
        KolmogorovSmirnov::of(Sample::new(a).unwrap(), Sample::new(b).unwrap())
    }

    #[test]
    fn separated_samples_leave_one_order_in_each_direction() {
        let separated = test(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((separated.d() - 1.0).abs() < 1e-15);
        let p = separated.exact().unwrap();
        assert!((p.two_sided - 2.0 / 252.0).abs() < 1e-15 && (p.less - 1.0 / 252.0).abs() < 1e-15);
        assert!((p.greater - 1.0).abs() < 1e-15);
    }

    #[test]
    fn identical_samples_are_no_evidence() {
        let identical = test(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
        assert_eq!(identical.p(), PValues::NO_EVIDENCE);
        assert_eq!(identical.asymptotic(), PValues::NO_EVIDENCE);
    }

    #[test]
    fn the_walk_agrees_with_counting_equal_sizes() {
        // P(D ≥ h/n) = 2·Σ (−1)^(k+1) C(2n, n − kh)/C(2n, n) (Gnedenko and Korolyuk 1951), n = 6, h = 3.
        let (all, three, six) = (924.0, 220.0, 1.0);
        assert!((leaving(6, 6, Some(18), Some(18)) - 2.0 * (three - six) / all).abs() < 1e-14);
        assert!((leaving(6, 6, Some(18), None) - three / all).abs() < 1e-14);
    }

    proptest! {
        #[test]
        fn values_are_sound(a in prop::collection::vec(-20..20_i32, 1..30), b in prop::collection::vec(-20..20_i32, 1..30)) {
            let a: Vec<f64> = a.into_iter().map(f64::from).collect();
            let b: Vec<f64> = b.into_iter().map(f64::from).collect();
            let (one, mirrored) = (test(&a, &b), test(&b, &a));
            for p in [one.exact().unwrap(), one.asymptotic()] {
                for value in [p.two_sided, p.less, p.greater] {
                    prop_assert!((0.0..=1.0).contains(&value));
                }
            }
            let (p, q) = (one.exact().unwrap(), mirrored.exact().unwrap());
            prop_assert!((p.less - q.greater).abs() < 1e-12 && (p.two_sided - q.two_sided).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&one.limit_p()));
        }
    }
}
