//! What each request does to the state, and what it answers.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Request, administration, payload,
    state::{Check, Comment, Deployed, Issue, State},
};

/// What this GitHub understands, below its base path.
pub(super) const KNOWN: [&str; 54] = [
    "GET /user",
    "GET /repos/{repo}/pulls/{number}",
    "GET /repos/{repo}/pulls/{number}/files",
    "GET /repos/{repo}/compare/{base}...{head}",
    "GET /repos/{repo}/issues/{number}/comments",
    "POST /repos/{repo}/issues/{number}/comments",
    "PATCH /repos/{repo}/issues/comments/{id}",
    "DELETE /repos/{repo}/issues/comments/{id}",
    "POST /repos/{repo}/issues/{number}/labels",
    "DELETE /repos/{repo}/issues/{number}/labels/{name}",
    "GET /repos/{repo}/issues",
    "POST /repos/{repo}/issues",
    "PATCH /repos/{repo}/issues/{number}",
    "POST /repos/{repo}/check-runs",
    "GET|PATCH /repos/{repo}/check-runs/{id}",
    "GET /repos/{repo}/commits/{sha}/check-runs",
    "GET /repos/{repo}/contents/{path}",
    "GET /repos/{repo}/deployments",
    "POST /repos/{repo}/deployments",
    "GET /repos/{repo}/deployments/{id}/statuses",
    "POST /repos/{repo}/deployments/{id}/statuses",
    "GET /repos/{repo}/releases/tags/{tag}",
    "POST /repos/{repo}/releases",
    "GET /repos/{repo}/pulls",
    "GET /repos/{repo}/commits",
    "GET /repos/{repo}/commits/{sha}/statuses",
    "POST with {} (refused)",
    "GET /users/{login}",
    "GET /orgs/{org}/teams/{slug}",
    "GET|PUT|DELETE /repos/{repo}/environments/{name}",
    "GET /repos/{repo}/environments/{name}/deployment-branch-policies",
    "POST /repos/{repo}/environments/{name}/deployment-branch-policies",
    "DELETE /repos/{repo}/environments/{name}/deployment-branch-policies/{id}",
    "GET /repos/{repo}/environments/{name}/variables/{name}",
    "POST /repos/{repo}/environments/{name}/variables",
    "PATCH /repos/{repo}/environments/{name}/variables/{name}",
    "GET /repos/{repo}/labels",
    "POST /repos/{repo}/labels",
    "DELETE /repos/{repo}/labels/{name}",
    "GET /repos/{repo}/rulesets",
    "POST /repos/{repo}/rulesets",
    "GET /repos/{repo}/rulesets/{id}",
    "PUT /repos/{repo}/rulesets/{id}",
    "DELETE /repos/{repo}/rulesets/{id}",
    "GET /repos/{repo}",
    "GET /repos/{repo}/git/ref/{name}",
    "GET /repos/{repo}/git/commits/{sha}",
    "GET /repos/{repo}/git/trees/{sha}",
    "POST /repos/{repo}/git/trees",
    "POST /repos/{repo}/git/commits",
    "POST /repos/{repo}/git/refs",
    "PATCH /repos/{repo}/git/refs/{name}",
    "POST /graphql (updateRefs)",
    "POST /api/graphql (updateRefs)",
];

/// GitHub tells no more files of a pull request, however many there are.
const MOST_FILES: usize = 3_000;

