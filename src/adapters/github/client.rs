//! Requests: addresses, the token, deadlines, asking again, pages.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use http_body_util::BodyExt as _;
use octocrab::{
    AuthState, Octocrab, OctocrabBuilder,
    service::middleware::{auth_header::AuthHeaderLayer, reqwest_connector::ReqwestConnector},
};
use reqwest::{
    Client as HttpClient, Method, StatusCode, Url,
    header::{ACCEPT, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Settings, SettingsError, address,
    error::{Again, Reader, Trouble},
};
use crate::{
    adapters::{
        http::{Http, MAX_BODY, root_cause},
        secret::Scrubber,
    },
    ports::{
        clock::Clock,
        code_host::{Call, CodeHostError, Patience},
    },
};

/// The longest that one request may take, however much patience is left.
const ONE_REQUEST: Duration = Duration::from_secs(30);
/// Requests for one answer, the first one included; rate limits do not count.
const ATTEMPTS: u32 = 5;
/// The pause before the second request; doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Redirects of one request: a renamed repository needs one.
const REDIRECTS: usize = 3;
/// The most bytes of a single object (a pull request, a comment, a check run).
const OBJECT_LIMIT: usize = 2 * 1024 * 1024;
/// The most bytes of an error page that are read; the rest is not needed to name it.
const ERROR_LIMIT: usize = 64 * 1024;
/// Answers kept for conditional requests, and the largest of them.
const KEPT: usize = 32;
const KEPT_SIZE: usize = 1024 * 1024;

const JSON: &str = "application/vnd.github+json";

/// What to ask.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
    pub(super) accept: &'static str,
    /// The most bytes of its answer.
    pub(super) limit: usize,
    /// Whether sending it twice does what sending it once does.
    pub(super) repeatable: bool,
}

