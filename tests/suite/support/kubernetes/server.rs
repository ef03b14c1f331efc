//! HTTP around the state.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Extract,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::{Mishap, Shared, State, objects};

struct Request<'r> {
    verb: &'static str,
    plural: &'r str,
    name: Option<&'r str>,
    query: &'r str,
    content: &'r str,
    body: &'r [u8],
}

pub(super) async fn serve(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    axum::serve(listener, Router::new().fallback(handle).with_state(shared)).await.unwrap();
}

#[expect(clippy::too_many_lines, reason = "one request, from the door to its answer")]
async fn handle(Extract(shared): Extract<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let (group, place) = match parts.as_slice() {
        ["api", "v1", place @ ..] => ("", place),
        ["apis", "gateway.networking.k8s.io", "v1", place @ ..] => ("gateway.networking.k8s.io", place),
        _ => return not_found(),
    };
    let (namespace, plural, name) = match place {
        ["namespaces", namespace, plural] => (*namespace, *plural, None),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, Some(*name)),
        _ => return not_found(),
    };
    let verb = match (method.as_str(), name) {
        ("GET", Some(_)) => "get",
        ("GET", None) => "list",
        ("POST", None) => "create",
        ("PUT", Some(_)) => "update",
        ("PATCH", Some(_)) => "patch",
        ("DELETE", Some(_)) => "delete",
        _ => return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", None),
    };
    let request = Request { verb, plural, name, query: uri.query().unwrap_or_default(), content: text("content-type"), body: &body };
    let mishap = {
        let mut state = shared.state.lock().unwrap();
        state.requests.push(format!("{verb} {plural} {}", name.unwrap_or("-")));
        let at = state.mishaps.iter().position(|(of, _)| *of == verb);
        at.map(|at| state.mishaps.remove(at).1)
    };
    match mishap {
        Some(Mishap::Status(code)) => return status(code, reason(code), "the server was told to say so", None),
        Some(Mishap::Hang(pause)) => {
            tokio::time::sleep(pause).await;
            return cut();
        }
        Some(Mishap::Overtaken) => {
            let mut state = shared.state.lock().unwrap();
            if let Some(object) = name.and_then(|name| state.objects.get(&(plural.to_owned(), name.to_owned())).cloned()) {
                state.store(plural, name.unwrap_or_default(), object);
            }
        }
        Some(Mishap::DoneButCut) | None => {}
    }
    let mut state = shared.state.lock().unwrap();
    let token = text("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if !state.tokens.contains(token) {
        return status(401, "Unauthorized", "Unauthorized", None);
    }
    if group != if plural == "httproutes" { "gateway.networking.k8s.io" } else { "" } || (plural == "httproutes" && !state.gateway_api) {
        return not_found();
    }
    if state.denied.contains(&format!("{verb} {plural}")) {
        let what = format!(
            "{plural}{} is forbidden: User \"ana\" cannot {verb} resource \"{plural}\" in API group \"{group}\" in the namespace \"{namespace}\"",
            name.map(|name| format!(" \"{name}\"")).unwrap_or_default()
        );
        return status(403, "Forbidden", &what, None);
    }
    if namespace != "shop" {
        if verb == "create" {
            return status(404, "NotFound", &format!("namespaces \"{namespace}\" not found"), Some("namespaces"));
        }
        return status(404, "NotFound", &format!("{plural} \"{}\" not found", name.unwrap_or_default()), Some(plural));
    }
    let answer = state.answer(&request);
    if matches!(mishap, Some(Mishap::DoneButCut)) {
        return cut();
    }
    match answer {
        Ok((code, body)) => json_of(code, &body),
        Err((code, reason, message)) => status(code, reason, &message, Some(plural)),
    }
}

