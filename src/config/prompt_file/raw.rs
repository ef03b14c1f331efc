//! A prompt file exactly as written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{config::raw::Named, domain::prompt::Role};

/// A prompt: GitHub's keys, and ours (version, template, variables, syntax).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PromptFile")]
pub(super) struct File {
    /// What the prompt is called in reports; else the file's name.
    #[schemars(length(min = 1))]
    pub(super) name: Option<String>,
    /// What it is for.
    pub(super) description: Option<String>,
    /// Its semantic version.
    #[schemars(example = "1.2.0")]
    pub(super) version: Option<String>,
    /// The model it was written for; a suite may name another.
    #[schemars(length(min = 1))]
    pub(super) model: Option<String>,
    /// Model parameters; the server's own ones under `extra`.
    pub(super) model_parameters: Option<Map<String, Value>>,
    /// The form of the answer.
    #[serde(default)]
    #[schemars(schema_with = "response_format")]
    pub(super) response_format: Option<String>,
    /// The JSON Schema of the answer with its name, as JSON text or as a map.
    #[serde(default)]
    #[schemars(schema_with = "text_or_map")]
    pub(super) json_schema: Option<Value>,
    /// The messages, in order.
    #[schemars(length(min = 1))]
    pub(super) messages: Option<Vec<Option<Message>>>,
    /// One message of the user, instead of `messages`.
    #[schemars(length(min = 1))]
    pub(super) template: Option<String>,
    /// The variables of the messages.
    pub(super) variables: Option<Named<Variable>>,
    /// How variables are written: `handlebars`, `python-format` or `jinja`.
    pub(super) syntax: Option<String>,
    /// GitHub's cases: variables, and `expected`.
    pub(super) test_data: Option<Value>,
    /// GitHub's checks for every case.
    pub(super) evaluators: Option<Value>,
    /// The seed's cases.
    #[serde(rename = "test_cases")]
    pub(super) test_cases: Option<Value>,
    /// The seed's rules for every case.
    #[serde(rename = "validation_rules")]
    pub(super) validation_rules: Option<Value>,
}

/// A message.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Message {
    /// Who says it.
    #[schemars(required)]
    pub(super) role: Option<RawRole>,
    /// The text, with variables as `{{name}}`.
    #[schemars(required, length(min = 1))]
    pub(super) content: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum RawRole {
    System,
    Developer,
    User,
    Assistant,
}

impl From<RawRole> for Role {
    fn from(role: RawRole) -> Self {
        match role {
            RawRole::System => Self::System,
            RawRole::Developer => Self::Developer,
            RawRole::User => Self::User,
            RawRole::Assistant => Self::Assistant,
        }
    }
}

/// A variable of the messages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Variable {
    /// What it holds.
    #[expect(dead_code, reason = "for people who read the file")]
    pub(super) description: Option<String>,
    /// Its value where neither case nor suite gives one.
    pub(super) default: Option<Value>,
    /// Whether every case must give it, which is so for all variables without a default; `false`: conditions may go without it.
    pub(super) required: Option<bool>,
}

fn response_format(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["text", "json_object", "json_schema"]})
}

fn text_or_map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "object"], "minLength": 1})
}
