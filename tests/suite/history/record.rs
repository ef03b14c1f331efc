use serde_json::{Value, json};

use super::{
    baseline::{commit, git},
    recorded, step, world,
};
use crate::support::{Behaviour, FakeModel, Workspace};

/// Ben is not greeted in every fourth request.
fn moody(before: usize, message: &str) -> Result<String, u16> {
    Ok(if message.contains("ben") && before % 4 == 3 { "Hello!".to_owned() } else { message.to_owned() })
}

fn shown(workspace: &Workspace) -> Value {
    workspace.prompt_cicd(["history", "show", "--format", "json"]).run().exits(0).json()
}

fn case(shown: &Value, name: &str) -> Value {
    shown["cases"].as_array().unwrap().iter().find(|case| case["case"] == name).cloned().unwrap_or_else(|| panic!("{shown:#}"))
}

#[test]
fn runs_are_kept_shown_and_let_go_of() {
    let model = FakeModel::start(Behaviour::Rule(moody));
    let workspace = world(&model, "");
    workspace.prompt_cicd(["history", "show"]).run().exits(0).says("no run is recorded yet");
    for _ in 0..3 {
        recorded(&workspace, &["--repeat", "4"]).run().exits(10);
    }
    let shown = shown(&workspace);
    assert_eq!(shown["suites"][0]["runs"].as_array().unwrap().len(), 3);
    let (ana, ben) = (case(&shown, "ana"), case(&shown, "ben"));
    assert_eq!((&ana["label"], &ana["passed"], &ana["failed"], &ana["flakiness"]), (&json!("steady"), &json!(12), &json!(0), &json!(0.0)));
    assert_eq!((&ben["label"], &ben["passed"], &ben["failed"], &ben["runs"]), (&json!("flaky"), &json!(9), &json!(3), &json!(3)));
    let text = workspace.prompt_cicd(["history", "show", "greeting"]).run().exits(0).stdout;
    let rows: Vec<&str> = text.lines().collect();
    assert!(
        rows[1].contains("ben") && rows[1].contains("flaky") && rows[1].contains("9/12"),
        "the most unsettled case comes first: {text}"
    );
    workspace.prompt_cicd(["history", "show", "--format", "markdown"]).run().exits(0).shows("| greeting | ben | flaky | 9/12 |");
    workspace.prompt_cicd(["history", "show", "other"]).run().exits(4).says("no history of a prompt or suite `other`");
    let unknown = workspace.prompt_cicd(["history", "show", "other"]).run().exits(4).says("`prompt-cicd history show` shows what there is");
    assert!(!unknown.stderr.contains("--dry-run"), "the hint of a selection of `test`: {}", unknown.stderr);

    let unknown = workspace.prompt_cicd(["history", "prune", "other", "--keep", "1"]).run().exits(4);
    unknown.says("no history of a prompt or suite `other`");
    workspace.prompt_cicd(["history", "prune", "--keep", "1", "--dry-run"]).run().exits(0).shows("2 runs would go, 1 stay");
    workspace.prompt_cicd(["history", "prune", "--keep", "1"]).run().exits(0).shows("2 runs went, 1 stay");
    let ben = case(&self::shown(&workspace), "ben");
    assert_eq!((&ben["runs"], &ben["ever"]), (&json!(1), &json!({"passed": 9, "failed": 3})), "what went stays as a sum");
    workspace.prompt_cicd(["history", "prune", "--before", "2999-01-01"]).run().exits(0).shows("1 run went, 0 stay");
    workspace.prompt_cicd(["history", "show"]).run().exits(0).says("no run is recorded yet");
    workspace.prompt_cicd(["history", "prune"]).run().exits(2);
    workspace.prompt_cicd(["history", "prune", "--before", "soon"]).run().exits(2).says("a day like");
}

#[test]
fn no_more_runs_are_kept_than_asked_for() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, "history: {keep: 2}\n");
    for _ in 0..4 {
        recorded(&workspace, &[]).run().exits(0);
    }
    let shown = shown(&workspace);
    assert_eq!((shown["suites"][0]["runs"].as_array().unwrap().len(), &shown["suites"][0]["dropped_runs"]), (2, &json!(2)));
    assert_eq!(case(&shown, "ana")["ever"]["passed"], 4);
}

#[test]
fn another_prompt_begins_anew() {
    let model = FakeModel::start(Behaviour::Rule(moody));
    let workspace = world(&model, "");
    recorded(&workspace, &["--repeat", "12"]).run().exits(10);
    assert_eq!(case(&shown(&workspace), "ben")["label"], "flaky");
    let prompt = workspace.read("prompts/greeting.prompt.yml").replace("Hello", "Dear");
    workspace.write("prompts/greeting.prompt.yml", prompt.as_bytes());
    recorded(&workspace, &[]).run();
    let ben = case(&shown(&workspace), "ben");
    assert_eq!((&ben["label"], &ben["runs"], ben["shares"].as_array().unwrap().len()), (&json!("unknown"), &json!(1), 2));
}

