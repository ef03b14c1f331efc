use serde_json::{Value, json};

use super::{HEAD, LIST, NEWER, POST, World};
use crate::support::{
    Finished, Workspace,
    github::{Mishap, State},
};

const PULL: &str = "GET /repos/octo/prompts/pulls/7";

/// A pull request of Eve's, tested by a run that may only read.
fn tested(state: State) -> World {
    let mut state = state;
    state.pull().head_repository = Some("eve/prompts".to_owned());
    let world = World::on(state, Workspace::greeting());
    world.prompt("Hello Ana!");
    let finished = world.pull_request(&["test"]).run().exits(10);
    let said = finished.says("the token of a pull request from a fork can only read, so no comment is written");
    said.says(".prompt-cicd/comment.json: upload it as an artifact, and a `workflow_run` job posts it with `prompt-cicd publish`");
    assert!(world.github.requests().iter().all(|request| request.starts_with("GET ")), "nothing is written");
    assert_eq!(world.outputs()["comment-file"], ".prompt-cicd/comment.json");
    world
}

/// The trusted job that follows.
fn publish(world: &World, event: &Value) -> Finished {
    world.step("workflow_run", event, &["publish", ".prompt-cicd/comment.json"]).run()
}

fn run_of(head: &str) -> Value {
    json!({"workflow_run": {"head_sha": head, "event": "pull_request", "html_url": "https://github.com/octo/prompts/actions/runs/41", "pull_requests": []}})
}

/// Changes the data that the fork hands on.
fn forge(world: &World, change: impl FnOnce(&mut Value)) {
    let mut data: Value = serde_json::from_str(&world.workspace.read(".prompt-cicd/comment.json")).unwrap();
    change(&mut data);
    world.workspace.write(".prompt-cicd/comment.json", data.to_string().as_bytes());
}

#[test]
fn the_trusted_run_posts_what_the_forks_run_found() {
    let world = tested(State::new());
    publish(&world, &run_of(HEAD)).exits(0).says("comment: https://github.com/octo/prompts/pull/7");
    insta::assert_snapshot!("fork", world.comment());
    let requests = world.github.requests();
    assert_eq!(requests[requests.len() - 3..], [PULL, LIST, POST]);
    assert!(world.outputs()["comment-url"].contains("issuecomment"));
    // Once more changes nothing.
    publish(&world, &run_of(HEAD)).exits(0);
    assert_eq!(world.comments().len(), 1);
    world.github.finish();
}

#[test]
fn what_does_not_belong_to_the_pull_request_is_not_posted() {
    let world = tested(State::new());
    publish(&world, &run_of(NEWER)).exits(13).says(&format!("the report is about commit {HEAD}, the run about {NEWER}"));
    let mut other = run_of(HEAD);
    other["workflow_run"]["pull_requests"] = json!([{"number": 8}]);
    publish(&world, &other).exits(13).says("names pull request 7, which the run was not about");
    let mut push = run_of(HEAD);
    push["workflow_run"]["event"] = json!("push");
    publish(&world, &push).exits(13).says("started by `push`, not by a pull request");
    // A file that lies about its commit fits no pull request's head.
    forge(&world, |data| data["head"] = json!(NEWER));
    publish(&world, &run_of(NEWER)).exits(13).says(&format!("pull request 7 is at {HEAD} now"));
    assert_eq!(world.comments(), []);
    world.github.finish();
}

#[test]
fn a_pull_request_that_moved_on_or_is_closed_gets_nothing() {
    let world = tested(State::new());
    world.github.state().pull().head = NEWER.to_owned();
    publish(&world, &run_of(HEAD)).exits(13).says("somebody pushed meanwhile");
    world.github.state().pull().head = HEAD.to_owned();
    world.github.state().pull().state = "closed";
    publish(&world, &run_of(HEAD)).exits(13).says("pull request 7 is closed");
    world.github.state().pull().merged = true;
    publish(&world, &run_of(HEAD)).exits(13).says("pull request 7 is merged");
    forge(&world, |data| data["pull-request"] = json!(8));
    publish(&world, &run_of(HEAD)).exits(31).says("404 Not Found");
    assert_eq!(world.comments(), []);
    world.github.finish();
}

