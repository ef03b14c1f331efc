//! Where the code lives and where people read what we found: pull requests, comments, issues, check runs, files.

mod administration;
mod deployment;
mod error;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use super::{clock::Clock, vcs::LastChange};

pub use crate::domain::comment::CommentMode;
pub use administration::{Administration, Put};
pub use deployment::{ShownDeployment, Stand};
pub use error::{Call, CodeHostError};

/// The most characters that a comment or an issue may have, the marker's line included.
pub const BODY_LIMIT: usize = 65_536;

/// The most files of one pull request that the host tells.
pub const CHANGED_FILES_LIMIT: usize = 3_000;

/// The most files of one comparison that the host tells.
pub const COMPARED_FILES_LIMIT: usize = 300;

/// One repository on its host. Every call ends by its [`Patience`].
#[async_trait]
pub trait CodeHost: Send + Sync {
    /// A pull request as it stands now.
    async fn pull_request(&self, number: u64, patience: Patience) -> Result<PullRequest, CodeHostError>;

    /// The files that a pull request changes, at most [`CHANGED_FILES_LIMIT`].
    async fn changed_files(&self, number: u64, patience: Patience) -> Result<ChangedFiles, CodeHostError>;

    /// Adds labels to a pull request; those it has stay.
    async fn add_labels(&self, number: u64, labels: &[&str], patience: Patience) -> Result<(), CodeHostError>;

    /// Takes a label off a pull request; one that is not there is fine.
    async fn remove_label(&self, number: u64, label: &str, patience: Patience) -> Result<(), CodeHostError>;

    /// What `head` changed since it left `base`, at most [`COMPARED_FILES_LIMIT`] files.
    async fn compare(&self, base: &str, head: &str, patience: Patience) -> Result<Comparison, CodeHostError>;

    /// Makes the one comment with this marker say `comment.body`. `None` when comments are off.
    async fn put_comment(&self, comment: &Comment<'_>, mode: CommentMode, patience: Patience) -> Result<Option<Written>, CodeHostError>;

    /// Makes the comment with this marker say `comment.body`, if there is one; writes none.
    async fn amend_comment(&self, comment: &Comment<'_>, patience: Patience) -> Result<Option<Written>, CodeHostError>;

    /// Makes the one open issue with this marker say what `issue` says.
    async fn put_issue(&self, issue: &Issue<'_>, patience: Patience) -> Result<Written, CodeHostError>;

    /// Closes the open issue with this marker. `None` when there is none.
    async fn close_issue(&self, marker: &Marker, patience: Patience) -> Result<Option<Written>, CodeHostError>;

    /// Shows how a rollout stands, for people to look at.
    async fn show_deployment(&self, shown: &ShownDeployment<'_>, patience: Patience) -> Result<Written, CodeHostError>;

    /// Adds a finished check run to a commit, with all its annotations.
    async fn create_check(&self, check: &Check<'_>, patience: Patience) -> Result<Written, CodeHostError>;

    /// Makes a release with its tag, where there is none of that tag; one that is there is left as it is.
    async fn create_release(&self, release: &Release<'_>, patience: Patience) -> Result<Written, CodeHostError>;

    /// The bytes of a file at a commit, branch or tag (`HEAD`: the default branch); refused when more than `limit`.
    async fn file(&self, path: &str, at: &str, limit: usize, patience: Patience) -> Result<Vec<u8>, CodeHostError>;

    /// The newest commit that changed a file, up to a commit, branch or tag; `None` when none did.
    async fn last_change(&self, path: &str, at: &str, patience: Patience) -> Result<Option<LastChange>, CodeHostError>;
}

/// Opens the code host that this run belongs to.
pub trait CodeHosts: Send + Sync {
    /// The repository's host.
    ///
    /// # Errors
    /// When the environment names none, or none that can be used.
    fn open(&self) -> Result<Arc<dyn CodeHost>, NoCodeHost>;

    /// The repository's settings.
    ///
    /// # Errors
    /// As [`Self::open`].
    fn administration(&self) -> Result<Arc<dyn Administration>, NoCodeHost>;
}

/// Why there is no code host to ask.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoCodeHost {
    /// The environment does not name what is needed.
    #[error("no GitHub to ask: {0} is not set; pass it to the step")]
    NotNamed(&'static str),
    /// What it names cannot be used.
    #[error("{0}")]
    Unusable(String),
}

/// How long a caller waits. One value may serve several calls: it is a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// When to give up, on [`Clock::elapsed`].
    pub until: Duration,
    /// Whether a call may sleep until a rate limit ends (when that is before `until`).
    pub waits_for_limits: bool,
}

impl Patience {
    /// From now on for `total`, rate limits included.
    pub fn of(clock: &dyn Clock, total: Duration) -> Self {
        Self { until: clock.elapsed().saturating_add(total), waits_for_limits: true }
    }

    /// For rollbacks: a rate limit is an error at once.
    #[must_use]
    pub fn never_waiting(self) -> Self {
        Self { waits_for_limits: false, ..self }
    }
}

/// What tells one of our comments or issues from all others: an invisible first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// The marker with this id: 1 to 100 of `A-Z a-z 0-9 . _ / : -`, without `--`, which would end an HTML comment.
    /// `None` for anything else.
    pub fn new(id: &str) -> Option<Self> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | ':' | '-');
        let lawful = (1..=100).contains(&id.len()) && id.chars().all(fine) && !id.contains("--") && !id.ends_with('-');
        lawful.then(|| Self(format!("<!-- prompt-cicd:{id} -->")))
    }

    /// `body` below the marker's line; unchanged when it begins with that line already.
    pub fn head(&self, body: &str) -> String {
        if self.heads(body) { body.to_owned() } else { format!("{self}\n{body}") }
    }

    /// Whether the first line of `body` is this marker.
    pub fn heads(&self, body: &str) -> bool {
        body.lines().next().is_some_and(|line| line.trim_end() == self.0)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The last commit that it proposes.
    pub head: String,
    /// The commit at the tip of the branch it goes to.
    pub base: String,
    /// Open, merged or closed.
    pub state: PullRequestState,
    /// Nobody but collaborators may comment.
    pub locked: bool,
    /// Not ready for review.
    pub draft: bool,
    /// Who opened it; `ghost` when that account is gone.
    pub author: String,
    /// Its head is in another repository (or in one that is gone): tokens of its runs may only read.
    pub from_fork: bool,
    /// Its title.
    pub title: String,
    /// Its description; empty where there is none.
    pub body: String,
    /// Lines added and removed.
    pub lines: u64,
    /// Whether it can be merged; `None`: the host is still finding out.
    pub mergeable: Option<bool>,
    /// The names of its labels.
    pub labels: Vec<String>,
}

/// How far a pull request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestState {
    /// Still proposed.
    Open,
    /// Taken.
    Merged,
    /// Given up.
    Closed,
}

/// What a pull request or a comparison changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFiles {
    /// In the host's order.
    pub files: Vec<ChangedFile>,
    /// Said to the user when the host does not tell all files: how many are known, and what to do.
    pub truncated: Option<String>,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// From the top of the repository.
    pub path: String,
    /// Where it was, when renamed or copied.
    pub previous_path: Option<String>,
    /// What happened to it.
    pub status: FileStatus,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    /// New.
    Added,
    /// Other content, or another mode.
    Modified,
    /// Gone.
    Removed,
    /// Moved, with or without changes.
    Renamed,
    /// A copy of another file.
    Copied,
    /// Listed, and yet the same.
    Unchanged,
}

/// Two commits compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The last commit that both have.
    pub merge_base: String,
    /// What changed since then on the head's side.
    pub changed: ChangedFiles,
}

