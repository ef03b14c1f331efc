//! Text compared with text: equals, contains, starts-with, ends-with and their relatives.

use std::{borrow::Cow, sync::Arc};

use serde_json::Value;

use crate::domain::prompt::{Template, TemplateError, Variables};
use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
    excerpt::{EXCERPT, list, quote, quote_up_to},
    operand::{render, required, text, unexpected, unfit},
};

pub(super) const KINDS: &[Kind] = &[
    // Requirement S0-008 (exact_match).
    Kind {
        name: "equals",
        summary: "The answer is exactly this text, white space and letter case included.",
        source: "promptfoo's assertion of this name, for texts",
        keys: &[("value", "the text; may use variables")],
        example: "equals: \"Hello, {{name}}!\"",
        accepts: "Hello, Ana!",
        rejects: "Hello, Ana! ",
        parse: |parameters| equals(parameters, Case::Kept),
    },
    Kind {
        name: "iequals",
        summary: "The answer is this text in any letter case.",
        source: "this project's own: letter case by Unicode's lower-case mapping",
        keys: &[("value", "the text; may use variables")],
        example: "iequals: \"hello, {{name}}!\"",
        accepts: "Hello, ANA!",
        rejects: "Hello!",
        parse: |parameters| equals(parameters, Case::Ignored),
    },
    // Requirement S0-009 (contains).
    Kind {
        name: "contains",
        summary: "The answer contains this text.",
        source: "promptfoo's assertion of this name",
        keys: &[("value", "the text; may use variables")],
        example: "contains: \"{{name}}\"",
        accepts: "Hello, Ana!",
        rejects: "Hello, ana!",
        parse: |parameters| contains(parameters, Case::Kept),
    },
    Kind {
        name: "icontains",
        summary: "The answer contains this text in any letter case.",
        source: "promptfoo's assertion of this name; letter case by Unicode's lower-case mapping",
        keys: &[("value", "the text; may use variables")],
        example: "icontains: \"{{name}}\"",
        accepts: "HELLO, ANA!",
        rejects: "Hello!",
        parse: |parameters| contains(parameters, Case::Ignored),
    },
    Kind {
        name: "contains-all",
        summary: "The answer contains every one of these texts; the score is the share it contains.",
        source: "promptfoo's assertion of this name; the score is this project's own",
        keys: &[("value", "a list of texts; each may use variables")],
        example: "contains-all: [\"{{name}}\", \"Hello\"]",
        accepts: "Hello, Ana!",
        rejects: "Hello!",
        parse: |parameters| contains_list(parameters, Case::Kept, Needed::All),
    },
    Kind {
        name: "contains-any",
        summary: "The answer contains at least one of these texts.",
        source: "promptfoo's assertion of this name",
        keys: &[("value", "a list of texts; each may use variables")],
        example: "contains-any: [Hello, Welcome]",
        accepts: "Welcome, Ana!",
        rejects: "Good morning!",
        parse: |parameters| contains_list(parameters, Case::Kept, Needed::Any),
    },
    Kind {
        name: "icontains-all",
        summary: "The answer contains every one of these texts in any letter case; the score is the share it contains.",
        source: "promptfoo's assertion of this name; the score is this project's own",
        keys: &[("value", "a list of texts; each may use variables")],
        example: "icontains-all: [hello, \"{{name}}\"]",
        accepts: "HELLO, ANA!",
        rejects: "Hello!",
        parse: |parameters| contains_list(parameters, Case::Ignored, Needed::All),
    },
    Kind {
        name: "icontains-any",
        summary: "The answer contains at least one of these texts in any letter case.",
        source: "promptfoo's assertion of this name; letter case by Unicode's lower-case mapping",
        keys: &[("value", "a list of texts; each may use variables")],
        example: "icontains-any: [hello, welcome]",
        accepts: "WELCOME, Ana!",
        rejects: "Good morning!",
        parse: |parameters| contains_list(parameters, Case::Ignored, Needed::Any),
    },
    Kind {
        name: "starts-with",
        summary: "The answer starts with this text.",
        source: "promptfoo's assertion of this name",
        keys: &[("value", "the text; may use variables")],
        example: "starts-with: \"Hello\"",
        accepts: "Hello, Ana!",
        rejects: " Hello, Ana!",
        parse: |parameters| edge(parameters, Edge::Start, Case::Kept),
    },
    Kind {
        name: "ends-with",
        summary: "The answer ends with this text.",
        source: "the string evaluator `endsWith` of GitHub's `.prompt.yml`",
        keys: &[("value", "the text; may use variables")],
        example: "ends-with: \"!\"",
        accepts: "Hello, Ana!",
        rejects: "Hello, Ana!\n",
        parse: |parameters| edge(parameters, Edge::End, Case::Kept),
    },
    Kind {
        name: "istarts-with",
        summary: "The answer starts with this text in any letter case.",
        source: "this project's own: letter case by Unicode's lower-case mapping",
        keys: &[("value", "the text; may use variables")],
        example: "istarts-with: \"hello\"",
        accepts: "HELLO, Ana!",
        rejects: "Oh, hello!",
        parse: |parameters| edge(parameters, Edge::Start, Case::Ignored),
    },
    Kind {
        name: "iends-with",
        summary: "The answer ends with this text in any letter case.",
        source: "this project's own: letter case by Unicode's lower-case mapping",
        keys: &[("value", "the text; may use variables")],
        example: "iends-with: \"{{name}}!\"",
        accepts: "Hello, ANA!",
        rejects: "Hello, Ana",
        parse: |parameters| edge(parameters, Edge::End, Case::Ignored),
    },
];

