//! Why the host did not do what we asked, with the next step.

use std::fmt;

use thiserror::Error;

/// The request an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path on the server, without the query.
    pub path: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

/// Why the host did not do what we asked. `message` is the host's own word.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodeHostError {
    /// It is not there, or this token may not know that it is.
    #[error("{call}: {status} {message}; check that it is there and that the token may read it (a job needs `permissions: {permission}`)")]
    NotFound {
        /// The request.
        call: Call,
        /// 404 or 410.
        status: u16,
        /// What a token needs for this request, as a workflow writes it.
        permission: String,
        /// Why.
        message: String,
    },
    /// The token may not do this.
    #[error("{call}: {status} {message}; {}", permission_step(.permission, .message))]
    PermissionMissing {
        /// What is missing, as a workflow writes it: `pull-requests: write`.
        permission: String,
        /// The request.
        call: Call,
        /// 403.
        status: u16,
        /// Why.
        message: String,
    },
    /// Too many requests.
    #[error("{call}: {status} {message}; {} rate limit: nothing is accepted until {until}, run it again then", if *.secondary { "secondary" } else { "primary" })]
    RateLimited {
        /// The request.
        call: Call,
        /// 403 or 429.
        status: u16,
        /// When it ends: RFC 3339, UTC.
        until: String,
        /// Whether it is the limit on bursts instead of the one on requests an hour.
        secondary: bool,
        /// Why.
        message: String,
    },
    /// Someone else changed it at the same time.
    #[error("{call}: 409 {message}; something else changed it at the same time, run it again")]
    Conflict {
        /// The request.
        call: Call,
        /// Why.
        message: String,
    },
    /// It was understood and not accepted.
    #[error("{call}: {status} {message}{}; {next}", list(.fields))]
    Rejected {
        /// The request.
        call: Call,
        /// 422, or another 4xx.
        status: u16,
        /// Why.
        message: String,
        /// What is wrong with which field.
        fields: Vec<String>,
        /// The next step.
        next: &'static str,
    },
    /// No answer, a broken one, or 5xx. What was asked for may have been done.
    #[error("{call}: {reason}{}; check the network and GitHub's status page, then run it again", tries(*.attempts))]
    Unreachable {
        /// The request.
        call: Call,
        /// What happened.
        reason: String,
        /// How often it was asked.
        attempts: u32,
    },
    /// The token itself is wrong.
    #[error("{call}: 401 {message}; pass a valid token (GITHUB_TOKEN ends with its job; others expire or are revoked)")]
    BadToken {
        /// The request.
        call: Call,
        /// Why.
        message: String,
    },
    /// The answer is not what the host's API says.
    #[error("{call}: {status}, but {reason}; check that GITHUB_API_URL names the API and no proxy answers for it")]
    Unusable {
        /// The request.
        call: Call,
        /// The status.
        status: u16,
        /// What is wrong with it.
        reason: String,
    },
    /// More than we send or take.
    #[error("{call}: {what} has more than {limit} {unit}; {next}")]
    TooLarge {
        /// The request.
        call: Call,
        /// What has.
        what: &'static str,
        /// The most.
        limit: usize,
        /// Of what.
        unit: &'static str,
        /// The next step.
        next: &'static str,
    },
}

/// What no workflow can give to its own token.
const NEVER_OF_A_JOB: [&str; 3] = ["administration", "environments", "members"];

fn permission_step(permission: &str, message: &str) -> String {
    if NEVER_OF_A_JOB.iter().any(|name| permission.starts_with(name)) {
        return format!("pass a GitHub App's or a fine-grained personal token with `{permission}`: a job's own token can never have it");
    }
    let personal = message.contains("personal access token");
    let grant = if personal { "give the token" } else { "add" };
    let place = if personal { "" } else { " to the job" };
    let fork = if !personal && permission.ends_with("write") {
        "; the token of a pull request from a fork can only read: write from a `workflow_run` job"
    } else {
        ""
    };
    format!("{grant} `permissions: {permission}`{place}{fork}")
}

fn list(fields: &[String]) -> String {
    if fields.is_empty() { String::new() } else { format!(" ({})", fields.join("; ")) }
}

fn tries(attempts: u32) -> String {
    if attempts > 1 { format!(" (asked {attempts} times)") } else { String::new() }
}
