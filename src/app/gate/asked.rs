//! Numbers of gates that metric sources tell. Whatever is not one finite, fresh number closes the gate, with its reason.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;

use super::GateRequest;
use crate::{
    app::Services,
    domain::{
        gate::{GateRule, Source, Unread},
        metric_source::{MetricSourceSettings, Query, QueryValues, Reading},
    },
    ports::metric_source::MetricSource,
};

/// The longest that one question may take; a source's own `timeout` is usually shorter.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether one of the rules asks this source.
pub(super) fn asks(rules: &[GateRule], settings: &MetricSourceSettings) -> bool {
    rules.iter().any(|rule| matches!(&rule.source, Source::Metric { source, .. } if *source == settings.name))
}

/// The answer for each rule that asks a metric source, in the order of `rules`; `None` for those that read a file.
pub(super) async fn ask(
    services: &Services,
    rules: &[GateRule],
    settings: Vec<MetricSourceSettings>,
    request: &GateRequest,
) -> Vec<Option<Result<f64, Unread>>> {
    let mut sources: BTreeMap<String, Result<Arc<dyn MetricSource>, Unread>> = BTreeMap::new();
    for source in settings {
        if !asks(rules, &source) {
            continue;
        }
        let opened = services.metric_sources.open(&source).map_err(|error| {
            let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
            Unread(format!("{}{help}", error.message))
        });
        sources.insert(source.name, opened);
    }
    join_all(rules.iter().map(async |rule| {
        let Source::Metric { source, query } = &rule.source else { return None };
        Some(match sources.get(source) {
            Some(Ok(opened)) => number(opened.as_ref(), query, request).await,
            Some(Err(why)) => Err(why.clone()),
            None => Err(Unread(format!("there is no metric source `{source}`"))),
        })
    }))
    .await
}

async fn number(source: &dyn MetricSource, query: &str, request: &GateRequest) -> Result<f64, Unread> {
    let value = |name: &Option<String>| name.clone().unwrap_or_default();
    let places = [
        ("{{prompt}}", "--prompt", &request.prompt),
        ("{{environment}}", "--environment", &request.environment),
        ("{{version}}", "--prompt-version", &request.version),
    ];
    let bare: String = query.split_whitespace().collect();
    // A query that speaks of something without a name would ask for nothing.
    if let Some((place, flag, _)) = places.iter().find(|(place, _, value)| value.is_none() && bare.contains(place)) {
        return Err(Unread(format!("its query has {place}: say what it is with {flag}")));
    }
    let values = QueryValues { prompt: value(&request.prompt), environment: value(&request.environment), version: value(&request.version) };
    let query = Query { text: query.to_owned(), values };
    let reading = source.instant(&query, None, LIMIT).await.map_err(|error| Unread(error.message))?;
    one(source.name(), &reading)
}

fn one(source: &str, reading: &Reading) -> Result<f64, Unread> {
    let said = |why: &str| Unread(format!("{source}: {why}"));
    if let Some(why) = reading.found.why_not() {
        return Err(said(&why));
    }
    let many =
        || said(&format!("the query has {} numbers where a gate needs one: aggregate them in the query", reading.found.numbers().len()));
    reading.found.single().ok_or_else(many)
}
