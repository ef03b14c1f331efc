//! From numbers to a verdict.
//!
//! Comparisons stay valid however often one looks: means by the asymptotic confidence sequence, error counts by the conditional
//! e-process (`domain::stats::sequential`, with their sources). The plan's level is shared evenly among compared metrics and stages.

use super::{Check, Comparison, HealthVerdict, Measured, Memory, Metric, MetricKind, MetricResult, OnNoData, memory::Remembered};
use crate::domain::{
    rollout::plan::{Percent, Plan},
    stats::sequential::{
        confidence_sequence::asymptotic,
        e_process::{DEFAULT_K, EProcess, Failures, Sided, log_threshold},
    },
};

/// What was measured of both arms for one metric, with what was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Arms {
    /// The candidate.
    pub candidate: Measured,
    /// The stable version; `None` where there is no comparison.
    pub stable: Option<Measured>,
    /// What was asked, as it was sent.
    pub query: String,
}

/// What was concluded of one metric before confirmation.
struct Judged {
    verdict: HealthVerdict,
    hard: bool,
    value: Option<f64>,
    stable: Option<f64>,
    why: String,
}

impl Judged {
    fn new(verdict: HealthVerdict, why: impl Into<String>) -> Self {
        Self { verdict, hard: false, value: None, stable: None, why: why.into() }
    }
}

/// Judges what was measured at `traffic`; `arms` are in the order of the plan's metrics, and one that is missing is an error.
pub fn evaluate(plan: &Plan, traffic: Percent, memory: &Memory, arms: &[Arms]) -> Check {
    let mut memory = memory.clone();
    let alpha = level(plan);
    let mut metrics = Vec::new();
    let mut hard = None;
    for (index, metric) in plan.metrics.iter().enumerate() {
        let kept = memory.0.entry(metric.name.clone()).or_default();
        let (result, is_hard) = match arms.get(index) {
            Some(arms) => one(metric, traffic, alpha, kept, arms),
            None => (shown(metric, Judged::new(HealthVerdict::Error, "it was not measured"), ""), false),
        };
        if is_hard && !metric.dry_run {
            hard = hard.or(Some(metric.trigger()));
        }
        metrics.push(result);
    }
    let verdict = if hard.is_some() { HealthVerdict::Unhealthy } else { together(plan, &metrics) };
    let bad = plan.metrics.iter().zip(&metrics).find(|(metric, result)| !metric.dry_run && result.verdict == HealthVerdict::Unhealthy);
    let trigger = hard.or_else(|| bad.map(|(metric, _)| metric.trigger())).filter(|_| verdict == HealthVerdict::Unhealthy);
    Check { verdict, metrics, trigger, hard: hard.is_some(), memory }
}

/// Each comparison's level.
#[expect(clippy::cast_precision_loss, reason = "a plan has few stages and metrics")]
fn level(plan: &Plan) -> f64 {
    let compared = plan.metrics.iter().filter(|metric| metric.compare.is_some() && !metric.dry_run).count();
    let stages = plan.stages.iter().filter(|stage| stage.traffic > Percent::NONE && stage.traffic < Percent::ALL).count();
    plan.alpha / (compared.max(1) * stages.max(1)) as f64
}

/// The whole: one critical metric decides alone; the others by weight, half of it being too much.
fn together(plan: &Plan, results: &[MetricResult]) -> HealthVerdict {
    let counted = || plan.metrics.iter().zip(results).filter(|(metric, _)| !metric.dry_run);
    let critical = counted().filter(|(metric, _)| metric.critical).map(|(_, result)| result.verdict).max();
    let total: f64 = counted().filter(|(metric, _)| !metric.critical).map(|(metric, _)| metric.weight).sum();
    let weighted = [HealthVerdict::Unhealthy, HealthVerdict::Error, HealthVerdict::Inconclusive].into_iter().find(|verdict| {
        let weight: f64 =
            counted().filter(|(metric, result)| !metric.critical && result.verdict >= *verdict).map(|(metric, _)| metric.weight).sum();
        weight > 0.0 && weight * 2.0 >= total
    });
    critical.into_iter().chain(weighted).max().unwrap_or(HealthVerdict::Healthy)
}

fn one(metric: &Metric, traffic: Percent, alpha: f64, kept: &mut Remembered, arms: &Arms) -> (MetricResult, bool) {
    let mut judged = judge(metric, traffic, alpha, kept, arms);
    let times = kept.confirm(judged.verdict == HealthVerdict::Unhealthy, metric.confirm.of);
    if judged.verdict == HealthVerdict::Unhealthy && !judged.hard && times < metric.confirm.k {
        judged.verdict = HealthVerdict::Inconclusive;
        judged.why = format!("{}; seen {times} times, {} of {} confirm it", judged.why, metric.confirm.k, metric.confirm.of);
    }
    let hard = judged.hard;
    (shown(metric, judged, &arms.query), hard)
}

fn shown(metric: &Metric, judged: Judged, query: &str) -> MetricResult {
    MetricResult {
        name: metric.name.clone(),
        verdict: judged.verdict,
        value: judged.value,
        stable: judged.stable,
        bound: bounds(metric),
        why: judged.why,
        query: query.to_owned(),
        dry_run: metric.dry_run,
    }
}

