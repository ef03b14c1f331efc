//! The file exactly as written. The doc comments here are what an editor shows.

pub(in crate::config) mod gates;
mod github;
pub(in crate::config) mod history;
pub(in crate::config) mod hosting;
mod lints;
pub(in crate::config) mod metric_sources;
pub(in crate::config) mod monitor;
mod named;
pub(in crate::config) mod notifications;
mod pull_request;
mod regression;
mod release;
mod repeat;
pub(in crate::config) mod rollout;
mod run;
pub(in crate::config) mod store;
pub(in crate::config) mod targets;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

pub(in crate::config) use gates::{Gate, Gates};
pub(in crate::config) use github::GitHub;
pub(in crate::config) use lints::{LintIgnore, Lints, bound_of};
pub(in crate::config) use named::Named;
pub(in crate::config) use pull_request::PullRequest;

pub(in crate::config) use regression::{Regression, RegressionMetric};
pub(in crate::config) use release::Release;
pub(in crate::config) use run::{Retry, Run};

/// The configuration of prompt-cicd.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct File {
    /// The version of this file's form: always 1.
    #[schemars(required)]
    pub(in crate::config) version: Option<Value>,
    /// Where answers come from, each under a name of your choice.
    pub(in crate::config) providers: Option<Named<Provider>>,
    /// What every suite gets where it says nothing itself.
    #[expect(dead_code, reason = "read here for its schema; its values arrive in the suites")]
    pub(in crate::config) suite_defaults: Option<SuiteDefaults>,
    /// What is tested: cases for one prompt each.
    #[serde(default)]
    pub(in crate::config) suites: Vec<Option<Suite>>,
    /// What a whole run keeps to, all suites together.
    pub(in crate::config) run: Option<Run>,
    /// Checks on prompts and variables before any model is asked, and scans of answers.
    pub(in crate::config) lints: Option<Lints>,
    /// Where prompts are served, each under a name of your choice.
    pub(in crate::config) environments: Option<Named<rollout::Environment>>,
    /// How rollouts go, in every environment that says nothing else.
    #[expect(dead_code, reason = "read here for its schema; its values arrive in the environments")]
    pub(in crate::config) rollouts: Option<rollout::Rollouts>,
    /// How head is compared with base.
    pub(in crate::config) regression: Option<Regression>,
    /// Where rollouts, the registry and the audit log are kept between runs.
    pub(in crate::config) store: Option<store::Store>,
    /// What GitHub is told.
    pub(in crate::config) github: Option<GitHub>,
    /// What `pr` checks of a pull request.
    pub(in crate::config) pull_request: Option<PullRequest>,
    /// Versions of the repository and of prompts.
    pub(in crate::config) release: Option<Release>,
    /// What makes a rollout's percentage real, each under a name of your choice.
    pub(in crate::config) targets: Option<Named<targets::Target>>,
    /// Where health numbers come from, each under a name of your choice.
    pub(in crate::config) metric_sources: Option<Named<metric_sources::MetricSource>>,
    /// Rules over numbers that other tools produced: coverage, tests, findings, latencies.
    pub(in crate::config) gates: Option<Gates>,
    /// What `monitor` looks at in production.
    pub(in crate::config) monitor: Option<monitor::Monitor>,
    /// Who is told of rollouts and rollbacks, each channel under a name of your choice.
    pub(in crate::config) notifications: Option<Named<notifications::Channel>>,
    /// What is kept of runs, so that a flaky case is told from a regression.
    pub(in crate::config) history: Option<history::History>,
    /// Cases that are asked and shown, and do not fail a run, for a time.
    #[serde(default)]
    pub(in crate::config) quarantine: Vec<Option<history::Quarantine>>,
}

/// A provider: a server, a program or a recording that answers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Provider {
    /// How it is asked.
    #[schemars(required, schema_with = "kind")]
    pub(in crate::config) kind: Option<String>,
    /// The model asked for where neither the suite nor the prompt names one.
    #[schemars(length(min = 1))]
    pub(in crate::config) model: Option<String>,
    /// Model parameters laid under the prompt's own; OpenAI's names, the server's own ones under `extra`.
    pub(in crate::config) parameters: Option<Map<String, Value>>,
    /// What tokens cost in US dollars.
    pub(in crate::config) prices: Option<Prices>,
    /// The address before `/chat/completions` or `/messages` (openai, anthropic, github-models).
    #[schemars(length(min = 1), example = "http://127.0.0.1:8080/v1")]
    pub(in crate::config) base_url: Option<String>,
    /// The name of the environment variable that holds the key, never the key itself (openai, anthropic, github-models).
    #[schemars(example = &"OPENAI_API_KEY")]
    pub(in crate::config) api_key_env: Option<String>,
    /// Extra headers with fixed texts (openai, anthropic, github-models).
    pub(in crate::config) headers: Option<BTreeMap<String, String>>,
    /// Whether answers are streamed, which makes the time to the first token known (openai, anthropic, github-models).
    pub(in crate::config) stream: Option<bool>,
    /// Requests that may begin within 60 seconds, retries among them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(in crate::config) requests_per_minute: Option<u64>,
    /// Tokens of requests and answers within 60 seconds; guessed until the provider says how many they were.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub(in crate::config) tokens_per_minute: Option<u64>,
    /// The program and its arguments (command).
    #[schemars(length(min = 1))]
    pub(in crate::config) command: Option<Vec<Option<String>>>,
    /// Environment variables set to a fixed text (command).
    pub(in crate::config) env: Option<BTreeMap<String, String>>,
    /// Environment variables the program may see (command).
    pub(in crate::config) pass_env: Option<Vec<Option<String>>>,
    /// The file of recorded answers (cassette).
    #[schemars(length(min = 1))]
    pub(in crate::config) path: Option<String>,
    /// The provider it is recorded from (cassette).
    #[schemars(length(min = 1))]
    pub(in crate::config) of: Option<String>,
}

