//! One server of the user's with its token and headers: what it is asked and how its silence reads.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};

use super::{BodyError, Http, HttpError, is_garbled, read_body, root_cause, words};
use crate::adapters::secret::{Scrubber, Secret, names_a_secret};

/// Looks up a variable of the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A server, ready to be asked.
pub struct Site {
    url: Url,
    shown: String,
    headers: HeaderMap,
    http: Arc<Http>,
}

/// What makes sites of settings; clones share the one client, made when it is first needed.
#[derive(Clone)]
pub struct Sites {
    environment: Environment,
    scrubber: Arc<Scrubber>,
    http: Arc<OnceLock<Result<Arc<Http>, HttpError>>>,
}

impl Sites {
    /// Tokens come from `environment` and are made known to `scrubber`.
    pub fn new(environment: Environment, scrubber: Arc<Scrubber>) -> Self {
        Self { environment, scrubber, http: Arc::default() }
    }

    /// Where tokens come from.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Who knows the secrets.
    pub fn scrubber(&self) -> &Arc<Scrubber> {
        &self.scrubber
    }

    /// The secret that a variable holds.
    ///
    /// # Errors
    /// What is wrong with the variable, naming it.
    pub fn secret(&self, variable: &str, key: &str) -> Result<Secret, String> {
        let value = (self.environment)(variable);
        let state = if value.is_some() { "empty" } else { "not set" };
        let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let secret = Secret::new(value.ok_or_else(|| format!("the environment variable {variable}, named by `{key}`, is {state}"))?);
        self.scrubber.register(&secret);
        Ok(secret)
    }

    /// Checks an address, its token and its headers. Nothing is sent.
    ///
    /// # Errors
    /// What is wrong.
    pub fn site(&self, url: &str, token_env: Option<&str>, headers: &BTreeMap<String, String>) -> Result<Site, String> {
        let http = self.http.get_or_init(|| Http::new().map(Arc::new)).clone().map_err(|error| error.to_string())?;
        let url = Url::parse(url).map_err(|error| format!("`url` is no address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err("`url` is no address: it must begin with http:// or https:// and name a host".to_owned());
        }
        if let (Some(reason), "https") = (http.no_roots(), url.scheme()) {
            return Err(format!("{} cannot be trusted: {reason}; install the package ca-certificates", url.origin().ascii_serialization()));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|error| format!("`{}` is no name of a header: {error}", words::plain(name)))?;
            if names_a_secret(name) {
                self.scrubber.register(&Secret::new(value.as_str()));
            }
            map.insert(header, sensitive(value, &format!("the header `{name}`"))?);
        }
        if let Some(variable) = token_env {
            let token = self.secret(variable, "token-env")?;
            map.insert(AUTHORIZATION, sensitive(&format!("Bearer {}", token.expose()), &format!("the value of {variable}"))?);
        }
        let mut bare = url.clone();
        bare.set_query(None);
        // Both only fail for addresses without a host, which were refused above.
        let _ = (bare.set_username(""), bare.set_password(None));
        Ok(Site { url, shown: bare.to_string(), headers: map, http })
    }
}

impl fmt::Debug for Sites {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sites")
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Status and the server's own words, made fit to be shown.
    pub fn words(&self) -> String {
        let said = words::words_of(&self.body);
        if said.is_empty() { self.status.to_string() } else { format!("{}: {said}", self.status) }
    }
}

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// No connection: nothing was sent.
    NoConnection(String),
    /// The connection broke after something was sent.
    Broken(String),
    /// The body cannot be unpacked.
    Garbled(String),
    /// The body is larger than this many bytes.
    TooLarge(usize),
}

impl fmt::Display for Silence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(cause) => write!(formatter, "no connection: {cause}"),
            Self::Broken(cause) => write!(formatter, "the connection broke: {cause}"),
            Self::Garbled(cause) => write!(formatter, "an answer that cannot be unpacked: {cause}"),
            Self::TooLarge(limit) => write!(formatter, "an answer larger than {} MiB", limit / 1024 / 1024),
        }
    }
}

impl Site {
    /// The address as it is shown: without user, password and query.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A request to the address itself.
    pub fn request(&self, method: Method) -> RequestBuilder {
        self.http.client().request(method, self.url.clone()).headers(self.headers.clone())
    }

    /// A request to a path below the address, with a query of which every part is escaped.
    pub fn request_below(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.client().request(method, url).headers(self.headers.clone())
    }

    /// Sends a request and reads at most `limit` bytes of the answer. The caller keeps the time.
    ///
    /// # Errors
    /// See [`Silence`].
    pub async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Reply, Silence> {
        let response = request.send().await.map_err(|error| {
            let cause = words::plain(&root_cause(&error));
            if error.is_connect() { Silence::NoConnection(cause) } else { Silence::Broken(cause) }
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response, limit).await.map_err(|error| match error {
            BodyError::TooLarge(limit) => Silence::TooLarge(limit),
            BodyError::Broken(broken) if is_garbled(&broken) => Silence::Garbled(words::plain(&root_cause(&broken))),
            BodyError::Broken(broken) => Silence::Broken(words::plain(&root_cause(&broken))),
        })?;
        Ok(Reply { status, headers, body })
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Site").field("url", &self.shown).finish_non_exhaustive()
    }
}

fn sensitive(value: &str, what: &str) -> Result<HeaderValue, String> {
    let mut header = HeaderValue::from_str(value)
        .map_err(|_invalid| format!("{what} has characters that no HTTP header may have (a line break, invisible characters)"))?;
    header.set_sensitive(true);
    Ok(header)
}
