//! A provider without a model: it says the last user message back.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;

use crate::{
    domain::{
        answer::{Answer, Origin, Usage},
        prompt::Role,
        provider::{ProviderFault, Request},
    },
    ports::provider::Provider,
};

/// The echo.
#[derive(Debug)]
pub(super) struct Echo;

#[async_trait]
impl Provider for Echo {
    async fn answer(&self, request: &Request, _limit: Duration) -> Result<Answer, ProviderFault> {
        let started = Instant::now();
        let last = request.messages.iter().rfind(|message| message.role == Role::User);
        let text = last.map(|message| message.content.clone()).unwrap_or_default();
        let raw = json!({ "text": text });
        let latency = started.elapsed();
        let finish_reason = Some("stop".to_owned());
        let model = Some("echo".to_owned());
        Ok(Answer { text, finish_reason, model, usage: Usage::default(), latency, time_to_first_token: None, origin: Origin::Live, raw })
    }
}
