//! The syntax of Python's `str.format`, with named variables only.

mod field;
mod number;
mod number_text;
mod spec;
mod text;

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value};

use super::{MOST_WRITTEN, TemplateError, too_large};
use field::{Conversion, Field, FieldSpec};
use spec::Spec;

/// Fields may stand in the format of a field, and no deeper.
const MAX_DEPTH: usize = 2;

/// Bytes in which a field ends that is found among other braces.
const LONGEST_FOUND: usize = 300;

/// A parsed template.
#[derive(Debug, Clone)]
pub(super) struct Format(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Field(Field),
}

impl Format {
    /// Reads a template; `None` when rendering it would be a copy.
    pub(super) fn parse(source: &str) -> Result<Option<Self>, TemplateError> {
        if !source.contains(['{', '}']) {
            return Ok(None);
        }
        Parser { source }.pieces(0, source.len(), 1).map(|pieces| Some(Self(pieces)))
    }

    /// The variables that it names.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        named(&self.0, &mut names);
        names
    }

    pub(super) fn render(&self, source: &str, variables: &Map<String, Value>) -> Result<String, TemplateError> {
        let mut rendered = String::new();
        render(&self.0, source, variables, &mut rendered)?;
        Ok(rendered)
    }
}

/// Adds the variables that fields name, those in their formats included.
fn named(pieces: &[Piece], names: &mut BTreeSet<String>) {
    for piece in pieces {
        let Piece::Field(field) = piece else { continue };
        names.insert(field.name.clone());
        if let FieldSpec::Nested(pieces) = &field.spec {
            named(pieces, names);
        }
    }
}

/// The first field of a text that parses, found without minding anything around it.
pub(super) fn first_field(text: &str) -> Option<(usize, &str)> {
    text.match_indices('{').find_map(|(start, _)| {
        // Looked for in a part of the text, or each of many braces would be looked for through all of it.
        let rest = text.get(start..)?;
        let near = rest.get(..rest.floor_char_boundary(LONGEST_FOUND)).unwrap_or(rest);
        let (_, end) = Parser { source: near }.field(0, near.len(), 1).ok()?;
        Some((start, near.get(..end)?))
    })
}

fn render(pieces: &[Piece], source: &str, variables: &Map<String, Value>, rendered: &mut String) -> Result<(), TemplateError> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => rendered.push_str(text),
            Piece::Field(field) => {
                rendered.push_str(&filled(field, source, variables)?);
                if rendered.len() > MOST_WRITTEN {
                    return Err(TemplateError::at(source, field.start, too_large()));
                }
            }
        }
    }
    Ok(())
}

fn filled(field: &Field, source: &str, variables: &Map<String, Value>) -> Result<String, TemplateError> {
    let fail = |message: String| TemplateError::at(source, field.start, message);
    let value = field.value(variables).map_err(|(message, missing)| TemplateError { missing, ..fail(message) })?;
    let value = match field.conversion {
        None => value,
        Some(Conversion::Str) => Cow::Owned(Value::String(text::plain(&value))),
        Some(Conversion::Repr) => Cow::Owned(Value::String(text::repr(&value))),
        Some(Conversion::Ascii) => Cow::Owned(Value::String(text::ascii(&value))),
    };
    let nested;
    let spec = match &field.spec {
        FieldSpec::Fixed(spec) => spec,
        FieldSpec::Nested(pieces) => {
            let mut written = String::new();
            render(pieces, source, variables, &mut written)?;
            nested = Spec::parse(&written).map_err(|message| fail(format!("{}: {message}", field.written)))?;
            &nested
        }
    };
    spec::format(&value, spec).map_err(|message| fail(format!("{}: {message}", field.written)))
}

struct Parser<'s> {
    source: &'s str,
}

