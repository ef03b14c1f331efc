//! What a lint reports.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::catalogue::known;
use crate::domain::diagnostic::Place;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth a look.
    Note,
    /// Should be mended.
    Warning,
    /// Must be mended.
    Error,
}

impl Severity {
    /// All of them, from the lightest.
    pub const ALL: [Self; 3] = [Self::Note, Self::Warning, Self::Error];

    /// The word used in files, on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule's id as the catalogue has it; under this name, serde does not ask that the file it is read from lives as long.
type RuleId = &'static str;

/// One thing that a lint found. It never holds a secret or personal data as written, only their beginning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// The rule's id, which is one of the catalogue's.
    #[serde(deserialize_with = "rule")]
    pub rule: RuleId,
    /// How much it weighs, as configured.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do next.
    pub help: String,
    /// Why it does not count, where the configuration says so.
    pub ignored: Option<String>,
}

fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RuleId, D::Error> {
    known(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Finding {
    /// Place, rule and message in one line.
    pub fn described(&self) -> String {
        format!("{}: {} [{}]", self.place, self.message, self.rule)
    }
}
