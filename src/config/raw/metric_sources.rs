//! `metric-sources:` as written.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::whole;

/// Where health numbers come from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct MetricSource {
    /// What it is.
    #[schemars(required, schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// The longest that one question may take.
    #[schemars(example = "2s")]
    pub(in crate::config) timeout: Option<String>,
    /// How old the newest number may be; older ones are stale and decide nothing.
    #[schemars(example = "2m")]
    pub(in crate::config) max_age: Option<String>,
    /// The most series of one answer.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 100_000))]
    pub(in crate::config) max_series: Option<u32>,
    /// The most samples of one answer, all series together.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(in crate::config) max_samples: Option<u32>,
    /// The address: before `/api/v1/query` (prometheus), of the document (http-json).
    #[schemars(length(min = 1), example = "http://127.0.0.1:9090")]
    pub(in crate::config) url: Option<String>,
    /// The name of the environment variable that holds the token, never the token itself (prometheus, http-json).
    #[schemars(example = &"PROMETHEUS_TOKEN")]
    pub(in crate::config) token_env: Option<String>,
    /// Extra headers with fixed texts (prometheus, http-json).
    pub(in crate::config) headers: Option<BTreeMap<String, String>>,
    /// A query for the age of the data in seconds, compared with `max-age` (prometheus).
    #[schemars(length(min = 1), example = "time() - max(timestamp(up))")]
    pub(in crate::config) age_query: Option<String>,
    /// The file (file).
    #[schemars(length(min = 1), example = "metrics.json")]
    pub(in crate::config) path: Option<String>,
    /// The program and its arguments (command).
    #[schemars(length(min = 1))]
    pub(in crate::config) command: Option<Vec<Option<String>>>,
    /// Environment variables set to a fixed text (command).
    pub(in crate::config) env: Option<BTreeMap<String, String>>,
    /// Environment variables the program may see (command).
    pub(in crate::config) pass_env: Option<Vec<Option<String>>>,
}

/// The kinds of metric sources, in the order of the documentation.
pub(in crate::config) const KINDS: [&str; 4] = ["prometheus", "http-json", "file", "command"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}
