//! `monitor:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::whole;

/// What `monitor` looks at in production.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Monitor {
    /// From how many critical metrics on a rollback is asked for.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) rollback_after: Option<u32>,
    /// The longest that one question to a source may take.
    #[schemars(example = "10s")]
    pub(in crate::config) timeout: Option<String>,
    /// How far back history is looked at, for trends, change points, anomalies and baselines.
    #[schemars(example = "24h")]
    pub(in crate::config) window: Option<String>,
    /// The time between two values of history; no shorter than the ranges inside the queries.
    #[schemars(example = "15m")]
    pub(in crate::config) step: Option<String>,
    /// The metrics.
    pub(in crate::config) metrics: Option<Vec<Option<MonitorMetric>>>,
}

/// A number in production, and what it must keep to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct MonitorMetric {
    /// Its name, unique in the list.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// The metric source it comes from, by name.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) source: Option<String>,
    /// What is asked there: one number; with `{{prompt}}`, `{{environment}}` and `{{version}}`.
    #[schemars(required, length(min = 1), example = "avg(posts_engagement_rate)")]
    pub(in crate::config) query: Option<String>,
    /// Which way is better.
    #[schemars(required, schema_with = "direction")]
    pub(in crate::config) direction: Option<String>,
    /// A number beyond this is degraded; the bound itself is healthy.
    pub(in crate::config) warning: Option<f64>,
    /// A number beyond this is critical; the bound itself is not.
    pub(in crate::config) critical: Option<f64>,
    /// How long the number must have been beyond a bound before it counts.
    #[schemars(example = "5m")]
    pub(in crate::config) r#for: Option<String>,
    /// Degraded when the window shows a trend for the worse of at least this share (0.1 is 10 %).
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) trend: Option<f64>,
    /// Degraded when the last change point in the window is one for the worse of at least this share.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) change_point: Option<f64>,
    /// Degraded when the number lies off the window's mean for the worse by more than so many standard deviations.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) anomaly: Option<f64>,
    /// A comparison with an earlier window, or with recorded runs.
    pub(in crate::config) baseline: Option<MonitorBaseline>,
}

/// A comparison of the window with an earlier one, or with recorded runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct MonitorBaseline {
    /// How much earlier the other window lies; this or `stored`.
    #[schemars(example = "168h")]
    pub(in crate::config) ago: Option<String>,
    /// The benchmark whose recorded runs (`baseline update`) the window's median is compared with; this or `ago`.
    #[schemars(length(min = 1), example = "api-latency")]
    pub(in crate::config) stored: Option<String>,
    /// How much worse is still fine, as a share of the earlier mean (0.2 is 20 %).
    #[schemars(required, extend("exclusiveMinimum" = 0))]
    pub(in crate::config) margin: Option<f64>,
    /// What a regression is: `warning` (degraded, the default) or `critical`.
    #[serde(default)]
    #[schemars(schema_with = "severity")]
    pub(in crate::config) severity: Option<String>,
}

fn direction(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["higher-is-better", "lower-is-better"]})
}

fn severity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["warning", "critical"]})
}
