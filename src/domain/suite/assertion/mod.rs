//! Assertions: checks on one answer. One folder per family; a family adds itself to [`kinds`].

mod excerpt;
pub mod graded;
mod group;
mod json;
mod judge;
mod markup;
mod measure;
mod operand;
mod overlap;
mod parse;
mod reply;
pub mod rule;
mod sql;
mod text;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::domain::{
    answer::Answer,
    prompt::{TemplateError, Variables},
    provider::Request,
};

pub use graded::{
    need::{Grader, Need, Replies, Reply},
    verdict::Verdict,
};
pub use judge::score;
pub use parse::Reader;
pub use reply::{REFUSALS, Refusal};

/// One assertion as a user wrote it, checked and ready.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The kind's name, with `not-` in front when negated.
    pub name: String,
    /// A short text that tells it apart in a report, e.g. `contains: "{{name}}"`.
    pub label: String,
    /// Whether the answer must *not* match.
    pub negated: bool,
    /// Its share in the case's score; 0 makes it informational.
    pub weight: f64,
    /// The check itself.
    pub check: Arc<dyn Check>,
}

/// A check on one answer.
pub trait Check: fmt::Debug + Send + Sync {
    /// Judges an answer. Called only with variables for which [`Check::prepare`] succeeded.
    fn judge(&self, subject: &Subject<'_>) -> Judgement;

    /// Proves before any paid call that the check can be carried out with these variables: templates render,
    /// patterns compile.
    ///
    /// # Errors
    /// What will not work, as a fragment.
    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError>;

    /// Whether it needs the price of an answer.
    fn needs_cost(&self) -> bool {
        false
    }

    /// What an answer lacks without which nothing can be judged: the provider's fault, and no word about the prompt.
    fn lacks(&self, subject: &Subject<'_>) -> Option<String> {
        let _ = subject;
        None
    }

    /// Whom it will ask, known before any answer: so that a missing judge is said before the first paid call.
    fn graders(&self) -> Vec<Grader> {
        Vec::new()
    }

    /// What must be asked elsewhere before this answer can be judged. Whoever carries the run out asks, and hands the
    /// replies to [`Check::judge`] in [`Subject::replies`].
    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        let _ = subject;
        Vec::new()
    }
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// The case's variables, with `expected` where the case has one.
    pub variables: &'a Variables,
    /// What the answer cost in US dollars, where known.
    pub cost_usd: Option<f64>,
    /// The request it answers, where there was one.
    pub request: Option<&'a Request>,
    /// What others said about it, for checks with [`Check::needs`].
    pub replies: Option<&'a Replies>,
}

impl<'a> Subject<'a> {
    /// An answer by itself.
    pub fn new(answer: &'a Answer, variables: &'a Variables, cost_usd: Option<f64>) -> Self {
        Self { answer, variables, cost_usd, request: None, replies: None }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Whether it holds.
    pub passed: bool,
    /// In [0, 1]; 1 or 0 for checks without degrees.
    pub score: f64,
    /// Why, with the numbers: a lower-case fragment that quotes at most a short piece of the answer.
    pub reason: String,
    /// Whether the check could be carried out at all. What was not decided fails, negated or not.
    pub decided: bool,
}

impl Judgement {
    /// A judgement without degrees.
    pub fn new(passed: bool, reason: impl Into<String>) -> Self {
        Self { passed, score: if passed { 1.0 } else { 0.0 }, reason: reason.into(), decided: true }
    }

    /// A judgement with a score between 0 and 1.
    pub fn scored(passed: bool, score: f64, reason: impl Into<String>) -> Self {
        Self { passed, score, reason: reason.into(), decided: true }
    }

    /// Nothing could be judged, for example because a price is unknown: fails, and fails when negated.
    pub fn undecided(reason: impl Into<String>) -> Self {
        Self { passed: false, score: 0.0, reason: reason.into(), decided: false }
    }
}

/// A kind of assertion: what it is called, what it takes, and examples that are tested.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The name in `type:`.
    pub name: &'static str,
    /// One sentence for the documentation.
    pub summary: &'static str,
    /// Where the definition comes from: a paper, a standard, another tool, or this project.
    pub source: &'static str,
    /// Keys it takes beside `type`, `weight`: (name, what it is). `value` is what the short form carries.
    pub keys: &'static [(&'static str, &'static str)],
    /// The assertion as YAML.
    pub example: &'static str,
    /// An answer for which the example holds.
    pub accepts: &'static str,
    /// An answer for which it does not; empty for checks that do not look at the text.
    pub rejects: &'static str,
    /// Builds the check.
    pub parse: fn(&Parameters<'_>) -> Parsed,
}

/// A check, or everything that is wrong with how it is written.
pub type Parsed = Result<Arc<dyn Check>, Vec<Problem>>;

/// The keys of one assertion, without `type` and `weight`.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// `value`, or what stands behind the name in the short form.
    pub value: Option<&'a Value>,
    /// All keys, `value` included.
    pub all: &'a Map<String, Value>,
    /// How many groups it stands in.
    pub depth: usize,
}

/// What is wrong with an assertion as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key below the assertion, e.g. `value[1]`, or `contains-all[1]` in the short form; empty for the assertion itself.
    pub path: String,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// The next step, where known.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a key.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), help: None }
    }

    /// The same with a next step.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Every kind there is, in the order of the documentation.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    let families =
        [&text::KINDS[..], &json::KINDS, &markup::KINDS, &sql::KINDS, &overlap::KINDS, &reply::KINDS, &measure::KINDS, &graded::KINDS];
    families.into_iter().flatten().chain([&group::KINDS]).copied().flatten()
}
