//! Pull requests and what they change.

use serde::Deserialize;
use serde_json::json;

use super::{
    Account,
    client::{Client, Pages},
};
use crate::{
    adapters::http::MAX_BODY,
    ports::code_host::{
        CHANGED_FILES_LIMIT, COMPARED_FILES_LIMIT, ChangedFile, ChangedFiles, CodeHostError, Comparison, FileStatus, Patience, PullRequest,
        PullRequestState,
    },
};

const PER_PAGE: usize = 100;

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    locked: bool,
    merged_at: Option<String>,
    user: Option<Account>,
    head: Side,
    base: Side,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
    #[serde(default)]
    mergeable: Option<bool>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Side {
    sha: String,
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct File {
    filename: String,
    previous_filename: Option<String>,
    status: String,
}

#[derive(Debug, Deserialize)]
struct Compared {
    merge_base_commit: Commit,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    sha: String,
}

impl From<Pull> for PullRequest {
    fn from(pull: Pull) -> Self {
        let repository = |side: &Side| side.repo.as_ref().map(|repo| repo.full_name.to_ascii_lowercase());
        let (from, to) = (repository(&pull.head), repository(&pull.base));
        Self {
            number: pull.number,
            state: match (pull.state.as_str(), &pull.merged_at) {
                (_, Some(_)) => PullRequestState::Merged,
                ("open", None) => PullRequestState::Open,
                (_, None) => PullRequestState::Closed,
            },
            locked: pull.locked,
            draft: pull.draft,
            author: pull.user.map_or_else(|| "ghost".to_owned(), |user| user.login),
            from_fork: from.is_none() || from != to,
            head: pull.head.sha,
            base: pull.base.sha,
            title: pull.title,
            body: pull.body.unwrap_or_default(),
            lines: pull.additions.saturating_add(pull.deletions),
            mergeable: pull.mergeable,
            labels: pull.labels.into_iter().map(|label| label.name).collect(),
        }
    }
}

impl From<File> for ChangedFile {
    fn from(file: File) -> Self {
        let status = match file.status.as_str() {
            "added" => FileStatus::Added,
            "removed" => FileStatus::Removed,
            "renamed" => FileStatus::Renamed,
            "copied" => FileStatus::Copied,
            "unchanged" => FileStatus::Unchanged,
            // "modified", "changed" (another mode), and whatever GitHub may add: look at it.
            _ => FileStatus::Modified,
        };
        Self { path: file.filename, previous_path: file.previous_filename, status }
    }
}

pub(super) async fn pull_request(client: &Client, number: u64, patience: Patience) -> Result<PullRequest, CodeHostError> {
    let number = number.to_string();
    let ask = client.get(&client.repo(&["pulls", &number]), &[]);
    client.object::<Pull>(&ask, patience).await.map(PullRequest::from)
}

pub(super) async fn changed_files(client: &Client, number: u64, patience: Patience) -> Result<ChangedFiles, CodeHostError> {
    let number = number.to_string();
    let first = client.get(&client.repo(&["pulls", &number, "files"]), &[("per_page", &PER_PAGE.to_string())]);
    let mut pages = Pages::new(first, CHANGED_FILES_LIMIT / PER_PAGE);
    let mut files: Vec<ChangedFile> = Vec::new();
    while let Some(page) = client.page::<File>(&mut pages, patience).await? {
        files.extend(page.into_iter().map(ChangedFile::from));
    }
    Ok(cut(files, CHANGED_FILES_LIMIT, pages.cut()))
}

pub(super) async fn add_labels(client: &Client, number: u64, labels: &[&str], patience: Patience) -> Result<(), CodeHostError> {
    let mut ask = client.post(&client.repo(&["issues", &number.to_string(), "labels"]), json!({"labels": labels}));
    // Adding a label that is there changes nothing.
    ask.repeatable = true;
    client.send(&ask, patience).await.map(drop)
}

pub(super) async fn remove_label(client: &Client, number: u64, label: &str, patience: Patience) -> Result<(), CodeHostError> {
    let ask = client.delete(&client.repo(&["issues", &number.to_string(), "labels", label]));
    match client.send(&ask, patience).await {
        Ok(_) | Err(CodeHostError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn compare(client: &Client, base: &str, head: &str, patience: Patience) -> Result<Comparison, CodeHostError> {
    // All files are on the first page; only the commits, which are not looked at, would go on.
    let between = format!("{base}...{head}");
    let mut ask = client.get(&client.repo(&["compare", &between]), &[("per_page", "1")]);
    ask.limit = MAX_BODY;
    let compared: Compared = client.object(&ask, patience).await?;
    let files = compared.files.into_iter().map(ChangedFile::from).collect();
    Ok(Comparison { merge_base: compared.merge_base_commit.sha, changed: cut(files, COMPARED_FILES_LIMIT, false) })
}

/// GitHub stops at its limit without a word: as many files as that may be all, or not.
fn cut(files: Vec<ChangedFile>, limit: usize, more: bool) -> ChangedFiles {
    let truncated = (more || files.len() >= limit).then(|| {
        format!(
            "GitHub tells at most {limit} changed files here: there may be more than these {}; use --all to test everything",
            files.len()
        )
    });
    ChangedFiles { files, truncated }
}
