//! What an API server's refusal means, and what to do next.

use std::fmt;

use serde_json::Value;

use super::Resource;
use crate::adapters::{http::words, secret::Scrubber};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection: nothing was asked.
    NoConnection,
    /// The connection broke: what was asked may have been done.
    Broken,
    /// An answer that is none.
    Malformed,
    /// No credential, or one that is not taken (401).
    Unauthorized,
    /// A right is missing (403).
    Forbidden,
    /// The object is not there (404).
    NotFound,
    /// The namespace or the API is not there (404).
    NoSuchPlace,
    /// It is there already (409).
    Exists,
    /// It was changed since it was read (409).
    Conflict,
    /// The list's next page is too old (410).
    Gone,
    /// More than an object may hold (413, or 422 that says so).
    TooLarge,
    /// The object is not lawful (400, 422).
    Invalid,
    /// Too many requests, or not now (429, 503): nothing was done.
    Busy,
    /// The server failed (5xx): what was asked may have been done.
    Failed,
}

/// Why an API server did not do what we asked, with the next step. Bounded and free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// What happened.
    pub reason: String,
    /// The next step; may be empty.
    pub next: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        if self.next.is_empty() { Ok(()) } else { write!(formatter, "; {}", self.next) }
    }
}

/// What was asked.
pub(super) struct About<'a> {
    pub(super) verb: &'static str,
    pub(super) resource: Resource,
    pub(super) namespace: &'a str,
    pub(super) shown: &'a str,
    pub(super) scrubber: &'a Scrubber,
}

impl About<'_> {
    pub(super) fn told(&self, kind: TroubleKind, what: &str, next: &str) -> Trouble {
        let reason = self.scrubber.scrub(&format!("{}: {what}", self.shown)).into_owned();
        Trouble { kind, reason, next: next.to_owned() }
    }

    pub(super) fn no_credential(&self, what: &str) -> Trouble {
        self.told(TroubleKind::Unauthorized, what, "log in to the cluster again, or correct the kubeconfig")
    }

    /// Reads an answer: the object, or what the refusal means.
    pub(super) fn read(&self, status: u16, body: &[u8]) -> Result<Value, Trouble> {
        let answer = serde_json::from_slice::<Value>(body);
        if (200..300).contains(&status) {
            return match answer {
                Ok(object @ Value::Object(_)) => Ok(object),
                Ok(_) | Err(_) => Err(self.told(TroubleKind::Malformed, "the answer is no object", "check the server's address")),
            };
        }
        let object = answer.unwrap_or_default();
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_status = text("kind") == "Status";
        let reason = text("reason");
        let said = if is_status { words::plain(text("message")) } else { words::words_of(body) };
        let plural = self.resource.plural();
        let kind_of_status = object.pointer("/details/kind").and_then(Value::as_str).unwrap_or_default();
        let group = match self.resource {
            Resource::ConfigMap => "\"\"",
            Resource::HttpRoute => "gateway.networking.k8s.io",
        };
        let large = ["Too long", "too large", "too long", "limit is"].iter().any(|mark| said.contains(mark));
        let (kind, next) = match status {
            401 => (TroubleKind::Unauthorized, "log in to the cluster again, or correct the kubeconfig".to_owned()),
            403 => {
                let rule = format!("a Role must allow the verb `{}` on `{plural}` of the group {group}", self.verb);
                (TroubleKind::Forbidden, format!("{rule} in the namespace {}", self.namespace))
            }
            404 if is_status && reason == "NotFound" && kind_of_status == "namespaces" => {
                (TroubleKind::NoSuchPlace, format!("create the namespace {}, or correct `namespace`", self.namespace))
            }
            404 if is_status && reason == "NotFound" => (TroubleKind::NotFound, String::new()),
            404 => {
                let next = match self.resource {
                    Resource::ConfigMap => "this is no API server of Kubernetes: check the server's address",
                    Resource::HttpRoute => "the Gateway API (gateway.networking.k8s.io/v1) is not installed there: install it first",
                };
                (TroubleKind::NoSuchPlace, next.to_owned())
            }
            409 if reason == "AlreadyExists" => (TroubleKind::Exists, "somebody else made it at the same time; try again".to_owned()),
            409 => (TroubleKind::Conflict, "somebody else writes at the same time; try again".to_owned()),
            410 => (TroubleKind::Gone, "try again".to_owned()),
            413 => (TroubleKind::TooLarge, "an object holds at most 1 MiB: keep less in it".to_owned()),
            400 | 422 if large => (TroubleKind::TooLarge, "an object holds at most 1 MiB: keep less in it".to_owned()),
            400 | 422 => (TroubleKind::Invalid, "the API server does not take this object".to_owned()),
            429 | 503 => (TroubleKind::Busy, "try again later".to_owned()),
            300..=399 => (TroubleKind::Invalid, "it redirects, which is not followed; write the final address".to_owned()),
            500.. => (TroubleKind::Failed, "look into the API server's log".to_owned()),
            _ => (TroubleKind::Invalid, "the API server does not take this request".to_owned()),
        };
        let said = if said.is_empty() { format!("status {status}") } else { format!("status {status}: {said}") };
        Err(self.told(kind, &said, &next))
    }
}
