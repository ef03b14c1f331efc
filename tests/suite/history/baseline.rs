//! Baselines: kept by commit, pooled, pinned, and held against a run.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{recorded, world};
use crate::support::{Behaviour, FakeModel, Finished, Workspace};

pub(crate) fn git(workspace: &Workspace, args: &[&str]) -> String {
    let settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").args(settings).args(args).current_dir(workspace.path()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits what a run reads, and nothing else.
pub(super) fn commit(workspace: &Workspace, message: &str) -> String {
    git(workspace, &["add", "prompt-cicd.yml", "prompts", "cases"]);
    git(workspace, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(workspace, &["rev-parse", "HEAD"])
}

/// A repository with 30 cases, of which the model greets all but the last `rude` ones.
pub(super) fn many(model: &FakeModel) -> Workspace {
    let workspace = world(model, "store: {kind: directory, path: state}\n");
    let case = |number: usize| {
        format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"N{number}\"}}, \"assert\": [{{\"contains\": \"N{number}\"}}]}}\n")
    };
    workspace.write("cases/greeting.jsonl", (0..30).map(case).collect::<String>().as_bytes());
    git(&workspace, &["init", "--quiet"]);
    workspace
}

/// The first 90 requests are answered well, then every name is forgotten.
pub(super) fn forgetful(before: usize, message: &str) -> Result<String, u16> {
    Ok(if before < 90 { message.to_owned() } else { "Hello!".to_owned() })
}

pub(super) fn baselines(report: &Value) -> Vec<Value> {
    report["suites"][0]["baselines"].as_array().unwrap().clone()
}

#[test]
fn a_worse_run_fails_against_the_last_runs_and_the_pinned_one() {
    let model = FakeModel::start(Behaviour::Rule(forgetful));
    let workspace = many(&model);
    workspace.prompt_cicd(["test", "--baseline"]).run().exits(4).says("has no baseline of these suites");
    assert_eq!(model.requests(), 0, "nothing was asked");
    let first = commit(&workspace, "one");
    recorded(&workspace, &[]).run().exits(0);
    workspace.prompt_cicd(["baseline", "pin", "release-1.0"]).run().exits(0).shows("1 run pinned as release-1.0");
    let second = commit(&workspace, "two");
    recorded(&workspace, &[]).run().exits(0);
    workspace.prompt_cicd(["baseline", "show"]).run().exits(0).shows("pinned release-1.0").shows(&second[..10]);
    workspace.prompt_cicd(["test", "--baseline=nope"]).run().exits(4).says("no baseline pinned as `nope`");

    let same = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(0).json();
    let found = baselines(&same);
    assert_eq!(found.iter().map(|found| found["name"].as_str().unwrap()).collect::<Vec<_>>(), ["last 2 runs", "release-1.0"]);
    assert_eq!((&found[0]["of"], &found[1]["of"]), (&json!([first, second]), &json!([first])));
    assert!(found.iter().all(|found| found["comparison"]["fails"] == false), "{found:#?}");

    let files = ["json", "markdown", "junit", "html"].map(|format| format!("{format}=out/{format}"));
    let reports = files.iter().flat_map(|file| ["--report", file.as_str()]);
    let worse = workspace.prompt_cicd(["test", "--baseline=release-1.0"].into_iter().chain(reports)).run().exits(12);
    worse.shows("regressed against baseline last 2 runs").shows("regressed against baseline release-1.0").shows("worse than a baseline");
    let report: Value = serde_json::from_str(&workspace.read("out/json")).unwrap();
    assert!(baselines(&report).iter().all(|found| found["comparison"]["verdict"] == "regressed"));
    assert_eq!(report["regressed"], true);
    for (file, text) in [
        ("markdown", "regressed against baseline release"),
        ("junit", "compared with baseline release-1.0"),
        ("html", "regressed against baseline release-1.0"),
    ] {
        assert!(workspace.read(&format!("out/{file}")).contains(text), "{file}");
    }
}

#[test]
fn numbers_are_found_by_commit_and_survive_a_rewritten_branch() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let first = commit(&workspace, "one");
    recorded(&workspace, &[]).run().exits(0);
    let second = commit(&workspace, "two");
    recorded(&workspace, &[]).run().exits(0);
    commit(&workspace, "three");
    let against = |workspace: &Workspace| {
        baselines(&workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(0).json())[0].clone()
    };
    let found = against(&workspace);
    assert!(found["note"].as_str().unwrap().contains(&format!("is {}", &second[..10])), "{found:#}");
    git(&workspace, &["reset", "--quiet", "--hard", &first]);
    assert_eq!(against(&workspace)["of"], json!([first]));
    // Somebody rewrote the branch after its first commit: what is nearest before it counts, and nothing else.
    let rewritten = commit(&workspace, "rewritten");
    let found = against(&workspace);
    assert_eq!(found["of"], json!([first]));
    let note = found["note"].as_str().unwrap();
    assert!(note.contains(&format!("the nearest recorded commit before {} is {}", &rewritten[..10], &first[..10])), "{note}");
    assert!(note.contains("1 recorded run is of commits that do not lead to"), "{note}");
    git(&workspace, &["checkout", "--quiet", "--orphan", "anew"]);
    commit(&workspace, "from nothing");
    git(&workspace, &["branch", "--quiet", "-D", "main"]);
    let nothing = workspace.prompt_cicd(["test", "--baseline"]).run().exits(4);
    nothing.says("2 recorded runs are of commits that do not lead to");
}

