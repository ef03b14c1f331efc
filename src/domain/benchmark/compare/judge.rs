//! Rows judged by their samples.

use super::{Row, Status};
use crate::domain::{
    regression::{Decides, Direction, Evidence, Judgement, Margin, Metric, Rules, Scale, Undecided, Unit, Verdict, decide, independent},
    stats::{describe::Moments, mean, proportion::Rate, sample::Sample},
};

/// Judges by their samples the rows that have some. A single value is no sample: with one on each side, the threshold decides.
pub(super) fn judge(rows: &mut [Row], rules: &Rules) {
    let mut evidence = Vec::new();
    let mut judged = Vec::new();
    for (index, row) in rows.iter_mut().enumerate() {
        let [base, head] = &row.samples;
        if row.change_percent.is_none() || base.len().max(head.len()) < 2 {
            continue;
        }
        if let Some(odd) = Odd::of(row) {
            odd.mark(row);
        } else if base.len().min(head.len()) < rules.min_samples {
            sparse(row, rules);
        } else if row.thresholds.1 > 0.0 {
            evidence.push(evidence_of(row, base, head, rules));
            judged.push(index);
        } else {
            row.why = Some("by threshold only: one of 0 leaves no margin to test against".to_owned());
        }
    }
    for (judgement, index) in decide(evidence, rules).into_iter().zip(judged) {
        let Some(row) = rows.get_mut(index) else { continue };
        apply(row, judgement);
    }
}

/// Samples that chance cannot be judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Odd {
    /// A count that is the same each time: there is no chance in it.
    Count,
    /// Times that never vary: one of them, written down again and again, or a clock too coarse.
    Constant(&'static str),
    /// Head has base's own samples.
    Copy,
}

impl Odd {
    fn of(row: &Row) -> Option<Self> {
        let [base, head] = &row.samples;
        // A single value is not constant: it is too few.
        let constant = |values: &[f64]| values.len() > 1 && Sample::new(values).is_ok_and(|sample| Moments::of(sample).is_constant());
        match (constant(base), constant(head)) {
            (true, true) if row.is_counted() || row.is_of_none() => Some(Self::Count),
            _ if row.is_counted() => None,
            // Passes are judged by their number, and a score of 1 on one side is what good answers have.
            (true, true) if row.is_share() => (rate(base).is_none() || rate(head).is_none()).then_some(Self::Constant("both sides")),
            _ if row.is_share() => None,
            (true, true) => Some(Self::Constant("both sides")),
            (true, false) => Some(Self::Constant("base")),
            (false, true) => Some(Self::Constant("head")),
            (false, false) => row.is_copy().then_some(Self::Copy),
        }
    }

    /// Beyond the threshold it fails all the same; nothing else is claimed.
    fn mark(self, row: &mut Row) {
        let (status, why) = match self {
            Self::Count => (row.status, "every sample is the same count".to_owned()),
            Self::Constant(side) => {
                (Status::Unusable, format!("every sample of {side} is the same: there is no spread to judge chance by"))
            }
            Self::Copy => (Status::Open, "head has base's own samples: one measurement, compared with itself".to_owned()),
        };
        let by_threshold = self == Self::Count || row.status == Status::Failed;
        row.why = Some(if by_threshold { format!("by threshold only: {why}") } else { why });
        if !by_threshold {
            row.status = status;
        }
        if row.status == Status::Unusable {
            row.change_percent = None;
        }
    }
}

/// Too few samples to judge: beyond the threshold it fails, and otherwise nobody knows.
fn sparse(row: &mut Row, rules: &Rules) {
    let [base, head] = [0, 1].map(|side| row.samples.get(side).map_or(0, Vec::len));
    let few = format!("{base} and {head} of at least {} samples", rules.min_samples);
    if row.status == Status::Failed {
        row.why = Some(format!("by threshold only: {few}"));
    } else {
        row.status = Status::Open;
        row.why = Some(few);
    }
}

