//! The report as one self-contained page: no network, no font, no script but its own.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use handlebars::{Handlebars, html_escape};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{escape::one_line, figures::Figures, number, summary};
use crate::domain::{
    duration,
    suite::run::{Sample, SampleResult, SuiteRun, TestRun, TestVerdict},
};

/// Bars of a latency histogram.
const BARS: usize = 20;
/// The histogram's width and height in its own units.
const CHART: (f64, f64) = (100.0, 24.0);

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(html_escape);
    let page = registry
        .render_template(include_str!("../../../templates/report/page.html.hbs"), &page(run)?)
        .map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(page.as_bytes())
}

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    verdict: &'static str,
    mark: &'static str,
    word: &'static str,
    conclusion: String,
    totals: Vec<String>,
    warnings: Vec<String>,
    suites: Vec<Row>,
    footer: String,
    style: &'static str,
    script: &'static str,
    data: String,
}

#[derive(Debug, Serialize)]
struct Row {
    verdict: &'static str,
    mark: &'static str,
    word: &'static str,
    name: String,
    prompt: String,
    file: String,
    model: String,
    passed: String,
    pass_rate: String,
    p50: String,
    p95: String,
    bars: Vec<Bar>,
    bars_label: String,
    tokens: String,
    cost: String,
}

/// One bar of a histogram, in the units of [`CHART`].
#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What the page's script draws.
#[derive(Debug, Serialize)]
struct Data<'a> {
    suites: Vec<&'a str>,
    samples: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    suite: usize,
    case: &'a str,
    repeat: u32,
    state: &'static str,
    vars: &'a Map<String, Value>,
    answer: Option<&'a str>,
    error: Option<String>,
    latency: Option<String>,
    replayed: bool,
    tokens: Option<String>,
    cost: Option<String>,
    attempts: u32,
    assertions: Vec<Check<'a>>,
    graders: Vec<Grader<'a>>,
}

#[derive(Debug, Serialize)]
struct Grader<'a> {
    said: String,
    prompt: &'a str,
}

#[derive(Debug, Serialize)]
struct Check<'a> {
    label: &'a str,
    passed: bool,
    weight: f64,
    reason: &'a str,
}

fn page(run: &TestRun) -> io::Result<Page> {
    let verdict = run.verdict();
    Ok(Page {
        title: format!("Prompt tests {}", summary::word(verdict)),
        verdict: summary::word(verdict),
        mark: summary::mark(verdict),
        word: headline(verdict),
        conclusion: summary::conclusion(run),
        totals: summary::totals(run),
        warnings: run.warnings.clone(),
        suites: run.suites.iter().map(row).collect(),
        footer: format!("prompt-cicd {}, {}, {}", env!("CARGO_PKG_VERSION"), run.started_at, duration::human(run.duration)),
        style: include_str!("../../../templates/report/style.css"),
        script: include_str!("../../../templates/report/script.js"),
        data: embedded(&data(run))?,
    })
}

fn headline(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Passed => "Prompt tests passed",
        TestVerdict::Failed => "Prompt tests failed",
        TestVerdict::Inconclusive => "Prompt tests inconclusive",
    }
}

/// JSON that cannot end the script element it stands in.
fn embedded(data: &Data<'_>) -> io::Result<String> {
    let json = serde_json::to_string(data)?;
    Ok(json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

fn row(suite: &SuiteRun) -> Row {
    let verdict = suite.verdict();
    let counts = suite.counts();
    let figures = Figures::of(std::slice::from_ref(suite));
    let latencies: Vec<f64> = suite.samples.iter().filter_map(Sample::answer).map(|answer| duration::millis(answer.latency)).collect();
    Row {
        verdict: summary::word(verdict),
        mark: summary::mark(verdict),
        word: summary::word(verdict),
        name: one_line(&suite.name),
        prompt: one_line(&summary::prompt(&suite.prompt)),
        file: suite.prompt.file.display().to_string(),
        model: one_line(&suite.model),
        passed: format!("{}/{}", number::size(counts.passed), number::size(counts.total)),
        pass_rate: summary::pass_rate(suite),
        p50: summary::latency(&figures, |spread| spread.p50),
        p95: summary::latency(&figures, |spread| spread.p95),
        bars_label: label(&latencies),
        bars: bars(&latencies),
        tokens: summary::tokens(figures.tokens),
        cost: figures.cost_usd.map_or_else(String::new, number::usd),
    }
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

fn label(latencies: &[f64]) -> String {
    range(latencies).map_or_else(String::new, |(low, high)| {
        format!("latency of {} from {} to {}", number::plural(latencies.len(), "answer"), number::millis(low), number::millis(high))
    })
}

/// A histogram of equal classes from the least to the greatest value; nothing for fewer than two different values.
fn bars(values: &[f64]) -> Vec<Bar> {
    let Some((low, high)) = range(values).filter(|(low, high)| high > low) else { return Vec::new() };
    let mut classes = [0_u32; BARS];
    for value in values {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ class ≤ BARS")]
        let class = ((value - low) / (high - low) * BARS as f64) as usize;
        if let Some(count) = classes.get_mut(class.min(BARS - 1)) {
            *count += 1;
        }
    }
    let most = f64::from(classes.iter().copied().max().unwrap_or(1).max(1));
    #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
    let width = CHART.0 / BARS as f64;
    let bar = |(index, count): (usize, &u32)| {
        let height = f64::from(*count) / most * CHART.1;
        #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
        let x = index as f64 * width;
        Bar { x: round(x), y: round(CHART.1 - height), width: round(width - 0.5), height: round(height) }
    };
    classes.iter().enumerate().filter(|(_, count)| **count > 0).map(bar).collect()
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn data(run: &TestRun) -> Data<'_> {
    let names: HashMap<&str, usize> = run.suites.iter().enumerate().map(|(index, suite)| (suite.name.as_str(), index)).collect();
    let samples = run.suites.iter().flat_map(|suite| {
        let index = names.get(suite.name.as_str()).copied().unwrap_or_default();
        suite.samples.iter().map(move |sample| entry(index, sample))
    });
    Data { suites: run.suites.iter().map(|suite| suite.name.as_str()).collect(), samples: samples.collect() }
}

fn entry(suite: usize, sample: &Sample) -> Entry<'_> {
    let answer = sample.answer();
    let (state, error, assertions) = match &sample.result {
        SampleResult::Judged { passed, assertions, .. } => (if *passed { "passed" } else { "failed" }, None, assertions.as_slice()),
        SampleResult::Faulted(fault) => ("error", Some(fault.message.clone()), &[][..]),
        SampleResult::NotRun(reason) => ("not-run", Some(summary::not_run_reason(reason)), &[][..]),
    };
    Entry {
        suite,
        case: &sample.case_id.0,
        repeat: sample.repeat,
        state,
        vars: &sample.vars,
        answer: answer.map(|answer| answer.text.as_str()),
        error,
        latency: answer.map(|answer| number::millis(duration::millis(answer.latency))),
        replayed: answer.is_some_and(|answer| answer.origin.is_replayed()),
        tokens: answer.map(|answer| summary::tokens(answer.usage)).filter(|tokens| !tokens.is_empty()),
        cost: sample.cost_usd().map(number::usd),
        attempts: sample.attempts,
        assertions: assertions
            .iter()
            .map(|assertion| Check {
                label: &assertion.label,
                passed: assertion.passed,
                weight: assertion.weight,
                reason: &assertion.reason,
            })
            .collect(),
        graders: sample.asked.iter().map(|call| Grader { said: summary::grader_call(call), prompt: &call.prompt }).collect(),
    }
}

#[cfg(test)]
mod tests;