/// An answer before it has headers.
#[derive(Debug)]
pub(super) enum Reply {
    Json(StatusCode, Value),
    /// A page of a list, and how many items there are in all.
    Page(Vec<Value>, usize),
    Bytes(Vec<u8>),
    Denied(&'static str),
    Nothing,
    Unknown,
}

pub(super) fn ok(value: Value) -> Reply {
    Reply::Json(StatusCode::OK, value)
}

pub(super) fn created(value: Value) -> Reply {
    Reply::Json(StatusCode::CREATED, value)
}

/// The page of `items` that was asked for.
fn page<T>(request: &Request, items: impl Iterator<Item = T>, show: impl Fn(T) -> Value) -> Reply {
    let (page, size) = request.page();
    let items: Vec<T> = items.collect();
    let all = items.len();
    Reply::Page(items.into_iter().skip((page - 1) * size).take(size).map(show).collect(), all)
}

pub(super) fn not_found() -> Reply {
    let link = "https://docs.github.com/rest";
    Reply::Json(StatusCode::NOT_FOUND, json!({"message": "Not Found", "documentation_url": link, "status": "404"}))
}

pub(super) fn invalid(field: &str, why: &str) -> Reply {
    let errors = json!([{"resource": "Thing", "field": field, "code": "custom", "message": why}]);
    Reply::Json(StatusCode::UNPROCESSABLE_ENTITY, json!({"message": "Validation Failed", "errors": errors}))
}

/// Answers a request by the parts of its path below the base path.
pub(super) fn answer(state: &mut State, request: &Request, parts: &[&str]) -> Reply {
    if (request.method.as_str(), parts) == ("GET", &["user"]) {
        // An installation's token is nobody.
        return if state.login.ends_with("[bot]") { Reply::Denied("none=read") } else { ok(payload::user(state.login)) };
    }
    if request.method == "GET" && matches!(parts.first(), Some(&("users" | "orgs"))) {
        return administration::people(parts);
    }
    if (request.method.as_str(), parts) == ("POST", &["graphql"]) {
        return state.git.graphql(&request.body);
    }
    let repository: Vec<&str> = parts.iter().skip(1).take(2).copied().collect();
    if parts.first() == Some(&"repos") && parts.len() == 3 && repository.join("/") == state.repository {
        return ok(json!({"node_id": "R_node", "full_name": state.repository}));
    }
    if parts.first() != Some(&"repos") || parts.len() < 4 {
        return Reply::Unknown;
    }
    if repository.join("/") != state.repository {
        return not_found();
    }
    let below = &parts[3..];
    if let Some(denied) = needs(&request.method, below).iter().find(|needed| state.denies(needed)) {
        return Reply::Denied(denied);
    }
    // A body without what it must have makes nothing.
    if request.method == "POST" && request.body == json!({}) {
        return invalid("body", "missing_field");
    }
    match below[0] {
        "pulls" if below.len() == 1 => page(request, state.pulls.iter(), |(number, pull)| payload::pull(state, *number, pull)),
        "commits" if below.len() == 1 => {
            let commit = |(sha, date): &(String, String)| json!({"sha": sha, "commit": {"committer": {"name": "Ana", "date": date}}});
            ok(state.last_changes.get(&request.parameter("path").replace("%2F", "/")).map(commit).into_iter().collect())
        }
        "commits" if below.last() == Some(&"statuses") => ok(json!([])),
        "pulls" | "compare" | "contents" => reading(state, request, below),
        "issues" if below.contains(&"comments") => comments(state, request, below),
        "issues" if below.contains(&"labels") => labels(state, request, below),
        "issues" => issues(state, request, below),
        "check-runs" | "commits" => checks(state, request, below),
        "deployments" => deployments(state, request, below),
        "releases" => releases(state, request, below),
        "environments" | "labels" | "rulesets" => state.administration.answer(request, below),
        "git" => state.git.answer(request, &below[1..]),
        _ => Reply::Unknown,
    }
}

/// What a request needs, as GitHub's header writes it.
fn needs(method: &str, below: &[&str]) -> &'static [&'static str] {
    match (method, below[0]) {
        ("GET", "pulls") => &["pull_requests=read"],
        (_, "pulls") => &["pull_requests=write"],
        ("GET", "commits") if below.last() == Some(&"statuses") => &["statuses=read"],
        ("GET", "commits") if below.len() == 1 => &["contents=read"],
        (_, "statuses") => &["statuses=write"],
        ("GET", "compare" | "contents" | "git" | "releases") => &["contents=read"],
        (_, "git" | "releases") => &["contents=write"],
        ("GET", "issues") if below.contains(&"comments") => &["pull_requests=read"],
        (method, "environments") if below.contains(&"variables") => {
            if method == "GET" {
                &["environments=read"]
            } else {
                &["environments=write"]
            }
        }
        ("GET", "environments") => &["actions=read"],
        ("GET", "rulesets") => &["metadata=read"],
        (_, "environments" | "rulesets") => &["administration=write"],
        ("GET", "labels" | "issues") => &["issues=read"],
        (_, "issues") if below.contains(&"comments") || below.contains(&"labels") => &["pull_requests=write"],
        (_, "labels" | "issues") => &["issues=write"],
        ("GET", "deployments") => &["deployments=read"],
        (_, "deployments") => &["deployments=write"],
        ("GET", _) => &["checks=read"],
        _ => &["checks=write"],
    }
}

