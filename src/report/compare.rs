//! Two results of benchmarks, as text, JSON, Markdown and a page.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::{
    Style,
    escape::{markdown_table_cell, one_line, truncate_chars},
    picture,
    samples::{Format, digits, page, paint},
    table::{self, Column},
};
use crate::domain::{
    benchmark::compare::{Comparison, Row, Status},
    regression::{Direction, Measured, Rules, Scale},
};

/// Rows shown in text and Markdown.
const SHOWN: usize = 60;
/// Pictures on a page.
const PICTURES: usize = 10;

const COLUMNS: [Column; 6] = [
    Column { title: "", numeric: false, dispensable: 0 },
    Column { title: "benchmark", numeric: false, dispensable: 0 },
    Column { title: "base", numeric: true, dispensable: 0 },
    Column { title: "head", numeric: true, dispensable: 0 },
    Column { title: "change", numeric: true, dispensable: 0 },
    Column { title: "head against base", numeric: false, dispensable: 1 },
];

/// Writes a comparison; `tools` are the names of what base and head are written by.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, found: &Comparison, tools: [&str; 2], rules: &Rules, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text(found, rules, style, out),
        Format::Json => {
            crate::report::json::write_harmless_pretty(&json(found, tools, rules), out)?;
            writeln!(out)
        }
        Format::Markdown => markdown(found, rules, out),
        Format::Html => html(found, rules, out),
    }
}

