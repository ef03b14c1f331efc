//! A Prometheus server, or one that speaks its HTTP API.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Method, header::CONTENT_TYPE};

use super::{
    prometheus_answer::Answer,
    tell::{MAX_ANSWER, Teller, now_ms},
};
use crate::{
    adapters::http::{site::Site, words},
    domain::metric_source::{Escape, Found, Query, Reading},
    ports::metric_source::{MetricError, MetricErrorKind, MetricSource},
};

/// The most points of one range, as Prometheus itself limits them.
const MAX_POINTS: i64 = 11_000;

/// A server.
#[derive(Debug)]
pub(super) struct Prometheus {
    pub(super) teller: Teller,
    pub(super) site: Site,
    pub(super) age_query: Option<String>,
}

/// Seconds with milliseconds, as Prometheus reads times.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000)
}

impl Prometheus {
    async fn ask(&self, path: &str, form: &[(&str, &str)], limit: Duration) -> Result<(Found, Vec<String>), MetricError> {
        let timeout = format!("{}ms", limit.as_millis().max(1));
        let mut body = form.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>();
        // The server stops working on a query that nobody waits for.
        body.push(("timeout", &timeout));
        let mut encoded = reqwest::Url::parse("http://form").expect("a fixed address");
        encoded.query_pairs_mut().extend_pairs(body);
        let request = self
            .site
            .request_below(Method::POST, path, &[])
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded.query().unwrap_or_default().to_owned());
        let shown = format!("POST {}{path}", self.site.shown().trim_end_matches('/'));
        let reply = self.site.send(request, MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
        let answer: Answer = match serde_json::from_slice(&reply.body) {
            Ok(answer) => answer,
            Err(_) if !reply.status.is_success() => return Err(self.teller.refused(&shown, &reply)),
            Err(error) => {
                let what = format!("{shown}: the answer is none of Prometheus's: {error}");
                return Err(self.teller.error(MetricErrorKind::Malformed, &what));
            }
        };
        if answer.status != "success" {
            return Err(self.failed(&shown, &answer));
        }
        if !reply.status.is_success() {
            return Err(self.teller.refused(&shown, &reply));
        }
        let warnings = answer.warnings.iter().chain(&answer.infos).map(|warning| words::plain(warning)).collect();
        let found =
            answer.found(&self.teller).map_err(|what| self.teller.error(MetricErrorKind::Malformed, &format!("{shown}: {what}")))?;
        Ok((found, warnings))
    }

    fn failed(&self, shown: &str, answer: &Answer) -> MetricError {
        let (kind, next) = match answer.error_type.as_str() {
            "bad_data" | "execution" => (MetricErrorKind::Refused, "correct the query"),
            "timeout" | "canceled" => (MetricErrorKind::TimedOut, "ask for less, or raise `timeout`"),
            _ => (MetricErrorKind::Unreachable, "try again later or look into the server's log"),
        };
        self.teller.error(kind, &format!("{shown}: {}: {}; {next}", words::plain(&answer.error_type), words::plain(&answer.error)))
    }

    /// How old the data is, by the age query: only the source can know. `None` when nobody asked for it.
    async fn age(&self, query: &Query, at: &str, limit: Duration) -> Result<Option<Found>, MetricError> {
        let (Some(text), Some(allowed)) = (&self.age_query, self.teller.max_age) else { return Ok(None) };
        let filled = self.teller.fill(&Query { text: text.clone(), values: query.values.clone() }, Escape::PromQl)?;
        let (found, _) = self.ask("/api/v1/query", &[("query", filled.as_str()), ("time", at)], limit).await?;
        Ok(match found.single() {
            Some(age) => {
                let age = Duration::try_from_secs_f64(age.max(0.0)).unwrap_or(Duration::MAX);
                (age > allowed).then_some(Found::Stale { age, limit: allowed })
            }
            // No age is no proof of freshness.
            None => Some(if found.why_not().is_some() {
                found
            } else {
                Found::Partial { series: Vec::new(), missing: "`age-query` gives more than one number".to_owned() }
            }),
        })
    }
}

#[async_trait]
impl MetricSource for Prometheus {
    fn name(&self) -> &str {
        &self.teller.name
    }

    async fn instant(&self, query: &Query, at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError> {
        let started = Instant::now();
        let filled = self.teller.fill(query, Escape::PromQl)?;
        let limit = deadline.min(self.teller.timeout);
        let at = seconds(at_ms.unwrap_or_else(now_ms));
        let ask = async {
            let form = [("query", filled.as_str()), ("time", at.as_str())];
            let (answer, age) = tokio::join!(self.ask("/api/v1/query", &form, limit), self.age(query, &at, limit));
            let (found, warnings) = answer?;
            Ok((age?.filter(|_| found.why_not().is_none()).unwrap_or(found), warnings))
        };
        let (found, warnings) = self.teller.within(deadline, ask).await?;
        Ok(self.teller.reading(filled, found, warnings, started))
    }

    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, step: Duration, deadline: Duration) -> Result<Reading, MetricError> {
        let started = Instant::now();
        let filled = self.teller.fill(query, Escape::PromQl)?;
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        let refuse = |what: &str| Err(self.teller.error(MetricErrorKind::Refused, &format!("query `{filled}`: {what}")));
        if step_ms < 1 || start_ms > end_ms {
            return refuse("the start must not be after the end, and the step must be at least 1 ms");
        }
        let (start, end) = (start_ms - start_ms.rem_euclid(step_ms), end_ms - end_ms.rem_euclid(step_ms));
        let points = (end - start) / step_ms + 1;
        if points > MAX_POINTS {
            return refuse(&format!("{points} points are more than the {MAX_POINTS} that Prometheus gives; take a longer step"));
        }
        let limit = deadline.min(self.teller.timeout);
        let (from, to, each) = (seconds(start), seconds(end), seconds(step_ms));
        let ask = async {
            let form = [("query", filled.as_str()), ("start", from.as_str()), ("end", to.as_str()), ("step", each.as_str())];
            let (answer, age) = tokio::join!(self.ask("/api/v1/query_range", &form, limit), self.age(query, &to, limit));
            let (found, mut warnings) = answer?;
            let found = age?.filter(|_| found.why_not().is_none()).unwrap_or(found);
            if let Found::Series(series) = &found {
                let whole = usize::try_from(points).unwrap_or(usize::MAX);
                let short = series.iter().filter(|series| series.points.len() < whole).count();
                if short > 0 {
                    warnings.push(format!("{short} of {} series have fewer than {whole} points", series.len()));
                }
                let newest = series.iter().filter_map(|series| series.points.last()).map(|point| point.at_ms).max();
                // An answer's last point lies on a step: up to one step behind the end is not late.
                let late = end - newest.unwrap_or(start);
                if let Some(allowed) = self.teller.max_age.map(|allowed| allowed.max(step))
                    && late > i64::try_from(allowed.as_millis()).unwrap_or(i64::MAX)
                {
                    let age = Duration::from_millis(u64::try_from(late).unwrap_or(0));
                    return Ok((Found::Stale { age, limit: allowed }, warnings));
                }
            }
            Ok((found, warnings))
        };
        let (found, warnings) = self.teller.within(deadline, ask).await?;
        Ok(self.teller.reading(filled, found, warnings, started))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_keep_their_milliseconds() {
        for (ms, text) in [(0, "0.000"), (1_700_000_000_123, "1700000000.123"), (-1, "-0.001"), (15_000, "15.000")] {
            assert_eq!(super::seconds(ms), text);
        }
    }
}
