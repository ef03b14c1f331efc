//! Pass or fail of the same cases on base and head.

use super::super::{
    sample::count,
    tails::{PValues, binomial_at_least, binomial_pmf},
};

/// How the cases of base and head agree. Only the discordant ones say which is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct McNemar {
    pub both_pass: usize,
    /// Worse on head.
    pub base_only: usize,
    /// Better on head.
    pub head_only: usize,
    pub both_fail: usize,
}

impl McNemar {
    /// From (base passed, head passed) of each case.
    pub fn of(cases: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut table = Self { both_pass: 0, base_only: 0, head_only: 0, both_fail: 0 };
        for case in cases {
            match case {
                (true, true) => table.both_pass += 1,
                (true, false) => table.base_only += 1,
                (false, true) => table.head_only += 1,
                (false, false) => table.both_fail += 1,
            }
        }
        table
    }

    pub fn cases(self) -> usize {
        self.both_pass + self.base_only + self.head_only + self.both_fail
    }

    /// Pass rate of head minus pass rate of base; `None` for no cases.
    pub fn difference(self) -> Option<f64> {
        let better = count(self.head_only) - count(self.base_only);
        (self.cases() > 0).then(|| better / count(self.cases()))
    }

    /// The exact test (`McNemar` 1947; Fay 2010): `less` is P(X ≥ base only), the evidence that head is worse, `greater`
    /// that it is better, X ~ Bin(discordant, ½). 1 throughout when no case is discordant.
    pub fn exact(self) -> PValues {
        let n = self.base_only + self.head_only;
        PValues::doubled(binomial_at_least(self.base_only, n, 0.5), binomial_at_least(self.head_only, n, 0.5))
    }

    /// Head is worse, one-sided.
    pub fn p_head_worse(self) -> f64 {
        self.exact().less
    }

    /// Half of the observed probability left out (Fagerland, Lydersen and Laake 2013): closer to the level, may pass it
    /// by a little. Two-sided it is 1 − ½P(X = b) when equally many are better and worse. 1 when no case is discordant.
    pub fn mid_p(self) -> PValues {
        let n = self.base_only + self.head_only;
        if n == 0 {
            return PValues::NO_EVIDENCE;
        }
        let half = binomial_pmf(self.base_only, n, 0.5) / 2.0;
        let exact = self.exact();
        let p = PValues::doubled(exact.less - half, exact.greater - half);
        if self.base_only == self.head_only { PValues { two_sided: 1.0 - half, ..p } } else { p }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cases_are_counted() {
        let table = McNemar::of([(true, true), (true, false), (true, false), (false, true), (false, false)]);
        assert_eq!(table, McNemar { both_pass: 1, base_only: 2, head_only: 1, both_fail: 1 });
        assert!((table.difference().unwrap() + 0.2).abs() < 1e-15);
        assert!((table.p_head_worse() - 0.5).abs() < 1e-15);
    }

    #[test]
    fn no_discordant_case_is_no_evidence() {
        let table = McNemar { both_pass: 9, base_only: 0, head_only: 0, both_fail: 1 };
        assert_eq!(table.exact(), PValues::NO_EVIDENCE);
        assert_eq!(table.mid_p(), PValues::NO_EVIDENCE);
        assert_eq!(McNemar::of([]).difference(), None);
    }

    proptest! {
        #[test]
        fn values_are_sound(worse in 0..3_000_usize, better in 0..3_000_usize) {
            let table = McNemar { both_pass: 0, base_only: worse, head_only: better, both_fail: 0 };
            let turned = McNemar { base_only: better, head_only: worse, ..table };
            for p in [table.exact(), table.mid_p()] {
                for value in [p.two_sided, p.less, p.greater] {
                    prop_assert!((0.0..=1.0).contains(&value));
                }
            }
            prop_assert!((table.exact().less - turned.exact().greater).abs() < 1e-14);
        }
    }
}
