//! What repeats of one case say: pass@k and pass^k.
//!
//! Of n answers c passed. [`at_least_one`] is the chance that at least one of k answers passes (pass@k), 1 − C(n−c, k)/C(n, k): Chen et al.,
//! arXiv 2107.03374, eq. 1. [`every_one`] is the chance that each of k answers passes (pass^k), C(c, k)/C(n, k): Yao et al., arXiv 2406.12045,
//! §5. Both are unbiased for a number of answers that was fixed before; C is multiplied out factor by factor, so nothing overflows.
//!
//! `None`: k is 0 or above n, or c above n.

use super::sample::count;

/// At least one of k answers passes.
pub fn at_least_one(n: usize, c: usize, k: usize) -> Option<f64> {
    Some(1.0 - every_one(n, n.checked_sub(c)?, k)?)
}

/// Each of k answers passes.
pub fn every_one(n: usize, c: usize, k: usize) -> Option<f64> {
    if k == 0 || k > n || c > n {
        return None;
    }
    if c < k {
        return Some(0.0);
    }
    Some((0..k).map(|taken| count(c - taken) / count(n - taken)).product())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choose(n: usize, k: usize) -> f64 {
        if k > n { 0.0 } else { (0..k).fold(1.0, |product, i| product * count(n - i) / count(i + 1)) }
    }

    #[test]
    fn worked_by_hand() {
        // Of 5 answers 2 passed. Two answers: C(3,2)/C(5,2) = 3/10 that both fail, C(2,2)/C(5,2) = 1/10 that both pass.
        assert!((at_least_one(5, 2, 2).unwrap() - 0.7).abs() < 1e-15);
        assert!((every_one(5, 2, 2).unwrap() - 0.1).abs() < 1e-15);
        assert!((at_least_one(5, 2, 1).unwrap() - 0.4).abs() < 1e-15 && (every_one(5, 2, 1).unwrap() - 0.4).abs() < 1e-15);
        assert_eq!((at_least_one(5, 2, 4), every_one(5, 2, 3)), (Some(1.0), Some(0.0)));
        assert_eq!((at_least_one(3, 0, 3), every_one(3, 3, 3)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn nonsense_has_no_answer() {
        assert_eq!((at_least_one(5, 2, 0), every_one(5, 2, 6), at_least_one(2, 3, 1), every_one(2, 3, 1)), (None, None, None, None));
    }

    #[test]
    fn both_are_unbiased() {
        // Over all outcomes of n answers that pass with chance p, the mean is 1 − (1 − p)^k and p^k.
        for (n, p) in [(4_usize, 0.3_f64), (7, 0.85)] {
            for k in 1..=n {
                let chance = |c: usize| choose(n, c) * p.powi(i32::try_from(c).unwrap()) * (1.0 - p).powi(i32::try_from(n - c).unwrap());
                let mean = |of: fn(usize, usize, usize) -> Option<f64>| (0..=n).map(|c| chance(c) * of(n, c, k).unwrap()).sum::<f64>();
                let power = i32::try_from(k).unwrap();
                assert!((mean(at_least_one) - (1.0 - (1.0 - p).powi(power))).abs() < 1e-12);
                assert!((mean(every_one) - p.powi(power)).abs() < 1e-12);
            }
        }
    }

    proptest! {
        #[test]
        fn shares_are_shares_and_go_apart_with_k(n in 1_usize..2_000, part in 0.0..=1.0_f64, k in 1_usize..50) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of n")]
            let c = (count(n) * part) as usize;
            prop_assume!(k < n);
            let (one, two) = ((at_least_one(n, c, k).unwrap(), every_one(n, c, k).unwrap()), (at_least_one(n, c, k + 1).unwrap(), every_one(n, c, k + 1).unwrap()));
            prop_assert!((0.0..=1.0).contains(&one.0) && (0.0..=1.0).contains(&one.1));
            prop_assert!(two.0 >= one.0 - 1e-12 && two.1 <= one.1 + 1e-12 && one.1 <= one.0 + 1e-12);
            prop_assert!((every_one(n, c, k).unwrap() - choose(c, k) / choose(n, k)).abs() < 1e-9);
        }
    }
}
