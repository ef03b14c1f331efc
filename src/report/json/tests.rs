use serde_json::{Value, json};

use super::*;
use crate::domain::{answer::Origin, suite::run::TestRun};
use crate::report::fixture;

const SCHEMA: &str = include_str!("../../../schema/report-v1.schema.json");

fn text(run: &TestRun) -> String {
    let mut out = Vec::new();
    render(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn report(run: &TestRun) -> Value {
    serde_json::from_str(&text(run)).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn everything_at_once() {
    let report = report(&fixture::rich());
    let shown = serde_json::to_string_pretty(&report).unwrap();
    insta::assert_snapshot!("json", shown.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

/// The names of seed 002's `run_tests`, for the whole and for each suite.
#[test]
fn the_seeds_names_are_all_there() {
    let report = report(&fixture::rich());
    for results in std::iter::once(&report).chain(report["suites"].as_array().unwrap()) {
        for name in [
            "passed",
            "total_tests",
            "passed_tests",
            "failed_tests",
            "validation_results",
            "performance_metrics",
            "test_case_results",
            "errors",
        ] {
            assert!(keys(results).contains(&name), "{name}");
        }
        for name in ["total_execution_time", "average_test_time", "memory_usage_mb", "cpu_usage_percent"] {
            assert!(keys(&results["performance_metrics"]).contains(&name), "{name}");
        }
        for case in results["test_case_results"].as_array().unwrap() {
            for name in ["case_index", "input", "output", "passed", "execution_time"] {
                assert!(keys(case).contains(&name), "{name}");
            }
        }
        for validation in results["validation_results"].as_object().unwrap().values() {
            assert_eq!(keys(validation), ["passed", "details"]);
        }
    }
}

#[test]
fn the_whole_is_the_sum_of_the_suites() {
    let report = report(&fixture::rich());
    let suites = report["suites"].as_array().unwrap();
    for list in ["test_case_results", "errors"] {
        let parts: Vec<&Value> = suites.iter().flat_map(|suite| suite[list].as_array().unwrap()).collect();
        assert_eq!(report[list].as_array().unwrap().iter().collect::<Vec<_>>(), parts);
    }
    for number in ["total_tests", "passed_tests", "failed_tests", "error_tests", "not_run_tests"] {
        let sum: u64 = suites.iter().map(|suite| suite[number].as_u64().unwrap()).sum();
        assert_eq!(report[number].as_u64(), Some(sum), "{number}");
    }
}

#[test]
fn the_shipped_schema_is_the_one_of_the_types() {
    let fresh = format!("{:#}\n", schema().as_value());
    #[expect(clippy::disallowed_methods, reason = "a test that rewrites a file of the repository when told to")]
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report-v1.schema.json"), &fresh).unwrap();
        return;
    }
    assert!(fresh == SCHEMA, "schema/report-v1.schema.json is stale: run `UPDATE_SCHEMA=1 cargo test --lib the_shipped_schema`");
}

#[test]
fn reports_keep_to_the_shipped_schema() {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    for run in [fixture::rich(), fixture::passing(2), fixture::failing(1), fixture::run(Vec::new())] {
        let report = report(&run);
        let problems: Vec<String> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
    let mut wrong = report(&fixture::passing(1));
    wrong["suites"][0]["test_case_results"][0]["state"] = json!("maybe");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn what_acts_is_escaped_and_reads_back_the_same() {
    let mut run = fixture::rich();
    let odd = "##[error] ###[x \u{202e}\u{7f}\u{9b}\u{e0041} \u{1b} \\ \" é 👩‍🚀 # ##";
    *fixture::text_mut(&mut run.suites[0].samples[0]) = odd.to_owned();
    let text = text(&run);
    assert!(!text.contains("##[") && !text.trim_end().contains(is_hidden), "{text}");
    assert_eq!(report(&run)["test_case_results"][0]["output"], odd);
    assert_eq!(report(&run)["test_case_results"][3]["output"], fixture::HOSTILE);
}

#[test]
fn numbers_that_are_none_are_null() {
    let mut run = fixture::passing(1);
    run.process.cpu_percent = f64::NAN;
    run.process.peak_memory_mib = f64::INFINITY;
    run.suites[0].samples.clear();
    let report = report(&run);
    let metrics = &report["performance_metrics"];
    for name in ["average_test_time", "memory_usage_mb", "cpu_usage_percent", "cost_usd"] {
        assert_eq!(metrics[name], Value::Null, "{name}");
    }
    assert_eq!(metrics["latency_ms"], json!({"mean": null, "p50": null, "p95": null, "p99": null, "samples": 0, "replayed": false}));
    assert_eq!(report["suites"][0]["pass_rate"], Value::Null);
}

#[test]
fn replayed_answers_are_marked_in_the_statistics() {
    let mut run = fixture::passing(2);
    for sample in &mut run.suites[0].samples {
        fixture::answer_mut(sample).origin = Origin::Cached;
    }
    let report = report(&run);
    let latency = &report["performance_metrics"]["latency_ms"];
    assert_eq!((&latency["samples"], &latency["replayed"], &latency["mean"]), (&json!(2), &json!(true), &json!(100.0)));
    assert_eq!(report["performance_metrics"]["tokens"], json!({"input": null, "output": null, "estimated": false}));
    assert_eq!((&report["test_case_results"][1]["cached"], &report["test_case_results"][1]["origin"]), (&json!(true), &json!("cached")));
}

#[test]
fn informational_assertions_do_not_break_a_validation() {
    let report = report(&fixture::rich());
    let validations = &report["validation_results"];
    assert_eq!(validations["latency"], json!({"passed": true, "details": "0 of 1 hold (1 of the others informational)"}));
    assert_eq!(validations["is-json"], json!({"passed": false, "details": "2 of 4 hold"}));
    assert_eq!(validations["contains"], json!({"passed": true, "details": "3 of 3 hold"}));
}
