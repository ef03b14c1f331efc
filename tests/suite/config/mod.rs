//! The configuration: what is checked, shown and said.

/// Read from GitHub.
mod at;

use crate::support::Workspace;

#[test]
fn check_reads_everything_and_asks_nothing() {
    Workspace::greeting().prompt_cicd(["config", "check"]).run().exits(0).shows("1 suite, 2 cases, 1 provider");
    let json = Workspace::greeting().prompt_cicd(["config", "check", "--format", "json"]).run().exits(0).json();
    assert_eq!(json["cases"], 2);
}

#[test]
fn show_names_the_origin_of_every_value() {
    let finished = Workspace::greeting().prompt_cicd(["config", "show"]).run().exits(0);
    let line = |path: &str| {
        finished
            .stdout
            .lines()
            .find(|line| line.starts_with(path))
            .unwrap_or_else(|| panic!("{path} is missing in\n{}", finished.stdout))
            .to_owned()
    };
    assert!(line("suites[0].concurrency").ends_with("# default"), "{}", line("suites[0].concurrency"));
    assert!(line("suites[0].name").ends_with("# prompt-cicd.yml:5"), "{}", line("suites[0].name"));
}

#[test]
fn the_schema_for_editors_is_the_shipped_one() {
    let finished = Workspace::empty().prompt_cicd(["config", "schema"]).run().exits(0);
    let shipped = include_str!("../../../schema/prompt-cicd.schema.json");
    assert!(
        finished.stdout == shipped,
        "schema/prompt-cicd.schema.json is stale: prompt-cicd config schema > schema/prompt-cicd.schema.json"
    );
}

#[test]
fn ten_mistakes_are_told_in_one_go() {
    let workspace = Workspace::greeting().file(
        "prompt-cicd.yml",
        "version: 2
provders: {}
providers:
  model: {kind: ecko}
  other: {kind: openai, base-url: 'ftp://x', model: 3}
suites:
  - name: a
    prompt: 5
    provider: model
    repeat: -1
    min-pass-rate: 1.5
    cases: []
  - name: a
    provider: nobody
    limits: {request: 30}
",
    );
    let finished = workspace.prompt_cicd(["config", "check"]).run().exits(3);
    let problems = finished.stderr.lines().filter(|line| line.starts_with("error: prompt-cicd.yml:")).count();
    assert!(problems >= 8, "{problems} problems in\n{}", finished.stderr);
}
