//! What `doctor` found, as text and JSON.

use std::io::{self, Write};

use serde_json::json;

use super::{escape::one_line, json::write_harmless};
use crate::domain::examination::{Finding, Health};

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

/// Writes it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let well = findings.iter().all(|finding| finding.health <= Health::Aside);
    if format == Format::Json {
        return write_harmless(&json!({"schema": "doctor/v1", "well": well, "findings": findings}), out);
    }
    for finding in findings {
        let mark = match finding.health {
            Health::Well => "✓",
            Health::Aside => "–",
            Health::Unreachable | Health::Refused | Health::Misconfigured => "✗",
        };
        writeln!(out, "{mark} {}: {}", one_line(&finding.what), one_line(&finding.seen))?;
        if !finding.next.is_empty() {
            writeln!(out, "    {}", one_line(&finding.next))?;
        }
    }
    Ok(())
}
