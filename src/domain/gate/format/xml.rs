//! What the readers of XML share: the first element, entities, and whether a file is whole.

use quick_xml::{
    Reader,
    events::{BytesText, Event},
};

/// The name of the first element.
pub(super) fn xml_root(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => return Some(String::from_utf8_lossy(start.local_name().as_ref()).into_owned()),
            Event::Eof => return None,
            Event::End(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

/// Refuses a document that declares entities: they are never expanded, so that what they stand for would be missing in the numbers.
pub(super) fn no_entities(declared: &BytesText<'_>) -> Result<(), String> {
    let any = declared.windows(8).any(|part| part == b"<!ENTITY");
    if any { Err("it declares entities (<!ENTITY), which are never expanded: write it without them".to_owned()) } else { Ok(()) }
}

/// The elements that are open. A file that ends while one is was cut off: what is missing may be what a gate is there for.
#[derive(Default)]
pub(super) struct Open(Vec<Vec<u8>>);

impl Open {
    /// Follows an event; at the end of the file everything must be closed.
    pub(super) fn follow(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(start) => self.0.push(start.local_name().as_ref().to_vec()),
            Event::End(_) => {
                self.0.pop();
            }
            Event::Eof => {
                if let Some(name) = self.0.last() {
                    return Err(format!("it ends within <{}>: it was cut off", String::from_utf8_lossy(name)));
                }
            }
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        Ok(())
    }
}