fn bounds(metric: &Metric) -> String {
    let word = match metric.direction {
        super::Direction::HigherIsBetter => "at least",
        super::Direction::LowerIsBetter => "at most",
    };
    let mut told = Vec::new();
    told.extend(metric.bound.map(|bound| format!("{word} {bound}")));
    told.extend(metric.guardrail.map(|bound| format!("guardrail {bound}")));
    told.extend(metric.compare.map(|compare| match metric.kind {
        MetricKind::Errors => format!("not more errors than stable (margin {})", compare.margin),
        MetricKind::Mean | MetricKind::Probe => format!("not worse than stable (margin {} %)", compare.margin * 100.0),
    }));
    told.join(", ")
}

/// Requests before a bound or a guardrail on an error rate says anything, unless `min-samples` is smaller.
const FEWEST_REQUESTS: u64 = 10;

fn judge(metric: &Metric, traffic: Percent, alpha: f64, kept: &mut Remembered, arms: &Arms) -> Judged {
    let compare = metric.compare.filter(|_| traffic > Percent::NONE && traffic < Percent::ALL);
    let (value, seen) = match &arms.candidate {
        Measured::Error(why) => return Judged::new(HealthVerdict::Error, why.clone()),
        Measured::NoData(why) => return no_data(metric, why),
        Measured::Counts { failures, total } => match counts(metric, *failures, *total, compare.is_some(), kept, arms.stable.as_ref()) {
            Ok(rate) => rate,
            Err(judged) => return judged,
        },
        Measured::Values(values) => match values_of(metric, values, kept) {
            Ok(mean) => mean,
            Err(judged) => return judged,
        },
    };
    let with = |verdict, why: String| Judged { verdict, hard: false, value: Some(value), stable: None, why };
    // One failing request of one is a rate of 100 % and says nothing.
    let fewest = metric.min_samples.min(FEWEST_REQUESTS);
    if metric.kind == MetricKind::Errors && seen < fewest {
        return with(HealthVerdict::Inconclusive, format!("{seen} of at least {fewest} requests"));
    }
    if let Some(guardrail) = metric.guardrail.filter(|guardrail| metric.is_beyond(value, *guardrail)) {
        return Judged { hard: true, ..with(HealthVerdict::Unhealthy, format!("{value:.4} is beyond the guardrail {guardrail}")) };
    }
    if metric.kind == MetricKind::Probe && (value - 1.0).abs() > f64::EPSILON {
        return with(HealthVerdict::Unhealthy, format!("the probe answered {value}, not 1"));
    }
    if let Some(bound) = metric.bound.filter(|bound| metric.is_beyond(value, *bound)) {
        return with(HealthVerdict::Unhealthy, format!("{value:.4} is beyond the bound {bound}"));
    }
    if seen < metric.min_samples {
        return with(HealthVerdict::Inconclusive, format!("{seen} of at least {} samples", metric.min_samples));
    }
    let Some(compare) = compare else { return with(HealthVerdict::Healthy, "within its bounds".to_owned()) };
    let compared = match (&arms.candidate, &arms.stable) {
        (_, Some(Measured::Error(why))) => Judged::new(HealthVerdict::Error, format!("the stable version: {why}")),
        (_, Some(Measured::NoData(why))) => Judged::new(HealthVerdict::Inconclusive, format!("the stable version: {why}")),
        (Measured::Counts { .. }, Some(_)) => errors(metric, compare, alpha, kept),
        (_, Some(Measured::Values(values))) => means(metric, compare, alpha, kept, values),
        (_, Some(Measured::Counts { .. }) | None) => Judged::new(HealthVerdict::Error, "the stable version was not measured"),
    };
    Judged { value: Some(value), ..compared }
}

fn no_data(metric: &Metric, why: &str) -> Judged {
    match metric.on_no_data {
        OnNoData::Inconclusive => Judged::new(HealthVerdict::Inconclusive, why),
        OnNoData::Fail => Judged::new(HealthVerdict::Unhealthy, format!("no data counts as bad: {why}")),
    }
}

/// The candidate's mean of this look, and how many numbers of it were seen in the stage.
fn values_of(metric: &Metric, values: &[f64], kept: &mut Remembered) -> Result<(f64, u64), Judged> {
    if values.is_empty() {
        return Err(no_data(metric, "there is not one number"));
    }
    let mut now = super::Tally::default();
    for value in values {
        if !value.is_finite() {
            return Err(Judged::new(HealthVerdict::Inconclusive, "a value is no number"));
        }
        now.push(*value);
    }
    for value in values {
        kept.candidate.push(*value);
    }
    Ok((now.mean, kept.candidate.n))
}

