//! The one comment on a pull request, found by its marker and author.

use serde::Deserialize;
use serde_json::json;

use super::{
    Account, GitHub,
    client::{Ask, Pages},
};
use crate::ports::code_host::{Action, BODY_LIMIT, CodeHostError, Comment, Patience, Written};

/// The most pages of 100 comments that are searched. A longer conversation is an error: a guess would write a second
/// comment.
const PAGES: usize = 100;

#[derive(Debug, Deserialize)]
struct Found {
    id: u64,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    user: Option<Account>,
}

impl Found {
    fn written(self, action: Action) -> Written {
        Written { action, id: self.id, url: self.html_url }
    }
}

/// Changes the comment in place, or writes it.
pub(super) async fn update(github: &GitHub, comment: &Comment<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let post = checked(github, comment, &comment.marker.head(comment.body))?;
    if let Some(written) = amend(github, comment, patience).await? {
        return Ok(written);
    }
    write(github, comment, &post, &[], patience).await.map(|found| found.written(Action::Created))
}

/// Changes the comment in place if it is there.
pub(super) async fn amend(github: &GitHub, comment: &Comment<'_>, patience: Patience) -> Result<Option<Written>, CodeHostError> {
    let body = comment.marker.head(comment.body);
    checked(github, comment, &body)?;
    if let Some(found) = find(github, comment, &[], patience).await? {
        if same(found.body.as_deref().unwrap_or_default(), &body) {
            return Ok(Some(found.written(Action::Unchanged)));
        }
        let patch = github.client.patch(&github.client.repo(&["issues", "comments", &found.id.to_string()]), json!({"body": body}));
        match github.client.object::<Found>(&patch, patience).await {
            // Someone deleted it since it was found.
            Err(CodeHostError::NotFound { .. }) => {}
            patched => return patched.map(|patched| Some(patched.written(Action::Updated))),
        }
    }
    Ok(None)
}

/// Writes a new comment at the end, then removes the old ones: there is no moment without one.
pub(super) async fn recreate(github: &GitHub, comment: &Comment<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let post = checked(github, comment, &comment.marker.head(comment.body))?;
    let mut old = Vec::new();
    while let Some(found) = find(github, comment, &old, patience).await? {
        old.push(found.id);
    }
    let new = write(github, comment, &post, &old, patience).await?;
    for id in &old {
        let delete = github.client.delete(&github.client.repo(&["issues", "comments", &id.to_string()]));
        match github.client.send(&delete, patience).await {
            Ok(_) | Err(CodeHostError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(new.written(if old.is_empty() { Action::Created } else { Action::Recreated }))
}

/// The request that writes the comment, if GitHub can take it.
fn checked(github: &GitHub, comment: &Comment<'_>, body: &str) -> Result<Ask, CodeHostError> {
    let post = github.client.post(&github.client.repo(&["issues", &comment.pull_request.to_string(), "comments"]), json!({"body": body}));
    bounded(&post, "the comment", body)?;
    Ok(post)
}

/// Refuses a text that GitHub would refuse.
pub(super) fn bounded(ask: &Ask, what: &'static str, text: &str) -> Result<(), CodeHostError> {
    if text.chars().count() <= BODY_LIMIT {
        return Ok(());
    }
    let next = "shorten it before it is sent, and link the full report";
    Err(CodeHostError::TooLarge { call: ask.call(), what, limit: BODY_LIMIT, unit: "characters", next })
}

/// Sends the request that makes the comment. When it cannot be known whether GitHub did it, looks before sending again.
async fn write(github: &GitHub, comment: &Comment<'_>, post: &Ask, old: &[u64], patience: Patience) -> Result<Found, CodeHostError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match github.client.object(post, patience).await {
            Ok(written) => return Ok(written),
            Err(error) => github.client.unsure(error, attempts, patience).await?,
        }
        if let Some(written) = find(github, comment, old, patience).await? {
            return Ok(written);
        }
    }
}

/// The first comment with the marker that our account wrote, apart from `except`.
async fn find(github: &GitHub, comment: &Comment<'_>, except: &[u64], patience: Patience) -> Result<Option<Found>, CodeHostError> {
    let number = comment.pull_request.to_string();
    let first = github.client.get(&github.client.repo(&["issues", &number, "comments"]), &[("per_page", "100")]);
    let call = first.call();
    let mut pages = Pages::new(first, PAGES);
    while let Some(page) = github.client.page::<Found>(&mut pages, patience).await? {
        for found in page {
            let marked = comment.marker.heads(found.body.as_deref().unwrap_or_default()) && !except.contains(&found.id);
            if marked && github.is_ours(found.user.as_ref(), patience).await? {
                return Ok(Some(found));
            }
        }
    }
    if pages.cut() {
        let next = "open a new pull request, or turn comments off";
        return Err(CodeHostError::TooLarge { call, what: "the conversation", limit: PAGES * 100, unit: "comments", next });
    }
    Ok(None)
}

/// GitHub may change line ends and white space around a text.
pub(super) fn same(there: &str, here: &str) -> bool {
    let lines = |text: &str| text.trim().replace("\r\n", "\n");
    lines(there) == lines(here)
}
