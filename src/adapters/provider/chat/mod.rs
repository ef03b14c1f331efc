//! One conversation over HTTP, whatever dialect the server speaks.

pub(super) mod anthropic;
pub(super) mod openai;
mod sse;
mod surrogates;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use reqwest::{Response, header::CONTENT_TYPE};
use serde_json::Value;

use self::{
    sse::{Event, Parser},
    surrogates::Halves,
};
use super::{endpoint::Endpoint, fault};
use crate::{
    adapters::http::{BodyError, MAX_BODY, read_body},
    domain::{
        answer::{Answer, Origin, Usage},
        provider::{FaultKind, ProviderFault, Request},
    },
    ports::provider::Provider,
};

/// How long a server may keep a connection open after the last event; then it is closed and not used again.
const AFTER_LAST_EVENT: Duration = Duration::from_millis(100);

/// What differs between servers: the request's form and the answer's.
pub(super) trait Dialect: Send + Sync {
    /// The request's body.
    fn body(&self, request: &Request, stream: bool) -> Value;

    /// Reads a whole answer.
    ///
    /// # Errors
    /// Why it is none.
    fn read(&self, answer: Value) -> Result<Reply, Trouble>;

    /// Puts a streamed answer together.
    fn assembler(&self) -> Box<dyn Assembler>;
}

/// Takes the events of one streamed answer.
pub(super) trait Assembler: Send {
    /// Takes one event.
    ///
    /// # Errors
    /// When it is broken or says that the server failed.
    fn take(&mut self, event: &Event) -> Result<Step, Trouble>;

    /// The answer, or `None` when the end of the stream is missing.
    fn reply(self: Box<Self>) -> Option<Reply>;
}

/// What an event brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Something other than text.
    Quiet,
    /// A piece of text.
    Text,
    /// The end.
    End,
}

/// What the model said, without measurements.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) finish_reason: Option<String>,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    pub(super) raw: Value,
}

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: FaultKind,
    pub(super) what: String,
}

impl Trouble {
    /// Something that is no answer at all.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self { kind: FaultKind::Malformed, what: what.into() }
    }
}

/// A provider that is asked over HTTP.
#[derive(Debug)]
pub(super) struct Chat<D> {
    endpoint: Endpoint,
    dialect: D,
    stream: bool,
}

impl<D: Dialect> Chat<D> {
    /// Asks `endpoint` in `dialect`.
    pub(super) fn new(endpoint: Endpoint, dialect: D, stream: bool) -> Arc<Self> {
        Arc::new(Self { endpoint, dialect, stream })
    }

    async fn ask(&self, request: &Request) -> Result<Answer, ProviderFault> {
        let body = self.dialect.body(request, self.stream).to_string().into_bytes();
        let accept = if self.stream { "text/event-stream, application/json" } else { "application/json" };
        let (response, started) = self.endpoint.post(body, accept).await?;
        if !response.status().is_success() {
            return Err(self.endpoint.refused(response, &request.model).await);
        }
        let status = response.status().as_u16();
        let streamed =
            response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"));
        let read = if streamed { self.read_stream(response, started).await } else { self.read_whole(response, started).await };
        read.map_err(|fault| ProviderFault { status: Some(status), ..fault })
    }

    async fn read_whole(&self, response: Response, started: Instant) -> Result<Answer, ProviderFault> {
        let body = read_body(response, MAX_BODY).await.map_err(|error| self.endpoint.unread(&error))?;
        let latency = started.elapsed();
        let mut halves = Halves::default();
        let body = halves.hide(body);
        let reply = serde_json::from_slice(&body)
            .map_err(|error| Trouble::malformed(no_json(&body, &error)))
            .and_then(|value| self.dialect.read(value))
            .and_then(|reply| halves.join(reply))
            .map_err(|trouble| self.trouble(&trouble))?;
        Ok(answer(reply, latency, None))
    }

    /// Reads events as they arrive. Each piece is stamped when it is here, before it is parsed.
    async fn read_stream(&self, mut response: Response, started: Instant) -> Result<Answer, ProviderFault> {
        let mut parser = Parser::default();
        let (mut assembler, mut halves) = (self.dialect.assembler(), Halves::default());
        let (mut first, mut latency, mut size, mut events, mut ended) = (None, Duration::ZERO, 0, 0_usize, false);
        while !ended {
            let Some(piece) = response.chunk().await.map_err(|error| self.endpoint.unread(&BodyError::Broken(error)))? else {
                break;
            };
            latency = started.elapsed();
            size += piece.len();
            if size > MAX_BODY {
                return Err(self.endpoint.unread(&BodyError::TooLarge(MAX_BODY)));
            }
            for event in parser.feed(&piece) {
                events += 1;
                let event = Event { data: halves.hide(event.data), ..event };
                match assembler.take(&event).map_err(|trouble| self.trouble(&trouble))? {
                    Step::Quiet => {}
                    Step::Text => first = first.or(Some(latency)),
                    Step::End => ended = true,
                }
            }
        }
        if ended {
            let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
            let _drained = tokio::time::timeout(AFTER_LAST_EVENT, rest).await;
        } else if let Some(event) = parser.finish() {
            events += 1;
            let event = Event { data: halves.hide(event.data), ..event };
            // Half an event is what a cut connection leaves; the missing end is reported below.
            if assembler.take(&event) == Ok(Step::Text) {
                first = first.or(Some(latency));
            }
        }
        if events == 0 && size > 0 {
            return Err(self.endpoint.malformed("an event stream without events", "check `base-url`"));
        }
        let reply = assembler.reply().ok_or_else(|| self.endpoint.cut("the stream ended before the answer was complete"))?;
        let reply = halves.join(reply).map_err(|trouble| self.trouble(&trouble))?;
        Ok(answer(reply, latency, first))
    }

    fn trouble(&self, trouble: &Trouble) -> ProviderFault {
        let next = match trouble.kind {
            FaultKind::Malformed => "check that `base-url` and `kind` fit the server",
            FaultKind::Unreachable | FaultKind::Timeout | FaultKind::RateLimited => "try again later",
            FaultKind::Denied | FaultKind::Rejected | FaultKind::NotRecorded => "check the key, the model and its parameters",
        };
        self.endpoint.fault(trouble.kind, &trouble.what, next)
    }
}

#[async_trait]
impl<D: Dialect> Provider for Chat<D> {
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        tokio::time::timeout(limit, self.ask(request)).await.unwrap_or_else(|_elapsed| Err(self.endpoint.timeout(limit)))
    }
}

fn answer(reply: Reply, latency: Duration, time_to_first_token: Option<Duration>) -> Answer {
    let Reply { text, finish_reason, model, usage, raw } = reply;
    Answer { text, finish_reason, model, usage, latency, time_to_first_token, origin: Origin::Live, raw }
}

fn no_json(body: &[u8], error: &serde_json::Error) -> String {
    if body.trim_ascii().is_empty() {
        return "an empty answer instead of JSON".to_owned();
    }
    let words = fault::words_of(body);
    if fault::looks_like_html(body) {
        format!("{words} instead of JSON")
    } else {
        format!("no JSON ({error}): {}", fault::bounded(&words, 80))
    }
}

/// A count of tokens, where it is one.
pub(super) fn count(object: Option<&Value>, key: &str) -> Option<u64> {
    object?.get(key)?.as_u64()
}

/// A text field, where it is one.
pub(super) fn text_field(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(ToOwned::to_owned)
}
