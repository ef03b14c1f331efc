//! Which commit a run is of: what its report says, what is filed under it, and whose runs are baselines.

use serde_json::{Value, json};

use super::{
    baseline::{baselines, commit, forgetful, git, many},
    recorded, step, world,
};
use crate::support::{Behaviour, FakeModel, Workspace};

const REPORT: [&str; 3] = ["test", "--report", "json=report.json"];
const UPDATE: [&str; 4] = ["baseline", "update", "--from", "report.json"];

fn report(workspace: &Workspace) -> Value {
    serde_json::from_str(&workspace.read("report.json")).unwrap()
}

/// The report with something else in it.
fn changed(workspace: &Workspace, change: impl FnOnce(&mut Value)) {
    let mut value = report(workspace);
    change(&mut value);
    workspace.write("report.json", value.to_string().as_bytes());
}

#[test]
fn a_report_is_filed_under_the_commit_that_it_names() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let tested = commit(&workspace, "one");
    workspace.prompt_cicd(REPORT).run().exits(0);
    assert_eq!(report(&workspace)["checked_out"], json!({"commit": tested, "altered": false, "why": null}));
    // Another commit is checked out by now, and another prompt lies about.
    let prompt = workspace.read("prompts/greeting.prompt.yml");
    workspace.write("prompts/greeting.prompt.yml", prompt.replace("Hello", "Dear").as_bytes());
    let later = commit(&workspace, "two");
    workspace.write("prompts/greeting.prompt.yml", b"nothing of the kind");
    workspace.prompt_cicd(UPDATE).run().exits(0).shows(&format!("at {} kept", &tested[..10]));
    let shown = workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
    assert_eq!(shown["suites"][0]["runs"][0]["commit"], tested);
    // The same commit by a short name is the same commit.
    workspace.prompt_cicd(UPDATE.into_iter().chain(["--commit", &tested[..12]])).run().exits(0).shows("was kept already");

    let contradicts = workspace.prompt_cicd(UPDATE.into_iter().chain(["--commit", &later])).run().exits(3);
    contradicts.says(&format!("the run is of {}, and --commit names {}", &tested[..10], &later[..10])).says("leave out --commit");
    let missing = workspace.prompt_cicd(UPDATE.into_iter().chain(["--commit", "nonexist"])).run().exits(3);
    let missing = missing.says("--commit: `nonexist` is no commit, branch or tag here").says("git log --oneline --all");
    assert!(!missing.stderr.contains("--base") && !missing.stderr.contains("benchmark-formats"), "hints of others: {}", missing.stderr);
}

#[test]
fn a_report_that_fits_no_commit_is_refused() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let tested = commit(&workspace, "one");
    workspace.prompt_cicd(REPORT).run().exits(0);
    let whole = report(&workspace);
    let update = |more: &[&str]| workspace.prompt_cicd(UPDATE.into_iter().chain(more.iter().copied())).run();
    // As an older version wrote it.
    changed(&workspace, |report| drop(report.as_object_mut().unwrap().remove("checked_out")));
    update(&[]).exits(3).says("the report names no commit").says("--commit");
    let prompt = workspace.read("prompts/greeting.prompt.yml");
    workspace.write("prompts/greeting.prompt.yml", prompt.replace("Hello", "Dear").as_bytes());
    let other = commit(&workspace, "two");
    let refused = update(&["--commit", &other]).exits(3);
    refused
        .says("did not test what commit")
        .says("prompts/greeting.prompt.yml is another prompt there")
        .says("no baseline was compared with or changed");
    git(&workspace, &["rm", "--quiet", "prompts/greeting.prompt.yml"]);
    git(&workspace, &["commit", "--quiet", "-m", "three"]);
    update(&["--commit", "HEAD"]).exits(3).says("prompts/greeting.prompt.yml is not in it");
    for (pointer, value, said) in [
        ("/checked_out/commit", json!("f".repeat(40)), "is no commit, branch or tag here"),
        ("/checked_out/commit", json!(other), "did not test what commit"),
        ("/checked_out/commit", json!("--output=x"), "cannot be the name of a commit"),
        ("/checked_out/altered", Value::Null, "the run is of altered files"),
        ("/interrupted", json!(true), "the run was stopped before its end"),
        ("/started_at", json!("9999"), "`started_at` is no time"),
        ("/suites/0/prompt/digest", json!("0"), "is another prompt there"),
    ] {
        workspace.write("report.json", whole.to_string().as_bytes());
        changed(&workspace, |report| *report.pointer_mut(pointer).unwrap() = value);
        update(&[]).exits(3).says(said);
    }
    workspace.prompt_cicd(["baseline", "show"]).run().exits(0).says("no run is recorded yet");
    // The user may say what the report does not, and is held to the commit's prompt.
    workspace.write("report.json", whole.to_string().as_bytes());
    changed(&workspace, |report| drop(report.as_object_mut().unwrap().remove("checked_out")));
    update(&["--commit", &tested]).exits(0).shows(" kept");
    update(&["--suite", "other"]).exits(3);
    update(&["--suite", "other", "--commit", &tested]).exits(4).says("no suite `other`");
}

