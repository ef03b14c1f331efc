//! A field: a variable, the way into it, and how it is shown.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{super::missing_message, Parser, Piece, Spec, TemplateError};

/// `{name.attribute[0][key]!r:>10}`.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// As written, in back quotes, for messages.
    pub(super) written: String,
    /// The byte of the template it begins at.
    pub(super) start: usize,
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    pub(super) conversion: Option<Conversion>,
    pub(super) spec: FieldSpec,
}

/// A step into a value. It reaches what the value holds, and never anything of the program.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `.name` or `[name]`.
    Key(String),
    /// `[0]`.
    Index(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Conversion {
    Str,
    Repr,
    Ascii,
}

#[derive(Debug, Clone)]
pub(super) enum FieldSpec {
    Fixed(Spec),
    /// With fields in it, so that it is read when they are filled in.
    Nested(Vec<Piece>),
}

impl Field {
    /// The value it stands for, or why there is none, with the name of a missing variable.
    pub(super) fn value<'v>(&self, variables: &'v Map<String, Value>) -> Result<Cow<'v, Value>, (String, Option<String>)> {
        let Some(value) = variables.get(&self.name) else { return Err((missing_message(&self.name), Some(self.name.clone()))) };
        let mut value = Cow::Borrowed(value);
        for step in &self.steps {
            let next = match &value {
                Cow::Borrowed(value) => step.of(value),
                Cow::Owned(value) => step.of(value).map(|next| Cow::Owned(next.into_owned())),
            };
            value = next.map_err(|message| (format!("{}: {message}", self.written), None))?;
        }
        Ok(value)
    }
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Result<Cow<'v, Value>, String> {
        let found = match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.get(key).map(Cow::Borrowed),
            (Self::Index(index), Value::Object(map)) => map.get(&index.to_string()).map(Cow::Borrowed),
            (Self::Index(index), Value::Array(items)) => items.get(*index).map(Cow::Borrowed),
            (Self::Index(index), Value::String(text)) => {
                text.chars().nth(*index).map(|character| Cow::Owned(Value::String(character.to_string())))
            }
            (Self::Key(_) | Self::Index(_), _) => None,
        };
        found.ok_or_else(|| match (self, value) {
            (Self::Key(key), Value::Object(map)) => {
                let near = crate::domain::suggest::nearest(key, map.keys().map(String::as_str));
                let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                format!("the map has no `{key}`{meant}")
            }
            (Self::Key(key), other) => format!("{} has no `{key}`", super::text::kind(other)),
            (Self::Index(index), other) => format!("{} has no item {index}", super::text::kind(other)),
        })
    }
}

impl Parser<'_> {
    /// Reads `name.attribute[key]`.
    pub(super) fn name(&self, start: usize, end: usize) -> Result<(String, Vec<Step>), TemplateError> {
        let written = self.part(start, end);
        let length = written.find(['.', '[']).unwrap_or(written.len());
        let name = self.part(start, start + length);
        self.check_name(name, start)?;
        let mut steps = Vec::new();
        let mut at = start + length;
        while at < end {
            let rest = self.part(at, end);
            if let Some(attribute) = rest.strip_prefix('.') {
                let length = attribute.find(['.', '[']).unwrap_or(attribute.len());
                let attribute = self.part(at + 1, at + 1 + length);
                if attribute.is_empty() {
                    return self.error(at, "a name is missing behind `.`");
                }
                steps.push(Step::Key(attribute.to_owned()));
                at += 1 + length;
            } else if let Some(key) = rest.strip_prefix('[') {
                let Some(length) = key.find(']') else { return self.error(at, "this `[` is never closed") };
                let key = self.part(at + 1, at + 1 + length);
                if key.is_empty() {
                    return self.error(at, "a key or an index is missing between `[` and `]`");
                }
                let digits = key.chars().all(|c| c.is_ascii_digit());
                let index = if digits { key.parse().ok() } else { None };
                steps.push(index.map_or_else(|| Step::Key(key.to_owned()), Step::Index));
                at += 2 + length;
            } else {
                return self.error(at, "behind `]` comes `.`, `[` or the end of the name");
            }
        }
        Ok((name.to_owned(), steps))
    }

    fn check_name(&self, name: &str, start: usize) -> Result<(), TemplateError> {
        let by_position = "fields by position are not filled in, because variables have names here: write `{name}`";
        if name.is_empty() {
            return self.error(start, by_position);
        }
        if name.chars().all(|c| c.is_ascii_digit()) {
            return self.error(start, format!("`{{{name}}}`: {by_position}"));
        }
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(fits) && !name.ends_with(' ') {
            return Ok(());
        }
        let shown: String = name.chars().take(20).map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.error(start, format!("`{shown}` is no name of a variable: write `{{{{` and `}}}}` for braces"))
    }
}
