//! A series.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{digits, p, paint};
use crate::{
    domain::{
        regression::trend::{Course, Trend},
        stats::series::linear::Fit,
    },
    report::{
        Style,
        escape::{markdown as escaped, one_line},
        picture,
    },
};

pub(super) fn json(trend: &Trend) -> Value {
    let line = match &trend.fit {
        Fit::Constant { .. } => None,
        Fit::Line(line) => Some(line),
    };
    let interval = line.and_then(|line| line.slope_interval(trend.level).ok());
    let finite = |value: f64| value.is_finite().then_some(value);
    json!({
        "schema_version": 1,
        "metric_name": trend.metric,
        "n": trend.values.len(),
        "slope": line.map_or(0.0, |line| line.slope),
        "intercept": line.map_or_else(|| trend.prediction.0, |line| line.intercept),
        // Of a constant series R² means nothing.
        "r_squared": line.map(|line| line.r_squared),
        "p_value": line.map(|line| line.p_two),
        "slope_interval": interval.map(|[lower, upper]| json!({"lower": lower, "upper": upper})),
        "prediction": {
            "at": trend.next,
            "value": trend.prediction.0,
            "lower": trend.prediction.1.map(|[lower, _]| lower),
            "upper": trend.prediction.1.map(|[_, upper]| upper),
        },
        "constant": line.is_none(),
        "theil_sen": trend.theil_sen.map(|found| json!({
            "slope": found.slope, "intercept": found.intercept, "lower": finite(found.low), "upper": finite(found.high),
        })),
        "mann_kendall": {
            "s": trend.mann_kendall.s,
            "z": trend.mann_kendall.z,
            "p_value": trend.mann_kendall.p_two,
            "tau": trend.mann_kendall.tau,
        },
        "trend": trend.course().word(),
        "change_points": trend.changes.as_ref().map(|changes| changes.iter().map(|change| json!({
            "index": change.index,
            "at": trend.positions.get(change.index),
            "p_value": change.p_value,
            "mean_before": change.mean_before,
            "mean_after": change.mean_after,
        })).collect::<Vec<_>>()),
        "confidence_level": trend.level,
    })
}

fn sentences(trend: &Trend) -> Vec<String> {
    let mut said = Vec::new();
    match &trend.fit {
        Fit::Constant { value } => said.push(format!(
            "every value is {}: a number that never varies is most often one that nobody measures, and R² means nothing here",
            digits(*value)
        )),
        Fit::Line(line) => {
            said.push(format!("line: slope {}, R² {}, p {}", digits(line.slope), digits(line.r_squared), p(line.p_two)));
        }
    }
    let interval = trend.prediction.1.map(|[low, high]| format!(", one new value lies between {} and {}", digits(low), digits(high)));
    said.push(format!("next: {} at {}{}", digits(trend.prediction.0), digits(trend.next), interval.unwrap_or_default()));
    match trend.theil_sen {
        Some(found) => said.push(format!("Theil-Sen: slope {} ({} to {})", digits(found.slope), digits(found.low), digits(found.high))),
        None => said.push("Theil-Sen: left out, too many values".to_owned()),
    }
    said.push(format!("Mann-Kendall: τ {}, p {}", digits(trend.mann_kendall.tau), p(trend.mann_kendall.p_two)));
    match &trend.changes {
        None => said.push("change points: left out, too many values".to_owned()),
        Some(changes) if changes.is_empty() && trend.values.len() < 10 => said.push("change points: fewer than 10 values".to_owned()),
        Some(_) if trend.course() == Course::Still => said.push("change points: nothing varies".to_owned()),
        Some(changes) if changes.is_empty() => said.push("change points: none found".to_owned()),
        Some(changes) => said.extend(changes.iter().map(|change| {
            format!(
                "change point: value {} (from 0), mean {} before and {} after, p {}",
                change.index,
                digits(change.mean_before),
                digits(change.mean_after),
                p(change.p_value)
            )
        })),
    }
    said
}

fn title(trend: &Trend) -> String {
    let arrow = match trend.course() {
        Course::Rising => "↗",
        Course::Falling => "↘",
        Course::NotFound => "→",
        Course::Still => "?",
    };
    format!("{arrow} {}: {}", trend.metric, trend.course().word())
}

pub(super) fn text(trend: &Trend, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", paint(style, "1", &one_line(&title(trend))))?;
    writeln!(out, "  {}", picture::sparkline(&trend.values, style.width.saturating_sub(4).clamp(10, 80)))?;
    for sentence in sentences(trend) {
        writeln!(out, "  {sentence}")?;
    }
    Ok(())
}

pub(super) fn markdown(trend: &Trend, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n", escaped(&title(trend)))?;
    for sentence in sentences(trend) {
        writeln!(out, "- {}", escaped(&sentence))?;
    }
    writeln!(out, "\n{}", picture::mermaid(&trend.metric, &trend.values))
}

pub(super) fn html(trend: &Trend, out: &mut dyn Write) -> io::Result<()> {
    let changes = trend.changes.iter().flatten().filter_map(|change| trend.positions.get(change.index).copied());
    let picture = picture::history(&trend.metric, &trend.positions, &trend.values, &changes.collect::<Vec<_>>());
    let pictures: Vec<String> = picture.into_iter().collect();
    let rows: Vec<Vec<String>> = sentences(trend).into_iter().map(|sentence| vec![sentence]).collect();
    super::page(&title(trend), &[], (&["what was found"], &rows), &pictures, out)
}
