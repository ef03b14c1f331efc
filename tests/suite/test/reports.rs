use crate::support::{Behaviour, FakeModel, Workspace};

#[test]
fn the_json_has_the_seeds_names_and_ours() {
    let model = FakeModel::start(Behaviour::Echo);
    let json = Workspace::asking(&model.base_url()).prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
    for part in [&json, &json["suites"][0]] {
        for name in [
            "passed",
            "total_tests",
            "passed_tests",
            "failed_tests",
            "validation_results",
            "performance_metrics",
            "test_case_results",
            "errors",
            "verdict",
        ] {
            assert!(!part[name].is_null(), "{name} is missing in {part:#}");
        }
        for name in ["total_execution_time", "average_test_time", "memory_usage_mb", "cpu_usage_percent", "latency_ms"] {
            assert!(!part["performance_metrics"][name].is_null(), "{name} is missing");
        }
        for name in ["mean", "p50", "p95", "p99"] {
            assert!(part["performance_metrics"]["latency_ms"][name].is_f64(), "{name} is missing");
        }
        for name in [
            "case_index",
            "input",
            "output",
            "passed",
            "execution_time",
            "case_id",
            "suite",
            "repeat",
            "latency_ms",
            "queue_ms",
            "cached",
            "assertions",
        ] {
            assert!(!part["test_case_results"][0][name].is_null(), "{name} is missing");
        }
        assert!(part["test_case_results"][0].as_object().unwrap().contains_key("cost_usd"));
    }
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["test_case_results"][0]["input"], serde_json::json!({"name": "Ana"}));
    assert_eq!(json["test_case_results"][0]["output"], "Hello Ana!");
}

#[test]
fn the_json_keeps_to_its_schema() {
    let model = FakeModel::start(Behaviour::Say("no"));
    let json = Workspace::asking(&model.base_url()).prompt_cicd(["test", "--format", "json"]).run().exits(10).json();
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../schema/report-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn every_format_goes_to_standard_output_and_to_files() {
    let workspace = Workspace::greeting();
    for (format, mark) in
        [("text", "greeting"), ("json", "\"schema_version\""), ("markdown", "|"), ("junit", "<testsuites"), ("html", "<!doctype html>")]
    {
        let file = format!("out/{format}.report");
        let finished =
            workspace.prompt_cicd(["test", "--format", format, "--report", &format!("{format}={file}")]).run().exits(0).shows(mark);
        assert!(workspace.read(&file).contains(mark), "{format}: {}", finished.stdout);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_first_request() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url()).file("taken/x", "");
    workspace.prompt_cicd(["test", "--report", "json=taken"]).run().exits(3).says("taken");
    workspace.prompt_cicd(["test", "--report", "json=taken/x/report.json"]).run().exits(3).says("taken/x");
    assert_eq!(model.requests(), 0);
}

#[test]
fn an_unknown_format_is_a_usage_error() {
    Workspace::greeting().prompt_cicd(["test", "--format", "jsn"]).run().exits(2).says("json");
    Workspace::greeting().prompt_cicd(["test", "--report", "report.xml"]).run().exits(2).says("FORMAT=FILE");
}

#[test]
fn logs_are_json_lines_on_standard_error() {
    let model = FakeModel::start(Behaviour::Flaky(1, 503));
    let finished = Workspace::asking(&model.base_url()).prompt_cicd(["test", "--log-format", "json", "-v", "-j", "1"]).run().exits(0);
    let line: serde_json::Value = finished.stderr.lines().find_map(|line| serde_json::from_str(line).ok()).expect("a JSON line");
    for name in ["timestamp", "level", "component", "action"] {
        assert!(line[name].is_string(), "{name} is missing in {line}");
    }
}

#[test]
fn hostile_answers_reach_the_terminal_as_plain_text() {
    let model = FakeModel::start(Behaviour::Say("\u{1b}[31m\n::error::forged\n##[error]forged \u{202e}"));
    let finished = Workspace::asking(&model.base_url()).prompt_cicd(["test"]).run().exits(10);
    assert!(!finished.stdout.contains('\u{1b}') && !finished.stdout.contains('\u{202e}'), "{:?}", finished.stdout);
    for line in finished.stdout.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
    }
}

#[test]
fn a_closed_pipe_is_no_trouble() {
    let workspace = Workspace::greeting();
    let mut child = workspace.prompt_cicd(["test", "--format", "json"]).spawn();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
