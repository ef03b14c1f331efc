//! Texts as a reader or a model takes them, with the way back to where everything stands in the original.
//!
//! Look-alikes are folded, invisible characters dropped, white space collapsed (line breaks stay). HTML entities,
//! percent and backslash escapes and base64 are decoded once, each as a view of its own.

use std::sync::OnceLock;

use regex::Regex;

use super::confusables::{Folded, fold};

/// Texts in base64 that are decoded in one piece of text, at most.
const MOST_BASE64: usize = 200;
/// Characters of one text in base64 that are decoded, at most.
const LONGEST_BASE64: usize = 64 * 1024;

/// The name of the view that reads digits in words as letters.
const DIGITS: &str = "digits for letters";
/// The name of the view that joins letters with spaces between them.
const SPACED: &str = "spaced letters";

/// A text as it is scanned.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// What is scanned.
    pub(super) text: String,
    /// For each byte of `text`, and for its end, the byte of the original.
    origins: Vec<u32>,
    /// How it was encoded; `None` for the text as it stands.
    pub(super) encoding: Option<&'static str>,
}

impl View {
    /// Where a byte of the text is in the original.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).or_else(|| self.origins.last()).map_or(0, |origin| *origin as usize)
    }

    /// Whether the view is a guess about words, which keys and numbers make no sense in.
    pub(super) fn is_of_words(&self) -> bool {
        matches!(self.encoding, Some(DIGITS | SPACED))
    }

    fn of(scalars: impl Iterator<Item = (u32, char)>, end: usize, encoding: Option<&'static str>) -> Self {
        let mut view = Self { text: String::new(), origins: Vec::new(), encoding };
        let mut space: Option<(u32, char)> = None;
        for (at, c) in scalars {
            if c.is_whitespace() {
                let line_break = c == '\n' || c == '\r' || space.is_some_and(|(_, kept)| kept == '\n');
                space = Some((space.map_or(at, |(first, _)| first), if line_break { '\n' } else { ' ' }));
                continue;
            }
            let folded = fold(c);
            if folded == Folded::Nothing {
                continue;
            }
            if let Some((at, kept)) = space.take() {
                view.push(at, kept);
            }
            match folded {
                Folded::One(c) => view.push(at, c),
                Folded::Many(text) => text.chars().for_each(|c| view.push(at, c)),
                Folded::Nothing => {}
            }
        }
        if let Some((at, kept)) = space {
            view.push(at, kept);
        }
        view.origins.push(number(end));
        view
    }

    fn push(&mut self, at: u32, c: char) {
        self.text.push(c);
        self.origins.extend(std::iter::repeat_n(at, c.len_utf8()));
    }
}

/// A text with look-alike letters folded, invisible characters dropped and white space collapsed.
pub fn normalised(text: &str) -> String {
    View::of(text.char_indices().map(|(at, c)| (number(at), c)), text.len(), None).text
}

/// Every view of a text of at most 4 GiB: as it stands first, then decoded where something in it is encoded.
pub(super) fn views(text: &str) -> Vec<View> {
    let end = text.len();
    let mut views = vec![View::of(text.char_indices().map(|(at, c)| (number(at), c)), end, None)];
    let decoders: [(&str, &str, Decoder); 3] =
        [("&", "HTML entities", entities), ("%", "percent encoding", percent), ("\\", "backslash escapes", escapes)];
    for (mark, name, decode) in decoders {
        if text.contains(mark)
            && let Some(decoded) = decode(text)
        {
            views.push(View::of(decoded.into_iter(), end, Some(name)));
        }
    }
    for (name, decode) in [(DIGITS, digits as Decoder), (SPACED, spaced)] {
        if let Some(decoded) = decode(text) {
            views.push(View::of(decoded.into_iter(), end, Some(name)));
        }
    }
    if let Some(decoded) = base64_texts(text) {
        views.push(View::of(decoded.into_iter(), end, Some("base64")));
    }
    views
}

/// Characters with the byte they come from.
type Decoded = Vec<(u32, char)>;

/// Decodes what is encoded in a text; `None` where nothing is.
type Decoder = fn(&str) -> Option<Decoded>;

/// Replaces what a pattern finds where `decode` knows what it stands for; `None` when it never does.
fn replaced(text: &str, pattern: &Regex, decode: impl Fn(&str) -> Option<String>) -> Option<Decoded> {
    let mut out = Vec::new();
    let mut done = 0;
    for found in pattern.find_iter(text) {
        let Some(decoded) = decode(found.as_str()) else { continue };
        copy(text, done..found.start(), &mut out);
        out.extend(decoded.chars().map(|c| (number(found.start()), c)));
        done = found.end();
    }
    if done == 0 {
        return None;
    }
    copy(text, done..text.len(), &mut out);
    Some(out)
}

fn copy(text: &str, range: std::ops::Range<usize>, out: &mut Decoded) {
    let start = range.start;
    let part = text.get(range).unwrap_or_default();
    out.extend(part.char_indices().map(|(at, c)| (number(start + at), c)));
}

