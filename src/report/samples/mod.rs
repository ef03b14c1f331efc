//! What `detect`, `distributions` and `trend` found, as text, JSON, Markdown and a page.

mod detect;
mod page;
mod trend;

use std::io::{self, Write};

use super::Style;
use crate::domain::regression::{analysis::Analysis, trend::Trend};
pub use page::page;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment or a job summary on GitHub.
    Markdown,
    /// A page with pictures.
    Html,
}

/// Writes an analysis of two samples; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render_analysis(format: Format, analysis: &Analysis, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => detect::text(analysis, style, out),
        Format::Json => json(&detect::json(analysis), out),
        Format::Markdown => detect::markdown(analysis, out),
        Format::Html => detect::html(analysis, out),
    }
}

/// Writes a trend; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render_trend(format: Format, trend: &Trend, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => trend::text(trend, style, out),
        Format::Json => json(&trend::json(trend), out),
        Format::Markdown => trend::markdown(trend, out),
        Format::Html => trend::html(trend, out),
    }
}

fn json(value: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    crate::report::json::write_harmless_pretty(value, out)?;
    writeln!(out)
}

/// A number with enough digits to tell and no more: 4 for people.
pub(in crate::report) fn digits(value: f64) -> String {
    if !value.is_finite() {
        return if value > 0.0 {
            "∞"
        } else if value < 0.0 {
            "−∞"
        } else {
            "–"
        }
        .to_owned();
    }
    if value.abs() < 1e-300 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8")]
    let decimals = (3.0 - size.log10().floor()).clamp(0.0, 8.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A p-value: three digits, never 0.
pub(super) fn p(value: f64) -> String {
    if value < 1e-4 { if value <= 0.0 { "< 1e-300".to_owned() } else { format!("{value:.1e}") } } else { format!("{value:.4}") }
}

pub(in crate::report) fn paint(style: &Style, codes: &str, text: &str) -> String {
    if style.color { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() }
}
