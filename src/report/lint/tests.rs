use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::{
    domain::{
        diagnostic::Place,
        lint::{LintReport, LintSettings},
    },
    report::fixture::HOSTILE,
};

const PLAIN: Style = Style { color: false, width: 120, verbose: false };

fn finding(rule: &'static str, severity: Severity, place: Place, message: &str) -> Finding {
    Finding { place, rule, severity, message: message.to_owned(), help: "mend it".to_owned(), ignored: None }
}

fn run(findings: Vec<Finding>) -> LintRun {
    let severities: BTreeMap<_, _> = LintSettings::catalogue();
    let settings = LintSettings {
        enabled: true,
        fail_on: Severity::Error,
        severities,
        min_length: 1,
        max_length: 100,
        ignore: Vec::new(),
        scan_output: false,
    };
    LintRun { report: LintReport { findings, left_out: 0 }, prompts: 1, cases: 2, settings }
}

fn some() -> LintRun {
    let ignored = Finding {
        ignored: Some("on purpose".to_owned()),
        ..finding("secrets", Severity::Error, Place::line("cases/a.jsonl", 4), "key: `abcd…`")
    };
    run(vec![
        finding("unused_variable", Severity::Warning, Place::file("prompts/a b.yml"), "no message uses variable `x`"),
        finding("prompt_injection", Severity::Error, Place::at("prompts/a b.yml", 3, 7), "overrides instructions: `x`"),
        finding("prompt_injection", Severity::Error, Place::at("prompts/a b.yml", 9, 7), "overrides instructions: `x`"),
        ignored,
    ])
}

fn rendered(format: Format, run: &LintRun) -> String {
    let mut out = Vec::new();
    render(format, run, &PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_has_the_worst_first_and_the_same_advice_once() {
    insta::assert_snapshot!(rendered(Format::Text, &some()), @"
    ✗ FAILED: 2 errors, 1 warning in 1 prompt, 2 cases
    prompts/a b.yml:3:7: error: overrides instructions: `x` [prompt_injection]
      help: mend it
    prompts/a b.yml:9:7: error: overrides instructions: `x` [prompt_injection]
    prompts/a b.yml: warning: no message uses variable `x` [unused_variable]
      help: mend it
    1 finding ignored by the configuration.
    Next: mend them, or accept them in `lints.ignore` with the reason.
    ");
}

#[test]
fn nothing_found_is_said() {
    insta::assert_snapshot!(rendered(Format::Text, &run(Vec::new())), @"✓ PASSED: no finding in 1 prompt, 2 cases");
    let warned = run(vec![finding("max_length", Severity::Warning, Place::file("p"), "long")]);
    assert!(rendered(Format::Text, &warned).starts_with("✓ PASSED: 1 warning in 1 prompt, 2 cases, all below `error`\n"));
}

#[test]
fn sarif_has_what_code_scanning_asks_for() {
    let sarif: Value = serde_json::from_str(&rendered(Format::Sarif, &some())).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!((&sarif["version"], &run["tool"]["driver"]["name"]), (&"2.1.0".into(), &"prompt-cicd".into()));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["help"]["text"].is_string() && rule["shortDescription"]["text"].is_string()));
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    }
    let physical = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "prompts/a%20b.yml");
    assert_eq!(physical["region"], serde_json::json!({"startLine": 3, "startColumn": 7}));
    assert_eq!(results[3]["suppressions"][0]["justification"], "on purpose");
    let names: std::collections::BTreeSet<_> = results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert_eq!(names.len(), 4, "every finding has a fingerprint of its own");
}

#[test]
fn sarif_holds_what_code_scanning_takes_and_says_what_it_left_out() {
    let at = |number| Place::line(format!("prompts/p{number:05}.yml"), 1);
    let weigh = |number: usize| if number.is_multiple_of(10) { Severity::Error } else { Severity::Note };
    let mut many: Vec<Finding> = (0..sarif::MOST * 3).map(|number| finding("secrets", weigh(number), at(number), "m")).collect();
    many[0].ignored = Some("on purpose".to_owned());
    let mut run = run(many);
    run.report.left_out = 7;
    let text = rendered(Format::Sarif, &run);
    let sarif: Value = serde_json::from_str(&text).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let errors = results.iter().filter(|result| result["level"] == "error").count();
    assert_eq!((results.len(), errors), (sarif::MOST, sarif::MOST * 3 / 10 - 1), "every error that counts is there");
    assert!(results.iter().all(|result| result.get("suppressions").is_none()), "what is ignored goes first");
    assert_eq!(
        sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
        "10\u{202f}007 more findings not in this file; prompt-cicd lint counts them all."
    );
    assert!(text.len() < 10 * 1024 * 1024, "{} bytes, which is too much even when it is not compressed", text.len());
}

#[test]
fn a_fingerprint_stays_when_lines_move() {
    let moved = |line| run(vec![finding("secrets", Severity::Error, Place::at("p", line, 1), "m")]);
    assert_eq!(fingerprints(&moved(1)), fingerprints(&moved(20)));
}

#[test]
fn hostile_findings_act_nowhere() {
    let run = run(vec![finding("secrets", Severity::Error, Place::file("::error::x\n|<b>"), HOSTILE)]);
    for format in [Format::Text, Format::Json, Format::Sarif, Format::Markdown] {
        let out = rendered(format, &run);
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r']) && !out.contains("##["), "{out}");
        assert!(!out.lines().any(|line| line.trim_start().starts_with("::")), "{out}");
    }
    let markdown = rendered(Format::Markdown, &run);
    assert!(!markdown.contains("<b>") && !markdown.contains("@octocat") && !markdown.contains("https://"), "{markdown}");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| error")).count(), 1);
}

#[test]
fn json_keeps_what_is_ignored_apart() {
    let json: Value = serde_json::from_str(&rendered(Format::Json, &some())).unwrap();
    assert_eq!((&json["passed"], &json["fail_on"]), (&false.into(), &"error".into()));
    assert_eq!(json["findings"][1]["column"], 7);
    assert_eq!(json["findings"][3]["ignored"], "on purpose");
    assert!(json["findings"][0]["ignored"].is_null() && json["findings"][0]["line"].is_null());
}
