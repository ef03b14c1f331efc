//! How delivery goes, as text, JSON and Markdown.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    escape::{markdown_table_cell, one_line},
    rollout::{Shape, time},
};
use crate::domain::{
    duration,
    kpi::{Kpis, Scope},
};

/// What stands where nothing is known.
const UNKNOWN: &str = "unknown";

/// Writes the measures.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, kpis: &Kpis, scope: &Scope, out: &mut dyn Write) -> io::Result<()> {
    let about = about(kpis, scope);
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(kpis, scope), out)?;
            writeln!(out)
        }
        Shape::Text => {
            writeln!(out, "{}", one_line(&about))?;
            rows(kpis).iter().try_for_each(|[name, value, basis]| writeln!(out, "  {name:<22}{value:<20}{basis}"))
        }
        Shape::Markdown => {
            writeln!(out, "### Delivery\n\n{}\n\n| measure | value | from |\n|---|---|---|", markdown_table_cell(&about, 300))?;
            rows(kpis).iter().try_for_each(|[name, value, basis]| writeln!(out, "| {name} | {value} | {basis} |"))
        }
    }
}

/// Writes the measures of some days beside those of as many days before, as text or Markdown.
///
/// # Errors
/// What `out` reports.
pub(in crate::report) fn beside(shape: Shape, kpis: &[Kpis], days: u32, out: &mut dyn Write) -> io::Result<()> {
    let [now, before] = kpis else { return Ok(()) };
    if shape == Shape::Markdown {
        writeln!(out, "| measure | last {days} days | from | {days} days before |\n|---|---|---|---|")?;
    }
    for ([name, value, basis], [_, earlier, _]) in rows(now).iter().zip(rows(before).iter()) {
        match shape {
            Shape::Markdown => writeln!(out, "| {name} | {value} | {basis} | {earlier} |")?,
            Shape::Text | Shape::Json => writeln!(out, "  {name:<22}{value:<20}before: {earlier:<20}{basis}")?,
        }
    }
    if now.shortened || before.shortened {
        writeln!(out, "\nOlder entries of the audit log were let go of: some of it is not counted.")?;
    }
    Ok(())
}

fn about(kpis: &Kpis, scope: &Scope) -> String {
    let prompt = scope.prompt.as_deref().unwrap_or("all prompts");
    let environment = scope.environment.as_deref().unwrap_or("all environments");
    let shortened = if kpis.shortened { " (older entries of the audit log were let go of)" } else { "" };
    format!("{prompt} in {environment}, {} to {}{shortened}", time(kpis.from), time(kpis.until))
}

fn rows(kpis: &Kpis) -> [[String; 3]; 4] {
    let row = |name: &str, value: Option<String>, basis: String| [name.to_owned(), value.unwrap_or_else(|| UNKNOWN.to_owned()), basis];
    [
        row("deployment frequency", kpis.per_day.map(|rate| format!("{rate:.2} a day")), format!("{} completed", kpis.completed)),
        row("lead time", kpis.lead_time.map(human), format!("{} of {} with a known commit", kpis.with_commit, kpis.completed)),
        row(
            "change failure rate",
            kpis.failure_rate.map(|rate| format!("{:.1} %", rate * 100.0)),
            format!("{} failed of {} ended", kpis.failed, kpis.ended),
        ),
        row("time to restore", kpis.time_to_restore.map(human), format!("{} restored of {} failed", kpis.restored, kpis.failed)),
    ]
}

/// A time as people say it.
fn human(millis: f64) -> String {
    let time = Duration::try_from_secs_f64((millis / 1_000.0).max(0.0)).unwrap_or(Duration::MAX);
    if time.as_secs() < 120 {
        return duration::human(time);
    }
    let minutes = time.as_secs() / 60;
    let parts = [(minutes / 1_440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    parts.iter().filter(|(number, _)| *number > 0).take(2).map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ")
}

pub(in crate::report) fn json(kpis: &Kpis, scope: &Scope) -> Value {
    let seconds = |millis: Option<f64>| millis.map(|millis| millis / 1_000.0);
    json!({
        "schema_version": 1,
        "prompt": scope.prompt,
        "environment": scope.environment,
        "from": time(kpis.from),
        "until": time(kpis.until),
        "shortened": kpis.shortened,
        "deployments_completed": kpis.completed,
        "changes_ended": kpis.ended,
        "changes_failed": kpis.failed,
        "changes_restored": kpis.restored,
        "changes_with_commit": kpis.with_commit,
        "deployment_frequency_per_day": kpis.per_day,
        "change_failure_rate": kpis.failure_rate,
        "time_to_restore_seconds": seconds(kpis.time_to_restore),
        "lead_time_seconds": seconds(kpis.lead_time),
    })
}