/// The candidate's error rate of this look, and its requests of the stage.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn counts(
    metric: &Metric,
    failures: u64,
    total: u64,
    compared: bool,
    kept: &mut Remembered,
    stable: Option<&Measured>,
) -> Result<(f64, u64), Judged> {
    if failures > total {
        return Err(Judged::new(HealthVerdict::Error, format!("{failures} failures among {total} requests: the queries do not fit")));
    }
    let base = match stable {
        Some(Measured::Counts { failures, total }) if compared && failures <= total => (*failures, *total),
        Some(Measured::Counts { .. } | Measured::Values(_) | Measured::NoData(_) | Measured::Error(_)) | None => (0, 0),
    };
    kept.look(base, (failures, total));
    if total == 0 {
        return Err(no_data(metric, "there were no requests"));
    }
    Ok((failures as f64 / total as f64, kept.totals()[3]))
}

/// Is the candidate's share of the failures larger than its share of the requests?
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn errors(metric: &Metric, compare: Comparison, alpha: f64, kept: &Remembered) -> Judged {
    let [base_failures, base_total, failures, total] = kept.totals();
    if base_total < metric.min_samples.max(1) || total == 0 {
        return Judged::new(HealthVerdict::Inconclusive, format!("{base_total} of at least {} requests to stable", metric.min_samples));
    }
    let (rate, base_rate) = (failures as f64 / total as f64, base_failures as f64 / base_total as f64);
    // A look in which one arm had no traffic cannot tell the arms apart, and many of them are no evidence of health.
    let useful: Vec<&[u64; 4]> = kept.looks.iter().filter(|look| look[1] > 0 && look[3] > 0).collect();
    let beside = useful.iter().map(|look| look[1].min(look[3])).sum::<u64>();
    if beside < metric.min_samples.max(1) {
        let why = format!("{beside} of at least {} requests to both versions at the same time", metric.min_samples.max(1));
        return Judged::new(HealthVerdict::Inconclusive, why);
    }
    let found = (|| {
        let share = |look: &[u64; 4]| look[3] as f64 / (look[1] + look[3]) as f64;
        let mut looks = useful.iter().peekable();
        let Some(first) = looks.peek() else { return Ok(0.0) };
        let mut process = EProcess::new(share(first), DEFAULT_K, Sided::Larger)?;
        let mut log_e = 0.0;
        for look in looks {
            log_e = process.push(Failures { base: look[0], canary: look[2] }, share(look))?;
        }
        Ok::<f64, crate::domain::stats::sequential::SequentialError>(log_e)
    })();
    let stable = Some(base_rate);
    match (found, log_threshold(alpha)) {
        (Ok(log_e), Ok(threshold)) => {
            let text = format!("error rate {rate:.4}, stable {base_rate:.4}, log e {log_e:.2} of {threshold:.2}");
            if log_e >= threshold && rate - base_rate >= compare.margin {
                Judged { stable, ..Judged::new(HealthVerdict::Unhealthy, format!("more errors than stable: {text}")) }
            } else {
                Judged { stable, ..Judged::new(HealthVerdict::Healthy, text) }
            }
        }
        (Err(error), _) | (_, Err(error)) => Judged { stable, ..Judged::new(HealthVerdict::Inconclusive, error.to_string()) },
    }
}

/// Is the candidate's mean on the bad side of the stable version's?
fn means(metric: &Metric, compare: Comparison, alpha: f64, kept: &mut Remembered, values: &[f64]) -> Judged {
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Judged::new(HealthVerdict::Inconclusive, format!("a value of the stable version is {value}"));
    }
    for value in values {
        kept.stable.push(*value);
    }
    let (base, head) = (kept.stable.arm(), kept.candidate.arm());
    let stable = Some(base.mean);
    if base.n < metric.min_samples.max(2) {
        let why = format!("{} of at least {} samples of the stable version", base.n, metric.min_samples.max(2));
        return Judged { stable, ..Judged::new(HealthVerdict::Inconclusive, why) };
    }
    // One-sided at level alpha: the two-sided sequence at twice the level.
    match asymptotic(&base, &head, (2.0 * alpha).min(0.5), 1_000.0) {
        Err(error) => Judged { stable, ..Judged::new(HealthVerdict::Inconclusive, error.to_string()) },
        Ok(sequence) if !sequence.warm => {
            Judged { stable, ..Judged::new(HealthVerdict::Inconclusive, "fewer than 100 samples in an arm".to_owned()) }
        }
        Ok(sequence) => {
            let margin = compare.margin * base.mean.abs();
            let (worse, least, most) = match metric.direction {
                super::Direction::LowerIsBetter => (sequence.difference, sequence.low, sequence.high),
                super::Direction::HigherIsBetter => (-sequence.difference, -sequence.high, -sequence.low),
            };
            let text = format!("mean {:.4}, stable {:.4}, worse by {least:.4} to {most:.4}", head.mean, base.mean);
            let (verdict, text) = if least > 0.0 && worse >= margin {
                (HealthVerdict::Unhealthy, format!("worse than stable: {text}"))
            } else if compare.prove && most > margin {
                (HealthVerdict::Inconclusive, format!("not shown to be within the margin: {text}"))
            } else {
                (HealthVerdict::Healthy, text)
            };
            Judged { stable, ..Judged::new(verdict, text) }
        }
    }
}
