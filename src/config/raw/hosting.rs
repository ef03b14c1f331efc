//! What `env apply` sets up on GitHub, as written.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

/// An environment on GitHub. What is not said here stays there as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct OnHost {
    /// Accounts, and teams as `owner/team`: one of them must say yes before a job of this environment starts.
    #[schemars(length(max = 6))]
    pub(in crate::config) reviewers: Option<Vec<Option<String>>>,
    /// How long a job waits before it starts, in whole minutes.
    #[schemars(example = "10m")]
    pub(in crate::config) wait_timer: Option<String>,
    /// Whether somebody else than who started the job must say yes.
    pub(in crate::config) prevent_self_review: Option<bool>,
    /// From which branches jobs may come: `all`, `protected`, or a list of names in which `*` stands for any characters.
    #[serde(default)]
    #[schemars(schema_with = "branches")]
    pub(in crate::config) branches: Option<Value>,
    /// Variables that its jobs see as `vars.NAME`.
    pub(in crate::config) variables: Option<BTreeMap<String, String>>,
    /// Who must say yes in `NAME-emergency`, which the workflow for emergencies asks instead; without this key it is not made.
    #[schemars(length(max = 6))]
    pub(in crate::config) emergency_reviewers: Option<Vec<Option<String>>>,
}

/// Checks that must pass before a branch takes a change, as a ruleset.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Ruleset {
    /// Whether `env apply` makes it: `active`, `evaluate` (reported only, where your plan has that), or `off`.
    #[serde(default)]
    #[schemars(schema_with = "enforcement")]
    pub(in crate::config) enforcement: Option<String>,
    /// Its name.
    #[schemars(length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// Branches by name, in which `*` stands for any characters; `~DEFAULT_BRANCH` and `~ALL`.
    #[schemars(length(min = 1))]
    pub(in crate::config) branches: Option<Vec<Option<String>>>,
    /// Branches of these that need no checks, written so too.
    pub(in crate::config) excluded_branches: Option<Vec<Option<String>>>,
    /// The checks by the names that GitHub shows.
    #[schemars(length(min = 1))]
    pub(in crate::config) required_checks: Option<Vec<Option<String>>>,
    /// Whether they must have seen the branch's newest state.
    pub(in crate::config) up_to_date: Option<bool>,
}

/// The profiles of environments.
pub(in crate::config) const PROFILES: [&str; 3] = ["development", "staging", "production"];

pub(in crate::config) fn profile(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": PROFILES})
}

fn branches(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "array"], "minLength": 1, "minItems": 1})
}

fn enforcement(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["off", "evaluate", "active"]})
}
