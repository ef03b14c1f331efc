//! For GitHub: a table.

use std::io::{self, Write};

use super::{by_weight, conclusion, left_out};
use crate::{
    domain::lint::LintRun,
    report::escape::{markdown, markdown_table_cell},
};

/// Findings that are shown.
const SHOWN: usize = 100;
/// Characters shown of a cell.
const CELL: usize = 200;

pub(super) fn render(run: &LintRun, out: &mut dyn Write) -> io::Result<()> {
    let findings = by_weight(run);
    let verdict = if run.stopping() > 0 { "✗ Lints failed" } else { "✓ Lints passed" };
    writeln!(out, "## {verdict}\n\n{}", markdown(&conclusion(run)))?;
    if !findings.is_empty() {
        writeln!(out, "\n| severity | rule | place | finding | what to do |\n|---|---|---|---|---|")?;
    }
    for finding in findings.iter().take(SHOWN) {
        let cells = [finding.severity.as_str(), finding.rule, &finding.place.to_string(), &finding.message, &finding.help];
        writeln!(out, "| {} |", cells.map(|cell| markdown_table_cell(cell, CELL)).join(" | "))?;
    }
    for sentence in left_out(run, findings.len().saturating_sub(SHOWN)) {
        writeln!(out, "\n{sentence}")?;
    }
    Ok(())
}
