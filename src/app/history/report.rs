//! `prompt-cicd history report`: the last days of a prompt in production, for people.

use std::{path::PathBuf, time::Duration};

use super::{all, kpi::measured};
use crate::{
    app::{
        Failure, Finished, Outcome, Services,
        monitor::{self, MonitorRequest, said},
        rollout::world::Base,
    },
    domain::{
        digest,
        kpi::Scope,
        monitor::{MonitorRun, Open, Settings},
        rollout::Moment,
    },
    ports::code_host::{Issue, Marker, Patience},
    report::{
        Style,
        escape::one_line,
        history::period::{Period, render, title},
        monitor::Format,
        rollout::Shape,
    },
};

/// How long the issue may take, with retries and rate limits.
const ISSUE_TIME: Duration = Duration::from_mins(1);
/// Values of each metric over the whole time.
const VALUES: u32 = 168;
/// The share of worsening over the whole time that a metric without a bound of its own for it is called degraded from.
const TREND: f64 = 0.1;
const DAY: Duration = Duration::from_hours(24);

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Which prompt, where; also what `{{prompt}}` and `{{environment}}` are in queries.
    pub scope: Scope,
    /// What `{{version}}` is in queries.
    pub version: Option<String>,
    /// How many days are looked back.
    pub days: u32,
    /// Whether one issue is kept that holds the newest report.
    pub issue: bool,
    /// What standard output gets.
    pub shape: Shape,
    /// How text looks.
    pub style: Style,
}

/// Puts together how delivery went beside the time before, where metrics went, and which cases are unsettled. It judges nothing: bad news
/// is what it is for. What could not be asked is said in it, and is an outcome of its own.
///
/// # Errors
/// A configuration that is wrong; whatever keeps the store from answering.
pub async fn report(services: &Services, request: &ReportRequest) -> Result<Finished, Failure> {
    let base = Base::open(services, request.config.clone())?;
    let mut notes = super::super::lines(&base.warnings);
    let (now, span) = (base.moment(), DAY * request.days);
    let ago = |times: u64| Moment(now.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX).saturating_mul(times)));
    let (kpis, broken) = measured(&base, &request.scope, &[(Some(ago(1)), now), (Some(ago(2)), ago(1))], &mut notes).await?;
    let mut cases = all(base.store.as_ref(), base.patience()).await.map_err(Failure::Store)?;
    if let Some(prompt) = &request.scope.prompt {
        cases.retain(|history| history.prompt == *prompt || history.suite == *prompt);
    }
    let metrics = if base.config.monitor.metrics.is_empty() { None } else { Some(metrics(services, &base, request, span).await?) };
    let period = Period { scope: &request.scope, days: request.days, until: now, kpis: &kpis, metrics: metrics.as_ref(), cases: &cases };
    let least = base.config.history.min_samples;
    let mut stdout = Vec::new();
    render(request.shape, &period, least, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let mut markdown = Vec::new();
    render(Shape::Markdown, &period, least, &request.style, &mut markdown).map_err(|error| Failure::Internal(error.into()))?;
    let markdown = String::from_utf8_lossy(&markdown);
    if services.ci.is_present() {
        notes.extend(services.ci.append_summary(&markdown).err().map(|error| format!("warning: {error}")));
    }
    if request.issue {
        notes.extend(keep(services, request, &markdown).await);
    }
    let open = |open: Open| metrics.as_ref().is_some_and(|run| run.is_open(open));
    let outcome = match (broken, open(Open::NoAnswer), open(Open::Refused)) {
        (true, _, _) => Outcome::Audited { broken },
        (false, false, false) => Outcome::Done,
        (false, unanswered, refused) => Outcome::Monitored { bad: false, undecided: false, unanswered, refused },
    };
    Ok(Finished { outcome, stdout, notes })
}

/// Where every metric went in this time.
async fn metrics(services: &Services, base: &Base, request: &ReportRequest, span: Duration) -> Result<MonitorRun, Failure> {
    let mut settings = Settings { window: span, step: span / VALUES, ..base.config.monitor.clone() };
    for metric in &mut settings.metrics {
        metric.trend = metric.trend.or(Some(TREND));
    }
    let asked = MonitorRequest {
        config: None,
        metrics: Vec::new(),
        prompt: request.scope.prompt.clone(),
        environment: request.scope.environment.clone(),
        version: request.version.clone(),
        issues: false,
        format: Format::Markdown,
        style: request.style,
    };
    monitor::named(&settings, &asked)?;
    monitor::look(services, &base.config, &settings, &asked).await
}

/// The one open issue that holds the newest report. A host that refuses makes no report worse: it is in the job summary too.
async fn keep(services: &Services, request: &ReportRequest, markdown: &str) -> Vec<String> {
    let host = match services.code_hosts.open() {
        Ok(host) => host,
        Err(why) => return vec![format!("warning: the issue is not kept: {why}")],
    };
    let cause = serde_json::json!([request.scope.prompt, request.scope.environment]);
    let Some(marker) = Marker::new(&format!("report:{}", digest::of_json(&cause).chars().take(32).collect::<String>())) else {
        return Vec::new();
    };
    let title = title(&request.scope);
    let issue = Issue { marker: &marker, title: &title, body: markdown, labels: &["report"] };
    match host.put_issue(&issue, Patience::of(services.clock.as_ref(), ISSUE_TIME)).await {
        Ok(written) => Vec::from_iter(said("the last days", &written)),
        Err(error) => vec![format!("warning: the issue with the report: {}", one_line(&error.to_string()))],
    }
}
