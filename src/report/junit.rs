//! The report for CI servers: JUnit XML, a test suite for each suite and a test case for each sample.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{
    comparison,
    escape::{terminal, truncate_chars},
    known, summary,
};
use crate::domain::suite::run::{
    AssertionRun, Counts, KeptAnswer, KnownCases, MOST_TEXTS, NotRun, Sample, SampleResult, SuiteRun, TestRun, listed,
};

/// Characters of a message; all of it is in the body.
const MESSAGE_SHOWN: usize = 300;

/// Writes the report.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new(env!("CARGO_PKG_NAME"));
    report.timestamp = run.started_at.parse().ok();
    report.set_time(run.duration);
    let mut room = MOST_TEXTS;
    report.add_test_suites(run.suites.iter().map(|of| suite(of, &mut room)));
    let xml = report.to_string().map_err(io::Error::other)?;
    out.write_all(without_commands(&xml).as_bytes())
}

fn suite(suite: &SuiteRun, room: &mut usize) -> TestSuite {
    let mut written = TestSuite::new(shown(&suite.name));
    written.set_time(suite.duration);
    let properties = [
        ("prompt", Some(suite.prompt.name.as_str())),
        ("version", suite.prompt.version.as_deref()),
        ("digest", Some(&suite.prompt.digest)),
        ("model", Some(&suite.model)),
        ("provider", Some(&suite.provider)),
    ];
    written.add_properties(properties.into_iter().filter_map(|(name, value)| Some(Property::new(name, shown(value?)))));
    if let Some(compared) = &suite.comparison {
        let of_base = suite
            .base
            .iter()
            .flat_map(|base| [("base", base.reference.as_str()), ("base-commit", &base.commit), ("base-digest", &base.prompt.digest)]);
        written.add_properties(of_base.map(|(name, value)| Property::new(name, shown(value))));
        written.add_property(Property::new("comparison", comparison::word(compared)));
        for row in comparison::rows(compared) {
            let value = format!("{}: {} on base, {} on head, {} ({})", row.verdict, row.base, row.head, row.effect, row.note);
            written.add_property(Property::new(format!("metric:{}", row.metric), one_line(&value)));
        }
        written.add_properties(comparison::changes(compared).iter().map(|change| Property::new("change", one_line(change))));
    }
    written.add_properties(known::lines(suite).iter().map(|line| Property::new("known-case", one_line(line))));
    written.add_properties(known::baseline_lines(suite).iter().map(|line| Property::new("baseline", one_line(line))));
    let (listed, others) = listed(&suite.samples, room);
    let known = suite.known_cases();
    written.add_test_cases(listed.into_iter().map(|sample| case(suite, &known, sample)));
    count(&mut written, others);
    // What fails the run must not look like a green suite.
    written.add_test_cases(against_base(suite));
    written.add_test_cases(against_baselines(suite));
    written.add_test_cases(against_limits(suite));
    written
}

/// Counts the samples of a long run that are not listed one by one.
fn count(written: &mut TestSuite, others: Counts) {
    if others.total > 0 {
        written.add_property(Property::new("samples-not-listed", others.total.to_string()));
        written.tests += others.total;
        written.failures += others.failed;
        written.errors += others.faulted;
        written.skipped += others.not_run;
    }
}

/// A test case for each baseline that fails the run.
fn against_baselines(suite: &SuiteRun) -> impl Iterator<Item = TestCase> {
    suite.baselines.iter().filter(|against| against.comparison.fails()).map(|against| {
        let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
        failure.set_message(one_line(&known::baseline_headline(against))).set_type("regression");
        let mut case = TestCase::new(shown(&format!("compared with baseline {}", against.name)), failure);
        case.set_classname(shown(&suite.name));
        case
    })
}

/// A test case for each limit on the whole suite that is not kept, or of which nobody knows whether it is.
fn against_limits(suite: &SuiteRun) -> impl Iterator<Item = TestCase> {
    summary::limits_not_kept(suite).into_iter().map(|measured| {
        let kind = if measured.is_kept().is_some() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(one_line(&summary::limit(&measured))).set_type("performance");
        let mut case = TestCase::new(format!("limit {}", measured.metric), status);
        case.set_classname(shown(&suite.name));
        case
    })
}

/// A test case for a comparison that fails the run.
fn against_base(suite: &SuiteRun) -> Option<TestCase> {
    suite.comparison.as_ref().filter(|compared| compared.fails())?;
    let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
    failure.set_message(one_line(&comparison::headline(suite)?)).set_type("regression");
    failure.set_description(shown(&comparison::lines(suite, usize::MAX).join("\n")));
    let mut case = TestCase::new("compared with base", failure);
    case.set_classname(shown(&suite.name));
    Some(case)
}

