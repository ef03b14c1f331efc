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

/// Five runs of one commit within a second say how this minute differs from itself.
#[test]
fn several_runs_of_one_commit_are_one() {
    let workspace = repository();
    let five = [1.0, 1.001, 0.999, 1.002, 0.998];
    for factor in five {
        update(&workspace, &hyperfine(factor), &[]).exits(0);
    }
    let few = compare(&workspace, &hyperfine(1.6), &[]).exits(13);
    few.shows("parse: 1 of at least 5 runs in the baseline: record 4 more, of other commits").shows("4 runs left out: of each commit");
    let values = json!((0..20).map(|at| 1.6 + 0.01 * f64::from(at % 5)).collect::<Vec<f64>>());
    workspace.write("now.json", values.to_string().as_bytes());
    workspace.prompt_cicd(["detect", "now.json", "--baseline", "parse"]).run().exits(13).shows("1 of at least 5 runs");
    // Where nobody knows the commit, runs of one hour are one.
    let nowhere = Workspace::empty();
    for factor in five {
        update(&nowhere, &hyperfine(factor), &[]).exits(0).shows("of no commit kept");
    }
    compare(&nowhere, &hyperfine(1.6), &[]).exits(13).shows("parse: 1 of at least 5 runs in the baseline");
    // What is pinned is one run of each commit, too.
    workspace.prompt_cicd(["baseline", "pin", "v1"]).run().exits(4).says("1 of at least 5 runs, and what is pinned of fewer");
    for factor in &MACHINES[1..5] {
        step(&workspace, "another");
        update(&workspace, &hyperfine(*factor), &[]).exits(0);
    }
    compare(&workspace, &hyperfine(1.6), &[]).exits(12).shows("base is the last 5 runs");
}

#[test]
fn what_creeps_in_is_found_against_what_is_pinned() {
    let workspace = repository();
    record(&workspace, 5);
    workspace.prompt_cicd(["baseline", "pin", "release-1.0"]).run().exits(0).shows("5 runs pinned as release-1.0");
    compare(&workspace, &hyperfine(1.015), &[]).exits(0).shows("1 benchmarks in 2 comparisons");
    // Each step is small, and hides in the last runs.
    for (index, factor) in [1.1, 1.18, 1.25, 1.33, 1.4].into_iter().enumerate() {
        step(&workspace, &format!("slower {index}"));
        update(&workspace, &hyperfine(factor), &[]).exits(0);
    }
    let found = compare(&workspace, &hyperfine(1.42), &["--output", "json"]).exits(12).json();
    let failed: Vec<&Value> = found["benchmarks"].as_array().unwrap().iter().filter(|row| row["fails"] == true).collect();
    assert_eq!((failed.len(), &failed[0]["pinned"]), (1, &json!("release-1.0")), "{found:#}");
    assert!(found["against"].as_str().unwrap().contains("base is also what is pinned as release-1.0: 5 runs: "), "{found:#}");
    workspace.prompt_cicd(["baseline", "pin", "release-0.9", "--at", "HEAD~5"]).run().exits(0);
    let both = compare(&workspace, &hyperfine(1.42), &[]).exits(12);
    both.shows("parse (pinned release-0.9)").shows("parse (pinned release-1.0)");
    let one = workspace.prompt_cicd(["compare", "head.json", "--baseline=hyperfine@release-1.0"]).run().exits(12);
    assert!(!one.stdout.contains("release-0.9"), "{}", one.stdout);
    let none = workspace.prompt_cicd(["compare", "head.json", "--baseline=hyperfine@release-1.1"]).run().exits(4);
    none.says("nothing of benchmarks/hyperfine pinned as `release-1.1`; did you mean `release-1.0`?");
    let values = json!((0..20).map(|at| 1.42 + 0.001 * f64::from(at % 5)).collect::<Vec<f64>>());
    workspace.write("now.json", values.to_string().as_bytes());
    let detect = |name: &str| workspace.prompt_cicd(["detect", "now.json", "--baseline", name]).run();
    detect("parse").exits(12).shows("parse (pinned release-1.0)").shows("parse (pinned release-0.9)");
    detect("hyperfine:parse@release-1.0").exits(12).shows("parse (pinned release-1.0)");
    detect("parse@nope").exits(4).says("pinned as `nope`");
}

/// In a folder of a repository it is the whole work tree that was measured.
#[test]
fn a_change_elsewhere_in_the_work_tree_is_of_no_commit() {
    let workspace = repository();
    for (name, text) in [("bench/run.py", "pass\n"), (".gitignore", ".prompt-cicd\n*.json\n")] {
        workspace.write(name, text.as_bytes());
    }
    git(&workspace, &["add", "bench", ".gitignore"]);
    step(&workspace, "a folder");
    let folder = workspace.path().join("bench");
    let update = |factor: f64| {
        std::fs::write(folder.join("bench.json"), hyperfine(factor)).unwrap();
        crate::support::PromptCicd::new(&folder).args(["baseline", "update", "--from", "bench.json"]).run()
    };
    update(1.0).exits(0).shows(" kept");
    workspace.write("parse.py", b"import time\n");
    update(1.1).exits(3).says("parse.py differs from the commit that is checked out");
    git(&workspace, &["checkout", "--quiet", "parse.py"]);
    git(&workspace, &["update-index", "--assume-unchanged", "parse.py"]);
    update(1.1).exits(3).says("parse.py differs");
    git(&workspace, &["update-index", "--no-assume-unchanged", "parse.py"]);
    update(1.1).exits(0).shows(" kept");
    // Nothing is followed: there is nothing that could differ.
    let bare = Workspace::empty();
    git(&bare, &["init", "--quiet"]);
    step(&bare, "empty");
    self::update(&bare, &hyperfine(1.0), &[]).exits(0).shows(" kept");
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

/// Every tool whose files lie in the tests' data; what is no result is refused by its name, with the reason.
#[test]
fn files_of_every_tool_are_taken_in() {
    let data = crate::docs::root().join("tests/data/benchmarks");
    let workspace = repository();
    let refused = [("README.md", "expected value at line 1 column 1"), ("written", "the name `toy/same` stands for 3 benchmarks")];
    let mut taken = 0;
    let listed = |folder: &std::path::Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    for path in listed(&data).into_iter().chain(listed(&data.join("written/base"))) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let format: &[&str] = if name.starts_with("custom") { &["--from-format", "customSmallerIsBetter"] } else { &[] };
        let from = path.display().to_string();
        let args = ["baseline", "update", "--from", &from, "--name", &name, "--commit", "HEAD"];
        let finished = workspace.prompt_cicd(args.into_iter().chain(format.iter().copied())).run();
        if let Some((_, why)) = refused.iter().find(|(refused, _)| *refused == name) {
            finished.exits(3).says(&name).says(why);
        } else {
            finished.exits(0).shows(&format!("benchmarks/{name}: the run of "));
            taken += 1;
        }
    }
    assert!(taken >= 25, "{taken} files of benchmark tools");
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
