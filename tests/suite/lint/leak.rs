//! A secret in an answer: found, named, and shown nowhere.

use std::path::Path;

use serde_json::Value;

use super::configured;
use crate::support::{Behaviour, FakeModel, Workspace};

/// What the model gives away, in two parts so that no scanner takes this file for a leak.
const KEY: &str = concat!("AKIA", "QYLPMN5HFIQR7XYA");
/// What of it is shown nowhere.
const REST: &str = "QYLPMN5H";

/// As the assistant the model leaks, as a judge it quotes the leak.
fn leaking() -> FakeModel {
    FakeModel::start(Behaviour::Rule(|_, said| {
        Ok(if said.contains("Be warm.") {
            format!(r#"{{"reason": "it says {KEY}", "pass": false}}"#)
        } else {
            format!("Take {KEY} for it.")
        })
    }))
}

fn workspace(model: &FakeModel) -> Workspace {
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml").replace(
        "        - contains: \"{{name}}\"\n",
        "        - equals: \"{{name}}\"\n        - {type: llm-rubric, value: Be warm., judge: model}\n",
    );
    configured(workspace.file("prompt-cicd.yml", &config), "lints: {scan-output: true}\n")
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()));
        }
    }
    found
}

#[test]
fn a_leaked_secret_is_in_no_output_and_no_recording() {
    let model = leaking();
    let workspace = workspace(&model);
    let formats = ["json=o.json", "html=o.html", "junit=o.xml", "markdown=o.md", "text=o.txt", "sarif=o.sarif", "shard=o.part"];
    let reports = formats.iter().flat_map(|report| ["--report", report]);
    let args = ["test", "-v", "--record", "tape.jsonl", "--record-history", "--confirm"].into_iter().chain(reports);
    let finished = workspace.prompt_cicd(args).run().exits(10);
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains(REST), "{text}");
    }
    assert!(finished.stdout.contains("Take AKIA[redacted] for it."), "{}", finished.stdout);
    let files = files(workspace.path());
    let leaks: Vec<&str> = files.iter().filter(|(_, text)| text.contains(REST)).map(|(path, _)| path.as_str()).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(files.len() > formats.len() + 4, "history was kept too: {files:?}");
    let json: Value = serde_json::from_str(&workspace.read("o.json")).unwrap();
    let sample = &json["test_case_results"][0];
    assert_eq!(sample["grader_calls"][0]["answer"], "{\"reason\": \"it says AKIA[redacted]\", \"pass\": false}");
    assert!(sample["assertions"][0]["reason"].as_str().unwrap().contains("AKIA[redacted]"), "{sample:#}");
}

#[test]
fn a_secret_in_a_tool_call_fails_the_sample_and_is_shown_nowhere() {
    const CALLING: &str = concat!(
        r#"{"choices": [{"message": {"content": "Ana Ben", "tool_calls": [{"type": "function", "function": "#,
        r#"{"name": "store", "arguments": "{\"key\": \"AKIA"#,
        "QYLPMN5HFIQR7XYA",
        r#"\"}"}}]}, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}"#
    );
    let model = FakeModel::start(Behaviour::Body(CALLING));
    let asking = |lints: &str| {
        let workspace = Workspace::asking(&model.base_url());
        let config = workspace.read("prompt-cicd.yml").replace("- contains: \"{{name}}\"", "- contains: Ana");
        configured(workspace.file("prompt-cicd.yml", &config), lints)
    };
    asking("lints: {scan-output: false}\n").prompt_cicd(["test"]).run().exits(0);
    let workspace = asking("lints: {scan-output: true}\n");
    let finished =
        workspace.prompt_cicd(["test", "--format", "json", "--report", "html=o.html", "--report", "junit=o.xml"]).run().exits(10);
    let json = finished.json();
    let assertions = json["test_case_results"][0]["assertions"].as_array().unwrap();
    let scan = assertions.iter().find(|assertion| assertion["name"] == "scan:secrets").unwrap();
    assert!(scan["passed"] == false && scan["reason"].as_str().unwrap().contains("AKIA"), "{scan}");
    for text in [&finished.stdout, &finished.stderr, &workspace.read("o.html"), &workspace.read("o.xml")] {
        assert!(!text.contains(REST), "{text}");
    }
}

