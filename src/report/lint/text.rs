//! For a terminal: one line a finding, as compilers write them.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::{by_weight, conclusion, left_out};
use crate::{
    domain::lint::{LintRun, Severity},
    report::{
        Style,
        escape::{one_line, truncate_chars},
    },
};

/// Findings that are shown, unless everything is asked for.
const SHOWN: usize = 50;
/// Characters shown of a message.
const MESSAGE_SHOWN: usize = 300;

pub(super) fn render(run: &LintRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let findings = by_weight(run);
    let shown = if style.verbose { findings.len() } else { findings.len().min(SHOWN) };
    let (mark, codes) = if run.stopping() > 0 { ("✗ FAILED", "1;31") } else { ("✓ PASSED", "1;32") };
    writeln!(out, "{}", paint(style, codes, &format!("{mark}: {}", conclusion(run))))?;
    let mut helped = BTreeSet::new();
    for finding in findings.iter().take(shown) {
        let severity = paint(style, color(finding.severity), finding.severity.as_str());
        let message = one_line(&truncate_chars(&finding.message, MESSAGE_SHOWN));
        writeln!(out, "{}: {severity}: {message} [{}]", one_line(&finding.place.to_string()), finding.rule)?;
        // The same advice twice is noise.
        if helped.insert(finding.rule) || style.verbose {
            writeln!(out, "  help: {}", finding.help)?;
        }
    }
    for sentence in left_out(run, findings.len() - shown) {
        writeln!(out, "{sentence}")?;
    }
    if run.stopping() > 0 {
        writeln!(out, "Next: mend them, or accept them in `lints.ignore` with the reason.")?;
    }
    Ok(())
}

fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "36",
        Severity::Warning => "33",
        Severity::Error => "31",
    }
}

fn paint(style: &Style, codes: &str, text: &str) -> String {
    if style.color { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() }
}
