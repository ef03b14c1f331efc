//! What objects may look like.

use serde_json::Value;

/// A refusal: status, reason, message.
pub(super) type Refusal = (u16, &'static str, String);

fn invalid(kind: &str, name: &str, what: &str) -> Refusal {
    (422, "Invalid", format!("{kind} \"{name}\" is invalid: {what}"))
}

fn only(object: &Value, path: &str, known: &[&str]) -> Result<(), Refusal> {
    let fields = object.as_object().ok_or((400, "BadRequest", format!("{path}: expected an object")))?;
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err((400, "BadRequest", format!("strict decoding error: unknown field \"{path}{key}\""))),
        None => Ok(()),
    }
}

fn is_label(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(fine) && !text.starts_with('-') && !text.ends_with('-')
}

/// The last part of a label's or annotation's name.
fn is_qualified(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').unwrap_or(("x", text));
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    prefix.split('.').all(is_label) && name.len() <= 63 && name.chars().all(fine) && ends(name.chars().next()) && ends(name.chars().last())
}

/// Checks an object that is to be written.
pub(super) fn check(plural: &str, object: &Value) -> Result<(), Refusal> {
    let (kind, version) = if plural == "configmaps" { ("ConfigMap", "v1") } else { ("HTTPRoute", "gateway.networking.k8s.io/v1") };
    if object["kind"] != kind || object["apiVersion"] != version {
        return Err((400, "BadRequest", format!("the object provided is unrecognized (must be of type {kind} {version})")));
    }
    let metadata = &object["metadata"];
    let known =
        ["name", "namespace", "labels", "annotations", "resourceVersion", "generation", "uid", "creationTimestamp", "managedFields"];
    only(metadata, "metadata.", &known)?;
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(invalid(
            kind,
            name,
            "metadata.name: Invalid value: a lowercase RFC 1123 subdomain must consist of lower case characters",
        ));
    }
    for (what, limit) in [("labels", 63), ("annotations", 256 * 1024)] {
        for (key, value) in metadata[what].as_object().into_iter().flatten() {
            let value = value.as_str().ok_or((400, "BadRequest", format!("metadata.{what}.{key}: expected a string")))?;
            if !is_qualified(key) || value.len() > limit {
                return Err(invalid(kind, name, &format!("metadata.{what}: Invalid value: \"{key}\"")));
            }
        }
    }
    if plural == "configmaps" { config_map(name, object) } else { route(name, object) }
}

fn config_map(name: &str, object: &Value) -> Result<(), Refusal> {
    only(object, "", &["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"])?;
    let mut size = 0;
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        let text = value.as_str().ok_or((400, "BadRequest", format!("data.{key}: expected a string")))?;
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.is_empty() || key.len() > 253 || !key.chars().all(fine) {
            return Err(invalid(
                "ConfigMap",
                name,
                &format!("data[{key}]: Invalid value: \"{key}\": a valid config key must consist of …"),
            ));
        }
        size += text.len();
    }
    if size > 1024 * 1024 {
        return Err(invalid("ConfigMap", name, "[]: Too long: may not be more than 1048576 bytes"));
    }
    Ok(())
}

fn route(name: &str, object: &Value) -> Result<(), Refusal> {
    only(object, "", &["apiVersion", "kind", "metadata", "spec", "status"])?;
    only(&object["spec"], "spec.", &["parentRefs", "hostnames", "rules"])?;
    for (at, rule) in object["spec"]["rules"].as_array().into_iter().flatten().enumerate() {
        only(rule, &format!("spec.rules[{at}]."), &["name", "matches", "filters", "backendRefs", "timeouts"])?;
        let backends = rule["backendRefs"].as_array().map(Vec::as_slice).unwrap_or_default();
        if backends.len() > 16 {
            return Err(invalid("HTTPRoute", name, "spec.rules[0].backendRefs: Too many: must have at most 16 items"));
        }
        for backend in backends {
            let path = format!("spec.rules[{at}].backendRefs[0].");
            only(backend, &path, &["group", "kind", "name", "namespace", "port", "weight", "filters"])?;
            if !backend["name"].as_str().is_some_and(is_label) {
                return Err(invalid("HTTPRoute", name, &format!("{path}name: Invalid value")));
            }
            if !backend["port"].as_u64().is_some_and(|port| (1..=65_535).contains(&port)) {
                return Err(invalid("HTTPRoute", name, &format!("{path}port: Invalid value: must have port for Service reference")));
            }
            if backend.get("weight").is_some_and(|weight| weight.as_u64().is_none_or(|weight| weight > 1_000_000)) {
                return Err(invalid("HTTPRoute", name, &format!("{path}weight: Invalid value: should be less than or equal to 1000000")));
            }
        }
    }
    Ok(())
}