#[test]
fn only_live_answers_of_the_default_branch_are_kept() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, "store: {kind: directory, path: state}\n");
    git(&workspace, &["init", "--quiet"]);
    let here = commit(&workspace, "one");
    workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).run().exits(0);
    assert!(!workspace.path().join("state").exists(), "a laptop's runs are not kept unasked");
    recorded(&workspace, &["--replay", "answers.jsonl"]).run().exits(0);
    assert!(!workspace.path().join("state").exists(), "a replayed answer says nothing new");
    let repository = json!({"full_name": "octo/prompts", "default_branch": "main"});
    let push = json!({"before": "1".repeat(40), "after": "2".repeat(40), "repository": repository});
    let test = ["test", "--all", "--no-base"];
    step(&workspace, "push", "refs/heads/topic", &push, &test).run().exits(0);
    assert!(!workspace.path().join("state").exists(), "another branch");
    let base = json!({"sha": "1".repeat(40), "ref": "main", "repo": repository});
    let pull = json!({"pull_request": {"number": 7, "head": {"sha": "2".repeat(40), "ref": "main", "repo": repository}, "base": base}, "repository": repository});
    step(&workspace, "pull_request", "refs/pull/7/merge", &pull, &[&test[..], &["--record-history"]].concat())
        .run()
        .exits(0)
        .says("the history is not recorded: a run about a proposed change");
    assert!(!workspace.path().join("state").exists(), "never a pull request");
    step(&workspace, "push", "refs/heads/main", &push, &test).run().exits(0);
    let shown = shown(&workspace);
    assert_eq!(shown["suites"][0]["runs"][0]["commit"], here, "what is checked out, whatever the workflow was started for");
    step(&workspace, "schedule", "refs/heads/main", &json!({}), &test).run().exits(0);
    assert_eq!(self::shown(&workspace)["suites"][0]["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_store_that_refuses_changes_no_verdict() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, "store: {kind: directory, path: prompt-cicd.yml}\n");
    recorded(&workspace, &[]).run().exits(0).says("warning: the history is not recorded: ");
    let workspace = world(&model, "history: {record: never}\n");
    recorded(&workspace, &[]).run().exits(0).says("the configuration says `history.record: never`");
}

#[test]
fn runs_that_end_at_once_are_both_kept() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, "");
    let running: Vec<_> = (0..6).map(|_| recorded(&workspace, &[]).spawn()).collect();
    for run in running {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let shown = shown(&workspace);
    assert_eq!((shown["suites"][0]["runs"].as_array().unwrap().len(), &case(&shown, "eve")["passed"]), (6, &json!(6)));
}

#[test]
fn a_flaky_case_at_its_known_rate_is_told_from_a_new_failure() {
    // 40 requests a case for the history, and then every answer about Ben and Eve is wrong.
    fn then_worse(before: usize, message: &str) -> Result<String, u16> {
        if before < 120 { moody(before, message) } else { Ok(message.replace("eve", "you").replace("ben", "you")) }
    }
    for flaky in ["fail", "warn"] {
        let model = FakeModel::start(Behaviour::Rule(moody));
        let workspace = world(&model, &format!("history: {{flaky: {flaky}}}\n"));
        recorded(&workspace, &["--repeat", "40"]).run().exits(10);
        // At its known rate: a failure as every other, unless the configuration says that it does not count.
        let run = workspace.prompt_cicd(["test", "--repeat", "4"]).run().exits(if flaky == "warn" { 0 } else { 10 });
        run.shows("ben: 3 of 4 samples passed; flaky, and no worse than known (30 of 40 passed in earlier runs");
    }
    let model = FakeModel::start(Behaviour::Rule(then_worse));
    let workspace = world(&model, "history: {flaky: warn}\n");
    recorded(&workspace, &["--repeat", "40"]).run().exits(10);
    let found = workspace.prompt_cicd(["test", "--repeat", "8", "--format", "json"]).run().exits(10).json();
    let known = found["suites"][0]["known_cases"].as_array().unwrap().clone();
    assert_eq!(known.len(), 1, "Eve never failed before: her failure is news: {known:#?}");
    assert_eq!(
        (&known[0]["case_id"], &known[0]["counts"], &known[0]["flaky"]["at_known_rate"]),
        (&json!("ben"), &json!(true), &json!(false))
    );
    // Another assertion makes another case of it.
    let cases = workspace.read("cases/greeting.jsonl").replace("\"contains\": \"ben\"", "\"icontains\": \"BEN\"");
    workspace.write("cases/greeting.jsonl", cases.as_bytes());
    let found = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(10).json();
    assert_eq!(found["suites"][0]["known_cases"], json!([]));
}
