use serde_json::json;

use super::{PROMPT, World};
use crate::{
    base::{git, polite},
    support::{Behaviour, FakeModel, Finished, Workspace, github::State, numbered_cases},
};

/// File and line of each annotation of the log, in its order.
fn places(finished: &Finished) -> Vec<String> {
    let place = regex::Regex::new("^::(?:error|warning|notice) title=[^:]*,file=([^,:]+)(?:,line=([0-9]+))?").unwrap();
    let found = finished.stderr.lines().filter_map(|line| place.captures(line));
    found.map(|found| format!("{}:{}", &found[1], found.get(2).map_or_else(String::new, |line| line.as_str().to_owned()))).collect()
}

/// A run of the greeting whose cases stand in this file.
fn cases_in(file: &str, text: &str) -> Vec<String> {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml").replace("cases/greeting.jsonl", file);
    let world = World::on(State::new(), workspace.file("prompt-cicd.yml", &config).file(file, text));
    let finished = world.pull_request(&["test", "--comment", "off", "--check-run"]).run().exits(10);
    let found = places(&finished);
    // The check run has the same ones.
    let checks = world.github.state().checks[0].annotations.clone();
    let told: Vec<String> = checks.iter().map(|told| format!("{}:{}", told["path"].as_str().unwrap(), told["start_line"])).collect();
    assert_eq!(told, found);
    world.github.finish();
    found
}

#[test]
fn a_failing_case_is_annotated_in_its_file_on_its_line() {
    let own = "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}}\n\n{\"id\": \"ben\", \"vars\": {\"name\": \"Ben\"}, \"assert\": [{\"contains\": \"Bye\"}]}\n";
    assert_eq!(cases_in("cases/own.jsonl", own), [format!("{PROMPT}:4"), "cases/own.jsonl:3".to_owned()]);
    let rows = "id,name,__expected\nana,Ana,contains: Ana\n\"ben\",\"Ben\nJr\",contains: Bye\ncleo,Cleo,contains: Ciao\n";
    assert_eq!(cases_in("cases/rows.csv", rows), [format!("{PROMPT}:4"), "cases/rows.csv:3".to_owned(), "cases/rows.csv:5".to_owned()]);
}

#[test]
fn an_assertion_with_a_line_of_its_own_is_annotated_there() {
    let list = "- id: ana\n  vars: {name: Ana}\n  assert:\n    - contains: Hello\n    - contains: Bye\n    - type: contains\n      value: Ciao\n- id: ben\n  vars: {name: Ben}\n  assert: [{contains: Bye}]\n";
    let expected = [format!("{PROMPT}:4"), "cases/l.yml:5".to_owned(), "cases/l.yml:6".to_owned(), "cases/l.yml:10".to_owned()];
    assert_eq!(cases_in("cases/l.yml", list), expected);
}

#[test]
fn cases_of_the_configuration_and_of_the_prompt_have_their_lines_too() {
    let inline = "version: 1\nproviders:\n  model: {kind: echo}\nsuites:\n  - name: greeting\n    prompt: prompts/greeting.prompt.yml\n    provider: model\n    cases:\n      - id: ana\n        vars: {name: Ana}\n        assert:\n          - contains: Bye\n";
    let world = World::on(State::new(), Workspace::greeting().file("prompt-cicd.yml", inline));
    let finished = world.pull_request(&["test", "--comment", "off"]).run().exits(10);
    assert_eq!(places(&finished), [format!("{PROMPT}:4"), "prompt-cicd.yml:12".to_owned()]);
    let own = "name: greeting\nmessages:\n  - role: system\n    content: Be kind.\n  - role: user\n    content: Hello {{name}}!\ntestData:\n  - name: Ana\n  - name: Ben\n    expected: Bye\nevaluators:\n  - name: same\n    string: {contains: '{{name}}'}\n  - name: bye\n    string: {endsWith: 'Ana!'}\n";
    let config = inline.split("    cases:").next().unwrap();
    let world = World::on(State::new(), Workspace::greeting().file("prompt-cicd.yml", config).file(PROMPT, own));
    let finished = world.pull_request(&["test", "--comment", "off"]).run().exits(10);
    assert_eq!(places(&finished), [format!("{PROMPT}:4"), format!("{PROMPT}:9")]);
}

#[test]
fn a_worse_prompt_is_annotated_on_the_line_that_changed_and_what_newly_fails_comes_first() {
    let model = FakeModel::start(Behaviour::Rule(polite));
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &numbered_cases(12));
    let folder = workspace.path().to_owned();
    let prompt = |text: &str| {
        format!(
            "name: greeting\nversion: 1.2.0\nmessages:\n  - {{role: system, content: Be kind.}}\n  - role: user\n    content: |\n      {text}\n      Thanks!\n"
        )
    };
    workspace.write(PROMPT, prompt("Hello {{name}}").as_bytes());
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "base"]);
    let mut state = State::new();
    git(&folder, &["rev-parse", "HEAD"]).clone_into(&mut state.pull().base);
    let world = World::on(state, workspace);
    world.workspace.write(PROMPT, prompt("Hey {{name}}").as_bytes());
    let finished = world.pull_request(&["test", "--comment", "off"]).run().exits(12);
    let found = places(&finished);
    assert_eq!(found[0], format!("{PROMPT}:7"), "{}", finished.stderr);
    assert_eq!(found[1], "cases/greeting.jsonl:1");
    assert!(finished.stderr.contains("case c0%3A newly failing"), "{}", finished.stderr);
    assert_eq!(found.len(), 10, "the runner keeps ten");
    assert!(finished.stderr.contains("::…and 4 more"), "{}", finished.stderr);
}

#[test]
fn a_pull_request_whose_event_cannot_be_read_is_not_taken_for_none() {
    let world = World::new();
    // Git has a history here, so that head would be compared.
    git(world.workspace.path(), &["init", "--quiet", "--initial-branch=main"]);
    for payload in [json!("{"), json!({"pull_request": {"number": "7"}}), json!({})] {
        let finished = world.step("pull_request", &payload, &["test"]).run().exits(3);
        let finished = finished.says("base: what the pull request goes onto is not known: the event `pull_request`").says("--no-base");
        assert!(!finished.stdout.contains("passed"), "{}", finished.stdout);
        assert_eq!((world.outputs()["verdict"].as_str(), world.outputs()["exit-code"].as_str()), ("inconclusive", "3"));
    }
    let gone = world.pull_request(&["test"]).env("GITHUB_EVENT_PATH", "/nowhere/event.json").run();
    gone.exits(3).says("/nowhere/event.json: No such file");
    // Who says what to compare with needs no event.
    world.step("pull_request", &json!("{"), &["test", "--no-base"]).run().exits(0).says("no comment is written");
    // A push proposes nothing: not knowing it costs nothing but time.
    world.step("push", &json!("{"), &["test"]).run().exits(0).says("every suite is tested");
}
