//! Templates with variables: handlebars in strict mode, without HTML escaping.

use std::sync::OnceLock;

use handlebars::{Context, Handlebars, RenderContext, RenderErrorReason, Renderable, no_escape, template::TemplateElement};
use serde_json::{Map, Value};
use thiserror::Error;

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    /// `None` when the text has no variables at all, so that rendering is a copy.
    compiled: Option<handlebars::Template>,
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
        let compiled = if source.contains("{{") {
            let template = handlebars::Template::compile(source).map_err(|error| {
                let (line, column) = error.pos().unwrap_or((1, 1));
                TemplateError { message: syntax_message(&error.reason().to_string()), line, column, missing: None }
            })?;
            let literal = template.elements.iter().all(|element| matches!(element, TemplateElement::RawString(_)));
            // An escaped `\{{` is literal and still not the text as written, so it is rendered.
            (!literal || source.contains("\\{{")).then_some(template)
        } else {
            None
        };
        Ok(Self { source: source.to_owned(), compiled })
    }

    /// A text without variables, whatever it contains.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { source: text.into(), compiled: None }
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the text never changes.
    pub fn is_literal(&self) -> bool {
        self.compiled.is_none()
    }

    /// The text with `variables` filled in.
    ///
    /// # Errors
    /// A missing variable, an unknown helper or a partial, with line and column.
    pub fn render(&self, variables: &Variables) -> Result<String, TemplateError> {
        let Some(template) = &self.compiled else { return Ok(self.source.clone()) };
        template.renders(registry(), &variables.0, &mut RenderContext::new(None)).map_err(|error| {
            let missing =
                if let RenderErrorReason::MissingVariable(name) = error.reason() { Some(name.clone().unwrap_or_default()) } else { None };
            let message = match &missing {
                Some(name) if name.is_empty() => "a variable has no value".to_owned(),
                Some(name) => format!("variable `{name}` has no value"),
                None => error.reason().to_string().to_lowercase(),
            };
            TemplateError { message, line: error.line_no.unwrap_or(1), column: error.column_no.unwrap_or(1), missing }
        })
    }
}

fn registry() -> &'static Handlebars<'static> {
    static REGISTRY: OnceLock<Handlebars<'static>> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(no_escape);
        // `log` would write to the process's log from inside a prompt.
        registry.unregister_helper("log");
        registry
    })
}

/// The parser's message carries an ASCII drawing; its last line says what it expected.
fn syntax_message(reason: &str) -> String {
    let said = reason.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("invalid template");
    format!("the template does not parse: {}", said.trim_start_matches("= ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vars(value: &Value) -> Variables {
        Variables::new(value.as_object().cloned().unwrap())
    }

    #[test]
    fn values_are_not_escaped() {
        let template = Template::parse("Say: {{text}}").unwrap();
        assert_eq!(template.render(&vars(&json!({"text": "<b> & \"q\" `x` = 1"}))).unwrap(), "Say: <b> & \"q\" `x` = 1");
    }

    #[test]
    fn nested_values_lists_and_conditions_work() {
        let template = Template::parse("{{user.name}}:{{#each tags}} {{this}}{{/each}}{{#if vip}}!{{/if}}").unwrap();
        assert_eq!(template.render(&vars(&json!({"user": {"name": "Ana"}, "tags": ["a", "b"], "vip": true}))).unwrap(), "Ana: a b!");
    }

    #[test]
    fn a_missing_variable_names_itself_and_its_place() {
        let template = Template::parse("Hello\n  {{nmae}}").unwrap();
        let error = template.render(&vars(&json!({"name": "Ana"}))).unwrap_err();
        assert_eq!((error.missing.as_deref(), error.line, error.column), (Some("nmae"), 2, 3), "{error}");
    }

    #[test]
    fn a_broken_template_says_where() {
        let error = Template::parse("Hello\n{{name").unwrap_err();
        assert_eq!(error.line, 2, "{error:?}");
    }

    #[test]
    fn text_without_variables_stays_as_it_is() {
        let template = Template::parse("{\"a\": {\"b\": 1}}").unwrap();
        assert!(template.is_literal());
        assert_eq!(template.render(&Variables::default()).unwrap(), "{\"a\": {\"b\": 1}}");
    }

    #[test]
    fn nothing_outside_the_variables_is_reached() {
        for source in ["{{> /etc/passwd}}", "{{env.HOME}}", "{{log \"x\"}}"] {
            let refused = Template::parse(source).map_or(true, |template| template.render(&Variables::default()).is_err());
            assert!(refused, "{source}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(source in ".{0,200}") {
            if let Ok(template) = Template::parse(&source) {
                drop(template.render(&Variables::default()));
            }
        }
    }
}