fn case(suite: &SuiteRun, known: &KnownCases<'_>, sample: &Sample) -> TestCase {
    let excused = known.get(&sample.case_id).filter(|known| !known.counts && !sample.passed());
    let status = excused.map_or_else(
        || status(sample),
        |known| {
            // A failure that does not count must not turn the CI server's page red.
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(one_line(&known::note(known)));
            skipped
        },
    );
    let mut case = TestCase::new(shown(&summary::sample_name(sample)), status);
    case.set_classname(shown(&suite.name));
    case.set_time(sample.execution);
    case
}

fn status(sample: &Sample) -> TestCaseStatus {
    match &sample.result {
        SampleResult::Judged { passed: true, .. } => TestCaseStatus::success(),
        SampleResult::Judged { answer, assertions, .. } => {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let main = summary::main_failure(assertions);
            failure.set_message(one_line(&main.map_or_else(|| "below the threshold".to_owned(), summary::assertion)));
            failure.set_type(shown(main.map_or("threshold", |assertion| &assertion.name)));
            failure.set_description(shown(&body(sample, answer, assertions)));
            failure
        }
        SampleResult::Faulted(fault) => {
            let mut error = TestCaseStatus::non_success(NonSuccessKind::Error);
            error.set_message(one_line(&fault.message)).set_type(fault.kind.as_str()).set_description(shown(&fault.message));
            error
        }
        // What the lints or the budget stopped must not look like something nobody wanted to run.
        SampleResult::NotRun(reason @ (NotRun::Lints(_) | NotRun::Budget(_))) => {
            let mut error = TestCaseStatus::non_success(NonSuccessKind::Error);
            let kind = if matches!(reason, NotRun::Budget(_)) { "budget" } else { "lints" };
            error.set_message(summary::not_run_reason(reason)).set_type(kind);
            error
        }
        SampleResult::NotRun(reason) => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(summary::not_run_reason(reason));
            skipped
        }
    }
}

/// All that does not hold, the variables and the answer.
fn body(sample: &Sample, answer: &KeptAnswer, assertions: &[AssertionRun]) -> String {
    let mut lines: Vec<String> = assertions.iter().filter(|assertion| !assertion.passed).map(summary::assertion).collect();
    lines.push(format!("variables: {}", summary::variables(sample)));
    lines.push(format!("answer:\n{}", answer.text()));
    lines.join("\n")
}

/// Text that XML can hold: what it cannot is made visible.
fn shown(text: &str) -> String {
    terminal(text).into_owned()
}

/// Text for an attribute: one line, bounded.
fn one_line(text: &str) -> String {
    shown(&truncate_chars(text, MESSAGE_SHOWN).replace("\r\n", " ").replace('\n', " "))
}

/// Breaks what GitHub's runner would obey, should the file be printed: as references to the same characters.
fn without_commands(xml: &str) -> String {
    let mut safe = String::with_capacity(xml.len());
    for line in xml.split_inclusive('\n') {
        let visible = line.trim_start();
        match (visible.strip_prefix("::"), line.strip_suffix(visible)) {
            (Some(rest), Some(indent)) => {
                safe.push_str(indent);
                safe.push_str("&#58;:");
                safe.push_str(&rest.replace("##[", "&#35;#["));
            }
            _ => safe.push_str(&line.replace("##[", "&#35;#[")),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn xml(run: &TestRun) -> String {
        let mut out = Vec::new();
        render(run, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_at_once() {
        insta::assert_snapshot!("junit", xml(&fixture::rich()));
    }

    #[test]
    fn counts_and_texts_read_back() {
        let run = fixture::rich();
        // quick-junit's reader knows no numeric references; every XML parser does.
        let read = Report::deserialize_from_str(&xml(&run).replace("&#58;", ":").replace("&#35;", "#")).unwrap();
        let counts = run.counts();
        assert_eq!((read.tests, read.failures, read.errors), (counts.total, counts.failed, counts.faulted));
        assert_eq!(read.test_suites.iter().map(|suite| suite.skipped).sum::<usize>(), counts.not_run);
        assert_eq!(read.test_suites[1].name.as_str(), run.suites[1].name);
        let worst = &read.test_suites[1].test_cases[0];
        assert_eq!(worst.name.as_str(), "evil | *case* @octocat");
        let TestCaseStatus::NonSuccess { description: Some(body), .. } = &worst.status else { panic!("{worst:?}") };
        assert!(body.as_str().contains("\n::error file=a.rs::forged\n") && body.as_str().contains("##[error]legacy"), "{body:?}");
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_made_visible() {
        let mut run = fixture::failing(1);
        let all: String = ('\0'..='\u{ffff}').filter(|c| c.is_control() || *c >= '\u{fff0}').chain(['\u{e0001}']).collect();
        *fixture::text_mut(&mut run.suites[0].samples[0]) = all;
        let xml = xml(&run);
        let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(xml.chars().all(allowed), "{xml}");
        assert!(xml.contains("\\u{0}") && xml.contains("\\u{ffff}"), "{xml}");
    }

    #[test]
    fn a_printed_file_commands_nothing() {
        let xml = xml(&fixture::rich());
        assert!(!xml.contains("##[") && !xml.lines().any(|line| line.trim_start().starts_with("::")), "{xml}");
    }
}
