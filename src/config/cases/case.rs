//! One case, whatever file it comes from. Checked by hand: a schema check for each of ten thousand would be slow.

use serde_json::{Map, Value};

use crate::{
    config::{
        assertions::Assertions,
        check::{mistyped, unknown_key_of},
        path::Path,
        problems::Finding,
    },
    domain::{
        diagnostic::Place,
        suite::{Case, CaseId},
    },
};

/// The keys of a case and what an editor shows for them.
pub(in crate::config) const KEYS: &[(&str, &str)] = &[
    ("id", "The case's name, unique in its suite; its position where there is none."),
    ("description", "What the case is about."),
    ("vars", "The prompt's variables."),
    ("expected", "The reference answer, seen by assertions as `{{expected}}`."),
    ("assert", "Checks on the answer, beside those of the suite."),
    ("threshold", "The weighted score, from 0 to 1, from which the case passes; without it every assertion must pass."),
    ("tags", "Words to select cases by."),
];

/// Reads cases; equal assertions are read once.
#[derive(Debug, Default)]
pub(in crate::config) struct CaseReader {
    pub(in crate::config) assertions: Assertions,
}

impl CaseReader {
    /// Reads the case at `path`, the `position`th of its file from 1. What is wrong is reported and left out.
    pub(in crate::config) fn read(
        &mut self,
        value: Value,
        position: usize,
        place: Place,
        path: &Path,
        findings: &mut Vec<Finding>,
    ) -> Option<Case> {
        let Value::Object(mut map) = value else {
            let help = "write a map with `vars` and `assert`".to_owned();
            findings.push(mistyped(path, "expected a case", false, &value).help(help));
            return None;
        };
        let id = id(map.get("id"), position, &path.key("id"), findings);
        let description = text(map.get("description"), &path.key("description"), findings);
        let vars = vars(map.shift_remove("vars"), &path.key("vars"), findings);
        let expected = map.shift_remove("expected");
        let threshold = threshold(map.get("threshold"), &path.key("threshold"), findings);
        let tags = texts(map.get("tags"), &path.key("tags"), findings);
        let assertions = map.get("assert").map(|list| self.assertions.list(list, &path.key("assert"), findings)).unwrap_or_default();
        for key in map.keys().filter(|key| !KEYS.iter().any(|(known, _)| known == key)) {
            findings.push(unknown_key_of(path, key, KEYS.iter().map(|(known, _)| *known)));
        }
        Some(Case { id, description, vars, expected, assertions, threshold, tags, place, assertion_lines: Vec::new() })
    }
}

/// The id a case has by its position.
pub(super) fn id_of_position(position: usize) -> CaseId {
    CaseId(position.to_string())
}

fn id(value: Option<&Value>, position: usize, path: &Path, findings: &mut Vec<Finding>) -> CaseId {
    match value {
        None => {}
        Some(Value::String(text)) if text.trim().is_empty() => findings.push(Finding::error(path.clone(), "must not be empty")),
        Some(Value::String(text)) => return CaseId(text.clone()),
        Some(Value::Number(number)) => return CaseId(number.to_string()),
        Some(other) => findings.push(mistyped(path, "expected a string or a number", false, other)),
    }
    id_of_position(position)
}

fn text(value: Option<&Value>, path: &Path, findings: &mut Vec<Finding>) -> Option<String> {
    let value = value?;
    let text = value.as_str().map(str::to_owned);
    if text.is_none() {
        findings.push(mistyped(path, "expected a string", true, value));
    }
    text
}

fn vars(value: Option<Value>, path: &Path, findings: &mut Vec<Finding>) -> Map<String, Value> {
    match value {
        None => Map::new(),
        Some(Value::Object(vars)) => vars,
        Some(other) => {
            findings.push(mistyped(path, "expected a map of variables", false, &other));
            Map::new()
        }
    }
}

fn threshold(value: Option<&Value>, path: &Path, findings: &mut Vec<Finding>) -> Option<f64> {
    let value = value?;
    match value.as_f64() {
        // A threshold of 0 is reached by every answer.
        Some(number) if number > 0.0 && number <= 1.0 => return Some(number),
        Some(number) => findings.push(Finding::error(path.clone(), format!("must be above 0 and at most 1, found {number}"))),
        None => findings.push(mistyped(path, "expected a number", false, value)),
    }
    None
}

fn texts(value: Option<&Value>, path: &Path, findings: &mut Vec<Finding>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    let Some(items) = value.as_array() else {
        findings.push(mistyped(path, "expected a list of strings", false, value));
        return Vec::new();
    };
    items.iter().enumerate().filter_map(|(index, item)| text(Some(item), &path.index(index), findings)).collect()
}
