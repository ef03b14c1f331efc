//! Laying the user's file over the defaults.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// Sections whose entries get defaults by their kind, and where these are.
const BY_KIND: [(&str, &str); 4] = [
    ("providers", "provider-kinds"),
    ("targets", "target-kinds"),
    ("metric-sources", "metric-source-kinds"),
    ("notifications", "notification-kinds"),
];

/// Every default, commented; part of the documentation.
pub const TEXT: &str = include_str!("defaults.yml");

/// Ready values for environments, commented; part of the documentation.
pub(super) const PROFILES: &str = include_str!("environment-profiles.yml");

fn profiles() -> &'static Map<String, Value> {
    static VALUES: OnceLock<Map<String, Value>> = OnceLock::new();
    VALUES.get_or_init(|| serde_yaml::from_str(PROFILES).expect("environment-profiles.yml is a YAML map"))
}

/// The defaults as values.
pub(super) fn values() -> &'static Map<String, Value> {
    static VALUES: OnceLock<Map<String, Value>> = OnceLock::new();
    VALUES.get_or_init(|| serde_yaml::from_str(TEXT).expect("defaults.yml is a YAML map"))
}

/// The name of the provider that a file has which names none: GitHub Models, which a workflow's own token may ask.
pub const GITHUB_MODELS: &str = "github-models";

/// Whether a file names no provider at all, so that [`GITHUB_MODELS`] answers.
pub(super) fn names_no_provider(file: &Value) -> bool {
    let suites = file.get("suites").and_then(Value::as_array).into_iter().flatten();
    let mut named = suites.chain(file.get("suite-defaults")).filter_map(|part| part.get("provider"));
    file.get("providers").is_none() && named.next().is_none()
}

/// The effective values: the user's file over the defaults, `suite-defaults` and the defaults of each provider's
/// kind laid under where they belong.
pub(super) fn lay_under(file: &Value) -> Value {
    let mut effective = laid(&for_files(), file);
    let implied = names_no_provider(file) && file.get("suites").is_some();
    if implied && let Some(effective) = effective.as_object_mut() {
        effective.insert("providers".to_owned(), json!({GITHUB_MODELS: {"kind": GITHUB_MODELS}}));
    }
    let mut shared = effective.get("suite-defaults").cloned().unwrap_or_default();
    if implied && let Some(shared) = shared.as_object_mut() {
        shared.insert("provider".to_owned(), GITHUB_MODELS.into());
    }
    for suite in effective.get_mut("suites").and_then(Value::as_array_mut).into_iter().flatten().filter(|suite| suite.is_object()) {
        *suite = laid(&shared, suite);
    }
    for (section, kinds) in BY_KIND {
        for (_, entry) in effective.get_mut(section).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(base) = of_kind(entry, kinds) {
                *entry = laid(&base, entry);
            }
        }
    }
    let rollouts = effective.get("rollouts").cloned().unwrap_or_default();
    let written = file.get("rollouts").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    for (_, environment) in effective.get_mut("environments").and_then(Value::as_object_mut).into_iter().flatten() {
        let profile = environment.get("profile").and_then(Value::as_str).and_then(|name| profiles().get(name)).cloned();
        let rollouts = profile.as_ref().and_then(|profile| profile.get("rollouts")).map_or_else(
            || rollouts.clone(),
            // What the file says of all environments is nearer than what a profile says.
            |ready| laid(&rollouts, &laid(ready, &written)),
        );
        if let Some(profile) = &profile {
            let own = environment.get("rollouts").cloned();
            fill(environment, profile);
            if let Some(environment) = environment.as_object_mut() {
                match own {
                    Some(own) => drop(environment.insert("rollouts".to_owned(), own)),
                    None => drop(environment.shift_remove("rollouts")),
                }
            }
        }
        if let Some(environment) = environment.as_object_mut() {
            let own = environment.get("rollouts").cloned().unwrap_or_else(|| Value::Object(Map::new()));
            environment.insert("rollouts".to_owned(), laid(&rollouts, &own));
        }
    }
    effective
}

/// The part of the defaults that has the form of a user's file.
fn for_files() -> Value {
    Value::Object(
        values()
            .iter()
            .filter(|(key, _)| BY_KIND.iter().all(|(_, kinds)| key != kinds))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn of_kind(entry: &Value, kinds: &str) -> Option<Value> {
    let mut base = values().get(kinds)?.get(entry.get("kind")?.as_str()?)?.clone();
    if entry.get("base-url").is_some()
        && let Some(base) = base.as_object_mut()
    {
        base.shift_remove("api-key-env");
    }
    Some(base)
}

/// The keys of `over`, in their order, and below them those of `base` that it lacks.
fn laid(base: &Value, over: &Value) -> Value {
    let mut result = over.clone();
    fill(&mut result, base);
    result
}

/// Adds what is missing, deep in maps.
fn fill(value: &mut Value, base: &Value) {
    if let (Value::Object(value), Value::Object(base)) = (value, base) {
        for (key, base) in base {
            match value.get_mut(key) {
                Some(value) => fill(value, base),
                None => drop(value.insert(key.clone(), base.clone())),
            }
        }
    }
}
