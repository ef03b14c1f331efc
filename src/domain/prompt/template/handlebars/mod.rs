//! Handlebars in strict mode, without HTML escaping.

mod calls;
mod compile;
mod given;
mod named;

use std::{io, sync::OnceLock};

use handlebars::{
    Context, Handlebars, Output, Path, RenderContext, RenderErrorReason, Renderable, Template, no_escape,
    template::{Parameter, TemplateElement},
};
use serde_json::Value;

pub(super) use named::{reads, variables};

use super::{MOST_WRITTEN, Read, TemplateError, missing_message, too_large};

/// Blocks, `else` chains and parentheses inside each other; each costs the stack of whoever walks them.
const MOST_NESTED: usize = 200;

/// Reads a template; `None` when rendering it would be a copy.
pub(super) fn parse(source: &str) -> Result<Option<Template>, TemplateError> {
    if !source.contains("{{") {
        return Ok(None);
    }
    refuse(source)?;
    let mut template = compile::compile(source)?;
    calls::known(&template, (1, 1))?;
    given::checked(&mut template);
    let literal = template.elements.iter().all(|element| matches!(element, TemplateElement::RawString(_)));
    // An escaped `\{{` is literal and still not the text as written, so it is rendered.
    Ok((!literal || source.contains("\\{{")).then_some(template))
}

/// What would reach beyond a template (partials, decorators), or nest so deeply that walking it costs the stack.
fn refuse(source: &str) -> Result<(), TemplateError> {
    let (mut depth, mut parentheses) = (0_usize, 0_usize);
    for (offset, _) in source.match_indices("{{").filter(|(offset, _)| !source.get(..*offset).is_some_and(|before| before.ends_with('\\')))
    {
        // No further than to the next tag, or a text of nothing but braces would be walked through for each of them.
        let inside = source.get(offset + 2..).unwrap_or_default();
        let inside = inside.strip_prefix("{{").or_else(|| inside.strip_prefix('{')).unwrap_or(inside);
        let inside = inside.split("{{").next().unwrap_or_default().trim_start_matches('~').trim_start();
        let tag = inside.split("}}").next().unwrap_or_default();
        parentheses = parentheses.max(tag.matches('(').count());
        let block = tag.strip_prefix('#').map(str::trim_start);
        if tag.starts_with(['>', '*']) || block.is_some_and(|block| block.starts_with(['>', '*'])) {
            return Err(TemplateError::at(source, offset, "partials and decorators are not part of a prompt: write the text itself"));
        }
        if block.is_some() || tag.starts_with('^') || tag.starts_with("else ") {
            depth += 1;
        } else if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        }
        if depth > MOST_NESTED || parentheses > MOST_NESTED {
            return Err(TemplateError::at(source, offset, format!("nested more than {MOST_NESTED} levels deep")));
        }
    }
    Ok(())
}

/// What handlebars writes for a map.
const MAP: &str = "[object]";

/// Text that ends with an error instead of with the memory.
#[derive(Debug, Default)]
struct Bounded {
    text: String,
    /// Whether something was written that stands for a map.
    map: bool,
}

impl Output for Bounded {
    fn write(&mut self, piece: &str) -> io::Result<()> {
        if self.text.len() + piece.len() > MOST_WRITTEN {
            return Err(io::Error::other(too_large()));
        }
        self.map |= piece.contains(MAP);
        self.text.push_str(piece);
        Ok(())
    }
}

/// A map or nothing would be sent as `[object]` or as an empty place, and paid for.
fn refuse_unprintable(template: &Template, source: &str, values: &Value) -> Result<(), TemplateError> {
    for element in &template.elements {
        let (TemplateElement::Expression(expression) | TemplateElement::HtmlExpression(expression)) = element else { continue };
        let Parameter::Path(Path::Relative((_, name))) = &expression.name else { continue };
        let value = name.trim().trim_start_matches("this.").split(['.', '/']).try_fold(values, |value, part| value.get(part));
        let what = match value {
            Some(Value::Null) => "null",
            Some(Value::Object(_)) => "a map",
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => continue,
        };
        let offset = source.match_indices("{{").map(|(offset, _)| offset).find(|offset| {
            source.get(*offset..).is_some_and(|rest| rest.trim_start_matches(['{', '~', '&', ' ']).starts_with(name.as_str()))
        });
        return Err(TemplateError::at(source, offset.unwrap_or_default(), format!("variable `{name}` is {what}, which is no text")));
    }
    Ok(())
}