impl Parser<'_> {
    fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::at(self.source, offset, message))
    }

    fn part(&self, start: usize, end: usize) -> &str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// Reads a part of the source, which lies in `depth - 1` fields.
    fn pieces(&self, start: usize, end: usize, depth: usize) -> Result<Vec<Piece>, TemplateError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut at = start;
        while at < end {
            let rest = self.part(at, end);
            let Some(brace) = rest.find(['{', '}']) else {
                text.push_str(rest);
                break;
            };
            text.push_str(self.part(at, at + brace));
            at += brace;
            match self.part(at, end) {
                rest if rest.starts_with("{{") => text.push('{'),
                rest if rest.starts_with("}}") => text.push('}'),
                rest if rest.starts_with('}') => return self.error(at, "a single `}` ends nothing: write `}}` for a brace"),
                _ => {
                    let (field, next) = self.field(at, end, depth)?;
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(Piece::Field(field));
                    at = next;
                    continue;
                }
            }
            at += 2;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(pieces)
    }

    /// Reads the field whose brace is at `start`; gives the place behind it too.
    fn field(&self, start: usize, end: usize, depth: usize) -> Result<(Field, usize), TemplateError> {
        if depth > MAX_DEPTH {
            return self.error(start, "fields stand in the format of a field, and no deeper");
        }
        let unclosed = || TemplateError::at(self.source, start, "this `{` is never closed: write `{{` for a brace, or close it with `}`");
        let stop = self.end_of_name(start + 1, end)?.ok_or_else(unclosed)?;
        let (name, steps) = self.name(start + 1, stop)?;
        let mut at = stop;
        let mut conversion = None;
        if self.part(at, end).starts_with('!') {
            (conversion, at) = self.conversion(at + 1, end, unclosed)?;
        }
        let spec = if self.part(at, end).starts_with(':') {
            let close = self.end_of_spec(at + 1, end).ok_or_else(unclosed)?;
            let spec = self.spec(at + 1, close, depth)?;
            at = close;
            spec
        } else {
            FieldSpec::Fixed(Spec::default())
        };
        let written = format!("`{}`", self.part(start, at + 1));
        Ok((Field { written, start, name, steps, conversion, spec }, at + 1))
    }

    /// Where a name ends: at `}`, `:` or `!` outside brackets.
    fn end_of_name(&self, start: usize, end: usize) -> Result<Option<usize>, TemplateError> {
        let mut bracket = false;
        for (index, c) in self.part(start, end).char_indices() {
            match c {
                '{' => return self.error(start + index, "a `{` inside a name: write `{{` for a brace"),
                '[' => bracket = true,
                ']' => bracket = false,
                '}' | ':' | '!' if !bracket => return Ok(Some(start + index)),
                _ => {}
            }
        }
        Ok(None)
    }

    fn conversion(
        &self,
        start: usize,
        end: usize,
        unclosed: impl Fn() -> TemplateError,
    ) -> Result<(Option<Conversion>, usize), TemplateError> {
        let mut rest = self.part(start, end).chars();
        let written = rest.next().ok_or_else(&unclosed)?;
        let conversion = match written {
            's' => Conversion::Str,
            'r' => Conversion::Repr,
            'a' => Conversion::Ascii,
            _ => return self.error(start, "there is no such conversion: `!s`, `!r` and `!a` are known"),
        };
        match rest.next() {
            Some(':' | '}') => Ok((Some(conversion), start + written.len_utf8())),
            Some(_) => self.error(start + written.len_utf8(), "behind a conversion comes `:` or `}`"),
            None => Err(unclosed()),
        }
    }

    /// Where the format of a field ends: at the brace that closes the field.
    fn end_of_spec(&self, start: usize, end: usize) -> Option<usize> {
        let mut open = 1_usize;
        for (index, c) in self.part(start, end).char_indices() {
            match c {
                '{' => open += 1,
                '}' if open == 1 => return Some(start + index),
                '}' => open -= 1,
                _ => {}
            }
        }
        None
    }

    fn spec(&self, start: usize, end: usize, depth: usize) -> Result<FieldSpec, TemplateError> {
        let written = self.part(start, end);
        if written.contains('{') {
            return self.pieces(start, end, depth + 1).map(FieldSpec::Nested);
        }
        Spec::parse(written).map(FieldSpec::Fixed).or_else(|message| self.error(start, message))
    }
}

#[cfg(test)]
mod tests;
