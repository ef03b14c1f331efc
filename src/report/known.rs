//! What is known of cases besides this run, for every report: quarantines, and failures that their history knows.

use std::collections::HashMap;

use super::{comparison, number};
use crate::domain::{
    history::baseline::short,
    regression::against::AgainstBaseline,
    suite::{
        CaseId,
        run::{Counts, KnownCase, Sample, SuiteRun, TestRun},
    },
};

/// A line for each case that is in quarantine, or that failed and is known to be flaky.
pub(super) fn lines(suite: &SuiteRun) -> Vec<String> {
    let mut samples: HashMap<&CaseId, Vec<&Sample>> = suite.known.iter().map(|known| (&known.case, Vec::new())).collect();
    for sample in &suite.samples {
        if let Some(of_case) = samples.get_mut(&sample.case_id) {
            of_case.push(sample);
        }
    }
    suite.known.iter().map(|known| line(known, samples.get(&known.case).map_or(&[], Vec::as_slice))).collect()
}

fn line(known: &KnownCase, samples: &[&Sample]) -> String {
    let said = note(known);
    let counts = Counts::of(samples.iter().copied());
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
pub(super) fn quarantined(known: &KnownCase) -> Option<String> {
    let rule = known.quarantine.as_ref()?;
    let issue = rule.issue.as_ref().map_or_else(String::new, |issue| format!(" ({issue})"));
    Some(format!("until {}: {}{issue}", rule.until, rule.reason))
}

/// Whether a case failed no more often than its history knows.
pub(super) fn at_known_rate(known: &KnownCase) -> bool {
    known.flaky.is_some_and(|flaky| flaky.at_known_rate)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::suite::run::KnownFlaky,
        report::{comment, fixture, junit},
    };

    /// 100,000 failing cases that their history knows: whoever looks each of them up among all others is still there tomorrow.
    #[test]
    fn many_known_cases_are_looked_up_once() {
        let mut run = fixture::failing(100_000);
        let suite = &mut run.suites[0];
        let flaky = KnownFlaky { passed: 3, trials: 4, p_value: 0.5, at_known_rate: true };
        let known = |sample: &Sample| KnownCase { case: sample.case_id.clone(), quarantine: None, flaky: Some(flaky), counts: false };
        suite.known = suite.samples.iter().map(known).collect();
        let suite = &run.suites[0];
        assert!(suite.is_all_excused());
        assert_eq!(suite.verdict_of_head(), crate::domain::suite::run::TestVerdict::Passed);
        let lines = lines(suite);
        assert_eq!(lines.len(), 100_000);
        assert!(lines[0].starts_with("case-0: 0 of 1 sample passed; flaky, and no worse than known"), "{}", lines[0]);
        let mut room = 200;
        assert_eq!(comment::of_suite(suite, &mut room).cases_left_out, 99_900);
        let mut out = Vec::new();
        junit::render(&run, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("tests=\"100000\""));
    }
}
