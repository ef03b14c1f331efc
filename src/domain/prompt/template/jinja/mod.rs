//! Jinja: strict about missing variables, without HTML escaping, without other templates, and with an end.

mod charge;
mod reads;

use std::{
    collections::{BTreeSet, HashSet},
    io::{self, Write},
    sync::Arc,
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, syntax::SyntaxConfig};
use serde_json::{Map, Value};

use crate::domain::suggest;

use super::{MOST_WRITTEN, Read, TemplateError, missing_message, too_large};

/// Steps a template may take: enough for a hundred thousand rounds of a loop, and done in a second.
const FUEL: u64 = 5_000_000;

/// How deep macros and loops may stand in each other.
const RECURSION: usize = 100;

/// The name of the one template there is.
const NAME: &str = "prompt";

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
pub(super) struct Compiled {
    environment: Arc<Environment<'static>>,
    /// The names of the filters there are.
    filters: Arc<[&'static str]>,
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
        let filters = charge::install(&mut environment, limit);
        // A text keeps its last line break, as in every other syntax.
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| explain(&error, source))?;
        environment.set_syntax(syntax);
        // It would show every value there is, also those that the template does not name.
        environment.remove_global("debug");
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| explain(&error, source))?;
        Ok(Some(Self { environment: Arc::new(environment), filters: filters.into() }))
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
        let mut text = Bounded::default();
        let rendered = self.environment.get_template(NAME).and_then(|template| template.render_captured_to(values, &mut text).map(drop));
        rendered.map(|()| String::from_utf8(text.0).unwrap_or_default()).map_err(|error| {
            let mut explained = explain(&error, source);
            if error.kind() == ErrorKind::UnknownFilter
                && let Some(meant) = error.detail().and_then(|said| suggest::nearest(said.split(' ').nth(1)?, self.filters.iter().copied()))
            {
                explained.message = format!("{}; did you mean `{meant}`?", explained.message);
            }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(source: &str, limit: usize) -> Result<String, TemplateError> {
        let values = json!({"x": "a\n".repeat(100), "y": "b".repeat(200), "l": [1, 2, 3], "m": {"k": ["v", 1]}});
        Compiled::parse_within(source, limit)?.unwrap().render(source, values.as_object().unwrap())
    }

    #[test]
    fn what_filters_make_is_counted_before_it_is_made() {
        for (source, what) in [
            ("{{ x|replace('a', y)|length }}", "filter `replace`"),
            ("{{ x|replace('', y)|length }}", "filter `replace`"),
            ("{{ range(100)|join(y)|length }}", "filter `join`"),
            ("{{ range(100)|join(d=y)|length }}", "filter `join`"),
            ("{{ x|indent(9000)|length }}", "filter `indent`"),
            ("{{ x|indent(width=9000)|length }}", "filter `indent`"),
            ("{{ '%90000d'|format(1)|length }}", "filter `format`"),
            ("{{ l|batch(90000, 1)|length }}", "filter `batch`"),
            ("{{ l|slice(90000)|length }}", "filter `slice`"),
            ("{{ range(9000)|list|length }}", "filter `list`"),
            ("{{ range(9000)|string|length }}", "filter `string`"),
            ("{{ range(9000)|map('string')|list|length }}", "filter `map`"),
            ("{{ l|map('replace', '', y * 40)|list|length }}", "filter `replace`"),
            ("{{ m|tojson(indent=90000)|length }}", "filter `tojson`"),
            ("{{ (x * 30)|split('a')|length }}", "filter `split`"),
            // What is set is a list here, and no text.
            ("{% set s %}{{ range(9000) }}{% endset %}", "what is written"),
            ("{% macro m() %}{{ range(9000) }}{% endmacro %}{% set s = m() %}", "what is written"),
        ] {
            let error = rendered(source, 10_000).expect_err(source);
            assert_eq!(error.message, format!("the text would be larger than 10000 bytes: {what}"), "{source}");
            assert_eq!(error.line, 1, "{source}");
            // The engine refuses some of it for reasons of its own.
            assert!(rendered(source, 100_000_000).map_or_else(|error| !error.message.contains("larger"), |_| true), "{source}");
        }
    }

    #[test]
    fn filters_that_authors_use_are_there() {
        let source = "{{ m|tojson|replace(' ', '') }} {{ ' a '|trim }} {{ l|map('string')|join('-') }} {{ l|select('odd')|list|length }} \
                      {{ l|reverse|first }}{{ l|last }} {{ 'b a'|split|sort|join(',') }} {{ [1, 1]|unique|list|length }} {{ '2'|int + 1 }} \
                      {{ m|items|first|first }} {{ 'a\nb'|indent(2) }} {{ [{'n': 1}]|selectattr('n')|list|length }} {{ 'x'|upper }} {{ '<'|e }}";
        let expected = "{\"k\":[\"v\",1]} a 1-2-3 2 33 a,b 1 3 k a\n  b 1 X &lt;";
        assert_eq!(rendered(source, 10_000).unwrap(), expected);
        let error = rendered("{{ 'x'|upcase }} {{ 'x'|uper }}", 10_000).unwrap_err();
        assert!(error.message.contains("upcase"), "{error}");
        assert!(rendered("{{ 'x'|uper }}", 10_000).unwrap_err().message.ends_with("did you mean `upper`?"));
    }
}
