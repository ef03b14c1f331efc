//! Metric sources against servers that break in every way.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use axum::{http::StatusCode, response::IntoResponse as _};
use prompt_cicd::{
    adapters::{http::site::Sites, metric_source::MetricSourceFactory, secret::Scrubber},
    domain::metric_source::{MetricHttp, MetricSourceKind, MetricSourceSettings, Query, QueryValues},
    ports::metric_source::{MetricErrorKind, MetricSource, MetricSources as _},
};
use serde_json::{Value, json};

use crate::support::hosts::Host;

const DEADLINE: Duration = Duration::from_secs(10);

fn open(kind: MetricSourceKind, base: &Path) -> Arc<dyn MetricSource> {
    let sites = Sites::new(Arc::new(|_: &str| None), Arc::new(Scrubber::default()));
    let max_age = Some(Duration::from_mins(1));
    let settings = MetricSourceSettings { name: "m".into(), kind, timeout: DEADLINE, max_age, max_series: 1_000, max_samples: 10_000 };
    MetricSourceFactory::new(sites, base).open(&settings).unwrap()
}

fn prometheus(url: &str, age_query: Option<&str>) -> Arc<dyn MetricSource> {
    let http = MetricHttp { url: url.into(), token_env: None, headers: BTreeMap::new() };
    open(MetricSourceKind::Prometheus { http, age_query: age_query.map(Into::into) }, Path::new(""))
}

fn query() -> Query {
    let values = QueryValues { prompt: "greeting".into(), environment: "production".into(), version: "2.0.0\"} or up{a=\"".into() };
    Query { text: "errors{version=\"{{version}}\"}".into(), values }
}

fn vector(values: &[&str]) -> Value {
    let result: Vec<Value> = values.iter().map(|value| json!({"metric": {"a": "b"}, "value": [1_700_000_000, value]})).collect();
    json!({"status": "success", "data": {"resultType": "vector", "result": result}})
}

async fn answering(body: String) -> Host {
    Host::start(move |_| {
        let body = body.clone();
        async move { body.into_response() }
    })
    .await
}

