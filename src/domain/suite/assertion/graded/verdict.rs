//! Verdicts of judges and programs: JSON of a known form, or an error. What cannot be read never passes.

use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use crate::domain::suite::assertion::{
    excerpt::{quote, shorten},
    json::Scan,
};

/// The most characters of a judge's reason that are kept.
const REASON: usize = 500;

/// What a verdict looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// `{"reason": …, "pass": true or false, "score": from 0 to 1}`; the score may be missing.
    Pass,
    /// `{"reason": …, "score": a whole number from 0 to this}`.
    Score(u32),
    /// `{"reason": …, "choice": one of these letters}`.
    Choice(&'static str),
    /// `{"statements": [{"statement": …, "holds": true or false}, …]}`: the share that holds.
    Statements,
    /// `{"passed": true or false, "score": from 0 to 1, "reason": …}`; score and reason may be missing.
    Program,
    /// One of these words, alone, as the last line, or as the only one of them in the text.
    OneOf(Arc<[Choice]>),
}

/// A word that a judge may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The word.
    pub word: String,
    /// What it is worth, in [0, 1]; more than 0 passes.
    pub score: f64,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether it passes, where the form says so by itself.
    pub passed: Option<bool>,
    /// In [0, 1].
    pub score: f64,
    /// The letter that was chosen, where one was.
    pub choice: Option<char>,
    /// Why, shortened.
    pub reason: String,
}

/// Why an answer is no verdict: a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Form {
    /// Reads the one verdict in a text. Text around it is passed over; two different ones are none, since one of them
    /// may be a quotation of the answer that is judged.
    ///
    /// # Errors
    /// When there is no verdict, or more than one.
    pub fn read(&self, text: &str) -> Result<Verdict, Unreadable> {
        if let Self::OneOf(choices) = self {
            return chosen(choices, text);
        }
        let mut scan = Scan::new(text);
        let (mut verdict, mut misfit) = (None, None);
        for value in scan.by_ref().filter(Value::is_object) {
            match self.of(&value) {
                Ok(found) if verdict.as_ref().is_none_or(|known| *known == found) => verdict = Some(found),
                Ok(_) => return Err(Unreadable(format!("it holds two different verdicts: {}", quote(text)))),
                Err(reason) => misfit = misfit.or(Some(reason)),
            }
        }
        let said = || if text.trim().is_empty() { "it is empty".to_owned() } else { format!("it says {}", quote(text)) };
        verdict.filter(|_| !scan.gave_up).ok_or_else(|| {
            Unreadable(misfit.map_or_else(
                || format!("it holds no JSON of the form {}: {}", self.example(), said()),
                |misfit| format!("{misfit}; {}", said()),
            ))
        })
    }

    /// The form as an example.
    pub fn example(&self) -> &'static str {
        match self {
            Self::Pass => r#"{"reason": "…", "pass": true, "score": 1.0}"#,
            Self::Score(_) => r#"{"reason": "…", "score": 7}"#,
            Self::Choice(_) => r#"{"reason": "…", "choice": "A"}"#,
            Self::Statements => r#"{"statements": [{"statement": "…", "holds": true}]}"#,
            Self::Program => r#"{"passed": true, "score": 1.0, "reason": "…"}"#,
            Self::OneOf(_) => "a word that may be chosen",
        }
    }

    fn of(&self, value: &Value) -> Result<Verdict, String> {
        let reason = shorten(value.get("reason").and_then(Value::as_str).unwrap_or_default(), REASON);
        let verdict = |passed, score, choice| Ok(Verdict { passed, score, choice, reason: reason.clone() });
        match self {
            Self::Pass | Self::Program => {
                let key = if *self == Self::Pass { "pass" } else { "passed" };
                let passed = value.get(key).and_then(Value::as_bool).ok_or_else(|| format!("`{key}` is not true or false"))?;
                let score = match value.get("score").filter(|score| !score.is_null()) {
                    None => f64::from(u8::from(passed)),
                    Some(score) => {
                        let score = score.as_f64().filter(|score| (0.0..=1.0).contains(score));
                        score.ok_or("`score` is not a number from 0 to 1")?
                    }
                };
                verdict(Some(passed), score, None)
            }
            Self::Score(most) => {
                let score = value.get("score").and_then(Value::as_f64).filter(|score| (0.0..=f64::from(*most)).contains(score));
                let score = score.ok_or_else(|| format!("`score` is not a number from 0 to {most}"))?;
                verdict(None, score / f64::from(*most), None)
            }
            Self::Choice(letters) => {
                let choice = value.get("choice").and_then(Value::as_str).unwrap_or_default().trim().trim_matches(['(', ')']).to_owned();
                let mut characters = choice.chars();
                match (characters.next().map(|c| c.to_ascii_uppercase()), characters.next()) {
                    (Some(letter), None) if letters.contains(letter) => verdict(None, 0.0, Some(letter)),
                    _ => Err(format!("`choice` is none of the letters {letters}")),
                }
            }
            Self::Statements => statements(value),
            Self::OneOf(_) => Err("it is no word that may be chosen".to_owned()),
        }
    }
}

