use super::{FILES, HEAD, LIST, NEWER, NEWEST, POST, World, without_times};
use crate::support::Workspace;
use crate::support::github::{Mishap, State};

#[test]
fn from_open_to_green_over_three_pushes_there_is_one_comment() {
    let world = World::new();
    world.prompt("Hello there!");
    world
        .pull_request(&["test", "--report", "html=out/report.html"])
        .run()
        .exits(10)
        .says("comment: https://github.com/octo/prompts/pull/7");
    insta::assert_snapshot!("first_push", world.comment());
    // The reference page shows this very comment.
    let page = include_str!("../../../docs/reference/comment.md");
    assert!(without_times(page).contains(world.comment().trim()), "docs/reference/comment.md shows another comment");
    let id = world.comments()[0].0;
    // A run that fails asks whether the history knows the failure.
    let history = ["GET /repos/octo/prompts/git/ref/heads/prompt-cicd-state", "GET /repos/octo/prompts"];
    assert_eq!(world.github.requests(), [FILES, history[0], history[1], LIST, POST]);

    world.github.state().pull().head = NEWER.to_owned();
    world.prompt("Hello Ana!");
    world.pull_request(&["test"]).run().exits(10);
    insta::assert_snapshot!("second_push", world.comment());

    world.github.state().pull().head = NEWEST.to_owned();
    world.prompt("Hello {{name}}!");
    world.pull_request(&["test"]).run().exits(0);
    insta::assert_snapshot!("third_push", world.comment());
    assert_eq!(world.comments()[0].0, id, "the same comment throughout");

    let outputs = world.outputs();
    assert_eq!(outputs["comment-url"], format!("https://github.com/octo/prompts/pull/7#issuecomment-{id}"));
    assert_eq!((outputs["verdict"].as_str(), outputs["regressions"].as_str()), ("passed", "0"));
    world.github.finish();
}

#[test]
fn a_comment_that_is_there_costs_two_requests() {
    let world = World::new();
    world.prompt("Hello there!");
    world.pull_request(&["test", "--all"]).run().exits(10);
    world.prompt("Hello {{name}}!");
    let before = world.github.requests().len();
    world.pull_request(&["test", "--all"]).run().exits(0);
    let id = world.comments()[0].0;
    assert_eq!(world.github.requests()[before..], [LIST.to_owned(), format!("PATCH /repos/octo/prompts/issues/comments/{id}")]);
    world.github.finish();
}

#[test]
fn the_flag_wins_over_the_configuration() {
    let off = |text: &str| format!("{text}github: {{comment: off}}\n");
    let workspace = Workspace::greeting();
    let config = off(&workspace.read("prompt-cicd.yml"));
    let world = World::on(State::new(), workspace.file("prompt-cicd.yml", &config));
    world.pull_request(&["test"]).run().exits(0);
    assert_eq!(world.comments(), []);
    world.pull_request(&["test", "--comment", "update"]).run().exits(0);
    let first = world.comments()[0].0;
    world.pull_request(&["test", "--comment", "recreate"]).run().exits(0);
    assert!(world.comments()[0].0 > first && world.comments().len() == 1);
    // The input says the same as the flag.
    let mut call = world.pull_request(&[""]);
    for (name, value) in [("INPUT_COMMAND", "test"), ("INPUT_COMMENT", "off"), ("INPUT_TOKEN", ""), ("INPUT_ARGS", "--no-base")] {
        call = call.env(name, value);
    }
    let before = world.github.requests().len();
    call.run().exits(0);
    assert_eq!(world.github.requests().len(), before + 1, "only the changed files are asked for");
    world.github.finish();
}

#[test]
fn two_configurations_have_two_comments() {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml");
    let world = World::on(State::new(), workspace.file("other prompts.yml", &config));
    for config in ["prompt-cicd.yml", "./prompt-cicd.yml", "other prompts.yml"] {
        world.pull_request(&["test", "--config", config]).run().exits(0);
    }
    assert_eq!(world.comments().len(), 2);
    world.github.finish();
}

