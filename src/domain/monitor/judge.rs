//! From what was seen to verdicts.

use std::time::Duration;

use super::{
    Answer, BaselineSettings, Earlier, Finding, Health, MetricResult, MetricSettings, Observed, Open, Recorded, Settings, Severity,
    Unanswered,
    anomaly::{anomaly, until},
};
use crate::domain::{
    duration,
    metric_source::{Found, Point},
    regression::{
        Decides, Evidence, Judgement, Margin, Metric, Rules, Unit, Verdict, decide, independent, one_run,
        trend::{Course, Trend, trend},
    },
    stats::{describe::Moments, quantile::quantile, sample::Sample},
};

/// Fewer values than this show no trend.
const TREND_MIN: usize = 12;
/// Fewer values than this show no change point.
const CHANGE_MIN: usize = 10;
/// The confidence of trends.
const LEVEL: f64 = 0.95;

impl Finding {
    pub(super) fn healthy(reason: impl Into<String>) -> Self {
        Self { health: Health::Healthy, open: None, reason: reason.into() }
    }

    pub(super) fn open(open: Open, reason: impl Into<String>) -> Self {
        Self { health: Health::Inconclusive, open: Some(open), reason: reason.into() }
    }

    pub(super) fn bad(severity: Severity, reason: impl Into<String>) -> Self {
        let health = match severity {
            Severity::Warning => Health::Degraded,
            Severity::Critical => Health::Critical,
        };
        Self { health, open: None, reason: reason.into() }
    }
}

/// Judges every metric. Comparisons with baselines are decided together, so that the chance of any false regression
/// among them stays at `rules.alpha` (see [`decide`]). The same numbers give the same verdict.
pub fn judge(settings: &Settings, rules: &Rules, observed: &[Observed]) -> Vec<MetricResult> {
    let mut results: Vec<MetricResult> =
        settings.metrics.iter().zip(observed).map(|(metric, observed)| alone(settings, metric, observed, rules.seed)).collect();
    let mut evidence = Vec::new();
    let mut compared = Vec::new();
    for (index, (result, observed)) in results.iter_mut().zip(observed).enumerate() {
        let Some(baseline) = result.settings.baseline.clone() else { continue };
        match evidence_of(&baseline, result, observed, rules) {
            Ok(found) => {
                for (found, against) in found {
                    evidence.push(found);
                    compared.push((index, baseline.clone(), against));
                }
            }
            Err(finding) => result.findings.push(Finding { reason: format!("baseline: {}", finding.reason), ..finding }),
        }
    }
    for ((index, baseline, against), judgement) in compared.into_iter().zip(decide(evidence, rules)) {
        if let Some(result) = results.get_mut(index) {
            result.findings.push(against_baseline(&judgement, &baseline, against));
            // The last runs come first, and are what is shown.
            result.baseline.get_or_insert(judgement);
        }
    }
    results
}

/// What a window is held against, beside the settings.
#[derive(Default)]
struct Against {
    /// The name that recorded runs are pinned under.
    pinned: Option<String>,
    /// Why the comparison could clear nothing.
    constant: Option<String>,
}

/// The window against what was before: once for each past.
fn evidence_of(
    baseline: &BaselineSettings,
    result: &MetricResult,
    observed: &Observed,
    rules: &Rules,
) -> Result<Vec<(Evidence, Against)>, Finding> {
    let metric = Metric {
        name: result.settings.name.clone(),
        direction: result.settings.direction,
        margin: Margin::Relative { warn: baseline.margin, fail: baseline.margin },
        unit: Unit::Number,
        decides: Decides::Fail,
    };
    let not_asked = || Finding::open(Open::NoAnswer, "it was not asked for");
    if let Earlier::Ago(_) = baseline.of {
        let before = numbers(observed.baseline.as_ref().ok_or_else(not_asked)?)?;
        let evidence = independent::amounts(&metric, &before, &result.history, rules);
        let constant = without_spread(&before, &result.history);
        return Ok(vec![(evidence, Against { pinned: None, constant })]);
    }
    let refused = |unanswered: &Unanswered| {
        Finding::open(if unanswered.refused { Open::Refused } else { Open::NoAnswer }, unanswered.message.clone())
    };
    let runs = observed.runs.as_ref().ok_or_else(not_asked)?.as_ref().map_err(refused)?;
    if result.history.len() < rules.min_samples {
        let few = format!("the window has {} of at least {} values", result.history.len(), rules.min_samples);
        return Err(Finding::open(Open::NoAnswer, few));
    }
    let middle = quantile(&result.history, 0.5).ok_or_else(|| Finding::open(Open::NoAnswer, "the window has no median"))?;
    let against = |past: &Recorded| {
        let evidence = one_run::evidence(&metric, &past.numbers, middle, rules);
        (evidence, Against { pinned: past.pinned.clone(), constant: None })
    };
    Ok(runs.iter().map(against).collect())
}

