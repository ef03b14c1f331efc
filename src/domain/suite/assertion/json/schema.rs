//! JSON Schema: which values are allowed. Nothing is fetched, and formats are checked.

use jsonschema::{ValidationError, Validator, paths::LocationSegment};
use serde_json::Value;

use super::keywords;
use crate::domain::suite::assertion::{
    Problem,
    excerpt::{EXCERPT, shorten},
    operand::unexpected,
};

/// How many violations a reason names.
const NAMED: usize = 3;

/// One message, which may list what the answer contains.
const MESSAGE: usize = 200;

/// How many of a schema's mistakes are reported.
const MISTAKES: usize = 20;

/// A compiled schema; draft 2020-12 unless `$schema` names another.
#[derive(Debug)]
pub(in crate::domain::suite::assertion) struct Schema(Validator);

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// What is wrong with it, with paths below `path`.
    pub(in crate::domain::suite::assertion) fn parse(value: &Value, path: &str) -> Result<Self, Vec<Problem>> {
        match value {
            Value::Object(_) | Value::Bool(true) => {}
            Value::Bool(false) => {
                let problem = Problem::new(path, "the schema `false` allows nothing");
                return Err(vec![problem.with_help("negate an assertion with `not-` in front of its name")]);
            }
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(vec![unexpected(path, "a JSON Schema", value)]);
            }
        }
        let compiled = jsonschema::options().offline().should_validate_formats(true).should_ignore_unknown_formats(false).build(value);
        let schema = compiled.map(Self).map_err(|first| mistakes(value, &first, path))?;
        let mut misspelt = Vec::new();
        keywords::check(value, path, &mut misspelt);
        if misspelt.is_empty() { Ok(schema) } else { Err(misspelt) }
    }

    /// Why a value is not allowed, with the first violations; `None` when it is.
    pub(in crate::domain::suite::assertion) fn misfit(&self, value: &Value) -> Option<String> {
        if self.0.is_valid(value) {
            return None;
        }
        let mut errors = self.0.iter_errors(value);
        let named: Vec<String> = errors.by_ref().take(NAMED).map(|error| violation(&error)).collect();
        let more = if errors.next().is_some() { "; and more" } else { "" };
        Some(format!("{}{more}", named.join("; ")))
    }
}

/// All mistakes the meta-schema finds, else the one the compiler stopped at.
fn mistakes(schema: &Value, first: &ValidationError<'_>, path: &str) -> Vec<Problem> {
    let found: Vec<Problem> = jsonschema::meta::validator_for(schema)
        .map(|meta| meta.iter_errors(schema).take(MISTAKES).map(|error| mistake(&error, path)).collect())
        .unwrap_or_default();
    if found.is_empty() { vec![mistake(first, path)] } else { found }
}

fn mistake(error: &ValidationError<'_>, path: &str) -> Problem {
    let at = error.instance_path();
    let last = at.segments().last();
    let problem_path = below(path, at.segments());
    let text = error.to_string();
    // The compiler's messages speak of its own interface; these are the ones people meet.
    if let Some(format) = text.strip_prefix("Unknown format: '").and_then(|rest| rest.split('\'').next()) {
        return Problem::new(problem_path, format!("unknown format `{}`", shorten(format, EXCERPT)));
    }
    if text.contains("retrieving it failed") {
        let problem = Problem::new(problem_path, "the schema refers to another file or address, and nothing is fetched");
        return problem.with_help("write the referred schema under `$defs` and refer to `#/$defs/…`");
    }
    if matches!(&last, Some(LocationSegment::Property(name)) if name.as_ref() == "type") {
        let problem = Problem::new(problem_path, format!("{} is no type", shorten(error.instance(), EXCERPT)));
        return problem.with_help("types are string, number, integer, boolean, array, object and null");
    }
    let message = error.masked_with(shorten(error.instance(), EXCERPT)).to_string();
    Problem::new(problem_path, format!("not a JSON Schema: {}", shorten(message, MESSAGE)))
}

/// The key in the configuration, as far as its parts can be written as `a.b[1]`.
fn below<'a>(path: &str, segments: impl Iterator<Item = LocationSegment<'a>>) -> String {
    let plain = |segment: &LocationSegment<'_>| !matches!(segment, LocationSegment::Property(name) if !is_plain(name));
    segments.take_while(plain).fold(path.to_owned(), |path, segment| path + &part(&segment))
}

/// `$.items[0].price: "x" is not of type "number"`.
fn violation(error: &ValidationError<'_>) -> String {
    let place = error.instance_path().segments().fold("$".to_owned(), |place, segment| place + &part(&segment));
    let message = error.masked_with(shorten(error.instance(), EXCERPT)).to_string();
    format!("{}: {}", shorten(place, EXCERPT), shorten(message, MESSAGE))
}

fn part(segment: &LocationSegment<'_>) -> String {
    match segment {
        LocationSegment::Property(name) if is_plain(name) => format!(".{name}"),
        LocationSegment::Property(name) => format!("[{name:?}]"),
        LocationSegment::Index(index) => format!("[{index}]"),
    }
}

pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
}
