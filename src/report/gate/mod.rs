//! What `gate` found, as text, JSON and Markdown.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style,
    escape::{markdown_table_cell, one_line},
    json::write_harmless,
    number,
};
use crate::domain::gate::{GateResult, GateRun, OnFail, Source, Status};

/// The characters shown of a reason in a table.
const REASON_SHOWN: usize = 300;

/// How the gates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs, and for a later run's `--baseline`.
    Json,
    /// For a comment or a job summary on GitHub.
    Markdown,
}

/// Writes the gates, buffered; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, run: &GateRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Text => text(run, style, &mut out)?,
        Format::Json => json(run, &mut out)?,
        Format::Markdown => markdown(run, &mut out)?,
    }
    out.flush()
}

fn conclusion(run: &GateRun) -> String {
    let counts = [(Status::Failed, "closed"), (Status::Warned, "to look at"), (Status::Passed, "open")];
    let said: Vec<String> =
        counts.iter().filter(|(status, _)| run.count(*status) > 0).map(|(status, word)| format!("{} {word}", run.count(*status))).collect();
    format!("{}: {}", number::plural(run.gates.len(), "gate"), said.join(", "))
}

fn value(gate: &GateResult) -> String {
    gate.value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

fn bound(gate: &GateResult) -> String {
    let ratchet = gate.before.map(|before| format!(", never worse than {before}")).unwrap_or_default();
    format!("{}{ratchet}", gate.rule.bound)
}

fn source(gate: &GateResult) -> String {
    gate.rule.source.to_string()
}

fn text(run: &GateRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = |codes: &str, text: &str| if style.color { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() };
    let (mark, codes) = if run.is_closed() { ("✗ CLOSED", "1;31") } else { ("✓ OPEN", "1;32") };
    writeln!(out, "{}", paint(codes, &format!("{mark}: {}", conclusion(run))))?;
    for gate in &run.gates {
        let (mark, codes) = match gate.status {
            Status::Passed => ("✓", "32"),
            Status::Warned => ("!", "33"),
            Status::Failed => ("✗", "31"),
        };
        let line = format!("{} {}: {} ({}; {})", mark, one_line(&gate.rule.name), value(gate), bound(gate), one_line(&source(gate)));
        writeln!(out, "{}", paint(codes, &line))?;
        if let Some(reason) = &gate.reason {
            writeln!(out, "    {}", one_line(reason))?;
        }
    }
    if run.is_closed() {
        writeln!(out, "Next: mend what the closed gates name, or change their bounds in `gates.rules`.")?;
    }
    Ok(())
}

fn markdown(run: &GateRun, out: &mut dyn Write) -> io::Result<()> {
    let mark = if run.is_closed() { "❌ Gates closed" } else { "✅ Gates open" };
    writeln!(out, "## {mark}: {}\n\n| gate | value | bound | from | |\n|---|---:|---|---|---|", conclusion(run))?;
    for gate in &run.gates {
        let mark = match gate.status {
            Status::Passed => "✅ open",
            Status::Warned => "⚠️ look",
            Status::Failed => "❌ closed",
        };
        let why = gate.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {} | {mark}{} |",
            markdown_table_cell(&gate.rule.name, 100),
            value(gate),
            bound(gate),
            markdown_table_cell(&source(gate), 200),
            markdown_table_cell(&why, REASON_SHOWN)
        )?;
    }
    writeln!(out)
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema_version: u32,
    passed: bool,
    gates: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    name: &'a str,
    status: Status,
    value: Option<f64>,
    bound: String,
    before: Option<f64>,
    on_fail: OnFail,
    file: Option<String>,
    format: Option<&'a str>,
    measure: Option<&'a str>,
    source: Option<&'a str>,
    query: Option<&'a str>,
    reason: Option<&'a str>,
}

fn json(run: &GateRun, out: &mut dyn Write) -> io::Result<()> {
    let gates = run.gates.iter().map(|gate| {
        let (file, format, measure, source, query) = match &gate.rule.source {
            Source::File { file, format, measure } => {
                (Some(file.display().to_string()), format.as_deref(), Some(measure.as_str()), None, None)
            }
            Source::Metric { source, query } => (None, None, None, Some(source.as_str()), Some(query.as_str())),
        };
        Item {
            name: &gate.rule.name,
            status: gate.status,
            value: gate.value,
            bound: gate.rule.bound.to_string(),
            before: gate.before,
            on_fail: gate.rule.on_fail,
            file,
            format,
            measure,
            source,
            query,
            reason: gate.reason.as_deref(),
        }
    });
    write_harmless(&Report { schema_version: 1, passed: !run.is_closed(), gates: gates.collect() }, out)
}