#[test]
fn a_judge_that_writes_the_secret_otherwise_shows_it_no_more_than_one_that_quotes_it() {
    let model = FakeModel::start(Behaviour::Rule(|_, said| {
        let otherwise = KEY.to_lowercase();
        let (one, other) = otherwise.split_at(10);
        Ok(if said.contains("Be warm.") {
            format!(r#"{{"reason": "it says {otherwise} or {one}-{other} or {one} {other}", "pass": false}}"#)
        } else {
            format!("Take {KEY} for it.")
        })
    }));
    let workspace = workspace(&model);
    let finished =
        workspace.prompt_cicd(["test", "--format", "json", "--report", "html=o.html", "--report", "markdown=o.md"]).run().exits(10);
    assert!(finished.stdout.contains("it says [redacted] or [redacted] or [redacted]"), "{}", finished.stdout);
    for text in [finished.stdout.as_str(), &workspace.read("o.html"), &workspace.read("o.md")] {
        assert!(!text.to_lowercase().contains("mn5hfi"), "{text}");
    }
}

#[test]
fn a_secret_in_a_variable_that_stops_the_run_is_in_no_report() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let cases = format!("{{\"id\": \"ana\", \"vars\": {{\"name\": \"{KEY}\"}}}}\n");
    let workspace = workspace.file("cases/greeting.jsonl", &cases);
    let formats = ["json=o.json", "html=o.html", "junit=o.xml", "markdown=o.md", "text=o.txt", "sarif=o.sarif", "shard=o.part"];
    let args = ["test", "-v", "--record-history"].into_iter().chain(formats.iter().flat_map(|report| ["--report", report]));
    let finished = workspace.prompt_cicd(args).run().exits(11).shows("the lints stopped the run");
    assert_eq!(model.requests(), 0);
    let json: Value = serde_json::from_str(&workspace.read("o.json")).unwrap();
    assert_eq!(json["test_case_results"][0]["input"]["name"], "AKIA[redacted]", "{json:#}");
    let told = files(workspace.path()).into_iter().filter(|(path, _)| !path.ends_with("greeting.jsonl"));
    for (whose, text) in told.chain([("stdout".to_owned(), finished.stdout), ("stderr".to_owned(), finished.stderr)]) {
        assert!(!text.contains(REST), "{whose}: {text}");
    }
}

#[test]
fn an_answer_that_nobody_could_judge_is_cut_too() {
    let model = FakeModel::start(Behaviour::Rule(|_, _| Ok(format!("Take {KEY} for it."))));
    let workspace = workspace(&model);
    let finished = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(30);
    assert!(!finished.stdout.contains(REST) && finished.stdout.contains("Take AKIA[redacted] for it."), "{}", finished.stdout);
}

#[test]
fn code_scanning_gets_what_was_found_in_answers_whole_and_merged() {
    let model = leaking();
    let workspace = workspace(&model);
    let results = |file: &str| {
        let sarif: Value = serde_json::from_str(&workspace.read(file)).unwrap();
        sarif["runs"][0]["results"].clone()
    };
    workspace.prompt_cicd(["test", "--repeat", "2", "--report", "sarif=whole.sarif"]).run().exits(10);
    let whole = results("whole.sarif");
    assert_eq!(whole.as_array().unwrap().len(), 2, "one for each case: {whole:#}");
    assert_eq!((&whole[0]["ruleId"], &whole[0]["level"]), (&"secrets".into(), &"error".into()));
    assert_eq!(whole[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "prompts/greeting.prompt.yml");
    let said = whole[0]["message"]["text"].as_str().unwrap();
    assert!(said.contains("the answer to case `ana` of suite `greeting`: AWS access key id: `AKIA…`"), "{said}");
    for part in ["1", "2"] {
        let (shard, report) = (format!("{part}/2"), format!("shard=part{part}.json"));
        workspace.prompt_cicd(["test", "--repeat", "2", "--shard", &shard, "--report", &report]).run();
    }
    workspace.prompt_cicd(["report", "merge", "part1.json", "part2.json", "--report", "sarif=merged.sarif"]).run().exits(10);
    assert_eq!(results("merged.sarif"), whole);
}
