//! What `lint` found, as text, JSON, SARIF and Markdown.

mod json;
mod markdown;
mod sarif;
mod text;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use super::{Style, number};
use crate::domain::{
    digest,
    lint::{Finding, LintRun, Severity},
};

/// How the findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For a comment or a job summary on GitHub.
    Markdown,
}

/// Writes the findings, buffered; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, run: &LintRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Text => text::render(run, style, &mut out)?,
        Format::Json => json::render(run, &mut out)?,
        Format::Sarif => sarif::render(run, &mut out)?,
        Format::Markdown => markdown::render(run, &mut out)?,
    }
    out.flush()
}

/// The findings that count, the worst first, then by place.
fn by_weight(run: &LintRun) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = run.report.counting().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// The outcome in one sentence.
fn conclusion(run: &LintRun) -> String {
    let looked_at = format!("{}, {}", number::plural(run.prompts, "prompt"), number::plural(run.cases, "case"));
    let count = |severity| run.report.counting().filter(|finding| finding.severity == severity).count();
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .filter(|severity| count(*severity) > 0)
        .map(|severity| number::plural(count(severity), severity.as_str()))
        .collect();
    match (run.stopping(), counts.is_empty()) {
        (0, true) => format!("no finding in {looked_at}"),
        (0, false) => format!("{} in {looked_at}, all below `{}`", counts.join(", "), run.settings.fail_on),
        (_, _) => format!("{} in {looked_at}", counts.join(", ")),
    }
}

/// What is not shown, in sentences.
fn left_out(run: &LintRun, hidden: usize) -> Vec<String> {
    let ignored = run.report.findings.len() - run.report.counting().count();
    let mut said = Vec::new();
    if hidden > 0 {
        said.push(format!("{} not shown; --format json has all.", number::plural(hidden, "more finding")));
    }
    if run.report.left_out > 0 {
        said.push(format!("{} of the same rules counted only.", number::plural(run.report.left_out, "more finding")));
    }
    if ignored > 0 {
        said.push(format!("{} ignored by the configuration.", number::plural(ignored, "finding")));
    }
    said
}

/// For each finding a name that stays when lines move: of its rule, file, message, and which of several equal ones it is.
fn fingerprints(run: &LintRun) -> Vec<String> {
    let mut seen: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let name = |finding: &'_ Finding, nth: usize| {
        digest::sha256_hex(format!("{}\0{}\0{}\0{nth}", finding.rule, finding.place.file, finding.message).as_bytes())
    };
    let mut names = Vec::with_capacity(run.report.findings.len());
    for finding in &run.report.findings {
        let nth = seen.entry((finding.rule, &finding.place.file, &finding.message)).or_default();
        names.push(name(finding, *nth));
        *nth += 1;
    }
    names
}
