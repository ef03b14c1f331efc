//! The report as one self-contained page: no network, no font, no script but its own.

use std::io::{self, Write};

use handlebars::{Handlebars, html_escape};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{comparison, escape::one_line, figures::Figures, known, number, repeats, summary};
use crate::domain::{
    duration,
    regression::{Direction, Measured, Scale, Verdict},
    suite::run::{KeptAnswer, MOST_TEXTS, Sample, SampleResult, SuiteRun, TestRun, TestVerdict, listed},
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
    comparisons: Vec<Compared>,
    repeated: Vec<Repeated>,
    known: Vec<String>,
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

/// What repeats and asking again came to in a suite.
#[derive(Debug, Serialize)]
struct Repeated {
    name: String,
    lines: Vec<String>,
}

/// A suite against base.
#[derive(Debug, Serialize)]
struct Compared {
    class: &'static str,
    name: String,
    headline: String,
    rows: Vec<ComparedRow>,
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ComparedRow {
    class: &'static str,
    row: comparison::Row,
    /// The interval as a picture, where there is one.
    picture: Option<Interval>,
}

/// An interval around "no change", in the units of [`CHART`].
#[derive(Debug, Serialize)]
struct Interval {
    low: f64,
    width: f64,
    effect: f64,
    none: f64,
    margin: f64,
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
    suites: Vec<String>,
    /// For each suite the one that holds its base, where there is one.
    bases: Vec<Option<usize>>,
    samples: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    suite: usize,
    /// Whether it is base's: shown beside head's.
    base: bool,
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
    let (data, hidden) = data(run);
    let more = (hidden > 0).then(|| format!("{} more samples are not on this page: a JSON report has them all.", number::size(hidden)));
    Ok(Page {
        title: format!("Prompt tests {}", summary::word(verdict)),
        verdict: summary::word(verdict),
        mark: summary::mark(verdict),
        word: headline(verdict),
        conclusion: summary::conclusion(run),
        totals: summary::totals(run).into_iter().chain(more).collect(),
        warnings: run.warnings.clone(),
        suites: run.suites.iter().map(row).collect(),
        comparisons: run.suites.iter().filter_map(compared).collect(),
        repeated: run.suites.iter().filter_map(repeated).collect(),
        known: run
            .suites
            .iter()
            .flat_map(|suite| {
                known::baseline_lines(suite).into_iter().chain(known::lines(suite)).map(|line| format!("{}: {line}", one_line(&suite.name)))
            })
            .collect(),
        footer: format!("prompt-cicd {}, {}, {}", env!("CARGO_PKG_VERSION"), run.started_at, duration::human(run.duration)),
        style: include_str!("../../../templates/report/style.css"),
        script: include_str!("../../../templates/report/script.js"),
        data: embedded(&data)?,
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
    let mut json = Vec::new();
    super::json::write_harmless(data, &mut json)?;
    let json = String::from_utf8_lossy(json.trim_ascii_end());
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
        cost: summary::cost(figures.cost_usd, figures.tokens),
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

fn repeated(suite: &SuiteRun) -> Option<Repeated> {
    let lines = repeats::lines(suite, usize::MAX);
    (!lines.is_empty()).then(|| Repeated { name: one_line(&suite.name), lines })
}

fn compared(suite: &SuiteRun) -> Option<Compared> {
    let found = suite.comparison.as_ref()?;
    let class = if found.fails() {
        "failed"
    } else if found.is_open() {
        "inconclusive"
    } else if suite.base.is_none() {
        // Nothing was asked: neither good nor bad.
        "quiet"
    } else {
        "passed"
    };
    let rows = comparison::rows(found).into_iter().zip(&found.judgements).map(|(row, judgement)| ComparedRow {
        class: match judgement.verdict {
            Verdict::Regressed => "failed",
            Verdict::Inconclusive { .. } => "inconclusive",
            Verdict::NonInferior | Verdict::Improved => "passed",
        },
        row,
        picture: judgement.evidence.result.as_ref().ok().and_then(|measured| interval(measured, judgement.evidence.metric.direction)),
    });
    Some(Compared {
        class,
        name: one_line(&suite.name),
        headline: comparison::headline(suite)?,
        rows: rows.collect(),
        lines: comparison::lines(suite, usize::MAX),
    })
}

/// The interval, no change and the margin that fails on one axis; worse is to the right. `None` where an end is not finite.
fn interval(measured: &Measured, direction: Direction) -> Option<Interval> {
    let on_axis = |number: f64| match measured.scale {
        Scale::Ratio => direction.worse(number.ln()),
        Scale::Difference => direction.worse(number),
    };
    let [one, other] = measured.interval.map(on_axis);
    let (low, high, effect, margin) = (one.min(other), one.max(other), on_axis(measured.effect), measured.margin);
    let (least, most) =
        ([low, effect, 0.0, margin].into_iter().reduce(f64::min)?, [high, effect, 0.0, margin].into_iter().reduce(f64::max)?);
    let at = |number: f64| round((number - least) / (most - least) * CHART.0);
    (least.is_finite() && most.is_finite() && most > least).then(|| Interval {
        low: at(low),
        width: round(at(high) - at(low)),
        effect: at(effect),
        none: at(0.0),
        margin: at(margin),
    })
}

/// What the script draws, and how many samples it does not.
fn data(run: &TestRun) -> (Data<'_>, usize) {
    let (mut room, mut hidden) = (MOST_TEXTS, 0);
    let mut suites: Vec<String> = run.suites.iter().map(|suite| suite.name.clone()).collect();
    let mut bases = vec![None; suites.len()];
    let mut samples: Vec<Entry<'_>> = Vec::new();
    for (index, suite) in run.suites.iter().enumerate() {
        let (listed, others) = listed(&suite.samples, &mut room);
        samples.extend(listed.into_iter().map(|sample| entry(index, false, sample)));
        hidden += others.total;
    }
    for (suite, place) in run.suites.iter().zip(0..) {
        let Some(base) = &suite.base else { continue };
        let index = suites.len();
        if let Some(of) = bases.get_mut(place) {
            *of = Some(index);
        }
        suites.push(format!("{} on base", suite.name));
        let (listed, others) = listed(&base.samples, &mut room);
        samples.extend(listed.into_iter().map(|sample| entry(index, true, sample)));
        hidden += others.total;
    }
    bases.resize(suites.len(), None);
    (Data { suites, bases, samples }, hidden)
}

fn entry(suite: usize, base: bool, sample: &Sample) -> Entry<'_> {
    let answer = sample.answer();
    let (state, error, assertions) = match &sample.result {
        SampleResult::Judged { passed, assertions, .. } => (if *passed { "passed" } else { "failed" }, None, &**assertions),
        SampleResult::Faulted(fault) => ("error", Some(fault.message.clone()), &[][..]),
        SampleResult::NotRun(reason) => ("not-run", Some(summary::not_run_reason(reason)), &[][..]),
    };
    Entry {
        suite,
        base,
        case: &sample.case_id.0,
        repeat: sample.repeat,
        state,
        vars: &sample.vars,
        answer: answer.map(KeptAnswer::text),
        error,
        latency: answer.map(|answer| number::millis(duration::millis(answer.latency))),
        replayed: answer.is_some_and(|answer| answer.origin.is_replayed()),
        tokens: answer.map(|answer| summary::tokens(answer.usage)).filter(|tokens| !tokens.is_empty()),
        cost: answer.and_then(|answer| sample.cost_usd().map(|usd| summary::cost(Some(usd), answer.usage))),
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
