//! Boschloo's exact test.

use super::{
    super::{
        sample::count,
        tails::{PValues, binomial_pmf},
    },
    Rate,
    fisher::{fisher, weights},
};

/// How finely the common pass rate is searched at first.
const GRID: u32 = 256;

/// Boschloo's unconditional exact test of equal pass rates (Boschloo 1970): Fisher's one-sided p-value as the statistic,
/// the supremum over the unknown common rate. Never less powerful than Fisher's test. `less`: the first passes less
/// often; two-sided is twice the smaller (as `SciPy` does).
///
/// O((n₁ + n₂)·min(n₁, n₂)) and a search; meant for up to some thousand runs, use [`fisher`] beyond.
pub fn boschloo(first: Rate, second: Rate) -> PValues {
    let observed = fisher(first, second);
    PValues::doubled(one_sided(first, second, observed.less, false), one_sided(first, second, observed.greater, true))
}

fn one_sided(first: Rate, second: Rate, observed: f64, upper: bool) -> f64 {
    let all = first.runs() + second.runs();
    let limit = observed * (1.0 + 1e-12);
    // Given how many passed in all, the tables at least as extreme are a tail: its probability is the largest of
    // Fisher's values that does not pass the observed one.
    let tails: Vec<f64> = (0..=all).map(|passed| largest_tail(first.runs(), second.runs(), passed, limit, upper)).collect();
    let probability = |rate: f64| -> f64 { tails.iter().enumerate().map(|(k, tail)| tail * binomial_pmf(k, all, rate)).sum() };
    let at = |i: u32| f64::from(i) / f64::from(GRID);
    let values: Vec<f64> = (0..=GRID).map(|i| probability(at(i))).collect();
    let best = values.iter().copied().fold(0.0, f64::max);
    // Every peak that could still be the highest is climbed; the ends of the grid are no inner peaks.
    let high = |around: &&[f64]| matches!(around, [left, peak, right] if left <= peak && right <= peak && *peak > 0.9 * best);
    let peaks = (1..GRID).zip(values.windows(3)).filter(|(_, around)| high(around)).map(|(i, _)| i);
    peaks.fold(best, |best, i| best.max(climb(&probability, at(i - 1), at(i + 1)))).min(1.0)
}

fn largest_tail(first: usize, second: usize, passed: usize, limit: f64, upper: bool) -> f64 {
    let mut relative = weights(first, second, passed).relative;
    let total: f64 = relative.iter().sum();
    if upper {
        relative.reverse();
    }
    let tails = relative.iter().scan(0.0, |sum, x| {
        *sum += x;
        Some(*sum / total)
    });
    tails.take_while(|&tail| tail <= limit).last().unwrap_or(0.0)
}

/// The maximum between two places by golden sections.
fn climb(f: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let section = (5.0_f64.sqrt() - 1.0) / 2.0;
    let mut best = 0.0_f64;
    for _ in 0..16 {
        let (left, right) = (high - section * (high - low), low + section * (high - low));
        let (at_left, at_right) = (f(left), f(right));
        best = best.max(at_left).max(at_right);
        if at_left > at_right { high = right } else { low = left }
    }
    best
}

/// Whether a table is small enough for [`boschloo`] to answer at once.
pub fn is_quick(first: Rate, second: Rate) -> bool {
    count(first.runs() + second.runs()) * count(first.runs().min(second.runs())) <= 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_lies_below_that_of_fisher() {
        let (one, two) = (Rate::new(7, 15).unwrap(), Rate::new(12, 15).unwrap());
        let (exact, conditional) = (boschloo(one, two), fisher(one, two));
        assert!(exact.less < conditional.less && exact.less > 0.5 * conditional.less);
        assert!((boschloo(two, one).greater - exact.less).abs() < 1e-12);
    }

    #[test]
    fn all_passed_is_no_evidence() {
        let all = Rate::new(5, 5).unwrap();
        assert!(boschloo(all, all).two_sided > 0.999_999);
        assert!(is_quick(all, all));
    }
}
