//! What came of rollbacks, as text, JSON and Markdown.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    escape::{markdown_table_cell, one_line},
    rollout::{Shape, TargetLine, time},
};
use crate::domain::{
    rollback::{
        record::{RollbackRecord, RollbackStatus},
        target::Candidate,
        watch::{Watch, Watched},
    },
    rollout::VersionRef,
};

#[expect(clippy::cast_precision_loss, reason = "a rollback takes seconds")]
fn json(record: &RollbackRecord) -> Value {
    json!({
        "schema_version": 1,
        "rollback_id": record.id,
        "model_name": record.prompt,
        "environment": record.environment,
        "rollout_id": record.rollout,
        "from_version": record.from,
        "to_version": record.to,
        "start_time": time(record.started),
        "end_time": time(record.ended),
        "duration_seconds": record.millis as f64 / 1_000.0,
        "status": record.status.as_str(),
        "changed": record.status != RollbackStatus::Unchanged,
        "health_check_results": {"pre_rollback": record.before, "post_rollback": record.after},
        "decided_after_ms": record.decided,
        "watch": record.watch.as_ref().map(watch),
        "reason": record.reason,
        "trigger": record.trigger.as_str(),
        "triggered_by": record.by,
        "sla_met": record.sla_met,
        "error": record.error,
        "targets": record.targets,
    })
}

fn watch(watch: &Watch) -> Value {
    let looks: Vec<Value> =
        watch.looks.iter().map(|look| json!({"at": time(look.at), "verdict": look.verdict.as_str(), "why": look.why})).collect();
    json!({"from": time(watch.from), "until": time(watch.until), "result": watch.result.map(Watched::as_str), "looks": looks})
}

/// Writes one rollback.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, record: &RollbackRecord, out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(record), out)?;
            writeln!(out)
        }
        Shape::Text => text(record, out),
        Shape::Markdown => {
            let cell = |text: &str| markdown_table_cell(text, 300);
            writeln!(
                out,
                "### Rollback of {} in {}: {} → {}\n",
                cell(&record.prompt),
                cell(&record.environment),
                cell(&record.from),
                cell(&record.to)
            )?;
            writeln!(
                out,
                "**{}** in {} ms ({}): {}\n",
                record.status.as_str(),
                record.millis,
                record.trigger.as_str(),
                cell(&record.reason)
            )?;
            writeln!(out, "| target | confirmed | after | shows |\n|---|---|---:|---|")?;
            for target in &record.targets {
                let confirmed = if target.confirmed { "yes" } else { "**no**" };
                writeln!(out, "| {} | {confirmed} | {} ms | {} |", cell(&target.target), target.millis, cell(&target.shows))?;
            }
            if let Some(watch) = &record.watch {
                writeln!(out, "\nHealth afterwards: {}", watch.summary())?;
            }
            Ok(())
        }
    }
}

fn text(record: &RollbackRecord, out: &mut dyn Write) -> io::Result<()> {
    if record.status == RollbackStatus::Unchanged {
        return writeln!(
            out,
            "{} in {}: {} has everything already; nothing was changed",
            one_line(&record.prompt),
            record.environment,
            record.to
        );
    }
    // Of what was not done there is no time to speak of.
    let sla = match record.status {
        RollbackStatus::Failed | RollbackStatus::Timeout => "NOT DONE",
        RollbackStatus::Success | RollbackStatus::Unchanged if record.sla_met => "within 30 s",
        RollbackStatus::Success | RollbackStatus::Unchanged => "NOT within 30 s",
    };
    writeln!(
        out,
        "{} in {}: {} -> {}: {} in {} ms, {sla}",
        one_line(&record.prompt),
        record.environment,
        record.from,
        record.to,
        record.status.as_str(),
        record.millis
    )?;
    writeln!(out, "  {} by {}: {}", record.trigger.as_str(), one_line(&record.by), one_line(&record.reason))?;
    for target in &record.targets {
        let mark = if target.confirmed { "confirmed" } else { "NOT CONFIRMED" };
        let (tries, shows) = (target.attempts, one_line(&target.shows));
        writeln!(out, "  target {}: {mark} after {} ms, tries: {tries}; shows {shows}", one_line(&target.target), target.millis)?;
    }
    if let Some(watch) = &record.watch {
        writeln!(out, "  health afterwards: {}", watch.summary())?;
    }
    if let Some(error) = &record.error {
        writeln!(out, "  error: {}", one_line(error))?;
    }
    Ok(())
}

