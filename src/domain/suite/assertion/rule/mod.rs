//! Validation rules as the seed spells them: `name` or `name:parameter`, where only the first `:` separates.

mod check;

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use super::{Assertion, excerpt::shorten, text::pattern};
use crate::domain::suggest::nearest;
use check::Rule as Checked;

/// A rule there is: what it is called, what it takes, what it means.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The name, in the seed's spelling.
    pub name: &'static str,
    /// What stands behind the `:`.
    pub parameter: Parameter,
    /// One sentence for the documentation.
    pub summary: &'static str,
    /// Whether it looks at the answer, the prompt, or both.
    pub about: About,
}

/// What a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// Nothing.
    None,
    /// Something, or nothing; with an example.
    Optional(&'static str),
    /// Something; with an example.
    Required(&'static str),
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The answer of a model.
    Answer,
    /// The prompt, before anything is asked.
    Prompt,
    /// All there is.
    Both,
}

/// Every rule, in the order of the documentation.
pub const KINDS: &[Kind] = &[
    answer("exact_match", Parameter::None, "The answer is exactly the expected output."),
    answer("contains", Parameter::Optional("Hello"), "The answer contains the text behind the colon, or else the expected output."),
    answer(
        "regex_match",
        Parameter::Optional("\\d{1,2}:\\d{2}"),
        "The answer matches the pattern behind the colon, or else that in the expected output.",
    ),
    answer(
        "length_range",
        Parameter::Optional("1,50"),
        "The answer has so many characters, both ends included; without a parameter the range is the expected output.",
    ),
    answer("max_execution_time", Parameter::Required("1.0"), "The request took at most so many seconds."),
    answer("contains_name", Parameter::None, "A word of the answer is written like a name: a capital letter, then small ones."),
    answer("greeting_format", Parameter::None, "The answer has the word hello, hi, welcome or greetings, in any letter case."),
    answer("handles_empty_input", Parameter::None, "The answer is more than white space."),
    Kind {
        name: "all",
        parameter: Parameter::None,
        summary: "Every check of the prompt, and an answer that is more than white space.",
        about: About::Both,
    },
    prompt("template_variables", Parameter::None, "Every variable of the prompt has a value."),
    prompt("min_length", Parameter::Optional("10"), "The prompt is not too short."),
    prompt("max_length", Parameter::Optional("4000"), "The prompt is not too long."),
    prompt("no_profanity", Parameter::None, "The prompt has no swear words."),
    prompt("sql_injection", Parameter::None, "No value smuggles SQL."),
    prompt("prompt_injection", Parameter::None, "No value gives instructions to the model."),
];

const fn answer(name: &'static str, parameter: Parameter, summary: &'static str) -> Kind {
    Kind { name, parameter, summary, about: About::Answer }
}

const fn prompt(name: &'static str, parameter: Parameter, summary: &'static str) -> Kind {
    Kind { name, parameter, summary, about: About::Prompt }
}

/// A rule that could be read.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it is.
    pub kind: &'static Kind,
    /// The check of the answer, where it has one.
    pub assertion: Option<Assertion>,
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RuleError {
    /// A lower-case fragment.
    pub message: String,
    /// The character it is about, from 1.
    pub column: usize,
    /// The next step, where known.
    pub help: Option<String>,
}

impl RuleError {
    fn new(column: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), column, help: Some(help.into()) }
    }
}

/// Whether a text names a rule, well or badly written otherwise.
pub fn is_rule(text: &str) -> bool {
    kind_of(text.split(':').next().unwrap_or(text)).is_some()
}

