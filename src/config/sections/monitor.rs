//! `monitor:`

use std::collections::HashSet;

use super::{duration_at, metric_sources::check_query};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::monitor::{Monitor, MonitorBaseline, MonitorMetric},
        suggest,
    },
    domain::{
        metric_source::Escape,
        monitor::{BaselineSettings, Earlier, MetricSettings, Settings, Severity},
        regression::Direction,
    },
};

/// The most values of one window.
const MOST_VALUES: u128 = 2_000;

/// The names under `metric-sources`, and how the queries of each are filled in.
type Sources<'s> = (&'s [String], &'s [(String, Escape)]);

/// Reads the section.
pub(in crate::config) fn read(monitor: Monitor, sources: Sources<'_>, problems: &mut Problems<'_>) -> Option<Settings> {
    let path = Path::root().key("monitor");
    let timeout = duration_at(monitor.timeout.as_ref(), &path.key("timeout"), problems);
    let window = duration_at(monitor.window.as_ref(), &path.key("window"), problems);
    let step = duration_at(monitor.step.as_ref(), &path.key("step"), problems);
    let written = monitor.metrics.unwrap_or_default();
    let wanted = written.len();
    let mut names = HashSet::new();
    let mut metrics = Vec::new();
    for (index, metric) in written.into_iter().enumerate() {
        let (Some(metric), path) = (metric, path.key("metrics").index(index)) else { continue };
        if metric.name.as_ref().is_some_and(|name| !names.insert(name.clone())) {
            problems.push(Finding::error(path.key("name"), "a second metric has this name"));
        }
        metrics.extend(self::metric(metric, sources, &path, problems));
    }
    let (timeout, window, step) = (timeout?, window?, step?);
    if step > window || window.as_nanos() / step.as_nanos().max(1) > MOST_VALUES {
        let help = format!("`monitor.window` takes from 1 to {MOST_VALUES} of them, e.g. `window: 24h, step: 15m`");
        problems.push(Finding::error(path.key("step"), "this step does not fit into the window").help(help));
        return None;
    }
    let rollback_after = usize::try_from(monitor.rollback_after?).ok()?;
    (metrics.len() == wanted).then_some(Settings { rollback_after, timeout, window, step, metrics })
}

fn metric(metric: MonitorMetric, (sources, queries): Sources<'_>, path: &Path, problems: &mut Problems<'_>) -> Option<MetricSettings> {
    check_query(metric.query.as_ref(), metric.source.as_ref(), queries, path.key("query"), problems);
    if let Some(source) = metric.source.as_ref().filter(|source| !sources.contains(source)) {
        let help = suggest::help(source, "metric-sources", sources.iter().map(String::as_str))
            .or_else(|| Some("describe it under `metric-sources`".to_owned()));
        let message = format!("there is no metric source `{}`", suggest::shorten(source));
        problems.push(Finding::error(path.key("source"), message).help(help));
    }
    let direction = match metric.direction.as_deref() {
        Some("lower-is-better") => Some(Direction::LowerIsBetter),
        Some("higher-is-better") => Some(Direction::HigherIsBetter),
        // The schema says what is missing or misspelt.
        Some(_) | None => None,
    };
    let bounds = (metric.warning, metric.critical);
    if let ((Some(warning), Some(critical)), Some(direction)) = (bounds, direction)
        && direction.worse(warning - critical) > 0.0
    {
        let help = "exchange the two, or turn `direction`".to_owned();
        problems.push(Finding::error(path.key("warning"), "beyond `critical`: it would never be seen").help(help));
    }
    let looks_back = metric.trend.is_some() || metric.change_point.is_some() || metric.anomaly.is_some() || metric.baseline.is_some();
    if bounds == (None, None) && !looks_back {
        let help = "add `warning`, `critical`, `trend`, `change-point`, `anomaly` or `baseline`".to_owned();
        problems.push(Finding::error(path.clone(), "nothing is asked of this metric, so it can never be bad").help(help));
    }
    let hold = duration_at(metric.r#for.as_ref(), &path.key("for"), problems);
    if metric.r#for.is_some() && bounds == (None, None) {
        let help = "add `warning` or `critical`, or remove `for`".to_owned();
        problems.push(Finding::error(path.key("for"), "there is no bound that it belongs to").help(help));
    }
    let baseline = metric.baseline.map(|baseline| self::baseline(&baseline, &path.key("baseline"), problems));
    if metric.r#for.is_some() && hold.is_none() || baseline.as_ref().is_some_and(Option::is_none) {
        return None;
    }
    Some(MetricSettings {
        name: metric.name?,
        source: metric.source?,
        query: metric.query?,
        direction: direction?,
        warning: metric.warning,
        critical: metric.critical,
        hold,
        trend: metric.trend,
        change_point: metric.change_point,
        anomaly: metric.anomaly,
        baseline: baseline.flatten(),
    })
}

