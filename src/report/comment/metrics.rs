//! Base against head, metric by metric: a table, and a chart for the job summary.

use std::fmt::Write as _;

use super::{
    data::{ComparisonData, EffectData, MetricData, MetricVerdict, SuiteData},
    of::SAME_PROMPT,
};
use crate::{
    domain::regression::{evidence::Scale, metric::Unit},
    report::{
        escape::{markdown, markdown_table_cell},
        number,
    },
};

/// Characters shown of a name.
const NAME_SHOWN: usize = 60;

/// The head of the table of metrics.
pub(in crate::report) const HEAD: &str =
    "| suite | metric | base | head | difference | interval | verdict |\n|---|---|--:|--:|--:|--:|---|\n";

/// A row for each metric of a suite.
pub(in crate::report) fn rows(suite: &SuiteData) -> Vec<String> {
    let metrics = suite.comparison.iter().flat_map(|comparison| &comparison.metrics);
    // What nobody measures on either side is no news.
    let shown = metrics.filter(|metric| metric.base.is_some() || metric.head.is_some());
    shown.map(|metric| row(&suite.name, metric)).collect()
}

fn row(suite: &str, metric: &MetricData) -> String {
    let value = |value: Option<f64>| value.map_or_else(|| number::UNKNOWN.to_owned(), |value| shown(value, metric.unit));
    let [difference, interval] =
        metric.effect.as_ref().map_or_else(|| [number::UNKNOWN; 2].map(str::to_owned), |found| effect(found, metric.unit));
    let cells = [suite.to_owned(), metric.name.clone(), value(metric.base), value(metric.head), difference, interval, verdict(metric)];
    format!("| {} |\n", cells.map(|cell| markdown_table_cell(&cell, 2 * NAME_SHOWN)).join(" | "))
}

/// A verdict with its mark: told apart without colour.
fn verdict(metric: &MetricData) -> String {
    let warns = if metric.warns && !metric.fails { ", warns" } else { "" };
    match metric.verdict {
        MetricVerdict::Regressed if metric.fails => "❌ regressed".to_owned(),
        MetricVerdict::Regressed => "⚠️ regressed, only warns".to_owned(),
        MetricVerdict::NonInferior => format!("✅ not worse{warns}"),
        MetricVerdict::Improved => "✅ improved".to_owned(),
        MetricVerdict::Inconclusive => {
            format!("❔ inconclusive{}{warns}", metric.why.as_ref().map_or_else(String::new, |why| format!(": {why}")))
        }
    }
}

/// A number of a metric in its unit.
fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => number::percent(value),
        Unit::Milliseconds => number::millis(value),
        Unit::Seconds => number::millis(value * 1_000.0),
        Unit::Usd => number::usd(value),
        Unit::Score => plain(value, 3),
        Unit::Tokens | Unit::Bytes | Unit::Number => plain(value, 1),
    }
}

/// A difference with its sign, or a ratio as percent more or less; and its unit.
fn difference(scale: Scale, value: f64, unit: Unit) -> (String, &'static str) {
    let signed = |value: f64, decimals: usize| {
        let text = plain(value.abs(), decimals);
        let zero = text.parse::<f64>().is_ok_and(|shown| shown.abs() <= 0.0);
        format!(
            "{}{text}",
            if zero {
                "±"
            } else if value < 0.0 {
                "−"
            } else {
                "+"
            }
        )
    };
    match (scale, unit) {
        (Scale::Ratio, _) => (signed((value - 1.0) * 100.0, 1), " %"),
        (Scale::Difference, Unit::Share) => (signed(value * 100.0, 1), " points"),
        (Scale::Difference, Unit::Milliseconds) => (signed(value, 1), " ms"),
        (Scale::Difference, Unit::Seconds) => (signed(value, 3), " s"),
        (Scale::Difference, Unit::Usd) => (signed(value, 6), " $"),
        (Scale::Difference, Unit::Score) => (signed(value, 3), ""),
        (Scale::Difference, Unit::Tokens | Unit::Bytes | Unit::Number) => (signed(value, 1), ""),
    }
}

/// The effect, and its interval.
fn effect(effect: &EffectData, unit: Unit) -> [String; 2] {
    let [low, high] = effect.interval;
    let (value, name) = difference(effect.scale, effect.value, unit);
    let ends = [low, high].map(|end| difference(effect.scale, end, unit).0);
    [format!("{value}{name}"), format!("{}{name}", ends.join(" … "))]
}

fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What changed between base and head, a line each.
pub(in crate::report) fn changes(suite: &SuiteData) -> Vec<String> {
    let Some(base) = &suite.comparison else { return Vec::new() };
    let short = |digest: &str| digest.chars().take(8).collect::<String>();
    let mut said = Vec::new();
    if base.digest.is_empty() {
        let same = base.changes.iter().any(|change| change == SAME_PROMPT);
        said.push(format!("prompt {}{}", suite.prompt, if same { " unchanged, so not compared" } else { "" }));
    } else if base.digest == suite.digest {
        said.push(format!("prompt {} unchanged", suite.prompt));
    } else {
        said.push(format!("prompt {} ({}) → {} ({})", base.prompt, short(&base.digest), suite.prompt, short(&suite.digest)));
    }
    let model = !base.model.is_empty() && base.model != suite.model;
    if model && !base.changes.iter().any(|change| change.starts_with("model ")) {
        said.push(format!("model {} → {}", base.model, suite.model));
    }
    said.extend(base.changes.iter().filter(|change| *change != SAME_PROMPT).cloned());
    said
}

/// Whether a metric of the suite fails the run.
pub(in crate::report) fn fails(suite: &SuiteData) -> bool {
    suite.comparison.iter().flat_map(|comparison| &comparison.metrics).any(|metric| metric.fails)
}

/// What base is, and how sure the intervals are; in the words of the first suite that was compared.
pub(in crate::report) fn about_base<'a>(suites: impl IntoIterator<Item = &'a SuiteData>) -> String {
    let Some(base) = suites.into_iter().find_map(|suite| suite.comparison.as_ref().filter(|base| !base.commit.is_empty())) else {
        return String::new();
    };
    let commit: String = base.commit.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    let named =
        if base.reference.is_empty() { commit } else { format!("{} at {commit}", markdown_table_cell(&base.reference, NAME_SHOWN)) };
    format!("Base is {named}. Intervals hold the true difference in {} of such runs.\n\n", number::percent(base.confidence))
}

/// How many more samples would decide what is open.
pub(in crate::report) fn to_decide(suite: &SuiteData) -> Vec<String> {
    let metrics = suite.comparison.iter().flat_map(|comparison| &comparison.metrics);
    let open = metrics.filter(|metric| metric.open);
    open.map(|metric| match metric.needed {
        Some(needed) => format!("{} of {}: about {} samples a side", metric.name, suite.name, number::count(needed)),
        None => format!("{} of {}: more samples than are worth their price, or something else is missing", metric.name, suite.name),
    })
    .collect()
}

/// What adaptive sampling spared.
pub(in crate::report) fn sampling(base: &ComparisonData) -> Option<String> {
    let sampling = base.sampling?;
    let why = if sampling.decided { "stopped when the verdict was clear" } else { "went on to the largest number of repeats" };
    Some(format!("asked {} of at most {} samples: {why}", number::count(sampling.asked), number::count(sampling.most)))
}

/// Head as percent of base, as a Mermaid chart; nothing where fewer than two metrics have both.
pub(in crate::report) fn chart(suite: &SuiteData) -> Option<String> {
    let metrics = suite.comparison.iter().flat_map(|comparison| &comparison.metrics);
    let shares: Vec<(String, f64)> = metrics
        .filter_map(|metric| {
            let share = metric.head? / metric.base.filter(|base| *base > 0.0)? * 100.0;
            let name: String = metric.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(30).collect();
            (share.is_finite() && !name.is_empty()).then_some((name, share.min(1_000.0)))
        })
        .collect();
    if shares.len() < 2 {
        return None;
    }
    let top = shares.iter().map(|(_, share)| *share).fold(120.0, f64::max) * 1.05;
    let names: Vec<String> = shares.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<String> = shares.iter().map(|(_, share)| format!("{share:.1}")).collect();
    let hundred = vec!["100"; shares.len()].join(", ");
    Some(format!(
        "```mermaid\nxychart-beta\n  title \"head in percent of base\"\n  x-axis [{}]\n  y-axis \"percent of base\" 0 --> {top:.0}\n  bar [{}]\n  line [{hundred}]\n```\n",
        names.join(", "),
        values.join(", ")
    ))
}

/// The comparison of a suite for the job summary: what changed, the table, the chart. Empty where nothing was compared.
pub(in crate::report) fn section(suite: &SuiteData) -> String {
    let rows = rows(suite);
    let mut text = String::new();
    for change in changes(suite) {
        // Writing to a text never fails.
        writeln!(text, "- {}", markdown(&change)).ok();
    }
    if !rows.is_empty() {
        write!(text, "\n{}{HEAD}{}", about_base([suite]), rows.concat()).ok();
    }
    for sentence in to_decide(suite) {
        write!(text, "\nTo decide {}.\n", markdown(&sentence)).ok();
    }
    if let Some(chart) = chart(suite) {
        write!(text, "\n{chart}").ok();
    }
    text
}
