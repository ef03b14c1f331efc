//! What is known of cases besides this run, for every report: quarantines, and failures that their history knows.

use super::{comparison, number};
use crate::domain::{
    history::baseline::short,
    regression::against::AgainstBaseline,
    suite::{
        CaseId,
        run::{Counts, KnownCase, SuiteRun, TestRun},
    },
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

/// Of each baseline that the suite was compared with a line with the conclusion, and one for each metric.
pub(super) fn baseline_lines(suite: &SuiteRun) -> Vec<String> {
    let lines = |against: &AgainstBaseline| {
        let rows = comparison::rows(&against.comparison).into_iter();
        let rows = rows.map(|row| {
            format!("{}: {}, {} then, {} now, {} {} ({})", row.metric, row.verdict, row.base, row.head, row.effect, row.interval, row.note)
        });
        std::iter::once(baseline_headline(against)).chain(rows).chain(comparison::changes(&against.comparison)).collect::<Vec<_>>()
    };
    suite.baselines.iter().flat_map(lines).collect()
}

/// A conclusion about a baseline in words.
pub(super) fn baseline_headline(against: &AgainstBaseline) -> String {
    let of: Vec<String> = against.of.iter().map(|commit| short(commit)).collect();
    let note = against.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
    let failing = against.comparison.judgements.iter().filter(|judgement| judgement.fails());
    let failing: Vec<&str> = failing.map(|judgement| judgement.evidence.metric.name.as_str()).collect();
    let failing = if failing.is_empty() { String::new() } else { format!(": {}", failing.join(", ")) };
    format!("{} against baseline {} (of {}){failing}{note}", comparison::word(&against.comparison), against.name, of.join(", "))
}

/// A warning for each suite that a baseline fails.
pub fn worse_than_a_baseline(run: &TestRun) -> Vec<String> {
    let of_suite = |suite: &SuiteRun| {
        let failing = suite.baselines.iter().filter(|against| against.comparison.fails());
        failing.map(|against| format!("suite `{}`: {}", suite.name, baseline_headline(against))).collect::<Vec<_>>()
    };
    run.suites.iter().flat_map(of_suite).collect()
}
