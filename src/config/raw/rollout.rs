//! `environments:` and `rollouts:` as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{
    hosting::{self, OnHost},
    whole,
};
use crate::domain::rollout::Strategy;

/// Where prompts are served: its targets, and how versions come to it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Environment {
    /// The targets that make a share of the traffic real, by their names; a rolling rollout changes them in this order, all others at once.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) targets: Option<Vec<Option<String>>>,
    /// The environment in which a version must have completed a rollout before it may come here.
    #[schemars(length(min = 1))]
    pub(in crate::config) promote_from: Option<String>,
    /// Whether a rollout here begins only with an approval (`--approved-by`).
    pub(in crate::config) approval: Option<bool>,
    /// Where people see it: the link on GitHub's Environments page (`github.deployments`).
    #[schemars(example = "https://example.com")]
    pub(in crate::config) url: Option<String>,
    /// Ready values for what is not said here: approval, stages, strictness, and what GitHub's environment has.
    #[expect(dead_code, reason = "read here for its schema; its values arrive in the environment")]
    #[serde(default)]
    #[schemars(schema_with = "hosting::profile")]
    pub(in crate::config) profile: Option<String>,
    /// What `env apply` sets up on GitHub.
    pub(in crate::config) github: Option<OnHost>,
    /// What is different here from `rollouts`.
    pub(in crate::config) rollouts: Option<Rollouts>,
}

/// How rollouts go.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Rollouts {
    /// How a rollout is cut into stages.
    #[serde(default)]
    #[schemars(schema_with = "strategy")]
    pub(in crate::config) strategy: Option<String>,
    /// The shares of a canary in percent, increasing and ending at 100.
    #[serde(default)]
    #[schemars(schema_with = "stages")]
    pub(in crate::config) stages: Option<Vec<f64>>,
    /// The steps of a canary, instead of `stages`.
    #[schemars(length(min = 1))]
    pub(in crate::config) steps: Option<Vec<Option<Step>>>,
    /// How long a stage must be watched and healthy before the next one.
    #[schemars(example = "300s")]
    pub(in crate::config) stage_duration: Option<String>,
    /// How long a stage may take, as watched, before it counts as failed.
    #[schemars(example = "30m")]
    pub(in crate::config) stage_timeout: Option<String>,
    /// How long the last stage is watched at 100 % (`blue-green`: 300s where nothing is said; `canary`: not at all).
    #[schemars(example = "5m")]
    pub(in crate::config) watch: Option<String>,
    /// The suite that must pass before a blue-green rollout is switched.
    #[schemars(length(min = 1))]
    pub(in crate::config) smoke: Option<String>,
    /// What an unhealthy rollout leads to.
    #[serde(default)]
    #[schemars(schema_with = "on_failure")]
    pub(in crate::config) on_failure: Option<String>,
    /// The most rollouts under way at once in the environment, all prompts together.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) max_concurrent: Option<u32>,
    /// How health is checked.
    pub(in crate::config) health: Option<Health>,
    /// The limits of rollbacks.
    pub(in crate::config) rollback: Option<Rollback>,
}

/// A step of a plan: exactly one key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Step {
    /// The candidate's share from here on, in percent.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 100))]
    pub(in crate::config) set_weight: Option<u32>,
    /// Hold: for a duration, or until a person resumes it.
    pub(in crate::config) pause: Option<Pause>,
    /// Ask for several healthy checks in a row.
    pub(in crate::config) analysis: Option<Analysis>,
    /// Wait for an approval.
    pub(in crate::config) approval: Option<Approval>,
    /// A suite that must pass with the candidate.
    #[schemars(length(min = 1))]
    pub(in crate::config) smoke: Option<String>,
}

/// A pause.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Pause {
    /// How long; without it until a person resumes it.
    #[schemars(example = "10m")]
    pub(in crate::config) duration: Option<String>,
}

/// Checks in a row.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Analysis {
    /// How many healthy checks in a row.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(required, range(min = 1, max = 1_000))]
    pub(in crate::config) checks: Option<u32>,
}

/// An approval; it takes no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Approval {}

/// How health is checked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Health {
    /// The time between two checks; call `rollout step` about as often.
    #[schemars(example = "30s")]
    pub(in crate::config) interval: Option<String>,
    /// The longest that one check may take.
    #[schemars(example = "10s")]
    pub(in crate::config) timeout: Option<String>,
    /// The pause after a check that could not be made.
    #[schemars(example = "10s")]
    pub(in crate::config) error_retry: Option<String>,
    /// Unhealthy checks that are borne in a stage.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(max = 1_000))]
    pub(in crate::config) failure_limit: Option<u32>,
    /// Inconclusive checks that are borne in a stage before it holds.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(max = 1_000))]
    pub(in crate::config) inconclusive_limit: Option<u32>,
    /// Checks in a row that could not be made, before it holds.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(max = 1_000))]
    pub(in crate::config) consecutive_error_limit: Option<u32>,
    /// Healthy checks in a row that each stage takes at the least.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) checks: Option<u32>,
    /// How often, at the most, a good candidate may be found worse than the stable version in a whole rollout.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) alpha: Option<f64>,
    /// What is measured. Without any, a person must resume each stage.
    pub(in crate::config) metrics: Option<Vec<Option<Metric>>>,
}

