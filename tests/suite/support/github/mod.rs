//! GitHub behind HTTP: a test describes the state, the answers follow from it, and requests change it.

mod administration;
mod git_data;
mod payload;
mod published;
mod routes;
mod server;
mod state;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::http::HeaderMap;
use serde_json::Value;

pub(crate) use published::event;
pub(crate) use state::{File, Mishap, State};

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without percent signs.
    pub(crate) path: String,
    /// The parts of the path: a part may have a slash of its own.
    pub(crate) parts: Vec<String>,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Request {
    /// A query parameter, or "".
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Which page of a list, from 1, and its size.
    fn page(&self) -> (usize, usize) {
        let number = |name: &str, otherwise: usize| self.parameter(name).parse().unwrap_or(otherwise);
        (number("page", 1), number("per_page", 30).min(100))
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    journal: Mutex<Vec<Request>>,
    unknown: Mutex<Vec<String>>,
    address: SocketAddr,
}

/// A running GitHub; it ends with the test.
#[derive(Debug)]
pub(crate) struct FakeGitHub {
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

impl FakeGitHub {
    pub(crate) fn start(state: State) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { state: Mutex::new(state), journal: Mutex::default(), unknown: Mutex::default(), address });
        runtime.spawn(server::serve(listener, Arc::clone(&shared)));
        Self { shared, _runtime: runtime }
    }

    /// What `GITHUB_API_URL` would say.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}{}", self.shared.address, self.state().base_path)
    }

    /// The state as it is now.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Every request so far, as `METHOD path`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.journal().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Every request so far.
    pub(crate) fn journal(&self) -> Vec<Request> {
        self.shared.journal.lock().unwrap().clone()
    }

    /// Fails the test when something was asked that this GitHub does not know.
    pub(crate) fn finish(self) {
        let unknown = self.shared.unknown.lock().unwrap();
        assert!(unknown.is_empty(), "unknown requests:\n{}\nknown routes:\n{}", unknown.join("\n"), routes::KNOWN.join("\n"));
    }
}
