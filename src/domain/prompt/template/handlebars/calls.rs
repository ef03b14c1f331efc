//! Calls of helpers that there are not, found before a rendering gets to them.

use handlebars::{
    Template,
    template::{HelperTemplate, Parameter},
};

use super::{super::TemplateError, named::call};
use crate::domain::suggest;

/// Every helper that a prompt may call.
const HELPERS: [&str; 16] =
    ["if", "unless", "each", "with", "lookup", "raw", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"];

/// Refuses a template that calls what there is not.
///
/// # Errors
/// The first such call; `block`: the place of the block around.
pub(super) fn known(template: &Template, block: (usize, usize)) -> Result<(), TemplateError> {
    let mut places = template.mapping.iter();
    for element in &template.elements {
        // What follows `else` in a chain has no place of its own.
        let place = places.next().map_or(block, |place| (place.0, place.1));
        let Some((call, is_block)) = call(element) else { continue };
        if let Some(name) = unknown(call, is_block) {
            let meant = suggest::nearest(name, HELPERS).map(|meant| format!("; did you mean `{meant}`?"));
            let message = format!("there is no helper `{name}`{}", meant.unwrap_or_default());
            return Err(TemplateError { message, line: place.0, column: place.1, missing: None, read: None });
        }
        for inner in [&call.template, &call.inverse].into_iter().flatten() {
            known(inner, place)?;
        }
    }
    Ok(())
}

/// The name of a helper that there is not, of a call or of one inside its parentheses.
fn unknown(helper: &HelperTemplate, is_block: bool) -> Option<&str> {
    let calls = is_block || !helper.params.is_empty() || !helper.hash.is_empty();
    let name = helper.name.as_name().filter(|name| calls && !HELPERS.contains(name));
    name.or_else(|| {
        helper.params.iter().chain(helper.hash.values()).find_map(|parameter| {
            let Parameter::Subexpression(inner) = parameter else { return None };
            call(&inner.element).and_then(|(call, is_block)| unknown(call, is_block))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{parse, registry};

    #[test]
    fn the_helpers_are_those_of_the_registry() {
        for name in super::HELPERS {
            let called = registry().render_template(&format!("{{{{#if ({name} 1)}}}}{{{{/if}}}}"), &1);
            let said = called.unwrap_or_else(|error| error.to_string());
            assert!(!said.contains("elper not"), "{name}: {said}");
        }
    }

    #[test]
    fn a_helper_that_there_is_not_is_told_before_any_case_takes_the_branch() {
        for (source, message, column) in [
            ("{{shout name}}", "there is no helper `shout`", 1),
            ("Hi {{lokup a b}}", "there is no helper `lokup`; did you mean `lookup`?", 4),
            ("{{#vip}}x{{/vip}}", "there is no helper `vip`", 1),
            ("{{name upper=true}}", "there is no helper `name`", 1),
            ("{{#if a}}{{#if (startswith a b)}}x{{/if}}{{/if}}", "there is no helper `startswith`", 10),
            ("{{#if a}}x{{else}}{{eqq a b}}{{/if}}", "there is no helper `eqq`; did you mean `eq`?", 19),
            ("{{log \"x\"}}", "there is no helper `log`", 1),
        ] {
            let error = parse(source).unwrap_err();
            assert_eq!((error.message.as_str(), error.line, error.column), (message, 1, column), "{source}");
        }
        for source in [
            "{{name}} {{user.name}}",
            "{{#if (and a (not b))}}x{{else if (eq a 1)}}y{{/if}}{{len list}}{{#each (lookup a b)}}{{this}}{{/each}}",
        ] {
            assert!(parse(source).is_ok(), "{source}");
        }
    }
}
