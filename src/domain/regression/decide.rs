//! One decision over all metrics of a comparison.

use serde::Serialize;

use super::{
    comparison::Comparison,
    evidence::{Evidence, Undecided},
    metric::Decides,
};
use crate::domain::stats::multiplicity::{Method, adjust};

/// How sure a decision must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rules {
    /// The share of unchanged comparisons that may be called regressed, over all metrics that can fail the run.
    pub alpha: f64,
    /// The share of true regressions that the promised number of samples finds.
    pub power: f64,
    /// Fewer values (or cases) than this are never judged.
    pub min_samples: usize,
    /// For permutations and resampling; belongs into every report.
    pub seed: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.80, min_samples: 10, seed: 20_250_801 }
    }
}

/// What is concluded about a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Worse than the margin, by evidence.
    Regressed,
    /// Within the margin, by evidence.
    NonInferior,
    /// Better, by evidence.
    Improved,
    /// Neither. Never a pass for good.
    Inconclusive {
        /// Why.
        why: Undecided,
        /// How many values per arm (or cases) would decide, if the effect is what it looks like; `None`: unknown, or
        /// more than a million.
        needed: Option<usize>,
    },
}

impl Verdict {
    /// The glossary's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::NonInferior => "non-inferior",
            Self::Improved => "improved",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// A metric with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judgement {
    /// What was measured.
    pub evidence: Evidence,
    /// `p_fail` after Holm over all metrics that can fail the run; `None` where nothing was measured.
    pub p_adjusted: Option<f64>,
    /// The conclusion against the margin that fails.
    pub verdict: Verdict,
    /// Worse than the margin that warns, by evidence: Benjamini-Hochberg over all metrics that are not off.
    pub warns: bool,
    /// The smallest true effect that this many values find with the power asked for, on the scale of `worse`.
    pub detectable: Option<f64>,
}

impl Judgement {
    /// Whether it fails the run.
    pub fn fails(&self) -> bool {
        self.evidence.metric.decides == Decides::Fail && self.verdict == Verdict::Regressed
    }

    /// Whether a metric that can fail the run is undecided.
    pub fn is_open(&self) -> bool {
        self.evidence.metric.decides == Decides::Fail && matches!(self.verdict, Verdict::Inconclusive { .. })
    }
}

/// Judges all metrics of one comparison. Holm's method over what can fail the run keeps the chance of any false
/// `regressed` at α; what only warns is adjusted by Benjamini and Hochberg; what is off is judged alone. The claims
/// `non-inferior` and `improved` are each made at level α: they let nothing through that the margin would not.
pub fn decide(evidence: Vec<Evidence>, rules: &Rules) -> Vec<Judgement> {
    let p_of = |wanted: &dyn Fn(Decides) -> bool, p: &dyn Fn(&super::Measured) -> f64| -> Vec<Option<f64>> {
        evidence.iter().map(|evidence| evidence.result.as_ref().ok().filter(|_| wanted(evidence.metric.decides)).map(p)).collect()
    };
    let failing = adjusted(Method::Holm, &p_of(&|decides| decides == Decides::Fail, &|measured| measured.p_fail));
    let warning = adjusted(Method::BenjaminiHochberg, &p_of(&|decides| decides != Decides::Off, &|measured| measured.p_warn));
    let others = adjusted(Method::BenjaminiHochberg, &p_of(&|decides| decides == Decides::Warn, &|measured| measured.p_fail));
    evidence
        .into_iter()
        .zip(failing.into_iter().zip(others).zip(warning))
        .map(|(evidence, ((fail, other), warn))| {
            let p_adjusted = fail.or(other).or_else(|| evidence.result.as_ref().ok().map(|measured| measured.p_fail));
            judge(evidence, p_adjusted, warn, rules)
        })
        .collect()
}

/// Judges several comparisons of one run as one family: Holm over everything in them that can fail the run, so that a run of
/// many suites calls an unchanged one `regressed` no more often than a run of one. What only warns stays as it was judged.
pub fn decide_together<'c>(comparisons: impl IntoIterator<Item = &'c mut Comparison>) {
    let mut judgements: Vec<(Rules, &mut Judgement)> = Vec::new();
    for comparison in comparisons {
        let rules = comparison.rules;
        judgements.extend(comparison.judgements.iter_mut().map(|judgement| (rules, judgement)));
    }
    judgements.retain(|(_, judgement)| judgement.evidence.metric.decides == Decides::Fail);
    let p_fail = |evidence: &Evidence| evidence.result.as_ref().ok().map(|measured| measured.p_fail);
    let p_values: Vec<Option<f64>> = judgements.iter().map(|(_, judgement)| p_fail(&judgement.evidence)).collect();
    for ((rules, judgement), p_adjusted) in judgements.into_iter().zip(adjusted(Method::Holm, &p_values)) {
        let warns = judgement.warns;
        *judgement = Judgement { warns, ..judge(judgement.evidence.clone(), p_adjusted, None, &rules) };
    }
}

fn judge(evidence: Evidence, p_adjusted: Option<f64>, p_warn: Option<f64>, rules: &Rules) -> Judgement {
    let (verdict, detectable) = match &evidence.result {
        Err(why) => {
            // The fewest that are judged at all are no promise that they would decide.
            (Verdict::Inconclusive { why: why.clone(), needed: None }, None)
        }
        Ok(measured) => {
            let verdict = if p_adjusted.is_some_and(|p| p <= rules.alpha) {
                Verdict::Regressed
            } else if measured.p_improved <= rules.alpha {
                Verdict::Improved
            } else if measured.p_non_inferior <= rules.alpha {
                Verdict::NonInferior
            } else {
                // Adjusting may ask for more than the plain formula: never promise fewer than there were.
                let needed = measured.needed(rules.alpha, rules.power).map(|needed| needed.max(measured.n + 1));
                Verdict::Inconclusive { why: Undecided::Wide, needed }
            };
            (verdict, measured.detectable(rules.alpha, rules.power))
        }
    };
    Judgement { warns: p_warn.is_some_and(|p| p <= rules.alpha), evidence, p_adjusted, verdict, detectable }
}

/// Adjusts the p-values that are there. A p-value that is no probability leaves its whole family undecided.
fn adjusted(method: Method, p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let there: Vec<f64> = p_values.iter().flatten().copied().collect();
    let mut adjusted = adjust(method, &there).unwrap_or_else(|_| vec![1.0; there.len()]).into_iter();
    p_values.iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}
