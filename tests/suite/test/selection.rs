use crate::support::{Behaviour, FakeModel, Workspace};

#[test]
fn a_filter_selects_by_suite_and_case() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let finished = workspace.prompt_cicd(["test", "--filter", "greeting/b", "--format", "json"]).run().exits(0);
    let json = finished.json();
    assert_eq!((json["total_tests"].as_u64(), json["test_case_results"][0]["case_id"].as_str()), (Some(1), Some("ben")));
    assert_eq!(json["test_case_results"][0]["case_index"], 1, "a selection does not renumber cases");
    assert_eq!(model.requests(), 1);
}

#[test]
fn tags_select_suites_and_cases() {
    let workspace = Workspace::greeting().file(
        "cases/greeting.jsonl",
        "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}, \"tags\": [\"smoke\"]}\n{\"id\": \"ben\", \"vars\": {\"name\": \"Ben\"}}\n",
    );
    let finished = workspace.prompt_cicd(["test", "--tag", "smoke", "--format", "json"]).run().exits(0);
    assert_eq!(finished.json()["total_tests"], 1);
}

#[test]
fn an_empty_selection_is_never_green() {
    Workspace::greeting().prompt_cicd(["test", "--filter", "nobody"]).run().exits(4).says("--filter nobody");
    Workspace::greeting().prompt_cicd(["test", "--tag", "nothing"]).run().exits(4).says("--tag nothing");
}

#[test]
fn an_empty_suite_is_never_green() {
    Workspace::greeting()
        .file("cases/greeting.jsonl", "\n")
        .prompt_cicd(["test"])
        .run()
        .exits(4)
        .says("`greeting` has no cases")
        .says("help: write a case into cases/greeting.jsonl");
    Workspace::greeting().file("cases/greeting.jsonl", "\n").prompt_cicd(["config", "check"]).run().exits(4);
    let inline = Workspace::greeting();
    let config = inline.read("prompt-cicd.yml").replace("cases/greeting.jsonl", "[]");
    inline.file("prompt-cicd.yml", &config).prompt_cicd(["test"]).run().exits(4);
    let none = Workspace::greeting().file("prompt-cicd.yml", "version: 1\nproviders:\n  model: {kind: echo}\nsuites: []\n");
    none.prompt_cicd(["test"]).run().exits(4).says("no suites");
}

#[test]
fn a_dry_run_asks_nothing_and_says_what_it_might_cost() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("model: fake}", "model: fake, parameters: {max_tokens: 100}, prices: {input-per-million: 1, output-per-million: 10}}");
    let workspace = workspace.file("prompt-cicd.yml", &config);
    let finished = workspace.prompt_cicd(["test", "--dry-run", "--repeat", "5"]).run().exits(0);
    finished.shows("10 requests").shows("at most 1000 output tokens").shows("$0.01");
    let json = workspace.prompt_cicd(["test", "--dry-run", "--format", "json"]).run().exits(0).json();
    assert_eq!((json["requests"].as_u64(), json["dry_run"].as_bool()), (Some(2), Some(true)));
    let unwritten = workspace.prompt_cicd(["test", "--dry-run", "--format", "html", "--report", "junit=r.xml"]).run().exits(0);
    unwritten.says("a dry run has no results, so there is no report (html, junit)");
    assert!(!workspace.path().join("r.xml").exists());
    assert_eq!(model.requests(), 0);
}