/// Writes the newest rollback, if there was one, and what the targets show now.
///
/// # Errors
/// What `out` reports.
pub fn status(shape: Shape, record: Option<&RollbackRecord>, now: &[TargetLine], out: &mut dyn Write) -> io::Result<()> {
    if shape == Shape::Json {
        let targets: Vec<Value> =
            now.iter().map(|line| json!({"target": line.target, "confirmed": line.confirmed, "shows": line.shows})).collect();
        let mut list = Vec::from_iter(record.map(json));
        for value in list.iter_mut().filter_map(Value::as_object_mut) {
            value.insert("now".to_owned(), targets.clone().into());
        }
        crate::report::json::write_harmless_pretty(&list, out)?;
        return writeln!(out);
    }
    match record {
        None => writeln!(out, "no rollback so far")?,
        Some(record) => {
            if shape == Shape::Text {
                write!(out, "{} ", time(record.started))?;
            }
            render(shape, record, out)?;
        }
    }
    if shape == Shape::Markdown && !now.is_empty() {
        writeln!(out, "\n| target | as it should be now | shows |\n|---|---|---|")?;
    }
    now.iter().try_for_each(|line| match shape {
        Shape::Markdown => {
            let confirmed = if line.confirmed { "yes" } else { "**no**" };
            writeln!(out, "| {} | {confirmed} | {} |", markdown_table_cell(&line.target, 60), markdown_table_cell(&line.shows, 300))
        }
        Shape::Text | Shape::Json => {
            let mark = if line.confirmed { "as it should be" } else { "NOT as it should be" };
            writeln!(out, "  now {}: {mark}; shows {}", one_line(&line.target), one_line(&line.shows))
        }
    })
}

/// Writes rollbacks, newest first.
///
/// # Errors
/// What `out` reports.
pub fn history(shape: Shape, records: &[RollbackRecord], limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let newest: Vec<&RollbackRecord> = records.iter().rev().take(limit).collect();
    if shape == Shape::Json {
        let list: Vec<Value> = newest.iter().map(|record| json(record)).collect();
        crate::report::json::write_harmless_pretty(&list, out)?;
        return writeln!(out);
    }
    if newest.is_empty() {
        return writeln!(out, "no rollback so far");
    }
    for record in newest {
        write!(out, "{} ", time(record.started))?;
        render(shape, record, out)?;
    }
    Ok(())
}

/// Writes the versions that could be gone back to, newest first.
///
/// # Errors
/// What `out` reports.
pub fn versions(
    shape: Shape,
    all: &[Candidate],
    current: Option<&VersionRef>,
    next: Option<&VersionRef>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if shape == Shape::Json {
        let list: Vec<Value> = all
            .iter()
            .rev()
            .map(|candidate| {
                json!({"version": candidate.version, "current": Some(&candidate.version) == current,
                    "previous_stable": Some(&candidate.version) == next, "why_not": candidate.why_not()})
            })
            .collect();
        crate::report::json::write_harmless_pretty(&list, out)?;
        return writeln!(out);
    }
    if all.is_empty() {
        return writeln!(out, "no version has completed a rollout here");
    }
    for candidate in all.iter().rev() {
        let mark = if Some(&candidate.version) == current {
            candidate.why_not().map_or_else(|| "current".to_owned(), |why| format!("current, {why}"))
        } else if Some(&candidate.version) == next {
            "previous stable: `rollback` goes here".to_owned()
        } else {
            candidate.why_not().unwrap_or("possible with --to").to_owned()
        };
        writeln!(out, "{} {mark}", candidate.version)?;
    }
    Ok(())
}
