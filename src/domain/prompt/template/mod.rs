//! Templates with variables, in the syntaxes people write them in. A template reaches its variables and nothing else.

mod handlebars;
mod jinja;
mod python_format;
mod reads;

use std::{collections::BTreeSet, fmt, sync::OnceLock};

use ::handlebars::Context;
use serde_json::{Map, Value};
use thiserror::Error;

pub use reads::{Meant, Reach, Read, Step};

/// How variables are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Syntax {
    /// `{{name}}`, in strict mode, without HTML escaping.
    #[default]
    Handlebars,
    /// `{name}` and `{price:.2f}`, as Python's `str.format` reads them.
    PythonFormat,
    /// `{{ name }}` and `{% for … %}`.
    Jinja,
}

impl Syntax {
    /// Every syntax, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Handlebars, Self::PythonFormat, Self::Jinja];

    /// Its name in prompt files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handlebars => "handlebars",
            Self::PythonFormat => "python-format",
            Self::Jinja => "jinja",
        }
    }

    /// The syntax of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|syntax| syntax.name() == name)
    }
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    syntax: Syntax,
    compiled: Compiled,
}

#[derive(Debug, Clone)]
enum Compiled {
    /// No variables at all and nothing escaped: rendering is a copy.
    Literal,
    Handlebars(Box<::handlebars::Template>),
    PythonFormat(python_format::Format),
    Jinja(jinja::Compiled),
}

/// The values a template may use.
#[derive(Debug, Clone)]
pub struct Variables(Context);

/// What is wrong with a template, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// 1-based line in the template's own text.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
    /// The variable that is missing, where that is the reason.
    pub missing: Option<String>,
    /// Where that name is one of a block's item: what it reads.
    pub read: Option<Box<Read>>,
}

impl TemplateError {
    /// An error at a byte of the template's text.
    fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { message: message.into(), line, column, missing: None, read: None }
    }

    /// The message, with the name that was most likely meant where a variable is missing.
    pub fn described(&self, values: &Map<String, Value>) -> String {
        let meant = match &self.read {
            Some(read) => read.meant(values),
            None => self.missing.as_deref().and_then(|name| reads::meant(name, values)),
        };
        meant.map_or_else(|| self.message.clone(), |meant| format!("{}; did you mean `{meant}`?", self.message))
    }
}

impl Variables {
    /// Wraps named values.
    pub fn new(values: Map<String, Value>) -> Self {
        let mut context = Context::null();
        *context.data_mut() = Value::Object(values);
        Self(context)
    }

    /// The named values.
    pub fn values(&self) -> &Map<String, Value> {
        static EMPTY: OnceLock<Map<String, Value>> = OnceLock::new();
        self.0.data().as_object().unwrap_or_else(|| EMPTY.get_or_init(Map::new))
    }
}

impl Default for Variables {
    fn default() -> Self {
        Self::new(Map::new())
    }
}

impl Template {
    /// Reads a handlebars template.
    ///
    /// # Errors
    /// The first syntax error with its line and column.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Self::parse_as(source, Syntax::Handlebars)
    }

    /// Reads a template of a syntax.
    ///
    /// # Errors
    /// The first syntax error with its line, and its column where that is known.
    pub fn parse_as(source: &str, syntax: Syntax) -> Result<Self, TemplateError> {
        let compiled = match syntax {
            Syntax::Handlebars => handlebars::parse(source)?.map(|template| Compiled::Handlebars(Box::new(template))),
            Syntax::PythonFormat => python_format::Format::parse(source)?.map(Compiled::PythonFormat),
            Syntax::Jinja => jinja::Compiled::parse(source)?.map(Compiled::Jinja),
        };
        Ok(Self { source: source.to_owned(), syntax, compiled: compiled.unwrap_or(Compiled::Literal) })
    }

    /// A text without variables, whatever it contains.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { source: text.into(), syntax: Syntax::default(), compiled: Compiled::Literal }
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How its variables are written.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// Whether the text never changes.
    pub fn is_literal(&self) -> bool {
        matches!(self.compiled, Compiled::Literal)
    }

    /// The names that it looks up in its variables, sorted: of `user.name` only `user`. What a loop names of its own is not among them.
    pub fn variables(&self) -> BTreeSet<String> {
        match &self.compiled {
            Compiled::Literal => BTreeSet::new(),
            Compiled::Handlebars(template) => handlebars::variables(template),
            Compiled::PythonFormat(format) => format.variables(),
            Compiled::Jinja(template) => template.variables(),
        }
    }

    /// Every value that it reads, in branches that no rendering takes as well, as far as that can be told: not what a loop names of
    /// its own, and none in Python's syntax, which has no branches.
    pub fn reads(&self) -> Vec<Read> {
        match &self.compiled {
            Compiled::Literal | Compiled::PythonFormat(_) => Vec::new(),
            Compiled::Handlebars(template) => handlebars::reads(template),
            Compiled::Jinja(template) => template.reads(&self.source),
        }
    }

    /// The text with `variables` filled in.
    ///
    /// # Errors
    /// A missing variable, or what cannot be done with a value, with line and column.
    pub fn render(&self, variables: &Variables) -> Result<String, TemplateError> {
        match &self.compiled {
            Compiled::Literal => Ok(self.source.clone()),
            Compiled::Handlebars(template) => handlebars::render(template, &self.source, &variables.0),
            Compiled::PythonFormat(format) => format.render(&self.source, variables.values()),
            Compiled::Jinja(template) => template.render(&self.source, variables.values()),
        }
    }
}

/// The first `{name}` of a text that Python's format syntax would fill in, with its line and column; other braces are
/// passed over.
pub fn python_field(text: &str) -> Option<(&str, usize, usize)> {
    let (offset, field) = python_format::first_field(text)?;
    let TemplateError { line, column, .. } = TemplateError::at(text, offset, "");
    Some((field, line, column))
}

/// Bytes of one rendered text.
const MOST_WRITTEN: usize = 128 << 20;

fn too_large() -> String {
    too_large_for(MOST_WRITTEN)
}

fn too_large_for(limit: usize) -> String {
    let (number, unit) = if limit < 1 << 20 { (limit, "bytes") } else { (limit >> 20, "MiB") };
    format!("the text would be larger than {number} {unit}")
}

fn missing_message(name: &str) -> String {
    if name.is_empty() { "a variable has no value".to_owned() } else { format!("variable `{name}` has no value") }
}

#[cfg(test)]
mod tests;
