//! The signed-rank test of Wilcoxon.

use super::super::{
    sample::{Sample, count, equal},
    tails::{PValues, normal_sf},
};

/// The largest number of differences for which the exact distribution is offered: 2⁵⁰ sign patterns.
pub const EXACT_LIMIT: usize = 50;

/// What happens to differences of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// They are dropped before ranking (Wilcoxon 1945).
    Dropped,
    /// They are ranked, then their ranks are dropped (Pratt 1959): zeros weigh against small differences.
    Pratt,
}

/// Rank sums of the positive and of the negative differences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    pub w_plus: f64,
    pub w_minus: f64,
    /// Differences other than zero.
    pub nonzero: usize,
    pub zeros: usize,
    pub has_ties: bool,
    rule: Zeros,
    /// Σ (t³ − t) over groups of equal sizes other than zero.
    ties: f64,
}

impl Wilcoxon {
    /// O(n log n).
    pub fn of(differences: Sample<'_>, rule: Zeros) -> Self {
        let mut values: Vec<f64> = differences.values().to_vec();
        values.sort_unstable_by(|x, y| x.abs().total_cmp(&y.abs()));
        let zeros = values.iter().take_while(|&&x| x == 0.0).count();
        let mut rank = if rule == Zeros::Pratt { count(zeros) } else { 0.0 };
        let nonzero = values.get(zeros..).unwrap_or_default();
        let mut test = Self { w_plus: 0.0, w_minus: 0.0, nonzero: nonzero.len(), zeros, has_ties: false, rule, ties: 0.0 };
        for group in nonzero.chunk_by(|x, y| equal(x.abs(), y.abs())) {
            let t = count(group.len());
            let positive = count(group.iter().filter(|&&x| x > 0.0).count());
            let middle = rank + f64::midpoint(t, 1.0);
            test.w_plus += middle * positive;
            test.w_minus += middle * (t - positive);
            test.ties += t * t * t - t;
            test.has_ties |= group.len() > 1;
            rank += t;
        }
        test
    }

    /// The usual choice: exact up to 50 differences without ties and zeros, else approximate without continuity (what
    /// `SciPy` does). `None` when every difference is zero.
    pub fn p(&self) -> Option<PValues> {
        self.exact().or_else(|| self.approximate())
    }

    /// The exact distribution over all signs (Wilcoxon 1945). `None` with ties, zeros, or more than 50 differences.
    pub fn exact(&self) -> Option<PValues> {
        if self.has_ties || self.zeros > 0 || self.nonzero > EXACT_LIMIT || self.nonzero == 0 {
            return None;
        }
        let n = self.nonzero;
        // How many sets of ranks add up to each sum.
        let mut counts = vec![0_u64; n * (n + 1) / 2 + 1];
        if let Some(empty) = counts.first_mut() {
            *empty = 1;
        }
        for rank in 1..=n {
            for sum in (rank..counts.len()).rev() {
                let without = counts.get(sum - rank).copied().unwrap_or_default();
                if let Some(with) = counts.get_mut(sum) {
                    *with += without;
                }
            }
        }
        let total: u64 = counts.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "rounded once")]
        let upto = |w: f64| {
            let sums = counts.iter().zip(0_u32..).take_while(|&(_, sum)| f64::from(sum) <= w);
            sums.map(|(n, _)| n).sum::<u64>() as f64 / total as f64
        };
        Some(PValues::doubled(upto(self.w_plus), upto(self.w_minus)))
    }

    /// The normal approximation with the variance corrected for ties and, by Pratt, for zeros (Cureton 1967). `None`
    /// when every difference is zero.
    pub fn approximate(&self) -> Option<PValues> {
        self.normal(0.0)
    }

    /// The same with a continuity correction of ½.
    pub fn approximate_with_continuity(&self) -> Option<PValues> {
        self.normal(0.5)
    }

    fn normal(&self, continuity: f64) -> Option<PValues> {
        let moments = |n: f64| (n * (n + 1.0) / 4.0, n * (n + 1.0) * (2.0 * n + 1.0));
        let (mean, spread) = match self.rule {
            Zeros::Dropped => moments(count(self.nonzero)),
            Zeros::Pratt => {
                let (all, zeros) = (moments(count(self.nonzero + self.zeros)), moments(count(self.zeros)));
                (all.0 - zeros.0, all.1 - zeros.1)
            }
        };
        let sigma = ((spread - self.ties / 2.0) / 24.0).sqrt();
        if self.nonzero == 0 || sigma <= 0.0 {
            return None;
        }
        let upper = |w: f64| normal_sf((w - mean - continuity) / sigma);
        let (less, greater) = (upper(self.w_minus), upper(self.w_plus));
        Some(PValues { two_sided: (2.0 * less.min(greater)).min(1.0), less, greater })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn test(values: &[f64], rule: Zeros) -> Wilcoxon {
        Wilcoxon::of(Sample::new(values).unwrap(), rule)
    }

    #[test]
    fn zeros_take_the_lowest_ranks_of_pratt() {
        let (dropped, pratt) = (test(&[0.0, 1.0, -2.0], Zeros::Dropped), test(&[0.0, 1.0, -2.0], Zeros::Pratt));
        assert!(equal(dropped.w_plus, 1.0) && equal(dropped.w_minus, 2.0));
        assert!(equal(pratt.w_plus, 2.0) && equal(pratt.w_minus, 3.0));
        assert_eq!(pratt.exact(), None);
    }

    #[test]
    fn only_zeros_have_no_value() {
        assert_eq!(test(&[0.0; 5], Zeros::Pratt).p(), None);
        assert_eq!(test(&[0.0; 5], Zeros::Dropped).p(), None);
    }

    #[test]
    fn five_positive_differences_are_one_of_32_patterns() {
        let p = test(&[1.0, 2.0, 3.0, 4.0, 5.0], Zeros::Pratt).p().unwrap();
        assert!((p.greater - 1.0 / 32.0).abs() < 1e-15 && (p.two_sided - 2.0 / 32.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn values_are_sound(d in prop::collection::vec(-20..20_i32, 1..70), pratt in any::<bool>(), scale in 0.001..1e6_f64) {
            let rule = if pratt { Zeros::Pratt } else { Zeros::Dropped };
            let d: Vec<f64> = d.into_iter().map(f64::from).collect();
            let negated: Vec<f64> = d.iter().map(|x| -x).collect();
            let scaled: Vec<f64> = d.iter().map(|x| x * scale).collect();
            let one = test(&d, rule);
            prop_assert_eq!(test(&scaled, rule), one);
            for p in [one.exact(), one.approximate(), one.approximate_with_continuity()].into_iter().flatten() {
                for value in [p.two_sided, p.less, p.greater] {
                    prop_assert!((0.0..=1.0).contains(&value));
                }
            }
            if let (Some(p), Some(q)) = (one.p(), test(&negated, rule).p()) {
                prop_assert!((p.less - q.greater).abs() < 1e-14 && (p.two_sided - q.two_sided).abs() < 1e-14);
            }
        }
    }
}
