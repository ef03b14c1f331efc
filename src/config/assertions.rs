//! Reading assertions: the domain knows what they take, this file knows where they stand.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{check::mistyped, path::Path, problems::Finding};
use crate::domain::suite::assertion::{Assertion, Problem, kinds};

/// A reader that reads equal assertions once and shares them: suites repeat the same few in every case.
#[derive(Debug, Default)]
pub(super) struct Assertions {
    read: HashMap<String, Result<Arc<Assertion>, Vec<Problem>>>,
}

impl Assertions {
    /// Reads a list of assertions; those with problems are left out.
    pub(super) fn list(&mut self, value: &Value, path: &Path, findings: &mut Vec<Finding>) -> Vec<Arc<Assertion>> {
        let Some(items) = value.as_array() else {
            let finding = mistyped(path, "expected a list of assertions", false, value);
            let help = "write a list, also for a single assertion: `[{contains: text}]`".to_owned();
            findings.push(if value.is_null() { finding } else { finding.help(help) });
            return Vec::new();
        };
        items.iter().enumerate().filter_map(|(index, item)| self.one(item, &path.index(index), findings)).collect()
    }

    /// Reads one assertion.
    pub(super) fn one(&mut self, value: &Value, path: &Path, findings: &mut Vec<Finding>) -> Option<Arc<Assertion>> {
        let read = self.read.entry(value.to_string()).or_insert_with(|| parse_assertion(value).map(Arc::new));
        match read {
            Ok(assertion) => Some(Arc::clone(assertion)),
            Err(problems) => {
                findings.extend(problems.iter().map(|problem| locate(problem, path)));
                None
            }
        }
    }
}

fn locate(problem: &Problem, path: &Path) -> Finding {
    Finding::error(path.join(&Path::parse(&problem.path)), problem.message.clone()).help(problem.help.clone())
}

/// The names of all kinds, without `not-`.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    // STUB: without the chain once the kinds have landed.
    kinds().map(|kind| kind.name).chain(stub::NAMES)
}

// STUB until `Assertion::parse` lands: then this function is the one line `Assertion::parse(value)`, and the rest of
// this file below goes.
fn parse_assertion(value: &Value) -> Result<Assertion, Vec<Problem>> {
    stub::parse(value)
}

mod stub {
    use std::sync::Arc;

    use serde_json::Value;

    use crate::domain::{
        prompt::{TemplateError, Variables},
        suite::assertion::{Assertion, Check, Judgement, Problem, Subject},
    };

    pub(super) const NAMES: [&str; 6] = ["equals", "contains", "contains-any", "regex", "is-json", "max-words"];

    #[derive(Debug)]
    struct Nothing;

    impl Check for Nothing {
        fn judge(&self, _: &Subject<'_>) -> Judgement {
            Judgement::new(true, "stub")
        }

        fn prepare(&self, _: &Variables) -> Result<(), TemplateError> {
            Ok(())
        }
    }

    pub(super) fn parse(value: &Value) -> Result<Assertion, Vec<Problem>> {
        let map = value.as_object().ok_or_else(|| vec![Problem::new("", "an assertion is a map")])?;
        let name = match map.get("type") {
            Some(name) => name.as_str().unwrap_or_default(),
            None => map.keys().next().map(String::as_str).unwrap_or_default(),
        };
        if !NAMES.contains(&name.trim_start_matches("not-")) {
            let at = if map.contains_key("type") { "type" } else { name };
            return Err(vec![Problem::new(at, format!("unknown assertion `{name}`")).with_help(format!("there are {}", NAMES.join(", ")))]);
        }
        let weight = map.get("weight").and_then(Value::as_f64).unwrap_or(1.0);
        Ok(Assertion {
            name: name.to_owned(),
            label: value.to_string(),
            negated: name.starts_with("not-"),
            weight,
            check: Arc::new(Nothing),
        })
    }
}
