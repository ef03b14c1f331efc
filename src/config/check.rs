//! Checking values against the JSON Schema of a type, with messages in our own words.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, error::ValidationErrorKind, paths::LocationSegment};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings, transform::RestrictFormats};
use serde_json::{Map, Value};

use super::{
    path::{Path, Segment},
    problems::Finding,
    suggest,
};

/// What a check found, and what is left to look at.
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// The value without what is wrong; `None` when it is wrong as a whole.
    pub(super) sound: Option<Value>,
}

/// Checks a value against the schema of `T`.
pub(super) fn check<T: JsonSchema>(value: &Value) -> Checked {
    let schema = schema_of::<T>();
    let validator = jsonschema::draft202012::new(&schema).expect("the schemas of our own types are valid");
    let mut findings = Vec::new();
    let mut wrong = BTreeSet::new();
    for error in validator.iter_errors(value) {
        explain(&error, &schema, &mut findings, &mut wrong);
    }
    let mut sound = value.clone();
    // From the back, so that what is deep goes before what it is in.
    let keep = wrong.iter().rev().all(|path| remove(&mut sound, path));
    Checked { findings, sound: keep.then_some(sound) }
}

/// The schema of a type as written in files: keys may be left out, but null stands for nothing.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().with_transform(RestrictFormats::default()).into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    refuse_null(&mut schema);
    schema
}

/// Takes `null` out of what schemars makes of `Option`: a key without a value is a mistake, not a default.
fn refuse_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if map.get("default") == Some(&Value::Null) {
                map.shift_remove("default");
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    map.shift_remove("anyOf");
                    map.extend(only);
                }
            }
            map.values_mut().for_each(refuse_null);
        }
        Value::Array(items) => items.iter_mut().for_each(refuse_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "our schemas use few keywords; all others share one message")]
fn explain(error: &ValidationError<'_>, schema: &Value, findings: &mut Vec<Finding>, wrong: &mut BTreeSet<Path>) {
    let path = path_of(error);
    let rule = rule_of(error, schema);
    let found = || plain(error.instance());
    let finding = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for key in unexpected {
                wrong.insert(path.key(key.as_str()));
                findings.push(unknown_key(&path, key, rule));
            }
            return;
        }
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            let about = rule.and_then(|rule| rule.get("properties")?.get(property)?.get("description")?.as_str());
            let help = about.map_or_else(|| format!("add `{property}:`"), |about| format!("add `{property}:`, {}", first_sentence(about)));
            findings.push(Finding::error(path.key(property), format!("`{property}` is missing")).help(help));
            return;
        }
        ValidationErrorKind::Type { .. } => wrong_type(&path, error.instance(), rule),
        ValidationErrorKind::Enum { options } => {
            let names: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let written = error.instance().as_str().unwrap_or_default();
            let what = match path.segments().last() {
                Some(Segment::Key(key)) => key.as_str(),
                Some(Segment::Index(_)) | None => "value",
            };
            let message = format!("unknown {what} `{}`", suggest::shorten(&found()));
            Finding::error(path.clone(), message).help(suggest::help(written, "there are", names))
        }
        ValidationErrorKind::Minimum { limit } => {
            Finding::error(path.clone(), format!("must be at least {}, found {}", plain(limit), found()))
        }
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            Finding::error(path.clone(), format!("must be above {}, found {}", plain(limit), found()))
        }
        ValidationErrorKind::Maximum { limit } => {
            Finding::error(path.clone(), format!("must be at most {}, found {}", plain(limit), found()))
        }
        ValidationErrorKind::MinLength { .. } => Finding::error(path.clone(), "must not be empty"),
        ValidationErrorKind::MinItems { .. } => Finding::error(path.clone(), "the list must not be empty"),
        _ => Finding::error(path.clone(), error.masked_with("the value").to_string()),
    };
    wrong.insert(path);
    findings.push(finding);
}

