//! What `init --check` found, as text and JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::{escape::one_line, json::write_harmless, rollout::Shape};

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As this version writes it, whoever's copy of prompt-cicd it calls.
    Current,
    /// It calls an older version.
    Older,
    /// It calls a newer version than this one.
    Newer,
    /// It says something else.
    Differs,
    /// It cannot be used.
    Broken,
    /// It is not there.
    Missing,
}

/// A file, and how it stands.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The file.
    pub file: String,
    /// How it stands.
    pub state: State,
    /// The version that it calls.
    pub pinned: Option<String>,
    /// What is wrong, or what to do.
    pub said: Option<String>,
}

impl Row {
    /// Whether somebody has something to do.
    pub fn is_out_of_date(&self) -> bool {
        matches!(self.state, State::Older | State::Differs | State::Broken)
    }
}

/// Writes it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(shape: Shape, version: &str, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let out_of_date = rows.iter().any(Row::is_out_of_date);
    match shape {
        Shape::Json => write_harmless(&json!({"schema": "init-check/v1", "version": version, "current": !out_of_date, "files": rows}), out),
        Shape::Text | Shape::Markdown => text(rows, out_of_date, out),
    }
}

fn text(rows: &[Row], out_of_date: bool, out: &mut dyn Write) -> io::Result<()> {
    for row in rows {
        let mark = match row.state {
            State::Current => "✓",
            State::Missing | State::Newer => "–",
            State::Older | State::Differs | State::Broken => "✗",
        };
        let state = match row.state {
            State::Current => "as this version writes it",
            State::Older => "older",
            State::Newer => "newer",
            State::Differs => "differs",
            State::Broken => "cannot be used",
            State::Missing => "not there",
        };
        let said = row.said.as_ref().map(|said| format!("\n    {}", one_line(said))).unwrap_or_default();
        writeln!(out, "{mark} {}: {state}{said}", one_line(&row.file))?;
    }
    writeln!(out, "{}", if out_of_date { "out of date" } else { "up to date" })
}
