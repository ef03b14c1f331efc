//! Passes requests on to the description's server and remembers what it said; a call's own answers lead the client
//! down the way that is wanted, since that server knows no state.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use prompt_cicd::adapters::http::Http;
use serde_json::Value;

/// A request, and what the description says of it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    /// Which rules it breaks; empty when it is accepted.
    pub(super) refused: String,
}

/// Asks the description's server. What its own examples break is not ours.
pub(super) async fn ask(request: reqwest::RequestBuilder) -> (reqwest::Response, String) {
    let answer = request.header("accept", "application/json").send().await.unwrap();
    let violations = answer.headers().get("sl-violations").map_or("[]", |text| text.to_str().unwrap());
    let violations: Vec<Value> = serde_json::from_str(violations).unwrap();
    let ours: Vec<&Value> = violations.iter().filter(|found| found["location"][0] == "request").collect();
    let refused = match ours.first() {
        Some(first) => format!("{}: {}", answer.status(), first["message"]),
        None if answer.status().is_success() => String::new(),
        None => answer.status().to_string(),
    };
    (answer, refused)
}

/// What the client gets to read instead of the description's example.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    method: Method,
    path: &'static str,
    status: u16,
    body: Value,
    next: Option<&'static str>,
}

#[derive(Debug)]
struct Shared {
    http: Http,
    description: String,
    seen: Mutex<Vec<Seen>>,
    answers: Mutex<Vec<Answer>>,
}

/// A running recorder; it ends with the test's runtime.
#[derive(Debug)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
}

impl Recorder {
    pub(super) async fn start(description: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (http, description) = (Http::new().unwrap(), description.to_owned());
        let shared = Arc::new(Shared { http, description, seen: Mutex::default(), answers: Mutex::default() });
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, address }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Counts what another recorder saw.
    pub(super) fn add(&self, seen: Vec<Seen>) {
        self.shared.seen.lock().unwrap().extend(seen);
    }

    /// The next request with this method whose path ends like this is answered so, once it is accepted.
    pub(super) fn answer(&self, method: Method, path: &'static str, status: u16, body: Value) {
        self.shared.answers.lock().unwrap().push(Answer { method, path, status, body, next: None });
    }

    /// The same with a further page at this path.
    pub(super) fn answer_page(&self, path: &'static str, body: Value, next: &'static str) {
        self.shared.answers.lock().unwrap().push(Answer { method: Method::GET, path, status: 200, body, next: Some(next) });
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let sent = serde_json::from_slice(&body).ok();
    let mut request = shared.http.client().request(method.clone(), format!("{}{uri}", shared.description)).body(body);
    for (name, value) in &headers {
        // The description names no raw form of files, so JSON must do; it says nothing of hosts and lengths.
        if !matches!(name.as_str(), "accept" | "host" | "content-length" | "accept-encoding") {
            request = request.header(name, value);
        }
    }
    let (answer, refused) = ask(request).await;
    let (status, path, accepted) = (answer.status(), uri.path().to_owned(), refused.is_empty());
    shared.seen.lock().unwrap().push(Seen { method: method.to_string(), path: path.clone(), body: sent, refused });

    let planned = {
        let mut answers = shared.answers.lock().unwrap();
        let found = answers.iter().position(|planned| planned.method == method && path.ends_with(planned.path));
        found.filter(|_| accepted).map(|found| answers.remove(found))
    };
    let mut response = Response::builder().header("content-type", "application/json");
    let body = if let Some(planned) = planned {
        response = response.status(planned.status);
        if let Some(next) = planned.next {
            response = response.header("link", format!("<{next}>; rel=\"next\""));
        }
        planned.body.to_string().into()
    } else {
        response = response.status(status);
        answer.bytes().await.unwrap()
    };
    response.body(Body::from(body)).unwrap()
}
