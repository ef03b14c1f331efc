//! One open issue for each cause, found by its marker and author.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Account, GitHub,
    client::Pages,
    comments::{bounded, same},
};
use crate::{
    domain::comment::BELOW,
    ports::code_host::{Action, CodeHostError, Issue, Marker, Patience, Written},
};

/// The most pages of 100 open issues (GitHub lists pull requests among them) that are searched.
const PAGES: usize = 100;

#[derive(Debug, Deserialize)]
struct Found {
    number: u64,
    html_url: String,
    title: String,
    #[serde(default)]
    body: Option<String>,
    user: Option<Account>,
    pull_request: Option<Value>,
}

impl Found {
    fn written(self, action: Action) -> Written {
        Written { action, id: self.number, url: self.html_url }
    }
}

/// Changes the open issue, or opens one.
pub(super) async fn put(github: &GitHub, issue: &Issue<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let client = &github.client;
    let body = issue.marker.head(issue.body);
    let post = client.post(&client.repo(&["issues"]), json!({"title": issue.title, "body": body, "labels": issue.labels}));
    bounded(&post, "the issue", &body)?;
    if let Some(found) = find(github, issue.marker, patience).await? {
        let body = with_theirs(&body, found.body.as_deref().unwrap_or_default());
        bounded(&post, "the issue", &body)?;
        if found.title == issue.title && same(found.body.as_deref().unwrap_or_default(), &body) {
            return Ok(found.written(Action::Unchanged));
        }
        return change(github, found.number, json!({"title": issue.title, "body": body}), Action::Updated, patience).await;
    }
    let mut attempts = 0;
    loop {
        attempts += 1;
        match client.object::<Found>(&post, patience).await {
            Ok(opened) => return Ok(opened.written(Action::Created)),
            Err(error) => client.unsure(error, attempts, patience).await?,
        }
        if let Some(opened) = find(github, issue.marker, patience).await? {
            return Ok(opened.written(Action::Created));
        }
    }
}

/// `body` with what people wrote into `found` below the line that says that it is theirs.
fn with_theirs(body: &str, found: &str) -> String {
    let ours =
        |text: &str| text.find(BELOW).map(|at| text.split_at(at + BELOW.len())).map(|(ours, below)| (ours.to_owned(), below.to_owned()));
    match (ours(body), ours(found)) {
        (Some((ours, _)), Some((_, theirs))) => ours + &theirs.replace("\r\n", "\n"),
        _ => body.to_owned(),
    }
}

/// Closes the open issue.
pub(super) async fn close(github: &GitHub, marker: &Marker, patience: Patience) -> Result<Option<Written>, CodeHostError> {
    let Some(found) = find(github, marker, patience).await? else { return Ok(None) };
    let closed = json!({"state": "closed", "state_reason": "completed"});
    change(github, found.number, closed, Action::Closed, patience).await.map(Some)
}

async fn change(github: &GitHub, number: u64, to: Value, action: Action, patience: Patience) -> Result<Written, CodeHostError> {
    let patch = github.client.patch(&github.client.repo(&["issues", &number.to_string()]), to);
    github.client.object::<Found>(&patch, patience).await.map(|changed| changed.written(action))
}

async fn find(github: &GitHub, marker: &Marker, patience: Patience) -> Result<Option<Found>, CodeHostError> {
    let first = github.client.get(&github.client.repo(&["issues"]), &[("state", "open"), ("per_page", "100")]);
    let call = first.call();
    let mut pages = Pages::new(first, PAGES);
    while let Some(page) = github.client.page::<Found>(&mut pages, patience).await? {
        for found in page {
            let ours = found.pull_request.is_none() && marker.heads(found.body.as_deref().unwrap_or_default());
            if ours && github.is_ours(found.user.as_ref(), patience).await? {
                return Ok(Some(found));
            }
        }
    }
    if pages.cut() {
        let next = "close some, so that ours can be found among them";
        return Err(CodeHostError::TooLarge { call, what: "the list of open issues", limit: PAGES * 100, unit: "issues", next });
    }
    Ok(None)
}
