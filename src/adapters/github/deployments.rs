//! Deployments of GitHub, one for each rollout, found by their payload; each change is a status.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use crate::ports::code_host::{Action, CodeHostError, Patience, ShownDeployment, Stand, Written};

/// The most characters of a description.
const DESCRIPTION: usize = 140;

/// How many earlier deployments of a prompt are looked at when a newer one takes their place.
const EARLIER: usize = 3;

#[derive(Debug, Deserialize)]
struct Found {
    id: u64,
    #[serde(default)]
    url: String,
    #[serde(default)]
    payload: Value,
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
}

impl Found {
    /// GitHub hands the payload back as it was sent, or as text.
    fn is(&self, id: &str) -> bool {
        let of = |payload: &Value| payload.get("prompt_cicd").and_then(Value::as_str) == Some(id);
        match &self.payload {
            Value::String(text) => serde_json::from_str(text).is_ok_and(|payload| of(&payload)),
            payload => of(payload),
        }
    }
}

/// Makes the deployment's newest status say how the rollout stands.
pub(super) async fn show(client: &Client, shown: &ShownDeployment<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let task = format!("prompt-cicd:{}", shown.prompt);
    let all = list(client, shown.environment, &task, patience).await?;
    let mut action = Action::Updated;
    let found = match all.iter().find(|found| found.is(shown.id)) {
        Some(found) => Found { id: found.id, url: found.url.clone(), payload: Value::Null },
        None => {
            action = Action::Created;
            create(client, shown, &task, patience).await?
        }
    };
    if newest(client, found.id, patience).await?.as_deref() == Some(word(shown.stand)) && shown.stand != Stand::InProgress {
        return Ok(Written { action: Action::Unchanged, id: found.id, url: found.url });
    }
    state(client, found.id, shown, shown.stand, patience).await?;
    if shown.stand == Stand::Success {
        for earlier in all.iter().filter(|earlier| earlier.id != found.id).take(EARLIER) {
            if newest(client, earlier.id, patience).await?.is_some_and(|state| state == word(Stand::Success)) {
                state(client, earlier.id, shown, Stand::Inactive, patience).await?;
            }
        }
    }
    Ok(Written { action, id: found.id, url: found.url })
}

async fn list(client: &Client, environment: &str, task: &str, patience: Patience) -> Result<Vec<Found>, CodeHostError> {
    let ask = client.get(&client.repo(&["deployments"]), &[("environment", environment), ("task", task), ("per_page", "100")]);
    client.object(&ask, patience).await
}

async fn create(client: &Client, shown: &ShownDeployment<'_>, task: &str, patience: Patience) -> Result<Found, CodeHostError> {
    // No merge and no check of ours: the rollout has gone on already.
    let body = json!({
        "ref": shown.commit,
        "task": task,
        "auto_merge": false,
        "required_contexts": [],
        "environment": shown.environment,
        "description": cut(shown.said),
        "payload": {"prompt_cicd": shown.id},
    });
    let post = client.post(&client.repo(&["deployments"]), body);
    let mut attempts = 0;
    loop {
        attempts += 1;
        match client.object::<Found>(&post, patience).await {
            Ok(made) => return Ok(made),
            Err(error) => client.unsure(error, attempts, patience).await?,
        }
        if let Some(made) = list(client, shown.environment, task, patience).await?.into_iter().find(|found| found.is(shown.id)) {
            return Ok(made);
        }
    }
}

async fn newest(client: &Client, id: u64, patience: Patience) -> Result<Option<String>, CodeHostError> {
    let ask = client.get(&client.repo(&["deployments", &id.to_string(), "statuses"]), &[("per_page", "1")]);
    let all: Vec<Status> = client.object(&ask, patience).await?;
    Ok(all.into_iter().next().map(|status| status.state))
}

/// A status that came twice says what one says.
async fn state(client: &Client, id: u64, shown: &ShownDeployment<'_>, stand: Stand, patience: Patience) -> Result<(), CodeHostError> {
    let mut body = json!({
        "state": word(stand),
        "description": cut(shown.said),
        // It would take other prompts of the environment away.
        "auto_inactive": false,
    });
    for (key, value) in [("log_url", shown.log_url), ("environment_url", shown.environment_url)] {
        if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
            body.insert(key.to_owned(), value.into());
        }
    }
    let post = client.post(&client.repo(&["deployments", &id.to_string(), "statuses"]), body);
    client.object::<Status>(&post, patience).await.map(drop)
}

fn word(stand: Stand) -> &'static str {
    match stand {
        Stand::InProgress => "in_progress",
        Stand::Success => "success",
        Stand::Failure => "failure",
        Stand::Inactive => "inactive",
    }
}

fn cut(text: &str) -> String {
    crate::domain::notice::cut(text, DESCRIPTION - 1)
}
