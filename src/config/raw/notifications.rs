//! `notifications:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::domain::notice::Happening;

/// A channel that people read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Channel {
    /// What it is.
    #[schemars(required, schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// What it hears of.
    #[serde(default)]
    #[schemars(schema_with = "events")]
    pub(in crate::config) events: Option<Vec<Option<String>>>,
    /// The environments that it hears of; all of them where none is named.
    #[schemars(length(min = 1))]
    pub(in crate::config) environments: Option<Vec<Option<String>>>,
    /// The longest that one sending may take.
    #[schemars(example = "5s")]
    pub(in crate::config) timeout: Option<String>,
    /// The name of the environment variable that holds the webhook's address, never the address itself (slack).
    #[schemars(example = &"SLACK_WEBHOOK_URL")]
    pub(in crate::config) url_env: Option<String>,
    /// The labels of a new issue (github-issue).
    pub(in crate::config) labels: Option<Vec<Option<String>>>,
}

/// The kinds of channels, in the order of the documentation.
pub(in crate::config) const KINDS: [&str; 2] = ["slack", "github-issue"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}

fn events(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "minItems": 1, "items": {"type": "string", "enum": Happening::ALL.map(Happening::as_str)}})
}
