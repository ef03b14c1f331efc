//! Labels of the repository.

use serde::Deserialize;
use serde_json::json;

use super::create as make;
use crate::{
    adapters::github::client::{Client, Pages},
    domain::environment::{Label, Numbered},
    ports::code_host::{CodeHostError, Patience, Put},
};

/// The most pages of 100 labels that are read.
const PAGES: usize = 50;

#[derive(Debug, Deserialize)]
struct Shown {
    id: u64,
    name: String,
    #[serde(default)]
    color: String,
    #[serde(default)]
    description: Option<String>,
}

pub(super) async fn all(client: &Client, patience: Patience) -> Result<Vec<Numbered<Label>>, CodeHostError> {
    let first = client.get(&client.repo(&["labels"]), &[("per_page", "100")]);
    let call = first.call();
    let mut pages = Pages::new(first, PAGES);
    let mut labels = Vec::new();
    while let Some(page) = client.page::<Shown>(&mut pages, patience).await? {
        let label = |shown: Shown| Numbered {
            number: shown.id,
            thing: Label { name: shown.name, color: shown.color, description: shown.description.unwrap_or_default() },
        };
        labels.extend(page.into_iter().map(label));
    }
    if pages.cut() {
        let next = "delete some: whether one is there could not be said";
        return Err(CodeHostError::TooLarge { call, what: "the list of labels", limit: PAGES * 100, unit: "labels", next });
    }
    Ok(labels)
}

pub(super) async fn create(client: &Client, label: &Label, patience: Patience) -> Put {
    let body = json!({"name": label.name, "color": label.color, "description": label.description});
    let put = make(client, &client.post(&client.repo(&["labels"]), body), patience).await;
    match &put.done {
        // Somebody was quicker: it is theirs.
        Err(CodeHostError::Rejected { fields, .. }) if fields.iter().any(|field| field.contains("already_exists")) => {
            Put { made: None, done: Ok(()) }
        }
        Ok(()) | Err(_) => put,
    }
}
