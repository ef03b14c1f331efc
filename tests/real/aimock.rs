//! Faults by `@copilotkit/aimock` (`tests/services/aimock`), which nobody here wrote: what becomes of each, in one table.

use std::{path::Path, process::Command};

use serde_json::Value;

/// What is asked, whether streamed, what the server does, and what must come of it: the exit code, and the requests made.
type Row = (&'static str, bool, &'static str, i32, u64);

const ROWS: [Row; 13] = [
    ("whole", false, "answers", 0, 1),
    ("pieces", true, "streams, 20 ms a piece", 0, 1),
    ("limited", false, "429 with `Retry-After: 1` once", 0, 2),
    ("failing", false, "500, then 503", 0, 3),
    ("delayed", false, "300 ms late", 0, 1),
    ("refused", false, "401", 31, 1),
    ("unknown", false, "404", 31, 1),
    ("crowded", false, "429 with `Retry-After: 1` for good", 31, 3),
    ("dropped", false, "500 for good", 30, 3),
    ("malformed", false, "broken JSON for good", 30, 3),
    ("disconnected", false, "closes the connection", 30, 3),
    ("cut", true, "cuts the stream", 30, 3),
    ("late", false, "20 s late, beyond the limit of 1 s", 30, 3),
];

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// One case that says `Hello NAME!`: the exit code and the report.
fn ask(name: &str, stream: bool) -> (i32, Value) {
    let base = std::env::var("PROMPT_CICD_REAL_AIMOCK")
        .expect("PROMPT_CICD_REAL_AIMOCK names the server: run scripts/test, or start tests/services/aimock/start.sh PORT");
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "version: 1\nproviders:\n  aimock: {{kind: openai, base-url: \"{base}\", model: m, stream: {stream}}}\n\
         run: {{retry: {{attempts: 3, base: 10ms, max: 20ms}}}}\nsuite-defaults: {{limits: {{request: 1s}}}}\n\
         suites:\n  - {{name: s, prompt: p.prompt.yml, provider: aimock, cases: [{{id: c, vars: {{name: {name}}}}}], defaults: {{assert: [{{contains: \"Hello {{{{name}}}}\"}}]}}}}\n"
    );
    write(folder.path(), "prompt-cicd.yml", &config);
    write(folder.path(), "p.prompt.yml", "name: p\nmessages: [{role: user, content: \"Hello {{name}}!\"}]\n");
    let output =
        Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).current_dir(folder.path()).args(["test", "--format", "json"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {stderr}")))
}

#[test]
fn every_fault_is_retried_and_passed_or_ends_with_its_code() {
    println!("| aimock | requests | exit | is said |\n|---|---:|---:|---|");
    for (name, stream, does, code, requests) in ROWS {
        let (found, json) = ask(name, stream);
        let sample = &json["test_case_results"][0];
        let said = sample["error"]["message"].as_str().unwrap_or("");
        println!("| {does} | {} | {found} | {said} |", sample["attempts"]);
        assert_eq!((found, sample["attempts"].as_u64()), (code, Some(requests)), "{name}: {json:#}");
        let state = if code == 0 { "passed" } else { "error" };
        assert_eq!((sample["state"].as_str(), json["failed_tests"].as_u64()), (Some(state), Some(0)), "{name}: {json:#}");
        assert_eq!(code == 0, said.is_empty(), "{name}: {said}");
    }
}

#[test]
fn a_streamed_answer_tells_its_first_piece() {
    let (code, json) = ask("pieces", true);
    let sample = &json["test_case_results"][0];
    assert_eq!((code, sample["output"].as_str()), (0, Some("Hello pieces!")));
    let (first, whole) = (sample["time_to_first_token_ms"].as_f64().unwrap(), sample["latency_ms"].as_f64().unwrap());
    assert!(first > 0.0 && first < whole, "{first} of {whole}");
}
