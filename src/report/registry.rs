//! Versions of prompts, as text, JSON and Markdown.

use std::io::{self, Write};

use serde_json::{Value, json};
use similar::TextDiff;

use super::{
    escape::{code_fence, markdown_table_cell, one_line, terminal},
    rollout::{Shape, time},
};
use crate::domain::registry::{Difference, Entry};

fn json(entry: &Entry) -> Value {
    json!({
        "prompt": entry.prompt,
        "version": entry.version.version,
        "digest": entry.version.digest,
        "commit": entry.version.commit,
        "parent": entry.parent,
        "file": entry.file,
        "registered": time(entry.registered),
        "by": entry.by,
        "bad": entry.bad,
        "archived": entry.archived.map(time),
        "environments": entry.environments.keys().map(|name| (name.clone(), json!(entry.status(name).as_str()))).collect::<serde_json::Map<_, _>>(),
    })
}

fn standing(entry: &Entry) -> String {
    if let Some(reason) = &entry.bad {
        return format!("bad ({})", one_line(reason));
    }
    if entry.archived.is_some() {
        return "archived".to_owned();
    }
    let all: Vec<String> = entry.environments.keys().map(|name| format!("{name} {}", entry.status(name).as_str())).collect();
    if all.is_empty() { "candidate".to_owned() } else { all.join(", ") }
}

/// Writes versions, newest first.
///
/// # Errors
/// What `out` reports.
pub fn list(shape: Shape, entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&entries.iter().rev().map(json).collect::<Vec<_>>(), out)?;
            writeln!(out)
        }
        Shape::Text if entries.is_empty() => writeln!(out, "no version is registered"),
        Shape::Text => entries.iter().rev().try_for_each(|entry| {
            let digest: String = entry.version.digest.chars().take(12).collect();
            writeln!(out, "{} {digest} {}", entry.version, standing(entry))
        }),
        Shape::Markdown => {
            writeln!(out, "| version | digest | standing |\n|---|---|---|")?;
            entries.iter().rev().try_for_each(|entry| {
                let digest: String = entry.version.digest.chars().take(12).collect();
                writeln!(
                    out,
                    "| {} | {digest} | {} |",
                    markdown_table_cell(&entry.version.version, 60),
                    markdown_table_cell(&standing(entry), 200)
                )
            })
        }
    }
}

/// Writes one version.
///
/// # Errors
/// What `out` reports.
pub fn one(shape: Shape, entry: &Entry, verified: bool, out: &mut dyn Write) -> io::Result<()> {
    if shape == Shape::Json {
        let mut value = json(entry);
        if let Some(map) = value.as_object_mut() {
            map.insert("verified".to_owned(), verified.into());
        }
        crate::report::json::write_harmless_pretty(&value, out)?;
        return writeln!(out);
    }
    writeln!(out, "{} {}: {}", one_line(&entry.prompt), entry.version, standing(entry))?;
    let verified = if verified { "verified" } else { "DOES NOT VERIFY" };
    writeln!(out, "  digest {} ({verified})", entry.version.digest)?;
    writeln!(out, "  from {}, registered {} by {}", one_line(&entry.file), time(entry.registered), one_line(&entry.by))?;
    entry.parent.as_ref().map_or(Ok(()), |parent| writeln!(out, "  made from {}", one_line(parent)))
}

/// Writes what differs between two versions: values, then the lines of their files.
///
/// # Errors
/// What `out` reports.
pub fn diff(shape: Shape, found: &Difference, (old, new): (&str, &str), out: &mut dyn Write) -> io::Result<()> {
    let lines = TextDiff::from_lines(old, new).unified_diff().context_radius(3).to_string();
    match shape {
        Shape::Json => {
            let mut value = json!(found);
            if let Some(map) = value.as_object_mut() {
                map.insert("text_diff".to_owned(), lines.into());
            }
            crate::report::json::write_harmless_pretty(&value, out)?;
            writeln!(out)
        }
        Shape::Text => {
            words(found, out)?;
            write!(out, "{}", terminal(&lines))
        }
        Shape::Markdown => {
            words(found, out)?;
            let fence = code_fence(&lines);
            writeln!(out, "\n{fence}diff\n{lines}{fence}")
        }
    }
}

fn words(found: &Difference, out: &mut dyn Write) -> io::Result<()> {
    let plain = |value: &Value| value.as_str().map_or_else(|| one_line(&value.to_string()), one_line);
    if let Some(numbers) = &found.version_diff {
        writeln!(out, "version: {} -> {}", plain(&numbers.old), plain(&numbers.new))?;
    }
    for (word, names) in [("added", &found.variables_added), ("removed", &found.variables_removed)] {
        if !names.is_empty() {
            writeln!(out, "variables {word}: {}", one_line(&names.join(", ")))?;
        }
    }
    found
        .metadata_diff
        .iter()
        .try_for_each(|(key, change)| writeln!(out, "{}: {} -> {}", one_line(key), plain(&change.old), plain(&change.new)))
}