/// What a report says of the working tree.
fn checked_out(workspace: &Workspace) -> Value {
    workspace.prompt_cicd(REPORT).run().exits(0);
    report(workspace)["checked_out"].clone()
}

#[test]
fn a_file_that_no_commit_has_makes_a_run_of_altered_files() {
    let model = FakeModel::start(Behaviour::Echo);
    let alone = world(&model, "");
    assert_eq!(checked_out(&alone), Value::Null, "there is no repository");
    for (ignored, folder) in [("prompts/", "prompts"), ("cases/*.jsonl", "cases"), ("prompt-cicd.yml", "")] {
        let workspace = world(&model, "store: {kind: directory, path: state}\n");
        git(&workspace, &["init", "--quiet"]);
        workspace.write(".gitignore", format!("{ignored}\nreport.json\nstate\n").as_bytes());
        git(&workspace, &["add", "."]);
        git(&workspace, &["commit", "--quiet", "-m", "one"]);
        let found = checked_out(&workspace);
        assert_eq!(found["altered"], true, "{ignored}: {found:#}");
        assert!(found["why"].as_str().unwrap().contains(folder), "{found:#}");
        recorded(&workspace, &[]).run().exits(0).says("is no baseline");
        workspace.prompt_cicd(["baseline", "show"]).run().exits(0).says("no run is recorded yet");
    }
}

#[test]
fn what_git_was_told_not_to_look_at_is_not_taken_for_unaltered() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    commit(&workspace, "one");
    assert_eq!(checked_out(&workspace)["altered"], false);
    git(&workspace, &["update-index", "--assume-unchanged", "cases/greeting.jsonl"]);
    assert_eq!(checked_out(&workspace)["altered"], true);
    git(&workspace, &["update-index", "--no-assume-unchanged", "cases/greeting.jsonl"]);
    // A link that is followed, and leads to what is not.
    workspace.write("elsewhere.jsonl", workspace.read("cases/greeting.jsonl").as_bytes());
    let cases = workspace.path().join("cases/greeting.jsonl");
    std::fs::remove_file(&cases).unwrap();
    std::os::unix::fs::symlink("../elsewhere.jsonl", &cases).unwrap();
    commit(&workspace, "a link");
    let found = checked_out(&workspace);
    assert!(found["altered"] == true && found["why"].as_str().unwrap().contains("elsewhere.jsonl"), "{found:#}");
    git(&workspace, &["add", "elsewhere.jsonl"]);
    commit(&workspace, "and what it leads to");
    assert_eq!(checked_out(&workspace)["altered"], false);
}

