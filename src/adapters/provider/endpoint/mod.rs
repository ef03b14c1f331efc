//! One address that is asked with POST: its headers, its clock, and the faults it can show.

pub(super) mod embeddings;
pub(super) mod models;
mod retry_after;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{
    Body, Response, Url,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
};

use self::retry_after::retry_after;
use super::fault;
use crate::{
    adapters::{
        http::{BodyError, CONNECT_TIMEOUT, Http, is_garbled, root_cause},
        secret::{Scrubber, Secret, names_a_secret},
    },
    domain::{
        duration,
        provider::{FaultKind, HttpSettings, ProviderFault},
    },
    ports::provider::ConnectError,
};

/// The most bytes of an error's body that are read.
const ERROR_BODY: usize = 64 * 1024;

/// An address, ready to be asked.
pub(super) struct Endpoint {
    provider: String,
    url: Url,
    /// The address as it is shown: without user, password and query.
    shown: String,
    method: &'static str,
    headers: HeaderMap,
    key_env: Option<String>,
    http: Arc<Http>,
    scrubber: Arc<Scrubber>,
}

/// How the key is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyHeader {
    /// `Authorization: Bearer …`
    Bearer,
    /// `x-api-key: …`
    XApiKey,
}

impl Endpoint {
    /// Checks address and headers. Nothing is sent.
    ///
    /// # Errors
    /// When the address is none, a header cannot be sent, or `https` has no CA certificates to trust.
    pub(super) fn new(
        provider: &str,
        settings: &HttpSettings,
        path: &str,
        key: Option<(KeyHeader, &Secret)>,
        http: Arc<Http>,
        scrubber: Arc<Scrubber>,
    ) -> Result<Self, ConnectError> {
        let url = address(provider, &settings.base_url, path, &scrubber)?;
        if let (Some(reason), "https") = (http.no_roots(), url.scheme()) {
            return Err(ConnectError {
                message: format!("provider \"{provider}\": {} cannot be trusted: {reason}", host_of(&url)),
                help: Some("install the package ca-certificates, or name a bundle in SSL_CERT_FILE".into()),
            });
        }
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        if let Some((header, key)) = key {
            let (name, value) = match header {
                KeyHeader::Bearer => ("authorization", format!("Bearer {}", key.expose())),
                KeyHeader::XApiKey => ("x-api-key", key.expose().to_owned()),
            };
            let source = settings.api_key_env.as_deref().unwrap_or("the key");
            headers.insert(name, sensitive(provider, &format!("the value of {source}"), &value)?);
        }
        for (name, value) in &settings.headers {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|error| ConnectError {
                message: format!("provider \"{provider}\": `{}` is no name of a header: {error}", fault::plain(name)),
                help: Some("correct it under `headers`".into()),
            })?;
            if names_a_secret(name) {
                scrubber.register(&Secret::new(value.as_str()));
            }
            headers.insert(header, sensitive(provider, &format!("the header `{name}`"), value)?);
        }
        let mut bare = url.clone();
        bare.set_query(None);
        // Both only fail for addresses without a host, which were refused above.
        let _ = (bare.set_username(""), bare.set_password(None));
        let key_env = settings.api_key_env.clone();
        Ok(Self { provider: provider.to_owned(), shown: bare.to_string(), url, method: "POST", headers, key_env, http, scrubber })
    }

    /// Sends `body`. The clock starts when the connection stands and takes the first bytes: the connection asks for
    /// the body then, and the body looks at the clock. Making the connection is not part of an answer's latency.
    pub(super) async fn post(&self, body: Vec<u8>, accept: &'static str) -> Result<(Response, Instant), ProviderFault> {
        let started = Arc::new(OnceLock::new());
        let before = Instant::now();
        let length = body.len();
        let stream = futures::stream::once({
            let started = Arc::clone(&started);
            async move {
                started.get_or_init(Instant::now);
                Ok::<_, std::io::Error>(body)
            }
        });
        let request = self
            .http
            .client()
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(ACCEPT, accept)
            .header(CONTENT_LENGTH, length)
            .body(Body::wrap_stream(stream));
        let response = request.send().await.map_err(|error| self.not_sent(&error))?;
        Ok((response, started.get().copied().unwrap_or(before)))
    }

    /// The same address, read instead of written to.
    pub(super) fn reading(self) -> Self {
        Self { method: "GET", ..self }
    }

    /// Reads what is there.
    pub(super) async fn get(&self) -> Result<Response, ProviderFault> {
        let request = self.http.client().get(self.url.clone()).headers(self.headers.clone()).header(ACCEPT, "application/json");
        request.send().await.map_err(|error| self.not_sent(&error))
    }

    /// What an answer with a status that is no success means.
    pub(super) async fn refused(&self, mut response: Response, model: &str) -> ProviderFault {
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        // What was read until a broken or over-long body ended says enough.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= ERROR_BODY {
                break;
            }
        }
        let out_of_quota = status.as_u16() == 429 && fault::is_out_of_quota(&body);
        let kind = if out_of_quota { FaultKind::Denied } else { fault::kind_of(status) };
        let wait = retry_after(&headers, Timestamp::now()).filter(|_| kind.is_transient());
        let words = fault::words_of(&body);
        // Not its own `Display`, which has "<unknown status code>" for numbers without a name.
        let named = status.canonical_reason().map_or_else(|| status.as_str().to_owned(), |name| format!("{} {name}", status.as_str()));
        let what = if words.is_empty() { named } else { format!("{named}: {words}") };
        let next = match status.as_u16() {
            300..=399 => self.redirected(&headers),
            401 | 403 => self.key_advice(),
            404 => format!("check `base-url` and whether the server has the model \"{}\"", fault::plain(model)),
            429 if out_of_quota => "the quota is used up: raise it or pay, since waiting does not help".to_owned(),
            429 => {
                let asks = wait.map(|wait| format!("the server asks to wait {}; ", duration::human(wait))).unwrap_or_default();
                format!("{asks}ask less at a time (`concurrency`) or raise the quota")
            }
            500.. => "the server failed: try again later or look into its log".to_owned(),
            _ => "the server does not take this request: check the model, its parameters and the prompt's length".to_owned(),
        };
        ProviderFault { status: Some(status.as_u16()), retry_after: wait, ..self.fault(kind, &what, &next) }
    }

    fn redirected(&self, headers: &HeaderMap) -> String {
        let target = headers.get(LOCATION).and_then(|location| self.url.join(location.to_str().ok()?).ok());
        let to = target.map_or_else(|| "no place".to_owned(), |target| fault::bounded(&host_of(&target), 200));
        format!("it redirects to {to}, which is not followed: keys are not sent along; write the final address in `base-url`")
    }

    fn key_advice(&self) -> String {
        self.key_env.as_ref().map_or_else(
            || "the server wants a key: name the environment variable that holds it in `api-key-env`".to_owned(),
            |variable| {
                if variable == "GITHUB_TOKEN" {
                    "the job needs `permissions: models: read`, and GitHub Models must be allowed where the repository lives".to_owned()
                } else {
                    format!("check that the environment variable {variable} holds a key that is valid here")
                }
            },
        )
    }

    fn not_sent(&self, error: &reqwest::Error) -> ProviderFault {
        let cause = fault::plain(&root_cause(error));
        if error.is_timeout() {
            let what = format!("no connection within {}", duration::human(CONNECT_TIMEOUT));
            self.fault(FaultKind::Unreachable, &what, "check `base-url`, the network and the proxy")
        } else if error.is_connect() {
            let what = format!("no connection: {cause}");
            self.fault(FaultKind::Unreachable, &what, "check that the server is running and that `base-url` is right")
        } else {
            self.fault(FaultKind::Unreachable, &format!("the connection broke before an answer came: {cause}"), "try again")
        }
    }

    /// What a body that could not be read to its end means.
    pub(super) fn unread(&self, error: &BodyError) -> ProviderFault {
        match error {
            BodyError::TooLarge(limit) => {
                self.malformed(&format!("an answer larger than {} MiB", limit / 1024 / 1024), "lower `max_tokens`")
            }
            BodyError::Broken(broken) if is_garbled(broken) => self.malformed(
                &format!("an answer that cannot be unpacked: {}", fault::plain(&root_cause(broken))),
                "look into the server's log",
            ),
            BodyError::Broken(broken) => self.cut(&format!("the connection broke amid the answer: {}", fault::plain(&root_cause(broken)))),
        }
    }

    /// A connection that ended too early.
    pub(super) fn cut(&self, what: &str) -> ProviderFault {
        self.fault(FaultKind::Unreachable, what, "try again, or look into the server's log")
    }

    /// An answer that is none.
    pub(super) fn malformed(&self, what: &str, next: &str) -> ProviderFault {
        self.fault(FaultKind::Malformed, what, next)
    }

    /// No answer within the limit.
    pub(super) fn timeout(&self, limit: Duration) -> ProviderFault {
        let what = format!("no complete answer within the time limit of {}", duration::human(limit));
        self.fault(FaultKind::Timeout, &what, "raise the limit or ask for fewer tokens")
    }

    /// A fault at this address: who, where, what, and what to do. Secrets are taken out.
    pub(super) fn fault(&self, kind: FaultKind, what: &str, next: &str) -> ProviderFault {
        let message = format!("provider \"{}\": {} {}: {what}; {next}", self.provider, self.method, self.shown);
        ProviderFault::new(kind, self.scrubber.scrub(&message))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoint").field("provider", &self.provider).field("url", &self.shown).finish_non_exhaustive()
    }
}

fn address(provider: &str, base: &str, path: &str, scrubber: &Scrubber) -> Result<Url, ConnectError> {
    let wrong = |reason: &str| ConnectError {
        message: format!("provider \"{provider}\": `base-url` is no address: {reason}"),
        help: Some("write it like https://api.openai.com/v1 or http://127.0.0.1:8080/v1".into()),
    };
    let mut url = Url::parse(base).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it must begin with http:// or https:// and name a host"));
    }
    if let Some(password) = url.password() {
        scrubber.register(&Secret::new(password));
    }
    let joined = format!("{}{path}", url.path().trim_end_matches('/'));
    url.set_path(&joined);
    url.set_fragment(None);
    Ok(url)
}

/// `scheme://host:port`, the part of an address that says where something goes.
fn host_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn sensitive(provider: &str, what: &str, value: &str) -> Result<HeaderValue, ConnectError> {
    let mut header = HeaderValue::from_str(value).map_err(|_invalid| ConnectError {
        message: format!("provider \"{provider}\": {what} has characters that no HTTP header may have"),
        help: Some("look for a line break or invisible characters in it".into()),
    })?;
    header.set_sensitive(true);
    Ok(header)
}