/// Why windows clear nothing: a number that never varies is most often a meter that stands still. One that is worse by more than the
/// margin is worse all the same.
fn without_spread(before: &[f64], now: &[f64]) -> Option<String> {
    let constant = |values: &[f64]| Sample::new(values).is_ok_and(|sample| Moments::of(sample).is_constant());
    let side = match (constant(before), constant(now)) {
        (true, true) => "of both windows",
        (true, false) => "of the earlier window",
        (false, true) => "of the window",
        (false, false) => return None,
    };
    Some(format!("every value {side} is the same: there is no spread to judge chance by"))
}

/// A metric without its comparison.
fn alone(all: &Settings, settings: &MetricSettings, observed: &Observed, seed: u64) -> MetricResult {
    let mut findings = Vec::new();
    let mut warnings = Vec::new();
    let answers = [Some(&observed.now), observed.held.as_ref(), observed.history.as_ref(), observed.baseline.as_ref()];
    for warning in answers.into_iter().flatten().flatten().flat_map(|reading| &reading.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    let value = match single(&observed.now) {
        Ok(value) => {
            findings.extend(threshold(settings, value, observed));
            Some(value)
        }
        Err(finding) => {
            findings.push(finding);
            None
        }
    };
    let history = match observed.history.as_ref().map(numbers) {
        Some(Ok(history)) => history,
        Some(Err(finding)) => {
            findings.push(Finding { reason: format!("history: {}", finding.reason), ..finding });
            Vec::new()
        }
        None => Vec::new(),
    };
    let course = trend(&settings.name, &history, &[], LEVEL, seed).ok();
    if !history.is_empty() {
        findings.extend(settings.trend.map(|share| drift(settings, &history, course.as_ref(), share)));
        findings.extend(settings.change_point.map(|share| change(settings, &history, course.as_ref(), share)));
        // Numbers of less than a step ago may be of the same requests as the number now.
        let until_ms = observed.at_ms.saturating_sub(i64::try_from(all.step.as_millis()).unwrap_or(i64::MAX));
        let before =
            || observed.history.as_ref().and_then(|answer| found(answer).ok()).map_or_else(Vec::new, |found| until(found, until_ms));
        findings.extend(settings.anomaly.zip(value).map(|(limit, value)| anomaly(settings.direction, value, &before(), limit)));
    }
    let query = observed.now.as_ref().ok().map(|reading| reading.query.clone());
    MetricResult { settings: settings.clone(), query, value, history, trend: course, baseline: None, findings, warnings }
}

/// The one number of an answer.
fn single(answer: &Answer) -> Result<f64, Finding> {
    let found = found(answer)?;
    match found.single() {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(Finding::open(Open::NoAnswer, "the number is not finite")),
        None => {
            let many = found.numbers().len();
            Err(Finding::open(Open::NoAnswer, format!("the query gives {many} numbers: make it one, with avg(…) or max(…)")))
        }
    }
}

/// The numbers of one series.
fn numbers(answer: &Answer) -> Result<Vec<f64>, Finding> {
    let found = found(answer)?;
    if let Found::Series(series) = found
        && series.len() > 1
    {
        return Err(Finding::open(Open::NoAnswer, format!("the query gives {} series: make it one, with avg(…) or max(…)", series.len())));
    }
    let numbers = found.numbers();
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(Finding::open(Open::NoAnswer, "a number is not finite"));
    }
    if numbers.is_empty() { Err(Finding::open(Open::NoAnswer, "there are no numbers")) } else { Ok(numbers) }
}

fn found(answer: &Answer) -> Result<&Found, Finding> {
    let reading = answer
        .as_ref()
        .map_err(|unanswered| Finding::open(if unanswered.refused { Open::Refused } else { Open::NoAnswer }, unanswered.message.clone()))?;
    match reading.found.why_not() {
        Some(why) => Err(Finding::open(Open::NoAnswer, why)),
        None => Ok(&reading.found),
    }
}

