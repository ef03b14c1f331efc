//! GitHub's REST API behind [`CodeHost`].
//!
//! octocrab makes the requests over our one HTTP client (its proxies, its certificates); when to ask again, what an
//! error means and how much is read is decided here, since octocrab re-sends any request and prints errors as
//! "GitHub". Its models are wide and fail on fields we never look at, so each file has its own small ones.

mod address;
mod administration;
mod checks;
mod client;
mod comments;
mod contents;
mod deployments;
mod error;
mod git_data;
mod issues;
mod pulls;
mod releases;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::{
    adapters::{
        http::Http,
        secret::{Scrubber, Secret},
    },
    ports::{
        clock::Clock,
        code_host::{
            ChangedFiles, Check, CodeHost, CodeHostError, Comment, CommentMode, Comparison, Issue, Marker, Patience, PullRequest, Release,
            ShownDeployment, Written,
        },
        vcs::LastChange,
    },
};
use client::Client;
pub use git_data::GitHubBranch;

/// The login that `GITHUB_TOKEN` writes with.
const ACTIONS_BOT: &str = "github-actions[bot]";

/// Which repository, where, and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `GITHUB_API_URL`: `https://api.github.com`, or `https://HOST/api/v3` on GitHub Enterprise Server.
    pub api_url: String,
    /// `GITHUB_REPOSITORY`: `owner/name`.
    pub repository: String,
    /// What we send.
    pub token: Secret,
    /// Whose comments and issues are ours.
    pub identity: Identity,
}

/// Who the token writes as. Only what this account wrote is ever changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The job's own `GITHUB_TOKEN`.
    ActionsBot,
    /// A GitHub App's or machine user's login, e.g. `prompts[bot]`.
    Login(String),
    /// A personal token: GitHub is asked once, when it matters.
    Ask,
}

/// The settings name no usable API.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("GitHub: {0}")]
pub struct SettingsError(String);

/// One repository on GitHub.
pub struct GitHub {
    client: Client,
    identity: Identity,
    asked: OnceCell<String>,
}

impl GitHub {
    /// Prepares the client without asking anything. `scrubber` learns the token.
    ///
    /// # Errors
    /// When the address, the repository or the token cannot be ones, or no certificate can be checked here.
    pub fn new(settings: Settings, http: &Http, clock: Arc<dyn Clock>, scrubber: Arc<Scrubber>) -> Result<Self, SettingsError> {
        let client = Client::new(&settings, http, clock, scrubber)?;
        Ok(Self { client, identity: settings.identity, asked: OnceCell::new() })
    }

    /// The login that the token writes as.
    async fn login(&self, patience: Patience) -> Result<&str, CodeHostError> {
        match &self.identity {
            Identity::ActionsBot => Ok(ACTIONS_BOT),
            Identity::Login(login) => Ok(login),
            Identity::Ask => {
                let ask = self.client.get(&["user"], &[]);
                let asked = self
                    .asked
                    .get_or_try_init(|| async { self.client.object::<Account>(&ask, patience).await.map(|own| own.login).map_err(nobody) });
                asked.await.map(String::as_str)
            }
        }
    }

    /// Whether this account is the one we write as.
    async fn is_ours(&self, account: Option<&Account>, patience: Patience) -> Result<bool, CodeHostError> {
        let Some(account) = account else { return Ok(false) };
        Ok(account.login.eq_ignore_ascii_case(self.login(patience).await?))
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GitHub").field("client", &self.client).field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// GitHub tells only people who they are; to an app's token it says that a permission is missing, which none is.
fn nobody(error: CodeHostError) -> CodeHostError {
    if let CodeHostError::PermissionMissing { call, status, message, .. } = error {
        let next = "this is the token of an app: name the login it writes with, like `my-app[bot]`";
        return CodeHostError::Rejected { call, status, message, fields: Vec::new(), next };
    }
    error
}

/// An account, as far as we care.
#[derive(Debug, serde::Deserialize)]
struct Account {
    login: String,
}

#[async_trait]
impl CodeHost for GitHub {
    async fn pull_request(&self, number: u64, patience: Patience) -> Result<PullRequest, CodeHostError> {
        pulls::pull_request(&self.client, number, patience).await
    }

    async fn changed_files(&self, number: u64, patience: Patience) -> Result<ChangedFiles, CodeHostError> {
        pulls::changed_files(&self.client, number, patience).await
    }

    async fn add_labels(&self, number: u64, labels: &[&str], patience: Patience) -> Result<(), CodeHostError> {
        pulls::add_labels(&self.client, number, labels, patience).await
    }

    async fn remove_label(&self, number: u64, label: &str, patience: Patience) -> Result<(), CodeHostError> {
        pulls::remove_label(&self.client, number, label, patience).await
    }

    async fn compare(&self, base: &str, head: &str, patience: Patience) -> Result<Comparison, CodeHostError> {
        pulls::compare(&self.client, base, head, patience).await
    }

    async fn put_comment(&self, comment: &Comment<'_>, mode: CommentMode, patience: Patience) -> Result<Option<Written>, CodeHostError> {
        match mode {
            CommentMode::Update => comments::update(self, comment, patience).await.map(Some),
            CommentMode::Recreate => comments::recreate(self, comment, patience).await.map(Some),
            CommentMode::Off => Ok(None),
        }
    }

    async fn amend_comment(&self, comment: &Comment<'_>, patience: Patience) -> Result<Option<Written>, CodeHostError> {
        comments::amend(self, comment, patience).await
    }

    async fn put_issue(&self, issue: &Issue<'_>, patience: Patience) -> Result<Written, CodeHostError> {
        issues::put(self, issue, patience).await
    }

    async fn close_issue(&self, marker: &Marker, patience: Patience) -> Result<Option<Written>, CodeHostError> {
        issues::close(self, marker, patience).await
    }

    async fn show_deployment(&self, shown: &ShownDeployment<'_>, patience: Patience) -> Result<Written, CodeHostError> {
        deployments::show(&self.client, shown, patience).await
    }

    async fn create_check(&self, check: &Check<'_>, patience: Patience) -> Result<Written, CodeHostError> {
        checks::create(&self.client, check, patience).await
    }

    async fn create_release(&self, release: &Release<'_>, patience: Patience) -> Result<Written, CodeHostError> {
        releases::create(&self.client, release, patience).await
    }

    async fn file(&self, path: &str, at: &str, limit: usize, patience: Patience) -> Result<Vec<u8>, CodeHostError> {
        contents::file(&self.client, path, at, limit, patience).await
    }

    async fn last_change(&self, path: &str, at: &str, patience: Patience) -> Result<Option<LastChange>, CodeHostError> {
        contents::last_change(&self.client, path, at, patience).await
    }
}