impl State {
    fn answer(&mut self, request: &Request<'_>) -> Result<(u16, Value), objects::Refusal> {
        let plural = request.plural;
        let missing = |name: &str| (404, "NotFound", format!("{plural} \"{name}\" not found"));
        let key = |name: &str| (plural.to_owned(), name.to_owned());
        let body = || serde_json::from_slice::<Value>(request.body).map_err(|error| (400, "BadRequest", error.to_string()));
        let name = request.name.unwrap_or_default();
        let there = self.objects.get(&key(name)).cloned();
        match request.verb {
            "get" => there.map(|object| (200, object)).ok_or_else(|| missing(name)),
            "list" => self.page(request),
            "create" => {
                let object = body()?;
                objects::check(plural, &object)?;
                let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                if object["metadata"].get("resourceVersion").is_some() {
                    return Err((400, "BadRequest", "resourceVersion should not be set on objects to be created".to_owned()));
                }
                if self.objects.contains_key(&key(&name)) {
                    return Err((409, "AlreadyExists", format!("{plural} \"{name}\" already exists")));
                }
                Ok((201, self.store(plural, &name, object)))
            }
            "update" | "patch" => {
                let change = body()?;
                let before = there.ok_or_else(|| missing(name))?;
                let after = if request.verb == "update" {
                    change.clone()
                } else if request.content == "application/merge-patch+json" {
                    merged(before.clone(), &change)
                } else {
                    return Err((
                        415,
                        "UnsupportedMediaType",
                        format!("the body of the request was in an unknown format: {}", request.content),
                    ));
                };
                objects::check(plural, &after)?;
                let wanted = change["metadata"]["resourceVersion"].as_str();
                if wanted.is_some_and(|wanted| before["metadata"]["resourceVersion"] != wanted) {
                    let what = format!("Operation cannot be fulfilled on {plural} \"{name}\": the object has been modified");
                    return Err((409, "Conflict", format!("{what}; please apply your changes to the latest version and try again")));
                }
                if before["immutable"] == true && before["data"] != after["data"] {
                    return Err((
                        422,
                        "Invalid",
                        format!("ConfigMap \"{name}\" is invalid: data: Forbidden: field is immutable when `immutable` is set"),
                    ));
                }
                Ok((200, self.store(plural, name, after)))
            }
            _ => {
                self.objects.remove(&key(name)).ok_or_else(|| missing(name))?;
                Ok((200, json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
            }
        }
    }

    fn page(&self, request: &Request<'_>) -> Result<(u16, Value), objects::Refusal> {
        let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
        let query: std::collections::BTreeMap<&str, String> =
            pairs.map(|(key, value)| (key, value.replace("%2F", "/").replace("%3D", "="))).collect();
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(self.page).min(self.page);
        let from = match query.get("continue") {
            Some(token) => {
                token.parse::<usize>().map_err(|_garbled| (410, "Expired", "The provided continue parameter is too old".to_owned()))?
            }
            None => 0,
        };
        let wanted = query.get("labelSelector").and_then(|selector| selector.split_once('='));
        let all: Vec<&Value> = self
            .objects
            .iter()
            .filter(|((plural, _), _)| plural == request.plural)
            .map(|(_, object)| object)
            .filter(|object| wanted.is_none_or(|(key, value)| object["metadata"]["labels"][key] == value))
            .collect();
        let items: Vec<Value> = all.iter().skip(from).take(limit).map(|object| json!({"metadata": object["metadata"]})).collect();
        let next = if from + limit < all.len() { (from + limit).to_string() } else { String::new() };
        Ok((
            200,
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {"continue": next}, "items": items}),
        ))
    }
}

/// RFC 7386.
fn merged(mut target: Value, patch: &Value) -> Value {
    let Value::Object(fields) = patch else { return patch.clone() };
    if !target.is_object() {
        target = json!({});
    }
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().shift_remove(key);
        } else {
            target[key] = merged(target[key].clone(), value);
        }
    }
    target
}

fn reason(code: u16) -> &'static str {
    match code {
        401 => "Unauthorized",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    }
}

fn status(code: u16, reason: &str, message: &str, kind: Option<&str>) -> Response {
    let details = kind.map_or_else(|| json!({}), |kind| json!({"kind": kind}));
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
        "details": details, "code": code});
    json_of(code, &body)
}

/// What the server says of a path that it does not know.
fn not_found() -> Response {
    Response::builder().status(404).header("content-type", "text/plain").body(Body::from("404 page not found\n")).unwrap()
}

fn json_of(code: u16, body: &Value) -> Response {
    let code = StatusCode::from_u16(code).unwrap();
    Response::builder().status(code).header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

/// An answer that ends before its end.
fn cut() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::builder().status(200).header("content-length", "100").body(Body::from_stream(broken)).unwrap()
}
