//! The same cases on base and head. Repeats are averaged within their case first: samples of one case are not
//! independent (Miller, arXiv 2411.00640).

use super::{
    evidence::{Evidence, Measured, Scale, TestName, Undecided},
    independent::{rate_measured, ratio_interval, t_measured, turned},
    metric::{Direction, Margin, Metric},
};
use crate::domain::stats::{
    describe::Moments,
    mean,
    paired::{
        mcnemar::McNemar,
        sign_flip::{DEFAULT_FLIPS, sign_flip},
        t::paired_t,
    },
    proportion::intervals::newcombe_paired,
    resample::bootstrap,
    sample::{Sample, count},
};

use super::decide::Rules;

/// Resamples that must lie beyond an end of a bootstrap interval.
const LEAST_BEYOND: f64 = 10.0;

/// One value per case on each side, in the same order of cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    /// Of base.
    pub base: Vec<f64>,
    /// Of head.
    pub head: Vec<f64>,
}

impl Pairs {
    fn evidence(&self, metric: &Metric, result: Result<Measured, Undecided>) -> Evidence {
        Evidence {
            metric: metric.clone(),
            base: mean(&self.base).filter(|mean| mean.is_finite()),
            head: mean(&self.head).filter(|mean| mean.is_finite()),
            base_n: self.base.len(),
            head_n: self.head.len(),
            pairs: Some(self.base.len().min(self.head.len())),
            result,
        }
    }

    /// Both sides as samples, or why there is nothing to compare.
    fn checked(&self, rules: &Rules) -> Result<(Sample<'_>, Sample<'_>), Undecided> {
        match (self.base.is_empty(), self.head.is_empty()) {
            (true, true) => return Err(Undecided::NotMeasured("either side")),
            (true, false) => return Err(Undecided::NotMeasured("base")),
            (false, true) => return Err(Undecided::NotMeasured("head")),
            (false, false) => {}
        }
        if self.base.len() != self.head.len() {
            return Err(Undecided::Unusable(format!("{} values of base against {} of head", self.base.len(), self.head.len())));
        }
        let sample = |values, side| Sample::new(values).map_err(|error| Undecided::Unusable(format!("{side}: {error}")));
        let (base, head) = (sample(&self.base, "base")?, sample(&self.head, "head")?);
        if base.len() < rules.min_samples {
            return Err(Undecided::TooFew { got: base.len(), needed: rules.min_samples, of: "cases" });
        }
        Ok((base, head))
    }

    /// How much worse head is in each case, with base times `factor` first.
    fn worse(&self, direction: Direction, factor: f64) -> Vec<f64> {
        self.base.iter().zip(&self.head).map(|(base, head)| direction.worse(head - factor * base)).collect()
    }
}

/// Latency, tokens, cost: the paired t test on logarithms, by ratio. Where a value is 0 or less the values themselves
/// are compared, base scaled by the margin.
pub fn amounts(metric: &Metric, pairs: &Pairs, rules: &Rules) -> Evidence {
    pairs.evidence(metric, amounts_measured(metric, pairs, rules))
}

fn amounts_measured(metric: &Metric, pairs: &Pairs, rules: &Rules) -> Result<Measured, Undecided> {
    let (base, head) = pairs.checked(rules)?;
    let direction = metric.direction;
    let t_of = |values: &[f64]| {
        let sample = Sample::new(values).map_err(|error| Undecided::Unusable(error.to_string()))?;
        paired_t(sample).map_err(|error| Undecided::Unusable(error.to_string()))
    };
    match (metric.margin, base.logarithms(), head.logarithms()) {
        (Margin::Relative { warn, fail }, Ok(base), Ok(head)) => {
            let worse = Pairs { base, head }.worse(direction, 1.0);
            let test = t_of(&worse)?;
            let margins = (Margin::logarithm(warn, direction), Margin::logarithm(fail, direction));
            let against = |margin: f64| test.p_against(margin);
            let measured = t_measured(&test, margins, [against(margins.0), against(margins.1)], rules, pairs.base.len());
            Ok(ratio_interval(Measured { test: TestName::PairedTOnLogs, ..measured }, direction))
        }
        (Margin::Relative { warn, fail }, _, _) => {
            let at = Moments::of(base).mean();
            if at <= 0.0 {
                return Err(Undecided::NoRatio(at));
            }
            let scaled = |margin: f64| t_of(&pairs.worse(direction, direction.scaled(margin)));
            let test = t_of(&pairs.worse(direction, 1.0))?;
            let against = [scaled(warn)?.p_against(0.0), scaled(fail)?.p_against(0.0)];
            let measured = t_measured(&test, (warn * at, fail * at), against, rules, pairs.base.len());
            Ok(turned(Measured { test: TestName::PairedT, ..measured }, direction))
        }
        (Margin::Absolute { warn, fail }, _, _) => {
            let test = t_of(&pairs.worse(direction, 1.0))?;
            let against = [test.p_against(warn), test.p_against(fail)];
            let measured = t_measured(&test, (warn, fail), against, rules, pairs.base.len());
            Ok(turned(Measured { test: TestName::PairedT, ..measured }, direction))
        }
    }
}