/// Whether letter case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    Ignored,
}

/// How many of a list's texts are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    All,
    Any,
}

/// Which end of the answer is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

impl Case {
    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Kept => Cow::Borrowed(text),
            Self::Ignored => fold(text),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Ignored => " in any letter case",
        }
    }
}

/// Unicode lowercase, letter by letter so that a text folds alike wherever it stands: the final sigma is a sigma.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
    } else {
        Cow::Owned(text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect())
    }
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

/// A text that an answer can lack: an empty one is part of every answer, so the check could never fail.
fn needle(value: &Value, path: &str) -> Result<Template, Problem> {
    let template = text(value, path)?;
    if template.source().is_empty() {
        return Err(Problem::new(path, "the text is empty, and every answer contains an empty text"));
    }
    Ok(template)
}

fn prepare_needle(needle: &Template, variables: &Variables) -> Result<(), TemplateError> {
    if render(needle, variables)?.is_empty() {
        return Err(unfit(format!("{} is empty with these variables, and every answer contains an empty text", quote(needle.source()))));
    }
    Ok(())
}

fn equals(parameters: &Parameters<'_>, case: Case) -> Parsed {
    let expected = required(parameters).and_then(|value| text(value, "value")).map_err(one)?;
    Ok(Arc::new(Equals { expected, case }))
}

fn contains(parameters: &Parameters<'_>, case: Case) -> Parsed {
    let needle = required(parameters).and_then(|value| needle(value, "value")).map_err(one)?;
    Ok(Arc::new(Contains { needle, case }))
}

fn edge(parameters: &Parameters<'_>, edge: Edge, case: Case) -> Parsed {
    let expected = required(parameters).and_then(|value| needle(value, "value")).map_err(one)?;
    Ok(Arc::new(AtEdge { expected, edge, case }))
}

fn contains_list(parameters: &Parameters<'_>, case: Case, needed: Needed) -> Parsed {
    let value = required(parameters).map_err(one)?;
    let Value::Array(items) = value else {
        let problem = unexpected("value", "a list of texts", value);
        return Err(one(problem.with_help("write `[first, second]`; for a single text use `contains`")));
    };
    if items.is_empty() {
        return Err(one(Problem::new("value", "the list is empty")));
    }
    let mut needles = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match needle(item, &format!("value[{index}]")) {
            Ok(needle) => needles.push(needle),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(Arc::new(ContainsList { needles, case, needed })) } else { Err(problems) }
}

#[derive(Debug)]
struct Equals {
    expected: Template,
    case: Case,
}

impl Check for Equals {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let expected = match render(&self.expected, subject.variables) {
            Ok(expected) => expected,
            Err(error) => return Judgement::undecided(error.message),
        };
        let answer = subject.answer.text.as_str();
        let passed = self.case.fold(answer) == self.case.fold(&expected);
        let reason =
            if passed { format!("is {}{}", quote(&expected), self.case.words()) } else { difference(answer, &expected, self.case) };
        Judgement::new(passed, reason)
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        render(&self.expected, variables).map(drop)
    }
}

