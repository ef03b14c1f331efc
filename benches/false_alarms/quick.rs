//! What a run decides by, without what only its reports show: the `BCa` interval takes most of the time of a score and decides nothing.
//!
//! About one run of 256 is decided the long way too ([`super::Source::is_checked`]), and must come to the same.

use std::sync::OnceLock;

use prompt_cicd::domain::{
    regression::{Evidence, Margin, Measured, Metric, Rules, Scale, TestName, paired::Pairs},
    stats::{
        paired::sign_flip::{DEFAULT_FLIPS, EXACT_LIMIT, sign_flip},
        rng::SplitMix64,
        sample::Sample,
        tails::PValues,
    },
};

/// So many patterns are drawn first.
const FIRST: usize = 200;
/// Values whose sums with all signs are tabled together.
const TEN: usize = 10;
/// One number has the signs of so many values.
const MOST: usize = 60;

fn worse(metric: &Metric, pairs: &Pairs) -> Vec<f64> {
    pairs.base.iter().zip(&pairs.head).map(|(base, head)| metric.direction.worse(head - base)).collect()
}

fn fail(metric: &Metric) -> f64 {
    match metric.margin {
        Margin::Absolute { fail, .. } => fail,
        Margin::Relative { .. } => unreachable!("a score has points as its margin"),
    }
}

fn against(worse: &[f64], margin: f64, flips: usize, rules: &Rules) -> PValues {
    let snapped = |difference: f64| if difference.abs() <= 1e-12 * margin.abs() { 0.0 } else { difference };
    let shifted: Vec<f64> = worse.iter().map(|x| snapped(x - margin)).collect();
    if !(EXACT_LIMIT + 1..=MOST).contains(&shifted.len()) {
        return sign_flip(Sample::new(&shifted).unwrap(), flips, rules.seed).p;
    }
    let observed: f64 = shifted.iter().sum();
    let slack = 1e-12 * shifted.iter().map(|x| x.abs()).sum::<f64>();
    let tables: Vec<Vec<f64>> = shifted.chunks(TEN).map(sums).collect();
    let (mut less, mut greater, mut two_sided) = (0_u32, 0_u32, 0_u32);
    for bits in patterns(rules.seed).iter().take(flips) {
        let part = |(at, table): (usize, &Vec<f64>)| *table.get(usize::try_from(bits >> (TEN * at)).unwrap() & (table.len() - 1)).unwrap();
        let sum: f64 = tables.iter().enumerate().map(part).sum();
        less += u32::from(sum <= observed + slack);
        greater += u32::from(sum >= observed - slack);
        two_sided += u32::from(sum.abs() >= observed.abs() - slack);
    }
    let share = |hits: u32| (1.0 + f64::from(hits)) / (1.0 + flips as f64);
    PValues { two_sided: share(two_sided), less: share(less), greater: share(greater) }
}

/// The sums of a few values with all their signs; bit i flips value i.
fn sums(values: &[f64]) -> Vec<f64> {
    let sign = |pattern: usize, at: usize| if pattern >> at & 1 == 1 { -1.0 } else { 1.0 };
    (0..1 << values.len()).map(|pattern| values.iter().enumerate().map(|(at, value)| sign(pattern, at) * value).sum()).collect()
}

/// The patterns that `sign_flip` draws: one number for each, the lowest bit for the first value.
fn patterns(seed: u64) -> &'static [u64] {
    static DRAWN: OnceLock<(u64, Vec<u64>)> = OnceLock::new();
    let (of, drawn) = DRAWN.get_or_init(|| {
        let mut rng = SplitMix64::new(seed);
        (seed, (0..DEFAULT_FLIPS).map(|_| rng.next_u64()).collect())
    });
    assert_eq!(*of, seed, "one seed for all");
    drawn
}

fn evidence(metric: &Metric, pairs: &Pairs, [p_fail, p_non_inferior, p_improved]: [f64; 3]) -> Evidence {
    let n = pairs.base.len();
    let measured = Measured {
        test: TestName::SignFlip,
        scale: Scale::Difference,
        effect: 0.0,
        interval: [0.0, 0.0],
        p_fail,
        p_warn: p_fail,
        p_non_inferior,
        p_improved,
        worse: 0.0,
        margin: fail(metric),
        standard_error: 1.0,
        n,
        without_spread: false,
    };
    Evidence { metric: metric.clone(), base: None, head: None, base_n: n, head_n: n, pairs: Some(n), result: Ok(measured) }
}

/// The p-values of `paired::scores`.
pub(super) fn scores(metric: &Metric, pairs: &Pairs, rules: &Rules) -> Evidence {
    let worse = worse(metric, pairs);
    let at_fail = against(&worse, fail(metric), DEFAULT_FLIPS, rules);
    let at_none = against(&worse, 0.0, DEFAULT_FLIPS, rules);
    evidence(metric, pairs, [at_fail.greater, at_fail.less, at_none.less])
}

/// The same where p against the margin may be at most `level`, else a p of 1. Patterns come in one order, so that what the first ones
/// count is a part of what all count: a p-value that they show to be larger is larger.
pub(super) fn scores_up_to(level: f64, metric: &Metric, pairs: &Pairs, rules: &Rules) -> Evidence {
    let first = against(&worse(metric, pairs), fail(metric), FIRST, rules).greater;
    // p = (1 + hits)/(1 + drawn), of which the hits can only become more.
    let least = first * (1.0 + FIRST as f64) / (1.0 + DEFAULT_FLIPS as f64);
    if least > level { evidence(metric, pairs, [1.0; 3]) } else { scores(metric, pairs, rules) }
}
