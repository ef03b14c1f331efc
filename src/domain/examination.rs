//! What `doctor` found: one thing that a run needs, and how it is.

use serde::Serialize;

/// How something is, from well to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Well,
    /// Not there, and not needed for everything.
    Aside,
    /// It does not answer.
    Unreachable,
    /// It answers and refuses.
    Refused,
    /// What is written here, or in the environment, does not hold together.
    Misconfigured,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `provider model`, `store`.
    pub what: String,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do; empty where there is nothing to do.
    pub next: String,
}

impl Finding {
    /// Something with a next step.
    pub fn new(what: impl Into<String>, health: Health, seen: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), health, seen: seen.into(), next: next.into() }
    }

    /// Something as it should be.
    pub fn well(what: impl Into<String>, seen: String) -> Self {
        Self::new(what, Health::Well, seen, "")
    }

    /// Something that is missing and need not be there.
    pub fn aside(what: impl Into<String>, seen: String, next: &str) -> Self {
        Self::new(what, Health::Aside, seen, next)
    }
}
