//! Two samples.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{digits, p, paint};
use crate::{
    domain::{
        regression::{
            Verdict,
            analysis::{Analysis, Consider, Side},
        },
        stats::{tails::Interval, two_sample::effect::Size},
    },
    report::{
        Style,
        escape::{markdown as escaped, markdown_table_cell, one_line},
        picture,
    },
};

/// Bins of the row of blocks.
const BINS: usize = 40;

pub(super) fn json(analysis: &Analysis) -> Value {
    let conclusion = &analysis.conclusion;
    let question = &analysis.question;
    let tests: Map<String, Value> = analysis
        .tests
        .iter()
        .map(|test| {
            let mut shown = json!({"statistic": test.statistic, "p_value": test.p_value, "significant": test.significant});
            if let (Some(note), Some(map)) = (&test.note, shown.as_object_mut()) {
                map.insert("note".to_owned(), json!(note));
            }
            (test.kind.name().to_owned(), shown)
        })
        .collect();
    let (why, needed) = match &conclusion.verdict {
        Verdict::Inconclusive { why, needed } => (Some(why.to_string()), *needed),
        Verdict::Regressed | Verdict::NonInferior | Verdict::Improved => (None, None),
    };
    json!({
        "schema_version": 1,
        "metric_name": question.metric,
        "unit": question.unit,
        "consider_direction": question.consider.word(),
        "regression_detected": analysis.regressed(),
        "verdict": conclusion.verdict.word(),
        "inconclusive_because": why,
        "samples_needed": needed,
        "confidence": conclusion.p_value.map(|p| 1.0 - p),
        "confidence_level": question.level,
        "p_value": conclusion.p_value,
        "decided_by": question.tests.first().map(|kind| kind.name()),
        "is_significant_change": conclusion.significant,
        "effect_size": analysis.effects.cohen_d.finite(),
        "effect_size_magnitude": conclusion.magnitude,
        "min_effect_size": question.min_effect,
        "effects": {
            "cohen_d": analysis.effects.cohen_d.finite(),
            "unbounded": matches!(analysis.effects.cohen_d, Size::Unbounded { .. }),
            "hedges_g": analysis.effects.hedges_g.finite(),
            // Measured by the baseline's spread; the library turns current against baseline, so this is of current.
            "cliffs_delta": analysis.cliffs_delta,
            "hodges_lehmann": analysis.shift.map(|(shift, interval)| json!({
                "shift": shift, "lower": interval.map(|interval| interval.lower), "upper": interval.map(|interval| interval.upper),
            })),
        },
        "difference": analysis.difference,
        "confidence_interval": interval(analysis.interval),
        "statistical_tests": tests,
        "consensus_score": conclusion.consensus,
        "summary_statistics": {"baseline": side(&analysis.baseline), "current": side(&analysis.current)},
        "outliers": {
            "baseline": analysis.baseline.outliers,
            "current": analysis.current.outliers,
            "filtered": analysis.baseline.filtered || analysis.current.filtered,
        },
        "margin": conclusion.margin,
        "minimum_detectable_effect": conclusion.detectable,
        "severity": conclusion.severity.as_str(),
        "recommendation": conclusion.recommendation,
        "warnings": analysis.warnings,
        "seed": question.seed,
    })
}

fn interval(interval: Interval) -> Value {
    // JSON has no infinity: an end that is not bounded is null.
    let end = |value: f64| value.is_finite().then_some(value);
    json!({"lower": end(interval.lower), "upper": end(interval.upper)})
}

fn side(side: &Side) -> Value {
    let summary = &side.summary;
    json!({
        "n": summary.n,
        "given": side.given,
        "mean": summary.mean,
        "std": summary.sd,
        "median": summary.median,
        "min": summary.min,
        "max": summary.max,
        "q1": summary.q1,
        "q3": summary.q3,
        "p95": summary.p95,
        "p99": summary.p99,
        "p95_interval": {"lower": side.p95.lower, "upper": side.p95.upper},
        "confidence_interval": side.mean_interval.map(interval),
    })
}

fn mark(analysis: &Analysis) -> (&'static str, &'static str) {
    match analysis.conclusion.verdict {
        Verdict::NonInferior if analysis.question.consider == Consider::Neither && analysis.conclusion.significant => {
            ("≠ DIFFERENT", "1;36")
        }
        Verdict::NonInferior if analysis.question.consider == Consider::Neither => ("= NO DIFFERENCE FOUND", "1"),
        Verdict::Regressed => ("✗ REGRESSED", "1;31"),
        Verdict::Improved => ("✓ IMPROVED", "1;32"),
        Verdict::NonInferior => ("✓ NON-INFERIOR", "1;32"),
        Verdict::Inconclusive { .. } => ("? INCONCLUSIVE", "1;33"),
    }
}

