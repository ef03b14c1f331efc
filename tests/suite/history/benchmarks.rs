//! Runs of benchmarks as baselines: recorded by commit from any tool's file, and held against a new run.

use serde_json::{Value, json};

use super::baseline::git;
use crate::support::{Finished, Workspace};

/// How slow the machine of each run was: the runs differ by some per cent, the samples of each by one.
const MACHINES: [f64; 6] = [1.0, 1.03, 0.98, 1.01, 0.96, 1.04];

/// What hyperfine writes of one command and twelve runs.
fn hyperfine(factor: f64) -> String {
    let times: Vec<f64> = (0..12).map(|at| factor * (1.0 + 0.01 * f64::from(at * 5 % 12 - 6) / 6.0)).collect();
    json!({"results": [{"command": "parse", "mean": factor, "times": times}]}).to_string()
}

fn repository() -> Workspace {
    let workspace = Workspace::empty().file("parse.py", "pass\n");
    git(&workspace, &["init", "--quiet"]);
    git(&workspace, &["add", "parse.py"]);
    step(&workspace, "one");
    workspace
}

fn step(workspace: &Workspace, message: &str) -> String {
    git(workspace, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(workspace, &["rev-parse", "HEAD"])
}

fn update(workspace: &Workspace, text: &str, more: &[&str]) -> Finished {
    workspace.write("bench.json", text.as_bytes());
    workspace.prompt_cicd(["baseline", "update", "--from", "bench.json"].into_iter().chain(more.iter().copied())).run()
}

/// A commit and a run of it for each machine.
fn record(workspace: &Workspace, runs: usize) {
    for (index, factor) in MACHINES.iter().take(runs).enumerate() {
        step(workspace, &format!("change {index}"));
        update(workspace, &hyperfine(*factor), &[]).exits(0).shows("benchmarks/hyperfine: the run of 1 benchmark at ").shows(" kept");
    }
}

fn compare(workspace: &Workspace, head: &str, more: &[&str]) -> Finished {
    workspace.write("head.json", head.as_bytes());
    workspace.prompt_cicd(["compare", "head.json", "--baseline"].into_iter().chain(more.iter().copied())).run()
}

#[test]
fn a_new_run_is_held_against_the_last_runs_of_the_default_branch() {
    let workspace = repository();
    compare(&workspace, &hyperfine(1.0), &[]).exits(4).says("has no run of benchmarks/hyperfine to compare with").says("baseline update");
    record(&workspace, 4);
    // However slow: four runs tell nothing of how runs differ.
    compare(&workspace, &hyperfine(3.0), &[]).exits(13).shows("parse: 4 of at least 5 runs in the baseline: record 1 more");
    compare(&workspace, &hyperfine(3.0), &["--allow-inconclusive"]).exits(0);
    record(&workspace, 6);
    let same = compare(&workspace, &hyperfine(1.02), &["--output", "json"]).exits(0).json();
    let row = &same["benchmarks"][0];
    assert_eq!(
        (&row["decided_by"], &row["verdict"], &row["test"]),
        (&json!("runs"), &json!("non-inferior"), &json!("prediction t on logs"))
    );
    assert_eq!((&row["samples"]["base_used"], &same["base_format"]), (&json!(5), &json!("hyperfine")));
    assert!(same["against"].as_str().unwrap().starts_with("base is the last 5 runs of benchmarks/hyperfine: "), "{same:#}");
    let worse = compare(&workspace, &hyperfine(1.6), &[]).exits(12);
    worse.shows("✗ REGRESSED: 1 benchmarks: 1 failed; base is the last 5 runs of benchmarks/hyperfine").shows("ratio 1.5");
    // +24 % is beyond the margin, and not beyond what runs of this machine do.
    compare(&workspace, &hyperfine(1.24), &[]).exits(13).shows("parse: the interval spans the margin; ");
    // Head in another unit is no other benchmark where it converts; without a name in common nothing is compared.
    let other = hyperfine(1.0).replace("parse", "other");
    compare(&workspace, &other, &["--output", "json"]).exits(3).says("no benchmark in common with benchmarks/hyperfine");
}

#[test]
fn one_measurement_counts_once_and_never_against_itself() {
    let workspace = repository();
    record(&workspace, 6);
    update(&workspace, &hyperfine(MACHINES[5]), &[]).exits(0).shows("was kept already, by the same measurements");
    step(&workspace, "later");
    update(&workspace, &hyperfine(MACHINES[5]), &[]).exits(0).shows("was kept already");
    let found = compare(&workspace, &hyperfine(MACHINES[5]), &["--output", "json"]).exits(0).json();
    assert!(found["against"].as_str().unwrap().contains("head itself is recorded already"), "{found:#}");
    assert_eq!(found["benchmarks"][0]["samples"]["base_used"], 5);
    // Far fewer samples than the runs have: its median is no draw like theirs.
    let few = json!({"results": [{"command": "parse", "mean": 1.0, "times": [1.0, 1.01]}]}).to_string();
    compare(&workspace, &few, &["--allow-inconclusive"]).exits(13).shows("2 samples, where the runs of the baseline have at least 12");
}

#[test]
fn runs_are_filed_by_commit_and_only_those_that_lead_here_count() {
    let workspace = repository();
    record(&workspace, 5);
    let main = git(&workspace, &["branch", "--show-current"]);
    git(&workspace, &["checkout", "--quiet", "-b", "feature"]);
    step(&workspace, "slow");
    update(&workspace, &hyperfine(1.7), &[]).exits(0).shows("it counts once its commit is on the default branch");
    // Its own slow run excuses nothing.
    compare(&workspace, &hyperfine(1.71), &[]).exits(12).shows("1 recorded run is of commits that do not lead to");
    workspace.prompt_cicd(["baseline", "show"]).run().exits(0).shows("benchmarks/hyperfine");
    workspace.prompt_cicd(["baseline", "prune", "--unmerged"]).run().exits(0).shows("1 run went");
    git(&workspace, &["checkout", "--quiet", &main]);
    // What differs from the commit is of no commit, unless somebody names it.
    workspace.write("parse.py", b"import time\n");
    update(&workspace, &hyperfine(1.05), &[]).exits(3).says("parse.py differs from the commit that is checked out").says("--commit");
    update(&workspace, &hyperfine(1.05), &["--commit", "HEAD"]).exits(0).shows(" kept");
    update(&workspace, "[{\"name\": \"a\", \"unit\": \"s\", \"value\": 1.5}]", &["--commit", "HEAD"])
        .exits(3)
        .says("customSmallerIsBetter");
    let list = ["--commit", "HEAD", "--from-format", "customSmallerIsBetter", "--name", "api"];
    update(&workspace, "[{\"name\": \"a\", \"unit\": \"s\", \"value\": 1.5}]", &list)
        .exits(0)
        .shows("benchmarks/api: the run of 1 benchmark");
    update(&workspace, "[{\"name\": \"a\", \"unit\": \"s\", \"value\": null}]", &list).exits(4).says("no benchmark with a usable number");
}

/// Every tool whose files lie in the tests' data.
#[test]
fn files_of_every_tool_are_taken_in() {
    let data = crate::docs::root().join("tests/data/benchmarks");
    let workspace = repository();
    let mut taken = 0;
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let format: &[&str] = if name.starts_with("custom") { &["--from-format", "customSmallerIsBetter"] } else { &[] };
        let from = path.display().to_string();
        let args = ["baseline", "update", "--from", &from, "--name", &name, "--commit", "HEAD"];
        let finished = workspace.prompt_cicd(args.into_iter().chain(format.iter().copied())).run();
        if finished.code == 0 {
            finished.shows(&format!("benchmarks/{name}: the run of "));
            taken += 1;
        }
    }
    assert!(taken >= 14, "{taken} files of benchmark tools");
}