/// Reads a rule.
///
/// # Errors
/// An unknown name, or a parameter that is missing, not wanted or malformed.
pub fn parse(text: &str) -> Result<Rule, RuleError> {
    let (name, parameter) = text.split_once(':').map_or((text, None), |(name, parameter)| (name, Some(parameter)));
    let Some(kind) = kind_of(name) else { return Err(unknown(name)) };
    let column = name.chars().count() + 2;
    let checked = match (kind.parameter, parameter) {
        (Parameter::None, Some(_)) => {
            return Err(RuleError::new(column, format!("`{name}` takes no parameter"), format!("write `{name}`")));
        }
        (Parameter::Required(example), None | Some("")) => {
            let message = format!("`{name}` needs a parameter");
            return Err(RuleError::new(column, message, format!("write for example `{name}:{example}`")));
        }
        (Parameter::Optional(example), Some("")) => {
            let message = format!("behind `{name}:` nothing stands");
            return Err(RuleError::new(column, message, format!("write `{name}`, or for example `{name}:{example}`")));
        }
        (_, parameter) => check_of(kind, parameter, column)?,
    };
    let assertion = checked.map(|check| assertion(name, text, check));
    Ok(Rule { kind, assertion })
}

/// Where no rule judges an answer, there must be one at least.
pub fn answered() -> Assertion {
    assertion("answered", "the answer is more than white space", Checked::NotBlank)
}

fn assertion(name: &str, label: &str, check: Checked) -> Assertion {
    Assertion { name: name.to_owned(), label: shorten(label, super::parse::LABEL), negated: false, weight: 1.0, check: Arc::new(check) }
}

fn kind_of(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

fn unknown(name: &str) -> RuleError {
    let message = format!("unknown validation rule `{}`", shorten(name, 60));
    let dashed: Vec<String> = KINDS.iter().map(|kind| kind.name.replace('_', "-")).collect();
    let meant = nearest(name.trim(), dashed.iter().map(String::as_str)).map(|name| name.replace('-', "_"));
    let help = meant.map_or_else(
        || format!("known are {}", KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    RuleError::new(1, message, help)
}

fn check_of(kind: &Kind, parameter: Option<&str>, column: usize) -> Result<Option<Checked>, RuleError> {
    Ok(Some(match (kind.name, parameter) {
        ("exact_match", _) => Checked::ExactMatch,
        ("contains", text) => Checked::Contains(text.map(str::to_owned)),
        ("regex_match", pattern) => Checked::Matches(pattern.map(|pattern| regex(pattern, column)).transpose()?),
        ("length_range", range) => Checked::Length(range.map(|range| Range::parse(range, column)).transpose()?),
        ("max_execution_time", Some(seconds)) => Checked::Within(time(seconds, column)?),
        ("contains_name", _) => Checked::HasName,
        ("greeting_format", _) => Checked::Greets,
        ("handles_empty_input" | "all", _) => Checked::NotBlank,
        ("min_length" | "max_length", Some(number)) => {
            whole(number, column)?;
            return Ok(None);
        }
        _ => return Ok(None),
    }))
}

fn regex(text: &str, column: usize) -> Result<regex::Regex, RuleError> {
    pattern::compile(text).map_err(|(message, help)| RuleError {
        message: format!("the pattern does not parse: in it, {message}"),
        column,
        help,
    })
}

fn time(text: &str, column: usize) -> Result<Duration, RuleError> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        let message = format!("`{}` is no number of seconds above 0", shorten(text, 40));
        RuleError::new(column, message, "write for example `max_execution_time:1.0`")
    })
}

fn whole(text: &str, column: usize) -> Result<usize, RuleError> {
    text.trim().parse().map_err(|_not_a_number| {
        let message = format!("`{}` is no whole number of 0 or more", shorten(text, 40));
        RuleError::new(column, message, "write digits only")
    })
}

/// How long an answer may be, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    least: usize,
    most: usize,
}

impl Range {
    /// Reads `1,50`, which begins at a column.
    fn parse(text: &str, column: usize) -> Result<Self, RuleError> {
        let Some((least, most)) = text.split_once(',') else {
            let message = format!("`{}` is no range of lengths", shorten(text, 40));
            return Err(RuleError::new(column, message, "write for example `length_range:1,50`"));
        };
        let second = column + least.chars().count() + 1;
        let range = Self { least: whole(least, column)?, most: whole(most, second)? };
        if range.least > range.most {
            let message = format!("the range begins at {} and ends before it, at {}", range.least, range.most);
            return Err(RuleError::new(column, message, format!("write `length_range:{},{}`", range.most, range.least)));
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests;
