//! The history of cases as text, JSON and Markdown.

pub mod baselines;
pub mod period;

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    Style,
    escape::{markdown_table_cell, one_line},
    number,
    picture::sparkline_between,
    rollout::Shape,
    table::{self, Column},
};
use crate::domain::history::{
    SuiteHistory, Tally,
    standing::{KnownRate, Standing},
};

/// The most blocks of a case's course.
const BLOCKS: usize = 30;

const COLUMNS: [Column; 8] = [
    Column { title: "suite", numeric: false, dispensable: 0 },
    Column { title: "case", numeric: false, dispensable: 0 },
    Column { title: "is", numeric: false, dispensable: 0 },
    Column { title: "passed", numeric: true, dispensable: 0 },
    Column { title: "rate (95 %)", numeric: true, dispensable: 1 },
    Column { title: "flakiness", numeric: true, dispensable: 0 },
    Column { title: "runs", numeric: true, dispensable: 2 },
    Column { title: "course", numeric: false, dispensable: 3 },
];

/// A case with what it amounts to.
struct Row<'h> {
    history: &'h SuiteHistory,
    case: &'h str,
    standing: Standing,
    shares: Vec<f64>,
    ever: Tally,
}

/// Writes what each case did, the most unsettled first.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, histories: &[SuiteHistory], least: u64, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<Row<'_>> = histories.iter().flat_map(|history| rows(history, least)).collect();
    rows.sort_by(|a, b| {
        let rank = |row: &Row<'_>| row.standing.rate.map_or(1.0, |rate| rate.share);
        b.standing.flakiness.total_cmp(&a.standing.flakiness).then_with(|| rank(a).total_cmp(&rank(b)))
    });
    match shape {
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(histories, &rows), out)?;
            writeln!(out)
        }
        Shape::Text if rows.is_empty() => Ok(()),
        Shape::Text => {
            let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row).iter().map(|cell| one_line(cell)).collect()).collect();
            writeln!(out, "{}", table::render(&COLUMNS, &cells, Some(style.width)).0)
        }
        Shape::Markdown => {
            writeln!(out, "| {} |\n|{}", COLUMNS.map(|column| column.title).join(" | "), "---|".repeat(COLUMNS.len()))?;
            rows.iter().try_for_each(|row| writeln!(out, "| {} |", cells(row).map(|cell| markdown_table_cell(&cell, 120)).join(" | ")))
        }
    }
}

/// What `history prune` did to a suite.
pub fn pruned(suite: &str, went: usize, left: usize, verb: &str) -> String {
    format!("{}: {} {verb}, {left} stay\n", one_line(suite), number::plural(went, "run"))
}

fn rows(history: &SuiteHistory, least: u64) -> impl Iterator<Item = Row<'_>> {
    history.cases.iter().map(move |(case, found)| Row {
        history,
        case,
        standing: found.standing(least),
        shares: found.shares(history),
        ever: found.tally(),
    })
}

/// A share with its interval, for people.
pub fn rate(known: KnownRate) -> String {
    format!("{} ({} to {})", number::percent(known.share), number::percent(known.interval.0), number::percent(known.interval.1))
}

fn cells(row: &Row<'_>) -> [String; 8] {
    let standing = &row.standing;
    let since = standing.since.and_then(|number| row.history.runs.iter().find(|run| run.number == number));
    let label = since.map_or_else(|| standing.label.word().to_owned(), |run| format!("{} since {}", standing.label.word(), day(&run.at)));
    [
        row.history.suite.clone(),
        row.case.to_owned(),
        label,
        format!("{}/{}", number::count(standing.tally.passed), number::count(standing.tally.trials())),
        standing.rate.map_or_else(|| number::UNKNOWN.to_owned(), rate),
        format!("{:.2}", standing.flakiness),
        number::size(standing.runs),
        sparkline_between(&row.shares, (0.0, 1.0), BLOCKS),
    ]
}

fn day(at: &str) -> &str {
    at.split('T').next().unwrap_or(at)
}

fn json(histories: &[SuiteHistory], rows: &[Row<'_>]) -> Value {
    let case = |row: &Row<'_>| {
        let standing = &row.standing;
        json!({
            "suite": row.history.suite,
            "prompt": row.history.prompt,
            "case": row.case,
            "label": standing.label.word(),
            "passed": standing.tally.passed,
            "failed": standing.tally.failed,
            "runs": standing.runs,
            "pass_rate": standing.rate.map(|rate| rate.share),
            "pass_rate_ci": standing.rate.map(|rate| [rate.interval.0, rate.interval.1]),
            "flakiness": standing.flakiness,
            "flip_rate": standing.flip_rate,
            "since_run": standing.since.and_then(|number| row.history.runs.iter().find(|run| run.number == number)).map(|run| &run.id),
            "shares": row.shares,
            "ever": {"passed": row.ever.passed, "failed": row.ever.failed},
        })
    };
    let suite = |history: &SuiteHistory| {
        let run = |run: &crate::domain::history::Run| json!({"id": run.id, "at": run.at, "commit": run.commit, "altered": run.altered, "model": run.model});
        json!({"suite": history.suite, "prompt": history.prompt, "dropped_runs": history.dropped,
            "runs": history.runs.iter().map(run).collect::<Vec<_>>()})
    };
    json!({"schema": "history/v1", "suites": histories.iter().map(suite).collect::<Vec<_>>(), "cases": rows.iter().map(case).collect::<Vec<_>>()})
}