fn json(found: &Comparison, tools: [&str; 2], rules: &Rules) -> Value {
    let row = |row: &Row| {
        let measured = row.judgement.as_ref().and_then(|judgement| judgement.evidence.result.as_ref().ok());
        json!({
            "name": row.name,
            "pinned": row.pinned,
            "unit": row.units[1],
            "base_unit": row.units[0],
            "direction": match row.direction {
                Direction::HigherIsBetter => "higher-is-better",
                Direction::LowerIsBetter => "lower-is-better",
            },
            "base": row.base.filter(|value| value.is_finite()),
            "head": row.head.filter(|value| value.is_finite()),
            "base_reported": row.reported[0].filter(|value| value.is_finite()),
            "head_reported": row.reported[1].filter(|value| value.is_finite()),
            "change_pct": row.change_percent.filter(|_| !row.is_share()),
            "change_points": row.change_percent.filter(|_| row.is_share()),
            "change_text": change(row),
            "status": row.status.word(),
            "fails": row.status == Status::Failed,
            "in_regressions": row.in_regressions(),
            "in_improvements": row.in_improvements(),
            "why": row.why,
            "warn_above_pct": row.thresholds.0,
            "fail_above_pct": row.thresholds.1,
            "decided_by": match measured {
                Some(measured) if measured.test.is_of_runs() => "runs",
                _ if row.judgement.is_some() => "samples",
                _ => "threshold",
            },
            "scale": measured.map(|measured| match measured.scale {
                Scale::Ratio => "ratio",
                Scale::Difference => "difference",
            }),
            "samples": {"base": row.seen[0], "head": row.seen[1], "base_used": row.samples[0].len(), "head_used": row.samples[1].len()},
            "verdict": row.judgement.as_ref().map(|judgement| judgement.verdict.word()),
            "p_adjusted": row.judgement.as_ref().and_then(|judgement| judgement.p_adjusted),
            "effect": measured.map(|measured| measured.effect),
            "interval": measured.map(|measured| measured.interval.to_vec()),
            "test": measured.map(|measured| measured.test.title()),
        })
    };
    json!({
        "schema_version": 1,
        "regression_detected": found.regressed,
        "undecided": found.open,
        "why": found.why,
        "against": found.against,
        "base_format": tools[0],
        "head_format": tools[1],
        "alpha": rules.alpha,
        "benchmarks": found.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// `+5.0%`, `NEW`, `MISSING`.
fn change(row: &Row) -> String {
    match (row.status, row.change_percent) {
        (Status::New, _) => "NEW".to_owned(),
        (Status::Missing, _) => "MISSING".to_owned(),
        (_, Some(points)) if row.is_share() => format!("{points:+.1} points"),
        (_, Some(percent)) => format!("{percent:+.1}%"),
        (_, None) => "–".to_owned(),
    }
}

fn mark(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Failed => ("✗", "31"),
        Status::Unusable | Status::Open => ("?", "33"),
        Status::Missing | Status::New => ("·", "36"),
        Status::Regression => ("!", "33"),
        Status::Warning => ("~", "33"),
        Status::Unchanged => ("=", "0"),
        Status::Improved => ("✓", "32"),
    }
}

fn cells(row: &Row, rules: &Rules) -> Vec<String> {
    let value = |value: Option<f64>, unit: &str| {
        value.map(|value| format!("{} {}", digits(value), truncate_chars(unit, 20)).trim().to_owned()).unwrap_or_default()
    };
    let measured = row.judgement.as_ref().and_then(|judgement| judgement.evidence.result.as_ref().ok());
    let alone = if row.by_threshold_only() { "by threshold only" } else { "" };
    vec![
        format!("{} {}", mark(row.status).0, row.status.word()),
        named(row),
        value(row.base, &row.units[0]),
        value(row.head, &row.units[1]),
        change(row),
        measured.map_or_else(|| alone.to_owned(), |measured| effect(row, measured, rules)),
    ]
}

/// The effect with its interval, whose level is 1 − 2α, on the scale it was judged on: a ratio of 1 is no change, and so is a
/// difference of 0.
fn effect(row: &Row, measured: &Measured, rules: &Rules) -> String {
    let [low, high] = measured.interval;
    let level = format!("{:.1}", 100.0 * (1.0 - 2.0 * rules.alpha));
    let level = level.strip_suffix(".0").unwrap_or(&level);
    let shown = |scale: &str, times: f64, unit: &str| {
        let [effect, low, high] = [measured.effect, low, high].map(|value| digits(times * value));
        format!("{scale} {effect}{unit} ({level} %: {low} to {high})")
    };
    match measured.scale {
        Scale::Ratio => shown("ratio", 1.0, ""),
        Scale::Difference if row.is_share() => shown("difference", 100.0, " points"),
        Scale::Difference => shown("difference", 1.0, format!(" {}", truncate_chars(&row.units[1], 20)).trim_end()),
    }
}

fn conclusion(found: &Comparison) -> (&'static str, &'static str, String) {
    let count = |status: Status| found.rows.iter().filter(|row| row.status == status).count();
    let all = [
        Status::Failed,
        Status::Unusable,
        Status::Open,
        Status::Missing,
        Status::Regression,
        Status::Warning,
        Status::New,
        Status::Unchanged,
        Status::Improved,
    ];
    let counts: Vec<String> =
        all.into_iter().filter(|status| count(*status) > 0).map(|status| format!("{} {}", count(status), status.word())).collect();
    let (mark, codes) = match (found.regressed, found.open) {
        (true, _) => ("✗ REGRESSED", "1;31"),
        (false, true) => ("? INCONCLUSIVE", "1;33"),
        (false, false) => ("✓ NO REGRESSION", "1;32"),
    };
    let compared = found.rows.iter().filter(|row| row.change_percent.is_some()).count();
    let alone = match found.rows.iter().filter(|row| row.by_threshold_only()).count() {
        0 => String::new(),
        all if all == compared && found.rows.iter().all(|row| row.samples.iter().all(|samples| samples.len() < 2)) => {
            "; by threshold only, as neither side has samples to judge by".to_owned()
        }
        all if all == compared => "; by threshold only".to_owned(),
        some => format!("; {some} by threshold only"),
    };
    let why: String = found.why.iter().chain(&found.against).fold(String::new(), |said, why| said + "; " + why);
    let names: BTreeSet<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
    let twice = if names.len() < found.rows.len() { format!(" in {} comparisons", found.rows.len()) } else { String::new() };
    (mark, codes, format!("{} benchmarks{twice}: {}{alone}{why}", names.len(), counts.join(", ")))
}

/// Why a row could not be compared or is not decided: a line of its own, as no table has the room.
fn reason(row: &Row) -> Option<String> {
    row.why.as_ref().map(|why| format!("{}: {why}", named(row)))
}

/// The benchmark, and what it is held against, where that is not the last runs.
fn named(row: &Row) -> String {
    let name = truncate_chars(&row.name, 80);
    row.pinned.as_ref().map_or_else(|| name.clone().into_owned(), |pin| format!("{name} (pinned {})", truncate_chars(pin, 40)))
}

fn text(found: &Comparison, rules: &Rules, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (mark, codes, said) = conclusion(found);
    writeln!(out, "{}: {said}", paint(style, codes, mark))?;
    let shown = if style.verbose { found.rows.len() } else { found.rows.len().min(SHOWN) };
    let rows: Vec<Vec<String>> =
        found.rows.iter().take(shown).map(|row| cells(row, rules).iter().map(|cell| one_line(cell)).collect()).collect();
    let (table, left_out) = table::render(&COLUMNS, &rows, Some(style.width));
    writeln!(out, "{table}")?;
    if !left_out.is_empty() {
        writeln!(out, "(no room for: {})", left_out.join(", "))?;
    }
    for reason in found.rows.iter().take(shown).filter_map(reason) {
        writeln!(out, "  {}", one_line(&reason))?;
    }
    if shown < found.rows.len() {
        writeln!(out, "{} more; -v or --output json has all", found.rows.len() - shown)?;
    }
    Ok(())
}

fn markdown(found: &Comparison, rules: &Rules, out: &mut dyn Write) -> io::Result<()> {
    let (mark, _, said) = conclusion(found);
    writeln!(out, "## {mark}\n\n{said}\n")?;
    let titles: Vec<&str> = COLUMNS.iter().map(|column| column.title).collect();
    writeln!(out, "| {} |\n|{}", titles.join(" | "), "---|".repeat(COLUMNS.len()))?;
    for row in found.rows.iter().take(SHOWN) {
        writeln!(out, "| {} |", cells(row, rules).iter().map(|cell| markdown_table_cell(cell, 100)).collect::<Vec<_>>().join(" | "))?;
    }
    let reasons: Vec<String> = found.rows.iter().take(SHOWN).filter_map(reason).collect();
    if !reasons.is_empty() {
        writeln!(out)?;
    }
    for reason in reasons {
        writeln!(out, "- {}", markdown_table_cell(&reason, 300))?;
    }
    if found.rows.len() > SHOWN {
        writeln!(out, "\n{} more are in the JSON.", found.rows.len() - SHOWN)?;
    }
    Ok(())
}

fn html(found: &Comparison, rules: &Rules, out: &mut dyn Write) -> io::Result<()> {
    let (mark, _, said) = conclusion(found);
    let rows: Vec<Vec<String>> = found.rows.iter().map(|row| cells(row, rules)).collect();
    let titles: Vec<&str> = COLUMNS.iter().map(|column| column.title).collect();
    let drawn = found.rows.iter().filter(|row| row.samples.iter().all(|samples| samples.len() > 1)).take(PICTURES);
    let pictures: Vec<String> = drawn
        .filter_map(|row| {
            let [base, head] = &row.samples;
            picture::distributions(&row.name, ["base", "head"], [base, head])
        })
        .collect();
    let said: Vec<String> = std::iter::once(said).chain(found.rows.iter().filter_map(reason)).collect();
    page(mark, &said, (&titles, &rows), &pictures, out)
}
