//! The audit log as text, JSON, JSON lines and Markdown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    Style,
    escape::{markdown_table_cell, one_line},
    table::{self, Column},
};
use crate::domain::audit::{Broken, Entry};

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object for each entry.
    JsonLines,
    /// A table for a comment or a job summary.
    Markdown,
}

/// What `audit verify` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The store.
    pub place: String,
    /// Entries that are kept.
    pub entries: usize,
    /// Entries that were let go of before them.
    pub dropped: u64,
    /// The newest entry's hash.
    pub newest: String,
    /// Where the chain breaks.
    pub broken: Option<Broken>,
}

/// Entries, oldest first.
pub fn entries(format: Format, entries: &[Entry], style: &Style) -> Vec<u8> {
    let values = || entries.iter().map(Entry::to_value);
    let text = match format {
        Format::Text if entries.is_empty() => String::new(),
        Format::Text => text(entries, style) + "\n",
        Format::Json => pretty(&json!({"schema": "audit/v1", "entries": values().collect::<Vec<_>>()})),
        Format::JsonLines => values().fold(String::new(), |mut all, entry| {
            let _written = writeln!(all, "{entry}");
            all
        }),
        Format::Markdown => markdown(entries),
    };
    text.into_bytes()
}

/// What `audit verify` says.
pub fn verification(format: Format, found: &Verification) -> Vec<u8> {
    let json = || {
        let broken = found.broken.as_ref().map(|broken| json!({"entry": broken.number, "why": broken.why}));
        json!({"schema": "audit-verify/v1", "intact": found.broken.is_none(), "store": found.place, "entries": found.entries,
            "dropped": found.dropped, "newest": found.newest, "broken": broken})
    };
    let sentence = || {
        let dropped = if found.dropped > 0 { format!(" (the {} before them were let go of)", found.dropped) } else { String::new() };
        match &found.broken {
            None => format!("intact: {} entries{dropped} in {}", found.entries, found.place),
            Some(broken) => format!("broken: {broken} ({} entries{dropped} in {})", found.entries, found.place),
        }
    };
    let text = match format {
        Format::Text => one_line(&sentence()) + "\n",
        Format::Json => pretty(&json()),
        Format::JsonLines => format!("{}\n", json()),
        Format::Markdown => markdown_table_cell(&sentence(), 1_000) + "\n",
    };
    text.into_bytes()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// `1.2.0 → 1.3.0`, or what there is of it.
fn change(entry: &Entry) -> String {
    match (&entry.from, &entry.to) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) => format!("→ {to}"),
        (Some(from), None) => format!("{from} →"),
        (None, None) => String::new(),
    }
}

const COLUMNS: [Column; 8] = [
    Column { title: "entry", numeric: true, dispensable: 0 },
    Column { title: "when", numeric: false, dispensable: 0 },
    Column { title: "who", numeric: false, dispensable: 0 },
    Column { title: "what", numeric: false, dispensable: 0 },
    Column { title: "environment", numeric: false, dispensable: 1 },
    Column { title: "prompt", numeric: false, dispensable: 0 },
    Column { title: "change", numeric: false, dispensable: 0 },
    Column { title: "why", numeric: false, dispensable: 2 },
];

fn cells(entry: &Entry) -> [String; 8] {
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        entry.number.to_string(),
        entry.at.clone(),
        entry.who.actor.clone(),
        entry.what.clone(),
        or_nothing(&entry.environment),
        or_nothing(&entry.prompt),
        change(entry),
        or_nothing(&entry.why),
    ]
}

fn text(entries: &[Entry], style: &Style) -> String {
    let rows: Vec<Vec<String>> = entries.iter().map(|entry| cells(entry).iter().map(|cell| one_line(cell)).collect()).collect();
    table::render(&COLUMNS, &rows, Some(style.width)).0
}

fn markdown(entries: &[Entry]) -> String {
    let titles = COLUMNS.map(|column| column.title).join(" | ");
    let mut all = format!("| {titles} |\n|{}\n", "---|".repeat(COLUMNS.len()));
    for entry in entries {
        let cells = cells(entry).map(|cell| markdown_table_cell(&cell, 200)).join(" | ");
        let _written = writeln!(all, "| {cells} |");
    }
    all
}
