//! Environments with their rules, branches and variables.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Id, found, gone, whole};
use crate::{
    adapters::github::client::Client,
    domain::environment::{Branches, Environment, Numbered},
    ports::code_host::{CodeHostError, Patience, Put},
};

#[derive(Debug, Deserialize)]
struct Shown {
    id: u64,
    name: String,
    #[serde(default)]
    protection_rules: Vec<Rule>,
    #[serde(default)]
    deployment_branch_policy: Option<Policy>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(default)]
    wait_timer: Option<u32>,
    #[serde(default)]
    prevent_self_review: Option<bool>,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Debug, Deserialize)]
struct Reviewer {
    reviewer: Who,
}

/// An account has a login, a team a slug.
#[derive(Debug, Deserialize)]
struct Who {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    slug: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Policy {
    protected_branches: bool,
    custom_branch_policies: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Policies {
    #[serde(default)]
    branch_policies: Vec<BranchPolicy>,
}

#[derive(Debug, Deserialize)]
struct BranchPolicy {
    id: u64,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Variable {
    value: String,
}

/// The environment, with those of `variables` that it has.
pub(super) async fn find(
    client: &Client,
    name: &str,
    variables: &[&str],
    patience: Patience,
) -> Result<Option<Numbered<Environment>>, CodeHostError> {
    let ask = client.get(&client.repo(&["environments", name]), &[]);
    let Some(shown) = found::<Shown>(client, &ask, patience).await? else { return Ok(None) };
    let mut environment = Environment { name: shown.name, ..Environment::default() };
    for rule in shown.protection_rules {
        environment.wait_minutes = rule.wait_timer.unwrap_or(environment.wait_minutes);
        environment.prevent_self_review = rule.prevent_self_review.unwrap_or(environment.prevent_self_review);
        let of = |reviewer: Reviewer| match reviewer.reviewer {
            Who { login: Some(login), .. } => Some(login.to_lowercase()),
            Who { slug: Some(slug), .. } => Some(format!("{}/{slug}", client.owner()).to_lowercase()),
            Who { .. } => None,
        };
        environment.reviewers.extend(rule.reviewers.into_iter().filter_map(of));
    }
    environment.branches = match shown.deployment_branch_policy {
        Some(Policy { custom_branch_policies: true, .. }) => {
            Branches::Named(policies(client, name, patience).await?.into_iter().map(|policy| policy.name).collect())
        }
        Some(Policy { protected_branches: true, .. }) => Branches::Protected,
        Some(_) | None => Branches::All,
    };
    for variable in variables {
        let ask = client.get(&client.repo(&["environments", name, "variables", variable]), &[]);
        if let Some(known) = found::<Variable>(client, &ask, patience).await? {
            environment.variables.insert((*variable).to_owned(), known.value);
        }
    }
    Ok(Some(Numbered { number: shown.id, thing: environment }))
}

async fn policies(client: &Client, name: &str, patience: Patience) -> Result<Vec<BranchPolicy>, CodeHostError> {
    let ask = client.get(&client.repo(&["environments", name, "deployment-branch-policies"]), &[("per_page", "100")]);
    Ok(found::<Policies>(client, &ask, patience).await?.unwrap_or_default().branch_policies)
}

/// Asks only for what differs from `before`.
pub(super) async fn put(client: &Client, to_be: &Environment, before: Option<&Environment>, patience: Patience) -> Put {
    let mut made = None;
    let done = steps(client, to_be, before, &mut made, patience).await;
    Put { made, done }
}

async fn steps(
    client: &Client,
    to_be: &Environment,
    before: Option<&Environment>,
    made: &mut Option<u64>,
    patience: Patience,
) -> Result<(), CodeHostError> {
    let bare = |environment: &Environment| Environment { name: String::new(), variables: BTreeMap::new(), ..environment.clone() };
    // An environment keeps the spelling of its name.
    let name = before.map_or(to_be.name.as_str(), |before| before.name.as_str());
    if before.is_none_or(|before| bare(before) != bare(to_be)) {
        let body = rules(client, to_be, before, patience).await?;
        let ask = whole(client.post(&client.repo(&["environments", name]), body));
        let answer = client.object::<Id>(&ask, patience).await?;
        *made = before.is_none().then_some(answer.id);
        if let Branches::Named(names) = &to_be.branches {
            branches(client, name, names, patience).await?;
        }
    }
    for (variable, value) in &to_be.variables {
        let was = before.and_then(|before| before.variables.get(variable));
        let body = json!({"name": variable, "value": value});
        let ask = match was {
            Some(was) if was == value => continue,
            Some(_) => client.patch(&client.repo(&["environments", name, "variables", variable]), body),
            None => client.post(&client.repo(&["environments", name, "variables"]), body),
        };
        client.send(&ask, patience).await?;
    }
    Ok(())
}

/// The rules as one whole: GitHub forgets what is not said. What no environment of the account may have (a wait in a private
/// repository of a free plan) is only spoken of where it is wanted or was there.
async fn rules(client: &Client, to_be: &Environment, before: Option<&Environment>, patience: Patience) -> Result<Value, CodeHostError> {
    let mut body = Map::new();
    let had = |holds: fn(&Environment) -> bool| holds(to_be) || before.is_some_and(holds);
    if had(|environment| environment.wait_minutes > 0) {
        body.insert("wait_timer".to_owned(), to_be.wait_minutes.into());
    }
    if had(|environment| environment.prevent_self_review) {
        body.insert("prevent_self_review".to_owned(), to_be.prevent_self_review.into());
    }
    if had(|environment| !environment.reviewers.is_empty()) {
        let mut reviewers = Vec::new();
        for reviewer in &to_be.reviewers {
            reviewers.push(match reviewer.split_once('/') {
                None => json!({"type": "User", "id": number(client, &["users", reviewer], patience).await?}),
                Some((owner, team)) => json!({"type": "Team", "id": number(client, &["orgs", owner, "teams", team], patience).await?}),
            });
        }
        body.insert("reviewers".to_owned(), reviewers.into());
    }
    if had(|environment| environment.branches != Branches::All) {
        let policy = match to_be.branches {
            Branches::All => Value::Null,
            Branches::Protected => json!({"protected_branches": true, "custom_branch_policies": false}),
            Branches::Named(_) => json!({"protected_branches": false, "custom_branch_policies": true}),
        };
        body.insert("deployment_branch_policy".to_owned(), policy);
    }
    Ok(Value::Object(body))
}

async fn number(client: &Client, parts: &[&str], patience: Patience) -> Result<u64, CodeHostError> {
    client.object::<Id>(&client.get(parts, &[]), patience).await.map(|found| found.id)
}

/// Exactly these names.
async fn branches(client: &Client, name: &str, wanted: &BTreeSet<String>, patience: Patience) -> Result<(), CodeHostError> {
    let there = policies(client, name, patience).await?;
    for missing in wanted.iter().filter(|wanted| !there.iter().any(|policy| policy.name == **wanted)) {
        let ask = client.post(&client.repo(&["environments", name, "deployment-branch-policies"]), json!({"name": missing}));
        client.send(&ask, patience).await?;
    }
    for policy in there.iter().filter(|policy| !wanted.contains(&policy.name)) {
        let ask = client.delete(&client.repo(&["environments", name, "deployment-branch-policies", &policy.id.to_string()]));
        gone(client, &ask, patience).await?;
    }
    Ok(())
}
