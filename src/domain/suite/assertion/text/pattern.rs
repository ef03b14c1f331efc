//! Regular expressions.

use std::{borrow::Cow, sync::Arc};

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use crate::domain::prompt::{Template, TemplateError, Variables};
use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
    excerpt::{code, quote, shorten},
    operand::{render, required, unexpected, unfit},
};

pub(in crate::domain::suite::assertion) const KINDS: &[Kind] = &[
    // Requirement S0-010 (regex_match).
    Kind {
        name: "regex",
        summary: "The answer matches this regular expression somewhere; `^` and `$` tie it to the ends.",
        source: "the syntax of the crate regex, without look-around and backreferences, in linear time",
        keys: &[
            ("value", "the pattern; variables are inserted as plain text, so `{{name}}` never acts as a pattern"),
            ("flags", "`i` ignores letter case, `m` lets `^` and `$` match at lines, `s` lets `.` match line breaks"),
        ],
        example: "{type: regex, value: '^hello,? {{name}}\\W*$', flags: i}",
        accepts: "Hello Ana!",
        rejects: "Hello Anna!",
        parse,
    },
];

/// What a compiled pattern may take in memory. Unicode's `\w{1,100}` needs more than 1 MiB.
const SIZE: usize = 10 << 20;

/// How deep groups and classes may nest.
const NESTING: u32 = 100;

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let mut problems = Vec::new();
    let flags = Flags::read(parameters.all.get("flags")).unwrap_or_else(|problem| {
        problems.push(problem);
        Flags::default()
    });
    let pattern = required(parameters).and_then(|value| Pattern::parse(value, flags, "value"));
    match pattern {
        Ok(pattern) if problems.is_empty() => Ok(Arc::new(Matches(pattern))),
        Ok(_) => Err(problems),
        Err(problem) => {
            problems.push(problem);
            Err(problems)
        }
    }
}

/// How a pattern is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::domain::suite::assertion) struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_matches_line_break: bool,
}

impl Flags {
    fn read(value: Option<&Value>) -> Result<Self, Problem> {
        let mut flags = Self::default();
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(flags) };
        let text = value.as_str().ok_or_else(|| unexpected("flags", "letters such as `im`", value))?;
        for letter in text.chars() {
            match letter {
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_matches_line_break = true,
                other => {
                    let problem = Problem::new("flags", format!("unknown flag {}", quote(&other.to_string())));
                    return Err(problem.with_help("known are `i` (any letter case), `m` (lines) and `s` (`.` matches line breaks)"));
                }
            }
        }
        Ok(flags)
    }

    fn compile(self, pattern: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(pattern)
            .case_insensitive(self.ignore_case)
            .multi_line(self.multi_line)
            .dot_matches_new_line(self.dot_matches_line_break)
            .size_limit(SIZE)
            .nest_limit(NESTING)
            .build()
    }
}

/// A pattern: compiled at once, or with variables that are filled in first.
#[derive(Debug)]
pub(in crate::domain::suite::assertion) enum Pattern {
    /// Never changes.
    Compiled(Regex),
    /// Changes with the case.
    Templated(Template, Flags),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What the pattern or the template in it has wrong, with its place.
    pub(in crate::domain::suite::assertion) fn parse(value: &Value, flags: Flags, path: &str) -> Result<Self, Problem> {
        let source = value.as_str().ok_or_else(|| unexpected(path, "a pattern as text", value))?;
        if source.is_empty() {
            return Err(Problem::new(path, "the pattern is empty, and every answer matches an empty pattern"));
        }
        if !source.contains("{{") {
            return Self::literal(source, flags, path);
        }
        // `\{{2}` is a pattern with a count, not an escaped variable.
        let escaped = source.contains("\\{{");
        if escaped && let Ok(regex) = flags.compile(source) {
            return Ok(Self::Compiled(regex));
        }
        if escaped {
            let problem = Problem::new(path, "a backslash right before `{{` is ambiguous");
            return Err(problem.with_help("write `\\{\\{` for two braces, or `\\\\(?:{{name}})` for a backslash and a variable"));
        }
        if source.contains("{{{") {
            let problem = Problem::new(path, "`{{{` is ambiguous: a variable is written with two braces");
            return Err(problem.with_help("a count such as `{3}` cannot come from a variable"));
        }
        match Template::parse(source) {
            Ok(template) if template.is_literal() => Self::literal(source, flags, path),
            Ok(template) => Ok(Self::Templated(template, flags)),
            Err(error) => flags.compile(source).map(Self::Compiled).map_err(|_broken_both_ways| {
                let problem = Problem::new(path, format!("line {} column {}: {}", error.line, error.column, error.message));
                problem.with_help("write `{{name}}` for a variable, or `\\{\\{` for two braces")
            }),
        }
    }

