//! A run as remarks on the lines of the user's files: prompts, cases, assertions.

use std::collections::{BTreeMap, HashMap};

use super::{comparison, known, number::plural, summary};
use crate::domain::{
    annotation::{Annotation, Level},
    diagnostic::Place,
    lint::{Finding, Severity},
    regression::{
        Comparison,
        comparison::{CaseComparison, CaseStatus},
    },
    suite::run::{AssertionRun, KnownCase, Sample, SampleResult, SuiteRun, TestRun, TestVerdict},
};

/// Failing samples named in one annotation.
const SAMPLES_NAMED: usize = 5;

/// Where each suite's prompt and failing cases are written, by the suite's name.
pub type Places = BTreeMap<String, SuitePlaces>;

/// Where a suite's prompt and its failing cases are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuitePlaces {
    /// The prompt's line that is meant by whatever is said of the prompt as a whole.
    pub prompt: Place,
    /// The failing cases by their position in the suite, from 0.
    pub cases: HashMap<usize, CasePlaces>,
}

/// Where a case is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePlaces {
    /// The case.
    pub case: Place,
    /// For each of its assertions, in the order of the judgements, the line of the case's file that it has to itself.
    pub assertions: Vec<Option<usize>>,
}

/// One annotation for every suite that did not pass or is worse than base, on its prompt's line; one for every failing case
/// of such a suite, on its own line and on those of its failing assertions, newly failing ones first; and one for every
/// finding of the lints that is more than a note, on its line.
pub fn of(run: &TestRun, findings: &[Finding], places: &Places) -> Vec<Annotation> {
    let of_suites = run.suites.iter().filter_map(|run| suite(run, places.get(&run.name)));
    let mut of_cases: Vec<_> = run.suites.iter().filter_map(|run| Some(cases(run, places.get(&run.name)?))).flatten().collect();
    of_cases.sort_by_key(|(is_new, _)| std::cmp::Reverse(*is_new));
    of_suites.chain(of_cases.into_iter().map(|(_, annotation)| annotation)).chain(findings.iter().filter_map(finding)).collect()
}

fn finding(finding: &Finding) -> Option<Annotation> {
    let level = match finding.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => return None,
    };
    let message = format!("{}\nhelp: {}", finding.message, finding.help);
    Some(Annotation { level, place: finding.place.clone(), title: finding.rule.to_owned(), message })
}

fn level(suite: &SuiteRun) -> Option<Level> {
    match suite.verdict() {
        TestVerdict::Failed => Some(Level::Error),
        TestVerdict::Inconclusive => Some(Level::Warning),
        TestVerdict::Passed => None,
    }
}

fn suite(suite: &SuiteRun, places: Option<&SuitePlaces>) -> Option<Annotation> {
    let level = level(suite)?;
    let counts = suite.counts();
    let mut lines = vec![format!("{} of {} passed", counts.passed, plural(counts.total, "sample"))];
    if suite.comparison.as_ref().is_some_and(Comparison::fails) {
        lines.extend(comparison::headline(suite));
        lines.extend(comparison::lines(suite, SAMPLES_NAMED));
    }
    lines.extend(summary::limits_not_kept(suite).iter().map(summary::limit));
    let reasons: Vec<String> =
        suite.samples.iter().filter_map(|sample| Some(format!("{}: {}", summary::sample_name(sample), reason(&sample.result)?))).collect();
    let hidden = reasons.len().saturating_sub(SAMPLES_NAMED);
    lines.extend(reasons.into_iter().take(SAMPLES_NAMED));
    if hidden > 0 {
        lines.push(format!("…and {hidden} more"));
    }
    let title = format!("suite {}: {}", suite.name, summary::word(suite.verdict()));
    let place = places.map_or_else(|| Place::line(suite.prompt.file.display().to_string(), 1), |places| places.prompt.clone());
    Some(Annotation { level, place, title, message: lines.join("\n") })
}

fn reason(result: &SampleResult) -> Option<String> {
    match result {
        SampleResult::Judged { passed: true, .. } => None,
        SampleResult::Judged { assertions, .. } => {
            Some(summary::main_failure(assertions).map_or_else(|| "failed".to_owned(), summary::assertion))
        }
        SampleResult::Faulted(fault) => Some(fault.message.clone()),
        SampleResult::NotRun(reason) => Some(summary::not_run_reason(reason)),
    }
}

/// The remarks on the failing cases of a suite that did not pass, each with whether the case passed on base.
fn cases(suite: &SuiteRun, places: &SuitePlaces) -> Vec<(bool, Annotation)> {
    let Some(level) = level(suite) else { return Vec::new() };
    let compared: HashMap<_, &CaseComparison> =
        suite.comparison.iter().flat_map(|comparison| &comparison.cases).map(|case| (&case.case, case)).collect();
    let excused: HashMap<_, &KnownCase> = suite.known.iter().filter(|known| !known.counts).map(|known| (&known.case, known)).collect();
    let mut repeats: BTreeMap<usize, (usize, Vec<&Sample>)> = BTreeMap::new();
    for sample in &suite.samples {
        let (asked, failing) = repeats.entry(sample.case_index).or_default();
        *asked += 1;
        failing.extend(matches!(sample.result, SampleResult::Judged { passed: false, .. }).then_some(sample));
    }
    let mut remarks = Vec::new();
    for (index, (asked, failing)) in &repeats {
        let (Some(first), Some(places)) = (failing.first(), places.cases.get(index)) else { continue };
        let known = compared.get(&first.case_id).copied();
        let is_new = known.is_some_and(|case| case.status == CaseStatus::NewlyFailing);
        let status = known.map_or("failed", |case| comparison::status(case.status));
        let title = format!("suite {}, case {}: {status}", suite.name, first.case_id);
        // What does not decide is no error either.
        let excuse = excused.get(&first.case_id).map(|known| known::note(known));
        let (is_new, level) = if excuse.is_some() { (false, Level::Notice) } else { (is_new, level) };
        for (place, mut lines) in at_lines(failing, places) {
            lines.extend(excuse.clone());
            if *asked > 1 {
                lines.push(format!("failed in {} of {asked} repeats", failing.len()));
            }
            let message = lines.join("\n");
            remarks.push((is_new, Annotation { level, place, title: title.clone(), message }));
        }
    }
    remarks
}

/// What weighs against a case, by the line it is said on; the same reason is said once.
fn at_lines(failing: &[&Sample], places: &CasePlaces) -> BTreeMap<Place, Vec<String>> {
    let mut found: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for sample in failing {
        let SampleResult::Judged { assertions, score, .. } = &sample.result else { continue };
        // As in the summary: what weighs, else whatever failed.
        let weighty = assertions.iter().any(|assertion| !assertion.passed && assertion.weight > 0.0);
        let wrong = |assertion: &AssertionRun| !assertion.passed && (assertion.weight > 0.0 || !weighty);
        for (index, assertion) in assertions.iter().enumerate().filter(|(_, assertion)| wrong(assertion)) {
            let own = places.assertions.get(index).copied().flatten();
            let place = own.map_or_else(|| places.case.clone(), |line| Place::line(places.case.file.as_str(), line));
            let (lines, said) = (found.entry(place).or_default(), summary::assertion(assertion));
            if lines.len() < SAMPLES_NAMED && !lines.contains(&said) {
                lines.push(said);
            }
        }
        if found.is_empty() {
            found.insert(places.case.clone(), vec![format!("its score of {score:.2} is too low")]);
        }
    }
    found
}

#[cfg(test)]
mod tests;
