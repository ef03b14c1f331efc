//! OpenAI's embeddings, beside its chat completions.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{
    super::{
        chat::{count, text_field},
        fault,
    },
    Endpoint,
};
use crate::{
    adapters::http::{MAX_BODY, read_body},
    domain::{
        answer::{Answer, Origin, Usage},
        provider::{ProviderFault, Request, Task},
    },
    ports::provider::{ConnectError, Provider},
};

/// A server that is asked for answers or for embeddings, as the request says.
pub(in super::super) struct WithEmbeddings {
    chat: Arc<dyn Provider>,
    endpoint: Endpoint,
}

impl WithEmbeddings {
    /// Asks `chat` for answers and `endpoint` for embeddings.
    pub(in super::super) fn new(chat: Arc<dyn Provider>, endpoint: Endpoint) -> Self {
        Self { chat, endpoint }
    }

    async fn embed(&self, request: &Request) -> Result<Answer, ProviderFault> {
        let texts: Vec<&str> = request.messages.iter().map(|message| message.content.as_str()).collect();
        let mut body = Map::from_iter([("model".to_owned(), json!(request.model)), ("input".to_owned(), json!(texts))]);
        body.extend(
            request.parameters.iter().filter(|(name, _)| !matches!(name.as_str(), "model" | "input")).map(|(k, v)| (k.clone(), v.clone())),
        );
        let (response, started) = self.endpoint.post(Value::Object(body).to_string().into_bytes(), "application/json").await?;
        if !response.status().is_success() {
            return Err(self.endpoint.refused(response, &request.model).await);
        }
        let body = read_body(response, MAX_BODY).await.map_err(|error| self.endpoint.unread(&error))?;
        let latency = started.elapsed();
        let malformed = |what: &str| self.endpoint.malformed(what, "check that the server has embeddings and that `base-url` is right");
        let raw: Value =
            serde_json::from_slice(&body).map_err(|error| malformed(&format!("no JSON ({error}): {}", fault::words_of(&body))))?;
        if let Some(error) = raw.get("error").filter(|error| !error.is_null()) {
            return Err(malformed(&format!("an error in place of embeddings: {}", fault::error_words(error))));
        }
        if !raw.get("data").is_some_and(Value::is_array) {
            return Err(malformed("JSON without `data`"));
        }
        let usage = Usage { input_tokens: count(raw.get("usage"), "prompt_tokens"), output_tokens: Some(0), estimated: false };
        let model = text_field(&raw, "model");
        Ok(Answer { text: String::new(), finish_reason: None, model, usage, latency, time_to_first_token: None, origin: Origin::Live, raw })
    }
}

#[async_trait]
impl Provider for WithEmbeddings {
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        match request.task {
            Task::Chat => self.chat.answer(request, limit).await,
            Task::Embeddings => {
                tokio::time::timeout(limit, self.embed(request)).await.unwrap_or_else(|_elapsed| Err(self.endpoint.timeout(limit)))
            }
        }
    }

    async fn finish(&self) -> Result<(), ConnectError> {
        self.chat.finish().await
    }
}
