//! Releases as text, JSON and Markdown.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    escape::{markdown, one_line},
    json::write_harmless,
    number,
    rollout::Shape,
};
use crate::domain::release::{Notes, Released, Section};

/// What is told about versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The prompt; `None`: the repository.
    pub prompt: Option<String>,
    /// The newest version with a tag.
    pub released: Option<Released>,
    /// What the first of the version's files names.
    pub written: Option<Version>,
    /// Commits since the tag.
    pub commits: usize,
    /// What the commits ask for, or why nothing.
    pub next: Result<Version, String>,
}

/// What became of preparing or publishing a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version before.
    pub from: Option<Version>,
    /// The version now.
    pub to: Version,
    /// Its tag, made or to be made.
    pub tag: String,
    /// Files that were written.
    pub files: Vec<String>,
    /// The commit that was made, or released.
    pub commit: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
    /// Nothing was done.
    pub dry_run: bool,
    /// What comes next.
    pub next_step: Option<String>,
}

/// The notes of a release in Markdown. `repository`: the address that links begin with.
pub fn notes_markdown(notes: &Notes, repository: Option<&str>) -> String {
    let mut text = String::new();
    for section in Section::ALL {
        let lines: Vec<_> = notes.section(section).collect();
        if lines.is_empty() {
            continue;
        }
        text.extend([format!("### {}\n\n", section.title())]);
        for line in lines {
            let scope = line.scope.as_ref().map(|scope| format!("**{}**: ", markdown(scope))).unwrap_or_default();
            let short: String = line.id.chars().take(7).collect();
            let commit = repository.map_or_else(|| format!("`{short}`"), |address| format!("[`{short}`]({address}/commit/{})", line.id));
            text.extend([format!("- {scope}{} ({commit})\n", markdown(&line.text))]);
        }
        text.push('\n');
    }
    if text.is_empty() { "Nothing changed.\n".to_owned() } else { format!("{}\n", text.trim_end()) }
}

fn notes_json(notes: &Notes) -> Value {
    let lines = |section: Section| -> Vec<Value> {
        notes.section(section).map(|line| json!({"commit": line.id, "scope": line.scope, "text": line.text})).collect()
    };
    Section::ALL
        .into_iter()
        .map(|section| (section.title().to_lowercase(), Value::Array(lines(section))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Writes notes.
///
/// # Errors
/// When `out` cannot be written to.
pub fn notes(shape: Shape, notes: &Notes, repository: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Text | Shape::Markdown => out.write_all(notes_markdown(notes, repository).as_bytes()),
        Shape::Json => write_harmless(&json!({"schema_version": 1, "sections": notes_json(notes)}), out),
    }
}

/// Writes where versions stand.
///
/// # Errors
/// When `out` cannot be written to.
pub fn overview(shape: Shape, overview: &Overview, out: &mut dyn Write) -> io::Result<()> {
    let released = overview.released.as_ref();
    if shape == Shape::Json {
        let (next, why) = match &overview.next {
            Ok(version) => (Some(version.to_string()), None),
            Err(why) => (None, Some(why)),
        };
        let json = json!({
            "schema_version": 1,
            "prompt": overview.prompt,
            "version": released.map(|found| found.version.to_string()),
            "tag": released.map(|found| &found.tag.name),
            "commit": released.map(|found| &found.tag.commit),
            "written": overview.written.as_ref().map(ToString::to_string),
            "commits_since": overview.commits,
            "next": next,
            "no_next_because": why,
        });
        return write_harmless(&json, out);
    }
    match released {
        Some(found) => writeln!(out, "released: {} (tag {}, {})", found.version, one_line(&found.tag.name), one_line(&found.tag.date))?,
        None => writeln!(out, "released: nothing yet")?,
    }
    if let Some(written) = &overview.written {
        writeln!(out, "in files: {written}")?;
    }
    writeln!(out, "since then: {}", number::plural(overview.commits, "commit"))?;
    match &overview.next {
        Ok(version) => writeln!(out, "next: {version}"),
        Err(why) => writeln!(out, "next: none; {why}"),
    }
}

/// Writes the released versions.
///
/// # Errors
/// When `out` cannot be written to.
pub fn list(shape: Shape, releases: &[Released], out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Json => {
            let one = |found: &Released| json!({"version": found.version.to_string(), "tag": found.tag.name, "commit": found.tag.commit, "date": found.tag.date, "prerelease": !found.version.pre.is_empty()});
            let releases: Vec<Value> = releases.iter().map(one).collect();
            write_harmless(&json!({"schema_version": 1, "releases": releases}), out)
        }
        Shape::Text | Shape::Markdown => {
            if releases.is_empty() {
                return writeln!(out, "no version was released yet");
            }
            for found in releases {
                let short: String = found.tag.commit.chars().take(10).collect();
                writeln!(out, "- {} {} {}", found.version, one_line(&found.tag.date), short)?;
            }
            Ok(())
        }
    }
}

#[derive(Debug, Serialize)]
struct Changed<'a> {
    schema_version: u32,
    from: Option<String>,
    version: String,
    tag: &'a str,
    files: &'a [String],
    commit: Option<&'a str>,
    url: Option<&'a str>,
    dry_run: bool,
}

/// Writes what was done.
///
/// # Errors
/// When `out` cannot be written to.
pub fn change(shape: Shape, change: &Change, out: &mut dyn Write) -> io::Result<()> {
    if shape == Shape::Json {
        let json = Changed {
            schema_version: 1,
            from: change.from.as_ref().map(ToString::to_string),
            version: change.to.to_string(),
            tag: &change.tag,
            files: &change.files,
            commit: change.commit.as_deref(),
            url: change.url.as_deref(),
            dry_run: change.dry_run,
        };
        return write_harmless(&json, out);
    }
    let from = change.from.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let would = if change.dry_run { " (nothing was done: --dry-run)" } else { "" };
    writeln!(out, "{from} → {}{would}", change.to)?;
    for file in &change.files {
        writeln!(out, "written: {}", one_line(file))?;
    }
    if let Some(commit) = &change.commit {
        writeln!(out, "commit: {commit}")?;
    }
    if let Some(url) = &change.url {
        writeln!(out, "release: {}", one_line(url))?;
    }
    if let Some(next) = &change.next_step {
        writeln!(out, "Next: {next}")?;
    }
    Ok(())
}
