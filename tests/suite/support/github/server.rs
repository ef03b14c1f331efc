//! HTTP around the state: the token, limits, pages, `ETag`s, and everything that goes wrong.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Extract,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{
    Request, Shared,
    routes::{self, Reply},
    state::{DATE, DATE_SECONDS, Mishap, State},
};

pub(super) async fn serve(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    axum::serve(listener, Router::new().fallback(handle).with_state(shared)).await.unwrap();
}

async fn handle(Extract(shared): Extract<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request = Request {
        method: method.to_string(),
        path: decoded(uri.path()),
        parts: uri.path().split('/').skip(1).map(decoded).collect(),
        query: decoded(uri.query().unwrap_or_default()),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    shared.journal.lock().unwrap().push(request.clone());
    let mishap = shared.state.lock().unwrap().take_mishap(&request.method, &request.path);
    if let Some(Mishap::Slow(pause)) = mishap {
        tokio::time::sleep(pause).await;
    }
    let mut response = respond(&shared, &request, mishap);
    response.headers_mut().insert("date", DATE.parse().unwrap());
    response
}

fn respond(shared: &Shared, request: &Request, mishap: Option<Mishap>) -> Response {
    let normal = || ordinary(shared, request);
    match mishap {
        None | Some(Mishap::Slow(_)) => normal(),
        Some(Mishap::Status(status, message)) => json_of(status, &json!({"message": message})),
        Some(Mishap::Body(status, body)) => json_of(status, &body),
        Some(Mishap::DoneBut(status)) => {
            drop(normal());
            json_of(status, &json!({"message": "Server Error"}))
        }
        Some(Mishap::PrimaryLimit(seconds)) => {
            let body = json!({"message": "API rate limit exceeded for installation ID 1."});
            let reset = (DATE_SECONDS + seconds).to_string();
            with(json_of(403, &body), &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)])
        }
        Some(Mishap::SecondaryLimit(retry_after)) => {
            let body = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."});
            let response = with(json_of(403, &body), &[("x-ratelimit-remaining", "900")]);
            retry_after.map_or_else(|| response.into_response(), |wait| with(json_of(403, &body), &[("retry-after", &wait.to_string())]))
        }
        Some(Mishap::Cut) => cut(),
        Some(Mishap::DoneButCut) => {
            drop(normal());
            cut()
        }
        Some(Mishap::Html(status)) => {
            let page = "<!DOCTYPE html><html><head><title>Unicorn!</title></head></html>";
            with((StatusCode::from_u16(status).unwrap(), page).into_response(), &[("content-type", "text/html; charset=utf-8")])
        }
        Some(Mishap::Huge(size)) => json_of(200, &json!({"number": 7, "title": "x".repeat(size)})),
        Some(Mishap::Redirect(status, to)) => {
            let to = if to.starts_with('/') { format!("http://{}{to}", shared.address) } else { to };
            with(json_of(status, &json!({"message": "Moved Permanently", "url": to})), &[("location", &to)])
        }
        Some(Mishap::CommentsGone) => {
            shared.state.lock().unwrap().comments.clear();
            normal()
        }
    }
}

/// What a healthy GitHub answers.
fn ordinary(shared: &Shared, request: &Request) -> Response {
    let mut state = shared.state.lock().unwrap();
    let token = request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let given = token.as_deref().and_then(|token| token.strip_prefix("Bearer ")).unwrap_or_default();
    if given != state.token && !state.job_tokens.contains_key(given) {
        return json_of(401, &json!({"message": "Bad credentials", "status": "401"}));
    }
    given.clone_into(&mut state.given);
    let base = state.base_path.split('/').skip(1).count();
    let parts: Vec<&str> = request.parts.iter().skip(base).map(String::as_str).collect();
    let reply = if request.path.starts_with(state.base_path) { routes::answer(&mut state, request, &parts) } else { Reply::Unknown };
    state.rate_limit_left = state.rate_limit_left.saturating_sub(1);
    let left = state.rate_limit_left.to_string();
    let reset = (DATE_SECONDS + 600).to_string();
    let response = match reply {
        Reply::Json(status, value) => tagged(&state, request, json_of(status.as_u16(), &value), &value.to_string()),
        Reply::Page(shown, all) => page(&state, shared, request, &Value::from(shown), all),
        Reply::Bytes(bytes) => {
            with(Response::new(Body::from(bytes)), &[("content-type", "application/vnd.github.raw+json; charset=utf-8")])
        }
        Reply::Denied(needed) => {
            let refused = json_of(403, &json!({"message": "Resource not accessible by integration", "status": "403"}));
            if state.names_permissions { with(refused, &[("x-accepted-github-permissions", needed)]) } else { refused }
        }
        Reply::Nothing => StatusCode::NO_CONTENT.into_response(),
        Reply::Unknown => {
            shared.unknown.lock().unwrap().push(format!("{} {}", request.method, request.path));
            json_of(404, &json!({"message": "unknown to the fake"}))
        }
    };
    let response = match state.scopes {
        Some(scopes) => with(response, &[("x-oauth-scopes", scopes)]),
        None => response,
    };
    with(response, &[("x-ratelimit-limit", "1000"), ("x-ratelimit-remaining", &left), ("x-ratelimit-reset", &reset)])
}

/// One page of a list that has `all` items, with the addresses of the others.
fn page(state: &State, shared: &Shared, request: &Request, shown: &Value, all: usize) -> Response {
    let (page, size) = request.page();
    let response = tagged(state, request, json_of(200, shown), &shown.to_string());
    if all <= page * size {
        return response;
    }
    let rest: Vec<&str> = request.query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
    let at = |page: usize| format!("<http://{}{}?{}&page={page}>", shared.address, request.path, rest.join("&"));
    let link = format!("{}; rel=\"next\", {}; rel=\"last\"", at(page + 1), at(all.div_ceil(size)));
    with(response, &[("link", &link)])
}

/// With an `ETag`; 304 when the client has it already.
fn tagged(state: &State, request: &Request, response: Response, text: &str) -> Response {
    if !state.etags || request.method != "GET" {
        return response;
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("W/\"{:x}\"", hasher.finish());
    if request.headers.get("if-none-match").is_some_and(|known| known == tag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    with(response, &[("etag", &tag)])
}

fn json_of(status: u16, body: &Value) -> Response {
    let content = [("content-type", "application/json; charset=utf-8")];
    (StatusCode::from_u16(status).unwrap(), content, body.to_string()).into_response()
}

fn with(mut response: Response, headers: &[(&'static str, &str)]) -> Response {
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// Half of an answer, then a broken connection.
fn cut() -> Response {
    // The pause lets the first half leave before the end.
    let pieces = futures::stream::iter([Ok(Bytes::from_static(b"{\"id\": ")), Err(std::io::Error::other("cut"))]);
    Response::new(Body::from_stream(pieces.then(|piece| async {
        tokio::task::yield_now().await;
        piece
    })))
}

/// Percent signs taken back.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}
