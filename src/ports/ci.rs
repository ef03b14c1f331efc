//! The CI system that runs us: where a run's conclusion is seen by people and by the next step.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::annotation::Annotation;

/// What a CI system takes from a step.
pub trait Ci: Send + Sync {
    /// Whether there is one: without it, nothing below does anything.
    fn is_present(&self) -> bool;

    /// What made the system start us.
    ///
    /// # Errors
    /// When its description is missing or broken.
    fn event(&self) -> Result<Event, CiError>;

    /// Whether a pull request made the system start us, by the event's name: known even where [`Ci::event`] cannot be read.
    fn is_pull_request(&self) -> bool;

    /// The run that we are part of, where there is one.
    fn run(&self) -> Option<CiRun>;

    /// The names that a file (or a pattern with `*` in its last part) may have in the repository: the one that is
    /// written, and the one that links lead to.
    fn in_repository(&self, file: &Path) -> Vec<PathBuf>;

    /// Shows annotations, the most important first as far as the system takes them; the rest is counted.
    fn annotate(&self, annotations: &[Annotation]);

    /// The most bytes that [`Ci::append_summary`] can still take.
    fn summary_room(&self) -> usize;

    /// Adds to the step's summary page.
    ///
    /// # Errors
    /// When it cannot be written.
    fn append_summary(&self, markdown: &str) -> Result<(), CiError>;

    /// Gives the next steps named values, all or none.
    ///
    /// # Errors
    /// When they cannot be written.
    fn set_outputs(&self, outputs: &[(&str, String)]) -> Result<(), CiError>;
}

/// What made the CI system start us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nobody but a person at a terminal.
    None,
    /// A pull request was opened or changed.
    PullRequest(PullRequestEvent),
    /// Commits were pushed to a branch.
    Push {
        /// The tip before; `None` for a new branch.
        before: Option<String>,
        /// The tip now.
        after: String,
    },
    /// A merge queue asks about a group of pull requests.
    MergeGroup {
        /// The commit that the group goes onto.
        base: String,
        /// The group's own commit.
        head: String,
    },
    /// Another workflow ended.
    WorkflowRun(WorkflowRunEvent),
    /// The clock.
    Schedule,
    /// A person or a program.
    Dispatch,
    /// Something else, by the system's name.
    Other(String),
}

/// A pull request, as the event describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestEvent {
    /// Its number.
    pub number: u64,
    /// The last commit that it proposes.
    pub head: String,
    /// The branch it goes to.
    pub base_ref: String,
    /// The tip of that branch.
    pub base: String,
    /// Its head is in another repository: this run's token may only read.
    pub from_fork: bool,
}

/// A run of another workflow that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRunEvent {
    /// The commit that it was about.
    pub head: String,
    /// What had started it.
    pub event: String,
    /// Where people see it.
    pub url: Option<String>,
    /// The pull requests that it was about; none where the head is in another repository.
    pub pull_requests: Vec<u64>,
}

/// The run that we are part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiRun {
    /// The commit that is checked out.
    pub commit: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
    /// Tells it from all other runs and attempts.
    pub id: String,
    /// Whether it runs on the repository's default branch; `None`: nobody says which that is.
    pub on_default_branch: Option<bool>,
    /// The name of that branch, where somebody says it.
    pub default_branch: Option<String>,
}

/// Why the CI system could not be told something.
#[derive(Debug, Error)]
#[error("{what}: {reason}")]
pub struct CiError {
    /// What could not be told, and where it was to go.
    pub what: String,
    /// The operating system's reason.
    pub reason: String,
}
