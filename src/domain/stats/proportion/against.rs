//! One pass rate against a share that was named before: the exact binomial test, both one-sided.
//!
//! `higher` is P(X ≥ passed), the evidence that the true rate is above the share, `lower` is P(X ≤ passed), that it is below;
//! X ~ Bin(runs, share). Runs need not be alike: where each has its own rate, their mean is what is tested, and the tails beyond
//! the mean are at most the binomial ones (Hoeffding, Ann. Math. Stat. 27 (1956) 713, theorem 5). Share outside 0..=1: no evidence.

use super::{super::tails::binomial_at_least, Rate};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    pub higher: f64,
    pub lower: f64,
}

pub fn against(rate: Rate, share: f64) -> Against {
    if !(0.0..=1.0).contains(&share) {
        return Against { higher: 1.0, lower: 1.0 };
    }
    Against {
        higher: binomial_at_least(rate.passed(), rate.runs(), share),
        lower: binomial_at_least(rate.failed(), rate.runs(), 1.0 - share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(passed: usize, runs: usize, share: f64) -> Against {
        against(Rate::new(passed, runs).unwrap(), share)
    }

    #[test]
    fn tails_are_those_of_the_binomial_distribution() {
        // 0.5¹⁰, and 1 − 0.5¹⁰ − 10·0.5¹⁰.
        assert!((of(10, 10, 0.5).higher - 0.5_f64.powi(10)).abs() < 1e-15);
        assert!((of(2, 10, 0.5).higher - (1.0 - 11.0 * 0.5_f64.powi(10))).abs() < 1e-14);
        assert!((of(0, 10, 0.3).lower - 0.7_f64.powi(10)).abs() < 1e-15);
        let both = of(7, 20, 0.4);
        // The value itself counts on both sides: C(20, 7)·0.4⁷·0.6¹³.
        let at = 77_520.0 * 0.4_f64.powi(7) * 0.6_f64.powi(13);
        assert!((both.higher + both.lower - 1.0 - at).abs() < 1e-12, "{both:?}");
    }

    #[test]
    fn the_ends_are_certain() {
        assert_eq!(of(3, 3, 1.0), Against { higher: 1.0, lower: 1.0 });
        assert!(of(2, 3, 1.0).lower <= 0.0, "one failure rules out a rate of 1");
        assert!(of(1, 3, 0.0).higher <= 0.0);
        assert_eq!(of(1, 3, f64::NAN), Against { higher: 1.0, lower: 1.0 });
    }
}
