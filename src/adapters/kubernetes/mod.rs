//! The few calls to a Kubernetes API server that a target and a store need, over our own HTTP client. Why not the crate `kube`:
//! `docs/design/kubernetes.md`.

mod access;
mod credential;
mod kubeconfig;
#[cfg(test)]
mod tests;
mod trouble;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Value, json};

use super::{
    http::{
        Http, is_garbled, read_body, root_cause,
        site::{Environment, Sites},
        words,
    },
    secret::Scrubber,
};
use crate::domain::kubernetes::ClusterSettings;
use credential::Credential;
pub use trouble::{Trouble, TroubleKind};

/// Who we are in `managedFields`.
const MANAGER: &str = "prompt-cicd";

/// The most bytes of an answer.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The most objects of one page of a list.
const PAGE: &str = "250";

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A ConfigMap.
    ConfigMap,
    /// A route of the Gateway API, v1.
    HttpRoute,
}

impl Resource {
    fn prefix(self) -> &'static str {
        match self {
            Self::ConfigMap => "/api/v1",
            Self::HttpRoute => "/apis/gateway.networking.k8s.io/v1",
        }
    }

    /// As it is written in a Role.
    pub fn plural(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmaps",
            Self::HttpRoute => "httproutes",
        }
    }

    /// As it is written in an object.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::HttpRoute => "HTTPRoute",
        }
    }
}

/// Opens clusters of settings. Nothing is asked before the first call.
#[derive(Clone)]
pub struct Clusters {
    environment: Environment,
    scrubber: Arc<Scrubber>,
    account: PathBuf,
}

impl Clusters {
    /// Tokens are made known to the scrubber of `sites`.
    pub fn new(sites: &Sites) -> Self {
        Self {
            environment: Arc::clone(sites.environment()),
            scrubber: Arc::clone(sites.scrubber()),
            account: PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"),
        }
    }

    /// The cluster of these settings.
    ///
    /// # Errors
    /// What cannot be found, read or used, with the next step.
    pub fn open(&self, settings: &ClusterSettings) -> Result<Cluster, String> {
        let access = access::find(self, settings)?;
        let http = Http::trusting(access.authority.as_deref(), access.identity.as_deref()).map_err(|error| error.to_string())?;
        let url =
            Url::parse(&access.server).map_err(|error| format!("the server `{}` is no address: {error}", words::plain(&access.server)))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err("the server's address must begin with https:// or http:// and have no user or password".to_owned());
        }
        // What is not encrypted shows the token to everybody on the way.
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !local {
            return Err(format!("{url} is not encrypted; write an https:// server into the kubeconfig"));
        }
        let shown = url.as_str().trim_end_matches('/').to_owned();
        Ok(Cluster { http, url, shown, namespace: access.namespace, credential: access.credential, scrubber: Arc::clone(&self.scrubber) })
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.trim().is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    /// The folder with the pod's service account.
    fn account(&self) -> &Path {
        &self.account
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clusters")
    }
}

/// One namespace of a cluster.
#[derive(Debug)]
pub struct Cluster {
    http: Http,
    url: Url,
    shown: String,
    namespace: String,
    credential: Credential,
    scrubber: Arc<Scrubber>,
}

/// An object's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'n> {
    /// Its kind.
    pub resource: Resource,
    /// Its name in the namespace.
    pub name: &'n str,
}

