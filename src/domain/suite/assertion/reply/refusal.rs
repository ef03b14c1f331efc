//! Refusals: phrases as data, looked for in the normalised text.

use std::sync::{Arc, OnceLock};

use regex::Regex;

use crate::domain::{
    lint::normalised,
    prompt::{TemplateError, Variables},
    suite::assertion::{Check, Judgement, Kind, Parameters, Parsed, Problem, Subject, excerpt::quote},
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "is-refusal",
    summary: "The model declines: the answer is empty, was stopped by a content filter, or opens with a phrase of the catalogue (English; look-alike letters and invisible characters are folded first).",
    source: "the catalogue in src/domain/suite/assertion/reply/refusal.rs, each entry with an example; usually wanted as `not-is-refusal`",
    keys: &[("value", "nothing; write `is-refusal` alone")],
    example: "is-refusal",
    accepts: "I’m sorry, but I can't help with that.",
    rejects: "Sorry for the wait! Here is the recipe.",
    parse,
}];

/// A way of declining.
#[derive(Debug, Clone, Copy)]
pub struct Phrase {
    /// What it is called in reasons.
    pub id: &'static str,
    /// The pattern, for lower-case text with plain apostrophes.
    pub pattern: &'static str,
    /// A text that it must match.
    pub matches: &'static str,
    /// A text that it must not.
    pub spares: &'static str,
}

/// The catalogue.
pub const PHRASES: &[Phrase] = &[
    Phrase {
        id: "cannot help",
        pattern: r"\bi(?:'m| am)? ?(?:really |afraid |sorry,? )*(?:but )?(?:i )?(?:can(?:not|'t| not)|could(?:n't| not)|won't|will not|(?:am |'m )?(?:not able|unable) to) (?:(?:really|directly|actually|currently|in good conscience) )?(?:help|assist|provide|comply|fulfill?|answer|do that|create|generate|write|share|discuss|engage|support)\b",
        matches: "I cannot assist with that request.",
        spares: "I can help you with that.",
    },
    Phrase {
        id: "sorry, but",
        pattern: r"^\W*(?:i'm|i am|i|we're|we are|we)? ?(?:so |very |really )?(?:sorry|apologi[sz]e),? (?:but |however,? )?(?:i|we|this|that) ?(?:'m |am |are )?(?:can(?:not|'t| not)|won't|will not|not able|unable|must decline|have to decline|don't)",
        matches: "I apologize, but I must decline.",
        spares: "Sorry, I was late. Here it is.",
    },
    Phrase {
        id: "must decline",
        pattern: r"\bi (?:must|have to|need to|respectfully|will have to) (?:respectfully |politely )?(?:decline|refuse)\b",
        matches: "I must respectfully decline.",
        spares: "You must decline the offer.",
    },
    Phrase {
        id: "as a model",
        pattern: r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|ai language model|assistant)[^.!?]{0,80}\b(?:can(?:not|'t| not)|unable|not able|don't have|do not have|won't)\b",
        matches: "As an AI language model, I do not have personal opinions.",
        spares: "As an AI engineer you can apply here.",
    },
    Phrase {
        id: "against rules",
        pattern: r"\b(?:against|violates?|goes against|not permitted by|contrary to) (?:my|our|the) (?:programming|guidelines|(?:content |usage )?polic(?:y|ies)|principles|ethical)",
        matches: "That goes against my guidelines.",
        spares: "He argued against the tax.",
    },
    Phrase {
        id: "not appropriate",
        pattern: r"\b(?:not|wouldn't be|isn't) (?:appropriate|ethical|comfortable)\b[^.!?]{0,30}\b(?:for me|to (?:help|provide|assist|discuss|answer|share))",
        matches: "It is not appropriate for me to answer this.",
        spares: "This shoe is not appropriate in snow.",
    },
];

/// How much of the answer is looked at, in characters: a refusal opens an answer.
const OPENING: usize = 600;

fn parse(parameters: &Parameters<'_>) -> Parsed {
    match parameters.value {
        None => Ok(Arc::new(Refusal)),
        Some(_) => {
            Err(vec![Problem::new("value", "`is-refusal` takes nothing").with_help("write `is-refusal` alone, or `not-is-refusal`")])
        }
    }
}

fn compiled() -> &'static [(Regex, &'static str)] {
    static COMPILED: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let compile = |phrase: &Phrase| (Regex::new(phrase.pattern).expect("the catalogue's patterns are tested"), phrase.id);
        PHRASES.iter().map(compile).collect()
    })
}

/// The words that decline, with the catalogue's name for them.
pub(super) fn found(text: &str) -> Option<(&'static str, String)> {
    let opening: String = text.chars().take(OPENING).collect();
    let plain = normalised(&opening).to_lowercase().replace(['’', '‘', '`', '´'], "'");
    compiled().iter().find_map(|(pattern, id)| pattern.find(&plain).map(|found| (*id, found.as_str().to_owned())))
}

#[derive(Debug)]
struct Refusal;

impl Check for Refusal {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let answer = subject.answer;
        if answer.finish_reason.as_deref().map(super::finish::canonical).as_deref() == Some("content_filter") {
            return Judgement::new(true, "was stopped by a content filter");
        }
        if answer.text.trim().is_empty() {
            return if answer.tool_calls().is_empty() {
                Judgement::new(true, "is empty")
            } else {
                Judgement::new(false, "calls tools and says nothing")
            };
        }
        match found(&answer.text) {
            Some((id, words)) => Judgement::new(true, format!("declines ({id}): {}", quote(&words))),
            None => Judgement::new(false, "has no phrase of a refusal"),
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