/// Whoever commits, or checks out something else, while a run goes on does not move its numbers to a commit that it did not test.
#[test]
fn a_run_belongs_to_the_commit_that_it_began_with() {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(50)));
    let workspace = many(&model);
    let first = commit(&workspace, "one");
    let child = recorded(&workspace, &[]).spawn();
    let begin = Instant::now();
    while model.requests() < 2 {
        assert!(begin.elapsed() < Duration::from_mins(1), "the run never asked twice");
        thread::sleep(Duration::from_millis(5));
    }
    let prompt = workspace.read("prompts/greeting.prompt.yml").replace("Hello", "Good morning,");
    workspace.write("prompts/greeting.prompt.yml", prompt.as_bytes());
    let second = commit(&workspace, "another prompt");
    let finished = Finished::from(child.wait_with_output().unwrap());
    let finished = finished.exits(0);
    assert!(!finished.stderr.contains("differs from the commit"), "{}", finished.stderr);
    let shown = workspace.prompt_cicd(["baseline", "show"]).run().exits(0).stdout;
    assert!(shown.contains(&first[..10]) && !shown.contains(&second[..10]), "{shown}");
}

#[test]
fn a_case_that_changed_since_the_baseline_is_said_and_not_pooled() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    commit(&workspace, "one");
    recorded(&workspace, &[]).run().exits(0);
    workspace.prompt_cicd(["baseline", "pin", "v1"]).run().exits(0);
    // Of c7 something else is asked for now, which no answer has.
    let cases = workspace.read("cases/greeting.jsonl").replace("[{\"contains\": \"N7\"}]", "[{\"contains\": \"Dear N7\"}]");
    workspace.write("cases/greeting.jsonl", cases.as_bytes());
    commit(&workspace, "two");
    let found = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(10).json();
    for baseline in baselines(&found) {
        let comparison = &baseline["comparison"];
        assert!(comparison["changes"].to_string().contains("changed since the baseline: not compared (`c7`)"), "{comparison:#}");
        let rate = comparison["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "pass-rate").unwrap();
        assert_eq!((&rate["base"], &rate["head"]), (&json!(1.0), &json!(1.0)), "{rate:#}");
        assert_eq!(rate["pairs"], 29, "{rate:#}");
    }
    recorded(&workspace, &[]).run().exits(10);
    let found = workspace.prompt_cicd(["test", "--baseline", "--format", "json"]).run().exits(10).json();
    let last = &baselines(&found)[0];
    assert!(last["note"].as_str().unwrap().contains("1 case changed between these runs"), "{last:#}");
    let rate = last["comparison"]["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "pass-rate").unwrap().clone();
    assert_eq!((&rate["pairs"], &rate["base"]), (&json!(30), &rate["head"]), "{rate:#}");
}

#[test]
fn a_run_of_changed_files_is_no_baseline_of_the_commit() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let here = commit(&workspace, "one");
    let prompt = workspace.read("prompts/greeting.prompt.yml");
    workspace.write("prompts/greeting.prompt.yml", prompt.replace("Hello", "Dear").as_bytes());
    recorded(&workspace, &[]).run().exits(0).says("greeting.prompt.yml differs from the commit that is checked out").says("is no baseline");
    workspace.prompt_cicd(["baseline", "show"]).run().exits(0).says("no run is recorded yet");
    let shown = workspace.prompt_cicd(["history", "show", "--format", "json"]).run().exits(0).json();
    let run = &shown["suites"][0]["runs"][0];
    assert_eq!((&run["commit"], &run["altered"]), (&Value::Null, &json!(true)));

    workspace.prompt_cicd(["test", "--report", "json=report.json"]).run().exits(0);
    let update = ["baseline", "update", "--from", "report.json"];
    // Whoever names a commit for it is not believed.
    for named in [&[][..], &["--commit", &here]] {
        let refused = workspace.prompt_cicd(update.into_iter().chain(named.iter().copied())).run().exits(3);
        refused
            .says("the run is of altered files, so it is of no commit: prompts/greeting.prompt.yml differs")
            .says("commit what was changed");
    }
    // As it was committed, it counts; so does a file of no commit that no run reads.
    workspace.write("prompts/greeting.prompt.yml", prompt.as_bytes());
    workspace.write("notes.txt", b"n");
    let finished = recorded(&workspace, &[]).run().exits(0);
    assert!(!finished.stderr.contains("differs from"), "{}", finished.stderr);
    // A prompt of no commit does not.
    workspace.write("cases/more.jsonl", b"{\"id\": \"x\", \"vars\": {\"name\": \"x\"}, \"assert\": [{\"contains\": \"x\"}]}\n");
    let config = workspace.read("prompt-cicd.yml").replace("cases/greeting.jsonl", "cases/*.jsonl");
    workspace.write("prompt-cicd.yml", config.as_bytes());
    git(&workspace, &["commit", "--quiet", "-am", "all cases"]);
    recorded(&workspace, &[]).run().exits(0).says("cases/more.jsonl differs from the commit");
}

