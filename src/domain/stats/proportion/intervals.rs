//! Confidence intervals of pass rates and of their differences.

use super::{
    super::{
        paired::mcnemar::McNemar,
        sample::count,
        tails::{Interval, binomial_at_least, normal_upper, sane_level},
    },
    Rate, TableError,
};

/// Wilson's score interval (Wilson 1927): short, and within 0 and 1.
pub fn wilson(rate: Rate, level: f64) -> Interval {
    let z = normal_upper((1.0 - sane_level(level)) / 2.0);
    let (n, p) = (count(rate.runs()), rate.share());
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let width = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // Exactly 0 or 1 at the ends, which rounding would miss.
    let lower = if rate.passed() == 0 { 0.0 } else { (centre - width).max(0.0) };
    let upper = if rate.failed() == 0 { 1.0 } else { (centre + width).min(1.0) };
    Interval { lower, upper }
}

/// The exact interval of Clopper and Pearson (1934): never below its level, so long.
pub fn clopper_pearson(rate: Rate, level: f64) -> Interval {
    let tail = (1.0 - sane_level(level)) / 2.0;
    let (x, n) = (rate.passed(), rate.runs());
    // P(X ≥ x) grows with the rate: the lower bound is where it reaches the tail.
    let solve = |k: usize| bisect(|p| binomial_at_least(k, n, p) >= tail);
    let lower = if x == 0 { 0.0 } else { solve(x) };
    let upper = if x == n { 1.0 } else { 1.0 - solve(n - x) };
    Interval { lower, upper }
}

/// The smallest p in 0 … 1 for which a condition that stays true holds, to the last bits.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..1_100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

/// The difference first − second of independent pass rates by combining Wilson's intervals (Newcombe 1998, method 10 of
/// "Interval estimation for the difference between independent proportions").
pub fn newcombe(first: Rate, second: Rate, level: f64) -> Interval {
    let (one, two) = (wilson(first, level), wilson(second, level));
    let (p, q) = (first.share(), second.share());
    Interval { lower: (p - q) - (p - one.lower).hypot(two.upper - q), upper: (p - q) + (one.upper - p).hypot(q - two.lower) }
}

/// The difference head − base of pass rates of the same cases: Wilson's intervals of both, combined with the correlation
/// φ of the outcomes (Newcombe 1998, method 10 of "Improved confidence intervals for the difference between binomial
/// proportions based on paired data"). φ is continuity-corrected when positive, and 0 when a margin is empty.
///
/// Errors: no cases.
pub fn newcombe_paired(table: McNemar, level: f64) -> Result<Interval, TableError> {
    let n = table.cases();
    let head = Rate::new(table.both_pass + table.head_only, n)?;
    let base = Rate::new(table.both_pass + table.base_only, n)?;
    let (one, two) = (wilson(head, level), wilson(base, level));
    let (p, q) = (head.share(), base.share());
    let phi = correlation(table);
    let width = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let difference = (count(table.head_only) - count(table.base_only)) / count(n);
    Ok(Interval {
        lower: (difference - width(p - one.lower, two.upper - q)).max(-1.0),
        upper: (difference + width(one.upper - p, q - two.lower)).min(1.0),
    })
}

fn correlation(table: McNemar) -> f64 {
    let [e, f, g, h] = [table.both_pass, table.base_only, table.head_only, table.both_fail].map(count);
    let margins = (e + f) * (g + h) * (e + g) * (f + h);
    if margins <= 0.0 {
        return 0.0;
    }
    let agreement = e * h - f * g;
    let corrected = if agreement > 0.0 { (agreement - (e + f + g + h) / 2.0).max(0.0) } else { agreement };
    corrected / margins.sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(passed: usize, runs: usize) -> Rate {
        Rate::new(passed, runs).unwrap()
    }

    fn near(interval: Interval, lower: f64, upper: f64, within: f64) {
        assert!((interval.lower - lower).abs() < within && (interval.upper - upper).abs() < within, "{interval:?}");
    }

    #[test]
    fn the_ends_are_exact() {
        near(clopper_pearson(rate(0, 10), 0.95), 0.0, 1.0 - 0.025_f64.powf(0.1), 1e-14);
        near(clopper_pearson(rate(10, 10), 0.95), 0.025_f64.powf(0.1), 1.0, 1e-14);
        assert!(wilson(rate(0, 10), 0.95).lower == 0.0 && (wilson(rate(10, 10), 0.95).upper - 1.0).abs() == 0.0);
    }

    #[test]
    fn the_published_examples_of_newcombe_come_out() {
        // Newcombe 1998, Table II of the paper on independent proportions: 56/70 − 48/80, method 10.
        near(newcombe(rate(56, 70), rate(48, 80), 0.95), 0.0524, 0.3339, 5e-5);
    }

    #[test]
    fn agreement_shortens_the_paired_interval() {
        let table = |both_pass, base_only, head_only, both_fail| McNemar { both_pass, base_only, head_only, both_fail };
        let width = |interval: Interval| interval.upper - interval.lower;
        let paired = newcombe_paired(table(70, 6, 2, 22), 0.95).unwrap();
        assert!(paired.contains(-0.04) && width(paired) < width(newcombe(rate(72, 100), rate(76, 100), 0.95)));
        // Uncorrelated outcomes: the interval of independent rates.
        let independent = newcombe_paired(table(25, 25, 25, 25), 0.95).unwrap();
        let expected = newcombe(rate(50, 100), rate(50, 100), 0.95);
        near(independent, expected.lower, expected.upper, 1e-14);
        assert_eq!(newcombe_paired(table(0, 0, 0, 0), 0.95), Err(TableError::Empty));
        // Nothing discordant still has a width.
        let same = newcombe_paired(table(10, 0, 0, 0), 0.95).unwrap();
        assert!(same.lower < 0.0 && same.upper > 0.0);
    }

    proptest! {
        #[test]
        fn intervals_hold_their_estimate(n in 1..200_usize, m in 1..200_usize, x in 0..200_usize, y in 0..200_usize, level in 0.5..0.999_f64) {
            let (one, two) = (rate(x.min(n), n), rate(y.min(m), m));
            for interval in [wilson(one, level), clopper_pearson(one, level)] {
                prop_assert!(interval.contains(one.share()) && interval.lower >= 0.0 && interval.upper <= 1.0);
            }
            let (difference, mirrored) = (newcombe(one, two, level), newcombe(two, one, level));
            prop_assert!(difference.contains(one.share() - two.share()));
            prop_assert!((difference.lower + mirrored.upper).abs() < 1e-12);
        }
    }
}
