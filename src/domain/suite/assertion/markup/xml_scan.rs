//! Well-formed XML, read within bounds: entities are never expanded and nothing is fetched, so that neither an entity
//! bomb nor an external entity does anything.

use std::collections::BTreeSet;

use quick_xml::{Reader, events::Event};

/// Elements that may stand in each other.
const MOST_DEPTH: usize = 200;
/// Attributes that a tag may have: each is held against all before it.
const MOST_ATTRIBUTES: usize = 1_000;
/// Paths of elements that are remembered.
const MOST_PATHS: usize = 10_000;
/// How many starts of an element are tried in a text. Keeps the search linear in the answer.
const MOST_STARTS: usize = 64;

/// The elements of one well-formed document, as paths such as `order.item`.
pub(super) type Paths = BTreeSet<String>;

/// Reads a text that is one XML document.
///
/// # Errors
/// Why it is none, as a fragment.
pub(super) fn document(text: &str) -> Result<Paths, String> {
    let (paths, end) = element(text.trim())?;
    let rest = text.trim().get(end..).unwrap_or_default();
    let mut reader = Reader::from_str(rest);
    loop {
        match reader.read_event().map_err(|error| format!("after the root element: {error}"))? {
            Event::Eof => return Ok(paths),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
            Event::Start(_) | Event::Empty(_) => return Err("it has more than one root element".to_owned()),
            Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Decl(_) | Event::DocType(_) | Event::GeneralRef(_) => {
                return Err("something stands after the root element".to_owned());
            }
        }
    }
}

/// The first elements of a text that are well-formed, with what surrounds them left out, and whether all were looked at.
pub(super) fn elements(text: &str) -> (Vec<Paths>, bool) {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..MOST_STARTS {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = rest.find('<') else { return (found, true) };
        let start = at + next;
        match element(text.get(start..).unwrap_or_default()) {
            Ok((paths, length)) => {
                found.push(paths);
                at = start + length;
            }
            Err(_) => at = start + 1,
        }
    }
    (found, !text.get(at..).unwrap_or_default().contains('<'))
}

/// Reads from the start of a text to the end of its first element; the bytes read.
fn element(text: &str) -> Result<(Paths, usize), String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let (mut open, mut paths): (Vec<String>, Paths) = (Vec::new(), BTreeSet::new());
    loop {
        let event = reader.read_event().map_err(|error| format!("{error} (byte {})", reader.error_position()))?;
        match event {
            Event::Start(tag) => {
                begin(&tag, &mut open, &mut paths)?;
            }
            Event::Empty(tag) => {
                begin(&tag, &mut open, &mut paths)?;
                open.pop();
            }
            Event::End(_) => drop(open.pop()),
            Event::GeneralRef(reference) if !is_defined(&reference) => {
                let name = String::from_utf8_lossy(&reference).chars().take(40).collect::<String>();
                return Err(format!("the entity `&{name};` is not defined"));
            }
            Event::Text(text) if open.is_empty() && !text.iter().all(u8::is_ascii_whitespace) => {
                return Err("text stands outside of the root element".to_owned());
            }
            Event::CData(_) | Event::GeneralRef(_) if open.is_empty() => return Err("text stands outside of the root element".to_owned()),
            // What a document type defines is not looked at: its entities stay undefined.
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {
                continue;
            }
            Event::Eof => {
                return Err(open.last().map_or_else(|| "it has no element".to_owned(), |name| format!("`{name}` is not closed")));
            }
        }
        if open.is_empty() {
            return usize::try_from(reader.buffer_position()).map(|end| (paths, end)).map_err(|error| error.to_string());
        }
    }
}

fn begin(tag: &quick_xml::events::BytesStart<'_>, open: &mut Vec<String>, paths: &mut Paths) -> Result<(), String> {
    let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
    if !is_name(&name) {
        return Err(format!("`{}` is no name of an element", name.chars().take(40).collect::<String>()));
    }
    for (index, attribute) in tag.attributes().enumerate() {
        if index == MOST_ATTRIBUTES {
            return Err(format!("the tag `{name}` has more than {MOST_ATTRIBUTES} attributes"));
        }
        let attribute = attribute.map_err(|error| format!("in the tag `{name}`: {error}"))?;
        if attribute.value.contains(&b'<') {
            return Err(format!("in the tag `{name}`: `<` stands in an attribute"));
        }
    }
    open.push(name);
    if open.len() > MOST_DEPTH {
        return Err(format!("its elements stand in each other more than {MOST_DEPTH} deep"));
    }
    if paths.len() < MOST_PATHS {
        paths.insert(open.join("."));
    }
    Ok(())
}

/// The five entities of XML, and characters by number.
fn is_defined(reference: &quick_xml::events::BytesRef<'_>) -> bool {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().is_ok_and(|found| found.is_some());
    }
    matches!(&**reference, b"amp" | b"lt" | b"gt" | b"quot" | b"apos")
}

/// A name of XML, as far as it matters here: a letter, then letters, digits and a few signs.
fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | ':'));
    first && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
}
