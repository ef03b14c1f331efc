//! What `monitor` found, as text, JSON and Markdown.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style,
    escape::{markdown, markdown_table_cell, one_line},
    json::write_harmless,
    number,
    picture::sparkline,
};
use crate::domain::monitor::{Health, MetricResult, MonitorRun};

/// The characters shown of a reason in a table.
const REASON_SHOWN: usize = 400;
/// How wide history is drawn.
const SPARK_WIDTH: usize = 24;

/// How the pass is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For an issue or a job summary on GitHub.
    Markdown,
}

/// Writes the pass, buffered; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, run: &MonitorRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Text => text(run, style, &mut out)?,
        Format::Json => json(run, &mut out)?,
        Format::Markdown => table(run, &mut out)?,
    }
    out.flush()
}

fn conclusion(run: &MonitorRun) -> String {
    let counts = Health::ALL.into_iter().rev().filter(|health| run.count(*health) > 0);
    let said: Vec<String> = counts.map(|health| format!("{} {}", run.count(health), health.word())).collect();
    format!("{}: {}", number::plural(run.metrics.len(), "metric"), said.join(", "))
}

fn value(metric: &MetricResult) -> String {
    metric.value.map_or_else(|| number::UNKNOWN.to_owned(), |value| value.to_string())
}

fn bounds(metric: &MetricResult) -> String {
    let sign = if metric.settings.direction.worse(1.0) > 0.0 { "≤" } else { "≥" };
    let bound = |word: &str, bound: Option<f64>| bound.map(|bound| format!("{word} {sign} {bound}"));
    let said: Vec<String> =
        [bound("warning", metric.settings.warning), bound("critical", metric.settings.critical)].into_iter().flatten().collect();
    if said.is_empty() { number::UNKNOWN.to_owned() } else { said.join(", ") }
}

fn about(run: &MonitorRun) -> String {
    let parts = [("prompt", &run.prompt), ("environment", &run.environment), ("version", &run.version)];
    let named: Vec<String> = parts.iter().filter_map(|(word, name)| Some(format!("{word} {}", name.as_ref()?))).collect();
    if named.is_empty() { run.at.clone() } else { format!("{}, {}", named.join(", "), run.at) }
}

fn mark(health: Health) -> (&'static str, &'static str, &'static str) {
    match health {
        Health::Healthy => ("✓", "32", "✅"),
        Health::Inconclusive => ("?", "33", "❔"),
        Health::Degraded => ("!", "33", "⚠️"),
        Health::Critical => ("✗", "31", "❌"),
    }
}

fn text(run: &MonitorRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = |codes: &str, text: &str| if style.color { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() };
    let (sign, codes, _) = mark(run.health());
    let head = format!("{sign} {}: {}", run.health().word().to_uppercase(), conclusion(run));
    writeln!(out, "{}", paint(&format!("1;{codes}"), &head))?;
    writeln!(out, "  {}", one_line(&about(run)))?;
    for metric in &run.metrics {
        let (sign, codes, _) = mark(metric.health());
        let name = one_line(&metric.settings.name);
        let line = format!("{sign} {name}: {} {} ({})", metric.health().word(), value(metric), bounds(metric));
        writeln!(out, "{}", paint(codes, &line))?;
        if !metric.history.is_empty() {
            writeln!(out, "    {}", sparkline(&metric.history, SPARK_WIDTH))?;
        }
        for finding in &metric.findings {
            writeln!(out, "    {}", one_line(&finding.reason))?;
        }
        for warning in &metric.warnings {
            writeln!(out, "    the source warns: {}", one_line(warning))?;
        }
    }
    if run.rollback_requested() {
        writeln!(out, "A rollback is asked for: {} critical, from {} on.", run.count(Health::Critical), run.rollback_after)?;
        writeln!(out, "Next: prompt-cicd rollback --help")?;
    }
    Ok(())
}

fn table(run: &MonitorRun, out: &mut dyn Write) -> io::Result<()> {
    let (_, _, sign) = mark(run.health());
    writeln!(out, "## {sign} Monitoring {}: {}\n\n{}\n", run.health().word(), conclusion(run), markdown(&about(run)))?;
    if run.rollback_requested() {
        let (critical, from) = (run.count(Health::Critical), run.rollback_after);
        writeln!(out, "**A rollback is asked for:** {critical} critical, from {from} on.\n")?;
    }
    writeln!(out, "| metric | value | bounds | history | verdict |\n|---|---:|---|---|---|")?;
    for metric in &run.metrics {
        row(metric, out)?;
    }
    writeln!(out)
}

fn row(metric: &MetricResult, out: &mut dyn Write) -> io::Result<()> {
    let (_, _, sign) = mark(metric.health());
    let why: Vec<&str> = metric.reasons().collect();
    writeln!(
        out,
        "| {} | {} | {} | {} | {sign} {}: {} |",
        markdown_table_cell(&metric.settings.name, 100),
        value(metric),
        bounds(metric),
        sparkline(&metric.history, SPARK_WIDTH),
        metric.health().word(),
        markdown_table_cell(&why.join("; "), REASON_SHOWN)
    )
}

