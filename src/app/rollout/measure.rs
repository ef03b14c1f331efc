//! Asking the metric sources, and judging what they say.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;

use super::world::World;
use crate::{
    domain::{
        metric_source::{Found, Query, QueryValues},
        rollout::{
            Percent, Plan, VersionRef,
            health::{Arms, Check, Measured, Memory, Metric, MetricKind, evaluate},
        },
    },
    ports::metric_source::MetricSource,
};

/// The versions whose numbers are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'v> {
    pub(crate) candidate: &'v VersionRef,
    pub(crate) stable: &'v VersionRef,
}

/// One health check: every metric of both versions at once.
pub(crate) async fn check(world: &World, plan: &Plan, pair: Pair<'_>, traffic: Percent, memory: &Memory) -> Check {
    let deadline = world.settings.check_timeout;
    let asked = plan.metrics.iter().map(|metric| async move {
        let source = world.sources.iter().find(|source| source.name() == metric.source);
        let compared = metric.compare.is_some() && traffic > Percent::NONE && traffic < Percent::ALL;
        let ask = |version: &VersionRef| measured(world, source.cloned(), metric, version.version.clone(), deadline);
        let stable = async { if compared { Some(ask(pair.stable).await) } else { None } };
        let (candidate, stable) = futures::join!(ask(pair.candidate), stable);
        Arms { candidate: candidate.0, stable: stable.map(|stable| stable.0), query: candidate.1 }
    });
    let arms = join_all(asked).await;
    evaluate(plan, traffic, memory, &arms)
}

/// What a source says about one version, with the query as it was sent.
async fn measured(
    world: &World,
    source: Option<Arc<dyn MetricSource>>,
    metric: &Metric,
    version: String,
    deadline: Duration,
) -> (Measured, String) {
    let Some(source) = source else {
        return (Measured::Error(world.why_no_source(&metric.source)), metric.query.clone());
    };
    let values = QueryValues { prompt: world.prompt.clone(), environment: world.settings.name.clone(), version };
    let ask = |text: &str| {
        let (source, query) = (source.clone(), Query { text: text.to_owned(), values: values.clone() });
        async move { source.instant(&query, None, deadline).await }
    };
    let first = match ask(&metric.query).await {
        Ok(reading) => reading,
        Err(error) => return (Measured::Error(error.message), metric.query.clone()),
    };
    let MetricKind::Errors = metric.kind else {
        let measured = match first.found.why_not() {
            Some(why) => Measured::NoData(why.into_owned()),
            None => Measured::Values(first.found.numbers()),
        };
        return (measured, first.query);
    };
    let total = match ask(metric.total.as_deref().unwrap_or_default()).await {
        Ok(reading) => reading,
        Err(error) => return (Measured::Error(error.message), first.query),
    };
    (counts(&first.found, &total.found), format!("{} / {}", first.query, total.query))
}

fn counts(failures: &Found, total: &Found) -> Measured {
    let number = |found: &Found| match (found.single().and_then(whole), found.why_not()) {
        (Some(number), _) => Ok(number),
        (None, Some(why)) => Err(why.into_owned()),
        (None, None) => Err("it is not one number of 0 or more".to_owned()),
    };
    match (number(failures), number(total)) {
        (Ok(failures), Ok(total)) => Measured::Counts { failures, total },
        (Err(why), _) => Measured::NoData(format!("failures: {why}")),
        (_, Err(why)) => Measured::NoData(format!("requests: {why}")),
    }
}

/// A count; rates over a window (Prometheus' `increase`) are near whole numbers.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within 0..2^53")]
fn whole(value: f64) -> Option<u64> {
    let rounded = value.round();
    (0.0..9_007_199_254_740_992.0).contains(&rounded).then_some(rounded as u64)
}
