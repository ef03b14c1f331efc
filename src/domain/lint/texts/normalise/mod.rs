//! Texts as a reader or a model takes them, with the way back to where everything stands in the original.
//!
//! Look-alikes are folded and invisible characters dropped first, so that neither hides an encoding. Then the text is decoded in
//! rounds: signs that stand for one character ([`characters`]), then texts in base64 or hexadecimal ([`blocks`]); what came out is
//! folded again and goes into the next round. What each round comes to is a view. Nothing gets longer by decoding and the rounds
//! are few, so time and memory grow with the text's length alone.

mod blocks;
mod characters;
mod words;

use std::{ops::Range, sync::OnceLock};

use regex::Regex;

use super::confusables::{Folded, fold};

/// How many encodings may lie inside each other.
const LAYERS: usize = 3;

/// The encodings, each with its bit.
const NAMES: [(u8, &str); 7] = [
    (1, "HTML entities"),
    (2, "percent encoding"),
    (4, "backslash escapes"),
    (8, "hexadecimal"),
    (16, "base64"),
    (32, "spaced letters"),
    (64, "digits for letters"),
];

/// Finds what is encoded, and what it stands for, which is never longer.
type Decoder = fn(&str) -> Vec<Edit>;

/// In the order in which they are applied.
const CHARACTERS: [(u8, Decoder); 3] = [(1, characters::entities), (2, characters::percent), (4, characters::escapes)];
const BLOCKS: [(u8, Decoder); 2] = [(8, blocks::hexadecimal), (16, blocks::base64)];
const WORDS: [(u8, Decoder); 2] = [(32, words::spaced), (64, words::digits)];

/// A part of a text, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// A text as it is scanned.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// What is scanned.
    pub(super) text: String,
    /// For each byte of `text`, and for its end, the byte of the original.
    origins: Vec<u32>,
    /// For each byte of `text`, the bits of the encodings that it came out of.
    via: Vec<u8>,
    /// Whether it is a guess about words.
    guess: bool,
}