/// An unknown key, with the known ones of its map.
pub(super) fn unknown_key(parent: &Path, key: &str, rule: Option<&Map<String, Value>>) -> Finding {
    let known = rule.and_then(|rule| rule.get("properties")?.as_object()).into_iter().flat_map(Map::keys).map(String::as_str);
    unknown_key_of(parent, key, known)
}

/// An unknown key, with the known ones.
pub(super) fn unknown_key_of<'a>(parent: &Path, key: &str, known: impl IntoIterator<Item = &'a str>) -> Finding {
    Finding::error(parent.key(key), format!("unknown key `{}`", suggest::shorten(key))).at_key().help(suggest::help(
        key,
        "known keys",
        known,
    ))
}

fn wrong_type(path: &Path, instance: &Value, rule: Option<&Map<String, Value>>) -> Finding {
    let expected = rule.and_then(|rule| rule.get("type"));
    let names: Vec<&str> = match expected {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(plain_type).collect(),
        Some(name) => name.as_str().map(plain_type).into_iter().collect(),
        None => Vec::new(),
    };
    let example = rule.and_then(|rule| rule.get("examples")?.get(0)).map(|example| format!(" such as `{}`", plain(example)));
    let expected = format!("expected {}{}", names.join(" or "), example.unwrap_or_default());
    let finding = mistyped(path, &expected, names.contains(&"a string"), instance);
    // An example says more than "put it in quotes".
    if rule.is_some_and(|rule| rule.contains_key("examples")) && !instance.is_null() { finding.help(None) } else { finding }
}

/// A value of a wrong type, with the quick way to mend it.
pub(super) fn mistyped(path: &Path, expected: &str, wants_text: bool, instance: &Value) -> Finding {
    let help = match instance {
        Value::Null => Some("give it a value, or remove the key".to_owned()),
        Value::Number(_) | Value::Bool(_) if wants_text => Some(format!("put it in quotes: \"{instance}\"")),
        Value::String(text) if !wants_text && text.parse::<f64>().is_ok() => Some("remove the quotes".to_owned()),
        Value::Object(_) if expected.contains("a list") => Some("write a list: each entry after a dash, or all in `[…]`".to_owned()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let finding = Finding::error(path.clone(), format!("{expected}, found {}", suggest::describe(instance))).help(help);
    if instance.is_null() { finding.at_key() } else { finding }
}

fn plain_type(name: &str) -> &str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        "null" => "nothing",
        other => other,
    }
}

/// A text without quotes, a number without a needless `.0`.
fn plain(value: &Value) -> String {
    match (value.as_str(), value.as_f64()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => value.to_string(),
    }
}

fn first_sentence(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').replace('\n', " ");
    let mut rest = sentence.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

fn path_of(error: &ValidationError<'_>) -> Path {
    error
        .instance_path()
        .segments()
        .map(|segment| match segment {
            LocationSegment::Property(key) => Segment::Key(key.into_owned()),
            LocationSegment::Index(index) => Segment::Index(index),
        })
        .collect()
}

/// The part of the schema whose keyword failed.
fn rule_of<'s>(error: &ValidationError<'_>, schema: &'s Value) -> Option<&'s Map<String, Value>> {
    let (rule, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema.pointer(rule)?.as_object()
}

/// Takes a value out; `false` when it is the whole document.
fn remove(value: &mut Value, path: &Path) -> bool {
    let Some((parent, last)) = path.split_last() else { return false };
    let mut target = Some(value);
    for segment in parent.segments() {
        target = target.and_then(|target| match segment {
            Segment::Key(key) => target.get_mut(key),
            Segment::Index(index) => target.get_mut(index),
        });
    }
    match (target, last) {
        (Some(Value::Object(map)), Segment::Key(key)) => drop(map.shift_remove(key)),
        (Some(Value::Array(items)), Segment::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                *item = Value::Null;
            }
        }
        (Some(_) | None, _) => {}
    }
    true
}
