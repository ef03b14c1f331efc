//! Comparing a suite with base, in one run and in one that shards were merged into.

use crate::domain::{
    regression::{Settings, comparison::Change, samples},
    suite::run::SuiteRun,
};

/// Compares a suite with its samples of base; `changes` are what differs.
pub(in crate::app) fn compare(run: &mut SuiteRun, changes: Vec<Change>, settings: &Settings) {
    let nothing = Vec::new();
    let base = run.base.as_ref().map_or(&nothing, |base| &base.samples);
    // Where nothing was asked of base there is nothing to judge: what changed is all there is to say.
    let head: &[_] = if run.base.is_some() { &run.samples } else { &[] };
    let known = run.known_cases();
    let mut comparison = samples::compare_counting(base, head, changes, settings, &|case| known.counts(case), run.sampling);
    for case in &mut comparison.cases {
        let known = known.get(&case.case);
        case.quarantined = known.and_then(|known| known.quarantine.as_ref()).map(|rule| rule.reason.clone());
        case.flaky = known.and_then(|known| known.flaky).is_some_and(|flaky| flaky.at_known_rate);
    }
    run.comparison = Some(comparison);
}
