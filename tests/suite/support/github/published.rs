//! The payloads that GitHub publishes (`tests/data/github`), with the fields replaced that a test is about.

use serde_json::Value;

/// A payload as it was published.
pub(crate) fn published(name: &str) -> Value {
    let text = match name {
        "pull_request.opened" => include_str!("../../../data/github/pull_request.opened.json"),
        "pull_request.synchronize" => include_str!("../../../data/github/pull_request.synchronize.json"),
        "push" => include_str!("../../../data/github/push.json"),
        "merge_group.checks_requested" => include_str!("../../../data/github/merge_group.checks_requested.json"),
        "workflow_run.completed" => include_str!("../../../data/github/workflow_run.completed.json"),
        "workflow_dispatch" => include_str!("../../../data/github/workflow_dispatch.json"),
        other => panic!("no payload {other} in tests/data/github"),
    };
    serde_json::from_str(text).unwrap()
}

/// The same with other values; a field that the published payload does not have is a mistake of the test.
pub(crate) fn event(name: &str, about: &Value) -> Value {
    let mut event = published(name);
    replace(&mut event, about, name);
    event
}

fn replace(there: &mut Value, about: &Value, place: &str) {
    match (there, about) {
        (Value::Object(there), Value::Object(about)) => {
            for (key, value) in about {
                let place = format!("{place}.{key}");
                replace(there.get_mut(key).unwrap_or_else(|| panic!("GitHub publishes no {place}")), value, &place);
            }
        }
        (there, about) => about.clone_into(there),
    }
}