/// Prices in US dollars.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Prices {
    /// Dollars for a million tokens of the request.
    #[schemars(required, range(min = 0.0))]
    pub(in crate::config) input_per_million: Option<f64>,
    /// Dollars for a million tokens of the answer.
    #[schemars(required, range(min = 0.0))]
    pub(in crate::config) output_per_million: Option<f64>,
}

/// Values for suites that do not say it themselves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "read here for its schema; its values arrive in the suites")]
pub(in crate::config) struct SuiteDefaults {
    /// The provider's name.
    #[schemars(length(min = 1))]
    pub(in crate::config) provider: Option<String>,
    /// The provider that judges where a model-graded assertion names none.
    #[schemars(length(min = 1))]
    pub(in crate::config) judge: Option<String>,
    /// How many requests of a suite may be under way at once.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) concurrency: Option<u32>,
    /// How often every case is asked: a number, or `{min, max}` to ask more often only while the verdict is open.
    #[serde(default)]
    #[schemars(schema_with = "repeat::schema")]
    pub(in crate::config) repeat: Option<Value>,
    /// The share of samples that must pass, from 0 to 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) min_pass_rate: Option<f64>,
    /// How long things may take.
    pub(in crate::config) limits: Option<Limits>,
}

/// Test cases for one prompt, with a provider, assertions, repeats and limits.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Suite {
    /// The suite's name, unique in the file.
    #[schemars(required, length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// The prompt's file, relative to this one.
    #[schemars(required, length(min = 1), example = "prompts/greeting.prompt.yml")]
    pub(in crate::config) prompt: Option<String>,
    /// The provider's name.
    #[schemars(length(min = 1))]
    pub(in crate::config) provider: Option<String>,
    /// The provider that judges where a model-graded assertion names none.
    #[schemars(length(min = 1))]
    pub(in crate::config) judge: Option<String>,
    /// The model asked for; else the prompt's, else the provider's.
    #[schemars(length(min = 1))]
    pub(in crate::config) model: Option<String>,
    /// Model parameters laid over the prompt's own; OpenAI's names, the server's own ones under `extra`.
    pub(in crate::config) parameters: Option<Map<String, Value>>,
    /// How many requests of this suite may be under way at once.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) concurrency: Option<u32>,
    /// How often every case is asked: a number, or `{min, max}` to ask more often only while the verdict is open.
    #[serde(default)]
    #[schemars(schema_with = "repeat::schema")]
    pub(in crate::config) repeat: Option<Value>,
    /// The share of samples that must pass, from 0 to 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) min_pass_rate: Option<f64>,
    /// Words to select suites by.
    #[serde(default)]
    pub(in crate::config) tags: Vec<Option<String>>,
    /// How long things may take.
    pub(in crate::config) limits: Option<Limits>,
    /// What the whole suite may come to: a limit for each metric.
    pub(in crate::config) performance: Option<Performance>,
    /// The cases: a file, a list of files, or the cases themselves; without them those of the prompt's file.
    #[serde(default)]
    #[schemars(schema_with = "text_or_list")]
    pub(in crate::config) cases: Option<Value>,
    /// What every case of this suite gets.
    pub(in crate::config) defaults: Option<CaseDefaults>,
}

/// How long things may take, like `500ms`, `30s`, `5m` or `2h`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Limits {
    /// One request, from the first byte sent to the last byte read.
    #[schemars(example = "30s")]
    pub(in crate::config) request: Option<String>,
    /// One sample with its retries.
    #[schemars(example = "2m")]
    pub(in crate::config) case: Option<String>,
    /// The whole suite.
    #[schemars(example = "30m")]
    pub(in crate::config) suite: Option<String>,
}

/// What a whole suite may come to; above it the suite fails, and where a number is not known it is inconclusive.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Performance {
    /// The mean latency of its answers.
    #[schemars(example = "2s")]
    pub(in crate::config) latency_mean: Option<String>,
    /// The latency that 95 of 100 answers keep to.
    #[schemars(example = "5s")]
    pub(in crate::config) latency_p95: Option<String>,
    /// The latency that 99 of 100 answers keep to.
    #[schemars(example = "8s")]
    pub(in crate::config) latency_p99: Option<String>,
    /// US dollars for all its answers together, judges aside.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) cost_usd: Option<f64>,
    /// Tokens of all its requests and answers together, as the provider counts them.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 4_000_000_000_u32))]
    pub(in crate::config) tokens: Option<u32>,
}

/// What every case of a suite gets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct CaseDefaults {
    /// Variables that a case may override.
    pub(in crate::config) vars: Option<Map<String, Value>>,
    /// Assertions beside the case's own.
    pub(in crate::config) assert: Option<Vec<Value>>,
    /// The weighted score, from 0 to 1, from which a case passes; without it every assertion must pass.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub(in crate::config) threshold: Option<f64>,
}

/// The kinds of providers, in the order of the documentation.
pub(in crate::config) const KINDS: [&str; 6] = ["openai", "anthropic", "github-models", "command", "echo", "cassette"];

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": KINDS})
}

fn text_or_list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "array"], "minLength": 1})
}

fn text_or_false(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "boolean"], "minLength": 1})
}

/// A whole number, also where it is written as `4.0`: the schema takes both.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = f64::deserialize(deserializer)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds the number to 1..=10,000,000")]
    Ok(Some(number as u32))
}
