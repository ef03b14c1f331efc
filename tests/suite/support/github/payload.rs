//! GitHub's JSON for what is in the state: what our client reads, and some of what it must not trip over.

use serde_json::{Value, json};

use super::state::{Check, Comment, Deployed, File, Issue, Pull, State};

pub(super) fn user(login: &str) -> Value {
    json!({"login": login, "id": 1, "type": if login.ends_with("[bot]") { "Bot" } else { "User" }})
}

pub(super) fn pull(state: &State, number: u64, pull: &Pull) -> Value {
    let repository = |name: &str| json!({"full_name": name, "fork": name != state.repository});
    json!({
        "number": number,
        "state": pull.state,
        "draft": pull.draft,
        "locked": pull.locked,
        "merged_at": pull.merged.then_some("2026-01-02T03:04:05Z"),
        "title": pull.title,
        "body": pull.body,
        "additions": pull.lines.0,
        "deletions": pull.lines.1,
        "mergeable": pull.mergeable.first(),
        "labels": pull.labels.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "user": pull.author.map(user),
        "head": {"sha": pull.head, "ref": "tune", "repo": pull.head_repository.as_deref().map(repository)},
        "base": {"sha": pull.base, "ref": "main", "repo": repository(&state.repository)},
    })
}

pub(super) fn file(file: &File) -> Value {
    let mut value = json!({"filename": file.path, "status": file.status, "additions": 1, "deletions": 1, "patch": "@@ -1 +1 @@"});
    if let Some(previous) = &file.previous {
        value["previous_filename"] = json!(previous);
    }
    value
}

pub(super) fn comment(state: &State, comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "html_url": format!("https://github.com/{}/pull/{}#issuecomment-{}", state.repository, comment.pull, comment.id),
        "user": user(&comment.author),
        "body": comment.body,
    })
}

pub(super) fn issue(state: &State, issue: &Issue) -> Value {
    json!({
        "number": issue.number,
        "html_url": format!("https://github.com/{}/issues/{}", state.repository, issue.number),
        "user": user(&issue.author),
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "open" } else { "closed" },
        "labels": issue.labels.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
    })
}

/// GitHub lists pull requests among the issues.
pub(super) fn pull_as_issue(number: u64, body: &str, author: &str) -> Value {
    json!({"number": number, "html_url": "", "user": user(author), "title": "a pull request", "body": body, "state": "open", "pull_request": {}})
}

pub(super) fn deployment(deployed: &Deployed) -> Value {
    json!({
        "id": deployed.id,
        "url": format!("https://api.github.com/repos/octo/prompts/deployments/{}", deployed.id),
        "environment": deployed.environment,
        "task": deployed.task,
        "payload": deployed.payload,
    })
}

pub(super) fn check(state: &State, check: &Check) -> Value {
    json!({
        "id": check.id,
        "html_url": format!("https://github.com/{}/runs/{}", state.repository, check.id),
        "name": check.name,
        "external_id": check.external_id,
        "status": "completed",
        "conclusion": check.conclusion,
        "output": {"title": null, "annotations_count": check.annotations.len()},
    })
}