#[tokio::test]
async fn the_query_arrives_escaped_and_with_a_time_limit() {
    let host = answering(vector(&["0.25"]).to_string()).await;
    let reading = prometheus(&format!("{}/prom/", host.url), None).instant(&query(), Some(1_700_000_000_500), DEADLINE).await.unwrap();
    assert_eq!((reading.found.name(), reading.found.single()), ("value", Some(0.25)));
    assert_eq!(reading.query, r#"errors{version="2.0.0\"} or up{a=\""}"#);
    let request = &host.received()[0];
    assert_eq!((request.method.as_str(), request.uri.path()), ("POST", "/prom/api/v1/query"));
    let form = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(form.contains("time=1700000000.500") && form.contains("timeout=10000ms") && !form.contains('"'), "{form}");
}

#[tokio::test]
async fn every_answer_has_its_name() {
    for (body, name) in [
        (vector(&["1"]), "value"),
        (vector(&[]), "empty"),
        (vector(&["NaN"]), "not-a-number"),
        (vector(&["+Inf"]), "infinite"),
        (vector(&["1", "NaN"]), "partial"),
        (vector(&["1"; 1_001]), "too-many"),
    ] {
        let host = answering(body.to_string()).await;
        let reading = prometheus(&host.url, None).instant(&query(), None, DEADLINE).await.unwrap();
        assert_eq!(reading.found.name(), name, "{body}");
    }
}

#[tokio::test]
async fn every_breakdown_has_its_name() {
    let error = json!({"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"});
    let overloaded = json!({"status": "error", "errorType": "timeout", "error": "query timed out"});
    for (status, body, kind) in [
        (400, error.to_string(), MetricErrorKind::Refused),
        (503, overloaded.to_string(), MetricErrorKind::TimedOut),
        (500, "<html><title>oops</title></html>".to_owned(), MetricErrorKind::Unreachable),
        (401, "no".to_owned(), MetricErrorKind::Refused),
        (404, "404 page not found".to_owned(), MetricErrorKind::Refused),
        (302, String::new(), MetricErrorKind::Refused),
        (200, "<html>".to_owned(), MetricErrorKind::Malformed),
        (200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vec".to_owned(), MetricErrorKind::Malformed),
        (200, json!({"status": "success"}).to_string(), MetricErrorKind::Malformed),
        (500, vector(&["1"]).to_string(), MetricErrorKind::Unreachable),
    ] {
        let host = Host::start({
            let body = body.clone();
            move |_| {
                let answer = (StatusCode::from_u16(status).unwrap(), body.clone()).into_response();
                async move { answer }
            }
        })
        .await;
        let error = prometheus(&host.url, None).instant(&query(), None, DEADLINE).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
    }
    let nobody = prometheus("http://127.0.0.1:9", None).instant(&query(), None, DEADLINE).await.unwrap_err();
    assert_eq!(nobody.kind, MetricErrorKind::Unreachable);
    let host = Host::start(|_| std::future::pending()).await;
    let hanging = prometheus(&host.url, None).instant(&query(), None, Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(hanging.kind, MetricErrorKind::TimedOut);
}

#[tokio::test]
async fn a_hundred_thousand_series_are_refused_by_name() {
    let host = answering(vector(&vec!["1"; 100_000]).to_string()).await;
    let reading = prometheus(&host.url, None).instant(&query(), None, DEADLINE).await.unwrap();
    assert_eq!((reading.found.name(), reading.found.numbers().len()), ("too-many", 0));
}

#[tokio::test]
async fn an_old_value_is_stale_and_an_unknown_age_is_no_proof() {
    for (age, name) in [("5", "value"), ("3600", "stale"), ("NaN", "not-a-number")] {
        let host = Host::start(move |request| async move {
            let value = if String::from_utf8_lossy(&request.body).contains("timestamp") { age } else { "0.25" };
            vector(&[value]).to_string().into_response()
        })
        .await;
        let source = prometheus(&host.url, Some("time() - max(timestamp(errors{version=\"{{version}}\"}))"));
        assert_eq!(source.instant(&query(), None, DEADLINE).await.unwrap().found.name(), name, "{age}");
    }
}

#[tokio::test]
async fn ranges_lie_on_whole_steps() {
    let values: Vec<Value> = (0..5).map(|at| json!([990 + at * 15, "1"])).collect();
    let body = json!({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}});
    let host = answering(body.to_string()).await;
    let source = prometheus(&host.url, None);
    let step = Duration::from_secs(15);
    let reading = source.range(&query(), 1_000_000, 1_064_999, step, DEADLINE).await.unwrap();
    assert_eq!((reading.found.name(), reading.found.numbers().len(), reading.warnings.len()), ("series", 5, 0));
    let form = String::from_utf8(host.received()[0].body.to_vec()).unwrap();
    assert!(form.contains("start=990.000") && form.contains("end=1050.000") && form.contains("step=15.000"), "{form}");
    let late = source.range(&query(), 1_000_000, 2_000_000, step, DEADLINE).await.unwrap();
    assert_eq!(late.found.name(), "stale", "the newest point is 950 s old");
    for (start, end, step) in [(2, 1, 1), (0, 1, 0), (0, 100_000_000, 1)] {
        let refused = source.range(&query(), start, end, Duration::from_millis(step), DEADLINE).await.unwrap_err();
        assert_eq!(refused.kind, MetricErrorKind::Refused);
    }
}

#[tokio::test]
async fn documents_at_addresses_and_in_files() {
    let host = answering(json!({"2.0.0/x": {"p95": 120.5}}).to_string()).await;
    let http = MetricHttp { url: format!("{}/{{{{version}}}}", host.url), token_env: None, headers: BTreeMap::new() };
    let values = QueryValues { version: "2.0.0/x".into(), ..QueryValues::default() };
    let pointer = Query { text: "/{{version}}/p95".into(), values };
    let reading = open(MetricSourceKind::HttpJson(http), Path::new("")).instant(&pointer, None, DEADLINE).await.unwrap();
    assert_eq!((reading.found.single(), host.received()[0].uri.path()), (Some(120.5), "/2.0.0%2Fx"));

    let folder = tempfile::tempdir().unwrap();
    let file = open(MetricSourceKind::File("m.json".into()), folder.path());
    assert_eq!(file.instant(&pointer, None, DEADLINE).await.unwrap_err().kind, MetricErrorKind::Unreachable);
    let path = folder.path().join("m.json");
    std::fs::write(&path, "{\"2.0.0/x\": {\"p95\": 7").unwrap();
    assert_eq!(file.instant(&pointer, None, DEADLINE).await.unwrap_err().kind, MetricErrorKind::Malformed);
    std::fs::write(&path, "{\"2.0.0/x\": {\"p95\": 7}}").unwrap();
    assert_eq!(file.instant(&pointer, None, DEADLINE).await.unwrap().found.single(), Some(7.0));
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let pipe = open(MetricSourceKind::File("pipe".into()), folder.path());
    let refused = pipe.instant(&pointer, None, DEADLINE).await.unwrap_err();
    assert!(refused.kind == MetricErrorKind::Malformed && refused.message.contains("no regular file"), "{refused}");
    let old = std::time::SystemTime::now() - Duration::from_hours(1);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    assert_eq!(file.instant(&pointer, None, DEADLINE).await.unwrap().found.name(), "stale");
}
