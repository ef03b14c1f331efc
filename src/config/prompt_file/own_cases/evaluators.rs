//! GitHub's `evaluators`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::Reader;
use crate::{
    config::{
        check::{mistyped, unknown_key_of},
        path::Path,
        problems::Finding,
    },
    domain::suite::assertion::Assertion,
};

/// GitHub's checks of texts and our kinds for them. GitHub minds letter case in `equals` alone.
const STRINGS: [(&str, &str); 4] =
    [("equals", "equals"), ("contains", "icontains"), ("startsWith", "istarts-with"), ("endsWith", "iends-with")];

impl Reader<'_, '_> {
    /// Reads the evaluators; what is wrong or not supported is reported and left out.
    pub(super) fn evaluators(&mut self, value: &Value, path: &Path) -> Vec<Arc<Assertion>> {
        let Some(items) = value.as_array() else {
            self.problems.push(mistyped(path, "expected a list of evaluators", false, value));
            return Vec::new();
        };
        let mut assertions = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            match item {
                Value::Object(evaluator) => self.evaluator(evaluator, &path, &mut assertions),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    self.problems.push(mistyped(&path, "expected an evaluator", false, item));
                }
            }
        }
        assertions
    }

    fn evaluator(&mut self, evaluator: &Map<String, Value>, path: &Path, assertions: &mut Vec<Arc<Assertion>>) {
        for key in evaluator.keys().filter(|key| !["name", "string", "llm", "uses"].contains(&key.as_str())) {
            self.problems.push(unknown_key_of(path, key, ["name", "string", "llm", "uses"]));
        }
        let name = evaluator.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
        for key in ["llm", "uses"].into_iter().filter(|key| evaluator.contains_key(*key)) {
            let message = format!("`{key}` asks a model, which is not supported yet: it judges nothing, so add `string` checks");
            let help = "or write assertions under `defaults.assert` of the suite".to_owned();
            self.problems.push(Finding::warning(path.key(key), message).at_key().help(help));
        }
        match evaluator.get("string") {
            Some(Value::Object(checks)) => self.string_checks(checks, name, &path.key("string"), assertions),
            Some(other) => self.problems.push(mistyped(&path.key("string"), "expected a map such as `{contains: text}`", false, other)),
            None if evaluator.contains_key("llm") || evaluator.contains_key("uses") => {}
            None => {
                let help = "add for example `string: {contains: text}`".to_owned();
                self.problems.push(Finding::error(path.clone(), "the evaluator checks nothing").help(help));
            }
        }
    }

    fn string_checks(&mut self, checks: &Map<String, Value>, name: Option<&str>, path: &Path, assertions: &mut Vec<Arc<Assertion>>) {
        if checks.is_empty() {
            self.problems.push(Finding::error(path.clone(), "the evaluator checks nothing").help("add `contains: text`".to_owned()));
        }
        for (key, value) in checks {
            let path = path.key(key.as_str());
            let Some((_, kind)) = STRINGS.iter().find(|(known, _)| known == key) else {
                let parent = path.split_last().map(|(parent, _)| parent).unwrap_or_default();
                self.problems.push(unknown_key_of(&parent, key, STRINGS.map(|(known, _)| known)));
                continue;
            };
            match Assertion::parse(&json!({"type": kind, "value": value})) {
                Ok(assertion) => {
                    let label = name.map_or_else(|| assertion.label.clone(), str::to_owned);
                    assertions.push(Arc::new(Assertion { label, ..assertion }));
                }
                Err(problems) => {
                    self.problems
                        .extend(problems.into_iter().map(|problem| Finding::error(path.clone(), problem.message).help(problem.help)));
                }
            }
        }
    }
}