fn baseline(baseline: &MonitorBaseline, path: &Path, problems: &mut Problems<'_>) -> Option<BaselineSettings> {
    let ago = duration_at(baseline.ago.as_ref(), &path.key("ago"), problems);
    let severity = if baseline.severity.as_deref() == Some("critical") { Severity::Critical } else { Severity::Warning };
    let of = match (&baseline.ago, &baseline.stored) {
        (Some(_), None) => Earlier::Ago(ago?),
        (None, Some(name)) => Earlier::Stored(name.clone()),
        (Some(_), Some(_)) | (None, None) => {
            let help = "`ago: 168h` is an earlier window, `stored: NAME` the recorded runs of a benchmark".to_owned();
            problems.push(Finding::error(path.clone(), "exactly one of `ago` and `stored` is needed").help(help));
            return None;
        }
    };
    Some(BaselineSettings { of, margin: baseline.margin?, severity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn read(monitor: &str) -> Result<Settings, Vec<String>> {
        let rest = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n\
                    metric-sources: {prom: {kind: prometheus, url: \"http://127.0.0.1:9\"}}\n";
        match parse(&format!("{rest}{monitor}"), "c.yml") {
            Ok((config, _)) => Ok(config.monitor),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn defaults_hold_and_metrics_are_read() {
        let nothing = read("").unwrap();
        assert_eq!((nothing.rollback_after, nothing.metrics.len(), nothing.window.as_secs(), nothing.step.as_secs()), (2, 0, 86_400, 900));
        let one = read(
            "monitor: {metrics: [{name: a, source: prom, query: x, direction: lower-is-better, warning: 1, critical: 2, for: 5m, baseline: {ago: 168h, margin: 0.2, severity: critical}}]}\n",
        )
        .unwrap();
        let metric = one.metrics.first().unwrap();
        let odd = read("monitor: {metrics: [{name: a, source: prom, query: x, direction: lower-is-better, anomaly: 2.0}]}\n").unwrap();
        assert!(odd.metrics.iter().all(|metric| metric.anomaly == Some(2.0) && metric.looks_back()), "{odd:?}");
        assert_eq!((metric.hold.unwrap().as_secs(), metric.baseline.as_ref().unwrap().severity), (300, Severity::Critical));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (keys, expected) in [
            ("name: a, source: prm, query: x, direction: lower-is-better, warning: 1", "did you mean `prom`?"),
            ("name: a, source: prom, query: x, warning: 1", "direction"),
            ("name: a, source: prom, query: x, direction: lower-is-beter, warning: 1", "did you mean `lower-is-better`?"),
            ("name: a, source: prom, query: x, direction: lower-is-better", "nothing is asked of this metric"),
            ("name: a, source: prom, query: x, direction: lower-is-better, warning: 3, critical: 2", "beyond `critical`"),
            ("name: a, source: prom, query: x, direction: higher-is-better, warning: 1, critical: 2", "beyond `critical`"),
            ("name: a, source: prom, query: x, direction: lower-is-better, trend: 0.1, for: 5m", "no bound"),
            ("name: a, source: prom, query: x, direction: lower-is-better, warning: 1, for: 5", "expected a string such as `5m`"),
            ("name: a, source: prom, query: x, direction: lower-is-better, critcal: 1", "did you mean `critical`?"),
            ("name: a, source: prom, query: x, direction: lower-is-better, baseline: {ago: 1h}", "margin"),
            ("name: a, source: prom, query: x, direction: lower-is-better, baseline: {margin: 0.2}", "exactly one of `ago` and `stored`"),
            ("name: a, source: prom, query: x, direction: lower-is-better, baseline: {ago: 1h, stored: b, margin: 0.2}", "exactly one of"),
            ("name: a, source: prom, query: x, direction: lower-is-better, anomaly: 0", "anomaly"),
        ] {
            let problems = read(&format!("monitor: {{metrics: [{{{keys}}}]}}\n")).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{keys}: {problems:?}");
        }
        assert!(read("monitor: {window: 1h, step: 2h}\n").unwrap_err().concat().contains("does not fit"));
        assert!(read("monitor: {window: 24h, step: 1s}\n").unwrap_err().concat().contains("does not fit"));
        let metric = "{name: a, source: prom, query: x, direction: lower-is-better, warning: 1}";
        assert!(read(&format!("monitor: {{metrics: [{metric}, {metric}]}}\n")).unwrap_err().concat().contains("second metric"));
    }
}