#[test]
fn what_git_cannot_say_is_altered() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    commit(&workspace, "one");
    let break_it = |file: &str| workspace.write(&format!(".git/{file}"), b"broken");
    let (index, head) = (std::fs::read(workspace.path().join(".git/index")).unwrap(), workspace.read(".git/HEAD"));
    for file in ["index", "HEAD"] {
        break_it(file);
        let finished = recorded(&workspace, &["--report", "json=report.json"]).run().exits(0);
        finished.says("is not known: ").says("is no baseline");
        let found = report(&workspace)["checked_out"].clone();
        assert_eq!((&found["commit"], &found["altered"]), (&Value::Null, &json!(true)), "{file}: {found:#}");
        workspace.write(".git/index", &index);
        workspace.write(".git/HEAD", head.as_bytes());
        workspace.prompt_cicd(["baseline", "show"]).run().exits(0).says("no run is recorded yet");
    }
    // Nobody can look: a step without git and without a token.
    let folder = std::env::temp_dir().display().to_string();
    let push =
        json!({"before": "1".repeat(40), "after": "2".repeat(40), "repository": {"full_name": "octo/prompts", "default_branch": "main"}});
    let test = ["test", "--all", "--no-base"];
    let finished = step(&workspace, "push", "refs/heads/main", &push, &test).env("PATH", &folder).run().exits(0);
    finished.says("is not known: the history cannot be read here: the program `git`").says("is no baseline");
    let shown = workspace.prompt_cicd(["history", "show", "--format", "json"]).run().exits(0).json();
    let runs = shown["suites"][0]["runs"].as_array().unwrap().clone();
    assert!(runs.len() == 3 && runs.iter().all(|run| run["commit"].is_null() && run["altered"] == true), "{runs:#?}");
}

#[test]
fn runs_of_a_branch_push_out_none_of_the_default_branch() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    workspace.write("prompt-cicd.yml", format!("{}history: {{keep: 2}}\n", workspace.read("prompt-cicd.yml")).as_bytes());
    let main = commit(&workspace, "one");
    for _ in 0..2 {
        let finished = recorded(&workspace, &[]).run().exits(0);
        assert!(!finished.stderr.contains("not on the default branch"), "{}", finished.stderr);
    }
    git(&workspace, &["checkout", "--quiet", "-b", "feature"]);
    commit(&workspace, "two");
    for _ in 0..2 {
        recorded(&workspace, &[]).run().exits(0).says("is not on the default branch: this run counts as no baseline before it is");
    }
    workspace.prompt_cicd(REPORT).run().exits(0);
    workspace
        .prompt_cicd(UPDATE)
        .run()
        .exits(0)
        .shows("is not kept: there are `history.keep` others")
        .shows("it counts once its commit is on the default branch");
    let shown = workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
    let runs = shown["suites"][0]["runs"].as_array().unwrap().clone();
    assert!(runs.len() == 2 && runs.iter().all(|run| run["commit"] == main.as_str()), "{runs:#?}");
}

#[test]
fn a_run_of_a_branch_is_no_baseline_before_it_is_merged() {
    let model = FakeModel::start(Behaviour::Rule(forgetful));
    let workspace = many(&model);
    let first = commit(&workspace, "one");
    recorded(&workspace, &[]).run().exits(0);
    git(&workspace, &["checkout", "--quiet", "-b", "feature"]);
    let of_branch = commit(&workspace, "worse");
    recorded(&workspace, &[]).run().exits(0);
    recorded(&workspace, &[]).run().exits(0);
    // Every name is forgotten from now on. Against its own earlier runs alone nobody would be told.
    let of = |found: &Value| found["of"].clone();
    let beside = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(12).json();
    let found = baselines(&beside)[0].clone();
    assert_eq!(of(&found), json!([first]), "{found:#}");
    assert!(found["note"].as_str().unwrap().contains("2 recorded runs are of commits that do not lead to"), "{found:#}");
    git(&workspace, &["checkout", "--quiet", "main"]);
    let main = commit(&workspace, "two");
    let on_main = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(12).json();
    assert_eq!(of(&baselines(&on_main)[0]), json!([first]));
    // On a branch that never left the default one for good: a clone that knows its `origin`.
    git(&workspace, &["checkout", "--quiet", "feature"]);
    workspace.prompt_cicd(["baseline", "pin", "r1"]).run().exits(0).shows("1 run pinned as r1").shows(&first[..10]);
    workspace.prompt_cicd(["baseline", "pin", "r2", "--at", "feature"]).run().exits(0).shows("3 runs pinned as r2");
    let nothing = workspace.prompt_cicd(["baseline", "pin", "r3", "--at", "nonexist"]).run().exits(3).says("--at: `nonexist` is no commit");
    assert!(!nothing.stderr.contains("--base") && !nothing.stderr.contains("nothing was asked"), "hints of others: {}", nothing.stderr);

    // Unmerged ones go first; merged, they count.
    git(&workspace, &["checkout", "--quiet", "main"]);
    let prune = |args: &[&str]| workspace.prompt_cicd(["baseline", "prune"].into_iter().chain(args.iter().copied())).run();
    prune(&["--keep", "3"]).exits(0).shows("0 runs went, 3 stay");
    prune(&["--keep", "2"]).exits(0).shows("1 run went (1 of commits that did not reach the default branch), 2 stay");
    git(&workspace, &["merge", "--quiet", "--no-ff", "-m", "merge", "feature"]);
    prune(&["--unmerged"]).exits(0).shows("0 runs went, 2 stay");
    let merged = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().json();
    assert_eq!(of(&baselines(&merged)[0]), json!([first, of_branch]));
    git(&workspace, &["reset", "--quiet", "--hard", &main]);
    prune(&["--unmerged"]).exits(0).shows("1 run went (1 of commits that did not reach the default branch), 1 stay");
    prune(&[]).exits(2);
}

