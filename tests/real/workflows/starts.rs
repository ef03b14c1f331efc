//! Five kinds of repository: what `init` writes into each is accepted by every validator, and carried out.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    runner::{Trigger, run},
    step::find,
    world::{World, git},
};

/// Every validator accepts the workflows of the repository.
fn validated(world: &World) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = std::env::var("PROMPT_CICD_REAL_EXPRESSIONS").unwrap();
    let services = Path::new(&modules).parent().unwrap().to_owned();
    let mut command = Command::new(root.join("tests/services/validators/run.sh"));
    let said = command.arg(world.repository()).arg(root).env("PROMPT_CICD_SERVICES", services).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(text.lines().filter(|line| line.starts_with("ok ")).count(), 6, "a validator said nothing:\n{text}");
}

/// The written configuration asks a provider that needs no key; everything else stays as it was written.
fn offline(world: &World) {
    let path = world.repository().join("prompt-cicd.yml");
    let mut config: Value = serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["providers"] = json!({"say": {"kind": "echo"}});
    for suite in config["suites"].as_array_mut().unwrap() {
        suite["provider"] = json!("say");
    }
    std::fs::write(path, serde_yaml::to_string(&config).unwrap()).unwrap();
}

/// A repository with these files, where somebody calls `init` and opens a pull request.
fn holds(files: &[(&str, &str)], suites: usize) {
    let world = World::started(files);
    validated(&world);
    offline(&world);
    world.commit("feat: test prompts");
    let config = world.repository().join("prompt-cicd.yml");
    let written: Value = serde_yaml::from_str(&std::fs::read_to_string(&config).unwrap()).unwrap();
    assert_eq!(written["suites"].as_array().unwrap().len(), suites, "{written}");
    git(world.repository(), &["checkout", "--quiet", "-B", "tune", "main"]);
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + "# looked at\n").unwrap();
    world.commit("feat: look at it");
    git(world.repository(), &["checkout", "--quiet", "main"]);
    let merge = world.propose("tune", "feat: look at the prompts", "So that each prompt is tested in every pull request. Closes #3");
    let tested = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "opened", &merge)).ends("success");
    let step = find(tested.job("prompts / test"), "test");
    assert_eq!(step.outputs["verdict"], "passed", "{}", tested.shown());
    assert!(step.outputs["passed"].parse::<usize>().unwrap() >= suites, "{:?}", step.outputs);
    run(&world, "pull-request-checks", &Trigger::pull_request(&world, "opened", &merge)).ends("success");
    let night = run(&world, "nightly", &Trigger::dispatch(&world, &json!({}))).ends("success");
    assert_eq!(find(night.job("nightly / test"), "test").outputs["verdict"], "passed", "{}", night.shown());
}

#[test]
fn an_empty_repository() {
    holds(&[], 1);
}

#[test]
fn prompts_as_texts() {
    holds(&[("prompts/greeting.txt", "Greet {{name}} in one sentence.\n"), ("app/my_prompts/summary.md", "Summarise this: {{text}}\n")], 2);
}

#[test]
fn prompts_of_github() {
    let prompt = "name: Classify\nmodel: openai/gpt-4o-mini\nmessages:\n  - {role: system, content: Answer in one word.}\n  - {role: user, content: \"{{review}}\"}\ntestData:\n  - {review: splendid, expected: splendid}\nevaluators:\n  - {name: is it, string: {contains: \"{{expected}}\"}}\n";
    holds(&[("classify.prompt.yml", prompt)], 1);
}

#[test]
fn the_seeds_json() {
    let text = r#"{"template": "Hello {name}, welcome to {place}!", "test_cases": [{"name": "Ana", "place": "Rome"}], "validation_rules": ["length_range:5,60"]}"#;
    holds(&[("templates/greeting.json", text)], 1);
}

#[test]
fn many_prompts() {
    let files: Vec<(String, String)> = (0..50)
        .map(|number| {
            let text = format!("name: p{number}\nmessages:\n  - {{role: user, content: \"Say {{{{word}}}} {number} times.\"}}\n");
            (format!("prompts/p{number}.prompt.yml"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    holds(&files, 50);
}
