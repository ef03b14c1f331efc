//! A benchmark of a prompt, as text, Markdown, and JSON that `compare` reads.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style,
    escape::{markdown_table_cell, one_line},
    json::{v1, write_harmless},
    number,
};
use crate::domain::{
    benchmark::measured::{LEVEL, Measured, Percentile},
    suite::run::{SuiteRun, TestRun},
};

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// The JSON report of a run with `bench` beside it.
    Json,
    /// Tables for a comment or a job summary.
    Markdown,
}

/// What one suite took.
#[derive(Debug, Clone)]
pub struct Bench<'a> {
    /// The suite.
    pub suite: &'a SuiteRun,
    /// Whether the numbers are of an earlier day.
    pub replayed: bool,
    /// The metrics that could be measured.
    pub measured: Vec<Measured>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    run: v1::Report<'a>,
    /// Of each suite, in order.
    bench: Vec<Suite<'a>>,
}

#[derive(Serialize)]
struct Suite<'a> {
    #[serde(rename = "suite")]
    name: &'a str,
    replayed: bool,
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
struct Metric {
    name: &'static str,
    unit: &'static str,
    samples: usize,
    mean: f64,
    sd: Option<f64>,
    min: f64,
    max: f64,
    percentiles: Vec<Quantile>,
}

/// `lower` and `upper` hold the true percentile in 95 of 100 such benchmarks; null where the values are too few.
#[derive(Serialize)]
struct Quantile {
    share: f64,
    value: f64,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl From<&Measured> for Metric {
    fn from(measured: &Measured) -> Self {
        let quantile = |percentile: &Percentile| Quantile {
            share: percentile.share,
            value: percentile.value,
            lower: percentile.interval.lower,
            upper: percentile.interval.upper,
        };
        Self {
            name: measured.metric,
            unit: measured.unit,
            samples: measured.n,
            mean: measured.mean,
            sd: measured.sd,
            min: measured.min,
            max: measured.max,
            percentiles: measured.percentiles.iter().map(quantile).collect(),
        }
    }
}

/// Writes it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, run: &TestRun, suites: &[Bench<'_>], _style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => {
            let bench = suites.iter().map(|bench| Suite {
                name: &bench.suite.name,
                replayed: bench.replayed,
                metrics: bench.measured.iter().map(Metric::from).collect(),
            });
            write_harmless(&Report { run: v1::Report::from(run), bench: bench.collect() }, out)
        }
        Format::Text => suites.iter().try_for_each(|bench| text(bench, out)),
        Format::Markdown => suites.iter().try_for_each(|bench| markdown(bench, out)),
    }
}

const HEAD: [&str; 8] = ["metric", "samples", "mean", "sd", "p50", "p90", "p95", "p99"];

fn title(bench: &Bench<'_>) -> String {
    let suite = bench.suite;
    let counts = suite.counts();
    let open = counts.faulted + counts.not_run;
    let open = if open > 0 { format!(", {} without an answer", number::size(open)) } else { String::new() };
    let replayed = if bench.replayed { ", measured in an earlier run" } else { "" };
    let passed = counts.pass_rate().map(|rate| format!(", {} passed", number::percent(rate))).unwrap_or_default();
    format!("{} ({}, {}): {}{passed}{open}{replayed}", suite.name, suite.provider, suite.model, number::plural(counts.total, "request"))
}

fn cells(measured: &Measured) -> Vec<String> {
    let shown = |value: f64| value_of(measured.unit, value);
    let mut cells = vec![measured.metric.to_owned(), number::size(measured.n), shown(measured.mean)];
    cells.push(measured.sd.map_or_else(|| number::UNKNOWN.to_owned(), shown));
    for Percentile { value, interval, .. } in &measured.percentiles {
        let side = |bound: Option<f64>| bound.map_or_else(|| "?".to_owned(), shown);
        cells.push(format!("{} [{}, {}]", shown(*value), side(interval.lower), side(interval.upper)));
    }
    cells
}

fn value_of(unit: &str, value: f64) -> String {
    match unit {
        "ms" => number::millis(value),
        "USD" => number::usd(value),
        _ => format!("{value:.1}"),
    }
}

fn text(bench: &Bench<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", one_line(&title(bench)))?;
    if bench.measured.is_empty() {
        return writeln!(out, "  nothing was measured");
    }
    let rows: Vec<Vec<String>> = std::iter::once(HEAD.map(str::to_owned).to_vec()).chain(bench.measured.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for row in &rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "  {}", line.join("  ").trim_end())?;
    }
    writeln!(out, "  in brackets: {} bounds; ? where the samples are too few", number::percent(LEVEL))
}

fn markdown(bench: &Bench<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", super::escape::markdown(&title(bench)))?;
    if bench.measured.is_empty() {
        return writeln!(out, "Nothing was measured.\n");
    }
    writeln!(out, "| {} |\n|{}", HEAD.join(" | "), "---|".repeat(HEAD.len()))?;
    for measured in &bench.measured {
        let cells: Vec<String> = cells(measured).iter().map(|cell| markdown_table_cell(cell, 100)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    writeln!(out, "\nIn brackets: {} bounds; ? where the samples are too few.\n", number::percent(LEVEL))
}
