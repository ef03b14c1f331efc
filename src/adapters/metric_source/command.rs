//! A program: the question as JSON on its standard input, a JSON document on its standard output.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{document, tell::Teller};
use crate::{
    adapters::subprocess::{Program, Trouble},
    domain::{
        duration,
        metric_source::{Escape, Query, Reading},
    },
    ports::metric_source::{MetricError, MetricErrorKind, MetricSource},
};

/// A program.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) teller: Teller,
    pub(super) program: Program,
}

impl Command {
    async fn ask(&self, query: &Query, times: Value, deadline: Duration) -> Result<Reading, MetricError> {
        let started = Instant::now();
        let filled = self.teller.fill(query, Escape::None)?;
        let values = &query.values;
        let mut question = json!({
            "version": 1, "query": filled, "prompt": values.prompt, "environment": values.environment, "prompt_version": values.version,
        });
        if let (Some(question), Value::Object(times)) = (question.as_object_mut(), times) {
            question.extend(times);
        }
        let limit = deadline.min(self.teller.timeout);
        let error = |kind, what: &str| self.teller.error(kind, &format!("program `{}`: {what}", self.program.shown()));
        let ended = self.program.run(question.to_string().as_bytes(), limit).await.map_err(|trouble| match trouble {
            Trouble::NotStarted(_) | Trouble::Unreadable(_) => error(MetricErrorKind::Unreachable, &trouble.words("command")),
            Trouble::TooMuch => error(MetricErrorKind::Malformed, &trouble.words("command")),
            Trouble::TimedOut => {
                error(MetricErrorKind::TimedOut, &format!("no answer within {}; it was ended with its children", duration::human(limit)))
            }
        })?;
        if !ended.status.success() {
            let said = if ended.words.is_empty() { "it wrote nothing to standard error" } else { &ended.words };
            return Err(error(MetricErrorKind::Unreachable, &format!("{}: {said}", ended.status)));
        }
        let value: Value = serde_json::from_slice(&ended.stdout)
            .map_err(|cause| error(MetricErrorKind::Malformed, &format!("its answer is no JSON: {cause}")))?;
        let found = document::read(&value, "", &self.teller).map_err(|what| error(MetricErrorKind::Malformed, &what))?;
        Ok(self.teller.reading(filled, found, Vec::new(), started))
    }
}

#[async_trait]
impl MetricSource for Command {
    fn name(&self) -> &str {
        &self.teller.name
    }

    async fn instant(&self, query: &Query, at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError> {
        self.ask(query, json!({"at_ms": at_ms}), deadline).await
    }

    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, step: Duration, deadline: Duration) -> Result<Reading, MetricError> {
        let step_ms = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        self.ask(query, json!({"start_ms": start_ms, "end_ms": end_ms, "step_ms": step_ms}), deadline).await
    }
}
