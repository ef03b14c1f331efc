//! What all targets share: errors that name the target, the time a call may take, the message to webhooks and programs.

use std::{future::Future, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    adapters::{
        http::site::{Reply, Silence},
        secret::Scrubber,
    },
    domain::{
        duration,
        target::{Desired, Observed, Subject},
    },
    ports::target::{TargetError, TargetErrorKind},
};

/// The most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Who a target is and how long it may take.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    pub(super) name: String,
    pub(super) subject: Subject,
    pub(super) timeout: Duration,
    pub(super) scrubber: Arc<Scrubber>,
}

impl Teller {
    /// An error that names the target. Secrets are taken out.
    pub(super) fn error(&self, kind: TargetErrorKind, what: &str) -> TargetError {
        let message = format!("target \"{}\": {what}", self.name);
        TargetError { kind, message: self.scrubber.scrub(&message).into_owned() }
    }

    /// Runs a call for at most the shorter of the caller's deadline and the target's own.
    pub(super) async fn within<T>(&self, deadline: Duration, call: impl Future<Output = Result<T, TargetError>>) -> Result<T, TargetError> {
        let limit = deadline.min(self.timeout);
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_elapsed| {
            let what = format!("no answer within {}; what it shows now is not known until it is read back", duration::human(limit));
            Err(self.error(TargetErrorKind::TimedOut, &what))
        })
    }

    /// What a server's silence means.
    pub(super) fn silence(&self, shown: &str, silence: &Silence) -> TargetError {
        let (kind, next) = match silence {
            Silence::NoConnection(_) => (TargetErrorKind::Unreachable, "check that the server is running and that `url` is right"),
            Silence::Broken(_) => (TargetErrorKind::Failed, "read back what it shows before trying again"),
            Silence::Garbled(_) | Silence::TooLarge(_) => (TargetErrorKind::Malformed, "look into the server's log"),
        };
        self.error(kind, &format!("{shown}: {silence}; {next}"))
    }

    /// What a status that is no success means.
    pub(super) fn refused(&self, shown: &str, reply: &Reply) -> TargetError {
        let (kind, next) = match reply.status.as_u16() {
            401 | 403 => (TargetErrorKind::Refused, "check the token that `token-env` names"),
            408 => (TargetErrorKind::TimedOut, "the server waited too long for the request; try again"),
            409 | 423 => (TargetErrorKind::Conflict, "somebody else writes at the same time; try again"),
            425 | 429 => (TargetErrorKind::Unreachable, "the server is too busy for it now; try again"),
            412 => (TargetErrorKind::Fenced, "a newer epoch is there: a rollback came between"),
            300..=399 => (TargetErrorKind::Refused, "it redirects, which is not followed; write the final address in `url`"),
            500.. => (TargetErrorKind::Failed, "the server failed; look into its log"),
            _ => (TargetErrorKind::Refused, "the server does not take this request"),
        };
        self.error(kind, &format!("{shown}: {}; {next}", reply.words()))
    }

    /// Refuses to go back behind a newer epoch.
    pub(super) fn fence(&self, there: Option<u64>, desired: &Desired) -> Result<(), TargetError> {
        match there {
            Some(epoch) if epoch > desired.epoch => {
                let what = format!("it has epoch {epoch}, newer than {}: a rollback came between, and nothing was changed", desired.epoch);
                Err(self.error(TargetErrorKind::Fenced, &what))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses to guess what a record of ours said that somebody else wrote over: without its epoch nobody knows whether a rollback came
    /// between. `mend` says what a person does about it, after which the next writing makes the record anew.
    pub(super) fn unreadable(&self, kind: TargetErrorKind, place: &str, record: &str, mend: &str) -> TargetError {
        let through = if kind == TargetErrorKind::EpochUnreadable {
            let Subject { prompt, environment } = &self.subject;
            format!("; `prompt-cicd rollback {prompt} -e {environment} --emergency` writes over it")
        } else {
            String::new()
        };
        let what = format!(
            "{place}: {record} cannot be read, so somebody else wrote it; whether a rollback came between is not known, and nothing was \
             changed; look at what it serves, then {mend}: the next rollback or step writes it anew{through}"
        );
        self.error(kind, &what)
    }

    /// The message that asks to apply. Said back word for word, it is a valid answer to [`Self::observe_message`].
    pub(super) fn apply_message(&self, desired: &Desired, operation: &str) -> Value {
        let arms = [Some(&desired.stable), desired.candidate.as_ref()];
        let digests: Map<String, Value> =
            arms.into_iter().flatten().map(|arm| (arm.number.to_string(), arm.digest.as_str().into())).collect();
        json!({
            "version": 1,
            "action": "apply",
            "operation": operation,
            "target": self.name,
            "prompt": desired.subject.prompt,
            "environment": desired.subject.environment,
            "stable": desired.stable.number,
            "candidate": desired.candidate.as_ref().map(|candidate| &candidate.number),
            "digests": digests,
            "percent": desired.percent,
            "shares": desired.shares(),
            "rollout": desired.rollout,
            "epoch": desired.epoch,
        })
    }

    /// The message that asks what is shown.
    pub(super) fn observe_message(&self) -> Value {
        json!({
            "version": 1,
            "action": "observe",
            "target": self.name,
            "prompt": self.subject.prompt,
            "environment": self.subject.environment,
        })
    }

    /// Reads the answer to [`Self::observe_message`].
    pub(super) fn observed(&self, answer: &[u8]) -> Result<Observed, TargetError> {
        let malformed = |what: String| self.error(TargetErrorKind::Malformed, &format!("its answer to `observe` {what}"));
        let value: Value = serde_json::from_slice(answer).map_err(|error| malformed(format!("is no JSON: {error}")))?;
        if value.get("shares").is_none() {
            return Err(malformed(
                "has no `shares`; write {\"shares\": {\"1.0.0\": 90, \"2.0.0\": 10}}, or null for an unknown prompt".into(),
            ));
        }
        let mut observed: Observed = serde_json::from_value(value).map_err(|error| malformed(format!("has wrong fields: {error}")))?;
        if let Some(shares) = &mut observed.shares {
            if shares.values().any(|share| !(0.0..=100.0).contains(share)) {
                return Err(malformed("has a share outside of 0 to 100".into()));
            }
            shares.retain(|_, share| *share > 0.0);
        }
        Ok(observed)
    }
}