#[test]
fn only_the_form_that_we_write_is_taken() {
    type Forge = fn(&mut Value);
    let forgeries: [(Forge, &str); 8] = [
        (|data| data["body"] = json!("# Owned"), "unknown field `body`"),
        (|data| data["format"] = json!("prompt-cicd/comment/v9"), "use the same version of prompt-cicd in both workflows"),
        (|data| data["suites"][0]["name"] = json!("x".repeat(201)), "`suites[0].name` has more than 200 characters"),
        (|data| data["suites"][0]["cases"][0]["answer"] = json!("x".repeat(4_001)), "has more than 4000 characters"),
        (|data| data["suites"][0]["digest"] = json!("</details>"), "`suites[0].digest` is no SHA-256"),
        (|data| data["head"] = json!("main"), "`head` is no commit"),
        (|data| data["suites"][0]["min-pass-rate"] = json!(7), "is no share"),
        (|data| data["warnings"] = json!(vec!["w"; 51]), "`warnings` has more than 50 entries"),
    ];
    let world = tested(State::new());
    let honest = world.workspace.read(".prompt-cicd/comment.json");
    for (change, complaint) in forgeries {
        world.workspace.write(".prompt-cicd/comment.json", honest.as_bytes());
        forge(&world, change);
        publish(&world, &run_of(HEAD)).exits(3).says(complaint);
    }
    world.workspace.write(".prompt-cicd/comment.json", b"<!DOCTYPE html>");
    publish(&world, &run_of(HEAD)).exits(3).says("not the data of a comment");
    world.workspace.write(".prompt-cicd/comment.json", &vec![b' '; 17 * 1024 * 1024]);
    publish(&world, &run_of(HEAD)).exits(3).says("more than the");
    assert_eq!(world.comments(), []);
    world.github.finish();
}

#[test]
fn hostile_texts_in_the_file_stay_text() {
    let world = tested(State::new());
    forge(&world, |data| {
        data["suites"][0]["name"] = json!("<script>alert(1)</script> @octocat");
        data["config"] = json!("x --> [click](https://evil.example)");
        data["warnings"] = json!(["![i](https://evil.example/i.png)\n<!-- prompt-cicd:test:other.yml -->\n::set-env name=X::y"]);
    });
    publish(&world, &run_of(HEAD)).exits(0);
    let (_, body) = world.comments().remove(0);
    for bad in [" <script", "@octocat", "](https://evil", "\n<!-- prompt-cicd:test:other", "\n::set-env"] {
        assert!(!body.contains(bad), "{bad}: {body}");
    }
    world.github.finish();
}

#[test]
fn publish_needs_its_event_and_its_permission() {
    let world = tested(State::new().mishap("POST", "/comments", 1, Mishap::Status(403, "Resource not accessible by integration")));
    publish(&world, &run_of(HEAD)).exits(31).says("pull-requests: write");
    world.step("push", &json!({"before": HEAD, "after": NEWER}), &["publish", "x.json"]).run().exits(3).says("`workflow_run` starts");
    world.step("workflow_run", &json!({"workflow_run": 1}), &["publish", "x.json"]).run().exits(3).says("the event `workflow_run`");
    Workspace::greeting().prompt_cicd(["publish", "x.json"]).run().exits(3).says("`workflow_run` starts");
    publish(&World::on(State::new(), Workspace::greeting()), &run_of(HEAD)).exits(3).says("comment.json");
    world.github.finish();
}

#[test]
fn a_token_without_the_permission_is_handled_like_a_forks() {
    let mut state = State::new();
    state.denied.insert("pull_requests=write");
    let world = World::on(state, Workspace::greeting());
    let finished = world.pull_request(&["test", "--comment-file", "out/c.json"]).run().exits(0);
    finished.says("add `permissions: pull-requests: write` to the job").says("its data is in out/c.json");
    assert!(world.workspace.read("out/c.json").contains("prompt-cicd/comment/v1"));
    world.github.finish();
}

#[test]
fn a_file_that_a_commit_brings_is_not_said_to_be_written() {
    let workspace = Workspace::greeting().file(".prompt-cicd/comment.json", "{\"brought\": \"by a commit\"}");
    let world = World::on(State::new(), workspace);
    world.pull_request(&["test"]).run().exits(0);
    assert_eq!((world.comments().len(), world.outputs()["comment-file"].as_str()), (1, ""));
}
