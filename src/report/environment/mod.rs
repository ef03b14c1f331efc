//! What `env` would do, did or found, as text, JSON and Markdown.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    escape::{markdown_table_cell, one_line},
    json::write_harmless,
    number,
    rollout::Shape,
};
use crate::domain::environment::{
    Wanted,
    made::{Item, Made},
    plan::{Action, Change, Difference},
};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// What would change.
    Plan,
    /// What changed.
    Apply,
    /// What was deleted, or would be.
    Destroy,
    /// Whether all is as wanted.
    Status,
}

/// One change, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The change.
    pub change: Change,
    /// Whether it was tried.
    pub tried: bool,
    /// Why it was not made.
    pub error: Option<String>,
}

impl Line {
    /// A change that is only shown.
    pub fn planned(change: Change) -> Self {
        Self { change, tried: false, error: None }
    }

    /// A change that was tried.
    pub fn done(change: Change, error: Option<String>) -> Self {
        Self { change, tried: true, error }
    }
}

/// All there is to tell.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// What was asked for.
    pub verb: Verb,
    /// The changes.
    pub lines: &'v [Line],
    /// What we made once and nobody wants any more.
    pub left: &'v [Item],
    /// What is there and may be ours or somebody else's.
    pub unknown: &'v [Item],
    /// What is wanted.
    pub wanted: &'v Wanted,
    /// What we made.
    pub made: &'v Made,
    /// Where that is written down.
    pub place: &'v str,
}

/// Writes it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(shape: Shape, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Text => text(view, out),
        Shape::Json => write_harmless(&json(view), out),
        Shape::Markdown => markdown(view, out),
    }
}

fn mark(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Delete => '-',
    }
}

fn conclusion(view: &View<'_>) -> String {
    let wanted =
        view.wanted.environments.len() + view.wanted.labels.len() + view.wanted.aliases.len() + usize::from(view.wanted.ruleset.is_some());
    let failed = view.lines.iter().filter(|line| line.error.is_some()).count();
    let count = |action: Action| view.lines.iter().filter(|line| line.change.action == action && line.error.is_none()).count();
    let (create, update, delete) = (count(Action::Create), count(Action::Update), count(Action::Delete));
    let tried = view.lines.iter().any(|line| line.tried);
    if view.lines.is_empty() {
        return match view.verb {
            Verb::Destroy => "nothing that was made by `env apply` is there".to_owned(),
            Verb::Plan | Verb::Apply | Verb::Status => {
                format!("nothing to change: {} as configured", number::plural(wanted, "thing"))
            }
        };
    }
    let words = if tried { ["made", "changed", "deleted"] } else { ["to make", "to change", "to delete"] };
    let said = [(create, words[0]), (update, words[1]), (delete, words[2]), (failed, "not done")];
    let said: Vec<String> = said.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    said.join(", ")
}

fn difference(difference: &Difference) -> String {
    let after = difference.after.as_deref().unwrap_or("nothing");
    match &difference.before {
        Some(before) => format!("{}: {before} → {after}", difference.key),
        None => format!("{}: {after}", difference.key),
    }
}

fn text(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    for line in view.lines {
        let change = &line.change;
        let theirs = match change.ours {
            true => "",
            false if view.unknown.contains(&change.thing.item()) => " (nobody knows who made it: it is changed, and never deleted)",
            false => " (not made by prompt-cicd: it is changed, and never deleted)",
        };
        writeln!(out, "{} {} {}{theirs}", mark(change.action), change.thing.kind().as_str(), one_line(change.thing.name()))?;
        for found in &change.differences {
            writeln!(out, "    {}", one_line(&difference(found)))?;
        }
        if let Some(error) = &line.error {
            writeln!(out, "    ✗ {}", one_line(error))?;
        }
    }
    writeln!(out, "{}", conclusion(view))?;
    for item in view.left {
        writeln!(
            out,
            "left over: {} {} was made by `env apply` and is not in the configuration any more; delete it on GitHub if nobody needs it",
            item.kind.as_str(),
            one_line(&item.name)
        )?;
    }
    for item in view.unknown {
        writeln!(
            out,
            "not ours for sure: {} {}: `env apply` was cut off while it made it, or an early version kept no number of it, and somebody may \
             have made it since; it is never deleted: delete it on GitHub if nobody needs it",
            item.kind.as_str(),
            one_line(&item.name)
        )?;
    }
    if view.verb == Verb::Status {
        writeln!(out, "made by `env apply`: {} ({})", number::plural(view.made.made.len(), "thing"), one_line(view.place))?;
    }
    match view.verb {
        Verb::Plan if !view.lines.is_empty() => writeln!(out, "Next: prompt-cicd env apply"),
        Verb::Status if !view.lines.is_empty() => writeln!(out, "Next: prompt-cicd env plan, then prompt-cicd env apply"),
        Verb::Apply if view.lines.iter().any(|line| line.error.is_some()) => {
            writeln!(out, "Next: mend what is refused, then prompt-cicd env apply again: it makes what is missing")
        }
        Verb::Plan | Verb::Apply | Verb::Destroy | Verb::Status => Ok(()),
    }
}

fn json(view: &View<'_>) -> Value {
    let change = |line: &Line| {
        json!({
            "action": line.change.action,
            "kind": line.change.thing.kind(),
            "name": line.change.thing.name(),
            "made_by_us": line.change.ours,
            "differences": line.change.differences,
            "done": line.tried && line.error.is_none(),
            "error": line.error,
        })
    };
    json!({
        "schema": "env/v1",
        "as_wanted": view.lines.is_empty(),
        "changes": view.lines.iter().map(change).collect::<Vec<_>>(),
        "left_over": view.left,
        "not_ours_for_sure": view.unknown,
        "made": view.made.made,
        "record": view.place,
    })
}

fn markdown(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Environments: {}\n", conclusion(view))?;
    if view.lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | what | name | how | |\n|---|---|---|---|---|")?;
    for line in view.lines {
        let how: Vec<String> = line.change.differences.iter().map(difference).collect();
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            mark(line.change.action),
            line.change.thing.kind().as_str(),
            markdown_table_cell(line.change.thing.name(), 100),
            markdown_table_cell(&how.join("; "), 500),
            markdown_table_cell(line.error.as_deref().unwrap_or_default(), 300)
        )?;
    }
    writeln!(out)
}
