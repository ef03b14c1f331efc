//! HTML: the whole answer is made of known elements that are closed in order.

use std::sync::Arc;

use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::assertion::{Check, Judgement, Kind, Parameters, Parsed, Problem, Subject, excerpt::code},
};

/// Elements that may stand in each other.
const MOST_DEPTH: usize = 512;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "is-html",
    summary: "The whole answer is HTML: it begins and ends with a tag, its elements are known or custom ones, and every element that has to be closed is, in order.",
    source: "HTML Living Standard, sections 4 (the elements) and 13.1.2 (optional and void tags); stricter than a browser, which mends everything",
    keys: &[("value", "nothing; write `is-html` alone")],
    example: "is-html",
    accepts: "<ul><li>Tea<li>Milk<br></ul>",
    rejects: "Tea & <b>milk</i>",
    parse,
}];

/// Elements without content.
const VOID: &[&str] = &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements whose end tag may be left out.
const UNCLOSED: &[&str] = &[
    "html", "head", "body", "li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup", "caption", "thead", "tbody", "tfoot",
    "tr", "td", "th",
];

/// Elements with text that is no markup.
const RAW: &[&str] = &["script", "style", "textarea", "title"];

/// The other elements of the standard.
const OTHERS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "button",
    "canvas",
    "cite",
    "code",
    "data",
    "datalist",
    "del",
    "details",
    "dfn",
    "dialog",
    "div",
    "dl",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "i",
    "iframe",
    "ins",
    "kbd",
    "label",
    "legend",
    "main",
    "map",
    "mark",
    "math",
    "menu",
    "meter",
    "nav",
    "noscript",
    "object",
    "ol",
    "output",
    "picture",
    "pre",
    "progress",
    "q",
    "ruby",
    "s",
    "samp",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "template",
    "time",
    "u",
    "ul",
    "var",
    "video",
];

fn parse(parameters: &Parameters<'_>) -> Parsed {
    match parameters.value {
        None => Ok(Arc::new(Html)),
        Some(_) => Err(vec![Problem::new("value", "`is-html` takes nothing").with_help("write `is-html` alone")]),
    }
}

#[derive(Debug)]
struct Html;

impl Check for Html {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        match misfit(subject.answer.text.trim()) {
            None => Judgement::new(true, "is HTML"),
            Some(reason) => Judgement::new(false, format!("is not HTML: {reason}")),
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

/// Why a text is no HTML.
fn misfit(text: &str) -> Option<String> {
    if !text.starts_with('<') || !text.ends_with('>') {
        return Some("it does not begin and end with a tag".to_owned());
    }
    let (mut rest, mut open, mut elements) = (text, Vec::<String>::new(), 0_usize);
    while let Some(at) = rest.find('<') {
        rest = rest.get(at..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("<!--") {
            let Some(end) = comment.find("-->") else { return Some("a comment is not closed".to_owned()) };
            rest = comment.get(end + 3..).unwrap_or_default();
            continue;
        }
        let Some((tag, after)) = tag(rest) else { return Some("a tag is not closed".to_owned()) };
        rest = after;
        if tag.starts_with('!') {
            continue;
        }
        let closes = tag.starts_with('/');
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| !c.is_whitespace() && *c != '/').collect::<String>().to_ascii_lowercase();
        let foreign = open.iter().any(|name| matches!(name.as_str(), "svg" | "math"));
        if !foreign && !is_element(&name) {
            return Some(format!("{} is no element", code(&name)));
        }
        if closes {
            let Some(position) = open.iter().rposition(|known| *known == name) else {
                return Some(format!("{} was not opened", code(&name)));
            };
            if let Some(unclosed) = open.iter().skip(position + 1).find(|inner| !UNCLOSED.contains(&inner.as_str())) {
                return Some(format!("{} is not closed", code(unclosed)));
            }
            open.truncate(position);
            continue;
        }
        elements += 1;
        if RAW.contains(&name.as_str()) {
            let closing = |at: &usize| rest.get(at + 2..at + 2 + name.len()).is_some_and(|known| known.eq_ignore_ascii_case(&name));
            let Some(end) = rest.match_indices("</").map(|(at, _)| at).find(closing) else {
                return Some(format!("{} is not closed", code(&name)));
            };
            rest = rest.get(end..).unwrap_or_default();
        }
        let empty = VOID.contains(&name.as_str()) || foreign && tag.ends_with('/');
        if !empty {
            open.push(name);
            if open.len() > MOST_DEPTH {
                return Some(format!("its elements stand in each other more than {MOST_DEPTH} deep"));
            }
        }
    }
    if elements == 0 {
        return Some("it has no element".to_owned());
    }
    open.iter().find(|name| !UNCLOSED.contains(&name.as_str())).map(|name| format!("{} is not closed", code(name)))
}

/// What stands between `<` and the `>` that ends the tag, quoted values aside; and what follows.
fn tag(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices().skip(1) {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return Some((text.get(1..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// An element of the standard, or a custom one, whose name has a hyphen.
fn is_element(name: &str) -> bool {
    let custom = name.contains('-') && name.starts_with(|c: char| c.is_ascii_lowercase());
    custom || [VOID, UNCLOSED, RAW, OTHERS].iter().any(|names| names.contains(&name))
}
