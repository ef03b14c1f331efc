//! The Markdown templates: strict, so that a missing value is a bug and not an empty place, and escaping every value as
//! Markdown unless a template says how else.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError};
use serde::Serialize;

use super::escape;

/// The whole report.
pub(super) const TEST_REPORT: &str = "test_report.md";
/// One failing sample.
pub(super) const TEST_CASE: &str = "test_case.md";

/// The embedded templates, ready to render.
#[derive(Debug)]
pub(super) struct Templates(Handlebars<'static>);

impl Templates {
    pub(super) fn new() -> Self {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(escape::markdown);
        registry.register_helper("html", Box::new(html));
        registry.register_helper("fence", Box::new(fence));
        for (name, template) in [
            (TEST_REPORT, include_str!("../../templates/test_report.md.hbs")),
            (TEST_CASE, include_str!("../../templates/test_case.md.hbs")),
        ] {
            registry.register_template_string(name, template).expect("embedded templates parse: a test renders each");
        }
        Self(registry)
    }

    /// Fills a template in.
    pub(super) fn render(&self, name: &str, values: &impl Serialize) -> String {
        self.0.render(name, values).expect("embedded templates name only values that exist: a test renders each")
    }
}

/// `{{html text}}`: text inside an HTML element.
fn html(helper: &Helper<'_>, _: &Handlebars<'_>, _: &Context, _: &mut RenderContext<'_, '_>, out: &mut dyn Output) -> HelperResult {
    Ok(out.write(&escape::html(parameter(helper)?))?)
}

/// `{{fence text}}`: text as a fenced block.
fn fence(helper: &Helper<'_>, _: &Handlebars<'_>, _: &Context, _: &mut RenderContext<'_, '_>, out: &mut dyn Output) -> HelperResult {
    Ok(out.write(&escape::code_fence(parameter(helper)?))?)
}

fn parameter<'a>(helper: &'a Helper<'_>) -> Result<&'a str, RenderError> {
    let missing = || handlebars::RenderErrorReason::ParamNotFoundForIndex("text helper", 0);
    helper.param(0).and_then(|parameter| parameter.value().as_str()).ok_or_else(|| missing().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_value_is_an_error() {
        assert!(Templates::new().0.render(TEST_CASE, &json!({"name": "x"})).is_err());
    }

    #[test]
    fn values_are_escaped_unless_a_helper_says_how() {
        let templates = Templates::new();
        let shown = |template: &str| templates.0.render_template(template, &json!({"text": "<b>`@x`"})).unwrap();
        assert_eq!(shown("{{text}}"), "\\<b\\>\\`@\u{200b}x\\`");
        assert_eq!(shown("{{html text}}"), "&lt;b&gt;`@\u{200b}x`");
        assert_eq!(shown("{{fence text}}"), "```text\n<b>`@x`\n```\n");
    }
}