fn releases(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    let shown = |state: &State, release: &Value| {
        let url = format!("https://github.com/{}/releases/tag/{}", state.repository, release["tag_name"].as_str().unwrap());
        json!({"id": 1, "html_url": url, "tag_name": release["tag_name"]})
    };
    match (request.method.as_str(), below) {
        ("GET", ["releases", "tags", tag @ ..]) => {
            let tag = tag.join("/");
            state.releases.iter().find(|release| release["tag_name"] == *tag).map_or_else(not_found, |release| ok(shown(state, release)))
        }
        ("POST", ["releases"]) => {
            if state.releases.iter().any(|release| release["tag_name"] == request.body["tag_name"]) {
                return invalid("tag_name", "already_exists");
            }
            state.releases.push(request.body.clone());
            created(shown(state, &request.body))
        }
        _ => Reply::Unknown,
    }
}

fn labels(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    let Some(pull) = below[1].parse().ok().and_then(|number: u64| state.pulls.get_mut(&number)) else { return not_found() };
    match (request.method.as_str(), below) {
        ("POST", ["issues", _, "labels"]) => {
            for label in request.body["labels"].as_array().unwrap() {
                let label = label.as_str().unwrap().to_owned();
                if !pull.labels.contains(&label) {
                    pull.labels.push(label);
                }
            }
        }
        ("DELETE", ["issues", _, "labels", name @ ..]) => {
            let before = pull.labels.len();
            pull.labels.retain(|label| *label != name.join("/"));
            if pull.labels.len() == before {
                return not_found();
            }
        }
        _ => return Reply::Unknown,
    }
    Reply::Json(StatusCode::OK, pull.labels.iter().map(|name| json!({"name": name})).collect())
}

fn reading(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    if let ("GET", ["pulls", number]) = (request.method.as_str(), below) {
        let Some((number, pull)) = number.parse().ok().and_then(|number: u64| Some((number, state.pulls.get(&number)?))) else {
            return not_found();
        };
        let told = ok(payload::pull(state, number, pull));
        // What is said each time it is asked; the last answer stays.
        if let Some(mergeable) = state.pulls.get_mut(&number).map(|pull| &mut pull.mergeable).filter(|said| said.len() > 1) {
            mergeable.remove(0);
        }
        return told;
    }
    let pull = |number: &str| number.parse().ok().and_then(|number: u64| Some((number, state.pulls.get(&number)?)));
    match (request.method.as_str(), below) {
        ("GET", ["pulls", number, "files"]) => {
            pull(number).map_or_else(not_found, |(_, pull)| page(request, pull.files.iter().take(MOST_FILES), payload::file))
        }
        ("GET", ["compare", between]) => state.comparisons.get(*between).map_or_else(not_found, |(merge_base, files)| {
            let files: Vec<Value> = files.iter().take(300).map(payload::file).collect();
            ok(json!({"merge_base_commit": {"sha": merge_base}, "status": "ahead", "files": files}))
        }),
        ("GET", ["contents", path @ ..]) => {
            let (at, path) = (request.parameter("ref").to_owned(), path.join("/"));
            let folder = || state.contents.keys().any(|(there, file)| *there == at && file.starts_with(&format!("{path}/")));
            match state.contents.get(&(at.clone(), path.clone())) {
                Some(bytes) => Reply::Bytes(bytes.clone()),
                None if state.git.file(&at, &path).is_some() => {
                    Reply::Bytes(state.git.file(&at, &path).cloned().unwrap_or_default().into_bytes())
                }
                None if folder() => ok(json!([])),
                None => not_found(),
            }
        }
        _ => Reply::Unknown,
    }
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_default().to_owned()
}

fn comments(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    let body = text(&request.body, "body");
    if request.method != "GET" && request.method != "DELETE" && body.chars().count() > 65_536 {
        return invalid("body", "is too long (maximum is 65536 characters)");
    }
    match (request.method.as_str(), below) {
        ("GET", ["issues", number, "comments"]) => {
            let of_pull = state.comments.iter().filter(|comment| comment.pull.to_string() == *number);
            page(request, of_pull, |comment| payload::comment(state, comment))
        }
        ("POST", ["issues", number, "comments"]) => {
            let Some(pull) = number.parse().ok().filter(|number| state.pulls.contains_key(number)) else { return not_found() };
            let comment = Comment { id: state.id(), pull, author: state.login.to_owned(), body };
            state.comments.push(comment.clone());
            created(payload::comment(state, &comment))
        }
        ("PATCH", ["issues", "comments", id]) => {
            let Some(at) = state.comments.iter().position(|comment| comment.id.to_string() == *id) else { return not_found() };
            state.comments[at].body = body;
            ok(payload::comment(state, &state.comments[at]))
        }
        ("DELETE", ["issues", "comments", id]) => {
            let before = state.comments.len();
            state.comments.retain(|comment| comment.id.to_string() != *id);
            if state.comments.len() < before { Reply::Nothing } else { not_found() }
        }
        _ => Reply::Unknown,
    }
}

