//! Assertions about assertions: all of them, any of them, or enough of them.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Assertion, Check, Grader, Judgement, Kind, Need, Parameters, Parsed, Problem, Subject,
    excerpt::{list, shorten},
    judge::{reaches, weighted_mean},
    operand::{missing, unexpected},
    parse::parse_at,
};
use crate::domain::prompt::{TemplateError, Variables};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "assert-set",
        summary: "A group with a score of its own: every member holds, or the weighted score reaches the threshold.",
        source: "promptfoo's assertion of this name",
        keys: &[("assert", "a list of assertions"), ("threshold", "the score that is enough, above 0 and at most 1")],
        example: "{type: assert-set, threshold: 0.5, assert: [{contains: Hello}, {contains: \"{{name}}\"}]}",
        accepts: "Hello!",
        rejects: "Good morning!",
        parse: assert_set,
    },
    Kind {
        name: "all-of",
        summary: "Every member holds.",
        source: "this project's own: the conjunction of its members",
        keys: &[("value", "a list of assertions")],
        example: "all-of: [{contains: Hello}, {max-words: 2}]",
        accepts: "Hello, Ana!",
        rejects: "Hello, dear Ana!",
        parse: |parameters| members(parameters, "value").map(|members| group(members, Rule::All)),
    },
    Kind {
        name: "any-of",
        summary: "At least one member holds.",
        source: "this project's own: the disjunction of its members",
        keys: &[("value", "a list of assertions")],
        example: "any-of: [{contains: Hello}, {contains: Welcome}]",
        accepts: "Welcome, Ana!",
        rejects: "Good morning!",
        parse: |parameters| members(parameters, "value").map(|members| group(members, Rule::Any)),
    },
];

/// How many characters of a failing member's label a reason shows.
const MEMBER: usize = 40;

/// When a group holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    All,
    Any,
    Score(f64),
}

fn group(members: Vec<Assertion>, rule: Rule) -> Arc<dyn Check> {
    Arc::new(Group { members, rule })
}

fn assert_set(parameters: &Parameters<'_>) -> Parsed {
    let mut problems = Vec::new();
    let rule = match threshold(parameters) {
        Ok(threshold) => threshold.map_or(Rule::All, Rule::Score),
        Err(problem) => {
            problems.push(problem);
            Rule::All
        }
    };
    match members(parameters, "assert") {
        Ok(members) if problems.is_empty() => Ok(group(members, rule)),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

fn threshold(parameters: &Parameters<'_>) -> Result<Option<f64>, Problem> {
    let Some(value) = parameters.all.get("threshold").filter(|value| !value.is_null()) else { return Ok(None) };
    match value.as_f64() {
        Some(threshold) if threshold > 0.0 && threshold <= 1.0 => Ok(Some(threshold)),
        Some(threshold) => Err(Problem::new("threshold", format!("{threshold} is not a threshold: it must be above 0 and at most 1"))),
        None => Err(unexpected("threshold", "a number above 0 and at most 1", value)),
    }
}

fn members(parameters: &Parameters<'_>, key: &str) -> Result<Vec<Assertion>, Vec<Problem>> {
    let items = match parameters.all.get(key) {
        None | Some(Value::Null) => return Err(vec![missing(key)]),
        Some(Value::Array(items)) => items,
        Some(other) => return Err(vec![unexpected(key, "a list of assertions", other)]),
    };
    if items.is_empty() {
        return Err(vec![Problem::new(key, "the list is empty")]);
    }
    let mut members = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match parse_at(item, parameters.depth + 1) {
            Ok(member) => members.push(member),
            Err(found) => problems.extend(found.into_iter().map(|problem| below(&format!("{key}[{index}]"), problem))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if members.iter().all(|member| member.weight <= 0.0) {
        let problem = Problem::new(key, "no member has a weight above 0, so the group would test nothing");
        return Err(vec![problem.with_help("give one of them a weight, or leave `weight` out")]);
    }
    Ok(members)
}

fn below(parent: &str, mut problem: Problem) -> Problem {
    problem.path = if problem.path.is_empty() { parent.to_owned() } else { format!("{parent}.{}", problem.path) };
    problem
}

#[derive(Debug)]
struct Group {
    members: Vec<Assertion>,
    rule: Rule,
}

impl Check for Group {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let judged: Vec<(&Assertion, Judgement)> = self.members.iter().map(|member| (member, member.judgement(subject))).collect();
        // Members without weight inform; they decide nothing.
        let deciding = || judged.iter().filter(|(member, _)| member.weight > 0.0);
        let failing: Vec<String> = deciding().filter(|(_, found)| !found.passed).map(|(member, found)| told(member, found)).collect();
        let total = deciding().count();
        let score = weighted_mean(judged.iter().map(|(member, found)| (member.weight, found.score))).unwrap_or(0.0);
        let (passed, score, reason) = match self.rule {
            Rule::All if failing.is_empty() => (true, score, format!("all {total} hold")),
            Rule::All => (false, score, format!("{} of {total} failed: {}", failing.len(), list(&failing))),
            Rule::Any => {
                let best = deciding().map(|(_, found)| found.score).fold(0.0, f64::max);
                match deciding().find(|(_, found)| found.passed) {
                    Some((member, found)) => (true, best, format!("holds: {}", told(member, found))),
                    None => (false, best, format!("none of {total} holds: {}", list(&failing))),
                }
            }
            Rule::Score(threshold) => {
                let rule = format!("score {score:.2}, at least {threshold} required");
                let reason = if failing.is_empty() { rule } else { format!("{rule}; failed: {}", list(&failing)) };
                (reaches(score, threshold), score, reason)
            }
        };
        // A group that does not hold is undecided when an undecided member could have made it hold, so that negation
        // does not turn it into a pass.
        let settled = match self.rule {
            Rule::All => deciding().any(|(_, found)| found.decided && !found.passed),
            Rule::Any | Rule::Score(_) => deciding().all(|(_, found)| found.decided),
        };
        if passed || settled { Judgement::scored(passed, score, reason) } else { Judgement::undecided(reason) }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.members.iter().try_for_each(|member| {
            member.prepare(variables).map_err(|error| {
                let message = format!("{}: {}", shorten(&member.label, MEMBER), error.message);
                TemplateError { message, ..error }
            })
        })
    }

    fn needs_cost(&self) -> bool {
        self.members.iter().any(Assertion::needs_cost)
    }

    fn lacks(&self, subject: &Subject<'_>) -> Option<String> {
        self.members.iter().find_map(|member| member.check.lacks(subject))
    }

    fn graders(&self) -> Vec<Grader> {
        self.members.iter().flat_map(Assertion::graders).collect()
    }

    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        self.members.iter().flat_map(|member| member.needs(subject)).collect()
    }
}

/// A member and why it holds or not.
fn told(member: &Assertion, found: &Judgement) -> String {
    format!("{} ({})", shorten(&member.label, MEMBER), shorten(&found.reason, 2 * MEMBER))
}