#[test]
fn reports_are_taken_in_once_and_let_go_of() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = many(&model);
    let here = commit(&workspace, "one");
    workspace.prompt_cicd(["test", "--report", "json=report.json"]).run().exits(0);
    let update = || workspace.prompt_cicd(["baseline", "update", "--from", "report.json"]);
    update().run().exits(0).shows(" kept\n");
    update().run().exits(0).shows("was kept already");
    // Nor is a run taken in by its report that was recorded before.
    recorded(&workspace, &["--report", "json=recorded.json"]).run().exits(0);
    workspace.prompt_cicd(["baseline", "update", "--from", "recorded.json"]).run().exits(0).shows("was kept already");
    let both = workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
    assert_eq!(both["suites"][0]["runs"].as_array().unwrap().len(), 2, "{both:#}");
    let shown = workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
    let run = &shown["suites"][0]["runs"][0];
    assert_eq!((&run["commit"], &run["cases"], &run["pass_rate"]), (&json!(here), &json!(30), &json!(1.0)));
    workspace.prompt_cicd(["baseline", "update", "--from", "prompt-cicd.yml"]).run().exits(3).says("`prompt-cicd test --report json=FILE`");
    workspace.write("other.json", b"{\"schema_version\": 1}");
    workspace.prompt_cicd(["baseline", "update", "--from", "other.json"]).run().exits(3).says("not a JSON report of `prompt-cicd test`");
    workspace.prompt_cicd(["baseline", "pin", "v1"]).run().exits(0);
    workspace.prompt_cicd(["baseline", "prune", "--keep", "0"]).run().exits(0).shows("2 runs went, 0 stay");
    workspace.prompt_cicd(["baseline", "prune", "--unpin", "v2"]).run().exits(4).says("no baseline pinned as `v2`");
    workspace.prompt_cicd(["baseline", "prune", "--unpin", "v1"]).run().exits(0).shows("v1 is pinned no more");
    workspace.prompt_cicd(["baseline", "show"]).run().exits(0).says("no run is recorded yet");
    workspace.prompt_cicd(["baseline", "show", "--suite", "greeting"]).run().exits(4);
}
