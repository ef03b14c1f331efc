//! What every reusable workflow holds to, and its steps carried out as the runner does: by the inputs of the action.

/// Who waits for whom.
mod queues;
/// Their tables in the reference.
mod reference;

use std::{collections::BTreeMap, fs, path::Path};

use clap::Parser as _;
use prompt_cicd::cli::{Cli, inputs};
use regex::Regex;
use serde_json::Value;

use crate::{
    docs::root,
    support::{
        Finished,
        github::{FakeGitHub, State},
        rollout::Stage,
    },
};

const REUSABLE: [&str; 9] = [
    "prompt-template-pr",
    "prompt-template-publish",
    "pull-request-checks",
    "quality-gates",
    "prompt-release",
    "gradual-rollout",
    "performance-monitoring",
    "emergency-rollback",
    "nightly",
];

fn text(folder: &str, name: &str) -> String {
    fs::read_to_string(root().join(folder).join(format!("{name}.yml"))).unwrap()
}

fn workflow(name: &str) -> Value {
    serde_yaml::from_str(&text(".github/workflows", name)).unwrap()
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

/// The steps of a job that are ours.
fn ours(job: &Value) -> Vec<&Value> {
    steps(job).filter(|step| step["uses"] == "$/" || step["uses"] == "$/setup").collect()
}

/// All steps of a job; a job that calls another workflow has none.
fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

/// What an expression gives that is more than one input; `tests/real/workflows` has GitHub's own evaluator for it.
fn computed(expression: &str, inputs: &BTreeMap<&str, String>) -> Option<String> {
    match expression {
        "inputs.skip-stages && '100' || inputs.stages" if inputs.get("skip-stages").is_some_and(|skip| skip == "true") => {
            Some("100".to_owned())
        }
        "inputs.skip-stages && '100' || inputs.stages" => Some(inputs.get("stages").cloned().unwrap_or_default()),
        "format('{0}/{1}', matrix.shard, strategy.job-total)" => Some("2/3".to_owned()),
        "format('shard=.prompt-cicd/shards/{0}.json', matrix.shard)" => Some("shard=.prompt-cicd/shards/2.json".to_owned()),
        at if at.starts_with("github.event.pull_request.base.sha || ") => Some("f".repeat(40)),
        _ => None,
    }
}

/// What the runner puts into the environment for a step's `with`; `${{ inputs.NAME }}` is what the caller gave.
fn given(step: &Value, inputs: &BTreeMap<&str, String>) -> BTreeMap<String, String> {
    let input = Regex::new(r"^\$\{\{ inputs\.([a-z-]+) \}\}$").unwrap();
    let mut found = BTreeMap::new();
    for (name, value) in step["with"].as_object().unwrap() {
        let value = value.as_str().unwrap_or_else(|| panic!("{name}: an input must be a text"));
        let inner = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}"));
        let value = match (input.captures(value), inner.and_then(|expression| computed(expression, inputs))) {
            (Some(by), _) => inputs.get(&by[1]).cloned().unwrap_or_default(),
            (None, Some(value)) => value,
            (None, None) => value.to_owned(),
        };
        assert!(!value.contains("${{"), "{name}: only a whole input can stand here: {value}");
        found.insert(format!("INPUT_{}", name.to_uppercase()), value);
    }
    found
}

/// A value for every input, so that none is left out of what the program must understand.
fn all(workflow: &Value) -> BTreeMap<&str, String> {
    let sample = |name: &str, input: &Value| match (name, input["type"].as_str().unwrap()) {
        (_, "boolean") => "true",
        (_, "number") => "5",
        ("stages", _) => "10,100",
        ("strategy", _) => "canary",
        ("comment", _) => "recreate",
        ("repeat", _) => "2",
        (_, "string") => "word",
        (_, other) => panic!("{name} is a {other}"),
    };
    let inputs = workflow["on"]["workflow_call"]["inputs"].as_object().unwrap();
    inputs.iter().map(|(name, input)| (name.as_str(), sample(name, input).to_owned())).collect()
}

