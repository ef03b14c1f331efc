//! `pull-request:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::pull_request::{Check, Level, Size};

/// What `pr` checks of a pull request. Patterns are paths in which `*` stands for any characters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct PullRequest {
    /// What each check does: `fail`, `warn` or `off`.
    #[serde(default)]
    #[schemars(schema_with = "checks")]
    pub(in crate::config) checks: Map<String, Value>,
    /// Characters a description needs.
    #[serde(default, deserialize_with = "super::whole")]
    #[schemars(range(min = 0, max = 10_000))]
    pub(in crate::config) description_length: Option<u32>,
    /// The largest size that is fine.
    #[serde(default)]
    #[schemars(schema_with = "size")]
    pub(in crate::config) largest_size: Option<String>,
    /// Whether the label `size/…` is kept on the pull request.
    pub(in crate::config) size_labels: Option<bool>,
    /// Sources and prompts: a change wants tests. The prompts of the suites always count.
    pub(in crate::config) sources: Option<Vec<Option<String>>>,
    /// Tests and suites. The case files of the suites always count.
    pub(in crate::config) tests: Option<Vec<Option<String>>>,
    /// Public things: a change wants documents.
    pub(in crate::config) public: Option<Vec<Option<String>>>,
    /// Documents.
    pub(in crate::config) docs: Option<Vec<Option<String>>>,
    /// Paths whose change may break others.
    pub(in crate::config) critical: Option<Vec<Option<String>>>,
    /// Files that must not be changed or added.
    pub(in crate::config) forbidden: Option<Vec<Option<String>>>,
}

fn checks(_: &mut SchemaGenerator) -> Schema {
    let levels = json!({"type": "string", "enum": Level::ALL.map(Level::as_str)});
    let keys: Map<String, Value> = Check::ALL
        .into_iter()
        .map(|check| {
            let mut level = levels.clone();
            level["description"] = json!(check.about());
            (check.as_str().to_owned(), level)
        })
        .collect();
    json_schema!({"type": "object", "additionalProperties": false, "properties": keys})
}

fn size(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Size::ALL.map(Size::as_str)})
}
