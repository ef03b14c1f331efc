//! Jinja: strict about missing variables, without HTML escaping, without other templates, and with an end.

mod reads;

use std::{
    cell::Cell,
    collections::{BTreeSet, HashSet},
    io::{self, Write},
    sync::Arc,
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter, syntax::SyntaxConfig};
use serde_json::{Map, Value};

use super::{MOST_WRITTEN, Read, TemplateError, missing_message, too_large};

/// Steps a template may take: enough for a hundred thousand rounds of a loop, and done in a second.
const FUEL: u64 = 5_000_000;

/// How deep macros and loops may stand in each other.
const RECURSION: usize = 100;

/// The name of the one template there is.
const NAME: &str = "prompt";

thread_local! {
    /// Bytes of texts that the rendering under way on this thread has put into its output, and into what it sets and its macros give.
    static PUT: Cell<usize> = const { Cell::new(0) };
}

/// A text that ends with an error instead of with the memory.
#[derive(Debug, Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.0.len() + piece.len() > MOST_WRITTEN {
            return Err(io::Error::other(too_large()));
        }
        self.0.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A template with its environment.
#[derive(Debug, Clone)]
pub(super) struct Compiled(Arc<Environment<'static>>);

impl Compiled {
    /// Reads a template; `None` when rendering it would be a copy.
    pub(super) fn parse(source: &str) -> Result<Option<Self>, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|open| source.contains(open)) {
            return Ok(None);
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_debug(true);
        // What a template captures is in no writer of ours; it is counted here.
        environment.set_formatter(|output, state, value| {
            let put = PUT.get().saturating_add(value.as_str().map_or(0, str::len));
            PUT.set(put);
            if put > MOST_WRITTEN {
                return Err(Error::new(ErrorKind::InvalidOperation, too_large()));
            }
            escape_formatter(output, state, value)
        });
        // A text keeps its last line break, as in every other syntax.
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| explain(&error, source))?;
        environment.set_syntax(syntax);
        // It would show every value there is, also those that the template does not name.
        environment.remove_global("debug");
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| explain(&error, source))?;
        Ok(Some(Self(Arc::new(environment))))
    }

    /// The variables that it names and does not set itself.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        self.named(false).into_iter().collect()
    }

    /// The values that it reads and that may not be missing.
    pub(super) fn reads(&self, source: &str) -> Vec<Read> {
        reads::reads(&self.named(true), source)
    }

    /// Names without those that every template has, such as `range`; `whole`: with the attributes behind them.
    fn named(&self, whole: bool) -> HashSet<String> {
        let known: HashSet<&str> = self.0.globals().map(|(name, _)| name).collect();
        let mut names = self.0.get_template(NAME).map(|template| template.undeclared_variables(whole)).unwrap_or_default();
        names.retain(|name| !known.contains(name.split('.').next().unwrap_or_default()));
        names
    }

    pub(super) fn render(&self, source: &str, variables: &Map<String, Value>) -> Result<String, TemplateError> {
        let values = minijinja::Value::from_pairs(variables.iter().map(|(name, value)| (name.clone(), converted(value))));
        PUT.set(0);
        let mut text = Bounded::default();
        let rendered = self.0.get_template(NAME).and_then(|template| template.render_captured_to(values, &mut text).map(drop));
        rendered.map(|()| String::from_utf8(text.0).unwrap_or_default()).map_err(|error| {
            let mut explained = explain(&error, source);
            if error.kind() == ErrorKind::UndefinedError
                && let Some(name) = expression(&error, source).and_then(variable).or_else(|| undefined(&error))
            {
                let first = name.split(['.', '[']).next().unwrap_or(name);
                // Only the name of a variable can be compared with the names of those there are.
                let known = variables.contains_key(first);
                explained.message = if known { format!("`{name}` has no value") } else { missing_message(first) };
                explained.missing = (!known).then(|| first.to_owned());
            }
            explained
        })
    }
}

fn converted(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(flag) => minijinja::Value::from(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => minijinja::Value::from(whole),
            (None, Some(whole)) => minijinja::Value::from(whole),
            (None, None) => minijinja::Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(items) => items.iter().map(converted).collect(),
        Value::Object(map) => minijinja::Value::from_pairs(map.iter().map(|(key, value)| (key.clone(), converted(value)))),
    }
}

/// The part of the text the error is about.
fn expression<'s>(error: &Error, source: &'s str) -> Option<&'s str> {
    source.get(error.range()?)
}

/// The name that the engine says has no value.
fn undefined(error: &Error) -> Option<&str> {
    let (before, _) = error.detail()?.split_once("` is undefined")?;
    variable(before.rsplit('`').next()?)
}

/// The expression, if it is a name with attributes and indexes and nothing more.
fn variable(expression: &str) -> Option<&str> {
    let name = expression.split('|').next()?.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '\'' | '"');
    (name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(plain)).then_some(name)
}

fn explain(error: &Error, source: &str) -> TemplateError {
    let said = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let message = if error.kind() == ErrorKind::OutOfFuel {
        format!("the template takes more than {FUEL} steps; does a loop end?")
    } else if error.kind() == ErrorKind::WriteFailure {
        too_large()
    } else if error.kind() == ErrorKind::SyntaxError {
        format!("the template does not parse: {said}")
    } else {
        said
    };
    let line = error.line().unwrap_or(1);
    match error.range() {
        Some(range) => {
            let found = TemplateError::at(source, range.start, message);
            // A range that does not agree with the line is not believed.
            if found.line == line { found } else { TemplateError { line, column: 1, ..found } }
        }
        None => TemplateError { message, line, column: 1, missing: None },
    }
}