/// A comment on a pull request.
#[derive(Debug, Clone, Copy)]
pub struct Comment<'a> {
    /// The pull request.
    pub pull_request: u64,
    /// Which of our comments.
    pub marker: &'a Marker,
    /// Markdown; the marker's line is added.
    pub body: &'a str,
}

/// An issue: one is open for each cause.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// The cause.
    pub marker: &'a Marker,
    /// One line.
    pub title: &'a str,
    /// Markdown; the marker's line is added. What people wrote below [`crate::domain::comment::BELOW`] stays.
    pub body: &'a str,
    /// Given to a new issue; an existing one keeps its own.
    pub labels: &'a [&'a str],
}

/// A release.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// Its tag, which is made where it is not there.
    pub tag: &'a str,
    /// The commit that a new tag stands for.
    pub commit: &'a str,
    /// One line.
    pub title: &'a str,
    /// Markdown.
    pub body: &'a str,
    /// Not for everybody yet.
    pub prerelease: bool,
}

/// A finished check run.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// What people see in the list of checks.
    pub name: &'a str,
    /// The commit it is about.
    pub head: &'a str,
    /// Tells this run's check from those of other runs, e.g. the workflow run's id and attempt.
    pub external_id: &'a str,
    /// Where "Details" leads.
    pub details_url: Option<&'a str>,
    /// How it ended.
    pub conclusion: Conclusion,
    /// One line.
    pub title: &'a str,
    /// Markdown.
    pub summary: &'a str,
    /// Most important first.
    pub annotations: &'a [Annotation],
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// All well.
    Success,
    /// Not well.
    Failure,
    /// Cannot be said.
    Neutral,
}

/// A remark on lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// From the top of the repository.
    pub path: String,
    /// From 1.
    pub start_line: u32,
    /// Not before `start_line`.
    pub end_line: u32,
    /// First and last column, from 1; only kept when the remark is on one line.
    pub columns: Option<(u32, u32)>,
    /// How bad it is.
    pub level: AnnotationLevel,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

/// How bad a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    /// Good to know.
    Notice,
    /// Should be looked at.
    Warning,
    /// Must be changed.
    Failure,
}

/// Something of ours on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What we did with it.
    pub action: Action,
    /// Its number there: a comment's or check run's id, an issue's number.
    pub id: u64,
    /// Where people see it.
    pub url: String,
}

/// What was done with something of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Created,
    /// It was there and says something else now.
    Updated,
    /// It said so already.
    Unchanged,
    /// It is new and the old one is gone.
    Recreated,
    /// It is closed.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_leave_its_comment() {
        for id in ["", "a--b", "a-", "a>b", "a b", "a\nb", "é", &"x".repeat(101)] {
            assert_eq!(Marker::new(id), None, "{id:?}");
        }
        assert_eq!(Marker::new("test:prompts/a-b.yml").unwrap().to_string(), "<!-- prompt-cicd:test:prompts/a-b.yml -->");
    }

    #[test]
    fn only_the_first_line_marks() {
        let marker = Marker::new("test").unwrap();
        assert!(marker.heads("<!-- prompt-cicd:test -->\r\nbody"));
        for body in ["", "x\n<!-- prompt-cicd:test -->", "<!-- prompt-cicd:test2 -->\n", "> <!-- prompt-cicd:test -->"] {
            assert!(!marker.heads(body), "{body:?}");
        }
        let once = marker.head("body");
        assert_eq!(once, "<!-- prompt-cicd:test -->\nbody");
        assert_eq!(marker.head(&once), once);
    }
}
