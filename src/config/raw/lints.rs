//! `lints:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::lint::{Severity, catalogue::RULES};

/// Checks on prompts and variables before any model is asked, and scans of answers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Lints {
    /// Whether `test` lints before its first request.
    pub(in crate::config) enabled: Option<bool>,
    /// The severity from which findings stop a run.
    #[serde(default)]
    #[schemars(schema_with = "severity")]
    pub(in crate::config) fail_on: Option<String>,
    /// Whether answers are scanned as well, by the rules for texts.
    pub(in crate::config) scan_output: Option<bool>,
    /// What is different from the defaults, by rule.
    #[serde(default)]
    #[schemars(schema_with = "lint_rules")]
    pub(in crate::config) rules: Map<String, Value>,
    /// Findings that somebody looked at and accepts.
    #[serde(default)]
    pub(in crate::config) ignore: Vec<Option<LintIgnore>>,
}

/// Findings of a rule in some files that do not count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct LintIgnore {
    /// The rule.
    #[schemars(required, schema_with = "lint_rule")]
    pub(in crate::config) rule: Option<String>,
    /// The files; `*` stands for any characters.
    #[schemars(required, length(min = 1), example = "cases/attacks*.jsonl")]
    pub(in crate::config) path: Option<String>,
    /// Why it is accepted.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) reason: Option<String>,
}

fn severity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Severity::ALL.map(Severity::as_str)})
}

fn lint_rule(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": RULES.map(|rule| rule.id)})
}

/// A key for each rule of the catalogue.
fn lint_rules(_: &mut SchemaGenerator) -> Schema {
    let severities: Vec<&str> = std::iter::once("off").chain(Severity::ALL.map(Severity::as_str)).collect();
    let rules = RULES.iter().map(|rule| {
        let about = format!("How much its findings weigh: {}.", rule.title);
        let mut keys = json!({"severity": {"description": about, "type": "string", "enum": severities}});
        if let Some((bound, about)) = bound_of(rule.id) {
            let limit = json!({"description": about, "type": "integer", "minimum": 0, "maximum": 1_000_000_000});
            keys.as_object_mut().map(|keys| keys.insert(bound.to_owned(), limit));
        }
        (rule.id.to_owned(), json!({"description": rule.why, "type": "object", "properties": keys, "additionalProperties": false}))
    });
    let rules: Map<String, Value> = rules.collect();
    json_schema!({"type": "object", "properties": rules, "additionalProperties": false})
}

/// The limit that a rule takes, with what it is.
pub(in crate::config) fn bound_of(rule: &str) -> Option<(&'static str, &'static str)> {
    match rule {
        "min_length" => Some(("min", "The fewest characters of a rendered prompt, all messages together.")),
        "max_length" => Some(("max", "The most characters of a rendered prompt, all messages together.")),
        _ => None,
    }
}
