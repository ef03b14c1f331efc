use crate::support::{Behaviour, FakeModel, PromptCicd, Workspace};

/// A call as a step of a workflow makes it, with the runner's files in place.
fn step(workspace: &Workspace, args: &[&str]) -> PromptCicd {
    for file in ["runner/output", "runner/summary"] {
        if !workspace.path().join(file).exists() {
            workspace.write(file, b"");
        }
    }
    let path = |name: &str| workspace.path().join(name).to_str().unwrap().to_owned();
    workspace
        .prompt_cicd(args.iter().copied())
        .env("GITHUB_ACTIONS", "true")
        .env("CI", "true")
        .env("GITHUB_OUTPUT", &path("runner/output"))
        .env("GITHUB_STEP_SUMMARY", &path("runner/summary"))
        .env("GITHUB_WORKSPACE", &path(""))
}

/// The outputs as the runner reads them: `name<<delimiter`, value, delimiter.
pub(crate) fn outputs(text: &str) -> std::collections::BTreeMap<String, String> {
    let mut found = std::collections::BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap_or_else(|| panic!("{line} is no output"));
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}

#[test]
fn a_failing_run_is_seen_in_outputs_summary_and_annotations() {
    let model = FakeModel::start(Behaviour::Say("Hi there!"));
    let workspace = Workspace::asking(&model.base_url());
    let finished = step(&workspace, &["test", "--report", "json=out/report.json"]).run().exits(10);
    let outputs = outputs(&workspace.read("runner/output"));
    for (name, value) in [
        ("verdict", "failed"),
        ("exit-code", "10"),
        ("pass-rate", "0"),
        ("passed", "0"),
        ("failed", "2"),
        ("report-json", "out/report.json"),
    ] {
        assert_eq!(outputs.get(name).map(String::as_str), Some(value), "{name}: {outputs:?}");
    }
    let summary = workspace.read("runner/summary");
    assert!(summary.contains("greeting") && summary.contains("Prompt tests failed"), "{summary}");
    finished
        .says("::error title=suite greeting%3A failed,file=prompts/greeting.prompt.yml,line=4,col=27::0 of 2 samples passed%0A")
        .says("::error title=suite greeting%2C case ana%3A failed,file=cases/greeting.jsonl,line=1::contains: \"{{name}}\": ")
        .says("::error title=suite greeting%2C case ben%3A failed,file=cases/greeting.jsonl,line=2::");
}

#[test]
fn a_passing_run_is_seen_too_and_has_no_annotations() {
    let workspace = Workspace::greeting();
    let finished = step(&workspace, &["test", "--format", "json"]).run().exits(0);
    assert_eq!(outputs(&workspace.read("runner/output"))["verdict"], "passed");
    assert!(workspace.read("runner/summary").contains("Prompt tests passed"));
    assert!(!finished.stderr.contains("::error") && !finished.stderr.contains("::warning"), "{}", finished.stderr);
    assert_eq!(finished.json()["verdict"], "passed", "commands never stand in the JSON");
}

#[test]
fn a_wrong_configuration_is_annotated_where_it_is_wrong() {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml").replace("    provider: model", "    provider: model\n    concurency: 2");
    let workspace = workspace.file("prompt-cicd.yml", &config);
    step(&workspace, &["test"]).run().exits(3).says("::error title=suites[0].concurency,file=prompt-cicd.yml,line=8,col=5::unknown key");
    assert_eq!(outputs(&workspace.read("runner/output"))["exit-code"], "3");
}

#[test]
fn more_annotations_than_the_runner_keeps_are_counted() {
    let workspace = Workspace::greeting();
    let cases: Vec<String> = (0..30).map(|number| format!("{{\"id\": \"c{number}\", \"vras\": {{}}}}\n")).collect();
    let finished = step(&workspace.file("cases/greeting.jsonl", &cases.concat()), &["test"]).run().exits(3);
    assert_eq!(finished.stderr.matches("::error ").count(), 10, "{}", finished.stderr);
    // What is said as one is counted as many.
    let finished = finished.says("30 problems; nothing was run");
    assert!(finished.stderr.contains("…and 2 more") && finished.stderr.contains("20 more like this"), "{}", finished.stderr);
}

#[test]
fn hostile_answers_neither_command_the_runner_nor_break_outputs() {
    let model = FakeModel::start(Behaviour::Say("\n::set-env name=X::y\n##[add-mask]z\n::error::forged\nverdict<<E\npassed\nE\n"));
    let workspace = Workspace::asking(&model.base_url());
    let finished = step(&workspace, &["test"]).run().exits(10);
    for line in finished.stdout.lines().chain(finished.stderr.lines()) {
        let trimmed = line.trim_start();
        assert!(!trimmed.starts_with("::set-env") && !trimmed.starts_with("::error::") && !line.contains("##["), "{line}");
    }
    assert_eq!(outputs(&workspace.read("runner/output"))["verdict"], "failed");
}