/// The number against its bounds, and how long it has been beyond them.
fn threshold(settings: &MetricSettings, value: f64, observed: &Observed) -> Vec<Finding> {
    let mut waiting = Vec::new();
    for (severity, bound) in settings.bounds().filter(|(_, bound)| settings.is_beyond(value, *bound)) {
        let word = match severity {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let beyond = format!("{value} is {} the {word} bound {bound}", side(settings, "above", "below"));
        let Some(hold) = settings.hold else { return vec![Finding::bad(severity, beyond)] };
        match held(settings, bound, observed) {
            Ok((time, _)) if time >= hold => {
                return vec![Finding::bad(severity, format!("{beyond}, for {} of {}", duration::human(time), duration::human(hold)))];
            }
            // Every number there is lies beyond: nobody knows what was before.
            Ok((time, false)) => waiting.push(Finding::open(
                Open::NoAnswer,
                format!("{beyond}, and data reaches back {} of {}", duration::human(time), duration::human(hold)),
            )),
            Ok((time, true)) => {
                waiting.push(Finding::healthy(format!("{beyond}, so far for {} of {}", duration::human(time), duration::human(hold))));
            }
            Err(finding) => waiting.push(finding),
        }
    }
    if waiting.is_empty() && (settings.warning.is_some() || settings.critical.is_some()) {
        let bounds: Vec<String> = settings
            .bounds()
            .map(|(severity, bound)| format!("{} {bound}", if severity == Severity::Critical { "critical" } else { "warning" }))
            .collect();
        waiting.push(Finding::healthy(format!("{value} is within {}", bounds.join(", "))));
    }
    waiting
}

fn side<'w>(settings: &MetricSettings, above: &'w str, below: &'w str) -> &'w str {
    if settings.direction.worse(1.0) > 0.0 { above } else { below }
}

/// How long the numbers have been beyond a bound until now, and whether a number before that was not.
fn held(settings: &MetricSettings, bound: f64, observed: &Observed) -> Result<(Duration, bool), Finding> {
    let missing = || Finding::open(Open::NoAnswer, "how long: it was not asked for");
    let answer = observed.held.as_ref().ok_or_else(missing)?;
    let of_time = |finding: Finding| Finding { reason: format!("how long: {}", finding.reason), ..finding };
    numbers(answer).map_err(of_time)?;
    let points: Vec<Point> = match found(answer).map_err(of_time)? {
        Found::Series(series) => series.iter().flat_map(|series| series.points.iter().copied()).collect(),
        Found::Value { point, .. } => vec![*point],
        Found::Samples(_)
        | Found::Empty
        | Found::NotANumber
        | Found::Infinite
        | Found::Stale { .. }
        | Found::Partial { .. }
        | Found::TooMany { .. } => Vec::new(),
    };
    if points.is_empty() {
        return Err(Finding::open(Open::NoAnswer, "how long: the numbers have no times"));
    }
    let before_now = points.iter().rev().filter(|point| point.at_ms <= observed.at_ms);
    let run: Vec<&Point> = before_now.clone().take_while(|point| settings.is_beyond(point.value, bound)).collect();
    let time = run.last().map_or(0, |first| observed.at_ms.saturating_sub(first.at_ms));
    let ended = run.len() < before_now.count();
    Ok((Duration::from_millis(u64::try_from(time).unwrap_or(0)), ended))
}

/// A drift over the window: Mann-Kendall says whether, Theil-Sen how much.
fn drift(settings: &MetricSettings, history: &[f64], seen: Option<&Trend>, share: f64) -> Finding {
    let n = history.len();
    if n < TREND_MIN {
        return Finding::open(Open::NoAnswer, format!("trend: {n} values of history; it takes at least {TREND_MIN}"));
    }
    let Some((seen, line)) = seen.and_then(|seen| Some((seen, seen.theil_sen?))) else {
        return Finding::open(Open::Undecided, format!("trend: it cannot be told from {n} values; take a longer `monitor.step`"));
    };
    let course = match seen.course() {
        Course::NotFound => return Finding::healthy("trend: none found"),
        Course::Still => return Finding::open(Open::Undecided, format!("trend: {}", still(history))),
        Course::Rising => 1.0,
        Course::Falling => -1.0,
    };
    let span = line.slope * (seen.positions.last().copied().unwrap_or(0.0) - seen.positions.first().copied().unwrap_or(0.0));
    if line.intercept.abs() < f64::MIN_POSITIVE {
        return Finding::open(Open::Undecided, "trend: there is no share of 0; the window begins there");
    }
    let moved = span.abs() / line.intercept.abs();
    let said = format!("trend: {} by {} within the window", seen.course().word(), percent(moved));
    if settings.direction.worse(course) > 0.0 && moved >= share {
        Finding::bad(Severity::Warning, format!("{said}; {} is allowed", percent(share)))
    } else {
        Finding::healthy(said)
    }
}

/// Why a window shows no course: a meter that stands still looks like one of a service at rest.
fn still(history: &[f64]) -> String {
    let (n, value) = (history.len(), short(history.first().copied().unwrap_or_default()));
    format!("all {n} values are {value}: a number that never varies is most often one that nobody measures")
}

/// The last change point of the window, by E-divisive.
fn change(settings: &MetricSettings, history: &[f64], seen: Option<&Trend>, share: f64) -> Finding {
    let n = history.len();
    if n < CHANGE_MIN {
        return Finding::open(Open::NoAnswer, format!("change point: {n} values of history; it takes at least {CHANGE_MIN}"));
    }
    if seen.is_some_and(|seen| seen.course() == Course::Still) {
        return Finding::open(Open::Undecided, format!("change point: {}", still(history)));
    }
    let Some(changes) = seen.and_then(|seen| seen.changes.as_ref()) else {
        return Finding::open(Open::Undecided, format!("change point: it cannot be told from {n} values; take a longer `monitor.step`"));
    };
    let Some(last) = changes.last() else { return Finding::healthy("change point: none found") };
    if last.mean_before.abs() < f64::MIN_POSITIVE {
        return Finding::open(Open::Undecided, "change point: there is no share of 0, the mean before");
    }
    let moved = (last.mean_after - last.mean_before).abs() / last.mean_before.abs();
    let said = format!(
        "change point: from about {} to {} since value {} of {n} (p = {})",
        short(last.mean_before),
        short(last.mean_after),
        last.index + 1,
        short(last.p_value)
    );
    if settings.direction.worse(last.mean_after - last.mean_before) > 0.0 && moved >= share {
        Finding::bad(Severity::Warning, format!("{said}: {} worse, {} is allowed", percent(moved), percent(share)))
    } else {
        Finding::healthy(said)
    }
}

fn against_baseline(judgement: &Judgement, baseline: &BaselineSettings, against: Against) -> Finding {
    let severity = baseline.severity;
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let (head, base) = (number(judgement.evidence.head), number(judgement.evidence.base));
    let (means, values) = match &baseline.of {
        Earlier::Ago(ago) => (format!("mean {head} against {base} {} before", duration::human(*ago)), "values of each window"),
        Earlier::Stored(name) => {
            let runs = judgement.evidence.base_n;
            let pinned = against.pinned.map_or_else(String::new, |pin| format!(", pinned as {pin}"));
            (format!("median {head} against {base}, the mean of {runs} recorded runs of `{name}`{pinned}"), "recorded runs")
        }
    };
    let regressed = judgement.verdict == Verdict::Regressed;
    if let Some(why) = against.constant.filter(|_| !regressed) {
        return Finding::open(Open::Undecided, format!("baseline: inconclusive: {why}; {means}"));
    }
    match &judgement.verdict {
        Verdict::Regressed => Finding::bad(severity, format!("baseline: regressed; {means}")),
        Verdict::NonInferior => Finding::healthy(format!("baseline: non-inferior; {means}")),
        Verdict::Improved => Finding::healthy(format!("baseline: improved; {means}")),
        Verdict::Inconclusive { why, needed } => {
            let more = needed.map(|needed| format!("; about {needed} {values} would decide")).unwrap_or_default();
            Finding::open(Open::Undecided, format!("baseline: inconclusive: {why}; {means}{more}"))
        }
    }
}

/// A number with four telling digits at the most.
pub(super) fn short(value: f64) -> String {
    if value.abs() < 1e-300 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0);
    let scale = 10.0_f64.powf(digits);
    let rounded = (value * scale).round() / scale;
    format!("{rounded}")
}

fn percent(share: f64) -> String {
    format!("{} %", short((share * 1000.0).round() / 10.0))
}
