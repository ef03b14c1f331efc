//! Files at a commit, and the commits that changed them.

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::client::{Ask, Client};
use crate::ports::{
    code_host::{CodeHostError, Patience},
    vcs::LastChange,
};

/// The bytes themselves instead of Base64 in JSON, which ends at 1 MB.
const RAW: &str = "application/vnd.github.raw+json";

pub(super) async fn file(client: &Client, path: &str, at: &str, limit: usize, patience: Patience) -> Result<Vec<u8>, CodeHostError> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut whole = vec!["contents"];
    whole.extend(&parts);
    // Without a name, the default branch is meant.
    let named = [("ref", at)];
    let mut ask = client.get(&client.repo(&whole), if at == "HEAD" { &[] } else { &named });
    // Such parts would lead to another file than the one that was named.
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(wrong(&ask, format!("not asked: `{path}` is no path from the top of the repository")));
    }
    ask.accept = RAW;
    ask.limit = limit;
    let answer = client.send(&ask, patience).await?;
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // A folder has no bytes: GitHub lists it as plain JSON.
    if kind.starts_with("application/json") {
        return Err(wrong(&ask, format!("`{path}` is a folder")));
    }
    Ok(answer.body)
}

#[derive(Debug, Deserialize)]
struct Listed {
    sha: String,
    commit: Written,
}

#[derive(Debug, Deserialize)]
struct Written {
    committer: Option<Signed>,
}

#[derive(Debug, Deserialize)]
struct Signed {
    date: Option<String>,
}

/// The newest commit that changed a file; one without a time is not known well enough.
pub(super) async fn last_change(client: &Client, path: &str, at: &str, patience: Patience) -> Result<Option<LastChange>, CodeHostError> {
    let mut query = vec![("path", path), ("per_page", "1")];
    // Without a name GitHub begins at the default branch, which is its HEAD.
    if at != "HEAD" {
        query.push(("sha", at));
    }
    let listed: Vec<Listed> = client.object(&client.get(&client.repo(&["commits"]), &query), patience).await?;
    Ok(listed.into_iter().next().and_then(|listed| {
        let date = listed.commit.committer?.date?;
        let at_ms = u64::try_from(date.parse::<jiff::Timestamp>().ok()?.as_millisecond()).ok()?;
        Some(LastChange { commit: listed.sha, at_ms })
    }))
}

fn wrong(ask: &Ask, message: String) -> CodeHostError {
    CodeHostError::Rejected { call: ask.call(), status: 400, message, fields: Vec::new(), next: "name a file" }
}
