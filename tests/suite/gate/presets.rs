//! Every gate of every preset, opened once and closed once, and closed where its file is missing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::gated;

/// A preset, its gate, the file, a text that opens it, one that closes it, and the value that it shows then.
type Row = (&'static str, &'static str, &'static str, String, String, f64);

fn rows() -> Vec<Row> {
    let coverage = |rate: &str| format!("<coverage line-rate=\"{rate}\" lines-valid=\"1000\"/>");
    let junit = |passed: usize, bad: &str| format!("<testsuites>{}{bad}</testsuites>", "<testcase name=\"a\"/>".repeat(passed));
    let service = |key: &str, value: &str| format!("{{\"{key}\": {value}}}");
    let text = str::to_owned;
    let radon = |rank: &str| format!("{{\"a.py\": [{{\"rank\": \"{rank}\", \"complexity\": 12}}]}}");
    let adversarial = |passed: u32| {
        format!(
            "{{\"schema_version\": 1, \"total_tests\": 10, \"passed_tests\": {passed}, \"failed_tests\": {}, \"performance_metrics\": {{\"cost_usd\": null}}}}",
            10 - passed
        )
    };
    vec![
        ("quality", "coverage", "coverage.xml", coverage("0.8"), coverage("0.799"), 79.9),
        ("quality", "tests", "junit.xml", junit(300, ""), junit(299, ""), 299.0),
        ("quality", "test-failures", "junit.xml", junit(300, ""), junit(300, "<testcase><failure/></testcase>"), 1.0),
        ("quality", "test-errors", "junit.xml", junit(300, ""), junit(300, "<testcase><error/></testcase>"), 1.0),
        ("quality", "lint", "lint.json", text("[]"), text("[{}]"), 1.0),
        ("quality", "types", "types.json", text("\n"), text("{\"file\": \"a.py\", \"severity\": \"error\"}\n"), 1.0),
        ("quality", "security", "security.json", text("{\"results\": []}"), text("{\"results\": [{\"issue_severity\": \"MEDIUM\"}]}"), 1.0),
        ("quality", "complexity", "complexity.json", radon("B"), radon("C"), 1.0),
        (
            "quality",
            "dependencies",
            "outdated.json",
            text("[]"),
            text("[{\"name\": \"a\", \"version\": \"1\", \"latest_version\": \"2\"}]"),
            1.0,
        ),
        ("quality", "adversarial", "adversarial.json", adversarial(4), adversarial(3), 30.0),
        ("service", "latency-p99", "service.json", service("p99_ms", "99.9"), service("p99_ms", "100"), 100.0),
        ("service", "throughput", "service.json", service("requests_per_second", "50.1"), service("requests_per_second", "50"), 50.0),
        ("service", "memory", "service.json", service("memory_gb", "1.9"), service("memory_gb", "2"), 2.0),
        ("service", "error-rate", "service.json", service("error_rate_percent", "0.9"), service("error_rate_percent", "1"), 1.0),
    ]
}

#[test]
fn every_gate_of_every_preset_opens_and_closes_and_never_opens_without_its_file() {
    let presets: Value = serde_yaml::from_str(include_str!("../../../src/config/gate-presets.yml")).unwrap();
    let named =
        |(preset, gates): (&String, &Value)| gates.as_object().unwrap().keys().map(|gate| format!("{preset}/{gate}")).collect::<Vec<_>>();
    let all: BTreeSet<String> = presets.as_object().unwrap().iter().flat_map(named).collect();
    let rows = rows();
    let here: BTreeSet<String> = rows.iter().map(|row| format!("{}/{}", row.0, row.1)).collect();
    assert_eq!(here, all, "a gate that nobody ever saw closed");
    for (preset, gate, file, good, bad, value) in rows {
        let workspace = gated(&format!("  presets: [{preset}]\n"));
        let judge = || {
            let run = workspace.prompt_cicd(["gate", gate, "--format", "json"]).run();
            let json: Value = serde_json::from_str(&run.stdout).unwrap();
            (run.code, json["gates"][0].clone())
        };
        let (closed, code) = if presets[preset][gate]["on-fail"] == "warn" { ("warned", 0) } else { ("failed", 13) };
        let (missing, said) = judge();
        assert_eq!((missing, said["status"].as_str(), said["value"].as_f64()), (code, Some(closed), None), "{gate}: {said}");
        workspace.write(file, good.as_bytes());
        let (open, said) = judge();
        assert_eq!((open, said["status"].as_str()), (0, Some("passed")), "{gate}: {said}");
        workspace.write(file, bad.as_bytes());
        let (shut, said) = judge();
        assert_eq!((shut, said["status"].as_str(), said["value"].as_f64()), (code, Some(closed), Some(value)), "{gate}: {said}");
    }
}
