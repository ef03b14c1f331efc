//! From numbers to a verdict: evidence and magnitude, never one alone.

use super::{
    Analysis,
    question::{Consider, Question},
    reach,
    shown::TestShown,
};
use crate::domain::{
    regression::{Undecided, Verdict, decide, independent},
    stats::{sample::count, tails::Interval, two_sample::effect::Size},
};

/// How bad a regression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No regression, or one of negligible size.
    Low,
    /// A small effect.
    Medium,
    /// A medium effect, or a large one that is less sure.
    High,
    /// A large effect with p < 0.01.
    Critical,
}

/// What is concluded.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// One of four.
    pub verdict: Verdict,
    /// Whether the deciding test is significant.
    pub significant: bool,
    /// The p-value of the deciding test, two-sided; with a margin, one-sided against it.
    pub p_value: Option<f64>,
    /// The margin that was judged by, in the metric's own unit; infinite without any.
    pub margin: f64,
    /// The smallest true difference that this many values find with a power of 80 %, in the metric's own unit.
    pub detectable: Option<f64>,
    /// The share of the tests shown that are significant.
    pub consensus: f64,
    /// "negligible", "small", "medium", "large" or "undefined".
    pub magnitude: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What to do, in a sentence or two.
    pub recommendation: String,
}

/// What a verdict needs to know.
pub(super) struct Measured {
    pub baseline_mean: f64,
    pub difference: f64,
    pub interval: Interval,
    pub standard_error: f64,
    pub pooled_sd: f64,
    pub d: Size,
    pub n: usize,
    pub too_few: Option<(&'static str, usize)>,
    /// Whether a side has no spread.
    pub constant: [bool; 2],
    /// Whether both sides hold the same values in the same order.
    pub identical: bool,
}

impl Measured {
    /// Why the values are no measurement that anything could be cleared by.
    fn unmeasured(&self) -> Option<&'static str> {
        match self.constant {
            [true, true] => Some("every value of a side is the same, on both sides: there is no spread to judge chance by"),
            [true, false] => Some("every value of baseline is the same: there is no spread to judge chance by"),
            [false, true] => Some("every value of current is the same: there is no spread to judge chance by"),
            [false, false] if self.identical => {
                Some("both sides hold the same values in the same order: one measurement, compared with itself")
            }
            [false, false] => None,
        }
    }
}

const POWER: f64 = 0.80;

pub(super) fn conclude(question: &Question, measured: &Measured, tests: &[TestShown], values: (&[f64], &[f64])) -> Conclusion {
    let first = tests.first();
    let mut p_value = first.and_then(|test| test.p_value);
    let mut significant = first.is_some_and(|test| test.significant);
    let mut margin = question.min_effect * measured.pooled_sd;
    let mut detectable = (measured.standard_error > 0.0).then(|| reach(question.level, POWER) * measured.standard_error);
    let verdict = if let Some((_, got)) = measured.too_few {
        let needed = question.min_samples.max(2);
        detectable = None;
        Verdict::Inconclusive { why: Undecided::TooFew { got, needed, of: "values" }, needed: Some(needed) }
    } else if let Some(metric) = question.as_metric() {
        let rules = Analysis::rules_of(question);
        let judged = decide(vec![independent::amounts(&metric, values.0, values.1, &rules)], &rules);
        margin = question.margin.unwrap_or_default() * measured.baseline_mean.abs();
        judged.into_iter().next().map_or_else(
            || Verdict::Inconclusive { why: Undecided::Wide, needed: None },
            |judgement| {
                p_value = judgement.p_adjusted;
                significant = judgement.p_adjusted.is_some_and(|p| p <= rules.alpha);
                judgement.verdict
            },
        )
    } else if p_value.is_none() {
        let why = first.and_then(|test| test.note.clone()).unwrap_or_else(|| "no test".to_owned());
        Verdict::Inconclusive { why: Undecided::Unusable(why), needed: None }
    } else {
        by_effect(question, measured, significant, margin)
    };
    let shows_a_difference = significant && question.consider == Consider::Neither;
    let verdict = cleared_by_nothing(measured, verdict, shows_a_difference);
    let magnitude = magnitude(measured.d);
    let severity = severity(verdict == Verdict::Regressed, magnitude, p_value.unwrap_or(1.0));
    let all = tests.len().max(1);
    let consensus = count(tests.iter().filter(|test| test.significant).count()) / count(all);
    let recommendation = recommendation(question, measured, &verdict, severity, tests);
    Conclusion { verdict, significant, p_value, margin, detectable, consensus, magnitude, severity, recommendation }
}

