//! A JSON file; queries are JSON pointers into it. Its age is that of the file.

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant, UNIX_EPOCH},
};

use async_trait::async_trait;

use super::{
    document,
    tell::{MAX_ANSWER, Teller, now_ms},
};
use crate::{
    adapters::regular_file,
    domain::metric_source::{Escape, Found, Query, Reading},
    ports::metric_source::{MetricError, MetricErrorKind, MetricSource},
};

/// A file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) teller: Teller,
    pub(super) path: PathBuf,
}

impl File {
    fn read(&self, query: &Query) -> Result<(String, Found), MetricError> {
        let pointer = self.teller.fill(query, Escape::JsonPointer)?;
        let shown = self.path.display();
        let malformed = |what: String| self.teller.error(MetricErrorKind::Malformed, &format!("{shown}: {what}"));
        let no_document = [io::ErrorKind::FileTooLarge, io::ErrorKind::InvalidInput, io::ErrorKind::IsADirectory];
        let (text, meta) = regular_file::read(&self.path, MAX_ANSWER).map_err(|error| {
            if no_document.contains(&error.kind()) {
                return malformed(error.to_string());
            }
            self.teller.error(MetricErrorKind::Unreachable, &format!("{shown}: {error}"))
        })?;
        let value = serde_json::from_slice(&text).map_err(|error| malformed(format!("no JSON: {error}")))?;
        let found = document::read(&value, &pointer, &self.teller).map_err(|what| malformed(format!("at `{pointer}`: {what}")))?;
        let modified = meta.modified().ok().and_then(|at| i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok());
        let found = if found.why_not().is_none() { self.teller.fresh(found, modified, now_ms()) } else { found };
        Ok((format!("{shown} {pointer}"), found))
    }
}

#[async_trait]
impl MetricSource for File {
    fn name(&self) -> &str {
        &self.teller.name
    }

    async fn instant(&self, query: &Query, _at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError> {
        let started = Instant::now();
        let (this, asked) = (self.clone(), query.clone());
        let read = async {
            let read = tokio::task::spawn_blocking(move || this.read(&asked)).await;
            read.unwrap_or_else(|broken| Err(self.teller.error(MetricErrorKind::Unreachable, &format!("reading it broke: {broken}"))))
        };
        let (shown, found) = self.teller.within(deadline, read).await?;
        Ok(self.teller.reading(shown, found, Vec::new(), started))
    }

    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, _step: Duration, deadline: Duration) -> Result<Reading, MetricError> {
        let reading = self.instant(query, None, deadline).await?;
        let Found::Series(series) = reading.found else { return Ok(reading) };
        let within = |at: i64| (start_ms..=end_ms).contains(&at);
        let mut cut = document::Collected::default();
        for one in series {
            cut.add(one.labels, one.points.into_iter().filter(|point| within(point.at_ms)).collect());
        }
        Ok(Reading { found: cut.found(self.teller.max_samples), ..reading })
    }
}
