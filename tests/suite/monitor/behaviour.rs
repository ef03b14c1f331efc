use serde_json::Value;

use super::{Prometheus, workspace};

/// The thresholds of the original workflow.
const WORKFLOW: [&str; 4] = [
    "name: engagement_rate, query: engagement_rate, direction: higher-is-better, critical: 0.055",
    "name: cost_per_follow, query: cost_per_follow, direction: lower-is-better, warning: 0.015",
    "name: latency_p95, query: latency_p95, direction: lower-is-better, warning: 300",
    "name: error_rate, query: error_rate, direction: lower-is-better, critical: 0.005",
];

fn cases() -> Vec<Value> {
    let path = crate::docs::root().join("tests/data/behaviour/monitor.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_thresholds_of_the_workflow() {
    let mut seen = 0;
    for case in cases().iter().filter(|case| case["when"] == "threshold check") {
        let given: Vec<(&str, String)> =
            case["given"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let prometheus = Prometheus::start(&given);
        let workspace = workspace(&prometheus.host.url, &WORKFLOW);
        let report = workspace.prompt_cicd(["monitor", "--format", "json"]).run().exits(12).json();
        let alerts: Vec<(&str, &str)> = report["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|metric| metric["verdict"] != "healthy")
            .map(|metric| (metric["name"].as_str().unwrap(), if metric["verdict"] == "critical" { "critical" } else { "warning" }))
            .collect();
        let expected: Vec<(&str, &str)> = case["then"]["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| (alert["metric"].as_str().unwrap(), alert["severity"].as_str().unwrap()))
            .collect();
        assert_eq!(alerts, expected, "{}", case["id"]);
        assert_eq!(report["rollback_requested"], case["then"]["auto_rollback"], "{}", case["id"]);
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// A metric with a value of now and how many minutes it has been so; before, it was 0.
fn fires(metric: &str, value: f64, minutes: usize) -> bool {
    let prometheus = Prometheus::start(&[("q", &value.to_string())]);
    // A range has a number each tenth of the time that is asked for.
    let mut values = vec![0.0];
    values.extend(vec![value; minutes]);
    prometheus.ranges("q", values);
    let workspace = workspace(&prometheus.host.url, &[&format!("name: m, query: q, direction: lower-is-better, {metric}")]);
    let report = workspace.prompt_cicd(["monitor", "--format", "json"]).run().json();
    match report["verdict"].as_str().unwrap() {
        "critical" => true,
        "healthy" => false,
        other => panic!("{other}: {report:#}"),
    }
}

#[test]
fn alerts_of_the_original() {
    let mut seen = Vec::new();
    for case in cases() {
        let given = &case["given"];
        let number = |key: &str| given[key].as_f64();
        let fired = if let Some(rate) = number("error_rate_pct") {
            // For 5 minutes, a number each 30 s: from twelve of them on the five minutes are full, whatever the second.
            fires("critical: 5, for: 5m", rate, 12)
        } else if let Some(memory) = number("memory_pct") {
            // For 10 minutes, a number each minute.
            fires("critical: 80, for: 10m", memory, usize::try_from(given["for_minutes"].as_u64().unwrap()).unwrap())
        } else if let Some(failures) = number("consecutive_health_failures") {
            // A failure each 6 s must last for a minute.
            fires("critical: 0, for: 1m", 1.0, usize::try_from(given["consecutive_health_failures"].as_u64().unwrap()).unwrap())
                && failures > 0.0
        } else if let (Some(expression), Some(value)) = (given["expr"].as_str(), number("value")) {
            let (_, bound) = expression.rsplit_once(" > ").unwrap();
            fires(&format!("critical: {bound}"), value, 0)
        } else {
            continue;
        };
        assert_eq!(Some(fired), case["then"]["fires"].as_bool(), "{}", case["id"]);
        seen.push(case["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}
