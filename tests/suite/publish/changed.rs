use serde_json::json;

use super::{FILES, HEAD, LIST, NEWER, World};
use crate::support::{
    Workspace,
    github::{File, Mishap, State},
};

const TWO: &str = "version: 1
providers:
  model: {kind: echo}
  taped: {kind: cassette, path: tapes/thanks.jsonl, of: model}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: model, cases: cases/greeting*.jsonl, defaults: {assert: [contains: Hello]}}
  - {name: farewell, prompt: prompts/farewell.prompt.yml, provider: model, cases: cases/farewell.jsonl, defaults: {assert: [contains: Hello]}}
";

fn two() -> Workspace {
    let prompt = Workspace::greeting().read("prompts/greeting.prompt.yml");
    let cases = Workspace::greeting().read("cases/greeting.jsonl");
    Workspace::greeting()
        .file("prompt-cicd.yml", TWO)
        .file("prompts/farewell.prompt.yml", &prompt.replace("name: greeting", "name: farewell"))
        .file("cases/farewell.jsonl", &cases)
}

/// A pull request that changes these files.
fn changing(files: Vec<File>) -> World {
    let mut state = State::new();
    state.pull().files = files;
    World::on(state, two())
}

fn tested(world: &World) -> Vec<String> {
    let json = world.pull_request(&["test", "--format", "json"]).run().exits(0).json();
    json["suites"].as_array().unwrap().iter().map(|suite| suite["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_suites_that_the_change_touches_are_tested() {
    for (file, suites) in [
        (File::modified("prompts/farewell.prompt.yml"), vec!["farewell"]),
        (File::modified("cases/greeting.jsonl"), vec!["greeting"]),
        (File::modified("cases/greeting-gone.jsonl"), vec!["greeting"]),
        (File::renamed("prompts/greeting.prompt.yml", "prompts/elsewhere.yml"), vec!["greeting"]),
        (File::renamed("old.yml", "prompts/greeting.prompt.yml"), vec!["greeting"]),
        (File::modified("prompt-cicd.yml"), vec!["greeting", "farewell"]),
    ] {
        let world = changing(vec![File::modified("src/main.rs"), file.clone()]);
        assert_eq!(tested(&world), suites, "{file:?}");
        assert_eq!(world.github.requests()[0], FILES);
        world.github.finish();
    }
}

#[test]
fn what_is_left_out_is_said_and_all_brings_it_back() {
    let world = changing(vec![File::modified("prompts/farewell.prompt.yml")]);
    world
        .pull_request(&["test"])
        .run()
        .exits(0)
        .says("1 of 2 suites tested, those that 1 changed file touch: farewell; --all tests everything");
    let all = world.pull_request(&["test", "--all", "--format", "json"]).run().exits(0).json();
    assert_eq!(all["suites"].as_array().unwrap().len(), 2);
    world.github.finish();
}

#[test]
fn nothing_to_test_is_well_and_said_everywhere() {
    let world = changing(vec![File::modified("README.md")]);
    world.pull_request(&["test"]).run().exits(0).shows("nothing to test: none of 1 changed file belongs to one of 2 suites");
    let outputs = world.outputs();
    assert_eq!((outputs["verdict"].as_str(), outputs["exit-code"].as_str(), outputs["passed"].as_str()), ("nothing-to-test", "0", "0"));
    assert!(world.workspace.read("runner/summary").contains("Nothing to test"));
    assert_eq!(world.comments(), [], "no comment where there was none");
    // A comment of an earlier push must not go on saying what it said.
    world.github.state().pull().files = vec![File::modified("prompts/greeting.prompt.yml")];
    world.pull_request(&["test"]).run().exits(0);
    world.github.state().pull().files = vec![File::modified("README.md")];
    world.pull_request(&["test"]).run().exits(0);
    insta::assert_snapshot!("nothing_to_test", world.comment());
    world.github.finish();
}

#[test]
fn pushes_and_merge_groups_are_compared() {
    let world = changing(vec![]);
    let files = vec![File::modified("prompts/farewell.prompt.yml")];
    world.github.state().comparisons.insert(format!("{HEAD}...{NEWER}"), (HEAD.to_owned(), files));
    let push = json!({"before": HEAD, "after": NEWER});
    world.step("push", &push, &["test"]).run().exits(0).says("1 of 2 suites tested");
    let group = json!({"merge_group": {"base_sha": HEAD, "head_sha": NEWER}});
    world.step("merge_group", &group, &["test"]).run().exits(0).says("1 of 2 suites tested");
    // The old tip may be gone after a forced push.
    let forced = json!({"before": NEWER, "after": HEAD});
    world.step("push", &forced, &["test"]).run().exits(0).says("warning: every suite is tested: what changed is not known").shows("4 of 4");
    world.github.finish();
}

#[test]
fn three_thousand_files_are_read_and_more_mean_everything() {
    let mut files: Vec<File> = (0..2_900).map(|number| File::modified(format!("src/{number}.rs"))).collect();
    files.push(File::modified("prompts/farewell.prompt.yml"));
    let world = changing(files.clone());
    assert_eq!(tested(&world), ["farewell"]);
    assert_eq!(world.github.requests().iter().filter(|request| *request == FILES).count(), 30);
    files.extend((0..200).map(|number| File::modified(format!("docs/{number}.md"))));
    world.github.state().pull().files = files;
    world.pull_request(&["test"]).run().exits(0).says("every suite is tested: GitHub tells at most 3000 changed files").shows("4 of 4");
    world.github.finish();
}

#[test]
fn a_host_that_does_not_answer_means_everything() {
    let mut state = State::new().mishap("GET", "/files", 1, Mishap::Status(404, "Not Found"));
    state.pull().files = vec![File::modified("README.md")];
    let world = World::on(state, two());
    world.pull_request(&["test"]).run().exits(0).says("warning: every suite is tested: what changed is not known").shows("4 of 4");
    assert!(world.github.requests().contains(&LIST.to_owned()), "the comment is written all the same");
    world.github.finish();
}

#[test]
fn on_a_laptop_everything_is_tested() {
    let finished = two().prompt_cicd(["test"]).run().exits(0).shows("4 of 4");
    assert!(!finished.stderr.contains("every suite"), "{}", finished.stderr);
    two().prompt_cicd(["test", "--changed"]).run().exits(0).says("--changed needs the event of a pull request").shows("4 of 4");
}