pub(super) fn apply(row: &mut Row, judgement: Judgement) {
    show_what_is_judged(row, &judgement);
    let worse = row.change_percent.map_or(0.0, |change| row.direction.worse(change));
    row.status = match &judgement.verdict {
        Verdict::Regressed => Status::Failed,
        Verdict::Inconclusive { why, needed } => {
            let of_runs = judgement.evidence.result.as_ref().is_ok_and(|measured| measured.test.is_of_runs());
            let more = match needed {
                Some(needed) if of_runs => format!("; about {needed} runs in the baseline would decide"),
                None if of_runs && *why == Undecided::Wide => {
                    "; no number of earlier runs would decide, as one run alone varies too much: give it more samples, or a quieter machine"
                        .to_owned()
                }
                Some(needed) => format!("; about {needed} samples a side would decide"),
                None => String::new(),
            };
            row.why = Some(format!("{why}{more}"));
            Status::Open
        }
        Verdict::Improved => Status::Improved,
        Verdict::NonInferior if judgement.warns => Status::Regression,
        Verdict::NonInferior if worse > 0.0 => Status::Warning,
        Verdict::NonInferior => Status::Unchanged,
    };
    row.judgement = Some(judgement);
}

/// Puts the numbers that were judged in the place of the tool's own: by ratio the geometric means, else the means of the
/// samples. What is shown as the change is then what the verdict is about.
fn show_what_is_judged(row: &mut Row, judgement: &Judgement) {
    let Ok(measured) = &judgement.evidence.result else { return };
    let [base, head] = &row.samples;
    let by_ratio = measured.scale == Scale::Ratio;
    let middle = |values: &[f64]| {
        if by_ratio { mean(&values.iter().map(|value| value.ln()).collect::<Vec<_>>()).map(f64::exp) } else { mean(values) }
    };
    (row.base, row.head) = (middle(base), middle(head));
    row.change_percent = match row.base {
        _ if by_ratio => Some((measured.effect - 1.0) * 100.0),
        _ if row.is_share() => Some(measured.effect * 100.0),
        Some(base) if base > 0.0 => Some(measured.effect / base * 100.0),
        Some(_) | None => row.change_percent,
    };
}

/// What the samples of a row say: rates of 0 and 1 by Boschloo's test, shares by points, all else by ratio.
fn evidence_of(row: &Row, base: &[f64], head: &[f64], rules: &Rules) -> Evidence {
    let metric = metric_of(row);
    if !row.is_share() {
        return independent::amounts(&metric, base, head, rules);
    }
    match (rate(base), rate(head)) {
        (Some(base), Some(head)) => independent::passes(&metric, base, head, rules),
        (_, _) => independent::amounts(&metric, base, head, rules),
    }
}

/// A row as a metric, with its thresholds as margins: points of shares, a ratio of all else.
pub(super) fn metric_of(row: &Row) -> Metric {
    let (warn, fail) = (row.thresholds.0 / 100.0, row.thresholds.1 / 100.0);
    // Nothing can lose more than all of itself.
    let most = if row.direction == Direction::HigherIsBetter { 0.99 } else { f64::INFINITY };
    let margin =
        if row.is_share() { Margin::Absolute { warn, fail } } else { Margin::Relative { warn: warn.min(most), fail: fail.min(most) } };
    Metric { name: row.name.clone(), direction: row.direction, margin, unit: Unit::Number, decides: Decides::Fail }
}

/// How many passed, where every value is 0 or 1.
fn rate(values: &[f64]) -> Option<Rate> {
    let passed = values.iter().filter(|value| **value >= 1.0).count();
    let failed = values.iter().filter(|value| **value <= 0.0).count();
    let whole = values.iter().all(|value| (0.0..=1.0).contains(value)) && passed + failed == values.len();
    Rate::new(passed, values.len()).ok().filter(|_| whole)
}
