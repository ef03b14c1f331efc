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
    /// Forgets what was read once it is more than so many different ones: nobody repeats himself that late.
    pub(super) fn forget_beyond(&mut self, most: usize) {
        if self.read.len() > most {
            self.read.clear();
        }
    }

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
        let read = self.read.entry(value.to_string()).or_insert_with(|| Assertion::parse(value).map(Arc::new));
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
    kinds().map(|kind| kind.name)
}
