//! How fast the release binary is, against its limits: `scripts/bench`.
//!
//! Every figure is taken from the outside, on the binary that users run. The server of the request benchmark runs in
//! this process and answers each request after 50 ms; with two cores both compete, which is part of the figure.
#![expect(clippy::disallowed_methods, reason = "a benchmark starts programs and reads clocks")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "its output is for people")]

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_prompt-cicd");
const PAUSE: Duration = Duration::from_millis(50);

struct Figure {
    name: &'static str,
    value: f64,
    limit: f64,
    unit: &'static str,
}

fn main() -> ExitCode {
    let mut figures = vec![start()];
    figures.extend(many_cases());
    figures.extend(many_requests());
    println!("{}", machine());
    println!("\n{:<58} {:>10} {:>10}", "figure", "measured", "limit");
    for figure in &figures {
        let verdict = if figure.value <= figure.limit { "" } else { "  OVER" };
        println!("{:<58} {:>7.2} {:<2} {:>7.2} {:<2}{verdict}", figure.name, figure.value, figure.unit, figure.limit, figure.unit);
    }
    if figures.iter().all(|figure| figure.value <= figure.limit) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cores} cores, {model}, load {load}, prompt-cicd {}", env!("CARGO_PKG_VERSION"))
}

fn start() -> Figure {
    let mut times: Vec<f64> = (0..50)
        .map(|_| {
            let begin = Instant::now();
            assert!(Command::new(BINARY).arg("--version").output().unwrap().status.success());
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Figure { name: "prompt-cicd --version (median of 50)", value: times[25], limit: 10.0, unit: "ms" }
}

/// Writes a suite of `count` cases and returns its folder.
fn suite(count: usize, provider: &str, concurrency: usize, assertions: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "version: 1\nproviders:\n  model: {provider}\nrun: {{max-concurrency: {concurrency}}}\nsuites:\n  - name: speed\n    prompt: speed.prompt.yml\n    provider: model\n    concurrency: {concurrency}\n    cases: speed.jsonl\n    defaults: {{assert: {assertions}}}\n"
    );
    fs::write(folder.path().join("prompt-cicd.yml"), config).unwrap();
    let prompt = "name: speed\nmessages:\n  - {role: system, content: \"Answer in JSON.\"}\n  - {role: user, content: '{\"name\": \"{{name}}\", \"number\": {{number}}}'}\n";
    fs::write(folder.path().join("speed.prompt.yml"), prompt).unwrap();
    let cases: Vec<String> = (0..count)
        .map(|number| format!("{}\n", json!({"id": format!("case-{number}"), "vars": {"name": format!("Ana {number}"), "number": number}})))
        .collect();
    fs::write(folder.path().join("speed.jsonl"), cases.concat()).unwrap();
    folder
}

/// Runs the suite once. The report stays on disk: a child's peak memory counts from what this process holds.
fn run(folder: &Path) -> Duration {
    let begin = Instant::now();
    let output = Command::new(BINARY).current_dir(folder).args(["test", "--quiet", "--report", "json=report.json"]).output().unwrap();
    let took = begin.elapsed();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    took
}

fn many_cases() -> Vec<Figure> {
    let folder = suite(10_000, "{kind: echo}", 4, "[{contains: \"{{name}}\"}, {regex: '\\d+'}, is-json]");
    let mut times: Vec<Duration> = (0..5).map(|_| run(folder.path())).collect();
    times.sort();
    // The largest child so far; the ones before it only printed a version.
    #[expect(clippy::cast_precision_loss, reason = "kibibytes of one process")]
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 * 1_024.0 / 1e6;
    vec![
        Figure { name: "10,000 cases × 3 assertions, echo, JSON (median of 5)", value: times[2].as_secs_f64(), limit: 1.0, unit: "s" },
        Figure { name: "  peak memory", value: memory, limit: 150.0, unit: "MB" },
    ]
}

fn many_requests() -> Vec<Figure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(answer));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let provider = format!("{{kind: openai, base-url: \"http://{address}/v1\", model: fake}}");
    let folder = suite(1_000, &provider, 100, "[{contains: Ana}]");
    let mut runs: Vec<(Duration, f64)> = (0..5).map(|_| (run(folder.path()), reported_mean(folder.path()))).collect();
    runs.sort_by_key(|(took, _)| *took);
    let (took, mean) = runs[2];
    vec![
        Figure { name: "1,000 requests of 50 ms, 100 in flight (median of 5)", value: took.as_secs_f64(), limit: 0.65, unit: "s" },
        Figure { name: "  error of the reported mean latency", value: (mean / 50.0 - 1.0).abs() * 100.0, limit: 5.0, unit: "%" },
    ]
}

/// The mean latency that the report of the last run has, in milliseconds.
fn reported_mean(folder: &Path) -> f64 {
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    report["performance_metrics"]["latency_ms"]["mean"].as_f64().unwrap()
}

async fn answer() -> Json<Value> {
    tokio::time::sleep(PAUSE).await;
    Json(json!({
        "model": "fake",
        "choices": [{"message": {"role": "assistant", "content": "Ana"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1},
    }))
}
