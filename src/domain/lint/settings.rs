//! What the configuration says about lints.

use std::collections::BTreeMap;

use super::{
    catalogue::RULES,
    finding::{Finding, Severity},
};
use crate::domain::wildcard;

/// How lints are carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintSettings {
    /// Whether `test` lints before its first request.
    pub enabled: bool,
    /// Findings from this severity on stop a run.
    pub fail_on: Severity,
    /// The severity of each rule; a rule that is off is not in it.
    pub severities: BTreeMap<&'static str, Severity>,
    /// The fewest characters of a rendered prompt.
    pub min_length: usize,
    /// The most characters of a rendered prompt.
    pub max_length: usize,
    /// Findings that do not count.
    pub ignore: Vec<Ignore>,
    /// Whether answers are scanned as well.
    pub scan_output: bool,
}

/// Findings of a rule in some files that somebody looked at and accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The rule's id.
    pub rule: &'static str,
    /// The files; `*` stands for any characters.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Ignore {
    /// Whether it means findings of this rule in this file.
    pub fn covers(&self, rule: &str, file: &str) -> bool {
        self.rule == rule && covers(&self.path, file)
    }
}

impl LintSettings {
    /// Every rule at the severity of the catalogue.
    pub fn catalogue() -> BTreeMap<&'static str, Severity> {
        RULES.iter().map(|rule| (rule.id, rule.severity)).collect()
    }

    /// The severity of a rule that is on.
    pub fn severity(&self, rule: &str) -> Option<Severity> {
        self.severities.get(rule).copied()
    }

    /// The reason why findings of this rule do not count in this file.
    pub fn ignored(&self, rule: &str, file: &str) -> Option<&str> {
        self.ignore.iter().find(|entry| entry.covers(rule, file)).map(|entry| entry.reason.as_str())
    }

    /// Whether a finding is bad enough to stop a run.
    pub fn stops(&self, finding: &Finding) -> bool {
        finding.ignored.is_none() && finding.severity >= self.fail_on
    }
}

/// Whether a pattern means a file. A relative pattern may leave out the folders before it.
fn covers(pattern: &str, file: &str) -> bool {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let file = file.strip_prefix("./").unwrap_or(file);
    wildcard::matches(pattern, file)
        || file.match_indices('/').any(|(at, _)| file.get(at + 1..).is_some_and(|rest| wildcard::matches(pattern, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_files() {
        for (pattern, file, expected) in [
            ("prompts/a.yml", "prompts/a.yml", true),
            ("prompts/a.yml", "./prompts/a.yml", true),
            ("prompts/a.yml", "examples/prompts/a.yml", true),
            ("prompts/*", "prompts/deep/a.yml", true),
            ("*attack*.jsonl", "cases/attacks.jsonl", true),
            ("*", "anything", true),
            ("a.yml", "ba.yml", false),
            ("prompts/*.yml", "prompts/a.json", false),
            ("a*a", "a", false),
            ("", "a", false),
        ] {
            assert_eq!(covers(pattern, file), expected, "{pattern} {file}");
        }
    }
}
