//! Rulesets: which checks a branch asks for.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{create, found, whole};
use crate::{
    adapters::github::client::{Ask, Client, Pages},
    domain::environment::{Enforcement, FoundRuleset, Ruleset},
    ports::code_host::{CodeHostError, Patience, Put},
};

/// The rule that we speak of.
const CHECKS: &str = "required_status_checks";
/// Whether the checks must have seen the newest state.
const STRICT: &str = "strict_required_status_checks_policy";
/// What our rulesets are about.
const TARGET: &str = "branch";
/// The most pages of 100 rulesets that are searched.
const PAGES: usize = 10;

#[derive(Debug, Deserialize)]
struct Listed {
    id: u64,
    name: String,
    #[serde(default)]
    target: Option<String>,
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
    #[serde(default)]
    exclude: BTreeSet<String>,
}

pub(super) async fn find(client: &Client, name: &str, patience: Patience) -> Result<Option<FoundRuleset>, CodeHostError> {
    // Those of the organization are not the repository's to change.
    let first = client.get(&client.repo(&["rulesets"]), &[("per_page", "100"), ("includes_parents", "false")]);
    let mut pages = Pages::new(first, PAGES);
    while let Some(page) = client.page::<Listed>(&mut pages, patience).await.map_err(not_here)? {
        // One for tags or pushes is another thing, even with this name.
        let for_branches = |listed: &Listed| listed.target.as_deref().is_none_or(|target| target == TARGET);
        if let Some(listed) = page.iter().find(|listed| for_branches(listed) && listed.name.eq_ignore_ascii_case(name)) {
            let ask = client.get(&client.repo(&["rulesets", &listed.id.to_string()]), &[]);
            let Some(whole) = found::<Value>(client, &ask, patience).await? else { return Ok(None) };
            return read(&ask, whole).map(Some);
        }
    }
    Ok(None)
}

/// Where there can be no rulesets, a permission helps nobody.
fn not_here(error: CodeHostError) -> CodeHostError {
    match error {
        CodeHostError::PermissionMissing { call, status, message, .. } if message.starts_with("Upgrade to ") => CodeHostError::Rejected {
            call,
            status,
            message,
            fields: Vec::new(),
            next: "the plan has neither rulesets nor branch protection for this repository: upgrade it, make the repository public, or \
                   write `github.ruleset: {enforcement: off}`",
        },
        CodeHostError::NotFound { call, status, message, .. } => CodeHostError::Rejected {
            call,
            status,
            message,
            fields: Vec::new(),
            next: "this GitHub has no rulesets (GitHub Enterprise Server before 3.11), or the token does not see the repository: require \
                   the checks by branch protection in the repository's settings, and write `github.ruleset: {enforcement: off}`",
        },
        other @ (CodeHostError::PermissionMissing { .. }
        | CodeHostError::RateLimited { .. }
        | CodeHostError::Conflict { .. }
        | CodeHostError::Rejected { .. }
        | CodeHostError::Unreachable { .. }
        | CodeHostError::BadToken { .. }
        | CodeHostError::Unusable { .. }
        | CodeHostError::TooLarge { .. }) => other,
    }
}

fn is_ours(rule: &Value) -> bool {
    rule.get("type").and_then(Value::as_str) == Some(CHECKS)
}

fn read(ask: &Ask, whole: Value) -> Result<FoundRuleset, CodeHostError> {
    let unusable = |error: serde_json::Error| CodeHostError::Unusable { call: ask.call(), status: 200, reason: error.to_string() };
    let shown = Shown::deserialize(&whole).map_err(unusable)?;
    let parameters = shown.rules.iter().find(|rule| is_ours(rule)).and_then(|rule| rule.get("parameters"));
    let checks = parameters.and_then(|parameters| parameters.get(CHECKS)).and_then(Value::as_array);
    let context = |check: &Value| Some(check.get("context")?.as_str()?.to_owned());
    let strict = parameters.and_then(|parameters| parameters.get(STRICT));
    let names = shown.conditions.and_then(|conditions| conditions.ref_name).unwrap_or_default();
    let ruleset = Ruleset {
        name: shown.name,
        enforcement: match shown.enforcement.as_str() {
            "active" => Enforcement::Active,
            "evaluate" => Enforcement::Evaluate,
            _ => Enforcement::Disabled,
        },
        branches: names.include,
        excluded: names.exclude,
        checks: checks.into_iter().flatten().filter_map(context).collect(),
        up_to_date: strict.and_then(Value::as_bool).unwrap_or(false),
    };
    Ok(FoundRuleset { id: shown.id, ruleset, whole })
}

pub(super) async fn put(client: &Client, to_be: &Ruleset, before: Option<&FoundRuleset>, patience: Patience) -> Put {
    let nothing = Value::Null;
    let body = body(to_be, before.map_or(&nothing, |before| &before.whole));
    let put = match before {
        None => create(client, &client.post(&client.repo(&["rulesets"]), body), patience).await,
        Some(before) => {
            let ask = whole(client.post(&client.repo(&["rulesets", &before.id.to_string()]), body));
            Put { made: None, done: client.send(&ask, patience).await.map(drop) }
        }
    };
    Put { done: put.done.map_err(not_here), ..put }
}

/// The whole of it, since GitHub forgets what is not said: what `before` has and we do not speak of comes along.
fn body(to_be: &Ruleset, before: &Value) -> Value {
    let map = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let rules = before.get("rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut parameters = map(rules.iter().find(|rule| is_ours(rule)).and_then(|rule| rule.get("parameters")));
    let known = parameters.get(CHECKS).and_then(Value::as_array).cloned().unwrap_or_default();
    // A check may be bound to the app that reports it.
    let check = |name: &String| {
        let same: Vec<Value> = known.iter().filter(|check| check.get("context").and_then(Value::as_str) == Some(name)).cloned().collect();
        if same.is_empty() { vec![json!({"context": name})] } else { same }
    };
    let checks: Vec<Value> = to_be.checks.iter().flat_map(check).collect();
    parameters.insert(CHECKS.to_owned(), checks.into());
    parameters.insert(STRICT.to_owned(), to_be.up_to_date.into());
    // A branch that is new has not been tested.
    parameters.entry("do_not_enforce_on_create").or_insert(true.into());
    let others = rules.iter().filter(|rule| !is_ours(rule)).cloned();
    let mut conditions = map(before.get("conditions"));
    conditions.insert("ref_name".to_owned(), json!({"include": to_be.branches, "exclude": to_be.excluded}));
    let mut body = Map::new();
    body.insert("name".to_owned(), to_be.name.as_str().into());
    body.insert("target".to_owned(), TARGET.into());
    body.insert("enforcement".to_owned(), to_be.enforcement.as_str().into());
    body.insert("conditions".to_owned(), conditions.into());
    body.insert("rules".to_owned(), others.chain([json!({"type": CHECKS, "parameters": parameters})]).collect());
    // Who may go past it; told only to those who may change that.
    if let Some(actors) = before.get("bypass_actors").filter(|actors| actors.is_array()) {
        body.insert("bypass_actors".to_owned(), actors.clone());
    }
    body.into()
}
