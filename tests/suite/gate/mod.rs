//! From other tools' files to open and closed gates.

mod behaviour;
mod large;
mod metrics;
mod presets;

use std::fs;

use crate::support::Workspace;

const COVERAGE: &str = "<coverage line-rate=\"0.845\" lines-valid=\"1000\"/>";
const JUNIT: &str = "<testsuites><testcase name=\"a\"/><testcase name=\"b\"><failure/></testcase></testsuites>";

/// A repository whose configuration has these gates.
fn gated(gates: &str) -> Workspace {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml");
    workspace.file("prompt-cicd.yml", &format!("{config}\ngates:\n{gates}"))
}

#[test]
fn an_open_gate_shows_value_bound_and_source() {
    let workspace =
        gated("  rules: {coverage: {file: coverage.xml, measure: line-coverage, at-least: 80}}\n").file("coverage.xml", COVERAGE);
    let finished = workspace.prompt_cicd(["gate"]).run().exits(0);
    finished.shows("✓ OPEN: 1 gate: 1 open").shows("✓ coverage: 84.5 (at least 80; line-coverage in coverage.xml)");
}

#[test]
fn each_way_to_close_a_gate_exits_with_13_and_says_why() {
    let workspace = gated(
        "  rules:\n    coverage: {file: coverage.xml, measure: line-coverage, at-least: 85}\n    failures: {file: junit.xml, measure: failures, at-most: 0}\n    missing: {file: nowhere.xml, measure: tests, above: 0}\n    other: {file: junit.xml, format: cobertura, measure: line-coverage, above: 0}\n    soft: {file: junit.xml, measure: tests, at-least: 300, on-fail: warn}\n",
    )
    .file("coverage.xml", COVERAGE)
    .file("junit.xml", JUNIT);
    let finished = workspace.prompt_cicd(["gate"]).run().exits(13);
    finished
        .shows("✗ CLOSED: 5 gates: 4 closed, 1 to look at")
        .shows("84.5 is not at least 85")
        .shows("1 is not at most 0")
        .shows("nowhere.xml: ")
        .shows("did the step before write it?")
        .shows("its first element is not <coverage>; it looks like `junit`")
        .shows("! soft: 2 (at least 300; tests in junit.xml)");
    workspace.prompt_cicd(["gate", "--no-fail"]).run().exits(0).shows("CLOSED");
    workspace.prompt_cicd(["gate", "soft"]).run().exits(0).shows("✓ OPEN: 1 gate: 1 to look at");
    let json = workspace.prompt_cicd(["gate", "--format", "json"]).run().exits(13).json();
    assert_eq!((&json["passed"], &json["gates"][0]["value"], &json["gates"][2]["status"]), (&false.into(), &84.5.into(), &"failed".into()));
}

#[test]
fn a_file_on_the_command_line_takes_the_place_of_the_configurations() {
    let workspace = gated("  presets: [quality]\n").file("elsewhere.xml", COVERAGE);
    workspace.prompt_cicd(["gate", "coverage", "--file", "coverage=elsewhere.xml"]).run().exits(0).shows("84.5");
    workspace.prompt_cicd(["gate", "--file", "covrage=elsewhere.xml"]).run().exits(4).says("no gate `covrage`; it has coverage, tests,");
    workspace.prompt_cicd(["gate", "--file", "elsewhere.xml"]).run().exits(2).says("write it as NAME=PATH");
    Workspace::greeting().prompt_cicd(["gate"]).run().exits(4).says("the configuration has no gates");
}

#[test]
fn a_ratchet_holds_what_main_had() {
    let rules = "  rules: {coverage: {file: coverage.xml, measure: line-coverage, at-least: 50, never-worse: 0.5}}\n";
    let workspace = gated(rules).file("coverage.xml", COVERAGE);
    workspace.prompt_cicd(["gate"]).run().exits(13).shows("`never-worse` needs a baseline");
    // The first run of main saves its numbers, closed as it is.
    workspace.prompt_cicd(["gate", "--save", "gates.json", "--no-fail"]).run().exits(0);
    workspace.prompt_cicd(["gate", "--baseline", "gates.json"]).run().exits(0).shows("never worse than 84.5");
    let worse = workspace.file("coverage.xml", "<coverage line-rate=\"0.80\"/>");
    worse.prompt_cicd(["gate", "--baseline", "gates.json"]).run().exits(13).shows("worse than the baseline's 84.5 by more than 0.5");
    worse.prompt_cicd(["gate", "--baseline", "nowhere.json"]).run().exits(13).shows("the baseline: nowhere.json: ");
    worse.prompt_cicd(["gate", "--baseline", "coverage.xml"]).run().exits(13).shows("the baseline coverage.xml: ");
}

