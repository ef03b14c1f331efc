//! The last days of a prompt in production: delivery, metrics, unsettled cases; as text, JSON and Markdown.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{cells, rows};
use crate::{
    domain::{
        history::{SuiteHistory, standing::Label},
        kpi::{Kpis, Scope},
        monitor::MonitorRun,
        rollout::Moment,
    },
    report::{
        Style,
        escape::{markdown_table_cell, one_line},
        kpi, monitor, number,
        rollout::{Shape, time},
    },
};

/// The most cases that are named.
const CASES: usize = 20;

/// What there is to tell.
#[derive(Debug)]
pub struct Period<'p> {
    /// Which prompt, where.
    pub scope: &'p Scope,
    /// How many days.
    pub days: u32,
    /// The end of these days.
    pub until: Moment,
    /// Delivery in these days, and in as many days before.
    pub kpis: &'p [Kpis],
    /// The metrics over these days; `None`: the configuration has none.
    pub metrics: Option<&'p MonitorRun>,
    /// What the cases did in the runs that are kept.
    pub cases: &'p [SuiteHistory],
}

/// The title.
pub fn title(scope: &Scope) -> String {
    let title = format!("Report of {}", place(scope));
    one_line(&title).chars().take(200).collect()
}

fn place(scope: &Scope) -> String {
    let prompt = scope.prompt.as_deref().unwrap_or("all prompts");
    scope.environment.as_deref().map_or_else(|| prompt.to_owned(), |environment| format!("{prompt} in {environment}"))
}

/// Writes the report; cases with fewer than `least` samples have no word.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, period: &Period<'_>, least: u64, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let about = format!(
        "{}, the {} to {}",
        place(period.scope),
        number::plural(usize::try_from(period.days).unwrap_or(0), "day"),
        time(period.until)
    );
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(period, least)?, out)?;
            writeln!(out)
        }
        Shape::Text => {
            writeln!(out, "{}\n", one_line(&about))?;
            kpi::beside(shape, period.kpis, period.days, out)?;
            writeln!(out)?;
            match period.metrics {
                Some(run) => monitor::render(monitor::Format::Text, run, style, out)?,
                None => writeln!(out, "metrics: the configuration has no `monitor.metrics`")?,
            }
            writeln!(out)?;
            cases(shape, period, least, out)
        }
        Shape::Markdown => {
            writeln!(out, "## Report\n\n{}\n", markdown_table_cell(&about, 300))?;
            writeln!(out, "### Delivery\n")?;
            kpi::beside(shape, period.kpis, period.days, out)?;
            writeln!(out)?;
            match period.metrics {
                Some(run) => monitor::render(monitor::Format::Markdown, run, style, out)?,
                None => writeln!(out, "### Metrics\n\nThe configuration has no `monitor.metrics`.\n")?,
            }
            cases(shape, period, least, out)
        }
    }
}

/// How many cases are what, and the unsettled ones by name.
fn cases(shape: Shape, period: &Period<'_>, least: u64, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<_> = period.cases.iter().flat_map(|history| rows(history, least)).collect();
    let labels = [Label::Flaky, Label::Broken, Label::Failing, Label::Mended, Label::Steady, Label::Unknown];
    let counts = labels.map(|label| (label, all.iter().filter(|row| row.standing.label == label).count()));
    let said: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(label, count)| format!("{count} {}", label.word())).collect();
    let said = if said.is_empty() { "no run is recorded".to_owned() } else { said.join(", ") };
    let unsettled: Vec<[String; 8]> = all.iter().filter(|row| row.standing.label < Label::Mended).map(cells).collect();
    let more = unsettled.len().saturating_sub(CASES);
    match shape {
        Shape::Text | Shape::Json => {
            writeln!(out, "cases: {said}")?;
            for [suite, case, label, passed, ..] in unsettled.iter().take(CASES) {
                writeln!(out, "  {}/{}: {}, {passed} passed", one_line(suite), one_line(case), one_line(label))?;
            }
        }
        Shape::Markdown => {
            writeln!(out, "### Cases\n\n{said}\n")?;
            if !unsettled.is_empty() {
                writeln!(out, "| suite | case | is | passed | course |\n|---|---|---|---:|---|")?;
            }
            for [suite, case, label, passed, .., course] in unsettled.iter().take(CASES) {
                let cell = |text: &str| markdown_table_cell(text, 120);
                writeln!(out, "| {} | {} | {} | {passed} | {course} |", cell(suite), cell(case), cell(label))?;
            }
        }
    }
    if more > 0 {
        writeln!(out, "\n… and {more} more: `prompt-cicd history show`")?;
    }
    Ok(())
}

fn json(period: &Period<'_>, least: u64) -> io::Result<Value> {
    let metrics = match period.metrics {
        Some(run) => {
            let mut text = Vec::new();
            monitor::render(monitor::Format::Json, run, &Style { color: false, width: 120, verbose: false }, &mut text)?;
            serde_json::from_slice(&text)?
        }
        None => Value::Null,
    };
    let all: Vec<_> = period.cases.iter().flat_map(|history| rows(history, least)).collect();
    let cases: Vec<Value> =
        all.iter().map(|row| json!({"suite": row.history.suite, "case": row.case, "label": row.standing.label.word()})).collect();
    Ok(json!({
        "schema_version": 1,
        "prompt": period.scope.prompt,
        "environment": period.scope.environment,
        "days": period.days,
        "until": time(period.until),
        "delivery": period.kpis.iter().map(|kpis| kpi::json(kpis, period.scope)).collect::<Vec<_>>(),
        "metrics": metrics,
        "cases": cases,
    }))
}