impl Cluster {
    /// The namespace and the server, as they are shown.
    pub fn place(&self) -> String {
        format!("namespace {} at {}", self.namespace, self.shown)
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The object; `None` when there is none.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn get(&self, named: &Named<'_>) -> Result<Option<Value>, Trouble> {
        match self.call("get", Method::GET, named.resource, Some(named.name), &[], None).await {
            Ok(object) => Ok(Some(object)),
            Err(trouble) if trouble.kind == TroubleKind::NotFound => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Makes an object that is not there yet.
    ///
    /// # Errors
    /// [`TroubleKind::Exists`] when it is.
    pub async fn create(&self, resource: Resource, object: &Value) -> Result<Value, Trouble> {
        self.call("create", Method::POST, resource, None, &WRITING, Some(("application/json", object))).await
    }

    /// Replaces an object, which must have the revision that `object` has.
    ///
    /// # Errors
    /// [`TroubleKind::Conflict`] when it has another one.
    pub async fn replace(&self, named: &Named<'_>, object: &Value) -> Result<Value, Trouble> {
        self.call("update", Method::PUT, named.resource, Some(named.name), &WRITING, Some(("application/json", object))).await
    }

    /// Changes parts of an object by a JSON merge patch, with `metadata.resourceVersion` in it as the condition.
    ///
    /// # Errors
    /// [`TroubleKind::Conflict`] when it has another revision.
    pub async fn patch(&self, named: &Named<'_>, patch: &Value) -> Result<Value, Trouble> {
        let body = Some(("application/merge-patch+json", patch));
        self.call("patch", Method::PATCH, named.resource, Some(named.name), &WRITING, body).await
    }

    /// Takes an object away; that it is not there is a success.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn delete(&self, named: &Named<'_>) -> Result<(), Trouble> {
        match self.call("delete", Method::DELETE, named.resource, Some(named.name), &[], None).await {
            Err(trouble) if trouble.kind != TroubleKind::NotFound => Err(trouble),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The names of the objects with a label, without their contents. A list that grew too old between two pages is begun anew.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn names(&self, resource: Resource, label: &str) -> Result<Vec<String>, Trouble> {
        let (mut names, mut next, mut anew) = (Vec::new(), String::new(), 0);
        loop {
            let query = [("labelSelector", label), ("limit", PAGE), ("continue", next.as_str())];
            let query = if next.is_empty() { query.get(..2) } else { Some(query.as_slice()) }.unwrap_or_default();
            let page = match self.call("list", Method::GET, resource, None, query, None).await {
                Ok(page) => page,
                Err(trouble) if trouble.kind == TroubleKind::Gone && anew < 3 => {
                    (names, next) = (Vec::new(), String::new());
                    anew += 1;
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            names.extend(items.iter().filter_map(|item| Some(item.pointer("/metadata/name")?.as_str()?.to_owned())));
            page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().clone_into(&mut next);
            if next.is_empty() {
                return Ok(names);
            }
        }
    }

    async fn call(
        &self,
        verb: &'static str,
        method: Method,
        resource: Resource,
        name: Option<&str>,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<Value, Trouble> {
        let shown = format!("{verb} {}{} in {}", resource.kind(), name.map(|name| format!(" {name}")).unwrap_or_default(), self.place());
        let about = trouble::About { verb, resource, namespace: &self.namespace, shown: &shown, scrubber: &self.scrubber };
        for attempt in 1..=2 {
            let token = self.credential.token(&self.scrubber, attempt > 1).await.map_err(|what| about.no_credential(&what))?;
            let mut request = self.request(&method, resource, name, query);
            if let Some((kind, body)) = body {
                request = request.header("content-type", kind).body(body.to_string());
            }
            if verb == "list" {
                request = request.header("accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
            }
            if let Some(token) = token {
                request = request.bearer_auth(token.expose());
            }
            let response = request.send().await.map_err(|error| {
                let cause = words::plain(&root_cause(&error));
                let kind = if error.is_connect() { TroubleKind::NoConnection } else { TroubleKind::Broken };
                about.told(kind, &cause, if error.is_connect() { "check the server's address and that it can be reached" } else { "" })
            })?;
            let status = response.status().as_u16();
            let body = read_body(response, MAX_ANSWER).await.map_err(|error| match &error {
                super::http::BodyError::Broken(broken) if !is_garbled(broken) => about.told(TroubleKind::Broken, &error.to_string(), ""),
                super::http::BodyError::Broken(_) | super::http::BodyError::TooLarge(_) => {
                    about.told(TroubleKind::Malformed, &words::plain(&error.to_string()), "look into the API server's log")
                }
            })?;
            // A token that is no longer taken may have been replaced meanwhile: a new one is fetched once.
            if status == 401 && attempt == 1 && self.credential.renews() {
                continue;
            }
            return about.read(status, &body);
        }
        Err(about.told(TroubleKind::Unauthorized, "it takes neither the old token nor a new one", "log in to the cluster again"))
    }

    fn request(&self, method: &Method, resource: Resource, name: Option<&str>, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(resource.prefix().split('/').skip(1));
            path.extend(["namespaces", &self.namespace, resource.plural()]).extend(name);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.client().request(method.clone(), url)
    }
}

/// Unknown fields are refused, not dropped.
const WRITING: [(&str, &str); 2] = [("fieldManager", MANAGER), ("fieldValidation", "Strict")];

/// An object's revision, which a writing of it must name.
pub fn revision(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion")?.as_str()
}

/// A ConfigMap without contents.
pub fn config_map(name: &str, labels: &Value, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": data})
}
