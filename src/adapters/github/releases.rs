//! Releases: one for each tag.

use serde::Deserialize;
use serde_json::json;

use super::{client::Client, comments::bounded};
use crate::ports::code_host::{Action, CodeHostError, Patience, Release, Written};

#[derive(Debug, Deserialize)]
struct Found {
    id: u64,
    html_url: String,
}

pub(super) async fn create(client: &Client, release: &Release<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let body = json!({
        "tag_name": release.tag,
        "target_commitish": release.commit,
        "name": release.title,
        "body": release.body,
        "prerelease": release.prerelease,
    });
    let post = client.post(&client.repo(&["releases"]), body);
    bounded(&post, "the release", release.body)?;
    if let Some(found) = find(client, release.tag, patience).await? {
        return Ok(written(found, Action::Unchanged));
    }
    let mut attempts = 0;
    loop {
        attempts += 1;
        match client.object::<Found>(&post, patience).await {
            Ok(made) => return Ok(written(made, Action::Created)),
            Err(error) => client.unsure(error, attempts, patience).await?,
        }
        if let Some(found) = find(client, release.tag, patience).await? {
            return Ok(written(found, Action::Created));
        }
    }
}

fn written(found: Found, action: Action) -> Written {
    Written { action, id: found.id, url: found.html_url }
}

async fn find(client: &Client, tag: &str, patience: Patience) -> Result<Option<Found>, CodeHostError> {
    match client.object::<Found>(&client.get(&client.repo(&["releases", "tags", tag]), &[]), patience).await {
        Ok(found) => Ok(Some(found)),
        Err(CodeHostError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
