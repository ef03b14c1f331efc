//! Two samples that share no cases: benchmarks, windows of time, canary against stable.

use super::{
    decide::Rules,
    evidence::{Evidence, Measured, Scale, TestName, Undecided},
    metric::{Direction, Margin, Metric},
};
use crate::domain::stats::{
    describe::Moments,
    mean,
    proportion::{
        Rate,
        boschloo::{boschloo, is_quick},
        fisher::fisher,
        intervals::newcombe,
    },
    sample::Sample,
    tails::PValues,
    two_sample::{t_test::TTest, welch::welch},
};

/// Amounts: Welch's t on logarithms by ratio; on the values themselves where one is 0 or less or the margin is
/// absolute.
pub fn amounts(metric: &Metric, base: &[f64], head: &[f64], rules: &Rules) -> Evidence {
    Evidence {
        metric: metric.clone(),
        base: mean(base).filter(|mean| mean.is_finite()),
        head: mean(head).filter(|mean| mean.is_finite()),
        base_n: base.len(),
        head_n: head.len(),
        pairs: None,
        result: amounts_measured(metric, base, head, rules),
    }
}

fn checked<'v>(values: &'v [f64], side: &'static str, rules: &Rules) -> Result<Sample<'v>, Undecided> {
    if values.is_empty() {
        return Err(Undecided::NotMeasured(side));
    }
    let sample = Sample::new(values).map_err(|error| Undecided::Unusable(format!("{side}: {error}")))?;
    if values.len() < rules.min_samples.max(2) {
        return Err(Undecided::TooFew { got: values.len(), needed: rules.min_samples.max(2), of: "values" });
    }
    Ok(sample)
}

fn amounts_measured(metric: &Metric, base: &[f64], head: &[f64], rules: &Rules) -> Result<Measured, Undecided> {
    let (base, head) = (checked(base, "base", rules)?, checked(head, "head", rules)?);
    let direction = metric.direction;
    let n = base.len().min(head.len());
    match (metric.margin, base.logarithms(), head.logarithms()) {
        (Margin::Relative { warn, fail }, Ok(base), Ok(head)) => {
            let test = worse_by(direction, &base, &head, 1.0)?;
            let margins = (Margin::logarithm(warn, direction), Margin::logarithm(fail, direction));
            let against = [test.p_against(margins.0), test.p_against(margins.1)];
            let measured = t_measured(&test, margins, against, rules, n);
            Ok(ratio_interval(Measured { test: TestName::WelchOnLogs, ..measured }, direction))
        }
        (Margin::Relative { warn, fail }, _, _) => {
            let at = Moments::of(base).mean();
            if at <= 0.0 {
                return Err(Undecided::NoRatio(at));
            }
            let test = worse_by(direction, base.values(), head.values(), 1.0)?;
            let scaled = |margin: f64| worse_by(direction, base.values(), head.values(), direction.scaled(margin));
            let against = [scaled(warn)?.p_against(0.0), scaled(fail)?.p_against(0.0)];
            let measured = t_measured(&test, (warn * at, fail * at), against, rules, n);
            Ok(turned(Measured { test: TestName::Welch, ..measured }, direction))
        }
        (Margin::Absolute { warn, fail }, _, _) => {
            let test = worse_by(direction, base.values(), head.values(), 1.0)?;
            let measured = t_measured(&test, (warn, fail), [test.p_against(warn), test.p_against(fail)], rules, n);
            Ok(turned(Measured { test: TestName::Welch, ..measured }, direction))
        }
    }
}

/// Welch's test of how much worse head is than base times `factor`.
fn worse_by(direction: Direction, base: &[f64], head: &[f64], factor: f64) -> Result<TTest, Undecided> {
    let head: Vec<f64> = head.iter().map(|x| direction.worse(*x)).collect();
    let base: Vec<f64> = base.iter().map(|x| direction.worse(factor * x)).collect();
    let test = Sample::new(&head).and_then(|head| welch(head, Sample::new(&base)?));
    test.map_err(|error| Undecided::Unusable(error.to_string()))
}

/// Pass rates: Boschloo's test (Fisher's for large tables) and Newcombe's interval; both must agree.
pub fn passes(metric: &Metric, base: Rate, head: Rate, rules: &Rules) -> Evidence {
    let fewest = base.runs().min(head.runs());
    let result = if fewest < rules.min_samples {
        Err(Undecided::TooFew { got: fewest, needed: rules.min_samples, of: "values" })
    } else {
        let quick = is_quick(head, base);
        let p = if quick { boschloo(head, base) } else { fisher(head, base) };
        let test = if quick { TestName::Boschloo } else { TestName::Fisher };
        let interval = |level: f64| Some(newcombe(head, base, level)).map(|interval| [interval.lower, interval.upper]);
        rate_measured(metric, test, head.share() - base.share(), [p.less, p.greater], &interval, rules, fewest)
    };
    Evidence {
        metric: metric.clone(),
        base: Some(base.share()),
        head: Some(head.share()),
        base_n: base.runs(),
        head_n: head.runs(),
        pairs: None,
        result,
    }
}

