//! What started the workflow, from `GITHUB_EVENT_NAME` and the file at `GITHUB_EVENT_PATH`.

use std::{fs::File, io::Read as _, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use crate::ports::ci::{CiError, Event, PullRequestEvent, WorkflowRunEvent};

/// GitHub sends no payload above 25 MB.
const LIMIT: u64 = 32 * 1024 * 1024;

/// What stands for "no commit": a branch that was just made or removed.
const NOTHING: &str = "0000000000000000000000000000000000000000";

#[derive(Debug, Deserialize)]
struct PullRequestPayload {
    pull_request: Pull,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    sha: String,
    #[serde(rename = "ref")]
    branch: String,
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct PushPayload {
    before: String,
    after: String,
}

#[derive(Debug, Deserialize)]
struct MergeGroupPayload {
    merge_group: MergeGroup,
}

#[derive(Debug, Deserialize)]
struct MergeGroup {
    base_sha: String,
    head_sha: String,
}

#[derive(Debug, Deserialize)]
struct WorkflowRunPayload {
    workflow_run: WorkflowRun,
}

#[derive(Debug, Deserialize)]
struct WorkflowRun {
    head_sha: String,
    event: String,
    html_url: Option<String>,
    #[serde(default)]
    pull_requests: Vec<Number>,
}

#[derive(Debug, Deserialize)]
struct Number {
    number: u64,
}

/// Whether an event of this name is about a pull request that proposes something.
pub(super) fn is_pull_request(name: &str) -> bool {
    matches!(name, "pull_request" | "pull_request_target")
}

/// Reads the event of this name from its payload.
///
/// # Errors
/// A payload that is missing, too large, or not of the event's form.
pub fn read(name: &str, path: Option<&Path>) -> Result<Event, CiError> {
    match name {
        _ if is_pull_request(name) => payload(name, path).map(pull_request),
        "push" => payload(name, path).map(|push: PushPayload| Event::Push { before: commit(push.before), after: push.after }),
        "merge_group" => payload(name, path)
            .map(|group: MergeGroupPayload| Event::MergeGroup { base: group.merge_group.base_sha, head: group.merge_group.head_sha }),
        "workflow_run" => payload(name, path).map(|payload: WorkflowRunPayload| {
            let run = payload.workflow_run;
            let pull_requests = run.pull_requests.into_iter().map(|pull| pull.number).collect();
            Event::WorkflowRun(WorkflowRunEvent { head: run.head_sha, event: run.event, url: run.html_url, pull_requests })
        }),
        "schedule" => Ok(Event::Schedule),
        "workflow_dispatch" | "repository_dispatch" => Ok(Event::Dispatch),
        // The runner always names one: nobody but a person sets GITHUB_ACTIONS alone.
        "" => Ok(Event::None),
        other => Ok(Event::Other(other.to_owned())),
    }
}

/// Whether a run whose `GITHUB_REF` is `reference` is one of the default branch; `None`: the event does not say which that is.
pub(super) fn on_default_branch(name: &str, path: Option<&Path>, reference: Option<&str>) -> Option<bool> {
    // GitHub starts a schedule on the default branch alone.
    if name == "schedule" {
        return Some(true);
    }
    let default = default_branch(name, path)?;
    Some(reference?.strip_prefix("refs/heads/") == Some(default.as_str()))
}

/// The repository's default branch, where the event names it.
pub(super) fn default_branch(name: &str, path: Option<&Path>) -> Option<String> {
    #[derive(Deserialize)]
    struct Any {
        repository: Option<Home>,
    }
    #[derive(Deserialize)]
    struct Home {
        default_branch: Option<String>,
    }
    payload::<Any>(name, path).ok()?.repository?.default_branch
}

fn pull_request(payload: PullRequestPayload) -> Event {
    let name = |repository: &Repository| repository.full_name.to_ascii_lowercase();
    let pull = payload.pull_request;
    let here = payload.repository.as_ref().or(pull.base.repo.as_ref()).map(name);
    let head = pull.head.repo.as_ref().map(name);
    Event::PullRequest(PullRequestEvent {
        number: pull.number,
        // A fork that is gone has no name.
        from_fork: head.is_none() || head != here,
        head: pull.head.sha,
        base_ref: pull.base.branch,
        base: pull.base.sha,
    })
}

fn commit(sha: String) -> Option<String> {
    Some(sha).filter(|sha| sha != NOTHING)
}

fn payload<T: DeserializeOwned>(name: &str, path: Option<&Path>) -> Result<T, CiError> {
    let broken = |reason: String| {
        let place = path.map_or_else(String::new, |path| format!(", {}", path.display()));
        CiError { what: format!("the event `{name}`{place}"), reason }
    };
    let path = path.ok_or_else(|| broken("GITHUB_EVENT_PATH is not set".to_owned()))?;
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text));
    read.map_err(|error| broken(error.to_string()))?;
    if text.len() as u64 > LIMIT {
        return Err(broken(format!("larger than {LIMIT} bytes")));
    }
    serde_json::from_str(&text).map_err(|error| broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(name: &str, payload: &Value) -> Result<Event, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        std::fs::write(&path, payload.to_string()).unwrap();
        read(name, Some(&path)).map_err(|error| error.to_string().replace(&path.display().to_string(), "EVENT"))
    }

    fn pull(head: &Value) -> Value {
        let base = json!({"sha": "b", "ref": "main", "repo": {"full_name": "octo/prompts"}});
        json!({"pull_request": {"number": 7, "head": {"sha": "h", "ref": "tune", "repo": head}, "base": base},
            "repository": {"full_name": "octo/prompts"}})
    }

    #[test]
    fn a_pull_request_is_from_a_fork_unless_its_head_is_here() {
        for (head, fork) in
            [(json!({"full_name": "Octo/Prompts"}), false), (json!({"full_name": "eve/prompts"}), true), (Value::Null, true)]
        {
            let Ok(Event::PullRequest(event)) = event("pull_request", &pull(&head)) else { panic!("{head} is no pull request") };
            assert_eq!((event.number, event.from_fork), (7, fork), "{head}");
            assert_eq!((event.head.as_str(), event.base.as_str(), event.base_ref.as_str()), ("h", "b", "main"));
        }
    }

    #[test]
    fn every_other_event_is_read() {
        let push = event("push", &json!({"before": NOTHING, "after": "a"}));
        assert_eq!(push, Ok(Event::Push { before: None, after: "a".to_owned() }));
        let group = event("merge_group", &json!({"merge_group": {"base_sha": "b", "head_sha": "h"}}));
        assert_eq!(group, Ok(Event::MergeGroup { base: "b".to_owned(), head: "h".to_owned() }));
        let run = json!({"workflow_run": {"head_sha": "h", "event": "pull_request", "pull_requests": [{"number": 3}]}});
        let expected = WorkflowRunEvent { head: "h".to_owned(), event: "pull_request".to_owned(), url: None, pull_requests: vec![3] };
        assert_eq!(event("workflow_run", &run), Ok(Event::WorkflowRun(expected)));
        assert_eq!(read("", None).unwrap(), Event::None);
        assert_eq!(event("schedule", &Value::Null), Ok(Event::Schedule));
        assert_eq!(event("workflow_dispatch", &Value::Null), Ok(Event::Dispatch));
        assert_eq!(event("issues", &Value::Null), Ok(Event::Other("issues".to_owned())));
    }

    #[test]
    fn what_github_publishes_is_read() {
        let read = |name: &str, text: &str| event(name, &serde_json::from_str(text).unwrap());
        let (master, before) = ("6113728f27ae82c7b1a177c8d03f9e96e0adf246".to_owned(), "f95f852bd8fca8fcc58a9a2d6c842781e32a215e");
        let head = "ec26c3e57ca3a959ca5aad62de7213c562f8c821".to_owned();
        for text in [
            include_str!("../../../tests/data/github/pull_request.opened.json"),
            include_str!("../../../tests/data/github/pull_request.synchronize.json"),
        ] {
            let expected = PullRequestEvent {
                number: 2,
                from_fork: false,
                head: head.clone(),
                base_ref: "master".to_owned(),
                base: before.to_owned(),
            };
            assert_eq!(read("pull_request", text), Ok(Event::PullRequest(expected)));
        }
        let push = read("push", include_str!("../../../tests/data/github/push.json"));
        assert_eq!(push, Ok(Event::Push { before: None, after: master.clone() }));
        let deleted = read("push", include_str!("../../../tests/data/github/push.deleted.json"));
        assert_eq!(deleted, Ok(Event::Push { before: Some(master), after: NOTHING.to_owned() }));
        let group = read("merge_group", include_str!("../../../tests/data/github/merge_group.checks_requested.json"));
        let (base, queued) = ("380387fbc80638b734a49e1be1c4dfec1c01b33c".to_owned(), "2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d".to_owned());
        assert_eq!(group, Ok(Event::MergeGroup { base, head: queued }));
        let run = read("workflow_run", include_str!("../../../tests/data/github/workflow_run.completed.json"));
        let Ok(Event::WorkflowRun(run)) = run else { panic!("{run:?}") };
        assert_eq!((run.event.as_str(), run.pull_requests.as_slice()), ("repository_dispatch", [2].as_slice()));
        assert!(run.url.is_some_and(|url| url.ends_with("/actions/runs/289782451")));
        let dispatch = include_str!("../../../tests/data/github/workflow_dispatch.json");
        assert_eq!(read("workflow_dispatch", dispatch), Ok(Event::Dispatch));
        let release = include_str!("../../../tests/data/github/release.published.json");
        assert_eq!(read("release", release), Ok(Event::Other("release".to_owned())));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("push", None).unwrap_err().to_string(), "the event `push`: GITHUB_EVENT_PATH is not set");
        let error = event("pull_request", &json!({"pull_request": {"number": "seven"}})).unwrap_err();
        assert!(error.starts_with("the event `pull_request`, EVENT: invalid type: string \"seven\""), "{error}");
        let gone = read("push", Some(Path::new("/nowhere/event.json"))).unwrap_err().to_string();
        assert!(gone.starts_with("the event `push`, /nowhere/event.json: No such file"), "{gone}");
    }
}