#[test]
fn the_program_understands_every_step() {
    let action: Value = serde_yaml::from_str(include_str!("../../../action.yml")).unwrap();
    let mut seen = 0;
    for name in REUSABLE {
        let workflow = workflow(name);
        let inputs = all(&workflow);
        for (job, step) in jobs(&workflow).flat_map(|(job, value)| ours(value).into_iter().map(move |step| (job, step))) {
            if (name, job.as_str()) == ("gradual-rollout", "mode") {
                // Its step is there to be refused; see `a_mode_that_nobody_knows_is_refused`.
                continue;
            }
            for key in step["with"].as_object().unwrap().keys() {
                assert!(action["inputs"].get(key).is_some(), "{name}, {job}: the action has no input {key}");
            }
            for inputs in [&inputs, &BTreeMap::from([("prompt", "greeting".to_owned()), ("comment", "update".to_owned())])] {
                let variables = given(step, inputs);
                let words = inputs::arguments(vec![String::new()], &|name| variables.get(name).cloned());
                let words = words.unwrap_or_else(|error| panic!("{name}, {job}: {error}"));
                let parsed = Cli::try_parse_from(std::iter::once("prompt-cicd".to_owned()).chain(words.clone())).and_then(Cli::checked);
                assert!(parsed.is_ok(), "{name}, {job}: {words:?}: {}", parsed.unwrap_err());
                seen += 1;
            }
        }
    }
    assert!(seen >= 20, "only {seen} steps were found");
}

/// Whether a job or step with this condition runs in a mode. GitHub compares texts without their case.
fn runs(condition: Option<&Value>, mode: &str) -> bool {
    let Some(condition) = condition else { return true };
    let text = condition.as_str().unwrap().trim_start_matches("${{").trim_end_matches("}}").trim();
    let list = Regex::new(r"^(!?)contains\(fromJSON\('(\[.*\])'\), inputs\.mode\)$").unwrap();
    let one = Regex::new(r"^inputs\.mode == '([a-z]+)'( && !inputs\.dry-run)?$").unwrap();
    if let Some(found) = list.captures(text) {
        let modes: Vec<String> = serde_json::from_str(&found[2]).unwrap();
        return modes.iter().any(|known| known.eq_ignore_ascii_case(mode)) != (&found[1] == "!");
    }
    let found = one.captures(text).unwrap_or_else(|| panic!("a condition of another form: {text}"));
    found[1].eq_ignore_ascii_case(mode)
}

#[test]
fn a_mode_that_nobody_knows_is_refused() {
    let workflow = workflow("gradual-rollout");
    let expected = [("run", vec!["plan", "rollout"]), ("start", vec!["plan", "rollout"]), ("step", vec!["step"]), ("abort", vec!["abort"])];
    let others = ["runn", "", "watch", "run ", "resume"].map(|mode| (mode, vec!["mode"]));
    for (mode, jobs_of_it) in expected.into_iter().chain(others) {
        let alone = |job: &Value| runs(job.get("if"), mode);
        let running: Vec<&str> = jobs(&workflow)
            .filter(|(_, job)| alone(job) && job["needs"].as_str().is_none_or(|needed| alone(&workflow["jobs"][needed])))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(running, jobs_of_it, "mode {mode:?}");
        let watched = ours(&workflow["jobs"]["rollout"]).iter().filter(|step| runs(step.get("if"), mode)).count();
        assert_eq!(watched, if mode == "run" { 2 } else { 1 }, "mode {mode:?}");
    }
    let stage = Stage::empty("stage-duration: 1s", "1s");
    let done = carry_out(&stage, stage.workspace.path(), &ours(&workflow["jobs"]["mode"]), &BTreeMap::new());
    assert_eq!(done[0].0.code, 2, "{:?}", done[0].0);
    assert!(done[0].0.stderr.contains("mode-must-be-run-start-step-or-abort"), "{:?}", done[0].0);
}

#[test]
fn every_workflow_holds_to_the_rules() {
    let pin = Regex::new(r"^[a-z-]+/[a-z-]+(/[a-z-]+)?@[0-9a-f]{40} # v[0-9.]+$").unwrap();
    for name in REUSABLE {
        let (text, workflow) = (text(".github/workflows", name), workflow(name));
        assert!(!text.contains("pull_request_target"), "{name}");
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}: permissions at the top");
        for (job, value) in jobs(&workflow) {
            assert!(value["permissions"].as_object().is_some_and(|given| !given.is_empty()), "{name}, {job}: no permissions");
            let program = steps(value).any(|step| step.get("run").is_some());
            assert!(!program, "{name}, {job}: a step with a text of its own");
            let calls = value.get("uses").is_some();
            assert!(calls || value["timeout-minutes"].is_number() || value["timeout-minutes"].is_string(), "{name}, {job}: no timeout");
        }
        for line in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
            let own = ["$/", "$/setup"].contains(&line) || REUSABLE.iter().any(|other| line == format!("$/.github/workflows/{other}.yml"));
            assert!(own || pin.is_match(line), "{name}: not pinned: {line}");
        }
        for part in ["inputs", "outputs", "secrets"] {
            for (key, value) in workflow["on"]["workflow_call"][part].as_object().into_iter().flatten() {
                assert!(value["description"].as_str().is_some_and(|text| text.len() > 5), "{name}: {key} has no description");
            }
        }
    }
}