/// The longest label before the word that a judge chose, in words: `Final score: good`.
const LABEL: usize = 2;

/// A word without what it may be put in, and nothing that makes it another one: `C` is not `C++`, nor is `5` `-5`.
fn plain(text: &str) -> String {
    let dress = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '*' | '_' | '(' | ')' | '\u{201c}' | '\u{201d}');
    let bare = text.trim_matches(dress);
    bare.strip_suffix(['.', '!']).unwrap_or(bare).trim_matches(dress).to_lowercase()
}

impl Choice {
    /// Whether no answer of a judge can tell the two words apart.
    pub fn is_like(&self, word: &str) -> bool {
        plain(&self.word) == plain(word)
    }
}

/// The word that a judge chose: its whole answer, its last line, or what that says behind a short label. A word within a sentence is no
/// choice: `not good` and `a bad answer` are none of `good` and `A`.
fn chosen(choices: &[Choice], text: &str) -> Result<Verdict, Unreadable> {
    let named = |said: &str| choices.iter().find(|choice| choice.is_like(said));
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let behind = last.split_once(':').filter(|(label, _)| label.split_whitespace().count() <= LABEL).map_or("", |(_, word)| word);
    let choice = named(text).or_else(|| named(last)).or_else(|| named(behind)).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|choice| quote(&choice.word)).collect();
        let said = if text.trim().is_empty() { "it is empty".to_owned() } else { format!("it says {}", quote(text)) };
        Unreadable(format!("it chooses none of {}, or several: {said}", words.join(", ")))
    })?;
    Ok(Verdict { passed: Some(choice.score > 0.0), score: choice.score, choice: None, reason: shorten(&choice.word, REASON) })
}

/// The share of statements that hold, with those that do not.
fn statements(value: &Value) -> Result<Verdict, String> {
    let statements = value.get("statements").and_then(Value::as_array).ok_or("`statements` is not a list")?;
    if statements.is_empty() {
        return Err("`statements` is empty: there is nothing to count".to_owned());
    }
    let mut failing = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let holds = statement.get("holds").and_then(Value::as_bool);
        if !holds.ok_or_else(|| format!("`statements[{index}].holds` is not true or false"))? {
            failing.push(quote(statement.get("statement").and_then(Value::as_str).unwrap_or_default()));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "the statements of an answer stay far below 2^53")]
    let score = (statements.len() - failing.len()) as f64 / statements.len() as f64;
    let holding = format!("{} of {} hold", statements.len() - failing.len(), statements.len());
    let reason = failing.first().map_or_else(|| holding.clone(), |first| format!("{holding}; not {first}"));
    Ok(Verdict { passed: None, score, choice: None, reason })
}