impl View {
    /// Where a byte of the text is in the original.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).or_else(|| self.origins.last()).map_or(0, |origin| *origin as usize)
    }

    /// How a part of the text was encoded; `None` for what stands there as it is.
    pub(super) fn encoding(&self, range: Range<usize>) -> Option<String> {
        let bits = self.via.get(range).unwrap_or_default().iter().fold(0, |all, via| all | via);
        let names: Vec<&str> = NAMES.iter().filter(|(bit, _)| bits & bit > 0).map(|(_, name)| *name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Whether the view is a guess about words, which keys and numbers make no sense in.
    pub(super) fn is_of_words(&self) -> bool {
        self.guess
    }

    fn empty(length: usize) -> Self {
        Self { text: String::with_capacity(length), origins: Vec::with_capacity(length + 1), via: Vec::with_capacity(length), guess: false }
    }

    fn push(&mut self, c: char, origin: u32, via: u8) {
        self.text.push(c);
        self.origins.extend(std::iter::repeat_n(origin, c.len_utf8()));
        self.via.extend(std::iter::repeat_n(via, c.len_utf8()));
    }

    /// Its characters with where they come from, and by what encodings.
    fn scalars(&self) -> impl Iterator<Item = (char, u32, u8)> {
        self.text.char_indices().map(|(at, c)| (c, self.origins.get(at).copied().unwrap_or(0), self.via.get(at).copied().unwrap_or(0)))
    }

    fn end(&self) -> u32 {
        self.origins.last().copied().unwrap_or(0)
    }

    /// With look-alikes folded and what is invisible dropped. White space stays white space, one character for each.
    fn folded(scalars: impl Iterator<Item = (char, u32, u8)>, length: usize, end: u32) -> Self {
        let mut view = Self::empty(length);
        for (c, origin, via) in scalars {
            if c.is_whitespace() {
                let line_break = matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
                view.push(if line_break { '\n' } else { ' ' }, origin, via);
                continue;
            }
            match fold(c) {
                Folded::One(c) => view.push(c, origin, via),
                Folded::Many(text) => text.chars().for_each(|c| view.push(c, origin, via)),
                Folded::Nothing => {}
            }
        }
        view.origins.push(end);
        view
    }

    /// With parts replaced, and folded again.
    fn edited(&self, edits: &[Edit], bit: u8) -> Self {
        let mut view = Self::empty(self.text.len());
        let mut done = 0;
        for Edit { range, text } in edits {
            view.copy(self, done..range.start);
            let origin = self.origins.get(range.start).copied().unwrap_or(0);
            let via = self.via.get(range.clone()).unwrap_or_default().iter().fold(bit, |all, via| all | via);
            text.chars().for_each(|c| view.push(c, origin, via));
            done = range.end;
        }
        view.copy(self, done..self.text.len());
        let (length, end) = (view.text.len(), self.end());
        view.origins.push(end);
        let plain = |byte: u8| byte.is_ascii() && !matches!(byte, b'\t' | b'\r' | 0xb | 0xc);
        if view.text.bytes().all(plain) { view } else { Self::folded(view.scalars(), length, end) }
    }

    fn copy(&mut self, from: &Self, range: Range<usize>) {
        self.text.push_str(from.text.get(range.clone()).unwrap_or_default());
        self.origins.extend_from_slice(from.origins.get(range.clone()).unwrap_or_default());
        self.via.extend_from_slice(from.via.get(range).unwrap_or_default());
    }

    /// With one blank or line break for each run of white space.
    fn collapsed(&self, guess: bool) -> Self {
        let mut view = Self::empty(self.text.len());
        let mut space: Option<(char, u32, u8)> = None;
        for (c, origin, via) in self.scalars() {
            if c == ' ' || c == '\n' {
                let (kept, origin, via) = space.unwrap_or((c, origin, via));
                space = Some((if c == '\n' { c } else { kept }, origin, via));
                continue;
            }
            if let Some((c, origin, via)) = space.take() {
                view.push(c, origin, via);
            }
            view.push(c, origin, via);
        }
        if let Some((c, origin, via)) = space {
            view.push(c, origin, via);
        }
        view.origins.push(self.end());
        view.guess = guess;
        view
    }
}

/// A text with look-alike letters folded, invisible characters dropped and white space collapsed.
pub fn normalised(text: &str) -> String {
    plain(text).collapsed(false).text
}

fn plain(text: &str) -> View {
    View::folded(text.char_indices().map(|(at, c)| (c, number(at), 0)), text.len(), number(text.len()))
}

/// Every view of a text of at most 4 GiB: as it stands first, then decoded where something in it is encoded.
pub(super) fn views(text: &str) -> Vec<View> {
    let mut read = plain(text);
    let mut views = Vec::new();
    add(&read, &mut views);
    for _ in 0..LAYERS {
        // What is decoded wrongly in one step is still there as the step before left it.
        let decoded = [CHARACTERS.as_slice(), BLOCKS.as_slice()].map(|decoders| {
            let decoded = apply(&mut read, decoders);
            if decoded {
                add(&read, &mut views);
            }
            decoded
        });
        if decoded == [false, false] {
            break;
        }
    }
    views
}

/// Decodes, one after another; says whether there was anything.
fn apply(read: &mut View, decoders: &[(u8, Decoder)]) -> bool {
    let mut any = false;
    for (bit, decode) in decoders {
        let edits = decode(&read.text);
        if !edits.is_empty() {
            *read = read.edited(&edits, *bit);
            any = true;
        }
    }
    any
}

/// Adds what was read, and what its words may be meant as.
fn add(read: &View, views: &mut Vec<View>) {
    views.push(read.collapsed(false));
    let mut guess = read.clone();
    for (bit, decode) in WORDS {
        if apply(&mut guess, &[(bit, decode)]) {
            views.push(guess.collapsed(true));
        }
    }
}

/// Replaces what a pattern finds where `decode` knows what it stands for.
fn replaced(text: &str, pattern: &Regex, decode: impl Fn(&str) -> Option<String>) -> Vec<Edit> {
    pattern.find_iter(text).filter_map(|found| Some(Edit { range: found.range(), text: decode(found.as_str())? })).collect()
}

fn compiled(cell: &'static OnceLock<Regex>, pattern: &str) -> &'static Regex {
    cell.get_or_init(|| Regex::new(pattern).expect("our own patterns compile"))
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
