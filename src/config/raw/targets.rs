//! `targets:` as written.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::whole;

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
    /// The manifest's file; with `branch` from the top of the branch (flagd; without `url`).
    #[schemars(length(min = 1), example = "flags.json")]
    pub(in crate::config) path: Option<String>,
    /// The branch that has the manifest: each change is a commit on it (flagd with `path`).
    #[schemars(length(min = 1), example = &"prompt-flags")]
    pub(in crate::config) branch: Option<String>,
    /// The name or address of the branch's remote; otherwise GitHub's API in GitHub Actions, `origin` elsewhere (flagd with `branch`).
    #[schemars(length(min = 1), example = &"origin")]
    pub(in crate::config) remote: Option<String>,
    /// The address: of the manifest (flagd; without `path`), of the server (mlflow), that is posted to (webhook).
    #[schemars(length(min = 1), example = "https://hooks.example.com/rollout")]
    pub(in crate::config) url: Option<String>,
    /// The name of the environment variable that holds the token, never the token itself (flagd with `url`, mlflow, webhook).
    #[schemars(example = &"MLFLOW_TRACKING_TOKEN")]
    pub(in crate::config) token_env: Option<String>,
    /// Extra headers with fixed texts (flagd with `url`, mlflow, webhook).
    pub(in crate::config) headers: Option<BTreeMap<String, String>>,
    /// The flag's key (flagd, kubernetes with `config-map`).
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
    /// Whether the registry's versions are mirrored there, with digest and status as tags (mlflow).
    pub(in crate::config) mirror: Option<bool>,
    /// The runtime socket (haproxy).
    #[schemars(length(min = 1), example = "/run/haproxy/admin.sock")]
    pub(in crate::config) socket: Option<String>,
    /// The backend (haproxy).
    #[schemars(length(min = 1), example = &"prompts")]
    pub(in crate::config) backend: Option<String>,
    /// The name of a version's server; holds `{{version}}` (haproxy).
    #[schemars(length(min = 1))]
    pub(in crate::config) server: Option<String>,
    /// The ConfigMap that holds a manifest (kubernetes; without `http-route`).
    #[schemars(length(min = 1), example = &"prompt-flags")]
    pub(in crate::config) config_map: Option<String>,
    /// The ConfigMap's key with the manifest (kubernetes with `config-map`).
    #[schemars(length(min = 1))]
    pub(in crate::config) key: Option<String>,
    /// The HTTPRoute of the Gateway API whose weights are set (kubernetes; without `config-map`).
    #[schemars(length(min = 1), example = &"prompts")]
    pub(in crate::config) http_route: Option<String>,
    /// The name of the route's rule; not needed where it has one rule (kubernetes with `http-route`).
    #[schemars(length(min = 1))]
    pub(in crate::config) rule: Option<String>,
    /// The name of a version's Service; holds `{{version}}`, in which dots become hyphens (kubernetes with `http-route`).
    #[schemars(length(min = 1))]
    pub(in crate::config) service: Option<String>,
    /// The port of these Services (kubernetes with `http-route`).
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 65_535))]
    pub(in crate::config) port: Option<u32>,
    /// The kubeconfig, relative to this file; otherwise `KUBECONFIG`, the pod's service account, `~/.kube/config` (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) kubeconfig: Option<String>,
    /// The kubeconfig's context; otherwise its current one (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) context: Option<String>,
    /// The namespace; otherwise the context's or the pod's (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) namespace: Option<String>,
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
pub(in crate::config) const KINDS: [&str; 6] = ["flagd", "mlflow", "haproxy", "kubernetes", "webhook", "command"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}
