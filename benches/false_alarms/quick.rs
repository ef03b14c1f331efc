//! What a run decides by, without what only its reports show: the `BCa` interval takes most of the time of a score and decides nothing.
//!
//! About one run of 256 is decided the long way too ([`super::Source::is_checked`]), and must come to the same.

use prompt_cicd::domain::{
    regression::{Evidence, Margin, Measured, Metric, Rules, Scale, TestName, paired::Pairs},
    stats::{
        paired::sign_flip::{DEFAULT_FLIPS, sign_flip},
        sample::Sample,
        tails::PValues,
    },
};

/// So many patterns are drawn first.
const FIRST: usize = 200;

fn worse(metric: &Metric, pairs: &Pairs) -> Vec<f64> {
    pairs.base.iter().zip(&pairs.head).map(|(base, head)| metric.direction.worse(head - base)).collect()
}

fn fail(metric: &Metric) -> f64 {
    match metric.margin {
        Margin::Absolute { fail, .. } => fail,
        Margin::Relative { .. } => panic!("a score has points as its margin"),
    }
}

fn against(worse: &[f64], margin: f64, flips: usize, rules: &Rules) -> PValues {
    let snapped = |difference: f64| if difference.abs() <= 1e-12 * margin.abs() { 0.0 } else { difference };
    let shifted: Vec<f64> = worse.iter().map(|x| snapped(x - margin)).collect();
    sign_flip(Sample::new(&shifted).unwrap(), flips, rules.seed).p
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