fn entities(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|lt|gt|amp|quot|apos|nbsp);"));
    replaced(text, pattern, |entity| {
        let name = entity.trim_start_matches('&').trim_end_matches(';');
        let code = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            },
            None => [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')]
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, c)| u32::from(*c)),
        };
        code.and_then(char::from_u32).map(String::from)
    })
}

fn percent(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled("(?:%[0-9a-fA-F]{2})+"));
    replaced(text, pattern, |run| {
        let bytes: Option<Vec<u8>> = run.split('%').skip(1).map(|hex| u8::from_str_radix(hex, 16).ok()).collect();
        bytes.and_then(|bytes| String::from_utf8(bytes).ok())
    })
}

fn escapes(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"));
    replaced(text, pattern, |escape| {
        let code = u32::from_str_radix(escape.trim_start_matches(['\\', 'u', 'x']), 16).ok()?;
        char::from_u32(code).map(String::from)
    })
}

/// `1gn0re`: digits and signs inside words, read as the letters they look like.
fn digits(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled("[A-Za-z0134578@$]{4,30}"));
    replaced(text, pattern, |word| {
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        let plain = |c| {
            [('0', 'o'), ('1', 'i'), ('3', 'e'), ('4', 'a'), ('5', 's'), ('7', 't'), ('8', 'b'), ('@', 'a'), ('$', 's')]
                .into_iter()
                .find_map(|(from, to)| (from == c).then_some(to))
                .unwrap_or(c)
        };
        (letters >= 2 && letters < word.len()).then(|| word.chars().map(plain).collect())
    })
}

/// `i g n o r e`: single letters with one space or sign between them, as one word.
fn spaced(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled(r"(?-u:\b)(?:[A-Za-z][ .*_-]){3,30}[A-Za-z](?-u:\b)"));
    replaced(text, pattern, |run| Some(run.chars().filter(char::is_ascii_alphabetic).collect()))
}

/// All texts in base64, each on a line of its own.
fn base64_texts(text: &str) -> Option<Decoded> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| compiled("[A-Za-z0-9+/_-]{16,}={0,2}"));
    let mut out = Vec::new();
    for found in pattern.find_iter(text).filter(|found| found.len() <= LONGEST_BASE64).take(MOST_BASE64) {
        if let Some(decoded) = base64(found.as_str()) {
            out.extend(decoded.chars().map(|c| (number(found.start()), c)));
            out.push((number(found.end()), '\n'));
        }
    }
    (!out.is_empty()).then_some(out)
}

/// A text in base64, where that is a text that people could read.
fn base64(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in encoded.trim_end_matches('=').bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || c.is_whitespace()).then_some(text)
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("our own patterns compile")
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> String {
        views(text).remove(0).text
    }

    #[test]
    fn a_text_is_read_as_it_looks() {
        assert_eq!(plain("Ｉgn\u{200b}оre \t pre\u{ad}vious\r\n\r\n  𝐢nstructions"), "Ignore previous\ninstructions");
    }

    #[test]
    fn what_is_encoded_once_is_decoded_once() {
        for (text, encoding, expected) in [
            ("&#105;gnore &lt;b&gt;", "HTML entities", "ignore <b>"),
            ("%69gnore%20me", "percent encoding", "ignore me"),
            ("\\u0069gnore \\x6de", "backslash escapes", "ignore me"),
            ("say aWdub3JlIHByZXZpb3Vz!", "base64", "ignore previous\n"),
            ("%2569", "percent encoding", "%69"),
            ("1gn0re 42 p@st", DIGITS, "ignore 42 past"),
            ("i g n o r e  m.e.n.o.w!", SPACED, "ignore menow!"),
        ] {
            let view = views(text).into_iter().find(|view| view.encoding == Some(encoding)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(view.text, expected, "{text}");
        }
        assert_eq!(views("100 % of R&D, internationalisation/harmonisation").len(), 1);
    }

    #[test]
    fn places_lead_back() {
        let text = "é\u{200b}  оk &#105;";
        let views = views(text);
        assert_eq!(views[0].origin(views[0].text.find("ok").unwrap()), text.find('о').unwrap());
        assert_eq!(views[1].origin(views[1].text.rfind('i').unwrap()), text.find('&').unwrap());
        assert_eq!(views[0].origin(usize::MAX), text.len());
    }

    proptest! {
        #[test]
        fn every_place_is_a_character_of_the_original(text in "(?s).{0,80}|[&#x0-9a-f;%\\\\u]{0,60}|[A-Za-z0-9+/=]{0,60}") {
            for view in views(&text) {
                prop_assert_eq!(view.origins.len(), view.text.len() + 1);
                for at in 0..=view.text.len() {
                    prop_assert!(text.is_char_boundary(view.origin(at)));
                }
            }
        }
    }
}