pub(super) fn render(template: &Template, source: &str, context: &Context) -> Result<String, TemplateError> {
    refuse_unprintable(template, source, context.data())?;
    let mut text = Bounded::default();
    let rendered = template.render(registry(), context, &mut RenderContext::new(None), &mut text);
    if rendered.is_ok() && text.map && !source.contains(MAP) && !says(context.data(), MAP) {
        let offset = source.find("{{#").unwrap_or_default();
        let message = format!("a map would be written as `{MAP}`: name one of its values, such as `{{{{this.name}}}}`");
        return Err(TemplateError::at(source, offset, message));
    }
    rendered.map(|()| text.text).map_err(|error| {
        let missing = if let RenderErrorReason::MissingVariable(name) = error.reason() {
            Some(named::told(name.as_deref().unwrap_or_default()).to_owned())
        } else {
            None
        };
        let message = missing.as_deref().map_or_else(|| error.reason().to_string().to_lowercase(), missing_message);
        let (line, column) = (error.line_no.unwrap_or(1), error.column_no.unwrap_or(1));
        let here = |read: &Read| (read.line, read.column) == (line, column) && missing.as_ref() == Some(&read.written);
        let read = missing.is_some().then(|| reads(template).into_iter().find(here)).flatten().map(Box::new);
        TemplateError { message, line, column, missing, read }
    })
}

/// Whether a text among the values has these words.
fn says(value: &Value, words: &str) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains(words),
        Value::Array(items) => items.iter().any(|item| says(item, words)),
        Value::Object(map) => map.iter().any(|(key, item)| key.contains(words) || says(item, words)),
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
        given::register(&mut registry);
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

    fn rendered(source: &str, values: Value) -> Result<String, TemplateError> {
        let template = parse(source)?.unwrap();
        let mut context = Context::null();
        *context.data_mut() = values;
        render(&template, source, &context)
    }

    #[test]
    fn nothing_recurses_without_bound() {
        for source in [
            "{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}".to_owned(),
            "{{~> x}}".to_owned(),
            "{{#> layout}}x{{/layout}}".to_owned(),
            format!("{}x{}", "{{#if a}}".repeat(20_000), "{{/if}}".repeat(20_000)),
            format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if a}}".repeat(20_000)),
            format!("{{{{a {}b{}}}}}", "(c ".repeat(20_000), ")".repeat(20_000)),
        ] {
            let start: String = source.chars().take(60).collect();
            assert!(parse(&source).is_err(), "{start}");
        }
        let deep = format!("{}x{}", "{{#if a}}".repeat(100), "{{/if}}".repeat(100));
        assert_eq!(rendered(&deep, json!({"a": true})).unwrap(), "x");
        assert!(parse("\\{{> not a partial}} {{a}}").is_ok(), "an escaped brace is text");
    }

    #[test]
    fn a_megabyte_of_braces_is_read_once() {
        for source in ["{{".repeat(1 << 19), "{{a (".repeat(1 << 18), "{{~ ".repeat(1 << 18)] {
            assert!(refuse(&source).is_ok());
        }
    }

    #[test]
    fn the_text_is_bounded() {
        let source = format!("{}{}{}", "{{#each @root.l}}".repeat(6), "0123456789".repeat(100), "{{/each}}".repeat(6));
        let error = rendered(&source, json!({"l": vec![0; 100]})).unwrap_err();
        assert!(error.message.contains("larger than 128 mib"), "{error}");
    }

    #[test]
    fn what_is_no_text_is_not_sent() {
        let error = rendered("Hi\n {{ name }}", json!({"name": {"first": "Ana"}})).unwrap_err();
        assert_eq!((error.message.as_str(), error.line, error.column), ("variable `name` is a map, which is no text", 2, 2));
        assert!(rendered("{{a.b}}", json!({"a": {"b": null}})).unwrap_err().message.contains("is null"));
        let list = json!({"l": [{"n": 1}, {"n": 2}], "t": "[object]"});
        let error = rendered("x\n{{#each l}}{{this}}{{/each}}", json!({"l": [{"n": 1}]})).unwrap_err();
        assert!(error.message.contains("a map would be written as `[object]`") && error.line == 2, "{error:?}");
        assert!(rendered("{{l}}", json!({"l": [{"n": 1}]})).is_err(), "a list with maps");
        assert_eq!(rendered("{{#each l}}{{this.n}}{{/each}}{{t}}", list).unwrap(), "12[object]");
        assert_eq!(rendered("{{a.b}} {{c}}", json!({"a": {"b": 1}, "c": [1, 2]})).unwrap(), "1 [1, 2]");
    }
}
