//! A server on 127.0.0.1 that remembers what it received and answers what a test says.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use serde_json::Value;

/// One request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Received {
    /// A header's text, or "".
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The server; it ends with the test's runtime.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers every request with what `respond` makes of it.
    pub(super) async fn start<R: IntoResponse>(respond: impl Fn(&Received) -> R + Clone + Send + Sync + 'static) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let handler = {
            let received = Arc::clone(&received);
            move |request: Request| {
                let (received, respond) = (Arc::clone(&received), respond.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                    let one = Received {
                        method: parts.method.to_string(),
                        uri: parts.uri.to_string(),
                        headers: parts.headers,
                        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                    };
                    let response = respond(&one).into_response();
                    received.lock().unwrap().push(one);
                    response
                }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener.tap_io(nodelay), Router::new().fallback(handler)).await });
        Self { url, received }
    }

    /// Answers every request with this JSON.
    pub(super) async fn json(answer: Value) -> Self {
        Self::start(move |_| axum::Json(answer.clone())).await
    }

    /// Answers every request with this status and body.
    pub(super) async fn refusing(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> Self {
        Self::start(move |_| {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            response.headers_mut().extend(headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())));
            response
        })
        .await
    }

    /// What has arrived so far.
    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Without it a small second piece waits for the acknowledgement of the first one.
fn nodelay(stream: &mut tokio::net::TcpStream) {
    stream.set_nodelay(true).unwrap();
}

/// An event stream sent in these pieces; with `cut` the connection breaks after the last one.
pub(super) fn events(pieces: Vec<Vec<u8>>, cut: bool) -> Response {
    let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from(piece)));
    let end = cut.then(|| Err(std::io::Error::other("cut")));
    // Hyper sends pieces that are ready together in one write: let it send each by itself.
    let stream = futures::stream::unfold(pieces.chain(end).collect::<std::collections::VecDeque<_>>(), |mut left| async {
        tokio::task::yield_now().await;
        left.pop_front().map(|piece| (piece, left))
    });
    ([("content-type", "text/event-stream; charset=utf-8")], Body::from_stream(stream)).into_response()
}

/// The pieces of [`events`] as `data:` lines with one JSON text each.
pub(super) fn data(texts: &[Value]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| format!("data: {text}\n\n").into_bytes()).collect()
}
