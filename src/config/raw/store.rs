//! `store:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::whole;

/// Where rollouts, the registry and the audit log are kept between runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Store {
    /// What it is; auto: in GitHub Actions a branch by GitHub's API, elsewhere a directory.
    #[serde(default)]
    #[schemars(schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// The folder (directory, auto) or file (sqlite), relative to the working directory.
    #[schemars(length(min = 1))]
    pub(in crate::config) path: Option<String>,
    /// The name of the environment variable that holds the address, never the address itself (postgres).
    #[schemars(length(min = 1))]
    pub(in crate::config) url_env: Option<String>,
    /// The branch, which holds nothing else (git, github, auto).
    #[schemars(length(min = 1))]
    pub(in crate::config) branch: Option<String>,
    /// A remote's name or address (git).
    #[schemars(length(min = 1))]
    pub(in crate::config) remote: Option<String>,
    /// The name of the ConfigMap that is the index, with which all other names begin (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// The kubeconfig, relative to this file; otherwise `KUBECONFIG`, the pod's service account, `~/.kube/config` (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) kubeconfig: Option<String>,
    /// The kubeconfig's context; otherwise its current one (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) context: Option<String>,
    /// The namespace; otherwise the context's or the pod's (kubernetes).
    #[schemars(length(min = 1))]
    pub(in crate::config) namespace: Option<String>,
    /// The longest that one reading or writing may take.
    #[schemars(example = "30s")]
    pub(in crate::config) timeout: Option<String>,
    /// Entries of the audit log, and commits of a branch, that are kept at least.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 100, max = 1_000_000))]
    pub(in crate::config) history: Option<u32>,
}

/// The kinds of stores, in the order of the documentation.
pub(in crate::config) const KINDS: [&str; 7] = ["auto", "directory", "sqlite", "postgres", "git", "github", "kubernetes"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}
