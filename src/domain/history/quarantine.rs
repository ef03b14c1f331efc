//! Cases that are asked and shown, and do not fail a run, for a time.

use crate::domain::{diagnostic::Place, wildcard};

/// Some cases, until a day, for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The prompts; `*` stands for any characters.
    pub prompt: String,
    /// The cases; `*` stands for any characters.
    pub case: String,
    /// The last day on which it holds, like `2026-03-31` (UTC).
    pub until: String,
    /// Why.
    pub reason: String,
    /// Where it is worked on.
    pub issue: Option<String>,
    /// Its path in the configuration.
    pub path: String,
    /// Where it is written.
    pub place: Place,
}

impl Rule {
    /// Whether it still holds at a time (RFC 3339 in UTC): to the end of its last day.
    pub fn holds(&self, now: &str) -> bool {
        // Days of one form are in the order of their texts.
        now.get(..10).is_some_and(|today| today <= self.until.as_str())
    }

    /// Whether it speaks of a case.
    pub fn matches(&self, prompt: &str, case: &str) -> bool {
        wildcard::matches(&self.prompt, prompt) && wildcard::matches(&self.case, case)
    }
}

/// The first rule that holds for a case.
pub fn rule_for<'r>(rules: &'r [Rule], prompt: &str, case: &str, now: &str) -> Option<&'r Rule> {
    rules.iter().find(|rule| rule.holds(now) && rule.matches(prompt, case))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(case: &str, until: &str) -> Rule {
        Rule {
            prompt: "greet*".to_owned(),
            case: case.to_owned(),
            until: until.to_owned(),
            reason: "r".to_owned(),
            issue: None,
            path: "quarantine[0]".to_owned(),
            place: Place::file("c.yml"),
        }
    }

    #[test]
    fn a_rule_holds_to_the_end_of_its_day() {
        let rule = rule("a", "2026-03-31");
        for (now, holds) in
            [("2026-03-30T00:00:00Z", true), ("2026-03-31T23:59:59.999Z", true), ("2026-04-01T00:00:00Z", false), ("", false)]
        {
            assert_eq!(rule.holds(now), holds, "{now}");
        }
    }

    #[test]
    fn an_expired_rule_gives_way_to_one_that_holds() {
        let rules = [rule("a*", "2025-01-01"), rule("a?", "2027-01-01"), rule("a*", "2027-01-01")];
        let found = |prompt: &str, case: &str| rule_for(&rules, prompt, case, "2026-01-01T00:00:00Z").map(|rule| rule.case.clone());
        assert_eq!(found("greeting", "ab"), Some("a*".to_owned()));
        assert_eq!((found("other", "ab"), found("greeting", "b")), (None, None));
    }
}
