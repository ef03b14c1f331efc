//! `regression:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Named, whole};
use crate::domain::regression::Direction;

/// How head is compared with base.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Regression {
    /// What a metric that can fail the run and stays undecided does: `warn` says it, `fail` fails the run.
    #[serde(default)]
    #[schemars(schema_with = "on_inconclusive")]
    pub(in crate::config) on_inconclusive: Option<String>,
    /// The share of unchanged comparisons that may be called regressed, over all metrics that can fail the run.
    #[schemars(range(max = 0.2), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) alpha: Option<f64>,
    /// The share of true regressions that the promised number of samples finds.
    #[schemars(range(min = 0.5, max = 0.999))]
    pub(in crate::config) power: Option<f64>,
    /// Fewer cases than this are never judged.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 2, max = 10_000))]
    pub(in crate::config) min_samples: Option<u32>,
    /// For permutations and resampling: the same answers give the same verdict.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 4_294_967_295_u32))]
    pub(in crate::config) seed: Option<u32>,
    /// What is compared, by metric: those of every run, and kinds of assertions, whose mean score is the metric.
    pub(in crate::config) metrics: Option<Named<RegressionMetric>>,
}

/// A metric: which way is good, how much worse is still fine, and what a regression does.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct RegressionMetric {
    /// Which way is good; a metric of your own needs it.
    #[serde(default)]
    #[schemars(schema_with = "direction")]
    pub(in crate::config) direction: Option<String>,
    /// What `warn` and `fail` are: shares of base (`relative`), or in the metric's own unit (`absolute`).
    #[serde(default)]
    #[schemars(schema_with = "scale")]
    pub(in crate::config) scale: Option<String>,
    /// Worse by more than this, by evidence, is a warning.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) warn: Option<f64>,
    /// Worse by more than this, by evidence, is a regression.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) fail: Option<f64>,
    /// What a regression does: `fail` fails the run, `warn` says it, `off` only shows the numbers.
    #[serde(default)]
    #[schemars(schema_with = "decides")]
    pub(in crate::config) decides: Option<String>,
}

fn on_inconclusive(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["warn", "fail"]})
}

fn direction(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Direction::NAMES.map(|(name, _)| name)})
}

fn scale(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["relative", "absolute"]})
}

fn decides(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["fail", "warn", "off"]})
}