/// Scores, and pass rates of cases with repeats: the sign-flip permutation test of the mean difference, exact up to 16
/// cases, with a `BCa` interval (t where the bootstrap has nothing to resample, or too few resamples for so small a level).
pub fn scores(metric: &Metric, pairs: &Pairs, rules: &Rules) -> Evidence {
    pairs.evidence(metric, scores_measured(metric, pairs, rules))
}

fn scores_measured(metric: &Metric, pairs: &Pairs, rules: &Rules) -> Result<Measured, Undecided> {
    pairs.checked(rules)?;
    let (warn, fail) = match metric.margin {
        Margin::Absolute { warn, fail } => (warn, fail),
        Margin::Relative { warn, fail } => {
            let at = mean(&pairs.base).unwrap_or_default();
            if at <= 0.0 {
                return Err(Undecided::NoRatio(at));
            }
            (warn * at, fail * at)
        }
    };
    let worse = pairs.worse(metric.direction, 1.0);
    let unusable = |error: crate::domain::stats::sample::SampleError| Undecided::Unusable(error.to_string());
    let against = |margin: f64| {
        // Rounding must not turn "exactly the margin" into a difference.
        let shifted: Vec<f64> = worse.iter().map(|x| snapped(x - margin, margin)).collect();
        Sample::new(&shifted).map(|sample| sign_flip(sample, DEFAULT_FLIPS, rules.seed).p).map_err(unusable)
    };
    let at_fail = against(fail)?;
    let at_warn = if warn.total_cmp(&fail).is_eq() { at_fail } else { against(warn)? };
    let sample = Sample::new(&worse).map_err(unusable)?;
    let moments = Moments::of(sample);
    let test = paired_t(sample).map_err(unusable)?;
    let options = bootstrap::Options { level: 1.0 - 2.0 * rules.alpha, seed: rules.seed, ..bootstrap::Options::default() };
    // Ends that only a few resamples lie beyond are those resamples, not the distribution's.
    let resolved = count(options.resamples) * rules.alpha >= LEAST_BEYOND;
    let interval = resolved.then(|| bootstrap::mean(&worse, options).ok()).flatten().map_or_else(
        || {
            let interval = test.interval(options.level);
            [interval.lower, interval.upper]
        },
        |found| [found.low, found.high],
    );
    let measured = Measured {
        test: TestName::SignFlip,
        scale: Scale::Difference,
        effect: moments.mean(),
        interval,
        p_fail: at_fail.greater,
        p_warn: at_warn.greater,
        p_non_inferior: at_fail.less,
        p_improved: against(0.0)?.less,
        worse: moments.mean(),
        margin: fail,
        standard_error: moments.sd().unwrap_or_default() / count(worse.len()).sqrt(),
        n: worse.len(),
        without_spread: moments.is_constant(),
    };
    Ok(turned(measured, metric.direction))
}

fn snapped(difference: f64, margin: f64) -> f64 {
    if difference.abs() <= 1e-12 * margin.abs() { 0.0 } else { difference }
}

/// Pass or fail, each case once on each side: `McNemar`'s exact test and Newcombe's paired interval; both must agree.
pub fn passes(metric: &Metric, table: McNemar, rules: &Rules) -> Evidence {
    let share = |passed: usize| (table.cases() > 0).then(|| count(passed) / count(table.cases()));
    let result = if table.cases() == 0 {
        Err(Undecided::NotMeasured("either side"))
    } else if table.cases() < rules.min_samples {
        Err(Undecided::TooFew { got: table.cases(), needed: rules.min_samples, of: "cases" })
    } else {
        let exact = table.exact();
        let interval = |level: f64| newcombe_paired(table, level).ok().map(|interval| [interval.lower, interval.upper]);
        let difference = table.difference().unwrap_or_default();
        rate_measured(metric, TestName::McNemar, difference, [exact.less, exact.greater], &interval, rules, table.cases())
    };
    Evidence {
        metric: metric.clone(),
        base: share(table.both_pass + table.base_only),
        head: share(table.both_pass + table.head_only),
        base_n: table.cases(),
        head_n: table.cases(),
        pairs: Some(table.cases()),
        result,
    }
}
