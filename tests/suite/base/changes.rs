//! What differs besides the prompt is said, and decides what is compared.

use serde_json::Value;

use super::*;

fn compared(repository: &Repository, code: i32) -> Value {
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--format", "json"]).run().exits(code);
    finished.json()["suites"][0].clone()
}

fn said(suite: &Value) -> String {
    suite["comparison"]["changes"].to_string()
}

#[test]
fn the_same_prompt_is_not_asked_twice() {
    let repository = Repository::new(3, echo);
    let suite = compared(&repository, 0);
    assert!(said(&suite).contains("the very same") && suite["base"].is_null(), "{suite}");
    assert_eq!(repository.model.requests(), 3);
}

#[test]
fn a_new_prompt_has_nothing_to_be_compared_with() {
    let repository = Repository::new(3, echo);
    repository.git(&["mv", "prompts/greeting.prompt.yml", "prompts/hello.prompt.yml"]);
    repository.configure("prompts/greeting.prompt.yml", "prompts/hello.prompt.yml");
    repository.configure("name: greeting", "name: hello");
    assert!(said(&compared(&repository, 0)).contains("the prompt is new"));
}

#[test]
fn a_prompt_that_moved_is_found_by_its_suite() {
    let repository = Repository::new(12, polite);
    repository.git(&["mv", "prompts/greeting.prompt.yml", "prompts/hello.prompt.yml"]);
    repository.configure("prompts/greeting.prompt.yml", "prompts/hello.prompt.yml");
    let prompt = repository.workspace.read("prompts/hello.prompt.yml").replace("Hello", "Hi");
    repository.workspace.write("prompts/hello.prompt.yml", prompt.as_bytes());
    let suite = compared(&repository, 12);
    assert_eq!(suite["base"]["prompt"]["file"], "prompts/greeting.prompt.yml");
}

#[test]
fn cases_are_matched_by_name_then_by_variables() {
    let repository = Repository::new(12, echo);
    let cases = numbered_cases(14).replace("\"id\": \"c0\"", "\"id\": \"first\"").replace("\"N1\"", "\"Nora\"");
    let cases: Vec<&str> = cases.lines().filter(|line| !line.contains("\"c2\"")).collect();
    let cases = cases.join("\n");
    repository.workspace.write("cases/greeting.jsonl", cases.as_bytes());
    repository.prompt("Hi {{name}}!");
    let suite = compared(&repository, 0);
    let said = said(&suite);
    for expected in [
        "the case `c0` is called `first` now",
        "2 cases new: not compared (`c12`, `c13`)",
        "1 case not there any more: not compared (`c2`)",
        "1 case changed: both sides are asked and judged as head has it (`c1`)",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(suite["comparison"]["metrics"][0]["pairs"], 11);
    let asked: Vec<String> = repository
        .model
        .received(|received| received.iter().map(|request| request.body["messages"][0]["content"].as_str().unwrap().to_owned()).collect());
    assert!(asked.contains(&"Hello Nora!".to_owned()) && asked.contains(&"Hello N0!".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"Hello N12!".to_owned()) && !asked.contains(&"Hello N1!".to_owned()), "{asked:?}");
}

#[test]
fn a_selection_removes_no_cases() {
    let repository = Repository::new(12, echo);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--filter", "c1$", "--format", "json"]).run().exits(0);
    let suite = finished.json()["suites"][0].clone();
    assert_eq!((said(&suite).as_str(), repository.model.requests()), ("[]", 2));
}

#[test]
fn a_changed_suite_is_said_and_heads_assertions_judge_both() {
    let repository = Repository::new(12, echo);
    repository.configure("- contains: \"{{name}}\"", "- starts-with: Hello");
    repository.prompt("Hi {{name}}!");
    let suite = compared(&repository, 12);
    assert!(said(&suite).contains("the suite changed"), "{suite}");
    assert_eq!((&suite["base"]["pass_rate"], &suite["pass_rate"]), (&1.0.into(), &0.0.into()));
}

#[test]
fn a_changed_model_and_parameters_of_the_prompt_are_said_and_asked() {
    let repository = Repository::new(12, echo);
    let prompt = repository.workspace.read("prompts/greeting.prompt.yml");
    repository
        .workspace
        .write("prompts/greeting.prompt.yml", format!("{prompt}model: other\nmodelParameters: {{temperature: 0.5}}\n").as_bytes());
    repository.configure(", model: fake", "");
    repository.configure("    provider: model", "    provider: model\n    cases: cases/greeting.jsonl");
    repository.configure("    cases: cases/greeting.jsonl\n    cases: cases/greeting.jsonl", "    cases: cases/greeting.jsonl");
    repository.configure("{kind: openai", "{kind: openai, model: fake");
    let suite = compared(&repository, 0);
    let said = said(&suite);
    assert!(said.contains("the model changed from fake to other") && said.contains("the parameters changed"), "{said}");
    assert_eq!((&suite["base"]["model"], &suite["model"]), (&"fake".into(), &"other".into()));
    let models: Vec<String> =
        repository.model.received(|received| received.iter().map(|request| request.body["model"].as_str().unwrap().to_owned()).collect());
    assert_eq!([models.iter().filter(|model| *model == "fake").count(), models.len()], [12, 24]);
}

#[test]
fn a_model_that_changed_in_the_configuration_is_named() {
    let repository = Repository::new(12, echo);
    repository.configure("model: fake", "model: other, parameters: {temperature: 0.5}");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD"]).run();
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains("the model in the configuration changed from fake to other; both sides were asked as head says"), "{said}");
    assert!(said.contains("the parameters in the configuration changed"), "{said}");
}

#[test]
fn a_variable_that_was_renamed_keeps_its_case() {
    let repository = Repository::new(12, echo);
    repository.workspace.write("cases/greeting.jsonl", numbered_cases(12).replace("\"name\"", "\"who\"").as_bytes());
    repository.configure("{{name}}", "{{who}}");
    repository.prompt("Hello {{who}}!!");
    let suite = compared(&repository, 0);
    assert_eq!(suite["comparison"]["metrics"][0]["pairs"], 12, "{suite}");
}

#[test]
fn a_broken_prompt_on_base_is_said() {
    let repository = Repository::new(3, echo);
    repository.workspace.write("prompts/greeting.prompt.yml", b"messages: [{role: user, content: \"{{#if}}\"}]\n");
    repository.commit("broken");
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD"]).run().exits(0);
    let finished = finished.shows("the prompt on base cannot be read, so there is nothing to compare with");
    assert!(!finished.stdout.contains("the prompt is new"), "{}", finished.stdout);
    let found = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", "json"]).run().exits(0).json();
    assert!(said(&found["suites"][0]).contains("the prompt on base cannot be read: nothing was compared"), "{found:#}");
}

#[test]
fn a_plan_counts_base() {
    let repository = Repository::new(12, echo);
    repository.prompt("Hi {{name}}!");
    repository
        .workspace
        .prompt_cicd(["test", "--base", "base", "--dry-run"])
        .run()
        .exits(0)
        .says("base would be asked for 12 more samples");
    assert_eq!(repository.model.requests(), 0);
}
