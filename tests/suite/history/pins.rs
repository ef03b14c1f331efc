//! What is pinned of benchmarks: never at the cost of the runs that comparisons need, and of enough runs to decide something.

use serde_json::{Value, json};

use super::baseline::git;
use crate::support::{Finished, Workspace};

/// How slow the machine of each run was.
const MACHINES: [f64; 6] = [1.0, 1.03, 0.98, 1.01, 0.96, 1.04];

/// A list of so many benchmarks with long names.
fn many(count: usize, factor: f64) -> String {
    let list: Vec<Value> = (0..count).map(|at| json!({"name": format!("{at:0>75}"), "unit": "ms", "value": 100.0 * factor})).collect();
    json!(list).to_string()
}

fn list(values: &[(&str, f64)]) -> String {
    let list: Vec<Value> = values.iter().map(|(name, value)| json!({"name": name, "unit": "ms", "value": value})).collect();
    json!(list).to_string()
}

fn repository() -> Workspace {
    let workspace = Workspace::empty();
    git(&workspace, &["init", "--quiet"]);
    workspace
}

/// A commit and a run of it.
fn record(workspace: &Workspace, text: &str) -> Finished {
    git(workspace, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
    workspace.write("run.json", text.as_bytes());
    let args = ["baseline", "update", "--from", "run.json", "--from-format", "customSmallerIsBetter", "--name", "api"];
    workspace.prompt_cicd(args).run().exits(0)
}

fn compare(workspace: &Workspace, text: &str, baseline: &str) -> Finished {
    workspace.write("head.json", text.as_bytes());
    workspace.prompt_cicd(["compare", "head.json", "--format", "customSmallerIsBetter", baseline]).run()
}

fn pin(workspace: &Workspace, name: &str) -> Finished {
    workspace.prompt_cicd(["baseline", "pin", name]).run()
}

/// A record has 496 KiB: a pin that would push out the last runs is refused, and they are as they were.
#[test]
fn a_pin_without_room_is_refused_and_takes_no_run_away() {
    let workspace = repository();
    for factor in MACHINES {
        record(&workspace, &many(200, factor));
    }
    compare(&workspace, &many(200, 1.02), "--baseline=api").exits(0);
    let refused = pin(&workspace, "v1").exits(3);
    refused.says("benchmarks/api: there is no room to pin it as v1").says("of 6 runs that count").says("baseline prune --unpin");
    compare(&workspace, &many(200, 1.02), "--baseline=api").exits(0);
    workspace.prompt_cicd(["compare", "head.json", "--format", "customSmallerIsBetter", "--baseline=api@v1"]).run().exits(4);
}

#[test]
fn runs_that_went_for_want_of_room_are_said() {
    let workspace = repository();
    for factor in &MACHINES[..4] {
        assert!(!record(&workspace, &many(400, *factor)).stderr.contains("want of room"));
    }
    let crowded = record(&workspace, &many(400, MACHINES[4]));
    crowded.says("benchmarks/api: 1 older run went for want of room (496 KiB), and 4 of at least 5 that count stay");
}

/// `new` came with the last two of the runs that are pinned.
#[test]
fn a_pin_of_too_few_runs_is_said_and_opens_nothing_unless_it_is_named() {
    let workspace = repository();
    for (run, factor) in MACHINES.iter().take(5).enumerate() {
        let values = [("old", 100.0 * factor), ("new", 10.0 * factor)];
        record(&workspace, &list(if run < 3 { &values[..1] } else { &values }));
    }
    pin(&workspace, "v1").exits(0).shows("5 runs pinned as v1");
    for factor in &MACHINES[..5] {
        let factor = factor + 0.003;
        record(&workspace, &list(&[("old", 100.0 * factor), ("new", 10.0 * factor)]));
    }
    let head = list(&[("old", 101.1), ("new", 10.11)]);
    let said = "of 1 benchmark fewer than 5 runs are pinned as v1, and not compared: `prompt-cicd baseline pin v1` pins anew";
    compare(&workspace, &head, "--baseline=api").exits(0).shows(said).shows("2 benchmarks in 3 comparisons");
    let named = compare(&workspace, &head, "--baseline=api@v1").exits(13);
    named.shows("new (pinned v1): 2 of at least 5 runs: pin it anew with `prompt-cicd baseline pin v1`");
    pin(&workspace, "v1").exits(0);
    compare(&workspace, &head, "--baseline=api@v1").exits(0);
}

/// Who names a pin is not answered with other runs.
#[test]
fn a_pin_that_does_not_have_the_benchmark_is_named() {
    let workspace = repository();
    for factor in &MACHINES[..5] {
        record(&workspace, &list(&[("old", 100.0 * factor)]));
    }
    pin(&workspace, "v1").exits(0);
    for factor in &MACHINES[..5] {
        record(&workspace, &list(&[("old", 101.0 * factor), ("new", 10.0 * factor)]));
    }
    let values: Vec<f64> = (0..20).map(|at| 10.0 + 0.01 * f64::from(at % 5)).collect();
    workspace.write("now.json", json!(values).to_string().as_bytes());
    let detect = |name: &str| workspace.prompt_cicd(["detect", "now.json", "--baseline", name]).run();
    detect("new").exits(0);
    detect("new@v1").exits(4).says("v1 has no benchmark `new`");
    detect("old@v2").exits(4).says("pinned as `v2`");
}