/// Somebody runs an old commit again, after newer ones: it is the newest run, and the farthest.
#[test]
fn the_nearest_run_is_so_by_commits_and_not_by_time() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    workspace.write("prompt-cicd.yml", format!("{}history: {{baseline-runs: 1}}\n", workspace.read("prompt-cicd.yml")).as_bytes());
    let old = commit(&workspace, "one");
    let near = commit(&workspace, "two");
    recorded(&workspace, &[]).run().exits(0);
    git(&workspace, &["checkout", "--quiet", &old]);
    recorded(&workspace, &[]).run().exits(0);
    git(&workspace, &["checkout", "--quiet", "main"]);
    commit(&workspace, "three");
    let report = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(0).json();
    let found = baselines(&report)[0].clone();
    assert_eq!(found["of"], json!([near]), "{found:#}");
    assert!(found["note"].as_str().unwrap().contains(&format!("is {}", &near[..10])), "{found:#}");
}

#[test]
fn a_run_that_was_aside_stays_once_its_commit_is_on_the_default_branch() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    workspace.write("prompt-cicd.yml", format!("{}history: {{keep: 2}}\n", workspace.read("prompt-cicd.yml")).as_bytes());
    commit(&workspace, "one");
    recorded(&workspace, &[]).run().exits(0);
    git(&workspace, &["checkout", "--quiet", "-b", "feature"]);
    let of_feature = commit(&workspace, "two");
    recorded(&workspace, &[]).run().exits(0).says("is not on the default branch");
    git(&workspace, &["checkout", "--quiet", "main"]);
    git(&workspace, &["merge", "--quiet", "--ff-only", "feature"]);
    let newest = commit(&workspace, "three");
    recorded(&workspace, &[]).run().exits(0);
    let shown = workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
    let commits: Vec<&str> = shown["suites"][0]["runs"].as_array().unwrap().iter().map(|run| run["commit"].as_str().unwrap()).collect();
    assert_eq!(commits, [of_feature.as_str(), newest.as_str()], "the oldest went, and not the one that had been aside");
}

#[test]
fn what_bench_wrote_names_its_commit_and_is_taken_in() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let tested = commit(&workspace, "one");
    workspace.prompt_cicd(["bench", "greeting", "--iterations", "30", "--output", "bench.json"]).run().exits(0);
    let report: Value = serde_json::from_str(&workspace.read("bench.json")).unwrap();
    assert_eq!(report["checked_out"], json!({"commit": tested, "altered": false, "why": null}));
    let update = ["baseline", "update", "--from", "bench.json"];
    workspace.prompt_cicd(update).run().exits(0).shows("benchmarks/prompt-cicd: the run of ").shows(&format!("at {} kept", &tested[..10]));
    workspace.prompt_cicd(["compare", "bench.json", "--baseline"]).run().exits(4).says("head itself is recorded already");
}
