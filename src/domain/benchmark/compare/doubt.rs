//! Sides that are not whole: a run that failed, or samples that are not there. It keeps a row from passing, never from failing.

use super::{Row, Status, by_threshold};
use crate::domain::{benchmark::Benchmark, regression::Direction, stats::mean};

/// What is not whole, of both sides.
pub(super) fn of(base: &Benchmark, head: &Benchmark) -> Option<String> {
    let sides = [("base", base), ("head", head)];
    // First of all: what a failed run wrote besides is of no interest.
    sides.into_iter().find_map(|(side, benchmark)| fault(side, benchmark)).or_else(|| {
        let gaps: Vec<String> = sides.into_iter().filter_map(|(side, benchmark)| gaps(side, benchmark)).collect();
        (!gaps.is_empty()).then(|| gaps.join("; "))
    })
}

/// What is not whole of one side.
pub(super) fn of_side(side: &str, benchmark: &Benchmark) -> Option<String> {
    fault(side, benchmark).or_else(|| gaps(side, benchmark))
}

fn fault(side: &str, benchmark: &Benchmark) -> Option<String> {
    let impossible = || benchmark.impossible().map(|why| format!("on {side}: {why}"));
    benchmark.fault.as_ref().map(|fault| format!("on {side}: {fault}")).or_else(impossible)
}

fn gaps(side: &str, benchmark: &Benchmark) -> Option<String> {
    benchmark.gaps.as_ref().map(|gaps| format!("on {side}: {}", gaps.why))
}

/// Counts the samples that a share lacks in head's favour: on base as bad as can be, on head as good as can be. What is worse even so
/// is worse whatever they would have been.
pub(super) fn fill(row: &mut Row) {
    if !has_filled(row) || row.change_percent.is_none() {
        return;
    }
    let most = row.samples.iter().flatten().copied().fold(1.0, f64::max);
    let (worst, best) = match row.direction {
        Direction::HigherIsBetter => (0.0, most),
        Direction::LowerIsBetter => (most, 0.0),
    };
    for ((samples, lacking), value) in row.samples.iter_mut().zip(row.lacking).zip([worst, best]) {
        samples.extend(std::iter::repeat_n(value, lacking));
    }
    let [base, head] = [0, 1].map(|side| row.samples.get(side).and_then(|samples| mean(samples)));
    (row.base, row.head) = (base, head);
    row.change_percent = base.zip(head).map(|(from, to)| (to - from) * 100.0);
    row.status = row.change_percent.map_or(Status::Unusable, |change| by_threshold(row.direction.worse(change), row.thresholds));
}

fn has_filled(row: &Row) -> bool {
    row.is_share() && row.lacking != [0, 0]
}

/// Lets stand what fails, with what is not whole as the reason to read it with care; all else cannot be compared.
pub(super) fn settle(row: &mut Row) {
    let Some(doubt) = row.doubt.clone() else { return };
    if row.status == Status::Failed {
        let even_so = if has_filled(row) { "worse even with those counted in head's favour" } else { "worse all the same" };
        let known = row.why.take().map_or_else(String::new, |why| format!("{why}; "));
        row.why = Some(format!("{known}{doubt}; {even_so}"));
        return;
    }
    row.status = Status::Unusable;
    row.why = Some(doubt);
    [row.base, row.head] = row.reported;
    row.change_percent = None;
    row.judgement = None;
}
