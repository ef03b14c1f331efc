//! What is known of cases besides this run, for every report: quarantines, and failures that their history knows.

use super::number;
use crate::domain::suite::{
    CaseId,
    run::{Counts, KnownCase, SuiteRun},
};

/// A line for each case that is in quarantine, or that failed and is known to be flaky.
pub(super) fn lines(suite: &SuiteRun) -> Vec<String> {
    suite.known.iter().map(|known| line(suite, known)).collect()
}

fn line(suite: &SuiteRun, known: &KnownCase) -> String {
    let said = note(known);
    let counts = Counts::of(suite.samples.iter().filter(|sample| sample.case_id == known.case));
    format!("{}: {} of {} passed; {said}", known.case, number::size(counts.passed), number::plural(counts.total, "sample"))
}

/// What is known of a case, in words.
pub(super) fn note(known: &KnownCase) -> String {
    let mut said = Vec::new();
    if let Some(rule) = &known.quarantine {
        let issue = rule.issue.as_ref().map_or_else(String::new, |issue| format!(" ({issue})"));
        said.push(format!("in quarantine until {}: {}{issue}", rule.until, rule.reason));
    }
    if let Some(flaky) = &known.flaky {
        let earlier = format!("{} of {} passed in earlier runs", number::count(flaky.passed), number::count(flaky.trials));
        let verdict = if flaky.at_known_rate { "flaky, and no worse than known" } else { "flaky, and worse than known" };
        let counts = if known.counts { "" } else { "; it does not count" };
        said.push(format!("{verdict} ({earlier}, p {:.3}){counts}", flaky.p_value));
    }
    said.join("; ")
}

/// Why a case does not fail the run, in words; `None` for one that can.
pub(super) fn quarantined(suite: &SuiteRun, case: &CaseId) -> Option<String> {
    let rule = suite.known_case(case)?.quarantine.as_ref()?;
    let issue = rule.issue.as_ref().map_or_else(String::new, |issue| format!(" ({issue})"));
    Some(format!("until {}: {}{issue}", rule.until, rule.reason))
}

/// Whether a case failed no more often than its history knows.
pub(super) fn at_known_rate(suite: &SuiteRun, case: &CaseId) -> bool {
    suite.known_case(case).and_then(|known| known.flaky).is_some_and(|flaky| flaky.at_known_rate)
}
