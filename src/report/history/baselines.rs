//! Baselines as text, JSON and Markdown.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    domain::history::baseline::{SuiteBaselines, Values, short},
    report::{
        Style,
        escape::{markdown_table_cell, one_line},
        number,
        rollout::Shape,
        table::{self, Column},
    },
};

const COLUMNS: [Column; 6] = [
    Column { title: "suite", numeric: false, dispensable: 0 },
    Column { title: "baseline", numeric: false, dispensable: 0 },
    Column { title: "commit", numeric: false, dispensable: 0 },
    Column { title: "pass rate", numeric: true, dispensable: 0 },
    Column { title: "cases", numeric: true, dispensable: 2 },
    Column { title: "model", numeric: false, dispensable: 1 },
];

/// Writes the runs, the newest first, then the pinned ones.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, found: &[SuiteBaselines], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 6]> = found.iter().flat_map(rows).collect();
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(found), out)?;
            writeln!(out)
        }
        Shape::Text if rows.is_empty() => Ok(()),
        Shape::Text => {
            let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
            writeln!(out, "{}", table::render(&COLUMNS, &cells, Some(style.width)).0)
        }
        Shape::Markdown => {
            writeln!(out, "| {} |\n|{}", COLUMNS.map(|column| column.title).join(" | "), "---|".repeat(COLUMNS.len()))?;
            rows.iter().try_for_each(|row| writeln!(out, "| {} |", row.each_ref().map(|cell| markdown_table_cell(cell, 120)).join(" | ")))
        }
    }
}

fn rows(found: &SuiteBaselines) -> Vec<[String; 6]> {
    let rate = |values: &Values| mean(values).map_or_else(|| number::UNKNOWN.to_owned(), number::percent);
    let row = |name: String, commit: String, values: &Values, model: &str| {
        [found.suite.clone(), name, commit, rate(values), number::size(cases(values)), model.to_owned()]
    };
    let runs = found.runs.iter().rev();
    let runs =
        runs.map(|run| row(format!("run of {}", run.at), run.commit.as_deref().map(short).unwrap_or_default(), &run.values, &run.model));
    let commits = |of: &[String]| of.iter().map(|commit| short(commit)).collect::<Vec<_>>().join(", ");
    let pinned =
        found.pinned.iter().map(|(name, pinned)| row(format!("pinned {name}"), commits(&pinned.of), &pinned.values, &pinned.model));
    runs.chain(pinned).collect()
}

fn cases(values: &Values) -> usize {
    values.values().map(std::collections::BTreeMap::len).max().unwrap_or(0)
}

fn mean(values: &Values) -> Option<f64> {
    let rates: Vec<f64> = values.get("pass-rate")?.values().copied().collect();
    crate::domain::stats::mean(&rates)
}

fn json(found: &[SuiteBaselines]) -> Value {
    let suite = |found: &SuiteBaselines| {
        let run = |run: &crate::domain::history::baseline::BaselineRun| {
            json!({"id": run.id, "at": run.at, "commit": run.commit, "model": run.model, "prompt_digest": run.digest,
                "pass_rate": mean(&run.values), "cases": cases(&run.values)})
        };
        let pinned = |(name, pinned): (&String, &crate::domain::history::baseline::Pinned)| {
            json!({"name": name, "at": pinned.at, "of": pinned.of, "model": pinned.model, "pass_rate": mean(&pinned.values),
                "cases": cases(&pinned.values)})
        };
        json!({"suite": found.suite, "dropped_runs": found.dropped, "runs": found.runs.iter().map(run).collect::<Vec<_>>(),
            "pinned": found.pinned.iter().map(pinned).collect::<Vec<_>>()})
    };
    json!({"schema": "baseline/v1", "suites": found.iter().map(suite).collect::<Vec<_>>()})
}