#[test]
fn an_emergency_checks_nothing_out_and_builds_nothing() {
    for name in ["emergency-rollback", "performance-monitoring"] {
        for (job, value) in jobs(&workflow(name)).filter(|(_, value)| value.get("steps").is_some()) {
            let others: Vec<&str> = steps(value).map(|step| step["uses"].as_str().unwrap()).filter(|uses| *uses != "$/").collect();
            assert!(others.iter().all(|uses| uses.starts_with("actions/upload-artifact@")), "{name}, {job}: {others:?}");
            // What counts is the configuration that was reviewed, whatever branch somebody starts it on.
            assert!(ours(value).iter().all(|step| step["with"]["config-at"] == "HEAD"), "{name}, {job}");
        }
    }
}

#[test]
fn callers_fit_what_they_call() {
    for name in REUSABLE {
        let text = text("workflows", name);
        let caller: Value = serde_yaml::from_str(&text).unwrap();
        assert!(!text.contains("pull_request_target"), "{name}");
        assert_eq!(caller["permissions"], serde_json::json!({}), "{name}");
        let reached: Vec<&str> = jobs(&caller).map(|(_, job)| fits(name, job)).collect();
        assert!(reached.contains(&name), "{name} calls {reached:?}");
    }
    let inner = workflow("performance-monitoring");
    assert_eq!(fits("performance-monitoring", &inner["jobs"]["rollback"]), "emergency-rollback");
}

/// Holds a job to the workflow that it calls, whose name comes back: it gives what is there and required, and grants what is needed.
fn fits<'w>(name: &str, job: &'w Value) -> &'w str {
    assert!(job.get("steps").is_none(), "{name}: a caller only calls");
    let version = format!("@v{}", env!("CARGO_PKG_VERSION"));
    let uses = job["uses"].as_str().unwrap();
    let place = uses.strip_prefix("org/prompt-cicd/").and_then(|rest| rest.strip_suffix(&version)).or_else(|| uses.strip_prefix("$/"));
    let called = place.and_then(|place| place.strip_prefix(".github/workflows/")?.strip_suffix(".yml"));
    let called = called.unwrap_or_else(|| panic!("{name} calls {uses}"));
    let reusable = workflow(called);
    for part in ["with", "secrets"] {
        let place = if part == "with" { "inputs" } else { part };
        for key in job[part].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(reusable["on"]["workflow_call"][place].get(key).is_some(), "{name}: {part} {key}");
        }
    }
    for (key, _) in reusable["on"]["workflow_call"]["inputs"].as_object().unwrap().iter().filter(|(_, input)| input["required"] == true) {
        assert!(job["with"].get(key).is_some(), "{name}: {key} is required");
    }
    for (inner, value) in jobs(&reusable) {
        for (scope, level) in value["permissions"].as_object().unwrap() {
            let has = &job["permissions"][scope];
            assert!(has == level || has == "write", "{name}: {inner} of {called} needs {scope}: {level}");
        }
    }
    called
}

#[test]
fn monitoring_reports_on_mondays_by_its_own_entry_of_the_schedule() {
    let caller: Value = serde_yaml::from_str(&text("workflows", "performance-monitoring")).unwrap();
    let entries: Vec<&str> = caller["on"]["schedule"].as_array().unwrap().iter().map(|entry| entry["cron"].as_str().unwrap()).collect();
    assert_eq!(entries, ["*/30 * * * *", "0 9 * * 1"]);
    let weekly = caller["jobs"]["monitor"]["with"]["weekly"].as_str().unwrap();
    assert!(weekly.contains("github.event.schedule == '0 9 * * 1'"), "{weekly}");
}

