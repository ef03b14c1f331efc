//! For programs: names stay, and may only be joined by others.

use std::io::{self, Write};

use serde::Serialize;

use super::fingerprints;
use crate::{
    domain::lint::{LintRun, Severity},
    report::json::write_harmless,
};

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema_version: u32,
    passed: bool,
    fail_on: Severity,
    prompts: usize,
    cases: usize,
    findings: Vec<Item<'a>>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    rule: &'a str,
    severity: Severity,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: &'a str,
    fingerprint: String,
    ignored: Option<&'a str>,
}

pub(super) fn render(run: &LintRun, out: &mut dyn Write) -> io::Result<()> {
    let findings = run.report.findings.iter().zip(fingerprints(run)).map(|(finding, fingerprint)| Item {
        rule: finding.rule,
        severity: finding.severity,
        file: &finding.place.file,
        line: finding.place.line,
        column: finding.place.column,
        message: &finding.message,
        help: &finding.help,
        fingerprint,
        ignored: finding.ignored.as_deref(),
    });
    let report = Report {
        schema_version: 1,
        passed: run.stopping() == 0,
        fail_on: run.settings.fail_on,
        prompts: run.prompts,
        cases: run.cases,
        findings: findings.collect(),
        left_out: run.report.left_out,
    };
    write_harmless(&report, out)
}
