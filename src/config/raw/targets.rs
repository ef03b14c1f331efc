//! `targets:` as written.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// What makes a rollout's percentage real. Texts may hold `{{prompt}}` and `{{environment}}`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Target {
    /// What it is.
    #[schemars(required, schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// The longest that applying once or reading back once may take.
    #[schemars(example = "10s")]
    pub(in crate::config) timeout: Option<String>,
    /// The manifest's file (flagd; without `url`).
    #[schemars(length(min = 1), example = "flags.json")]
    pub(in crate::config) path: Option<String>,
    /// The address: of the manifest (flagd; without `path`), of the server (mlflow), that is posted to (webhook).
    #[schemars(length(min = 1), example = "https://hooks.example.com/rollout")]
    pub(in crate::config) url: Option<String>,
    /// The name of the environment variable that holds the token, never the token itself (flagd with `url`, mlflow, webhook).
    #[schemars(example = &"MLFLOW_TRACKING_TOKEN")]
    pub(in crate::config) token_env: Option<String>,
    /// Extra headers with fixed texts (flagd with `url`, mlflow, webhook).
    pub(in crate::config) headers: Option<BTreeMap<String, String>>,
    /// The flag's key (flagd).
    #[schemars(length(min = 1))]
    pub(in crate::config) flag: Option<String>,
    /// The prompt's name in the registry (mlflow).
    #[schemars(length(min = 1))]
    pub(in crate::config) model: Option<String>,
    /// The alias of the version in front (mlflow).
    #[schemars(length(min = 1))]
    pub(in crate::config) stable_alias: Option<String>,
    /// The alias of the version that is being rolled out (mlflow).
    #[schemars(length(min = 1))]
    pub(in crate::config) candidate_alias: Option<String>,
    /// The runtime socket (haproxy).
    #[schemars(length(min = 1), example = "/run/haproxy/admin.sock")]
    pub(in crate::config) socket: Option<String>,
    /// The backend (haproxy).
    #[schemars(length(min = 1), example = &"prompts")]
    pub(in crate::config) backend: Option<String>,
    /// The name of a version's server; holds `{{version}}` (haproxy).
    #[schemars(length(min = 1))]
    pub(in crate::config) server: Option<String>,
    /// The name of the environment variable with the secret that signs each body (webhook).
    #[schemars(example = &"ROLLOUT_HOOK_SECRET")]
    pub(in crate::config) secret_env: Option<String>,
    /// The program and its arguments (command).
    #[schemars(length(min = 1))]
    pub(in crate::config) command: Option<Vec<Option<String>>>,
    /// Environment variables set to a fixed text (command).
    pub(in crate::config) env: Option<BTreeMap<String, String>>,
    /// Environment variables the program may see (command).
    pub(in crate::config) pass_env: Option<Vec<Option<String>>>,
}

/// The kinds of targets, in the order of the documentation.
pub(in crate::config) const KINDS: [&str; 5] = ["flagd", "mlflow", "haproxy", "webhook", "command"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}
