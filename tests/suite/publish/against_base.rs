use super::{HEAD, NEWER, PROMPT, World};
use crate::{
    base::{git, polite},
    support::{
        Behaviour, FakeModel, Workspace,
        github::{File, State},
        numbered_cases,
    },
};

const BASE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const CASES: usize = 12;

/// A model that is only polite to whoever says `Hello`, and a workspace that asks it.
fn asking() -> (FakeModel, Workspace) {
    let model = FakeModel::start(Behaviour::Rule(polite));
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &numbered_cases(CASES));
    (model, workspace)
}

/// The one comment, without the latencies of this machine.
fn comment(world: &World) -> String {
    let latency = regex::Regex::new(r"(?m)^\| greeting \| latency \|.*$").unwrap();
    latency.replace_all(&world.comment(), "| greeting | latency | … |").into_owned()
}

#[test]
fn without_git_the_merge_base_is_that_of_the_proposed_commit() {
    const LEFT: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let (_model, workspace) = asking();
    let mut state = State::new();
    BASE.clone_into(&mut state.pull().base);
    state.comparisons.insert(format!("{HEAD}...{BASE}"), (LEFT.to_owned(), Vec::new()));
    for path in ["prompt-cicd.yml", PROMPT, "cases/greeting.jsonl"] {
        state.contents.insert((LEFT.to_owned(), path.to_owned()), workspace.read(path).into_bytes());
    }
    let world = World::on(state, workspace);
    world.prompt("Hey {{name}}");
    let json = world.pull_request(&["test", "--format", "json"]).run().exits(12).json();
    assert_eq!((&json["suites"][0]["base"]["commit"], &json["suites"][0]["base"]["reference"]), (&LEFT.into(), &"the merge base".into()));
    assert!(!json["warnings"].to_string().contains("too short"), "{}", json["warnings"]);
}

#[test]
fn without_git_base_is_read_through_the_code_host() {
    let (_model, workspace) = asking();
    let mut state = State::new();
    BASE.clone_into(&mut state.pull().base);
    state.comparisons.insert(format!("{BASE}...{BASE}"), (BASE.to_owned(), Vec::new()));
    for path in ["prompt-cicd.yml", PROMPT, "cases/greeting.jsonl"] {
        state.contents.insert((BASE.to_owned(), path.to_owned()), workspace.read(path).into_bytes());
    }
    let world = World::on(state, workspace);
    assert!(!world.workspace.path().join(".git").exists());
    world.prompt("Hey {{name}}");
    world.pull_request(&["test"]).run().exits(12);
    let comment = comment(&world);
    assert!(comment.contains("pass rate") && comment.contains("regressed"), "{comment}");
    assert!(comment.contains("aaaaaaa"), "base is named: {comment}");
    let asked = world.github.requests();
    assert!(asked.iter().any(|request| request.contains("/contents/prompts/greeting.prompt.yml")), "{asked:?}");
    // Without a token there is nobody to ask, and that is no pass.
    let alone = world.pull_request(&["test", "--comment", "off"]).env("GITHUB_TOKEN", "").run();
    assert!(![0, 12].contains(&alone.code), "{}: {}", alone.code, alone.stderr);
    world.github.finish();
}

#[test]
fn a_worse_prompt_is_compared_in_the_one_comment_and_a_better_one_makes_it_green() {
    let (_model, workspace) = asking();
    let folder = workspace.path().to_owned();
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "base"]);
    let base = git(&folder, &["rev-parse", "HEAD"]);
    let mut state = State::new();
    base.clone_into(&mut state.pull().base);
    state.pull().files.push(File::modified(PROMPT));
    let world = World::on(state, workspace);
    let commit = |text: &str| {
        world.prompt(text);
        git(&folder, &["add", PROMPT]);
        git(&folder, &["commit", "--quiet", "-m", text]);
    };
    assert_eq!(world.github.state().pull().head, HEAD);
    commit("Hey {{name}}");
    world.pull_request(&["test"]).run().exits(12);
    let text = comment(&world).replace(&base, "[base]").replace(&base[..10], "[base]").replace(&base[..7], "[base]");
    assert!(text.lines().nth(1).is_some_and(|headline| headline.starts_with("## ❌")), "{text}");
    let text = text.lines().filter(|line| !line.starts_with("## ")).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    assert!(text.contains("-Hello") || text.contains("- Hello") || text.contains("```diff"), "a diff: {text}");
    insta::assert_snapshot!("worse_than_base", text);
    let summary = world.workspace.read("runner/summary");
    assert_eq!(summary.matches("| metric | base | head |").count(), 1, "once: {summary}");
    let id = world.comments()[0].0;
    world.github.state().pull().head = NEWER.to_owned();
    commit("Hello, dear {{name}}");
    world.pull_request(&["test"]).run().exits(0);
    let text = comment(&world);
    assert_eq!(world.comments()[0].0, id);
    assert!(text.contains("✅"), "{text}");
    world.github.finish();
}

#[test]
fn without_git_a_run_of_the_default_branch_is_held_against_the_commit_at_the_code_host() {
    let (_model, workspace) = asking();
    let config = format!("{}store: {{kind: directory, path: state}}\n", workspace.read("prompt-cicd.yml"));
    workspace.write("prompt-cicd.yml", config.as_bytes());
    let mut state = State::new();
    for path in ["prompt-cicd.yml", PROMPT, "cases/greeting.jsonl"] {
        state.contents.insert((HEAD.to_owned(), path.to_owned()), workspace.read(path).into_bytes());
    }
    let world = World::on(state, workspace);
    let payload = serde_json::json!({"before": BASE, "after": HEAD, "repository": {"full_name": "octo/prompts", "default_branch": "main"}});
    let recorded = || {
        let run = world.step("push", &payload, &["test", "--all", "--no-base"]).env("GITHUB_REF", "refs/heads/main").run();
        let shown = world.workspace.prompt_cicd(["baseline", "show", "--format", "json"]).run().exits(0).json();
        (run, shown["suites"][0]["runs"].as_array().cloned().unwrap_or_default())
    };
    let (run, runs) = recorded();
    assert!(runs.len() == 1 && runs[0]["commit"] == HEAD, "{}: {runs:#?}", run.stderr);
    // A step before changed what was checked out.
    world.prompt("Hello there {{name}}");
    let (run, runs) = recorded();
    assert!(run.stderr.contains("prompts/greeting.prompt.yml differs from the commit"), "{}", run.stderr);
    assert_eq!(runs.len(), 1, "{runs:#?}");
}