fn sentences(analysis: &Analysis) -> Vec<String> {
    let unit = analysis.question.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let question = &analysis.question;
    let mut said = vec![format!(
        "difference {}{unit}, {} % interval {} to {}; Cohen's d {} ({}), Cliff's δ {}",
        signed(analysis.difference),
        digits(question.level * 100.0),
        digits(analysis.interval.lower),
        digits(analysis.interval.upper),
        match analysis.effects.cohen_d {
            Size::Finite(d) => signed(d),
            Size::Unbounded { positive } => if positive { "+∞" } else { "−∞" }.to_owned(),
            Size::Undefined => "–".to_owned(),
        },
        analysis.conclusion.magnitude,
        signed(analysis.cliffs_delta),
    )];
    if let Some(detectable) = analysis.conclusion.detectable {
        let margin = analysis.conclusion.margin;
        said.push(format!("margin {}{unit}; a change of {}{unit} would be found with a power of 80 %", digits(margin), digits(detectable)));
    }
    said
}

fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", digits(value)) } else { digits(value) }
}

const COLUMNS: [&str; 8] = ["", "n", "mean", "std", "median", "p95", "min", "max"];

fn rows(analysis: &Analysis) -> Vec<Vec<String>> {
    let row = |name: &str, side: &Side| {
        let summary = &side.summary;
        let numbers = [summary.mean, summary.sd.unwrap_or(f64::NAN), summary.median, summary.p95, summary.min, summary.max];
        [name.to_owned(), summary.n.to_string()].into_iter().chain(numbers.map(digits)).collect()
    };
    vec![row("baseline", &analysis.baseline), row("current", &analysis.current)]
}

fn test_lines(analysis: &Analysis) -> Vec<String> {
    let line = |(index, test): (usize, &crate::domain::regression::analysis::TestShown)| {
        let decides = if index == 0 && analysis.question.margin.is_none() { ", decides" } else { "" };
        let statistic = test.statistic.map_or_else(|| "±∞".to_owned(), digits);
        match (&test.note, test.p_value) {
            (None, Some(value)) => format!("{}: {statistic}, p {}{decides}", test.kind.name(), p(value)),
            (note, _) => format!("{}: not possible: {}", test.kind.name(), note.as_deref().unwrap_or("no p-value")),
        }
    };
    analysis.tests.iter().enumerate().map(line).collect()
}

pub(super) fn text(analysis: &Analysis, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, codes) = mark(analysis);
    let metric = one_line(&analysis.question.metric);
    writeln!(out, "{}: {}", paint(style, codes, &format!("{word} {metric}")), one_line(&analysis.conclusion.recommendation))?;
    let [one, two] = &analysis.sorted;
    let (low, high) = (one.min().min(two.min()), one.max().max(two.max()));
    for ((side, name), sorted) in [(&analysis.baseline, "baseline"), (&analysis.current, "current ")].into_iter().zip([one, two]) {
        let summary = &side.summary;
        let blocks = picture::histogram_line(sorted.values(), low, high, BINS.min(style.width.saturating_sub(60).max(10)));
        writeln!(
            out,
            "  {name} │{blocks}│ n {}, mean {}, median {}, std {}, p95 {}",
            summary.n,
            digits(summary.mean),
            digits(summary.median),
            digits(summary.sd.unwrap_or(f64::NAN)),
            digits(summary.p95)
        )?;
    }
    for sentence in sentences(analysis) {
        writeln!(out, "  {}", one_line(&sentence))?;
    }
    for line in test_lines(analysis) {
        writeln!(out, "  {}", one_line(&line))?;
    }
    for warning in &analysis.warnings {
        writeln!(out, "  warning: {}", one_line(warning))?;
    }
    Ok(())
}

pub(super) fn markdown(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let (word, _) = mark(analysis);
    writeln!(out, "## {word}: {}\n\n{}\n", escaped(&analysis.question.metric), escaped(&analysis.conclusion.recommendation))?;
    writeln!(out, "| {} |\n|---|{}", COLUMNS.join(" | "), "---:|".repeat(COLUMNS.len() - 1))?;
    for row in rows(analysis) {
        writeln!(out, "| {} |", row.iter().map(|cell| markdown_table_cell(cell, 60)).collect::<Vec<_>>().join(" | "))?;
    }
    writeln!(out)?;
    for line in sentences(analysis).iter().chain(&test_lines(analysis)) {
        writeln!(out, "- {}", escaped(line))?;
    }
    for warning in &analysis.warnings {
        writeln!(out, "- warning: {}", escaped(warning))?;
    }
    let [one, two] = &analysis.sorted;
    if let Some(chart) = picture::mermaid_distributions(&analysis.question.metric, [one.values(), two.values()]) {
        writeln!(out, "\n{chart}")?;
    }
    Ok(())
}

pub(super) fn html(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let (word, _) = mark(analysis);
    let mut said = vec![analysis.conclusion.recommendation.clone()];
    said.extend(sentences(analysis));
    said.extend(test_lines(analysis));
    said.extend(analysis.warnings.iter().map(|warning| format!("warning: {warning}")));
    let [one, two] = &analysis.sorted;
    let picture = picture::distributions(&analysis.question.metric, ["baseline", "current"], [one.values(), two.values()]);
    let pictures: Vec<String> = picture.into_iter().collect();
    super::page(&format!("{word}: {}", analysis.question.metric), &said, (&COLUMNS, &rows(analysis)), &pictures, out)
}