#[test]
fn hostile_names_and_files_stay_where_they_are_put() {
    let workspace = gated("  rules: {\"a | b\\n::error::x\": {file: \"c@team|.xml\", measure: tests, above: 0}}\n");
    let finished = workspace.prompt_cicd(["gate", "--format", "markdown"]).run().exits(13);
    let row = finished.stdout.lines().find(|line| line.contains("closed")).unwrap().to_owned();
    assert!(!finished.stdout.lines().any(|line| line.trim_start().starts_with("::")), "{}", finished.stdout);
    assert!(!row.contains("@team"), "{row}");
    let summary = finished.stdout.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(summary, 3, "{}", finished.stdout);
}

#[test]
fn a_workflow_gets_outputs_annotations_and_a_summary() {
    let workspace = gated("  rules: {tests: {file: junit.xml, measure: failures, at-most: 0}}\n")
        .file("junit.xml", JUNIT)
        .file("out", "")
        .file("summary", "");
    let root = workspace.path().to_owned();
    let finished = workspace
        .prompt_cicd(["gate"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", root.join("out").to_str().unwrap())
        .env("GITHUB_STEP_SUMMARY", root.join("summary").to_str().unwrap())
        .run()
        .exits(13);
    finished.says("::error title=gate tests,file=prompt-cicd.yml::1 is not at most 0");
    assert!(workspace.read("out").contains("exit-code<<"), "{}", workspace.read("out"));
    assert!(workspace.read("summary").contains("❌ Gates closed"), "{}", workspace.read("summary"));
}

#[test]
fn the_output_is_the_exit_code_also_when_the_numbers_could_not_be_saved() {
    let workspace = gated("  rules: {tests: {file: junit.xml, measure: failures, at-most: 5}}\n").file("junit.xml", JUNIT).file("out", "");
    let out = workspace.path().join("out");
    let gate = |arguments: &[&str]| {
        fs::write(&out, "").unwrap();
        let run = workspace
            .prompt_cicd(arguments.iter().copied())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", out.to_str().unwrap())
            .run();
        let written = workspace.read("out");
        let value = written.split("exit-code<<").nth(1).and_then(|rest| rest.lines().nth(1)).map(str::to_owned);
        assert_eq!(value, Some(run.code.to_string()), "{written}");
        run
    };
    gate(&["gate"]).exits(0);
    gate(&["gate", "--save", "junit.xml/gates.json"]).exits(3);
}

#[test]
fn each_artifact_has_a_folder_and_a_name_that_two_have_closes_the_gate() {
    let workspace = gated("  rules:\n    coverage: {file: coverage.xml, measure: line-coverage, at-least: 80}\n")
        .file("coverage.xml", COVERAGE)
        .file("quality/quality-lint/lint.json", "[]");
    let judged = |workspace: &Workspace| workspace.prompt_cicd(["gate", "--artifacts", "quality"]).run();
    // What lies beside the configuration is not what a job uploaded.
    judged(&workspace).exits(13).shows("no artifact in quality has the file coverage.xml; did the job before upload it?");
    workspace.write("quality/quality-unit/coverage.xml", COVERAGE.as_bytes());
    judged(&workspace).exits(0).shows("✓ coverage: 84.5");
    workspace.write("quality/quality-web/coverage.xml", COVERAGE.replace("0.845", "0.1").as_bytes());
    judged(&workspace).exits(13).shows("coverage.xml is in several artifacts (quality-unit/coverage.xml, quality-web/coverage.xml)");
    for (file, code, said) in [
        ("quality-web/coverage.xml", 13, "10 is not at least 80"),
        ("quality-unit/coverage.xml", 0, "✓ coverage: 84.5"),
        ("../coverage.xml", 13, "../coverage.xml is no path within an artifact"),
    ] {
        let config = workspace.read("prompt-cicd.yml");
        workspace.write("prompt-cicd.yml", config.replace("file: coverage.xml", &format!("file: {file}")).as_bytes());
        judged(&workspace).exits(code).shows(said);
        workspace.write("prompt-cicd.yml", config.as_bytes());
    }
    fs::remove_dir_all(workspace.path().join("quality")).unwrap();
    judged(&workspace).exits(13).shows("no artifact in quality has the file coverage.xml");
    // As in the workflow: the inputs become flags, also the prompt, which other commands take as a word.
    let input = |name: &'static str, value: &'static str| (name, value);
    let step = [input("INPUT_COMMAND", "gate"), input("INPUT_ARTIFACTS", "quality"), input("INPUT_PROMPT", "greeting")];
    let call = step.iter().fold(workspace.prompt_cicd([]), |call, (name, value)| call.env(name, value));
    call.env("INPUT_BASELINE", "no.json").env("INPUT_ENVIRONMENT", "production").run().exits(13).shows("no artifact in quality");
}
