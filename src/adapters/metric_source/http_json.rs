//! A JSON document at an address; queries are JSON pointers into it.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Method, header::ACCEPT};

use super::{
    document,
    tell::{MAX_ANSWER, Teller},
};
use crate::{
    adapters::http::site::Sites,
    domain::metric_source::{Escape, MetricHttp, Query, Reading},
    ports::metric_source::{MetricError, MetricErrorKind, MetricSource},
};

/// An address, which may hold places of its own.
#[derive(Debug)]
pub(super) struct HttpJson {
    pub(super) teller: Teller,
    pub(super) sites: Sites,
    pub(super) http: MetricHttp,
}

impl HttpJson {
    async fn read(&self, query: &Query, times: &[(&str, String)], deadline: Duration) -> Result<Reading, MetricError> {
        let started = Instant::now();
        let pointer = self.teller.fill(query, Escape::JsonPointer)?;
        let url = self.teller.fill(&Query { text: self.http.url.clone(), values: query.values.clone() }, Escape::Address)?;
        let site = self.sites.site(&url, self.http.token_env.as_deref(), &self.http.headers);
        let site = site.map_err(|what| self.teller.error(MetricErrorKind::Refused, &what))?;
        let shown = format!("GET {}", site.shown());
        let times: Vec<(&str, &str)> = times.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let ask = async {
            let request = site.request(Method::GET).header(ACCEPT, "application/json");
            let request =
                if times.is_empty() { request } else { site.request_below(Method::GET, "", &times).header(ACCEPT, "application/json") };
            let reply = site.send(request, MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
            if !reply.status.is_success() {
                return Err(self.teller.refused(&shown, &reply));
            }
            let malformed = |what: String| self.teller.error(MetricErrorKind::Malformed, &format!("{shown}: {what}"));
            let value = serde_json::from_slice(&reply.body).map_err(|error| malformed(format!("no JSON: {error}")))?;
            document::read(&value, &pointer, &self.teller).map_err(|what| malformed(format!("at `{pointer}`: {what}")))
        };
        let found = self.teller.within(deadline, ask).await?;
        Ok(self.teller.reading(format!("{shown} {pointer}"), found, Vec::new(), started))
    }
}

#[async_trait]
impl MetricSource for HttpJson {
    fn name(&self) -> &str {
        &self.teller.name
    }

    async fn instant(&self, query: &Query, at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError> {
        let times: Vec<_> = at_ms.map(|at| ("at_ms", at.to_string())).into_iter().collect();
        self.read(query, &times, deadline).await
    }

    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, step: Duration, deadline: Duration) -> Result<Reading, MetricError> {
        let times = [("start_ms", start_ms.to_string()), ("end_ms", end_ms.to_string()), ("step_ms", step.as_millis().to_string())];
        self.read(query, &times, deadline).await
    }
}
