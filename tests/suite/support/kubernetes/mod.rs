//! A Kubernetes API server behind HTTP: ConfigMaps and HTTPRoutes with resource versions, names, schemas, limits and rights. It is written
//! from the API's documentation; no real API server was used.

mod objects;
mod server;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "fake-cluster-token";

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mishap {
    /// This status, and nothing is done.
    Status(u16),
    /// It is done, and the connection breaks before the answer.
    DoneButCut,
    /// No answer for so long; nothing is done.
    Hang(Duration),
    /// Somebody else changes the object right before.
    Overtaken,
}

/// What the cluster has.
#[derive(Debug)]
pub(crate) struct State {
    /// Objects by plural and name, all in one namespace.
    pub(crate) objects: BTreeMap<(String, String), Value>,
    pub(crate) version: u64,
    pub(crate) tokens: BTreeSet<String>,
    /// Verbs and plurals that nobody may, like `patch configmaps`.
    pub(crate) denied: BTreeSet<String>,
    /// Whether the Gateway API is installed.
    pub(crate) gateway_api: bool,
    /// Each is used once, by the first request whose verb it names.
    pub(crate) mishaps: Vec<(&'static str, Mishap)>,
    /// Pages of a list that are handed out, at most.
    pub(crate) page: usize,
    pub(crate) requests: Vec<String>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

/// A running API server; it ends with the tests.
#[derive(Debug)]
pub(crate) struct FakeKubernetes {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl FakeKubernetes {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            objects: BTreeMap::new(),
            version: 100,
            tokens: BTreeSet::from([TOKEN.to_owned()]),
            denied: BTreeSet::new(),
            gateway_api: true,
            mishaps: Vec::new(),
            page: 500,
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let served = Arc::clone(&shared);
        // A thread of its own, so that it can be started and dropped inside of a test that has a runtime.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { server::serve(tokio::net::TcpListener::from_std(listener).unwrap(), served).await });
        });
        Self { shared, address }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Writes a kubeconfig for the namespace `shop`.
    pub(crate) fn kubeconfig(&self, path: &Path) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": format!("http://{}", self.address)}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "ana", "namespace": "shop"}}],
            "users": [{"name": "ana", "user": {"token": TOKEN}}],
        });
        std::fs::write(path, config.to_string()).unwrap();
    }

    /// An object as it is now.
    pub(crate) fn object(&self, plural: &str, name: &str) -> Value {
        self.state().objects.get(&(plural.to_owned(), name.to_owned())).cloned().unwrap_or_default()
    }

    /// Puts an object there, as somebody else would.
    pub(crate) fn put(&self, plural: &str, object: &Value) {
        let mut state = self.state();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        state.store(plural, &name, object.clone());
    }

    /// What goes wrong next with a request of this verb.
    pub(crate) fn mishap(&self, verb: &'static str, mishap: Mishap) {
        self.state().mishaps.push((verb, mishap));
    }
}

impl State {
    /// Writes an object with the next version.
    fn store(&mut self, plural: &str, name: &str, mut object: Value) -> Value {
        self.version += 1;
        let before = self.objects.get(&(plural.to_owned(), name.to_owned()));
        let generation = before.map_or(0, |before| before["metadata"]["generation"].as_u64().unwrap_or(0));
        let same = before.is_some_and(|before| before["spec"] == object["spec"]);
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        object["metadata"]["namespace"] = json!("shop");
        if plural == "httproutes" {
            object["metadata"]["generation"] = json!(if same { generation } else { generation + 1 });
        }
        self.objects.insert((plural.to_owned(), name.to_owned()), object.clone());
        object
    }
}
