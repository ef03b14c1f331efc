//! `prompt-cicd monitor`: one pass over the metrics of production.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;

use super::{Failure, Finished, Outcome, Services, baseline, history, inside::Inside, read_config};
use crate::{
    config::{self, Config},
    domain::{
        annotation::{Annotation, Level},
        benchmark::runs,
        diagnostic::{Diagnostic, Place},
        digest,
        metric_source::{MetricSourceSettings, Query, QueryValues, Reading},
        monitor::{
            Answer, Earlier, Health, MetricResult, MetricSettings, MonitorRun, Observed, Open, Recorded, Settings, Unanswered, judge,
        },
    },
    ports::{
        code_host::{Action, CodeHost, CodeHostError, Issue, Marker, Patience, Written},
        metric_source::{MetricError, MetricErrorKind, MetricSource},
    },
    report::{
        Style,
        escape::one_line,
        monitor::{Format, issue, render},
    },
};

/// How long one issue may take, with retries and rate limits.
const ISSUE_TIME: Duration = Duration::from_mins(1);
/// Values of the time that a bound must be exceeded for.
const HELD_VALUES: u32 = 10;

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct MonitorRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only these metrics; empty: all.
    pub metrics: Vec<String>,
    /// What `{{prompt}}` is.
    pub prompt: Option<String>,
    /// What `{{environment}}` is.
    pub environment: Option<String>,
    /// What `{{version}}` is.
    pub version: Option<String>,
    /// Whether issues are kept.
    pub issues: bool,
    /// What standard output gets.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Looks once. A source that does not answer makes its metrics inconclusive; the others are still judged.
///
/// # Errors
/// A configuration that is wrong, a metric that is not there, nothing to look at, a source that cannot be opened.
pub async fn monitor(services: &Services, request: &MonitorRequest) -> Result<Finished, Failure> {
    let (path, text) = read_config(services, request.config.clone())?;
    let (mut config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let settings = selected(config.monitor.clone(), request)?;
    named(&settings, request)?;
    let inside = Inside::of(services, path.parent().unwrap_or(Path::new("")), config.run.files_outside);
    let asked = |source: &MetricSourceSettings| settings.metrics.iter().any(|metric| metric.source == source.name);
    inside.sources(services, &path, &mut config.metric_sources, asked)?;
    let run = look(services, &config, &settings, request).await?;
    let outcome = Outcome::Monitored {
        bad: run.health().is_bad(),
        undecided: run.is_open(Open::Undecided),
        unanswered: run.is_open(Open::NoAnswer),
        refused: run.is_open(Open::Refused),
    };
    let mut stdout = Vec::new();
    render(request.format, &run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let mut notes = super::lines(&warnings);
    notes.extend(publish(services, &run, &outcome, &path.display().to_string()));
    notes.extend(super::notify::monitored(services, request.config.clone(), &config.notifications, &run).await);
    if request.issues {
        notes.extend(issues(services, &run).await);
    }
    Ok(Finished { outcome, stdout, notes })
}

/// Asks the sources about every metric of `settings`, and judges what they say; nobody is told.
///
/// # Errors
/// A source that cannot be opened.
pub(super) async fn look(
    services: &Services,
    config: &Config,
    settings: &Settings,
    request: &MonitorRequest,
) -> Result<MonitorRun, Failure> {
    let (mut sources, mut errors) = (Vec::new(), Vec::new());
    for source in config.metric_sources.iter().filter(|source| settings.metrics.iter().any(|metric| metric.source == source.name)) {
        match services.metric_sources.open(source) {
            Ok(source) => sources.push(source),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(Failure::Connection(errors));
    }
    let at = services.clock.now();
    let now = at.parse::<jiff::Timestamp>().map_err(|error| Failure::Internal(error.into()))?;
    let pass = Pass { services, config, settings, request, sources: &sources, now_ms: now.as_millisecond() };
    let observed = join_all(settings.metrics.iter().map(|metric| pass.observe(metric))).await;
    Ok(MonitorRun {
        prompt: request.prompt.clone(),
        environment: request.environment.clone(),
        version: request.version.clone(),
        at,
        metrics: judge(settings, &config.regression.rules, &observed),
        rollback_after: settings.rollback_after,
    })
}

fn selected(settings: Settings, request: &MonitorRequest) -> Result<Settings, Failure> {
    let known: Vec<&str> = settings.metrics.iter().map(|metric| metric.name.as_str()).collect();
    if known.is_empty() {
        return Err(Failure::NothingToDo("the configuration has no `monitor.metrics`: describe one with its source and query".to_owned()));
    }
    if let Some(unknown) = request.metrics.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::NothingToDo(format!("`monitor` has no metric `{unknown}`; it has {}", known.join(", "))));
    }
    let wanted = |metric: &MetricSettings| request.metrics.is_empty() || request.metrics.contains(&metric.name);
    let metrics = settings.metrics.into_iter().filter(wanted).collect();
    Ok(Settings { metrics, ..settings })
}

/// A query that speaks of something without a name would ask for nothing.
pub(super) fn named(settings: &Settings, request: &MonitorRequest) -> Result<(), Failure> {
    let places = [
        ("{{prompt}}", "--prompt", &request.prompt),
        ("{{environment}}", "--environment", &request.environment),
        ("{{version}}", "--prompt-version", &request.version),
    ];
    let mut problems = Vec::new();
    for (place, flag, _) in places.iter().filter(|(_, _, value)| value.is_none()) {
        let spoken = |metric: &&MetricSettings| metric.query.split_whitespace().collect::<String>().contains(place);
        if let Some(metric) = settings.metrics.iter().find(spoken) {
            let message = format!("the query of `{}` has {place}: say what it is with {flag}", metric.name);
            problems.push(Diagnostic::error(Place::file(*flag), "monitor.metrics".to_owned(), message));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Configuration(problems)) }
}

struct Pass<'p> {
    services: &'p Services,
    config: &'p Config,
    settings: &'p Settings,
    request: &'p MonitorRequest,
    sources: &'p [Arc<dyn MetricSource>],
    now_ms: i64,
}

