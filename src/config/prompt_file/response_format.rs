//! `responseFormat` and `jsonSchema`, as OpenAI wants them.

use serde_json::{Value, json};

use crate::{
    config::{
        path::Path,
        problems::Finding,
        strict_json::{self, JsonError},
        suggest,
    },
    domain::{diagnostic::Diagnostic, prompt::TextPlace},
};

/// What is wrong, with a path or already with a place.
#[derive(Debug)]
pub(super) enum Problem {
    At(Finding),
    Placed(Diagnostic),
}

/// The value of the parameter `response_format`. `place` is where the text of `jsonSchema` is, if it is a text.
pub(super) fn read(format: Option<&str>, schema: Option<&Value>, place: Option<&TextPlace>) -> Result<Option<Value>, Box<Problem>> {
    let at = |key: &str, message: &str, help: &str| {
        Err(Box::new(Problem::At(Finding::error(Path::root().key(key), message).help(help.to_owned()))))
    };
    match (format, schema) {
        (Some("json_schema"), Some(schema)) => {
            wrapped(schema, place).map(|schema| Some(json!({"type": "json_schema", "json_schema": schema})))
        }
        (Some("json_schema"), None) => {
            at("jsonSchema", "`jsonSchema` is missing", "`responseFormat: json_schema` needs `jsonSchema: {name: …, schema: {…}}`")
        }
        (_, Some(_)) => {
            at("jsonSchema", "`jsonSchema` has no effect without `responseFormat: json_schema`", "add `responseFormat: json_schema`")
        }
        (Some(format), None) => Ok(Some(json!({"type": format}))),
        (None, None) => Ok(None),
    }
}

fn wrapped(written: &Value, place: Option<&TextPlace>) -> Result<Value, Box<Problem>> {
    let path = Path::root().key("jsonSchema");
    let wrong = |path: Path, message: String, help: &str| Err(Box::new(Problem::At(Finding::error(path, message).help(help.to_owned()))));
    let from_text = match (written, place) {
        (Value::String(text), Some(place)) => Some(strict_json::parse(text).map_err(|error| not_json(&error, place))?),
        (_, _) => None,
    };
    let value = from_text.as_ref().unwrap_or(written);
    // Inside a text there are no places of their own.
    let inner = |key: &str| if from_text.is_some() { path.clone() } else { path.key(key) };
    let (name, schema) = (value.get("name").and_then(Value::as_str), value.get("schema"));
    let (Some(name), Some(schema)) = (name, schema) else {
        return wrong(path, "the schema needs a `name` and a `schema`".to_owned(), "write {name: answer, schema: {type: object, …}}");
    };
    if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        let message = format!("`{}` is no name for a schema", suggest::shorten(name));
        return wrong(inner("name"), message, "use up to 64 letters, digits, `_` and `-`");
    }
    if let Err(error) = jsonschema::validator_for(schema) {
        let message = format!("this is no valid JSON Schema: {}", suggest::shorten(&error.masked().to_string()));
        return wrong(inner("schema"), message, "check the keyword and its value");
    }
    Ok(value.clone())
}

fn not_json(error: &JsonError, place: &TextPlace) -> Box<Problem> {
    let diagnostic = Diagnostic::error(place.at(error.line, error.column), "jsonSchema", format!("not JSON: {}", error.message));
    Box::new(Problem::Placed(diagnostic.with_help("write the schema as JSON, or as a YAML map")))
}