/// A number that tells whether the candidate is healthy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Metric {
    /// Its name, unique in the list.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// The metric source it comes from, by name.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) source: Option<String>,
    /// What is asked there, with `{{version}}`, `{{environment}}` and `{{prompt}}`; for `errors` the failures since the last check.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) query: Option<String>,
    /// The requests since the last check (`errors`).
    #[schemars(length(min = 1))]
    pub(in crate::config) total: Option<String>,
    /// What its numbers are: of a mean, of failures among requests, or of a probe (1: it works).
    #[serde(default)]
    #[schemars(schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// Which way is better (`mean`).
    #[serde(default)]
    #[schemars(schema_with = "direction")]
    pub(in crate::config) direction: Option<String>,
    /// The worst value that is still healthy; for `errors` a rate from 0 to 1.
    pub(in crate::config) bound: Option<f64>,
    /// The value beyond which nothing is waited for.
    pub(in crate::config) guardrail: Option<f64>,
    /// The comparison with the stable version, which serves at the same time.
    pub(in crate::config) compare: Option<Compare>,
    /// The fewest samples (requests for `errors`) of each version in a stage.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(in crate::config) min_samples: Option<u32>,
    /// What no data means.
    #[serde(default)]
    #[schemars(schema_with = "on_no_data")]
    pub(in crate::config) on_no_data: Option<String>,
    /// Whether it decides alone; others decide by weight, half of it being too much.
    pub(in crate::config) critical: Option<bool>,
    /// Its weight among those that are not critical.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) weight: Option<f64>,
    /// How often a bad number must be seen.
    pub(in crate::config) confirm: Option<Confirm>,
    /// Measured and shown, without counting.
    pub(in crate::config) dry_run: Option<bool>,
}

/// A comparison with the stable version.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Compare {
    /// The smallest worsening that matters: a share of the mean, or a difference of error rates.
    #[schemars(range(min = 0.0))]
    pub(in crate::config) margin: Option<f64>,
    /// Whether it must be shown to be within the margin, and not only not be shown to be worse.
    pub(in crate::config) prove: Option<bool>,
}

/// So many times among so many checks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Confirm {
    /// How often.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(required, range(min = 1, max = 100))]
    pub(in crate::config) k: Option<u32>,
    /// Among how many checks in a row.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(required, range(min = 1, max = 100))]
    pub(in crate::config) of: Option<u32>,
}

/// The limits of rollbacks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Rollback {
    /// The longest that a rollback may take.
    #[schemars(example = "30s")]
    pub(in crate::config) timeout: Option<String>,
    /// The least time between two automatic rollbacks; within it people are called instead.
    #[schemars(example = "5m")]
    pub(in crate::config) cool_down: Option<String>,
    /// The most automatic rollbacks in an hour; beyond, people are called instead.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::config) max_per_hour: Option<u32>,
    /// How health is looked at after a rollback.
    pub(in crate::config) watch: Option<RollbackWatch>,
}

/// How health is looked at after a rollback; not part of its 30 s.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct RollbackWatch {
    /// Whether every rollback is watched, and not only those with `--watch`.
    pub(in crate::config) always: Option<bool>,
    /// For how long.
    #[schemars(example = "120s")]
    pub(in crate::config) duration: Option<String>,
    /// The time between two looks.
    #[schemars(example = "10s")]
    pub(in crate::config) interval: Option<String>,
}

fn word(words: &[&str]) -> Schema {
    json_schema!({"type": "string", "enum": words})
}

fn strategy(_: &mut SchemaGenerator) -> Schema {
    word(&Strategy::ALL.map(Strategy::as_str))
}

fn on_failure(_: &mut SchemaGenerator) -> Schema {
    word(&["rollback", "pause", "abort"])
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    word(&["mean", "errors", "probe"])
}

fn direction(_: &mut SchemaGenerator) -> Schema {
    word(&["lower-is-better", "higher-is-better"])
}

fn on_no_data(_: &mut SchemaGenerator) -> Schema {
    word(&["inconclusive", "fail"])
}

/// Whole percentages, also where they are written as `10.0`.
fn stages(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 100}})
}
