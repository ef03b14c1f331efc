//! One function for each call of `CodeHost` and `Administration`, which makes it send all the requests it can send. To add a call: write a
//! function that leads the client down every way it has, and name it below; a test fails until it is there.

use futures::future::LocalBoxFuture;
use prompt_cicd::{
    adapters::github::Identity,
    ports::code_host::{
        Annotation, AnnotationLevel, Check, CodeHost as _, Comment, CommentMode, Conclusion, Issue, Marker, Release, ShownDeployment, Stand,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, administration};

/// The call's name, and what makes its requests.
type Entry = (&'static str, for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>);

/// All of them.
pub(super) const CALLS: &[Entry] = &[
    ("pull_request", |world| Box::pin(pull_request(world))),
    ("changed_files", |world| Box::pin(changed_files(world))),
    ("add_labels", |world| Box::pin(add_labels(world))),
    ("remove_label", |world| Box::pin(remove_label(world))),
    ("compare", |world| Box::pin(compare(world))),
    ("put_comment", |world| Box::pin(put_comment(world))),
    ("amend_comment", |world| Box::pin(amend_comment(world))),
    ("put_issue", |world| Box::pin(put_issue(world))),
    ("close_issue", |world| Box::pin(close_issue(world))),
    ("show_deployment", |world| Box::pin(show_deployment(world))),
    ("create_check", |world| Box::pin(create_check(world))),
    ("create_release", |world| Box::pin(create_release(world))),
    ("file", |world| Box::pin(file(world))),
    ("last_change", |world| Box::pin(last_change(world))),
    ("environment", |world| Box::pin(administration::environment(world))),
    ("put_environment", |world| Box::pin(administration::put_environment(world))),
    ("delete_environment", |world| Box::pin(administration::delete_environment(world))),
    ("labels", |world| Box::pin(administration::labels(world))),
    ("create_label", |world| Box::pin(administration::create_label(world))),
    ("delete_label", |world| Box::pin(administration::delete_label(world))),
    ("ruleset", |world| Box::pin(administration::ruleset(world))),
    ("put_ruleset", |world| Box::pin(administration::put_ruleset(world))),
    ("may", |world| Box::pin(administration::may(world))),
    ("delete_ruleset", |world| Box::pin(administration::delete_ruleset(world))),
];

fn marker() -> Marker {
    Marker::new("test").unwrap()
}

/// A comment or issue of ours, as GitHub tells of it.
fn ours(text: &str) -> Value {
    json!({
        "id": 11, "number": 12, "title": "old", "html_url": "https://github.com/octo/prompts/issues/12",
        "user": {"login": "github-actions[bot]"}, "body": marker().head(text),
    })
}

async fn pull_request(world: &World) {
    world.github.pull_request(7, world.patience()).await.unwrap();
}

async fn changed_files(world: &World) {
    world.recorder.answer_page("/pulls/7/files", json!([]), "/repos/octo/prompts/pulls/7/files?per_page=100&page=2");
    world.github.changed_files(7, world.patience()).await.unwrap();
}

async fn add_labels(world: &World) {
    world.github.add_labels(7, &["size/M", "prompts"], world.patience()).await.unwrap();
}

async fn remove_label(world: &World) {
    world.github.remove_label(7, "size/XL", world.patience()).await.unwrap();
}

async fn compare(world: &World) {
    world.github.compare("main", "feature/größe", world.patience()).await.unwrap();
}

async fn put_comment(world: &World) {
    let marker = marker();
    let comment = Comment { pull_request: 7, marker: &marker, body: "Größe: 3 of 4 passed" };
    let put = async |mode| world.github.put_comment(&comment, mode, world.patience()).await.unwrap();
    let list = |found: Value| world.recorder.answer(Method::GET, "/issues/7/comments", 200, found);
    // None is there; one is there, on the second page; one is written anew.
    list(json!([]));
    put(CommentMode::Update).await;
    world.recorder.answer_page("/issues/7/comments", json!([]), "/repos/octo/prompts/issues/7/comments?per_page=100&page=2");
    list(json!([ours("before")]));
    put(CommentMode::Update).await;
    list(json!([ours("before")]));
    list(json!([ours("before")]));
    put(CommentMode::Recreate).await;
    // Someone else's token is asked who it is.
    let other = World::start(Identity::Ask).await;
    other.recorder.answer(Method::GET, "/issues/7/comments", 200, json!([ours("before")]));
    other.github.put_comment(&comment, CommentMode::Update, other.patience()).await.unwrap();
    world.recorder.add(other.recorder.seen());
}

async fn amend_comment(world: &World) {
    let marker = marker();
    let comment = Comment { pull_request: 7, marker: &marker, body: "the runs that are left passed" };
    world.recorder.answer(Method::GET, "/issues/7/comments", 200, json!([ours("before")]));
    world.github.amend_comment(&comment, world.patience()).await.unwrap().unwrap();
}

async fn put_issue(world: &World) {
    let marker = marker();
    let issue = Issue { marker: &marker, title: "Prompts got worse", body: "see the run", labels: &["prompts", "regression"] };
    for found in [json!([]), json!([ours("before")])] {
        world.recorder.answer(Method::GET, "/issues", 200, found);
        world.github.put_issue(&issue, world.patience()).await.unwrap();
    }
}

async fn close_issue(world: &World) {
    world.recorder.answer(Method::GET, "/issues", 200, json!([ours("before")]));
    world.github.close_issue(&marker(), world.patience()).await.unwrap().unwrap();
}

async fn show_deployment(world: &World) {
    let made = json!({"id": 5, "url": "https://api.github.com/repos/octo/prompts/deployments/5", "payload": {"prompt_cicd": "production.greeting.2"}});
    let before = json!({"id": 4, "url": "https://api.github.com/repos/octo/prompts/deployments/4", "payload": {"prompt_cicd": "production.greeting.1"}});
    let status = |state: &str| json!([{"state": state}]);
    for (stand, url) in [
        (Stand::InProgress, None),
        (Stand::Success, Some("https://example.com/")),
        (Stand::Failure, None),
        (Stand::Inactive, Some("https://example.com/größe")),
    ] {
        let shown = ShownDeployment {
            id: "production.greeting.2",
            commit: "main",
            environment: "production",
            prompt: "greeting",
            said: "greeting 2.0.0: größer",
            stand,
            log_url: url,
            environment_url: url,
        };
        // None is there, and nobody knows whether a 502 was done; the earlier one becomes inactive.
        world.recorder.answer(Method::GET, "/deployments", 200, json!([before]));
        world.recorder.answer(Method::POST, "/deployments", 502, json!({}));
        world.recorder.answer(Method::GET, "/deployments", 200, json!([made, before]));
        world.recorder.answer(Method::GET, "/deployments/5/statuses", 200, json!([]));
        world.recorder.answer(Method::POST, "/deployments/5/statuses", 201, json!({"state": "success"}));
        if stand == Stand::Success {
            world.recorder.answer(Method::GET, "/deployments/4/statuses", 200, status("success"));
            world.recorder.answer(Method::POST, "/deployments/4/statuses", 201, json!({"state": "inactive"}));
        }
        world.github.show_deployment(&shown, world.patience()).await.unwrap();
    }
}

async fn create_check(world: &World) {
    let remark = |line: u32| Annotation {
        path: "prompts/größe.yml".to_owned(),
        start_line: line,
        end_line: line + line % 2,
        columns: Some((3, 9)),
        level: [AnnotationLevel::Notice, AnnotationLevel::Warning, AnnotationLevel::Failure][line as usize % 3],
        title: "flaky".to_owned(),
        message: format!("remark {line}"),
    };
    let remarks: Vec<Annotation> = (1..=120).map(remark).collect();
    let made = json!({"id": 5, "html_url": "https://github.com/octo/prompts/runs/5", "external_id": "run-1.1", "output": {"annotations_count": 50}});
    for conclusion in [Conclusion::Success, Conclusion::Failure, Conclusion::Neutral] {
        let check = Check {
            name: "prompt-cicd test",
            head: "head-sha",
            external_id: "run-1.1",
            details_url: Some("https://github.com/octo/prompts/actions/runs/1"),
            conclusion,
            title: "1 of 3 failed",
            summary: "…",
            annotations: &remarks,
        };
        // Nobody knows whether a 502 was done: the check and its annotations are looked for before they are sent again.
        world.recorder.answer(Method::POST, "/check-runs", 502, json!({}));
        world.recorder.answer(Method::GET, "/commits/head-sha/check-runs", 200, json!({"check_runs": [made]}));
        world.recorder.answer(Method::PATCH, "/check-runs/5", 502, json!({}));
        world.recorder.answer(Method::GET, "/check-runs/5", 200, made.clone());
        world.github.create_check(&check, world.patience()).await.unwrap();
    }
}

async fn create_release(world: &World) {
    let release = Release { tag: "v1.2.3", commit: "main", title: "v1.2.3", body: "### Added", prerelease: true };
    world.recorder.answer(Method::GET, "/releases/tags/v1.2.3", 404, json!({"message": "Not Found"}));
    world.recorder.answer(
        Method::POST,
        "/releases",
        201,
        json!({"id": 9, "html_url": "https://github.com/octo/prompts/releases/tag/v1.2.3"}),
    );
    world.github.create_release(&release, world.patience()).await.unwrap();
}

async fn last_change(world: &World) {
    for at in ["HEAD", "main"] {
        world.github.last_change("prompts/größe.prompt.yml", at, world.patience()).await.unwrap();
    }
}

async fn file(world: &World) {
    // A path with folders is one part of the address for GitHub, which its description cannot say.
    world.recorder.answer(Method::GET, "/contents/README.md", 200, json!([]));
    let refused = world.github.file("README.md", "main", 1_000, world.patience()).await.unwrap_err();
    assert!(refused.to_string().contains("is a folder"), "{refused}");
    world.recorder.answer(Method::GET, "/contents/README.md", 200, json!([]));
    let of_default_branch = world.github.file("README.md", "HEAD", 1_000, world.patience()).await.unwrap_err();
    assert!(of_default_branch.to_string().contains("is a folder"), "{of_default_branch}");
}