/// What a t test of `worse` (above 0 is worse) says; effect and interval are still turned.
pub(super) fn t_measured(test: &TTest, margins: (f64, f64), against: [Option<PValues>; 2], rules: &Rules, n: usize) -> Measured {
    let interval = test.interval(1.0 - 2.0 * rules.alpha);
    let [warn, fail] = against;
    Measured {
        test: TestName::Welch,
        scale: Scale::Difference,
        effect: test.difference(),
        interval: [interval.lower, interval.upper],
        // Exactly the margin without any spread: no evidence either way.
        p_fail: fail.map_or(1.0, |p| p.greater),
        p_warn: warn.map_or(1.0, |p| p.greater),
        p_non_inferior: fail.map_or(1.0, |p| p.less),
        p_improved: test.p().map_or(1.0, |p| p.less),
        worse: test.difference(),
        margin: margins.1,
        standard_error: test.estimate().map_or(0.0, |estimate| estimate.standard_error),
        n,
        without_spread: test.estimate().is_none(),
    }
}

/// Turns effect and interval from "worse" back to head − base.
pub(super) fn turned(measured: Measured, direction: Direction) -> Measured {
    let [low, high] = measured.interval;
    match direction {
        Direction::LowerIsBetter => measured,
        Direction::HigherIsBetter => Measured { effect: -measured.effect, interval: [-high, -low], ..measured },
    }
}

/// The same on the scale of ratios: head / base.
pub(super) fn ratio_interval(measured: Measured, direction: Direction) -> Measured {
    let logs = turned(measured, direction);
    let [low, high] = logs.interval;
    Measured { scale: Scale::Ratio, effect: logs.effect.exp(), interval: [low.exp(), high.exp()], ..logs }
}

/// A difference of shares, from a test against "no difference" (`[head lower, head higher]`) and an interval by level.
pub(super) fn rate_measured(
    metric: &Metric,
    test: TestName,
    difference: f64,
    [lower, higher]: [f64; 2],
    interval: &dyn Fn(f64) -> Option<[f64; 2]>,
    rules: &Rules,
    n: usize,
) -> Result<Measured, Undecided> {
    let (warn, fail) = match metric.margin {
        Margin::Absolute { warn, fail } => (warn, fail),
        Margin::Relative { .. } => return Err(Undecided::Unusable("a rate needs an absolute margin".to_owned())),
    };
    let direction = metric.direction;
    let (evidence_worse, evidence_better) = match direction {
        Direction::HigherIsBetter => (lower, higher),
        Direction::LowerIsBetter => (higher, lower),
    };
    // The bounds of "worse" at one-sided level 1 − α.
    let bounds = |alpha: f64| {
        let [low, high] = interval(1.0 - 2.0 * alpha)?;
        Some(match direction {
            Direction::HigherIsBetter => [-high, -low],
            Direction::LowerIsBetter => [low, high],
        })
    };
    let beyond = |margin: f64| smallest_alpha(|alpha| bounds(alpha).is_some_and(|[low, _]| low > margin));
    let inside = |margin: f64| smallest_alpha(|alpha| bounds(alpha).is_some_and(|[_, high]| high < margin));
    let shown = interval(1.0 - 2.0 * rules.alpha).ok_or_else(|| Undecided::Unusable("no interval".to_owned()))?;
    let [low, high] = shown;
    Ok(Measured {
        test,
        scale: Scale::Difference,
        effect: difference,
        interval: shown,
        p_fail: beyond(fail).max(evidence_worse),
        p_warn: beyond(warn).max(evidence_worse),
        p_non_inferior: inside(fail),
        p_improved: inside(0.0).max(evidence_better),
        worse: direction.worse(difference),
        margin: fail,
        standard_error: (high - low) / (2.0 * crate::domain::stats::special::normal_isf(rules.alpha)),
        n,
        without_spread: false,
    })
}

/// The smallest α in (0, ½) at which a bound holds, which is the p-value that the interval gives; 1 when there is none.
/// Bounds tighten as α grows, so halving finds it.
fn smallest_alpha(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (1e-12, 0.499_999);
    if !holds(high) {
        return 1.0;
    }
    if holds(low) {
        return low;
    }
    for _ in 0..60 {
        // Geometric: p-values matter by their order of magnitude.
        let middle = (low * high).sqrt();
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}
