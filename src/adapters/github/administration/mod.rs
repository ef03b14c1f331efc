//! What administrators set up: environments, labels, rulesets.

mod environments;
mod labels;
mod permissions;
mod rulesets;

use async_trait::async_trait;
use reqwest::Method;

use super::{
    GitHub,
    client::{Ask, Client},
};
use crate::{
    domain::{
        environment::{Environment, FoundRuleset, Label, Numbered, Ruleset},
        permission::{Level, May, Permission},
    },
    ports::code_host::{Administration, CodeHostError, Patience, Put},
};

#[async_trait]
impl Administration for GitHub {
    async fn environment(
        &self,
        name: &str,
        variables: &[&str],
        patience: Patience,
    ) -> Result<Option<Numbered<Environment>>, CodeHostError> {
        environments::find(&self.client, name, variables, patience).await
    }

    async fn put_environment(&self, to_be: &Environment, found: Option<&Environment>, patience: Patience) -> Put {
        environments::put(&self.client, to_be, found, patience).await
    }

    async fn delete_environment(&self, name: &str, patience: Patience) -> Result<(), CodeHostError> {
        gone(&self.client, &self.client.delete(&self.client.repo(&["environments", name])), patience).await
    }

    async fn labels(&self, patience: Patience) -> Result<Vec<Numbered<Label>>, CodeHostError> {
        labels::all(&self.client, patience).await
    }

    async fn create_label(&self, label: &Label, patience: Patience) -> Put {
        labels::create(&self.client, label, patience).await
    }

    async fn delete_label(&self, name: &str, patience: Patience) -> Result<(), CodeHostError> {
        gone(&self.client, &self.client.delete(&self.client.repo(&["labels", name])), patience).await
    }

    async fn ruleset(&self, name: &str, patience: Patience) -> Result<Option<FoundRuleset>, CodeHostError> {
        rulesets::find(&self.client, name, patience).await
    }

    async fn put_ruleset(&self, to_be: &Ruleset, found: Option<&FoundRuleset>, patience: Patience) -> Put {
        rulesets::put(&self.client, to_be, found, patience).await
    }

    async fn delete_ruleset(&self, id: u64, patience: Patience) -> Result<(), CodeHostError> {
        gone(&self.client, &self.client.delete(&self.client.repo(&["rulesets", &id.to_string()])), patience).await
    }

    async fn may(&self, permission: Permission, level: Level, patience: Patience) -> Result<May, CodeHostError> {
        permissions::may(&self.client, permission, level, patience).await
    }
}

/// The number of something.
#[derive(Debug, serde::Deserialize)]
struct Id {
    id: u64,
}

/// Makes something new, and tells its number.
async fn create(client: &Client, ask: &Ask, patience: Patience) -> Put {
    match client.object::<Id>(ask, patience).await {
        Ok(Id { id }) => Put { made: Some(id), done: Ok(()) },
        Err(error) => Put { made: None, done: Err(error) },
    }
}

/// Deletes; what is gone already is fine.
async fn gone(client: &Client, ask: &Ask, patience: Patience) -> Result<(), CodeHostError> {
    match client.send(ask, patience).await {
        Ok(_) | Err(CodeHostError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The answer, or `None` where nothing is there.
async fn found<T: serde::de::DeserializeOwned>(client: &Client, ask: &Ask, patience: Patience) -> Result<Option<T>, CodeHostError> {
    match client.object(ask, patience).await {
        Ok(found) => Ok(Some(found)),
        Err(CodeHostError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `PUT` and `PATCH` say the whole of it, so that they may be sent twice.
fn whole(ask: Ask) -> Ask {
    Ask { method: Method::PUT, repeatable: true, ..ask }
}
