use crate::support::{Behaviour, FakeModel, Workspace};

/// Runs a workspace whose model must never be asked.
#[track_caller]
fn refused(change: impl FnOnce(Workspace) -> Workspace, says: &[&str]) {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = change(Workspace::asking(&model.base_url()));
    let mut finished = workspace.prompt_cicd(["test"]).run().exits(3);
    for text in says {
        finished = finished.says(text);
    }
    assert_eq!(model.requests(), 0, "a paid call was made before the problem was said");
}

fn config(workspace: Workspace, from: &str, to: &str) -> Workspace {
    let config = workspace.read("prompt-cicd.yml");
    assert!(config.contains(from), "{from:?} is not in\n{config}");
    workspace.file("prompt-cicd.yml", &config.replace(from, to))
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_right_one() {
    refused(
        |workspace| config(workspace, "    provider: model", "    provider: model\n    concurency: 2"),
        &["prompt-cicd.yml:8:5", "concurency", "did you mean", "concurrency"],
    );
}

#[test]
fn an_unknown_assertion_is_told_with_the_right_one() {
    refused(|workspace| config(workspace, "- contains:", "- containz:"), &["prompt-cicd.yml:11", "containz", "did you mean", "contains"]);
}

#[test]
fn wrong_parameters_are_refused() {
    refused(|workspace| config(workspace, "- contains: \"{{name}}\"", "- max-words: many"), &["max-words"]);
    refused(|workspace| config(workspace, "- contains: \"{{name}}\"", "- {type: contains, vaule: x}"), &["vaule", "value"]);
}

#[test]
fn a_bad_regex_is_told_with_its_position() {
    refused(|workspace| config(workspace, "- contains: \"{{name}}\"", "- regex: 'a(b'"), &["regex", "column 2"]);
}

#[test]
fn a_case_without_any_assertion_is_refused() {
    refused(|workspace| config(workspace, "    defaults:\n      assert:\n        - contains: \"{{name}}\"\n", ""), &["assert", "ana"]);
}

#[test]
fn two_cases_with_one_id_are_refused() {
    refused(
        |workspace| {
            workspace.file(
                "cases/greeting.jsonl",
                "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}}\n{\"id\": \"ana\", \"vars\": {\"name\": \"Ben\"}}\n",
            )
        },
        &["cases/greeting.jsonl:2", "ana", "cases/greeting.jsonl:1"],
    );
}

#[test]
fn a_missing_variable_is_told_with_its_place_in_the_prompt() {
    refused(
        |workspace| {
            let prompt = workspace.read("prompts/greeting.prompt.yml").replace("{{name}}", "{{nmae}}");
            workspace.file("prompts/greeting.prompt.yml", &prompt)
        },
        &["prompts/greeting.prompt.yml:4:34", "nmae", "did you mean `name`?", "`ana`", "1 more"],
    );
}

#[test]
fn all_problems_come_at_once() {
    refused(
        |workspace| {
            let workspace = config(workspace, "    provider: model", "    provider: modell\n    repeat: 0");
            workspace.file("cases/greeting.jsonl", "{\"id\": \"ana\", \"vras\": {}}\nnot json\n")
        },
        &["modell", "repeat"],
    );
    refused(
        |workspace| workspace.file("cases/greeting.jsonl", "{\"id\": \"ana\", \"vras\": {}}\nnot json\n"),
        &["greeting.jsonl:1", "vras", "greeting.jsonl:2"],
    );
}

#[test]
fn files_that_are_not_there_are_named() {
    refused(|workspace| config(workspace, "prompts/greeting.prompt.yml", "prompts/nowhere.prompt.yml"), &["prompts/nowhere.prompt.yml"]);
    refused(|workspace| config(workspace, "cases/greeting.jsonl", "cases/nowhere.jsonl"), &["cases/nowhere.jsonl"]);
    Workspace::empty().prompt_cicd(["test"]).run().exits(3).says("prompt-cicd init");
    Workspace::empty().prompt_cicd(["test", "--config", "nowhere.yml"]).run().exits(3).says("nowhere.yml");
}

#[test]
fn a_key_that_is_not_set_is_named_and_nothing_is_asked() {
    refused(|workspace| config(workspace, "model: fake}", "model: fake, api-key-env: NO_SUCH_KEY}"), &["NO_SUCH_KEY", "model"]);
}

#[test]
fn a_cost_assertion_without_prices_is_refused() {
    refused(|workspace| config(workspace, "- contains: \"{{name}}\"", "- cost: 0.01"), &["prices"]);
}

#[test]
fn every_key_that_is_not_set_is_named_in_one_go() {
    let workspace = Workspace::greeting().file(
        "prompt-cicd.yml",
        "version: 1
providers:
  one: {kind: openai, base-url: 'http://127.0.0.1:9/v1', model: m, api-key-env: FIRST_KEY}
  two: {kind: anthropic, model: m, api-key-env: SECOND_KEY}
suite-defaults: {prompt-free: true}
suites: []
",
    );
    workspace.prompt_cicd(["config", "check"]).run().exits(3).says("prompt-free");
    let suites = "suites:
  - {name: a, prompt: prompts/greeting.prompt.yml, provider: one, cases: cases/greeting.jsonl, defaults: {assert: [{contains: x}]}}
  - {name: b, prompt: prompts/greeting.prompt.yml, provider: two, cases: cases/greeting.jsonl, defaults: {assert: [{contains: x}]}}
";
    let config = workspace.read("prompt-cicd.yml").replace("suite-defaults: {prompt-free: true}\nsuites: []\n", suites);
    workspace
        .file("prompt-cicd.yml", &config)
        .prompt_cicd(["test"])
        .run()
        .exits(3)
        .says("FIRST_KEY")
        .says("SECOND_KEY")
        .says("2 providers cannot be used");
}