impl Pass<'_> {
    /// Asks everything about one metric at once.
    async fn observe(&self, metric: &MetricSettings) -> Observed {
        let Some(source) = self.sources.iter().find(|source| source.name() == metric.source) else {
            let message = format!("there is no metric source `{}`", metric.source);
            return Observed {
                at_ms: self.now_ms,
                now: Err(Unanswered { refused: false, message }),
                held: None,
                history: None,
                baseline: None,
                runs: None,
            };
        };
        let value = |name: &Option<String>| name.clone().unwrap_or_default();
        let values = QueryValues {
            prompt: value(&self.request.prompt),
            environment: value(&self.request.environment),
            version: value(&self.request.version),
        };
        let query = Query { text: metric.query.clone(), values };
        let limit = self.settings.timeout;
        let (window, step) = (self.settings.window, self.settings.step);
        let now = async { answer(source.instant(&query, None, limit).await) };
        let range = |end_ms: i64, window: Duration, step: Duration| {
            let query = &query;
            async move { answer(source.range(query, end_ms.saturating_sub(millis(window)), end_ms, step, limit).await) }
        };
        let held = async {
            // One step more than is needed: ranges begin at whole steps.
            let hold = metric.hold?;
            let step = (hold / HELD_VALUES).max(Duration::from_secs(1));
            Some(range(self.now_ms, hold + 2 * step, step).await)
        };
        let history = async { if metric.looks_back() { Some(range(self.now_ms, window, step).await) } else { None } };
        let baseline = async {
            let Some(Earlier::Ago(ago)) = metric.baseline.as_ref().map(|baseline| &baseline.of) else { return None };
            // The end of an earlier window is old by itself; only its numbers count.
            Some(range(self.now_ms.saturating_sub(millis(*ago)), window, step).await)
        };
        let (now, held, history, baseline) = futures::join!(now, held, history, baseline);
        let runs = match metric.baseline.as_ref().map(|baseline| &baseline.of) {
            Some(Earlier::Stored(name)) => Some(self.recorded(metric, name).await),
            Some(Earlier::Ago(_)) | None => None,
        };
        Observed { at_ms: self.now_ms, now, held, history, baseline, runs }
    }

    /// The recorded runs of a benchmark: the last ones, and those that are pinned.
    async fn recorded(&self, metric: &MetricSettings, name: &str) -> Result<Vec<Recorded>, Unanswered> {
        let opened = history::Opened::of(self.services, &self.config.store, &self.config.history).map_err(Failure::Store);
        let found = async { baseline::recorded_of(self.services, &opened?, name).await }.await;
        let unanswered = |message: String| Unanswered { refused: false, message: format!("recorded runs: {message}") };
        let (recorded, name) = found.map_err(|why| unanswered(why.to_string()))?;
        let mut all = Vec::new();
        for past in recorded.pasts() {
            let benchmarks = runs::base(&past.runs.iter().collect::<Vec<_>>());
            let Some(benchmark) = benchmarks.into_iter().find(|benchmark| benchmark.name == name) else { continue };
            if benchmark.direction != metric.direction {
                return Err(unanswered(format!("`{name}` has the other direction: which is meant?")));
            }
            all.push(Recorded { pinned: past.pinned, numbers: benchmark.samples.values().to_vec() });
        }
        if all.is_empty() {
            return Err(unanswered(recorded.note.clone().unwrap_or_else(|| format!("no run of `{name}` counts here"))));
        }
        Ok(all)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn answer(asked: Result<Reading, MetricError>) -> Answer {
    asked.map_err(|error| Unanswered { refused: error.kind == MetricErrorKind::Refused, message: error.message })
}

fn publish(services: &Services, run: &MonitorRun, outcome: &Outcome, config: &str) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotation = |metric: &MetricResult| {
        let level = match metric.health() {
            Health::Healthy => return None,
            Health::Inconclusive | Health::Degraded => Level::Warning,
            Health::Critical => Level::Error,
        };
        let title = format!("{} is {}", metric.settings.name, metric.health().word());
        let message = metric.reasons().collect::<Vec<_>>().join("; ");
        Some(Annotation { level, place: Place::file(config), title, message })
    };
    let annotations: Vec<Annotation> = run.metrics.iter().filter_map(annotation).collect();
    ci.annotate(&annotations);
    let style = Style { color: false, width: 120, verbose: false };
    let mut summary = Vec::new();
    let written = render(Format::Markdown, run, &style, &mut summary).map_err(|error| error.to_string());
    let text = String::from_utf8_lossy(&summary);
    let mut untold = Vec::new();
    if let Err(error) = written.and_then(|()| ci.append_summary(&text).map_err(|error| error.to_string())) {
        untold.push(format!("warning: {error}"));
    }
    let outputs = [
        ("verdict", run.health().word().to_owned()),
        ("exit-code", outcome.exit_code().to_string()),
        ("rollback-requested", run.rollback_requested().to_string()),
    ];
    untold.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    untold
}

