//! A Prometheus that is down, empty, stale, endless, or answers what is no number.

use std::sync::{Arc, Mutex};

use axum::{http::StatusCode, response::IntoResponse as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{
    ports::Ports,
    table::{Row, STEP, shares, whole},
    world::World,
};
use crate::support::hosts::Host;

/// What it answers: a status, the value, and how old the value is.
type Answer = (StatusCode, Vec<&'static str>, &'static str);

const GOOD: fn() -> Answer = || (StatusCode::OK, vec!["500"], "5");

struct Prometheus {
    /// It lives as long as its runtime.
    _runtime: Runtime,
    url: String,
    answer: Arc<Mutex<Option<Answer>>>,
}

fn prometheus() -> Prometheus {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let answer = Arc::new(Mutex::new(Some(GOOD())));
    let said = Arc::clone(&answer);
    let host = runtime.block_on(Host::start(move |request| {
        let answer = said.lock().unwrap().clone();
        async move {
            // Without an answer it hangs.
            let Some((status, values, age)) = answer else { return std::future::pending().await };
            let asks_age = String::from_utf8_lossy(&request.body).contains("timestamp");
            let values = if asks_age { vec![age] } else { values };
            let result: Vec<Value> = values.iter().map(|value| json!({"metric": {"a": "b"}, "value": [1_700_000_000, value]})).collect();
            (status, json!({"status": "success", "data": {"resultType": "vector", "result": result}}).to_string()).into_response()
        }
    }));
    Prometheus { _runtime: runtime, url: host.url, answer }
}

fn world(url: &str, timeout: &str) -> World {
    let source = format!(
        "numbers: {{kind: prometheus, url: '{url}', max-age: 1m, age-query: 'time() - max(timestamp(latency{{version=\"{{{{version}}}}\"}}))'}}"
    );
    let interval = format!("    interval: 30s\n    timeout: {timeout}");
    let world = World::new(&[
        ("numbers: {kind: file, path: numbers.json}", &source),
        ("query: '/{{version}}/latency'", "query: 'latency{version=\"{{version}}\"}'"),
        ("    interval: 30s", &interval),
    ]);
    for line in ["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting"] {
        assert_eq!(world.does(line), 0, "{line}");
    }
    world
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (fault, answer) in [
        ("Prometheus fails (5xx)", Some((StatusCode::INTERNAL_SERVER_ERROR, vec!["500"], "5"))),
        ("Prometheus hangs", None),
        ("Prometheus has nothing", Some((StatusCode::OK, vec![], "5"))),
        ("Prometheus says NaN", Some((StatusCode::OK, vec!["NaN"], "5"))),
        ("Prometheus is stale: its value is an hour old", Some((StatusCode::OK, vec!["500"], "3600"))),
        ("Prometheus answers with 100,000 series", Some((StatusCode::OK, vec!["500"; 100_000], "5"))),
    ] {
        let prometheus = prometheus();
        let world = world(&prometheus.url, if answer.is_none() { "300ms" } else { "10s" });
        prometheus.answer.lock().unwrap().clone_from(&answer);
        let mut codes = Vec::new();
        // One look that cannot tell holds; looks that fail hold from the fifth on.
        while codes.len() < 6 && codes.last() != Some(&21) {
            codes.push(world.does(STEP));
            world.later(30);
        }
        assert_eq!((codes.last(), shares(&world).as_str()), (Some(&21), "10 %"), "{fault}: {codes:?}");
        *prometheus.answer.lock().unwrap() = Some(GOOD());
        let mut looks = 0;
        while shares(&world) == "10 %" {
            looks += 1;
            assert!(looks < 5, "{fault}: it does not go on: {}", world.deployment()["rollout"]);
            world.call(&Ports::default().into(), STEP).unwrap();
            world.later(30);
        }
        whole(&world, "50 %");
        rows.push(Row { fault, result: "exit 21, held at 10 %; goes on by itself when it answers".to_owned() });
    }
    rows.push(down());
    rows
}

fn down() -> Row {
    let world = world("http://127.0.0.1:9", "10s");
    let codes: Vec<u8> = (0..6)
        .map(|_| {
            world.later(30);
            world.does(STEP)
        })
        .collect();
    assert_eq!((codes.last(), shares(&world).as_str()), (Some(&21), "10 %"), "{codes:?}");
    let hold = world.deployment()["rollout"]["hold"].as_str().unwrap().to_owned();
    Row { fault: "Prometheus is down", result: format!("exit 21, held ({hold}) at 10 % after the fifth check in a row") }
}
