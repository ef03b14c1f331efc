//! The names in a template: which variables it looks up, and which values of theirs.

use std::collections::BTreeSet;

use handlebars::{
    Path, Template,
    template::{BlockParam, HelperTemplate, Parameter, TemplateElement},
};

use super::{
    super::reads::{Read, Step},
    given::HELPER,
};

/// The variables that a template names. Inside `each` and `with` a plain name is one of the item's, and `../name` is one again.
pub(in super::super) fn variables(template: &Template) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(template, 0, &mut names);
    names
}

/// `depth`: how many blocks that look into a value of their own stand around.
fn walk(template: &Template, depth: usize, names: &mut BTreeSet<String>) {
    for element in &template.elements {
        let Some((call, block)) = call(element) else { continue };
        for (path, _) in paths(call, block) {
            if let Some((name, _)) = top(path, depth) {
                names.insert(name.to_owned());
            }
        }
        if let Some(template) = &call.template {
            walk(template, depth + usize::from(block && looks_into(call)), names);
        }
        if let Some(template) = &call.inverse {
            walk(template, depth, names);
        }
    }
}

/// The call of an element, and whether it is a block.
pub(super) fn call(element: &TemplateElement) -> Option<(&HelperTemplate, bool)> {
    let (call, is_block) = if let TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) = element {
        (call, false)
    } else if let TemplateElement::HelperBlock(call) = element {
        (call, true)
    } else {
        return None;
    };
    // What was put there reads what is read behind it.
    let put = matches!(&call.name, Parameter::Name(name) if name == HELPER);
    (!put).then_some((call, is_block))
}

/// Whether plain names in a block are those of the value that it is given.
pub(super) fn looks_into(call: &HelperTemplate) -> bool {
    matches!(call.name.as_name(), Some("each" | "with"))
}

/// Every path that a call reads, with its parameter. With arguments, and at the head of a block, the first name is that of a helper.
pub(super) fn paths(call: &HelperTemplate, block: bool) -> Vec<(&str, &Parameter)> {
    let mut found = Vec::new();
    if !block && call.params.is_empty() && call.hash.is_empty() {
        add(&call.name, &mut found);
    }
    call.params.iter().chain(call.hash.values()).for_each(|parameter| add(parameter, &mut found));
    found
}

fn add<'t>(parameter: &'t Parameter, found: &mut Vec<(&'t str, &'t Parameter)>) {
    match parameter {
        Parameter::Name(name) => found.push((name, parameter)),
        Parameter::Path(Path::Relative((_, path))) => found.push((path, parameter)),
        Parameter::Subexpression(inner) => {
            if let Some((call, block)) = call(&inner.element) {
                found.extend(paths(call, block));
            }
        }
        // `@index` and its like are the block's own.
        Parameter::Path(Path::Local(_)) | Parameter::Literal(_) | _ => {}
    }
}

/// The first part of a path when it leads to the variables themselves, and whether there is nothing behind it.
pub(super) fn top(path: &str, depth: usize) -> Option<(&str, bool)> {
    let (rest, up) = climbed(path, depth);
    let rest = bare(rest);
    let name = rest.split(['.', '/', '[']).next().unwrap_or_default();
    (up >= depth && !name.is_empty() && name != "this" && !name.starts_with('@')).then_some((name, name.len() == rest.len()))
}

/// A path without what climbs out of blocks, and how many it climbs out of.
fn climbed(path: &str, depth: usize) -> (&str, usize) {
    let (mut rest, mut up) = (path.trim(), 0);
    if let Some(root) = rest.strip_prefix("@root.").or_else(|| rest.strip_prefix("@root/")) {
        (rest, up) = (root, depth);
    }
    while let Some(outer) = rest.strip_prefix("../") {
        (rest, up) = (outer, up + 1);
    }
    (rest, up)
}

fn bare(path: &str) -> &str {
    path.strip_prefix("this.").or_else(|| path.strip_prefix("this/")).or_else(|| path.strip_prefix("./")).unwrap_or(path)
}

/// A name as an error tells it: `../name` is `name`.
pub(super) fn told(path: &str) -> &str {
    bare(climbed(path, 0).0)
}

/// Everything that a template reads, as far as it can be followed into the items of blocks.
pub(in super::super) fn reads(template: &Template) -> Vec<Read> {
    let mut found = Vec::new();
    note(template, (1, 1), &mut Vec::new(), &mut found);
    found
}

/// What names mean inside a block.
#[derive(Debug, Default)]
struct Scope {
    /// What plain names stand in; `None` for what cannot be followed.
    here: Option<Vec<Step>>,
    /// The names that the block gives, and what they stand for.
    given: Vec<(String, Option<Vec<Step>>)>,
}

fn note(template: &Template, block: (usize, usize), scopes: &mut Vec<Scope>, found: &mut Vec<Read>) {
    let mut places = template.mapping.iter();
    for element in &template.elements {
        // What follows `else` in a chain has no place of its own.
        let place = places.next().map_or(block, |place| (place.0, place.1));
        let Some((call, is_block)) = call(element) else { continue };
        for (written, _) in paths(call, is_block) {
            if let Some(path) = absolute(written, scopes).filter(|path| !path.is_empty()) {
                found.push(Read { written: told(written).to_owned(), path, line: place.0, column: place.1 });
            }
        }
        if let Some(template) = &call.template {
            let inside = is_block && looks_into(call);
            if inside {
                scopes.push(scope(call, scopes));
            }
            note(template, place, scopes, found);
            if inside {
                scopes.pop();
            }
        }
        if let Some(template) = &call.inverse {
            note(template, place, scopes, found);
        }
    }
}

/// What names mean in a block that looks into a value.
fn scope(call: &HelperTemplate, scopes: &[Scope]) -> Scope {
    let path = if let [Parameter::Path(Path::Relative((_, path)))] = call.params.as_slice() { absolute(path, scopes) } else { None };
    let here = path.map(|mut steps| {
        if call.name.as_name() == Some("each") {
            steps.push(Step::Each);
        }
        steps
    });
    let named = |name: &Parameter| name.as_name().unwrap_or_default().to_owned();
    let given = match &call.block_param {
        Some(BlockParam::Single(item)) => vec![(named(item), here.clone())],
        // The second is a number or a key.
        Some(BlockParam::Pair((item, key))) => vec![(named(item), here.clone()), (named(key), None)],
        None | Some(_) => Vec::new(),
    };
    Scope { here, given }
}

/// The steps from the variables; `None` where they are not known.
fn absolute(path: &str, scopes: &[Scope]) -> Option<Vec<Step>> {
    let (climbing, up) = climbed(path, scopes.len());
    let rest = bare(climbing);
    if rest.starts_with('@') || rest.contains("..") {
        return None;
    }
    let parts = rest.split(['.', '/']).map(|part| part.trim_start_matches('[').trim_end_matches(']'));
    let mut parts = parts.filter(|part| !part.is_empty() && *part != "this").peekable();
    // A name that a block gives to its items reaches into every block below.
    let own = if up == 0 && rest == climbing { parts.peek().copied() } else { None };
    let mut given = scopes.iter().rev().flat_map(|scope| &scope.given);
    let around = match own.and_then(|own| given.find(|(name, _)| name == own)) {
        Some((_, steps)) => {
            parts.next();
            Some(steps.clone()?)
        }
        None => match scopes.get(..scopes.len().saturating_sub(up)).unwrap_or_default() {
            [] => Some(Vec::new()),
            [.., last] => last.here.clone(),
        },
    };
    let mut steps = around?;
    steps.extend(parts.map(|part| Step::Key(part.to_owned())));
    Some(steps)
}
