//! `prompt-cicd publish`: a trusted run posts the comment of a run that could only read. The file is hostile: it is taken
//! only when the pull request that it names has the very commit that the other run was about.

use std::path::PathBuf;

use super::comment::{PATIENCE, marker, said};
use crate::{
    app::{Failure, Finished, Outcome, Services},
    domain::comment::CommentMode,
    ports::{
        ci::{Event, WorkflowRunEvent},
        code_host::{Comment, Patience, PullRequest, PullRequestState},
    },
    report::comment::{self, Around, CommentData},
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The data of the comment.
    pub report: PathBuf,
    /// What becomes of an earlier comment.
    pub mode: CommentMode,
}

/// Checks, renders and posts.
///
/// # Errors
/// A file that is not ours, a pull request that it does not belong to, or a host that refuses.
pub async fn publish(services: &Services, request: &PublishRequest) -> Result<Finished, Failure> {
    let event = match services.ci.event() {
        Ok(Event::WorkflowRun(run)) => run,
        Ok(_) => return Err(Failure::Event("publish belongs into a job that `workflow_run` starts: there its commit is known".to_owned())),
        Err(error) => return Err(Failure::Event(error.to_string())),
    };
    let text = services.workspace.read_text(&request.report, comment::FILE_LIMIT).map_err(Failure::File)?;
    let data = comment::parse(&text).map_err(|error| Failure::NotOurs { file: request.report.clone(), why: error.to_string() })?;
    belongs(&data, &event).map_err(Failure::PullRequest)?;
    let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
    let patience = Patience::of(&*services.clock, PATIENCE);
    let pull = host.pull_request(data.pull_request, patience).await.map_err(Failure::CodeHost)?;
    is_now(&pull, &event).map_err(Failure::PullRequest)?;
    let body = comment::render(&data, Around { run_url: event.url.as_deref(), untrusted: pull.from_fork });
    let marker = marker(&data.config);
    let comment = Comment { pull_request: pull.number, marker: &marker, body: &body };
    let written = host.put_comment(&comment, request.mode, patience).await.map_err(Failure::CodeHost)?;
    let mut notes = Vec::new();
    let url = said(written, &mut notes).unwrap_or_default();
    notes.extend(services.ci.set_outputs(&[("comment-url", url)]).err().map(|error| format!("warning: {error}")));
    Ok(Finished { outcome: Outcome::Done, stdout: Vec::new(), notes })
}

/// Whether the file and the event speak of the same commit and pull request.
fn belongs(data: &CommentData, event: &WorkflowRunEvent) -> Result<(), String> {
    if !event.event.starts_with("pull_request") {
        return Err(format!("the run was started by `{}`, not by a pull request", event.event));
    }
    if data.head != event.head {
        return Err(format!("the report is about commit {}, the run about {}", data.head, event.head));
    }
    if !event.pull_requests.is_empty() && !event.pull_requests.contains(&data.pull_request) {
        return Err(format!("the report names pull request {}, which the run was not about", data.pull_request));
    }
    Ok(())
}

/// Whether the pull request still is where the run was.
fn is_now(pull: &PullRequest, event: &WorkflowRunEvent) -> Result<(), String> {
    let number = pull.number;
    if pull.head != event.head {
        return Err(format!("pull request {number} is at {} now, the run was about {}", pull.head, event.head));
    }
    match pull.state {
        PullRequestState::Open => Ok(()),
        PullRequestState::Merged => Err(format!("pull request {number} is merged")),
        PullRequestState::Closed => Err(format!("pull request {number} is closed")),
    }
}
