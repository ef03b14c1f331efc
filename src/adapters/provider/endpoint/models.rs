//! A server that is asked which models it has.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use super::Endpoint;
use crate::{
    adapters::http::{MAX_BODY, read_body},
    domain::{
        answer::Answer,
        provider::{ProviderFault, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// The most models that are told.
const MOST: usize = 1000;

/// A provider with the address of its models.
pub(in super::super) struct WithModels {
    inner: Arc<dyn Provider>,
    endpoint: Endpoint,
}

impl WithModels {
    /// Asks `inner` for answers and `endpoint` for models.
    pub(in super::super) fn new(inner: Arc<dyn Provider>, endpoint: Endpoint) -> Self {
        Self { inner, endpoint: endpoint.reading() }
    }

    async fn ask(&self) -> Result<Option<Vec<String>>, ProviderFault> {
        let response = self.endpoint.get().await?;
        if matches!(response.status().as_u16(), 404 | 405 | 501) {
            return Ok(None);
        }
        if !response.status().is_success() {
            return Err(self.endpoint.refused(response, "").await);
        }
        let body = read_body(response, MAX_BODY).await.map_err(|error| self.endpoint.unread(&error))?;
        let list: Option<Value> = serde_json::from_slice(&body).ok();
        let models = list.as_ref().and_then(|list| list.get("data").unwrap_or(list).as_array());
        let name = |model: &Value| Some(model.get("id")?.as_str()?.to_owned());
        Ok(models.map(|models| models.iter().filter_map(name).take(MOST).collect()))
    }
}

#[async_trait]
impl Provider for WithModels {
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        self.inner.answer(request, limit).await
    }

    fn is_at_hand(&self, request: &Request) -> bool {
        self.inner.is_at_hand(request)
    }

    async fn models(&self, limit: Duration) -> Result<Option<Vec<String>>, ProviderFault> {
        tokio::time::timeout(limit, self.ask()).await.unwrap_or_else(|_elapsed| Err(self.endpoint.timeout(limit)))
    }

    async fn finish(&self) -> Result<(), ConnectError> {
        self.inner.finish().await
    }
}