/// Carries out the steps of one job that are ours, in a folder, each with its outputs.
fn carry_out(stage: &Stage, folder: &Path, steps: &[&Value], inputs: &BTreeMap<&str, String>) -> Vec<(Finished, BTreeMap<String, String>)> {
    let (mut done, mut remote) = (Vec::new(), State::new());
    let here = stage.workspace.path().to_str().unwrap();
    let config = stage.workspace.read("prompt-cicd.yml");
    let config =
        config.replace("path: state", &format!("path: {here}/state")).replace("path: flags.json", &format!("path: {here}/flags.json"));
    remote.contents.insert((String::new(), "prompt-cicd.yml".to_owned()), config.into_bytes());
    let github = FakeGitHub::start(remote);
    for step in steps {
        for file in ["output", "summary"] {
            stage.workspace.write(file, b"");
        }
        let path = |name: &str| stage.workspace.path().join(name).to_str().unwrap().to_owned();
        let mut call = crate::support::PromptCicd::new(folder).args([""]);
        for (name, value) in given(step, inputs) {
            call = call.env(&name, &value);
        }
        let call = call.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &path("output")).env("GITHUB_STEP_SUMMARY", &path("summary"));
        let (api, token) = (github.api_url(), github.state().token);
        let call = call.env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token);
        let finished = call.env("GITHUB_ACTOR", "ana").run();
        let text = stage.workspace.read("output");
        let mut lines = text.lines();
        let mut outputs = BTreeMap::new();
        while let (Some(head), Some(value), Some(_)) = (lines.next(), lines.next(), lines.next()) {
            outputs.insert(head.split_once("<<").unwrap().0.to_owned(), value.to_owned());
        }
        done.push((finished, outputs));
    }
    done
}

#[test]
fn a_rollout_is_started_run_and_rolled_back_by_the_workflows_steps() {
    let stage = Stage::with("stages: [10, 100]\n  stage-duration: 100ms", "100ms");
    let rollout = workflow("gradual-rollout");
    let given = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<BTreeMap<_, _>>();
    let inputs = given(&[("prompt", "greeting"), ("environment", "production"), ("stages", "20,100"), ("dry-run", "false")]);
    let steps = ours(&rollout["jobs"]["rollout"]);
    let done = carry_out(&stage, stage.workspace.path(), &steps, &inputs);
    assert_eq!((done[0].0.code, done[0].1["rollout-status"].as_str()), (0, "progressing"), "{:?}", done[0].0);
    assert_eq!(done[0].1["traffic-percentage"], "20");
    assert_eq!((done[1].0.code, done[1].1["rollout-status"].as_str()), (0, "completed"), "{:?}", done[1].0);
    assert!(stage.workspace.read("summary").contains("1.0.0 → 2.0.0"), "{}", stage.workspace.read("summary"));
    let look = carry_out(&stage, stage.workspace.path(), &ours(&rollout["jobs"]["step"])[..1], &inputs);
    assert_eq!(look[0].1["rollout-status"], "completed");

    // As in the job: nothing is there. State and flags are elsewhere, the configuration is on GitHub.
    let reason = format!("it's \"bad\" --to 6.6.6\n`id` $(id) ::error::x 🔥 {}", "x".repeat(10_000));
    let bare = tempfile::tempdir().unwrap();
    let inputs = given(&[("prompt", "greeting"), ("environment", "production"), ("reason", &reason), ("config", "prompt-cicd.yml")]);
    let emergency = workflow("emergency-rollback");
    let seen = carry_out(&stage, bare.path(), &ours(&emergency["jobs"]["validate"]), &inputs);
    assert_eq!(seen[0].0.code, 0, "{:?}", seen[0].0);
    assert!(seen[0].0.stdout.contains("would put greeting 1.0.0 back"), "{:?}", seen[0].0);
    assert_eq!(stage.share("2.0.0"), "100");
    let done = carry_out(&stage, bare.path(), &ours(&emergency["jobs"]["rollback"]), &inputs);
    assert_eq!((done[0].0.code, done[0].1["sla-met"].as_str()), (0, "true"), "{:?}", done[0].0);
    assert!(done[0].1["rollback-id"].contains("rollback"), "{:?}", done[0].1);
    let kept = fs::read_to_string(bare.path().join(".prompt-cicd/rollback/rollback.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        (kept["rollback_id"].as_str(), kept["status"].as_str()),
        (done[0].1.get("rollback-id").map(String::as_str), Some("success"))
    );
    assert!(fs::read_to_string(bare.path().join(".prompt-cicd/rollback/rollback.md")).unwrap().contains("2.0.0 → 1.0.0"));
    assert_eq!((done[1].0.code, done[1].1["rollout-status"].as_str()), (0, "rolled-back"), "{:?}", done[1].0);
    assert_eq!((stage.share("1.0.0"), stage.share("2.0.0")), ("100".to_owned(), "0".to_owned()));
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).exits(0).json();
    assert!(history[0]["reason"].as_str().unwrap().starts_with("it's \"bad\" --to 6.6.6"), "{history}");
}