/// Constants and copies can show a change for the worse, or that there is a difference, and clear nothing.
fn cleared_by_nothing(measured: &Measured, verdict: Verdict, shows_a_difference: bool) -> Verdict {
    let keeps = measured.too_few.is_some() || verdict == Verdict::Regressed || shows_a_difference;
    match measured.unmeasured() {
        Some(why) if !keeps => Verdict::Inconclusive { why: Undecided::Unusable(why.to_owned()), needed: None },
        Some(_) | None => verdict,
    }
}

/// Evidence by the deciding test, magnitude by the effect.
fn by_effect(question: &Question, measured: &Measured, significant: bool, margin: f64) -> Verdict {
    let large_enough = match measured.d {
        Size::Finite(d) => d.abs() >= question.min_effect,
        Size::Unbounded { .. } => true,
        Size::Undefined => false,
    };
    let (low, high) = (measured.interval.lower, measured.interval.upper);
    // The end of the interval that could still be a regression.
    let worst = match question.consider {
        Consider::Increase => high,
        Consider::Decrease => -low,
        Consider::Both => high.max(-low),
        Consider::Neither => return Verdict::NonInferior,
    };
    if significant && large_enough && question.consider.counts(measured.difference) {
        Verdict::Regressed
    } else if significant && question.consider != Consider::Both && !question.consider.counts(measured.difference) {
        Verdict::Improved
    } else if worst < margin {
        Verdict::NonInferior
    } else {
        let away = (margin
            - match question.consider {
                Consider::Increase => measured.difference.max(0.0),
                Consider::Decrease => (-measured.difference).max(0.0),
                Consider::Both | Consider::Neither => measured.difference.abs(),
            })
        .abs();
        let times = (reach(question.level, POWER) * measured.standard_error / away).powi(2);
        let needed = (count(measured.n) * times).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
        let needed = (needed.is_finite() && needed <= 1e6).then_some((needed as usize).max(measured.n + 1));
        Verdict::Inconclusive { why: Undecided::Wide, needed }
    }
}

/// Cohen's words: negligible < 0.2 ≤ small < 0.5 ≤ medium < 0.8 ≤ large.
pub(super) fn magnitude(d: Size) -> &'static str {
    match d {
        Size::Finite(d) if d.abs() < 0.2 => "negligible",
        Size::Finite(d) if d.abs() < 0.5 => "small",
        Size::Finite(d) if d.abs() < 0.8 => "medium",
        Size::Finite(_) | Size::Unbounded { .. } => "large",
        Size::Undefined => "undefined",
    }
}

/// Critical: a large effect with p < 0.01. High: large or medium. Medium: small. Low: the rest.
pub(super) fn severity(regressed: bool, magnitude: &str, p: f64) -> Severity {
    match (regressed, magnitude) {
        (true, "large") if p < 0.01 => Severity::Critical,
        (true, "large" | "medium") => Severity::High,
        (true, "small") => Severity::Medium,
        (_, _) => Severity::Low,
    }
}

impl Severity {
    /// In reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What is done about a regression of this severity.
    pub fn action(self) -> &'static str {
        match self {
            Self::Low => "keep an eye on the next deployment",
            Self::Medium => "review the change and test more",
            Self::High => "do not deploy; find the cause first",
            Self::Critical => "stop the deployment, and roll back where it is out",
        }
    }
}

fn recommendation(question: &Question, measured: &Measured, verdict: &Verdict, severity: Severity, tests: &[TestShown]) -> String {
    let mut said = match verdict {
        Verdict::Regressed if question.consider == Consider::Both => format!("{} changed: {}.", question.metric, severity.action()),
        Verdict::Regressed => format!("{} regressed: {}.", question.metric, severity.action()),
        Verdict::NonInferior if question.consider == Consider::Neither => {
            let significant = tests.first().is_some_and(|test| test.significant);
            if significant {
                "The samples differ; no direction of it is bad."
            } else {
                "No difference was found; that is no proof of there being none."
            }
            .to_owned()
        }
        Verdict::Improved => "Better than the baseline: nothing to do.".to_owned(),
        Verdict::NonInferior => "No worse than the margin: nothing to do.".to_owned(),
        Verdict::Inconclusive { why: Undecided::Wide, needed: Some(needed) } => {
            format!("Not decided; about {needed} values a side would decide.")
        }
        Verdict::Inconclusive { why: Undecided::TooFew { needed, .. }, .. } => {
            let (side, got) = measured.too_few.unwrap_or(("baseline", measured.n));
            format!("Not decided: {side} has {got} of at least {needed} values. Measure more.")
        }
        Verdict::Inconclusive { why, .. } => format!("Not decided: {why}."),
    };
    let disagree = tests.iter().any(|test| test.significant) && tests.iter().any(|test| !test.significant);
    if disagree {
        said.push_str(" The tests disagree: look at the distributions.");
    }
    said
}