/// Why an answer is not the expected text, with the place where long texts part.
fn difference(answer: &str, expected: &str, case: Case) -> String {
    let near = if answer.trim() == expected.trim() {
        ": only surrounding white space differs"
    } else if case == Case::Kept && fold(answer) == fold(expected) {
        ": only letter case differs"
    } else if fold(answer.trim()) == fold(expected.trim()) {
        if case == Case::Kept { ": only letter case and surrounding white space differ" } else { ": only surrounding white space differs" }
    } else {
        ""
    };
    let short = |text: &str| text.chars().nth(EXCERPT).is_none();
    if short(answer) && short(expected) {
        return format!("is {}, not {}{}{near}", quote(answer), quote(expected), case.words());
    }
    let common = answer.chars().zip(expected.chars()).take_while(|(a, b)| a == b || (case == Case::Ignored && lower_alike(*a, *b))).count();
    let piece = |text: &str| quote_up_to(&text.chars().skip(common).take(EXCERPT).collect::<String>(), EXCERPT / 2);
    let words = case.words();
    format!("differs from character {} on: has {}, not {}{words}{near}", common + 1, piece(answer), piece(expected))
}

fn lower_alike(one: char, other: char) -> bool {
    one.to_lowercase().eq(other.to_lowercase())
}

#[derive(Debug)]
struct Contains {
    needle: Template,
    case: Case,
}

impl Check for Contains {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let needle = match render(&self.needle, subject.variables) {
            Ok(needle) => needle,
            Err(error) => return Judgement::undecided(error.message),
        };
        let passed = self.case.fold(&subject.answer.text).contains(self.case.fold(&needle).as_ref());
        let verb = if passed { "contains" } else { "does not contain" };
        Judgement::new(passed, format!("{verb} {}{}", quote(&needle), self.case.words()))
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        prepare_needle(&self.needle, variables)
    }
}

#[derive(Debug)]
struct ContainsList {
    needles: Vec<Template>,
    case: Case,
    needed: Needed,
}

impl Check for ContainsList {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let answer = self.case.fold(&subject.answer.text);
        let (mut found, mut lacking) = (Vec::new(), Vec::new());
        for needle in &self.needles {
            let needle = match render(needle, subject.variables) {
                Ok(needle) => needle,
                Err(error) => return Judgement::undecided(error.message),
            };
            let side = if answer.contains(self.case.fold(&needle).as_ref()) { &mut found } else { &mut lacking };
            side.push(quote_up_to(&needle, EXCERPT / 2));
        }
        let (total, words) = (self.needles.len(), self.case.words());
        match self.needed {
            Needed::All if lacking.is_empty() => Judgement::new(true, format!("contains all of {}{words}", list(&found))),
            Needed::All => {
                let reason = format!("contains {} of {total}, lacks {}{words}", found.len(), list(&lacking));
                Judgement::scored(false, share(found.len(), total), reason)
            }
            Needed::Any if found.is_empty() => Judgement::new(false, format!("contains none of {}{words}", list(&lacking))),
            Needed::Any => Judgement::new(true, format!("contains {}{words}", list(&found))),
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.needles.iter().try_for_each(|needle| prepare_needle(needle, variables))
    }
}

#[expect(clippy::cast_precision_loss, reason = "lists in a configuration stay far below 2^53 items")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[derive(Debug)]
struct AtEdge {
    expected: Template,
    edge: Edge,
    case: Case,
}

impl Check for AtEdge {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let expected = match render(&self.expected, subject.variables) {
            Ok(expected) => expected,
            Err(error) => return Judgement::undecided(error.message),
        };
        let answer = subject.answer.text.as_str();
        let length = expected.chars().count();
        let (folded, wanted) = (self.case.fold(answer), self.case.fold(&expected));
        let (passed, verb, found) = match self.edge {
            Edge::Start => (folded.starts_with(&*wanted), "start", answer.chars().take(length).collect::<String>()),
            Edge::End => {
                let skipped = answer.chars().rev().take(length).map(char::len_utf8).sum::<usize>();
                let found = answer.get(answer.len() - skipped..).unwrap_or_default();
                (folded.ends_with(&*wanted), "end", found.to_owned())
            }
        };
        let expected = format!("{}{}", quote(&expected), self.case.words());
        let reason =
            if passed { format!("{verb}s with {expected}") } else { format!("does not {verb} with {expected} but with {}", quote(&found)) };
        Judgement::new(passed, reason)
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        prepare_needle(&self.expected, variables)
    }
}