impl Ask {
    pub(super) fn call(&self) -> Call {
        Call { method: self.method.to_string(), path: self.url.path().to_owned() }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Pages that are still to be read.
#[derive(Debug)]
pub(super) struct Pages {
    next: Option<Ask>,
    left: usize,
}

impl Pages {
    /// At most `most` pages, the first one by `ask`.
    pub(super) fn new(ask: Ask, most: usize) -> Self {
        Self { next: Some(Ask { limit: MAX_BODY, ..ask }), left: most }
    }

    /// Whether there are pages that were not read because of the bound.
    pub(super) fn cut(&self) -> bool {
        self.next.is_some()
    }
}

/// Speaks with one repository's API.
pub(super) struct Client {
    crab: OnceLock<Octocrab>,
    http: HttpClient,
    authorization: HeaderValue,
    base: Url,
    owner: String,
    name: String,
    clock: Arc<dyn Clock>,
    scrubber: Arc<Scrubber>,
    kept: Mutex<HashMap<String, Answer>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base", &self.base.as_str())
            .field("owner", &self.owner)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(settings: &Settings, http: &Http, clock: Arc<dyn Clock>, scrubber: Arc<Scrubber>) -> Result<Self, SettingsError> {
        scrubber.register(&settings.token);
        let base = address::checked(&settings.api_url)?;
        if let (Some(why), "https") = (http.no_roots(), base.scheme()) {
            return Err(SettingsError(format!("{base} cannot be trusted: no CA certificates ({why}); install ca-certificates")));
        }
        let (owner, name) = address::repository(&settings.repository)?;
        let token = settings.token.expose().trim();
        if token.is_empty() {
            return Err(SettingsError("the token is empty; pass `${{ github.token }}` as GITHUB_TOKEN".to_owned()));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_invalid| {
            SettingsError("the token has characters that no header may have; look for a line break in it".to_owned())
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            crab: OnceLock::new(),
            http: http.client().clone(),
            authorization,
            base,
            owner,
            name,
            clock,
            scrubber,
            kept: Mutex::default(),
        })
    }

    /// octocrab starts a task, so it is made where a runtime is sure to be: at the first request. It has no retry of
    /// its own, follows nothing, and sends the token to the base's host and port only.
    fn crab(&self) -> &Octocrab {
        self.crab.get_or_init(|| {
            let base = address::octocrab_uri(&self.base);
            let built = OctocrabBuilder::new_empty()
                .with_service(ReqwestConnector::new(self.http.clone()))
                .with_layer(&AuthHeaderLayer::new(Some(self.authorization.clone()), base.clone(), base))
                .with_auth(AuthState::None)
                .build();
            match built {
                Ok(crab) => crab,
                Err(never) => match never {},
            }
        })
    }

    /// Whose repository it is.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own address with `parts` after it.
    pub(super) fn repo<'a>(&'a self, parts: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["repos", &self.owner, &self.name];
        all.extend(parts);
        all
    }

    fn ask(&self, method: Method, parts: &[&str], body: Option<Value>, repeatable: bool) -> Ask {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("http addresses have a path").pop_if_empty().extend(parts);
        Ask { method, url, body, accept: JSON, limit: OBJECT_LIMIT, repeatable }
    }

    pub(super) fn get(&self, parts: &[&str], query: &[(&str, &str)]) -> Ask {
        let mut ask = self.ask(Method::GET, parts, None, true);
        if !query.is_empty() {
            ask.url.query_pairs_mut().extend_pairs(query);
        }
        ask
    }

    pub(super) fn post(&self, parts: &[&str], body: Value) -> Ask {
        self.ask(Method::POST, parts, Some(body), false)
    }

    pub(super) fn patch(&self, parts: &[&str], body: Value) -> Ask {
        self.ask(Method::PATCH, parts, Some(body), true)
    }

    pub(super) fn delete(&self, parts: &[&str]) -> Ask {
        self.ask(Method::DELETE, parts, None, true)
    }

    /// Asks until there is an answer or the patience ends.
    pub(super) async fn send(&self, ask: &Ask, patience: Patience) -> Result<Answer, CodeHostError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Trouble { error, again } = match self.attempt(ask, patience).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => *trouble,
            };
            let pause = match again {
                Again::Never => None,
                Again::AfterLimit(wait) => patience.waits_for_limits.then(|| wait + Duration::from_secs_f64(self.clock.jitter())),
                Again::Transient => (ask.repeatable && attempts < ATTEMPTS).then(|| self.pause(attempts)),
            };
            match pause.filter(|pause| self.clock.elapsed() + *pause < patience.until) {
                Some(pause) => {
                    tracing::debug!("{error}; asking again in {:.1} s", pause.as_secs_f64());
                    self.clock.sleep(pause).await;
                }
                None => return Err(with_attempts(error, attempts)),
            }
        }
    }

    /// [`Self::send`] for one JSON object.
    pub(super) async fn object<T: DeserializeOwned>(&self, ask: &Ask, patience: Patience) -> Result<T, CodeHostError> {
        let answer = self.send(ask, patience).await?;
        self.decode(ask, &answer)
    }

    /// The next page, or `None` after the last one.
    pub(super) async fn page<T: DeserializeOwned>(&self, pages: &mut Pages, patience: Patience) -> Result<Option<Vec<T>>, CodeHostError> {
        if pages.left == 0 {
            return Ok(None);
        }
        let Some(ask) = pages.next.take() else { return Ok(None) };
        pages.left -= 1;
        let answer = self.send(&ask, patience).await?;
        let items = self.decode(&ask, &answer)?;
        if let Some(next) = address::next_page(&answer.headers, &ask.url) {
            let url = self.own(next).ok_or_else(|| self.reader(&ask).unusable(answer.status, "its next page is on another host"))?;
            pages.next = Some(Ask { url, ..ask });
        }
        Ok(Some(items))
    }

    /// After a creating request: whether it may have been done unseen. Then this waits, and the caller looks for what
    /// it made before it sends it again.
    pub(super) async fn unsure(&self, error: CodeHostError, attempts: u32, patience: Patience) -> Result<(), CodeHostError> {
        let pause = self.pause(attempts);
        let time = self.clock.elapsed() + pause < patience.until;
        if !matches!(error, CodeHostError::Unreachable { .. }) || attempts >= ATTEMPTS || !time {
            return Err(with_attempts(error, attempts));
        }
        self.clock.sleep(pause).await;
        Ok(())
    }

    /// Waits for `pause`; false when there is no time for it.
    pub(super) async fn wait(&self, pause: Duration, patience: Patience) -> bool {
        let time = self.clock.elapsed() + pause < patience.until;
        if time {
            self.clock.sleep(pause).await;
        }
        time
    }

    /// Half of the pause is spread ("equal jitter"), so that jobs that failed together do not come back together.
    fn pause(&self, attempts: u32) -> Duration {
        let exponential = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
        exponential.mul_f64(0.5 + 0.5 * self.clock.jitter().clamp(0.0, 1.0))
    }

    fn decode<T: DeserializeOwned>(&self, ask: &Ask, answer: &Answer) -> Result<T, CodeHostError> {
        let reader = self.reader(ask);
        serde_json::from_slice(&answer.body).map_err(|error| {
            let html = answer.body.trim_ascii_start().first() == Some(&b'<');
            let why = if html { "the answer is an HTML page".to_owned() } else { format!("the answer cannot be read: {error}") };
            reader.unusable(answer.status, &why)
        })
    }

    pub(super) fn reader(&self, ask: &Ask) -> Reader<'_> {
        Reader { call: ask.call(), scrubber: &self.scrubber, clock: &*self.clock }
    }

    /// One request, with its redirects.
    async fn attempt(&self, ask: &Ask, patience: Patience) -> Result<Answer, Box<Trouble>> {
        let reader = self.reader(ask);
        let mut url = ask.url.clone();
        let mut status = StatusCode::OK;
        for _ in 0..=REDIRECTS {
            let left = patience.until.saturating_sub(self.clock.elapsed()).min(ONE_REQUEST);
            if left.is_zero() {
                return Err(reader.transient("no time was left to ask"));
            }
            let answer = match tokio::time::timeout(left, self.exchange(ask, &url)).await {
                Ok(exchanged) => exchanged?,
                Err(_elapsed) => return Err(reader.transient(&format!("no answer within {:.1} s", left.as_secs_f64()))),
            };
            if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
                return reader.read(answer);
            }
            status = answer.status;
            let place = answer.headers.get(LOCATION).and_then(|place| url.join(place.to_str().ok()?).ok());
            url = place
                .and_then(|place| self.own(place))
                .ok_or_else(|| Trouble::last(reader.unusable(status, "it redirects to another host, which must not see the token")))?;
        }
        Err(Trouble::last(reader.unusable(status, "it redirects in a circle")))
    }

    /// `url`, if it is on the API's own scheme, host and port.
    fn own(&self, url: Url) -> Option<Url> {
        (url.origin() == self.base.origin()).then_some(url)
    }

    /// One request on the wire. A known answer is asked for conditionally: 304 does not count against the limit.
    async fn exchange(&self, ask: &Ask, url: &Url) -> Result<Answer, Box<Trouble>> {
        let reader = self.reader(ask);
        let broken = |error: &(dyn std::error::Error + 'static)| {
            reader.transient(&format!("no whole answer from {}: {}", url.origin().ascii_serialization(), root_cause(error)))
        };
        let key = format!("{} {url}", ask.accept);
        let known = if ask.method == Method::GET { self.kept().get(&key).cloned() } else { None };

        let mut request = http::Request::builder().method(ask.method.clone()).uri(url.as_str()).header(ACCEPT, ask.accept);
        if let Some(etag) = known.as_ref().and_then(|known| known.headers.get(ETAG)) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let request = self.crab().build_request(request, ask.body.as_ref()).map_err(|error| broken(&error))?;
        let response = self.crab().execute(request).await.map_err(|error| broken(&error))?;
        let (parts, mut body) = response.into_parts();
        let (success, mut bytes) = (parts.status.is_success(), Vec::new());
        let limit = if success { ask.limit } else { ERROR_LIMIT };
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
            if bytes.len() + data.len() > limit {
                if success {
                    return Err(Trouble::last(reader.too_large_answer(limit)));
                }
                break;
            }
            bytes.extend_from_slice(&data);
        }
        let answer = Answer { status: parts.status, headers: parts.headers, body: bytes };
        Ok(self.remembered(ask, key, answer, known))
    }

    fn remembered(&self, ask: &Ask, key: String, answer: Answer, known: Option<Answer>) -> Answer {
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (answer.status, known) {
            return known;
        }
        let keep = ask.method == Method::GET
            && answer.status == StatusCode::OK
            && answer.body.len() <= KEPT_SIZE
            && answer.headers.contains_key(ETAG);
        let mut kept = self.kept();
        if keep && (kept.len() < KEPT || kept.contains_key(&key)) {
            kept.insert(key, answer.clone());
        }
        answer
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Answer>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_attempts(mut error: CodeHostError, asked: u32) -> CodeHostError {
    if let CodeHostError::Unreachable { attempts, .. } = &mut error {
        *attempts = asked;
    }
    error
}