#[test]
fn values_of_one_metric_are_held_against_recorded_runs() {
    let workspace = repository();
    record(&workspace, 6);
    let detect = |values: &Value, name: &str, more: &[&str]| {
        workspace.write("now.json", values.to_string().as_bytes());
        workspace.prompt_cicd(["detect", "now.json", "--baseline", name].into_iter().chain(more.iter().copied())).run()
    };
    let values = |factor: f64| (0..20).map(|at| factor * (1.0 + 0.01 * f64::from(at % 5))).collect::<Vec<f64>>();
    detect(&json!(values(1.0)), "parse", &[]).exits(0).shows("✓ NO REGRESSION").shows("the last 5 runs of benchmarks/hyperfine");
    detect(&json!({"current_values": values(1.7), "unit": "s"}), "parse", &[]).exits(12).shows("✗ REGRESSED");
    detect(&json!({"current_values": values(1700.0), "unit": "ms"}), "hyperfine:parse", &["--margin", "0.7"]).exits(13);
    detect(&json!(values(1.7)), "parse", &["--direction", "decrease"]).exits(0);
    detect(&json!(values(1.0)), "prase", &[]).exits(4).says("no recorded benchmark `prase`; did you mean `parse`?");
    detect(&json!({"current_values": [1.0], "baseline_values": [1.0]}), "parse", &[]).exits(3).says("which are meant?");
    detect(&json!(values(1.0)), "parse", &["--tests", "t_test", "--direction", "both"])
        .exits(3)
        .says("use_statistical_tests")
        .says("`increase` or `decrease`");
    workspace.prompt_cicd(["detect", "--baseline", "1,2,3"]).run().exits(2);
    workspace.prompt_cicd(["distributions", "now.json", "--baseline", "parse"]).run().exits(3).says("no samples to show");
}
