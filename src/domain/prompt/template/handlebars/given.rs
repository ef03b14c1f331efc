//! Conditions are as strict as placeholders. On its own `{{#if nmae}}` is false without a word, so before each call with arguments
//! stands a check that the variables which it names have a value. `null` is one.

use std::sync::OnceLock;

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason, Template,
    template::{HelperTemplate, Parameter, TemplateElement, TemplateMapping},
};

use super::named::{call, looks_into, paths, top};

/// A name that nobody can write in a template.
pub(super) const HELPER: &str = "is given";

/// Adds the check to a registry.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    registry.register_helper(HELPER, Box::new(check));
}

fn check(helper: &Helper<'_>, _: &Handlebars<'_>, _: &Context, _: &mut RenderContext<'_, '_>, _: &mut dyn Output) -> HelperResult {
    match helper.param(0) {
        Some(value) if value.is_value_missing() => Err(RenderErrorReason::MissingVariable(value.relative_path().cloned()).into()),
        Some(_) | None => Ok(()),
    }
}

/// Puts the checks into a template.
pub(super) fn checked(template: &mut Template) {
    if let Some(blank) = blank() {
        insert(template, blank, 0, None);
    }
}

/// A call that others are made of; only the crate's parser can make one.
fn blank() -> Option<&'static HelperTemplate> {
    static BLANK: OnceLock<Option<HelperTemplate>> = OnceLock::new();
    let made = BLANK.get_or_init(|| {
        let mut template = Template::compile("{{a b}}").ok()?;
        if let TemplateElement::Expression(call) = template.elements.pop()? { Some(*call) } else { None }
    });
    made.as_ref()
}

/// `depth`: how many blocks that look into a value of their own stand around; `block`: where the one around stands.
fn insert(template: &mut Template, blank: &HelperTemplate, depth: usize, block: Option<&TemplateMapping>) {
    let (elements, mapping) = (std::mem::take(&mut template.elements), std::mem::take(&mut template.mapping));
    let mut places = mapping.into_iter();
    for mut element in elements {
        // What follows `else` in a chain has no place of its own.
        let place = places.next().or_else(|| block.cloned());
        if let Some((call, block)) = call(&element)
            && (block || !call.params.is_empty())
        {
            for (path, parameter) in paths(call, block) {
                // What an item has or lacks is a matter of the data.
                if top(path, depth).is_some_and(|(_, whole)| whole) {
                    template.elements.push(TemplateElement::Expression(Box::new(of(blank, parameter))));
                    template.mapping.extend(place.clone());
                }
            }
        }
        if let TemplateElement::HelperBlock(block) = &mut element {
            let inner = depth + usize::from(looks_into(block));
            if let Some(template) = &mut block.template {
                insert(template, blank, inner, place.as_ref());
            }
            if let Some(template) = &mut block.inverse {
                insert(template, blank, depth, place.as_ref());
            }
        }
        template.elements.push(element);
        template.mapping.extend(place);
    }
}

fn of(blank: &HelperTemplate, parameter: &Parameter) -> HelperTemplate {
    let mut call = blank.clone();
    call.name = Parameter::Name(HELPER.to_owned());
    call.params = vec![parameter.clone()];
    call
}
