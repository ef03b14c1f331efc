//! Judging an answer by a rule.

use std::{borrow::Cow, sync::OnceLock, time::Duration};

use regex::Regex;
use serde_json::Value;

use super::Range;
use crate::domain::{
    duration,
    prompt::{TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Subject,
        excerpt::{code, count, quote},
        operand::unfit,
        text::pattern,
    },
};

/// A rule about an answer. `None` as the parameter: the case's expected output takes its place.
#[derive(Debug)]
pub(super) enum Rule {
    ExactMatch,
    Contains(Option<String>),
    Matches(Option<Regex>),
    Length(Option<Range>),
    Within(Duration),
    HasName,
    Greets,
    NotBlank,
}

impl Check for Rule {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        self.judged(subject).unwrap_or_else(|error| Judgement::undecided(error.message))
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        match self {
            Self::ExactMatch | Self::Contains(None) => expected(variables).map(drop),
            Self::Matches(None) => expected_pattern(variables).map(drop),
            Self::Length(None) => expected_range(variables).map(drop),
            Self::Contains(Some(_))
            | Self::Matches(Some(_))
            | Self::Length(Some(_))
            | Self::Within(_)
            | Self::HasName
            | Self::Greets
            | Self::NotBlank => Ok(()),
        }
    }
}

impl Rule {
    fn judged(&self, subject: &Subject<'_>) -> Result<Judgement, TemplateError> {
        let text = subject.answer.text.as_str();
        Ok(match self {
            Self::ExactMatch => {
                let expected = expected(subject.variables)?;
                let found = text == expected;
                let reason =
                    if found { format!("is {}", quote(text)) } else { format!("is {}, expected {}", quote(text), quote(&expected)) };
                Judgement::new(found, reason)
            }
            Self::Contains(parameter) => {
                let wanted = parameter.as_deref().map_or_else(|| expected(subject.variables), |text| Ok(Cow::Borrowed(text)))?;
                let found = text.contains(&*wanted);
                Judgement::new(found, format!("{} {}", if found { "contains" } else { "does not contain" }, quote(&wanted)))
            }
            Self::Matches(parameter) => {
                let pattern = parameter.as_ref().map_or_else(|| expected_pattern(subject.variables), |regex| Ok(regex.clone()))?;
                let found = pattern.is_match(text);
                Judgement::new(found, format!("{} {}", if found { "matches" } else { "does not match" }, code(pattern.as_str())))
            }
            Self::Length(parameter) => {
                let range = parameter.map_or_else(|| expected_range(subject.variables), Ok)?;
                let length = text.chars().count();
                let reason = format!("{}, from {} to {} allowed", count(length, "character"), range.least, range.most);
                Judgement::new((range.least..=range.most).contains(&length), reason)
            }
            Self::Within(limit) => within(subject.answer.latency, *limit),
            Self::HasName => match text.split_whitespace().find(|word| is_name(word)) {
                Some(name) => Judgement::new(true, format!("{} is written like a name", quote(name))),
                None => Judgement::new(false, "no word is written like a name"),
            },
            Self::Greets => match greeting().find(text) {
                Some(found) => Judgement::new(true, format!("greets with {}", quote(found.as_str()))),
                None => Judgement::new(false, "has none of the words hello, hi, welcome and greetings"),
            },
            Self::NotBlank => {
                let blank = text.trim().is_empty();
                Judgement::new(!blank, if blank { "the answer is empty" } else { "the answer is not empty" })
            }
        })
    }
}

fn within(latency: Duration, limit: Duration) -> Judgement {
    let (took, allowed) = (duration::millis(latency) / 1_000.0, limit.as_secs_f64());
    if latency <= limit {
        Judgement::new(true, format!("took {took:.4} s, at most {allowed} s allowed"))
    } else {
        Judgement::new(false, format!("execution_time exceeded: took {took:.4} s, at most {allowed} s allowed"))
    }
}

fn greeting() -> &'static Regex {
    static GREETING: OnceLock<Regex> = OnceLock::new();
    GREETING.get_or_init(|| Regex::new(r"(?i)\b(?:hello|hi|welcome|greetings)\b").expect("the pattern is fixed and parses"))
}

/// Capitals only where a row of letters begins, or one capital at the start and small letters after it somewhere
/// (`McDonald`).
fn is_name(word: &str) -> bool {
    let (mut title, mut any, mut after_letter) = (true, false, false);
    for c in word.chars() {
        title &= !(c.is_uppercase() && after_letter || c.is_lowercase() && !after_letter);
        after_letter = c.is_uppercase() || c.is_lowercase();
        any |= after_letter;
    }
    let mixed = word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic) && word.contains(char::is_lowercase);
    title && any || mixed
}

/// The expected output as text.
fn expected(variables: &Variables) -> Result<Cow<'_, str>, TemplateError> {
    match variables.values().get("expected") {
        Some(Value::String(text)) => Ok(Cow::Borrowed(text)),
        Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
        Some(Value::Bool(flag)) => Ok(Cow::Owned(flag.to_string())),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => Err(unfit("it compares with the expected output, which is no text")),
        None => Err(unfit("it compares with the expected output, and the case has none")),
    }
}

fn expected_pattern(variables: &Variables) -> Result<Regex, TemplateError> {
    let source = expected(variables)?;
    pattern::compile(&source).map_err(|(message, _)| unfit(format!("the expected output {} is no pattern: {message}", code(&source))))
}

fn expected_range(variables: &Variables) -> Result<Range, TemplateError> {
    let written = expected(variables)?;
    Range::parse(&written, 1).map_err(|error| unfit(format!("the expected output is no range of lengths: {}", error.message)))
}
