//! Fisher's exact test.

use super::{
    super::{sample::count, tails::PValues},
    Rate,
};

/// Fisher's exact test of equal pass rates (Fisher 1935), given all margins. `less`: the first passes less often.
/// Two-sided adds up the tables that are at most as probable as the observed one, within a relative 10⁻⁷ (as R and
/// `SciPy` do). 1 throughout when all passed or all failed.
pub fn fisher(first: Rate, second: Rate) -> PValues {
    let weights = weights(first.runs(), second.runs(), first.passed() + second.passed());
    let at = first.passed() - weights.lowest;
    let observed = weights.relative.get(at).copied().unwrap_or_default();
    let total: f64 = weights.relative.iter().sum();
    let sum = |values: &mut dyn Iterator<Item = &f64>| (values.sum::<f64>() / total).clamp(0.0, 1.0);
    PValues {
        two_sided: sum(&mut weights.relative.iter().filter(|&&x| x <= observed * (1.0 + 1e-7))),
        less: sum(&mut weights.relative.iter().take(at + 1)),
        greater: sum(&mut weights.relative.iter().skip(at)),
    }
}

/// The hypergeometric distribution of the first count, relative to its largest probability: no factorials, no
/// cancellation.
pub(super) struct Weights {
    pub(super) lowest: usize,
    pub(super) relative: Vec<f64>,
}

pub(super) fn weights(first: usize, second: usize, passed: usize) -> Weights {
    let (lowest, highest) = (passed.saturating_sub(second), first.min(passed));
    // P(x + 1)/P(x)
    let ratio = |x: usize| count(first - x) * count(passed - x) / (count(x + 1) * count(second + x + 1 - passed));
    // The ratio falls: the mode is the first x whose successor is not larger.
    let mode = (lowest..highest).find(|&x| ratio(x) <= 1.0).unwrap_or(highest);
    let down = (lowest..mode).rev().scan(1.0, |value, x| {
        *value /= ratio(x);
        Some(*value)
    });
    let mut relative: Vec<f64> = down.collect();
    relative.reverse();
    relative.push(1.0);
    relative.extend((mode..highest).scan(1.0, |value, x| {
        *value *= ratio(x);
        Some(*value)
    }));
    Weights { lowest, relative }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lady_tasting_tea() {
        // 3 of 4 right: 17/70 one-sided, 34/70 two-sided.
        let p = fisher(Rate::new(3, 4).unwrap(), Rate::new(1, 4).unwrap());
        assert!((p.greater - 17.0 / 70.0).abs() < 1e-15 && (p.two_sided - 34.0 / 70.0).abs() < 1e-15);
    }

    #[test]
    fn all_passed_is_no_evidence() {
        assert_eq!(fisher(Rate::new(5, 5).unwrap(), Rate::new(9, 9).unwrap()), PValues::NO_EVIDENCE);
        assert_eq!(fisher(Rate::new(0, 5).unwrap(), Rate::new(0, 1).unwrap()), PValues::NO_EVIDENCE);
    }

    proptest! {
        #[test]
        fn values_are_sound(n in 1..400_usize, m in 1..400_usize, x in 0.0..=1.0_f64, y in 0.0..=1.0_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
            let part = |share: f64, n: usize| Rate::new((share * count(n)) as usize, n).unwrap();
            let (one, two) = (part(x, n), part(y, m));
            let (p, q) = (fisher(one, two), fisher(two, one));
            for value in [p.two_sided, p.less, p.greater] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            prop_assert!((p.less - q.greater).abs() < 1e-12 && (p.two_sided - q.two_sided).abs() < 1e-12);
        }
    }
}
