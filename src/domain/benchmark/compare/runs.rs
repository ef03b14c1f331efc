//! Head as one run, against the last runs of the default branch: the run is the cluster, and its samples are not evidence of their own.

use super::{
    Comparison, Row, Status, Thresholds, concluded, doubt,
    judge::{apply, metric_of},
    rows,
};
use crate::domain::{
    benchmark::{Benchmark, runs},
    history::baseline::BaselineRun,
    regression::{
        Rules, decide,
        one_run::{FEWEST_RUNS, evidence},
    },
    stats::{describe::Moments, sample::Sample},
};

/// Runs that head is held against, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The name that they are pinned under; `None`: the last runs.
    pub pinned: Option<String>,
    /// The runs.
    pub runs: Vec<BaselineRun>,
}

/// Compares head with recorded runs; Holm over all benchmarks of all pasts, since each of them can fail the run.
pub fn compare_with_runs(pasts: &[Past], head: &[Benchmark], thresholds: &Thresholds, rules: &Rules) -> Comparison {
    let mut all = Vec::new();
    for (place, past) in pasts.iter().enumerate() {
        let recorded: Vec<&BaselineRun> = past.runs.iter().collect();
        let rows = rows(&runs::base(&recorded), &runs::head(head, &recorded), thresholds);
        // What is new is said once.
        let told = rows.into_iter().filter(|row| place == 0 || row.status != Status::New);
        all.extend(told.map(|row| Row { pinned: past.pinned.clone(), ..row }));
    }
    judge(&mut all, rules);
    all.iter_mut().for_each(doubt::settle);
    concluded(all, thresholds)
}

fn judge(rows: &mut [Row], rules: &Rules) {
    let (mut found, mut judged) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter_mut().enumerate() {
        let (Some(_), Some(new)) = (row.change_percent, row.head) else { continue };
        let [earlier, head] = &mut row.samples;
        let k = earlier.len();
        if k < FEWEST_RUNS {
            row.status = Status::Open;
            row.why = Some(match &row.pinned {
                None => format!("{k} of at least {FEWEST_RUNS} runs in the baseline: record {} more, of other commits", FEWEST_RUNS - k),
                Some(pin) => format!("{k} of at least {FEWEST_RUNS} runs: pin it anew with `prompt-cicd baseline pin {pin}`"),
            });
        } else if Sample::new(earlier).is_ok_and(|sample| Moments::of(sample).is_constant()) {
            constant(row);
        } else if row.thresholds.1 > 0.0 {
            found.push(evidence(&metric_of(row), &row.samples[0], new, rules));
            *head_of(row) = vec![new];
            judged.push(index);
        } else {
            head.clear();
            row.why = Some("by threshold only: one of 0 leaves no margin to test against".to_owned());
        }
    }
    for (judgement, index) in decide(found, rules).into_iter().zip(judged) {
        if let Some(row) = rows.get_mut(index) {
            apply(row, judgement);
        }
    }
}

fn head_of(row: &mut Row) -> &mut Vec<f64> {
    let [_, head] = &mut row.samples;
    head
}

/// Runs that are all the same: a count may be so, and then the threshold decides; of a time nobody knows what chance does.
fn constant(row: &mut Row) {
    let same = "every run of the baseline is the same";
    let by_threshold = row.is_counted() || row.is_of_none() || (row.status == Status::Failed && !row.is_share());
    if by_threshold {
        row.why = Some(format!("by threshold only: {same}"));
    } else {
        row.status = Status::Open;
        row.why = Some(format!("{same}: there is no spread between runs to judge chance by"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{benchmark::runs::Measured, regression::Direction};

    fn benchmark(value: f64) -> Benchmark {
        Benchmark::number("b", "ms", Direction::LowerIsBetter, Some(value))
    }

    /// A new run that five earlier ones call worse with p = 0.037.
    #[test]
    fn each_past_is_one_more_chance_to_fail_by_accident() {
        let runs: Vec<BaselineRun> = [100.0, 104.0, 97.0, 102.0, 99.0]
            .iter()
            .map(|value| Measured::of(&[benchmark(*value)]).into_run(value.to_string(), Some(value.to_string()), "go", false))
            .collect();
        let past = |pinned: Option<&str>| Past { pinned: pinned.map(str::to_owned), runs: runs.clone() };
        let compare = |pasts: &[Past]| compare_with_runs(pasts, &[benchmark(129.3)], &Thresholds::default(), &Rules::default());
        assert!(compare(&[past(None)]).regressed);
        let two = compare(&[past(None), past(Some("v1"))]);
        assert!(!two.regressed && two.open && two.rows.len() == 2, "{two:?}");
    }
}
