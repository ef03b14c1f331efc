//! Rulesets: which checks a branch asks for.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{found, whole};
use crate::{
    adapters::github::client::{Client, Pages},
    domain::environment::{Enforcement, FoundRuleset, Ruleset},
    ports::code_host::{CodeHostError, Patience},
};

/// The rule that we speak of.
const CHECKS: &str = "required_status_checks";
/// The most pages of 100 rulesets that are searched.
const PAGES: usize = 10;

#[derive(Debug, Deserialize)]
struct Listed {
    id: u64,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: u64,
    name: String,
    #[serde(default)]
    enforcement: String,
    #[serde(default)]
    conditions: Option<Conditions>,
    #[serde(default)]
    rules: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Conditions {
    #[serde(default)]
    ref_name: Option<Names>,
}

#[derive(Debug, Default, Deserialize)]
struct Names {
    #[serde(default)]
    include: BTreeSet<String>,
}

pub(super) async fn find(client: &Client, name: &str, patience: Patience) -> Result<Option<FoundRuleset>, CodeHostError> {
    // Those of the organization are not the repository's to change.
    let first = client.get(&client.repo(&["rulesets"]), &[("per_page", "100"), ("includes_parents", "false")]);
    let mut pages = Pages::new(first, PAGES);
    while let Some(page) = client.page::<Listed>(&mut pages, patience).await? {
        if let Some(listed) = page.iter().find(|listed| listed.name.eq_ignore_ascii_case(name)) {
            let ask = client.get(&client.repo(&["rulesets", &listed.id.to_string()]), &[]);
            return Ok(found::<Shown>(client, &ask, patience).await?.map(read));
        }
    }
    Ok(None)
}

fn read(shown: Shown) -> FoundRuleset {
    let (ours, others): (Vec<Value>, Vec<Value>) =
        shown.rules.into_iter().partition(|rule| rule.get("type").and_then(Value::as_str) == Some(CHECKS));
    let parameters = ours.first().and_then(|rule| rule.get("parameters"));
    let checks = parameters.and_then(|parameters| parameters.get(CHECKS)).and_then(Value::as_array);
    let context = |check: &Value| Some(check.get("context")?.as_str()?.to_owned());
    let strict = parameters.and_then(|parameters| parameters.get("strict_required_status_checks_policy"));
    let ruleset = Ruleset {
        name: shown.name,
        enforcement: match shown.enforcement.as_str() {
            "active" => Enforcement::Active,
            "evaluate" => Enforcement::Evaluate,
            _ => Enforcement::Disabled,
        },
        branches: shown.conditions.and_then(|conditions| conditions.ref_name).unwrap_or_default().include,
        checks: checks.into_iter().flatten().filter_map(context).collect(),
        up_to_date: strict.and_then(Value::as_bool).unwrap_or(false),
    };
    FoundRuleset { id: shown.id, ruleset, others }
}

pub(super) async fn put(client: &Client, to_be: &Ruleset, before: Option<&FoundRuleset>, patience: Patience) -> Result<(), CodeHostError> {
    let checks: Vec<Value> = to_be.checks.iter().map(|check| json!({"context": check})).collect();
    let ours = json!({
        "type": CHECKS,
        // A branch that is new has not been tested.
        "parameters": {
            CHECKS: checks,
            "strict_required_status_checks_policy": to_be.up_to_date,
            "do_not_enforce_on_create": true,
        },
    });
    let others = before.map(|before| before.others.clone()).unwrap_or_default();
    let body = json!({
        "name": to_be.name,
        "target": "branch",
        "enforcement": to_be.enforcement.as_str(),
        "conditions": {"ref_name": {"include": to_be.branches, "exclude": []}},
        "rules": others.into_iter().chain([ours]).collect::<Vec<_>>(),
    });
    let ask = match before {
        None => client.post(&client.repo(&["rulesets"]), body),
        Some(before) => whole(client.post(&client.repo(&["rulesets", &before.id.to_string()]), body)),
    };
    client.send(&ask, patience).await.map(drop)
}