    fn literal(source: &str, flags: Flags, path: &str) -> Result<Self, Problem> {
        flags.compile(source).map(Self::Compiled).map_err(|error| {
            let (message, help) = explain(&error, source);
            Problem { path: path.to_owned(), message, help }
        })
    }

    /// The pattern for these variables.
    ///
    /// # Errors
    /// When a variable is missing or the result is no pattern.
    pub(in crate::domain::suite::assertion) fn regex(&self, variables: &Variables) -> Result<Cow<'_, Regex>, TemplateError> {
        match self {
            Self::Compiled(regex) => Ok(Cow::Borrowed(regex)),
            Self::Templated(template, flags) => {
                let source = render(template, &escaped(variables))?;
                if source.is_empty() {
                    return Err(unfit(format!("the pattern {} is empty with these variables", code(template.source()))));
                }
                flags.compile(&source).map(Cow::Owned).map_err(|error| {
                    let (message, _) = explain(&error, &source);
                    unfit(format!("{} is no pattern with these variables: {message}", code(&source)))
                })
            }
        }
    }
}

/// A pattern without variables and flags; else what is wrong with it, and help where there is some.
pub(in crate::domain::suite::assertion) fn compile(pattern: &str) -> Result<Regex, (String, Option<String>)> {
    Flags::default().compile(pattern).map_err(|error| explain(&error, pattern))
}

/// The variables with every text such that a pattern matches it literally.
fn escaped(variables: &Variables) -> Variables {
    let values: Map<String, Value> = variables.values().iter().map(|(name, value)| (name.clone(), escape(value))).collect();
    Variables::new(values)
}

fn escape(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(number) => {
            let text = number.to_string();
            let escaped = regex::escape(&text);
            // Plain numbers stay numbers, so that conditions in the template see zero as zero.
            if escaped == text { value.clone() } else { Value::String(escaped) }
        }
        Value::String(text) => Value::String(escape_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(escape).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), escape(value))).collect()),
    }
}

/// As [`regex::escape`], and white space too, which `(?x)` would skip.
fn escape_text(text: &str) -> String {
    let escape = |character: char| if character.is_whitespace() { format!("\\x{{{:X}}}", u32::from(character)) } else { character.into() };
    regex::escape(text).chars().map(escape).collect()
}

/// One line about what is wrong with a pattern, and help where there is some.
fn explain(error: &regex::Error, pattern: &str) -> (String, Option<String>) {
    let text = match error {
        regex::Error::Syntax(text) => text,
        regex::Error::CompiledTooBig(limit) => {
            let message = format!("the pattern takes more than {} MiB when compiled", limit >> 20);
            return (message, Some("use smaller counts, or ASCII classes such as `[0-9]` instead of `\\d`".to_owned()));
        }
        other => return (shorten(other, 200), None),
    };
    let said = text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it does not parse");
    let said = lower_first(&shorten(said, 200));
    let message = match place(text, pattern) {
        Some((1, column)) => format!("column {column}: {said}"),
        Some((line, column)) => format!("line {line} column {column}: {said}"),
        None => said.clone(),
    };
    let unsupported = said.contains("look-around") || said.contains("backreferences");
    let help = "look-around and back-references are not supported, so that matching takes time linear in the answer; \
                combine assertions with `all-of` or `not-` instead";
    (message, unsupported.then(|| help.to_owned()))
}

/// Where the drawing in a syntax error points: the first caret below the pattern.
fn place(drawing: &str, pattern: &str) -> Option<(usize, usize)> {
    let caret = |line: &str, margin: usize| line.chars().position(|c| c == '^').and_then(|at| at.checked_sub(margin));
    if !pattern.contains('\n') {
        return caret(drawing.lines().nth(2)?, 4).map(|column| (1, column + 1));
    }
    // Several lines are numbered: `2: text`. Only the line of carets has no number.
    for (number, line) in drawing.lines().skip(2).enumerate() {
        if line.chars().all(|c| c == ' ' || c == '^') && line.contains('^') {
            let lines = pattern.lines().count() + usize::from(pattern.ends_with('\n'));
            return caret(line, lines.to_string().len() + 2).map(|column| (number, column + 1));
        }
    }
    None
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[derive(Debug)]
struct Matches(Pattern);

impl Check for Matches {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        match self.0.regex(subject.variables) {
            Err(error) => Judgement::undecided(error.message),
            Ok(regex) => match regex.find(&subject.answer.text) {
                Some(found) => Judgement::new(true, format!("matches {} with {}", code(regex.as_str()), quote(found.as_str()))),
                None => Judgement::new(false, format!("does not match {}", code(regex.as_str()))),
            },
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.0.regex(variables).map(drop)
    }
}
