//! `history:` and `quarantine:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::whole;

/// What is kept of runs, so that a flaky case is told from a regression.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct History {
    /// Which runs are kept; main: those of the default branch in a workflow; always: also those elsewhere. Those of pull requests never are.
    #[serde(default)]
    #[schemars(schema_with = "record")]
    pub(in crate::config) record: Option<String>,
    /// Runs of each suite that are kept.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) keep: Option<u32>,
    /// The last runs that a baseline is pooled from.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) baseline_runs: Option<u32>,
    /// Fewer samples of a case than this say nothing about it.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 2, max = 1_000))]
    pub(in crate::config) min_samples: Option<u32>,
    /// What failures of a flaky case at its known rate do to a run; fail: what every failure does; warn: they are shown and do not count.
    #[serde(default)]
    #[schemars(schema_with = "flaky")]
    pub(in crate::config) flaky: Option<String>,
}

/// Cases that are asked and shown, and do not fail a run, for a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Quarantine {
    /// The prompts, by name; `*` stands for any characters; without it all.
    #[schemars(length(min = 1), example = &"greeting")]
    pub(in crate::config) prompt: Option<String>,
    /// The cases, by name; `*` stands for any characters.
    #[schemars(required, length(min = 1), example = &"sarcasm-*")]
    pub(in crate::config) case: Option<String>,
    /// The last day on which it holds (UTC).
    #[schemars(required, length(min = 1), example = &"2026-03-31")]
    pub(in crate::config) until: Option<String>,
    /// Why.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) reason: Option<String>,
    /// Where it is worked on: a number or an address.
    #[schemars(length(min = 1), example = &"https://github.com/octo-org/prompts/issues/12")]
    pub(in crate::config) issue: Option<String>,
}

fn record(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["main", "always", "never"]})
}

fn flaky(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["fail", "warn"]})
}
