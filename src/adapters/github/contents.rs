//! Files at a commit.

use reqwest::header::CONTENT_TYPE;

use super::client::{Ask, Client};
use crate::ports::code_host::{CodeHostError, Patience};

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

fn wrong(ask: &Ask, message: String) -> CodeHostError {
    CodeHostError::Rejected { call: ask.call(), status: 400, message, fields: Vec::new(), next: "name a file" }
}