#[test]
fn a_good_rollback_leaves_the_emergency_green_whatever_was_before() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    stage.rollout("abort", []).exits(0);
    let inputs: BTreeMap<&str, String> =
        [("prompt", "greeting"), ("environment", "production"), ("reason", "again"), ("config", "prompt-cicd.yml")]
            .map(|(name, value)| (name, value.to_owned()))
            .into();
    let emergency = workflow("emergency-rollback");
    let done = carry_out(&stage, stage.workspace.path(), &ours(&emergency["jobs"]["rollback"]), &inputs);
    assert_eq!(done.iter().map(|(finished, _)| finished.code).collect::<Vec<_>>(), [0, 0], "{done:?}");
    assert_eq!(done[1].1["rollout-status"], "aborted");
}

const AT_BASE: &str = "${{ github.event.pull_request.base.sha || ";

/// What a pull request goes onto says what it has to pass.
#[test]
fn a_pull_request_does_not_choose_its_own_gates_and_checks() {
    for (name, job) in [("quality-gates", "gates"), ("pull-request-checks", "check")] {
        let workflow = workflow(name);
        let steps = ours(&workflow["jobs"][job]);
        assert!(!steps.is_empty());
        for step in steps {
            assert!(step["with"]["config-at"].as_str().is_some_and(|at| at.starts_with(AT_BASE)), "{name}: {step}");
        }
    }
}

#[test]
fn gates_see_no_committed_file_and_no_artifact_writes_over_another() {
    let workflow = workflow("quality-gates");
    let all: Vec<_> = steps(&workflow["jobs"]["gates"]).collect();
    assert!(all.iter().all(|step| !step["uses"].as_str().unwrap().starts_with("actions/checkout@")));
    let download = all.iter().find(|step| step["uses"].as_str().unwrap().starts_with("actions/download-artifact@")).unwrap();
    assert_eq!(download["with"].get("merge-multiple"), None);
    assert_eq!(ours(&workflow["jobs"]["gates"])[0]["with"]["artifacts"], download["with"]["path"]);
}

#[test]
fn no_report_is_uploaded_because_a_commit_holds_a_file_of_its_name() {
    let mut uploads = 0;
    for name in REUSABLE {
        let workflow = workflow(name);
        for step in jobs(&workflow).flat_map(|(_, job)| steps(job)) {
            if step["with"]["path"].as_str().is_some_and(|path| path.starts_with(".prompt-cicd/reports")) {
                uploads += 1;
                let condition = step["if"].as_str().unwrap_or_default();
                assert!(condition.contains("outputs.report-json") && !condition.contains("hashFiles"), "{name}: {condition}");
            }
        }
    }
    assert_eq!(uploads, 2);
    let workflow = workflow("prompt-template-pr");
    let comment = steps(&workflow["jobs"]["test"]).find(|step| step["with"]["path"] == ".prompt-cicd/comment.json").unwrap();
    let condition = comment["if"].as_str().unwrap();
    assert!(condition.contains("outputs.comment-file") && !condition.contains("hashFiles"), "{condition}");
}

#[test]
fn every_variable_of_the_profiles_is_used_by_a_workflow() {
    let profiles: Value = serde_yaml::from_str(include_str!("../../../src/config/environment-profiles.yml")).unwrap();
    let all: String = REUSABLE.iter().map(|name| text(".github/workflows", name)).collect();
    for (profile, values) in profiles.as_object().unwrap() {
        for variable in values["github"]["variables"].as_object().unwrap().keys() {
            assert!(all.contains(&format!("vars.{variable} ")), "{profile}: nothing uses {variable}");
        }
    }
}
