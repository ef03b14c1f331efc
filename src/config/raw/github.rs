//! `github:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use super::hosting::Ruleset;
use crate::domain::comment::CommentMode;

/// What GitHub is told beside outputs, annotations and the job summary.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct GitHub {
    /// The comment on a pull request: changed in place, written anew at the end, or off.
    #[serde(default)]
    #[schemars(schema_with = "comment")]
    pub(in crate::config) comment: Option<Value>,
    /// Whether a check run with all annotations is made; the job needs `checks: write`.
    pub(in crate::config) check_run: Option<bool>,
    /// Whether rollouts are shown on the Environments page; nothing is decided by it. The job needs `deployments: write`.
    pub(in crate::config) deployments: Option<bool>,
    /// Whether `env apply` makes the labels that issues and pull requests get.
    pub(in crate::config) labels: Option<bool>,
    /// The required checks that `env apply` sets up.
    pub(in crate::config) ruleset: Option<Ruleset>,
}

fn comment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": CommentMode::ALL.map(CommentMode::as_str)})
}