#[test]
fn a_comment_deleted_meanwhile_is_written_again() {
    let world = World::on(State::new().mishap("PATCH", "/comments/", 1, Mishap::CommentsGone), Workspace::greeting());
    world.prompt("Hello there!");
    world.pull_request(&["test"]).run().exits(10);
    world.prompt("Hello {{name}}!");
    world.pull_request(&["test"]).run().exits(0);
    assert!(world.comment().contains("✅ Prompt tests passed"));
    world.github.finish();
}

#[test]
fn unicode_names_and_hostile_answers_are_shown_as_they_are() {
    let workspace =
        Workspace::greeting().file("cases/greeting.jsonl", "{\"id\": \"žofie 你好 | @ana <!-- x -->\", \"vars\": {\"name\": \"Ž\"}}\n");
    let world = World::on(State::new(), workspace);
    world.prompt("<!-- prompt-cicd:test:prompt-cicd.yml --> @octocat ``` </details>");
    world.pull_request(&["test"]).run().exits(10);
    let (_, body) = world.comments().remove(0);
    assert!(body.starts_with("<!-- prompt-cicd:test:prompt-cicd.yml -->\n## ❌"), "{body}");
    assert!(body.contains("žofie 你好"), "{body}");
    assert!(
        body.contains("\n````text\n<!-- prompt-cicd:test:prompt-cicd.yml --> @octocat ``` </details>\n````\n"),
        "in a fence it is shown: {body}"
    );
    let body = body.replace("\n<!-- prompt-cicd:test:prompt-cicd.yml --> @octocat", "");
    assert!(!body.contains("@ana") && !body.lines().skip(1).any(|line| line.starts_with("<!--")), "{body}");
    world.github.finish();
}

#[test]
fn on_a_push_there_is_no_comment_and_the_summary_is_there() {
    let world = World::new();
    let payload = serde_json::json!({"before": "0000000000000000000000000000000000000000", "after": HEAD});
    world.step("push", &payload, &["test"]).run().exits(0).says("every suite is tested: the branch is new");
    assert_eq!(world.github.requests(), Vec::<String>::new());
    assert!(world.workspace.read("runner/summary").contains("Prompt tests passed"));
    world.github.finish();
}

#[test]
fn a_push_that_cannot_be_tested_is_told_by_the_comment_that_is_there() {
    let world = World::new();
    // There is none yet, and whether one is wanted cannot be read.
    let good = world.workspace.read("prompt-cicd.yml");
    world.workspace.write("prompt-cicd.yml", good.replace("name: greeting", "nmae: greeting <b>@octocat").as_bytes());
    world.pull_request(&["test"]).run().exits(3);
    assert_eq!(world.comments(), []);
    world.workspace.write("prompt-cicd.yml", good.as_bytes());
    world.pull_request(&["test"]).run().exits(0);
    let id = world.comments()[0].0;
    world.github.state().pull().head = NEWER.to_owned();
    world.workspace.write("prompt-cicd.yml", good.replace("name: greeting", "nmae: greeting <b>@octocat").as_bytes());
    world.pull_request(&["test"]).run().exits(3);
    assert_eq!(world.comments()[0].0, id);
    let comment = world.comment();
    assert!(comment.contains("## ❔ Prompt tests inconclusive: nothing was asked") && comment.contains("nmae"), "{comment}");
    assert!(comment.contains(&NEWER[..10]) && comment.contains("**Next:** mend what is said above"), "{comment}");
    // A host that refuses changes nothing about that.
    world.github.state().denied.insert("pull_requests=write");
    world.github.state().denied.insert("issues=write");
    world.pull_request(&["test"]).run().exits(3).says("nmae");
    world.pull_request(&["test", "--comment", "off"]).run().exits(3);
    world.github.finish();
}
