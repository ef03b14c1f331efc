//! pass@k and pass^k of a suite whose cases were asked several times: the means over its cases of [`repeats::at_least_one`] and
//! [`repeats::every_one`].

use std::collections::BTreeMap;

use super::run::{Sample, SampleResult};
use crate::domain::stats::{mean, repeats};

/// The chances that answers pass, by how many are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct PassAt {
    /// Cases with answers.
    pub cases: usize,
    /// Judged answers of the case that has the fewest of them.
    pub answers: usize,
    /// For k = 1, 2, … up to `answers`: the chance that at least one of k answers passes, and that each does.
    pub chances: Vec<(f64, f64)>,
}

/// Of these samples; `None` where a case has fewer than two judged answers.
pub fn pass_at(samples: &[Sample]) -> Option<PassAt> {
    // Nobody was asked twice: no need to count a million cases.
    if samples.iter().all(|sample| sample.repeat == 0) {
        return None;
    }
    let mut cases: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for sample in samples {
        if let SampleResult::Judged { passed, .. } = &sample.result {
            let (judged, held) = cases.entry(sample.case_index).or_default();
            *judged += 1;
            *held += usize::from(*passed);
        }
    }
    let answers = cases.values().map(|(judged, _)| *judged).min().filter(|answers| *answers >= 2)?;
    let over = |of: fn(usize, usize, usize) -> Option<f64>, k| {
        mean(&cases.values().map(|(judged, held)| of(*judged, *held, k)).collect::<Option<Vec<_>>>()?)
    };
    let chances = (1..=answers).map(|k| Some((over(repeats::at_least_one, k)?, over(repeats::every_one, k)?))).collect::<Option<_>>()?;
    Some(PassAt { cases: cases.len(), answers, chances })
}