#[test]
fn no_format_and_no_message_hands_on_a_command() {
    let model = FakeModel::start(Behaviour::Say("##[error]model\n::error::model"));
    let workspace = Workspace::asking(&model.base_url());
    for format in ["text", "json", "markdown", "junit", "html"] {
        let finished = step(&workspace, &["test", "--no-base", "--format", format]).run();
        assert!(!finished.stdout.contains("##[") && !finished.stderr.contains("##[error]model"), "{format}: {}", finished.stdout);
    }
    let samples =
        r###"{"metric_name": "##[error]x", "baseline_values": [1, 2, 3], "current_values": [1, 2, 3], "consider_direction": "increase"}"###;
    workspace.write("samples.json", samples.as_bytes());
    for call in [
        &["detect", "samples.json", "--format", "json"][..],
        &["test", "--dry-run", "--format", "json", "--filter", ".*"],
        &["test", "--base", "##[error]x"],
    ] {
        let finished = step(&workspace, call).run();
        assert!(!finished.stdout.contains("##[") && !finished.stderr.contains("##["), "{call:?}: {}{}", finished.stdout, finished.stderr);
    }
}

#[test]
fn a_key_is_masked_before_anything_else_is_printed() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml").replace("model: fake}", "model: fake, api-key-env: MY_LOGIN}");
    let workspace = workspace.file("prompt-cicd.yml", &config);
    let finished = step(&workspace, &["test"]).env("MY_LOGIN", "a-value-worth-hiding").run().exits(0);
    assert!(finished.stderr.starts_with("::add-mask::a-value-worth-hiding\n"), "{}", finished.stderr);
}

#[test]
fn a_summary_that_is_nearly_full_is_not_overfilled() {
    let model = FakeModel::start(Behaviour::Say("no"));
    let workspace = Workspace::asking(&model.base_url());
    workspace.write("runner/summary", "x".repeat(998_000).as_bytes());
    step(&workspace, &["test"]).run().exits(10);
    let size = workspace.read("runner/summary").len();
    assert!((998_001..=1_000_000).contains(&size), "{size} bytes");
}

#[test]
fn what_cannot_be_told_is_said_and_changes_no_verdict() {
    let workspace = Workspace::greeting();
    step(&workspace, &["test"])
        .env("GITHUB_OUTPUT", "/nowhere/output")
        .env("GITHUB_STEP_SUMMARY", "/nowhere/summary")
        .run()
        .exits(0)
        .says("/nowhere/output")
        .says("/nowhere/summary");
    // Without the runner's files nothing is missed.
    let finished = Workspace::greeting().prompt_cicd(["test"]).env("GITHUB_ACTIONS", "true").run().exits(0);
    assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
}

#[test]
fn debug_logging_of_the_runner_shows_every_step_in_a_group() {
    let quiet = step(&Workspace::greeting(), &["test"]).run().exits(0);
    assert!(!quiet.stderr.contains("::group::") && !quiet.stderr.contains("sample done"), "{}", quiet.stderr);
    let workspace = Workspace::greeting();
    // A name that would be a command in the runner's older form.
    let config = workspace.read("prompt-cicd.yml").replace("name: greeting", "name: \"##[error]greeting\"");
    let finished = step(&workspace.file("prompt-cicd.yml", &config), &["test"]).env("RUNNER_DEBUG", "1").run().exits(0);
    let (before, rest) = finished.stderr.split_once("::group::the log of prompt-cicd\n").unwrap();
    let (log, _) = rest.split_once("\n::endgroup::\n").unwrap();
    assert_eq!(before, "");
    assert_eq!(log.matches("sample done").count(), 2, "{log}");
    assert!(log.contains("[error]greeting") && !finished.stderr.contains("##["), "{log}");
    // A person at a terminal has no groups.
    let local = Workspace::greeting().prompt_cicd(["test", "-v"]).env("RUNNER_DEBUG", "1").run().exits(0);
    assert!(!local.stderr.contains("::group::") && !local.stderr.contains("sample done"), "{}", local.stderr);
}

#[test]
fn a_run_that_could_not_conclude_has_a_job_summary_too() {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml").replace("    provider: model", "    provider: model\n    concurency: 2");
    let workspace = workspace.file("prompt-cicd.yml", &config);
    step(&workspace, &["test"]).run().exits(3);
    let summary = workspace.read("runner/summary");
    assert!(summary.starts_with("## ❔ prompt-cicd could not conclude\n\n1 problem; nothing was run.\n"), "{summary}");
    assert!(summary.contains("prompt-cicd.yml:8:5: suites") && summary.contains("concurrency"), "{summary}");
    assert!(summary.contains("**Next:**"), "{summary}");
    // Many problems fit as well, and a page that is full stays whole.
    let cases: Vec<String> = (0..300).map(|number| format!("{{\"id\": \"c{number}\", \"vras\": {{}}}}\n")).collect();
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &cases.concat());
    workspace.write("runner/summary", "x".repeat(999_000).as_bytes());
    step(&workspace, &["test"]).run().exits(3);
    let summary = workspace.read("runner/summary");
    assert!(summary.len() <= 1_000_000 && summary.contains("more\n"), "{} bytes", summary.len());
}
