//! A run as remarks on the prompts' files.

use super::{comparison, number::plural, summary};
use crate::domain::{
    annotation::{Annotation, Level},
    diagnostic::Place,
    lint::{Finding, Severity},
    regression::Comparison,
    suite::run::{SampleResult, SuiteRun, TestRun, TestVerdict},
};

/// Failing samples named in one annotation.
const SAMPLES_NAMED: usize = 5;

/// One annotation for every suite that did not pass or is worse than base, on its prompt's file, and one for every finding of the lints that is
/// more than a note, on its line.
pub fn of(run: &TestRun, findings: &[Finding]) -> Vec<Annotation> {
    run.suites.iter().filter_map(suite).chain(findings.iter().filter_map(finding)).collect()
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

fn suite(suite: &SuiteRun) -> Option<Annotation> {
    let level = match suite.verdict() {
        TestVerdict::Failed => Level::Error,
        TestVerdict::Inconclusive => Level::Warning,
        TestVerdict::Passed => return None,
    };
    let counts = suite.counts();
    let mut lines = vec![format!("{} of {} passed", counts.passed, plural(counts.total, "sample"))];
    if suite.comparison.as_ref().is_some_and(Comparison::fails) {
        lines.extend(comparison::headline(suite));
        lines.extend(comparison::lines(suite, SAMPLES_NAMED));
    }
    let reasons: Vec<String> =
        suite.samples.iter().filter_map(|sample| Some(format!("{}: {}", summary::sample_name(sample), reason(&sample.result)?))).collect();
    let hidden = reasons.len().saturating_sub(SAMPLES_NAMED);
    lines.extend(reasons.into_iter().take(SAMPLES_NAMED));
    if hidden > 0 {
        lines.push(format!("…and {hidden} more"));
    }
    let title = format!("suite {}: {}", suite.name, summary::word(suite.verdict()));
    // The prompt's first line: the whole of it is what was tested.
    Some(Annotation { level, place: Place::line(suite.prompt.file.display().to_string(), 1), title, message: lines.join("\n") })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_suite_that_did_not_pass_has_one() {
        let annotations = of(&fixture::rich(), &[]);
        let found: Vec<_> = annotations.iter().map(|annotation| (annotation.level, annotation.title.as_str())).collect();
        assert_eq!(found, [(Level::Error, "suite extract | <b>json</b>: failed"), (Level::Warning, "suite outage: inconclusive")]);
        assert_eq!(of(&fixture::passing(3), &[]), []);
    }

    #[test]
    fn many_samples_are_counted() {
        let annotations = of(&fixture::failing(25), &[]);
        let message = &annotations.first().unwrap().message;
        assert_eq!(message.lines().count(), 7, "{message}");
        assert!(message.starts_with("0 of 25 samples passed\n") && message.ends_with("…and 20 more"), "{message}");
    }
}
