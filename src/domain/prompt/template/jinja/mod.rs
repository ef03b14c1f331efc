//! Jinja: strict about missing variables, without HTML escaping, without other templates, and with an end.

mod charge;
mod constants;
mod counted;
mod names;
mod reads;

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior,
    machinery::{self, eval, get_compiled_template, make_string_output},
    syntax::SyntaxConfig,
};
use serde_json::{Map, Value};

use super::{MOST_WRITTEN, Read, TemplateError, missing_message, reads::meant};

/// Steps a template may take: enough for a hundred thousand rounds of a loop, and done in a second.
const FUEL: u64 = 5_000_000;

/// How deep macros and loops may stand in each other.
const RECURSION: usize = 100;

/// The name of the one template there is.
const NAME: &str = "prompt";

/// A template with its environment.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    environment: Arc<Environment<'static>>,
}

impl Compiled {
    /// Reads a template; `None` when rendering it would be a copy.
    pub(super) fn parse(source: &str) -> Result<Option<Self>, TemplateError> {
        Self::parse_within(source, MOST_WRITTEN)
    }

    /// The same with another limit for what a rendering puts together, in bytes.
    fn parse_within(source: &str, limit: usize) -> Result<Option<Self>, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|open| source.contains(open)) {
            return Ok(None);
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_debug(true);
        charge::install(&mut environment, limit);
        // A text keeps its last line break, as in every other syntax.
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| explain(&error, source))?;
        constants::shallow(source, syntax.clone())?;
        let parsed = machinery::parse(source, NAME, syntax.clone()).map_err(|error| explain(&error, source))?;
        constants::small(&parsed, source, limit)?;
        environment.set_syntax(syntax);
        // It would show every value there is, also those that the template does not name.
        environment.remove_global("debug");
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| explain(&error, source))?;
        Ok(Some(Self { environment: Arc::new(environment) }))
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
        let known: HashSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut names = self.environment.get_template(NAME).map(|template| template.undeclared_variables(whole)).unwrap_or_default();
        names.retain(|name| !known.contains(name.split('.').next().unwrap_or_default()));
        names
    }

    pub(super) fn render(&self, source: &str, variables: &Map<String, Value>) -> Result<String, TemplateError> {
        let values = minijinja::Value::from_pairs(variables.iter().map(|(name, value)| (name.clone(), converted(value))));
        charge::begin();
        let mut text = String::new();
        let rendered = self.environment.get_template(NAME).and_then(|template| {
            let compiled = get_compiled_template(&template);
            let (steps, blocks) = (counted::counted(&compiled.instructions), compiled.blocks.iter());
            let blocks = blocks.map(|(name, steps)| (*name, counted::counted(steps))).collect();
            let mut output = make_string_output(&mut text);
            eval(&self.environment, &steps, values, &blocks, &mut output, AutoEscape::None).map(drop)
        });
        rendered.map(|()| text).map_err(|error| {
            let mut explained = explain(&error, source);
            if let Some(unknown) = names::explained(&error) {
                explained.message = unknown;
            }
            if error.kind() == ErrorKind::UndefinedError
                && let Some(name) = expression(&error, source).and_then(variable).or_else(|| undefined(&error))
            {
                let first = name.split(['.', '[']).next().unwrap_or(name);
                // Only the name of a variable can be compared with the names of those there are; what a loop names has a value.
                let given = variables.contains_key(first);
                let known = given || !self.variables().contains(first);
                explained.message = if known { format!("`{name}` has no value") } else { missing_message(first) };
                explained.missing = (!known).then(|| first.to_owned());
                if let Some(meant) = meant(name, variables).filter(|_| given) {
                    explained.message = format!("{}; did you mean `{meant}`?", explained.message);
                }
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
        None => TemplateError { message, line, column: 1, missing: None, read: None },
    }
}

#[cfg(test)]
mod tests;
