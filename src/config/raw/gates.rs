//! `gates:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Named;
use crate::domain::gate::format;

/// Rules over numbers that other tools produced.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Gates {
    /// Ready sets of rules: `quality` (coverage, tests, lint, types, security, complexity, dependencies), `service`
    /// (latency, throughput, memory, errors).
    #[serde(default)]
    #[schemars(schema_with = "presets")]
    pub(in crate::config) presets: Vec<Option<String>>,
    /// Rules by name; one of a preset's name overrides that rule's keys.
    pub(in crate::config) rules: Option<Named<Gate>>,
}

/// One gate: a number in a file or from a metric source, and what it must keep to.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Gate {
    /// The file, relative to this one.
    #[schemars(length(min = 1), example = "coverage.xml")]
    pub(in crate::config) file: Option<String>,
    /// The file's format; told by its content where it is not said.
    #[serde(default)]
    #[schemars(schema_with = "gate_format")]
    pub(in crate::config) format: Option<String>,
    /// Which of the format's numbers; for `json` a JSON pointer such as `/latency/p99`.
    #[schemars(length(min = 1), example = "line-coverage")]
    pub(in crate::config) measure: Option<String>,
    /// The metric source that is asked instead of a file, by name.
    #[schemars(length(min = 1), example = &"prometheus")]
    pub(in crate::config) source: Option<String>,
    /// What is asked there; one number must come back. `{{version}}`, `{{environment}}` and `{{prompt}}` are filled in.
    #[schemars(length(min = 1))]
    pub(in crate::config) query: Option<String>,
    /// The number must not be below.
    pub(in crate::config) at_least: Option<f64>,
    /// The number must not be above.
    pub(in crate::config) at_most: Option<f64>,
    /// The number must be strictly above.
    pub(in crate::config) above: Option<f64>,
    /// The number must be strictly below.
    pub(in crate::config) below: Option<f64>,
    /// A ratchet: the number must also not be worse than the baseline's, by more than this.
    #[schemars(range(min = 0.0))]
    pub(in crate::config) never_worse: Option<f64>,
    /// What a closed gate does: `fail` (the default) or `warn`.
    #[serde(default)]
    #[schemars(schema_with = "on_fail")]
    pub(in crate::config) on_fail: Option<String>,
    /// Switches a preset's rule off.
    pub(in crate::config) enabled: Option<bool>,
}

/// The names of the presets.
pub(in crate::config) const PRESETS: [&str; 2] = ["quality", "service"];

fn presets(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "enum": PRESETS}})
}

fn gate_format(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = format::all().map(|format| format.name).chain([format::JSON]).collect();
    json_schema!({"type": "string", "enum": names})
}

fn on_fail(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["fail", "warn"]})
}
