//! `NaN`, `Infinity` and `-Infinity` as Python writes them into what should be JSON: handed on as texts, so that a reader can name each.

use std::io::{self, BufRead, Read};

/// No word of these is longer.
const LONGEST: usize = 9;

/// A stream in which bare `NaN`, `Infinity` and `-Infinity` are texts.
pub(super) struct Bare<R> {
    stream: R,
    within: Within,
    /// What may become one of the words.
    word: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// After a backslash in a text.
    Escape,
    Rest,
}

impl<R: BufRead> Bare<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, within: Within::Rest, word: Vec::new(), ready: Vec::new(), given: 0 }
    }

    fn take(&mut self, byte: u8) {
        if self.within != Within::Rest {
            self.within = match (self.within, byte) {
                (Within::Text, b'\\') => Within::Escape,
                (Within::Text, b'"') => Within::Rest,
                (Within::Text | Within::Escape | Within::Rest, _) => Within::Text,
            };
            self.ready.push(byte);
            return;
        }
        if byte.is_ascii_alphabetic() && self.word.len() < LONGEST || byte == b'-' && self.word.is_empty() {
            self.word.push(byte);
            return;
        }
        self.end_word();
        if byte == b'-' || byte.is_ascii_alphabetic() {
            self.word.push(byte);
            return;
        }
        if byte == b'"' {
            self.within = Within::Text;
        }
        self.ready.push(byte);
    }

    fn end_word(&mut self) {
        let is_bare = matches!(self.word.as_slice(), b"NaN" | b"Infinity" | b"-Infinity");
        self.ready.extend(is_bare.then_some(b'"'));
        self.ready.append(&mut self.word);
        self.ready.extend(is_bare.then_some(b'"'));
    }
}

impl<R: BufRead> Read for Bare<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            self.given = 0;
            self.ready.clear();
            let bytes = self.stream.fill_buf()?.to_vec();
            if bytes.is_empty() {
                self.end_word();
                if self.ready.is_empty() {
                    return Ok(0);
                }
            }
            for byte in &bytes {
                self.take(*byte);
            }
            self.stream.consume(bytes.len());
        }
        let rest = self.ready.get(self.given..).unwrap_or_default();
        let many = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.given += many;
        Ok(many)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn only_whole_words_outside_of_texts_are_changed() {
        let text = r#"{"a NaN \" NaN": [NaN, -Infinity, Infinity, 1e-5, -2, true, null, NaNa, "\\"], "b": NaN"#;
        let wanted = r#"{"a NaN \" NaN": ["NaN", "-Infinity", "Infinity", 1e-5, -2, true, null, NaNa, "\\"], "b": "NaN""#;
        for capacity in [1, 2, 7, 4096] {
            let mut found = String::new();
            Bare::new(BufReader::with_capacity(capacity, text.as_bytes())).read_to_string(&mut found).unwrap();
            assert_eq!(found, wanted, "{capacity}");
        }
        let long = "N".repeat(50_000);
        let mut found = String::new();
        Bare::new(long.as_bytes()).read_to_string(&mut found).unwrap();
        assert_eq!(found, long);
    }
}