/// One open issue for each metric that is bad, none for those that are healthy; what cannot be told is left as it is.
async fn issues(services: &Services, run: &MonitorRun) -> Vec<String> {
    let host = match services.code_hosts.open() {
        Ok(host) => host,
        Err(why) => return vec![format!("warning: issues are not kept: {why}")],
    };
    let link = services.ci.run().and_then(|run| run.url);
    let mut notes = Vec::new();
    for metric in &run.metrics {
        let Some(marker) = marker(run, metric) else { continue };
        let patience = Patience::of(services.clock.as_ref(), ISSUE_TIME);
        let name = one_line(&metric.settings.name);
        match keep(host.as_ref(), run, metric, &marker, link.as_deref(), patience).await {
            Ok(Some(written)) => notes.extend(said(&name, &written)),
            Ok(None) => {}
            Err(error) => notes.push(format!("warning: the issue about {name}: {}", one_line(&error.to_string()))),
        }
    }
    notes
}

async fn keep(
    host: &dyn CodeHost,
    run: &MonitorRun,
    metric: &MetricResult,
    marker: &Marker,
    link: Option<&str>,
    patience: Patience,
) -> Result<Option<Written>, CodeHostError> {
    match metric.health() {
        Health::Healthy => host.close_issue(marker, patience).await,
        Health::Inconclusive => Ok(None),
        Health::Degraded | Health::Critical => {
            let (title, body) = issue(run, metric, link);
            host.put_issue(&Issue { marker, title: &title, body: &body, labels: &["monitoring"] }, patience).await.map(Some)
        }
    }
}

/// What became of an issue, in words; nothing where it stays as it was.
pub(in crate::app) fn said(name: &str, written: &Written) -> Option<String> {
    let what = match written.action {
        Action::Created | Action::Recreated => "opened",
        Action::Updated => "updated",
        Action::Closed => "closed",
        Action::Unchanged => return None,
    };
    Some(format!("the issue about {name} was {what}: {}", written.url))
}

/// The cause: this metric of this prompt in this environment. Names may be anything, a marker may not.
fn marker(run: &MonitorRun, metric: &MetricResult) -> Option<Marker> {
    let part = |name: Option<&str>| name.unwrap_or_default().to_owned();
    let cause = serde_json::json!([part(run.prompt.as_deref()), part(run.environment.as_deref()), metric.settings.name]);
    Marker::new(&format!("monitor:{}", digest::of_json(&cause).chars().take(32).collect::<String>()))
}
