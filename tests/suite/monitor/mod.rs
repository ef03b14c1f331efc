//! One pass over the metrics of production, against a Prometheus of the test's own.

/// The behaviour cases of the system this project grew from.
mod behaviour;
/// One issue for each cause, over several passes.
mod issues;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{http::StatusCode, response::IntoResponse as _};
use serde_json::{Value, json};

use crate::{
    history::baseline::git,
    support::{Workspace, hosts::Host},
};

const BASE: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

/// What each query is answered with: the number now; a range has it at every step, unless the series says more.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) now: BTreeMap<String, String>,
    /// The last numbers of a range, the newest last; before them the first is repeated.
    pub(super) ranges: BTreeMap<String, Vec<f64>>,
}

/// A Prometheus that shows what it is told to.
pub(super) struct Prometheus {
    pub(super) host: Host,
    pub(super) shown: Arc<Mutex<Shown>>,
    _runtime: tokio::runtime::Runtime,
}

impl Prometheus {
    pub(super) fn start(now: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let state = Arc::clone(&shown);
        let host = runtime.block_on(Host::start(move |request| {
            let form = form(&String::from_utf8_lossy(&request.body));
            let (status, body) = answer(&state.lock().unwrap(), request.uri.path(), &form);
            async move { (status, body.to_string()).into_response() }
        }));
        let prometheus = Self { host, shown, _runtime: runtime };
        prometheus.shows(now);
        prometheus
    }

    pub(super) fn shows(&self, now: &[(&str, &str)]) {
        let mut shown = self.shown.lock().unwrap();
        shown.now.extend(now.iter().map(|(query, value)| ((*query).to_owned(), (*value).to_owned())));
    }

    pub(super) fn ranges(&self, query: &str, values: Vec<f64>) {
        self.shown.lock().unwrap().ranges.insert(query.to_owned(), values);
    }
}

