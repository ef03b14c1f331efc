//! What an assertion compares with: texts with variables, and the errors of writing them.

use std::borrow::Cow;

use serde_json::Value;

use super::{Parameters, Problem};
use crate::domain::prompt::{Template, TemplateError, Variables};

/// The `value` of an assertion that cannot do without.
///
/// # Errors
/// When it is missing.
pub(super) fn required<'a>(parameters: &Parameters<'a>) -> Result<&'a Value, Problem> {
    parameters.value.ok_or_else(|| missing("value"))
}

/// The problem of a key that is not there. It stands at the assertion itself, since the key has no place.
pub(super) fn missing(key: &str) -> Problem {
    Problem::new("", format!("`{key}` is missing"))
}

/// A text with variables. Numbers and booleans stand for their own text.
///
/// # Errors
/// When it is something else, or the template does not parse.
pub(super) fn text(value: &Value, path: &str) -> Result<Template, Problem> {
    match value {
        Value::String(source) => template(source, path),
        Value::Number(number) => Ok(Template::literal(number.to_string())),
        Value::Bool(flag) => Ok(Template::literal(flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(unexpected(path, "text", value)),
    }
}

/// A template, with the place of its syntax error.
///
/// # Errors
/// When it does not parse.
pub(super) fn template(source: &str, path: &str) -> Result<Template, Problem> {
    Template::parse(source).map_err(|error| Problem::new(path, format!("{} (line {} column {})", error.message, error.line, error.column)))
}

/// The text with its variables filled in, borrowed when it has none.
///
/// # Errors
/// When a variable is missing.
pub(super) fn render<'a>(template: &'a Template, variables: &Variables) -> Result<Cow<'a, str>, TemplateError> {
    if template.is_literal() { Ok(Cow::Borrowed(template.source())) } else { template.render(variables).map(Cow::Owned) }
}

/// An error that has no place in a template, in the form [`super::Check::prepare`] returns.
pub(super) fn unfit(message: impl Into<String>) -> TemplateError {
    TemplateError { message: message.into(), line: 1, column: 1, missing: None, read: None }
}

/// The problem of a value of the wrong type.
pub(super) fn unexpected(path: &str, expected: &str, found: &Value) -> Problem {
    Problem::new(path, format!("expected {expected}, found {}", describe(found)))
}

/// What a value is, for people who write YAML.
fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
