//! What `pr` found, as text, JSON and Markdown.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style,
    escape::{markdown, markdown_table_cell, one_line},
    json::write_harmless,
    number,
};
use crate::domain::pull_request::{CheckResult, Size, Status, failed};

/// The characters shown of what a check says.
const MESSAGE_SHOWN: usize = 600;

/// How the checks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment or a job summary on GitHub.
    Markdown,
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which pull request.
    pub number: u64,
    /// Its last commit.
    pub head: String,
    /// Its title.
    pub title: String,
    /// How large it is.
    pub size: Size,
    /// Lines added and removed.
    pub lines: u64,
    /// Why not all of its files are known, if so.
    pub truncated: Option<String>,
    /// Every check that was made.
    pub checks: Vec<CheckResult>,
}

/// Writes the checks, buffered; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Text => text(report, style, &mut out)?,
        Format::Json => json(report, &mut out)?,
        Format::Markdown => in_markdown(report, &mut out)?,
    }
    out.flush()
}

fn conclusion(report: &Report) -> String {
    let counts = [(Status::Failed, "failed"), (Status::Warned, "to look at"), (Status::Passed, "fine")];
    let of = |status| report.checks.iter().filter(|check| check.status == status).count();
    let said: Vec<String> =
        counts.iter().filter(|(status, _)| of(*status) > 0).map(|(status, word)| format!("{} {word}", of(*status))).collect();
    format!(
        "{}: {}",
        number::plural(report.checks.len(), "check"),
        if said.is_empty() { "all are off".to_owned() } else { said.join(", ") }
    )
}

fn text(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = |codes: &str, text: &str| if style.color { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() };
    let (mark, codes) = if failed(&report.checks) { ("✗ INVALID", "1;31") } else { ("✓ VALID", "1;32") };
    writeln!(out, "{}", paint(codes, &format!("{mark}: pull request #{}: {}", report.number, conclusion(report))))?;
    for check in &report.checks {
        let (mark, codes) = match check.status {
            Status::Passed => ("✓", "32"),
            Status::Warned => ("!", "33"),
            Status::Failed => ("✗", "31"),
        };
        let line = format!("{mark} {}: {}", check.check.as_str(), one_line(&check.message));
        writeln!(out, "{}", paint(codes, &line))?;
    }
    if let Some(truncated) = &report.truncated {
        writeln!(out, "! {}", one_line(truncated))?;
    }
    Ok(())
}

fn in_markdown(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mark = if failed(&report.checks) { "❌ Pull request invalid" } else { "✅ Pull request valid" };
    writeln!(out, "## {mark}: {}\n\n| check | | what was seen |\n|---|---|---|", conclusion(report))?;
    for check in &report.checks {
        let mark = match check.status {
            Status::Passed => "✅",
            Status::Warned => "⚠️",
            Status::Failed => "❌",
        };
        writeln!(out, "| {} | {mark} | {} |", check.check.as_str(), markdown_table_cell(&check.message, MESSAGE_SHOWN))?;
    }
    if let Some(truncated) = &report.truncated {
        writeln!(out, "\n{}", markdown(truncated))?;
    }
    writeln!(out)
}

#[derive(Debug, Serialize)]
struct Json<'a> {
    schema_version: u32,
    valid: bool,
    pull_request: u64,
    head: &'a str,
    title: &'a str,
    size: &'a str,
    lines: u64,
    files_truncated: bool,
    checks: &'a [CheckResult],
}

fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let json = Json {
        schema_version: 1,
        valid: !failed(&report.checks),
        pull_request: report.number,
        head: &report.head,
        title: &report.title,
        size: report.size.as_str(),
        lines: report.lines,
        files_truncated: report.truncated.is_some(),
        checks: &report.checks,
    };
    write_harmless(&json, out)
}
