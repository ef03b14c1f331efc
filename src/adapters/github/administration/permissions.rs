//! Whether the token has a permission: by looking, or by a request that lacks what it must have, so that nothing can come of it.

use serde_json::json;

use crate::{
    adapters::github::client::Client,
    domain::permission::{Level, May, Permission},
    ports::code_host::{CodeHostError, Patience},
};

/// What is looked at, and what is asked for without a body that says anything.
fn places(permission: Permission) -> (&'static [&'static str], &'static [&'static str]) {
    match permission {
        Permission::Contents => (&["commits"], &["git", "refs"]),
        Permission::PullRequests => (&["pulls"], &["pulls"]),
        Permission::Checks => (&["commits", "HEAD", "check-runs"], &["check-runs"]),
        Permission::Issues => (&["issues"], &["issues"]),
        Permission::Deployments => (&["deployments"], &["deployments"]),
        Permission::Statuses => (&["commits", "HEAD", "statuses"], &["statuses", "0000000000000000000000000000000000000000"]),
    }
}

pub(super) async fn may(client: &Client, permission: Permission, level: Level, patience: Patience) -> Result<May, CodeHostError> {
    let (look, write) = places(permission);
    let ask = match level {
        Level::Read => client.get(&client.repo(look), &[("per_page", "1")]),
        Level::Write => client.post(&client.repo(write), json!({})),
    };
    let without = |allowed: bool, said: String| May { allowed, scopes: None, said };
    match client.send(&ask, patience).await {
        Ok(answer) => {
            let scopes = answer.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
            let list = |scopes: &str| scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
            Ok(May { allowed: true, scopes: scopes.map(list), said: String::new() })
        }
        // It was let in, and then looked at what it is: an empty repository, a body without what it must have.
        Err(CodeHostError::Rejected { .. } | CodeHostError::Conflict { .. }) => Ok(without(true, String::new())),
        Err(CodeHostError::PermissionMissing { status, message, .. } | CodeHostError::NotFound { status, message, .. }) => {
            Ok(without(false, format!("{status} {message}")))
        }
        Err(error) => Err(error),
    }
}
