//! A server of the user's own: every question is a POST with a JSON body.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use reqwest::{Method, header::CONTENT_TYPE};
use ring::hmac;
use serde_json::Value;

use super::tell::{MAX_ANSWER, Teller};
use crate::{
    adapters::{http::site::Site, secret::Secret},
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError},
};

/// A webhook.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) teller: Teller,
    pub(super) site: Site,
    pub(super) secret: Option<Secret>,
}

impl Webhook {
    async fn post(&self, message: &Value, key: &str) -> Result<Vec<u8>, TargetError> {
        let body = message.to_string();
        let mut request = self.site.request(Method::POST).header(CONTENT_TYPE, "application/json").header("idempotency-key", key);
        if let Some(secret) = &self.secret {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).to_string();
            request = request.header("x-prompt-cicd-signature", signature(secret, &time, &body)).header("x-prompt-cicd-timestamp", time);
        }
        let shown = format!("POST {}", self.site.shown());
        let reply = self.site.send(request.body(body), MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
        if reply.status.is_success() { Ok(reply.body) } else { Err(self.teller.refused(&shown, &reply)) }
    }
}

/// `sha256=` and the HMAC-SHA-256 over the time, a dot and the body, so that an old message cannot be sent again.
pub(super) fn signature(secret: &Secret, time: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
    let digits = tag.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    std::iter::once("sha256=".to_owned())
        .chain(digits.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).map(String::from))
        .collect()
}

#[async_trait]
impl Target for Webhook {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        let message = self.teller.apply_message(desired, operation);
        self.teller.within(deadline, self.post(&message, operation)).await.map(drop)
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        let message = self.teller.observe_message();
        let answer = self.teller.within(deadline, self.post(&message, "observe")).await?;
        self.teller.observed(&answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_other_tools() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'topsecret'
        assert_eq!(
            signature(&Secret::new("topsecret"), "1700000000", "{\"a\":1}"),
            "sha256=6a939b0c71853d606167625a15168ee9188c6a511c773ef4f42d307f3849e50f"
        );
    }
}
