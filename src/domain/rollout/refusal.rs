//! What is not allowed, and what is.

use thiserror::Error;

/// A step that was not made.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("cannot {verb}: {why}; {}", possible(.allowed))]
pub struct Refusal {
    /// What was asked for.
    pub verb: String,
    /// What stands against it.
    pub why: String,
    /// What is possible now.
    pub allowed: Vec<String>,
}

fn possible(verbs: &[String]) -> String {
    if verbs.is_empty() { "nothing is possible here".to_owned() } else { format!("possible now: {}", verbs.join(", ")) }
}
