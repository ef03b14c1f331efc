//! The gates of the system this project grew from, through the presets and the binary.

use std::fs;

use serde_json::{Value, json};

use super::gated;

/// The gate that a case is about, the file it reads and that file's text.
fn subject(given: &Value) -> Option<(&'static str, &'static str, String, Option<String>)> {
    let entry = given.as_object()?.iter().find(|(name, _)| *name != "threshold")?;
    let (name, value) = (entry.0.as_str(), entry.1);
    let many = |count: &Value, one: &str| vec![one; usize::try_from(count.as_u64().unwrap_or_default()).unwrap()].join(",");
    let service = |key: &str| json!({key: value}).to_string();
    Some(match name {
        "coverage" => {
            let rate = value.as_f64()?;
            let lines = "LF:10000\nLH:".to_owned() + &format!("{}", (rate * 100.0).round()) + "\n";
            let threshold = format!("{{coverage: {{at-least: {}}}}}", given["threshold"]);
            ("coverage", "coverage.xml", format!("SF:a\n{lines}end_of_record\n"), Some(threshold))
        }
        "type_errors" => {
            let errors = "{\"file\": \"a\", \"severity\": \"error\"}\n".repeat(value.as_u64()?.try_into().ok()?);
            // Of no error mypy writes an empty line.
            ("types", "types.json", errors + "\n", None)
        }
        "security_high_or_medium" => {
            ("security", "security.json", format!("{{\"results\": [{}]}}", many(value, "{\"issue_severity\": \"MEDIUM\"}")), None)
        }
        "complexity_worse_than_B" => {
            ("complexity", "complexity.json", format!("{{\"a.py\": [{}]}}", many(value, "{\"rank\": \"C\", \"complexity\": 12}")), None)
        }
        "outdated_dependencies" => ("dependencies", "outdated.json", format!("[{}]", many(value, "{\"latest_version\": \"2\"}")), None),
        "adversarial_pass_rate" => {
            // One decimal: `39.9` is 399 of a thousand.
            let passed: u64 = format!("{:.1}", value.as_f64()?).replace('.', "").parse().ok()?;
            let report = json!({"schema_version": 1, "total_tests": 1000, "passed_tests": passed, "failed_tests": 1000 - passed,
                "performance_metrics": {"cost_usd": null}});
            ("adversarial", "adversarial.json", report.to_string(), None)
        }
        "p99_ms" => ("latency-p99", "service.json", service("p99_ms"), None),
        "rps" => ("throughput", "service.json", service("requests_per_second"), None),
        "error_rate_pct" => ("error-rate", "service.json", service("error_rate_percent"), None),
        _ => return None,
    })
}

#[test]
fn the_gates_of_the_original_hold() {
    let path = crate::docs::root().join("tests/data/behaviour/gates.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut seen = 0;
    for case in &cases {
        let Some((gate, file, text, rules)) = subject(&case["given"]) else { continue };
        seen += 1;
        let rules = rules.map(|rules| format!("  rules: {rules}\n")).unwrap_or_default();
        let workspace = gated(&format!("  presets: [quality, service]\n{rules}")).file(file, &text);
        let report = workspace.prompt_cicd(["gate", gate, "--format", "json"]).run();
        let json: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|error| panic!("{case}: {error}: {}", report.stderr));
        let status = json["gates"][0]["status"].as_str().unwrap();
        assert!(json["gates"][0]["value"].is_number(), "{case}: {json}");
        let expected: &[&str] = match (&case["then"]["pass"], &case["then"]["result"], &case["then"]["warn"]) {
            (Value::Bool(true), _, _) | (_, _, Value::Bool(false)) => &["passed"],
            (Value::Bool(false), _, _) => &["failed"],
            (_, Value::String(word), _) if word == "fail" => &["failed"],
            (_, Value::String(word), _) if word == "warn" => &["warned"],
            (_, _, Value::Bool(true)) => &["warned"],
            other => panic!("{case}: {other:?}"),
        };
        assert!(expected.contains(&status), "{case}: {json}");
    }
    // QG-013 (critical files) is of pull requests; QG-014 and QG-016 are the exit codes 0 and 13, held beside this.
    assert_eq!(seen, cases.len() - 3, "every other case names a gate");
}
