//! Handlebars in strict mode, without HTML escaping.

use std::sync::OnceLock;

use handlebars::{Context, Handlebars, RenderContext, RenderErrorReason, Renderable, Template, no_escape, template::TemplateElement};

use super::{TemplateError, missing_message};

/// Reads a template; `None` when rendering it would be a copy.
pub(super) fn parse(source: &str) -> Result<Option<Template>, TemplateError> {
    if !source.contains("{{") {
        return Ok(None);
    }
    let template = Template::compile(source).map_err(|error| {
        let (line, column) = error.pos().unwrap_or((1, 1));
        TemplateError { message: syntax_message(&error.reason().to_string()), line, column, missing: None }
    })?;
    let literal = template.elements.iter().all(|element| matches!(element, TemplateElement::RawString(_)));
    // An escaped `\{{` is literal and still not the text as written, so it is rendered.
    Ok((!literal || source.contains("\\{{")).then_some(template))
}

pub(super) fn render(template: &Template, context: &Context) -> Result<String, TemplateError> {
    template.renders(registry(), context, &mut RenderContext::new(None)).map_err(|error| {
        let missing =
            if let RenderErrorReason::MissingVariable(name) = error.reason() { Some(name.clone().unwrap_or_default()) } else { None };
        let message = missing.as_deref().map_or_else(|| error.reason().to_string().to_lowercase(), missing_message);
        TemplateError { message, line: error.line_no.unwrap_or(1), column: error.column_no.unwrap_or(1), missing }
    })
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