fn issues(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    match (request.method.as_str(), below) {
        ("GET", ["issues"]) => {
            let open = state.issues.iter().filter(|issue| issue.open || request.parameter("state") != "open");
            let mut list: Vec<Value> = open.map(|issue| payload::issue(state, issue)).collect();
            // A pull request with a text that looks like ours.
            list.insert(0, payload::pull_as_issue(7, "<!-- prompt-cicd:cause -->", state.login));
            page(request, list.into_iter(), |issue| issue)
        }
        ("POST", ["issues"]) => {
            let labels = request.body["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect();
            let (title, body) = (text(&request.body, "title"), text(&request.body, "body"));
            let issue = Issue { number: state.id(), author: state.login.to_owned(), title, body, labels, open: true };
            state.issues.push(issue.clone());
            created(payload::issue(state, &issue))
        }
        ("PATCH", ["issues", number]) => {
            let Some(at) = state.issues.iter().position(|issue| issue.number.to_string() == *number) else { return not_found() };
            let issue = &mut state.issues[at];
            for (field, place) in [("title", &mut issue.title), ("body", &mut issue.body)] {
                if let Some(new) = request.body[field].as_str() {
                    new.clone_into(place);
                }
            }
            issue.open = request.body["state"] != "closed";
            ok(payload::issue(state, &state.issues[at]))
        }
        _ => Reply::Unknown,
    }
}

fn deployments(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    let found = |state: &State, id: &str| state.deployments.iter().position(|one| one.id.to_string() == id);
    match (request.method.as_str(), below) {
        ("GET", ["deployments"]) => {
            let (environment, task) = (request.parameter("environment"), request.parameter("task"));
            let all = state.deployments.iter().rev().filter(|one| one.environment == environment && one.task == task);
            page(request, all, payload::deployment)
        }
        ("POST", ["deployments"]) => {
            if text(&request.body, "description").chars().count() > 140 {
                return invalid("description", "is too long (maximum is 140 characters)");
            }
            let field = |name: &str| text(&request.body, name);
            let (commit, environment, task) = (field("ref"), field("environment"), field("task"));
            let made =
                Deployed { id: state.id(), commit, environment, task, payload: request.body["payload"].clone(), statuses: Vec::new() };
            state.deployments.push(made.clone());
            created(payload::deployment(&made))
        }
        ("GET", ["deployments", id, "statuses"]) => {
            found(state, id).map_or_else(not_found, |at| page(request, state.deployments[at].statuses.iter().rev(), Value::clone))
        }
        ("POST", ["deployments", id, "statuses"]) => {
            let Some(at) = found(state, id) else { return not_found() };
            let known = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
            if !known.contains(&text(&request.body, "state").as_str()) || text(&request.body, "description").chars().count() > 140 {
                return invalid("state", "is not included in the list");
            }
            state.deployments[at].statuses.push(request.body.clone());
            created(request.body.clone())
        }
        _ => Reply::Unknown,
    }
}

fn checks(state: &mut State, request: &Request, below: &[&str]) -> Reply {
    let annotations = request.body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    if annotations.len() > 50 {
        return invalid("annotations", "no more than 50 items are allowed");
    }
    match (request.method.as_str(), below) {
        ("POST", ["check-runs"]) => {
            let field = |name: &str| text(&request.body, name);
            let (head, name, external_id, conclusion) = (field("head_sha"), field("name"), field("external_id"), field("conclusion"));
            let check = Check { id: state.id(), head, name, external_id, conclusion, annotations };
            state.checks.push(check.clone());
            created(payload::check(state, &check))
        }
        ("GET" | "PATCH", ["check-runs", id]) => {
            let Some(at) = state.checks.iter().position(|check| check.id.to_string() == *id) else { return not_found() };
            state.checks[at].annotations.extend(annotations);
            ok(payload::check(state, &state.checks[at]))
        }
        ("GET", ["commits", sha, "check-runs"]) => {
            let of_commit = state.checks.iter().filter(|check| check.head == *sha);
            let runs: Vec<Value> = of_commit.map(|check| payload::check(state, check)).collect();
            ok(json!({"total_count": runs.len(), "check_runs": runs}))
        }
        _ => Reply::Unknown,
    }
}