/// The issue of one metric: its title and its body.
pub fn issue(run: &MonitorRun, metric: &MetricResult, link: Option<&str>) -> (String, String) {
    let place: Vec<&str> = [&run.prompt, &run.environment].into_iter().filter_map(|name| name.as_deref()).collect();
    let of = if place.is_empty() { String::new() } else { format!(" of {}", place.join(" in ")) };
    let title: String = one_line(&format!("{}{of} is {}", metric.settings.name, metric.health().word())).chars().take(200).collect();
    let mut body = Vec::new();
    let written = (|| -> io::Result<()> {
        writeln!(body, "{}\n\n| metric | value | bounds | history | verdict |\n|---|---:|---|---|---|", markdown(&about(run)))?;
        row(metric, &mut body)?;
        writeln!(body, "\nEverything that was looked at:\n")?;
        for finding in &metric.findings {
            let reason: String = finding.reason.chars().take(REASON_SHOWN).collect();
            writeln!(body, "- {}: {}", finding.health.word(), markdown(&reason))?;
        }
        if let Some(query) = &metric.query {
            let query: String = query.chars().take(2_000).collect();
            writeln!(body, "\nQuery:\n\n{}", super::escape::code_fence(&query))?;
        }
        if run.rollback_requested() {
            writeln!(body, "A rollback is asked for: {} metrics are critical.\n", run.count(Health::Critical))?;
        }
        if let Some(link) = link {
            writeln!(body, "[The run]({link})\n")?;
        }
        writeln!(body, "This issue is kept by `prompt-cicd monitor --issues`, and closed when the metric is healthy again.")
    })();
    if written.is_err() {
        body.clear();
    }
    (title, String::from_utf8_lossy(&body).into_owned())
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema_version: u32,
    at: &'a str,
    prompt: Option<&'a str>,
    environment: Option<&'a str>,
    version: Option<&'a str>,
    verdict: &'static str,
    rollback_requested: bool,
    rollback_after: usize,
    critical: usize,
    degraded: usize,
    inconclusive: usize,
    healthy: usize,
    metrics: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    name: &'a str,
    source: &'a str,
    query: Option<&'a str>,
    verdict: &'static str,
    value: Option<f64>,
    direction: crate::domain::regression::Direction,
    warning: Option<f64>,
    critical: Option<f64>,
    reasons: Vec<&'a str>,
    findings: Vec<Found<'a>>,
    history: &'a [f64],
    trend: Option<Trend>,
    change_points: Vec<Change>,
    baseline: Option<Baseline>,
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    verdict: &'static str,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct Trend {
    course: &'static str,
    p_value: f64,
    slope_per_step: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Change {
    index: usize,
    p_value: f64,
    mean_before: f64,
    mean_after: f64,
}

#[derive(Debug, Serialize)]
struct Baseline {
    verdict: &'static str,
    base: Option<f64>,
    head: Option<f64>,
    base_n: usize,
    head_n: usize,
    p_adjusted: Option<f64>,
}

fn json(run: &MonitorRun, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        schema_version: 1,
        at: &run.at,
        prompt: run.prompt.as_deref(),
        environment: run.environment.as_deref(),
        version: run.version.as_deref(),
        verdict: run.health().word(),
        rollback_requested: run.rollback_requested(),
        rollback_after: run.rollback_after,
        critical: run.count(Health::Critical),
        degraded: run.count(Health::Degraded),
        inconclusive: run.count(Health::Inconclusive),
        healthy: run.count(Health::Healthy),
        metrics: run.metrics.iter().map(item).collect(),
    };
    write_harmless(&report, out)
}

fn item(metric: &MetricResult) -> Item<'_> {
    let changes = metric.trend.iter().flat_map(|trend| trend.changes.iter().flatten());
    Item {
        name: &metric.settings.name,
        source: &metric.settings.source,
        query: metric.query.as_deref(),
        verdict: metric.health().word(),
        value: metric.value,
        direction: metric.settings.direction,
        warning: metric.settings.warning,
        critical: metric.settings.critical,
        reasons: metric.reasons().collect(),
        findings: metric.findings.iter().map(|finding| Found { verdict: finding.health.word(), reason: &finding.reason }).collect(),
        history: &metric.history,
        trend: metric.trend.as_ref().map(|trend| Trend {
            course: trend.course().word(),
            p_value: trend.mann_kendall.p_two,
            slope_per_step: trend.theil_sen.map(|line| line.slope),
        }),
        change_points: changes
            .map(|change| Change {
                index: change.index,
                p_value: change.p_value,
                mean_before: change.mean_before,
                mean_after: change.mean_after,
            })
            .collect(),
        baseline: metric.baseline.as_ref().map(|judgement| Baseline {
            verdict: judgement.verdict.word(),
            base: judgement.evidence.base,
            head: judgement.evidence.head,
            base_n: judgement.evidence.base_n,
            head_n: judgement.evidence.head_n,
            p_adjusted: judgement.p_adjusted,
        }),
        warnings: &metric.warnings,
    }
}
