//! Laying the user's file over the defaults.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Sections whose entries get defaults by their kind, and where these are.
const BY_KIND: [(&str, &str); 4] = [
    ("providers", "provider-kinds"),
    ("targets", "target-kinds"),
    ("metric-sources", "metric-source-kinds"),
    ("notifications", "notification-kinds"),
];

/// Every default, commented; part of the documentation.
pub const TEXT: &str = include_str!("defaults.yml");

/// The defaults as values.
pub(super) fn values() -> &'static Map<String, Value> {
    static VALUES: OnceLock<Map<String, Value>> = OnceLock::new();
    VALUES.get_or_init(|| serde_yaml::from_str(TEXT).expect("defaults.yml is a YAML map"))
}

/// The effective values: the user's file over the defaults, `suite-defaults` and the defaults of each provider's
/// kind laid under where they belong.
pub(super) fn lay_under(file: &Value) -> Value {
    let mut effective = laid(&for_files(), file);
    let shared = effective.get("suite-defaults").cloned().unwrap_or_default();
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
    for (_, environment) in effective.get_mut("environments").and_then(Value::as_object_mut).into_iter().flatten() {
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
