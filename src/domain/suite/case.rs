//! A case: one set of variables with its assertions.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assertion::Assertion;
use crate::domain::diagnostic::Place;

/// The name of a case, unique in its suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(pub String);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One set of variables with its assertions.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name; its 1-based position where the user gave none.
    pub id: CaseId,
    /// What it is about.
    pub description: Option<String>,
    /// The prompt's variables.
    pub vars: Map<String, Value>,
    /// The reference answer, seen by assertions as `{{expected}}`.
    pub expected: Option<Value>,
    /// Its own assertions; the suite's come first.
    pub assertions: Vec<Arc<Assertion>>,
    /// The weighted score from which it passes; `None`: as the suite says.
    pub threshold: Option<f64>,
    /// Words to select cases by.
    pub tags: Vec<String>,
    /// Where it is written.
    pub place: Place,
    /// The lines of its own assertions, in order and in the same file; empty where they stand on the case's own line.
    pub assertion_lines: Vec<usize>,
}
