//! The cases a prompt's file brings along: GitHub's `testData` with `evaluators`, or the seed's `test_cases` with
//! `validation_rules`.

mod evaluators;
mod rules;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Reader;
use crate::{
    config::{
        check::{mistyped, unknown_key_of},
        path::Path,
        problems::Finding,
    },
    domain::{
        diagnostic::Place,
        suite::{Case, CaseId, assertion::Assertion, assertion::rule},
    },
};
use rules::Rules;

/// Cases of a prompt's file, for suites that have none.
#[derive(Debug)]
pub struct OwnCases {
    /// The key they stand under.
    pub key: &'static str,
    /// Where that is.
    pub place: Place,
    /// The cases; never empty.
    pub cases: Vec<Case>,
}

/// What the file has under the four keys.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) test_data: Option<Value>,
    pub(super) evaluators: Option<Value>,
    pub(super) test_cases: Option<Value>,
    pub(super) validation_rules: Option<Value>,
}

/// The keys of a case in the seed's form.
const CASE_KEYS: [&str; 4] = ["name", "input_data", "expected_output", "validation_rules"];

impl Reader<'_, '_> {
    pub(super) fn own_cases(&mut self, written: Written) -> Option<OwnCases> {
        let root = Path::root();
        let mut rules = Rules::default();
        let mut shared = written.evaluators.map(|list| self.evaluators(&list, &root.key("evaluators"))).unwrap_or_default();
        shared
            .extend(written.validation_rules.map(|list| self.rules(&list, &root.key("validation_rules"), &mut rules)).unwrap_or_default());
        let data = written.test_data.and_then(|data| self.list(data, &root.key("testData")));
        let seed = written.test_cases.and_then(|cases| self.list(cases, &root.key("test_cases")));
        let (key, cases) = match (data, seed) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                self.error(root.key("test_cases"), "`testData` and `test_cases` exclude each other", "move all cases under one of them");
                return None;
            }
            (Some(items), None) => ("testData", self.test_data(items, &shared)),
            (None, Some(items)) => ("test_cases", self.test_cases(items, &shared, &mut rules)),
        };
        Some(OwnCases { key, place: self.problems.place_of(&root.key(key)), cases })
    }

    /// The items of a list; an empty one says nothing.
    fn list(&mut self, value: Value, path: &Path) -> Option<Vec<Value>> {
        match value {
            Value::Array(items) => (!items.is_empty()).then_some(items),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                self.problems.push(mistyped(path, "expected a list of cases", false, &other));
                None
            }
        }
    }

    /// The items that are maps; others are reported.
    fn maps(&mut self, items: Vec<Value>, path: &Path) -> Vec<(usize, Path, Map<String, Value>)> {
        let mut maps = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = path.index(index);
            match item {
                Value::Object(map) => maps.push((index, path, map)),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                    self.problems.push(mistyped(&path, "expected a map of variables", false, &other));
                }
            }
        }
        maps
    }

    /// GitHub's cases: variables, and the expected answer among them.
    fn test_data(&mut self, items: Vec<Value>, shared: &[Arc<Assertion>]) -> Vec<Case> {
        let maps = self.maps(items, &Path::root().key("testData"));
        let case = |(index, path, mut vars): (usize, Path, Map<String, Value>)| {
            let expected = vars.shift_remove("expected");
            self.case(CaseId((index + 1).to_string()), &path, vars, expected, shared.to_vec())
        };
        maps.into_iter().map(case).collect()
    }

    /// The seed's cases: a map of variables, or a map of `name`, `input_data`, `expected_output` and `validation_rules`.
    fn test_cases(&mut self, items: Vec<Value>, shared: &[Arc<Assertion>], rules: &mut Rules) -> Vec<Case> {
        let mut cases = Vec::with_capacity(items.len());
        for (index, path, mut map) in self.maps(items, &Path::root().key("test_cases")) {
            let mut assertions = shared.to_vec();
            let mut id = CaseId((index + 1).to_string());
            let (vars, expected) = if CASE_KEYS.iter().skip(1).any(|key| map.contains_key(*key)) {
                for key in map.keys().filter(|key| !CASE_KEYS.contains(&key.as_str())) {
                    self.problems.push(unknown_key_of(&path, key, CASE_KEYS));
                }
                id = self.name(map.get("name"), &path.key("name")).unwrap_or(id);
                if let Some(list) = map.get("validation_rules") {
                    assertions.extend(self.rules(list, &path.key("validation_rules"), rules));
                }
                let expected = map.shift_remove("expected_output");
                (self.input(map.shift_remove("input_data"), &path.key("input_data")), expected)
            } else {
                (map, None)
            };
            if assertions.is_empty() {
                assertions.push(Arc::clone(rules.answered.get_or_insert_with(|| Arc::new(rule::answered()))));
            }
            cases.push(self.case(id, &path, vars, expected, assertions));
        }
        cases
    }

    fn name(&mut self, value: Option<&Value>, path: &Path) -> Option<CaseId> {
        match value? {
            Value::String(name) if name.trim().is_empty() => self.problems.push(Finding::error(path.clone(), "must not be blank")),
            Value::String(name) => return Some(CaseId(name.clone())),
            Value::Number(number) => return Some(CaseId(number.to_string())),
            other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                self.problems.push(mistyped(path, "expected a string", true, other));
            }
        }
        None
    }

    fn input(&mut self, value: Option<Value>, path: &Path) -> Map<String, Value> {
        match value {
            None => Map::new(),
            Some(Value::Object(vars)) => vars,
            Some(other) => {
                self.problems.push(mistyped(path, "expected a map of variables", false, &other));
                Map::new()
            }
        }
    }

    fn case(&self, id: CaseId, path: &Path, vars: Map<String, Value>, expected: Option<Value>, assertions: Vec<Arc<Assertion>>) -> Case {
        let place = self.problems.place_of(path);
        Case { id, description: None, vars, expected, assertions, threshold: None, tags: Vec::new(), place, assertion_lines: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
