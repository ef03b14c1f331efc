//! A model behind HTTP: state that a test sets, requests that it can look at afterwards.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// What the model does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Says the last message back.
    Echo,
    /// Says this.
    Say(&'static str),
    /// Says the last message back after a while.
    Slow(Duration),
    /// Takes the request and never answers.
    Hang,
    /// Answers so many requests and hangs from then on.
    AnswerThenHang(usize),
    /// Refuses with a status and a body.
    Status(u16, &'static str),
    /// The first so many requests get a status, the rest an echo.
    Flaky(usize, u16),
    /// Answers 200 with this body.
    Body(&'static str),
    /// What this makes of the number of requests before and the last message: an answer, or a status.
    Rule(fn(usize, &str) -> Result<String, u16>),
}

#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

#[derive(Debug)]
struct Shared {
    behaviour: Behaviour,
    received: Mutex<Vec<Received>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

/// A running server; it ends with the test.
#[derive(Debug)]
pub(crate) struct FakeModel {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl FakeModel {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let shared =
            Arc::new(Shared { behaviour, received: Mutex::default(), under_way: AtomicUsize::new(0), most_under_way: AtomicUsize::new(0) });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { shared, address, _runtime: runtime }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    pub(crate) fn received<T>(&self, look: impl FnOnce(&[Received]) -> T) -> T {
        look(&self.shared.received.lock().unwrap())
    }

    /// The most requests that were under way at once.
    pub(crate) fn most_under_way(&self) -> usize {
        self.shared.most_under_way.load(Ordering::SeqCst)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let under_way = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_under_way.fetch_max(under_way, Ordering::SeqCst);
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let said = body["messages"].as_array().and_then(|messages| messages.last()).map_or("", |last| last["content"].as_str().unwrap_or(""));
    let said = said.to_owned();
    let before = {
        let mut received = shared.received.lock().unwrap();
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        received.push(Received { path: uri.path().to_owned(), authorization, body });
        received.len() - 1
    };
    let response = match &shared.behaviour {
        Behaviour::Say(text) => completion(text),
        Behaviour::Slow(pause) => {
            tokio::time::sleep(*pause).await;
            completion(&said)
        }
        Behaviour::AnswerThenHang(answered) if before < *answered => completion(&said),
        Behaviour::Hang | Behaviour::AnswerThenHang(_) => std::future::pending().await,
        Behaviour::Status(status, body) => (StatusCode::from_u16(*status).unwrap(), *body).into_response(),
        Behaviour::Flaky(failing, status) if before < *failing => (StatusCode::from_u16(*status).unwrap(), "busy").into_response(),
        Behaviour::Echo | Behaviour::Flaky(..) => completion(&said),
        Behaviour::Rule(rule) => match rule(before, &said) {
            Ok(text) => completion(&text),
            Err(status) => (StatusCode::from_u16(status).unwrap(), "no").into_response(),
        },
        Behaviour::Body(body) => Response::new(Body::from(*body)),
    };
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
    response
}

fn completion(text: &str) -> Response {
    Json(json!({
        "id": "fake-1",
        "object": "chat.completion",
        "model": "fake",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }))
    .into_response()
}
