//! `run:`, as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{text_or_false, whole};

/// What a whole run keeps to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Run {
    /// Requests under way at once, whatever the suites ask for.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) max_concurrency: Option<u32>,
    /// What happens when a provider does not answer.
    pub(in crate::config) retry: Option<Retry>,
    /// Requests to each suite's provider before the run, which are not counted.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 1000))]
    pub(in crate::config) warm_up: Option<u32>,
    /// Whether prompts, cases, cassettes and files of numbers may lie outside of the repository, where a path or a link leads there.
    pub(in crate::config) files_outside: Option<bool>,
    /// What the run may spend at most; then it stops, and what is left has no judgement.
    pub(in crate::config) budget: Option<Budget>,
    /// The folder answers are kept in between runs, or false.
    #[serde(default)]
    #[schemars(schema_with = "text_or_false")]
    pub(in crate::config) cache: Option<Value>,
}

/// What happens when a provider does not answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Retry {
    /// Requests for one sample at most, the first one included.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 100))]
    pub(in crate::config) attempts: Option<u32>,
    /// The pause before the second request; doubled each time.
    #[schemars(example = "500ms")]
    pub(in crate::config) base: Option<String>,
    /// The longest pause of our own making; a server may ask for a longer one.
    #[schemars(example = "10s")]
    pub(in crate::config) max: Option<String>,
    /// The time a run may spend on retrying, all samples together.
    #[schemars(example = "60s")]
    pub(in crate::config) budget: Option<String>,
}

/// What a run may spend at most, judges and base included; replayed answers cost nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Budget {
    /// US dollars; every provider that is asked needs `prices` then.
    #[schemars(range(max = 1_000_000_000.0), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) usd: Option<f64>,
    /// Tokens, those of the requests and of the answers together.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub(in crate::config) tokens: Option<u64>,
}