fn form(body: &str) -> BTreeMap<String, String> {
    body.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (decoded(key), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let pair = String::from_utf8(vec![*high, *low]).unwrap();
                bytes.push(u8::from_str_radix(&pair, 16).unwrap());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(shown: &Shown, path: &str, form: &BTreeMap<String, String>) -> (StatusCode, Value) {
    let query = &form["query"];
    let Some(now) = shown.now.get(query) else {
        return (StatusCode::BAD_REQUEST, json!({"status": "error", "errorType": "bad_data", "error": "parse error"}));
    };
    let data = if path.ends_with("query_range") {
        let number = |key: &str| form[key].parse::<f64>().unwrap();
        let (start, end, step) = (number("start"), number("end"), number("step"));
        let mut times = Vec::new();
        let mut at = start;
        while at <= end {
            times.push(at);
            at += step;
        }
        let known = shown.ranges.get(query);
        let offset = known.map_or(0, |known| times.len().saturating_sub(known.len()));
        let value = |index: usize| match known {
            Some(known) => known[index.saturating_sub(offset)].to_string(),
            None => now.clone(),
        };
        let values: Vec<Value> = times.iter().enumerate().map(|(index, at)| json!([at, value(index)])).collect();
        json!({"resultType": "matrix", "result": [{"metric": {}, "values": values}]})
    } else if now == "nothing" {
        json!({"resultType": "vector", "result": []})
    } else {
        json!({"resultType": "vector", "result": [{"metric": {}, "value": [1_700_000_000, now]}]})
    };
    (StatusCode::OK, json!({"status": "success", "data": data}))
}

/// A workspace whose `monitor` has these metrics, one flow map a line.
pub(super) fn workspace(url: &str, metrics: &[&str]) -> Workspace {
    let metrics = metrics.iter().map(|metric| format!("    - {{source: prom, {metric}}}\n")).collect::<Vec<_>>().concat();
    let sources = format!("metric-sources: {{prom: {{kind: prometheus, url: \"{url}\"}}}}\n");
    Workspace::empty().file("prompt-cicd.yml", &format!("{BASE}{sources}monitor:\n  window: 10h\n  step: 15m\n  metrics:\n{metrics}"))
}

pub(super) const LATENCY: &str = "name: latency, query: p95, direction: lower-is-better, warning: 300, critical: 500";
pub(super) const ERRORS: &str = "name: errors, query: 5xx, direction: lower-is-better, critical: 0.005";

#[test]
fn all_well_is_zero_and_the_worst_decides() {
    let prometheus = Prometheus::start(&[("p95", "120"), ("5xx", "0.001")]);
    let workspace = workspace(&prometheus.host.url, &[LATENCY, ERRORS]);
    workspace.prompt_cicd(["monitor"]).run().exits(0).shows("✓ HEALTHY: 2 metrics: 2 healthy");
    prometheus.shows(&[("p95", "301")]);
    workspace.prompt_cicd(["monitor"]).run().exits(12).shows("! latency: degraded 301 (warning ≤ 300, critical ≤ 500)");
    prometheus.shows(&[("5xx", "0.006")]);
    let one = workspace.prompt_cicd(["monitor", "--format", "json"]).run().exits(12).json();
    assert_eq!((one["verdict"].as_str(), one["rollback_requested"].as_bool()), (Some("critical"), Some(false)));
    prometheus.shows(&[("p95", "501")]);
    let two = workspace.prompt_cicd(["monitor", "--format", "json"]).run().exits(12).json();
    assert_eq!((two["critical"].as_u64(), two["rollback_requested"].as_bool()), (Some(2), Some(true)));
    workspace.prompt_cicd(["monitor", "--no-fail"]).run().exits(0).shows("A rollback is asked for");
    workspace
        .prompt_cicd(["monitor", "latency", "--format", "markdown"])
        .run()
        .exits(12)
        .shows("❌ critical: 501 is above the critical bound 500");
}

#[test]
fn what_is_not_known_is_never_healthy() {
    let prometheus = Prometheus::start(&[("p95", "NaN"), ("5xx", "0.001")]);
    let workspace = workspace(&prometheus.host.url, &[LATENCY, ERRORS]);
    for value in ["NaN", "+Inf", "nothing"] {
        prometheus.shows(&[("p95", value)]);
        workspace.prompt_cicd(["monitor"]).run().exits(30).shows("? latency: inconclusive");
        workspace.prompt_cicd(["monitor", "--no-fail"]).run().exits(30);
    }
    // A query that is refused.
    prometheus.shown.lock().unwrap().now.remove("p95");
    workspace.prompt_cicd(["monitor"]).run().exits(31).shows("parse error");
    // What is bad is bad, whatever is not known.
    prometheus.shows(&[("5xx", "0.2")]);
    workspace.prompt_cicd(["monitor"]).run().exits(12).shows("✗ errors: critical 0.2");
}

#[test]
fn a_source_that_is_gone_is_exit_30() {
    let workspace = workspace("http://127.0.0.1:9", &[LATENCY, ERRORS]);
    let gone = workspace.prompt_cicd(["monitor", "--format", "json"]).run().exits(30).json();
    assert_eq!(
        (gone["verdict"].as_str(), gone["inconclusive"].as_u64(), gone["healthy"].as_u64()),
        (Some("inconclusive"), Some(2), Some(0))
    );
}

#[test]
fn history_shows_drifts_steps_and_regressions() {
    let prometheus = Prometheus::start(&[("p95", "120"), ("step", "120"), ("base", "120")]);
    prometheus.ranges("p95", (0..41).map(|at| 100.0 + 2.0 * f64::from(at)).collect());
    prometheus.ranges("step", (0..41).map(|at| if at < 20 { 100.0 } else { 140.0 } + f64::from(at % 3)).collect());
    let drift = "name: drift, query: p95, direction: lower-is-better, trend: 0.1";
    let step = "name: step, query: step, direction: lower-is-better, change-point: 0.1";
    let base = "name: base, query: base, direction: lower-is-better, baseline: {ago: 168h, margin: 0.2}";
    let workspace = workspace(&prometheus.host.url, &[drift, step, base]);
    let seen = workspace.prompt_cicd(["monitor", "--format", "json"]).run().exits(12).json();
    let verdicts: Vec<&str> = seen["metrics"].as_array().unwrap().iter().map(|metric| metric["verdict"].as_str().unwrap()).collect();
    // The same constant twice: no spread, and nothing that clears it.
    assert_eq!(verdicts, ["degraded", "degraded", "inconclusive"], "{seen:#}");
    assert_eq!(seen["metrics"][1]["change_points"][0]["index"], 20);
    workspace.prompt_cicd(["monitor", "drift"]).run().exits(12).shows("▁").shows("trend: rising");
}

#[test]
fn a_constant_window_clears_nothing() {
    let prometheus = Prometheus::start(&[("base", "120")]);
    let base = "name: base, query: base, direction: lower-is-better, baseline: {ago: 168h, margin: 0.2}";
    let workspace = workspace(&prometheus.host.url, &[base]);
    workspace.prompt_cicd(["monitor"]).run().exits(13).shows("every value of both windows is the same");
}

#[test]
fn a_window_is_held_against_recorded_runs() {
    let prometheus = Prometheus::start(&[("p95", "120")]);
    let metric = "name: p95, query: p95, direction: lower-is-better, baseline: {stored: latency, margin: 0.2}";
    let workspace = workspace(&prometheus.host.url, &[metric]);
    let window = |middle: f64| prometheus.ranges("p95", (0..41).map(|at| middle + f64::from(at % 5)).collect());
    window(120.0);
    workspace.prompt_cicd(["monitor"]).run().exits(30).shows("has no recorded benchmark `latency`");
    git(&workspace, &["init", "--quiet"]);
    for (run, value) in [118, 123, 120, 125, 117].iter().enumerate() {
        if run == 4 {
            workspace.prompt_cicd(["monitor"]).run().exits(13).shows("4 of at least 5 runs");
        }
        workspace.write("run.json", format!("[{{\"name\": \"latency\", \"unit\": \"ms\", \"value\": {value}}}]").as_bytes());
        git(&workspace, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
        let args = ["baseline", "update", "--from", "run.json", "--from-format", "customSmallerIsBetter"];
        workspace.prompt_cicd(args).run().exits(0).shows(" kept");
    }
    workspace.prompt_cicd(["monitor"]).run().exits(0).shows("the mean of 5 recorded runs of `latency`");
    window(190.0);
    workspace.prompt_cicd(["monitor"]).run().exits(12).shows("baseline: regressed; median 192 against 120.6");
    // What is pinned is a past of its own.
    workspace.prompt_cicd(["baseline", "pin", "v1"]).run().exits(0).shows("5 runs pinned as v1");
    workspace.prompt_cicd(["monitor"]).run().exits(12).shows("recorded runs of `latency`, pinned as v1");
}

/// Who names a pin is not answered with other runs.
#[test]
fn a_pin_without_the_benchmark_is_no_answer() {
    let prometheus = Prometheus::start(&[("p95", "120")]);
    let metric = "name: p95, query: p95, direction: lower-is-better, baseline: {stored: other@v1, margin: 0.2}";
    let workspace = workspace(&prometheus.host.url, &[metric]);
    prometheus.ranges("p95", (0..41).map(|at| 120.0 + f64::from(at % 5)).collect());
    git(&workspace, &["init", "--quiet"]);
    for (run, value) in [118, 123, 120, 125, 117, 118, 123, 121, 125, 117].iter().enumerate() {
        let name = if run < 5 { "latency" } else { "other" };
        workspace.write("run.json", format!("[{{\"name\": \"{name}\", \"unit\": \"ms\", \"value\": {value}}}]").as_bytes());
        git(&workspace, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
        let args = ["baseline", "update", "--from", "run.json", "--from-format", "customSmallerIsBetter"];
        workspace.prompt_cicd(args).run().exits(0);
        if run == 4 {
            workspace.prompt_cicd(["baseline", "pin", "v1"]).run().exits(0);
        }
    }
    workspace.prompt_cicd(["monitor"]).run().exits(30).shows("v1 has no benchmark `other`");
}

#[test]
fn a_query_gets_its_names_and_asks_for_those_that_are_missing() {
    let prometheus = Prometheus::start(&[("p95{v=\"2.0.0\\\"}\",p=\"greeting\"}", "1")]);
    let metric = "name: latency, query: 'p95{v=\"{{version}}\",p=\"{{prompt}}\"}', direction: lower-is-better, critical: 5";
    let workspace = workspace(&prometheus.host.url, &[metric]);
    workspace.prompt_cicd(["monitor", "--prompt", "greeting", "--prompt-version", "2.0.0\"}"]).run().exits(0);
    workspace.prompt_cicd(["monitor", "--prompt", "greeting"]).run().exits(3).says("--prompt-version");
}

#[test]
fn nothing_to_look_at_is_no_pass() {
    Workspace::empty().file("prompt-cicd.yml", BASE).prompt_cicd(["monitor"]).run().exits(4).says("no `monitor.metrics`");
    let workspace = workspace("http://127.0.0.1:9", &[LATENCY]);
    workspace.prompt_cicd(["monitor", "latncy"]).run().exits(4).says("it has latency");
}
