//! `action.yml` and the table of inputs say the same.

use std::collections::BTreeSet;

use prompt_cicd::cli::inputs;
use regex::Regex;
use serde_json::Value;

use crate::{
    docs::root,
    support::{PromptCicd, Workspace, rollout::Stage},
};

fn action() -> Value {
    serde_yaml::from_str(include_str!("../../action.yml")).unwrap()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn inputs_are_those_of_the_table() {
    let special = [inputs::COMMAND, inputs::ARGS, inputs::WORKING_DIRECTORY, inputs::TOKEN, inputs::LOGIN].map(str::to_owned);
    let table: BTreeSet<String> = inputs::INPUTS.iter().map(|input| input.name.to_owned()).chain(special).collect();
    assert_eq!(keys(&action()["inputs"]), table);
    for (name, input) in action()["inputs"].as_object().unwrap() {
        assert!(input["description"].as_str().is_some_and(|text| text.len() > 15), "{name} has no description");
        assert!(input["default"].is_string(), "{name}: a default must be a text");
    }
}

#[test]
fn outputs_are_those_that_are_set() {
    let workspace = Workspace::greeting();
    workspace.write("output", b"");
    let output = workspace.path().join("output").to_str().unwrap().to_owned();
    workspace.prompt_cicd(["test"]).env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &output).run().exits(0);
    let stage = Stage::empty("stage-duration: 0s", "100ms");
    stage.version("1.0.0");
    let start = stage.workspace.prompt_cicd(["rollout", "start", "greeting"]);
    start.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &output).run().exits(0);
    let mut set: BTreeSet<String> = workspace.read("output").lines().filter_map(|line| Some(line.split_once("<<")?.0.to_owned())).collect();
    // Set by `monitor` alone; `tests/suite/monitor/issues.rs` looks at it.
    set.insert("rollback-requested".to_owned());
    // Set by `release`; `tests/suite/versions.rs` looks at them.
    set.extend(["version", "tag", "release-url"].map(str::to_owned));
    assert_eq!(keys(&action()["outputs"]), set);
}

#[test]
fn the_image_has_our_version_and_is_never_built_at_use() {
    let image = action()["runs"]["image"].as_str().unwrap().to_owned();
    assert!(image.starts_with("docker://") && image.ends_with(concat!(":", env!("CARGO_PKG_VERSION"))), "{image}");
}

/// A call as the runner makes it: no arguments, every declared input in the environment, empty where it is not set.
fn uses(workspace: &Workspace, with: &[(&str, &str)]) -> PromptCicd {
    let action = action();
    let mut call = workspace.prompt_cicd([""]).env("GITHUB_ACTIONS", "true");
    for (name, input) in action["inputs"].as_object().unwrap() {
        let value = with.iter().find(|(given, _)| given == name).map_or(input["default"].as_str().unwrap(), |(_, value)| value);
        call = call.env(&format!("INPUT_{}", name.to_uppercase()), value);
    }
    call
}

#[test]
fn the_action_runs_by_its_inputs_alone() {
    uses(&Workspace::greeting(), &[]).run().exits(0).shows("PASSED");
    let json =
        uses(&Workspace::greeting(), &[("filter", "greeting/ana\n"), ("format", "json"), ("args", "--repeat '2'")]).run().exits(0).json();
    assert_eq!(json["total_tests"], 2);
    uses(&Workspace::greeting(), &[("command", "config check")]).run().exits(0).shows("2 cases");
    uses(&Workspace::greeting(), &[("dry-run", "yes")]).run().exits(2).says("write true or false");
    uses(&Workspace::greeting(), &[("working-directory", "nowhere")]).run().exits(3).says("nowhere");
}

#[test]
fn config_show_names_inputs_and_environment() {
    let shown =
        uses(&Workspace::greeting(), &[("command", "config show")]).env("INPUT_REPEAT", "").env("PROMPT_TEST_TIMEOUT", "60").run().exits(0);
    let shown = shown.shows("# environment PROMPT_TEST_TIMEOUT");
    assert!(shown.stdout.contains("suites[0].limits.request: 60"), "{}", shown.stdout);
}

#[test]
fn the_image_is_built_from_every_file_that_the_program_holds() {
    let held = Regex::new(r#"include_(?:str|bytes)!\("(?:\.\./)+([a-z]+)/"#).unwrap();
    let mut folders = BTreeSet::new();
    let mut open = vec![root().join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.to_str().unwrap().contains("tests") && path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // Tests are not in the image.
            let product = text.split("#[cfg(test)]").next().unwrap();
            folders.extend(held.captures_iter(product).map(|found| found[1].to_owned()));
        }
    }
    assert!(folders.contains("workflows") && folders.contains("templates"), "{folders:?}");
    // Oracles of unit tests are in files of their own.
    for folder in folders.into_iter().filter(|folder| folder != "tests" && folder != "docs") {
        let copied = |file: &str, line: &str| {
            let text = std::fs::read_to_string(root().join(file)).unwrap();
            assert!(text.lines().any(|found| found.contains(line)), "{file} lacks {folder}");
        };
        copied("Dockerfile", &format!("COPY {folder} {folder}"));
        copied(".dockerignore", &format!("!{folder}"));
        copied("scripts/image", &format!(" {folder}"));
    }
}
