//! Whether a file is UTF-8, and where it is not.

use std::{error::Error, fmt};

use super::diagnostic::{Diagnostic, Place};

/// Follows a text through its bytes, whatever their pieces.
#[derive(Debug)]
pub struct Utf8 {
    /// The current line, from 1.
    line: usize,
    /// Characters of it so far.
    before: usize,
    /// The first bytes of a character whose rest has not come.
    begun: Vec<u8>,
    /// Whether the text has begun: a byte order mark is no character of it.
    inside: bool,
}

impl Default for Utf8 {
    fn default() -> Self {
        Self { line: 1, before: 0, begun: Vec::new(), inside: false }
    }
}

impl Utf8 {
    /// Follows a text that begins in this line of its file.
    pub fn from_line(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The first byte that is part of no character.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), NotUtf8> {
        let mut joined = std::mem::take(&mut self.begun);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let (sound, wrong) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let (sound, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
                if error.error_len().is_none() {
                    self.begun = rest.to_vec();
                }
                (std::str::from_utf8(sound).unwrap_or_default(), error.error_len().and_then(|_| rest.first().copied()))
            }
        };
        let shown = if self.inside { sound } else { sound.strip_prefix('\u{feff}').unwrap_or(sound) };
        self.inside |= !sound.is_empty();
        match shown.rsplit_once('\n') {
            Some((lines, last)) => {
                self.line += lines.bytes().filter(|byte| *byte == b'\n').count() + 1;
                self.before = last.chars().count();
            }
            None => self.before += shown.chars().count(),
        }
        wrong.map_or(Ok(()), |byte| Err(self.wrong(byte)))
    }

    /// The text ends here.
    ///
    /// # Errors
    /// When it ends within a character.
    pub fn end(&self) -> Result<(), NotUtf8> {
        self.begun.first().map_or(Ok(()), |byte| Err(self.wrong(*byte)))
    }

    fn wrong(&self, byte: u8) -> NotUtf8 {
        NotUtf8 { line: self.line, column: self.before + 1, byte }
    }
}

/// A byte that is part of no character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8 {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The byte.
    pub byte: u8,
}

impl NotUtf8 {
    /// The first byte of a file that is no UTF-8; `None` where it is.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let mut utf8 = Utf8::default();
        utf8.take(bytes).and_then(|()| utf8.end()).err()
    }

    /// The problem with its place.
    pub fn described(self, file: &str) -> Diagnostic {
        let message = format!("not UTF-8 text: the byte 0x{:02X} is part of no character", self.byte);
        Diagnostic::error(Place::at(file, self.line, self.column), "", message).with_help(SAVE_IT)
    }
}

/// What to do about a file that is not UTF-8.
const SAVE_IT: &str = "save the file as UTF-8; a spreadsheet calls it `CSV UTF-8`, an editor `encoding`";

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not UTF-8 text: the byte 0x{:02X} in line {}, column {} is part of no character; {SAVE_IT}",
            self.byte, self.line, self.column
        )
    }
}

impl Error for NotUtf8 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_named_with_its_line_and_column_whatever_the_pieces() {
        let at = |line, column, byte| Err(NotUtf8 { line, column, byte });
        let texts: [(&[u8], _); 7] = [
            (b"", Ok(())),
            ("\u{feff}é,😀\n".as_bytes(), Ok(())),
            (b"id,name\n1,Jos\xe9\n", at(2, 6, 0xe9)),
            (b"\xef\xbb\xbfa\xff", at(1, 2, 0xff)),
            ("é😀\u{fe}".as_bytes(), Ok(())),
            (b"\xf0\x9f\x98\x80\xf0\x9f", at(1, 2, 0xf0)),
            (b"\xff\xfei\0d\0", at(1, 1, 0xff)),
        ];
        for (text, expected) in texts {
            for size in 1..=text.len().max(1) {
                let mut utf8 = Utf8::default();
                let read = text.chunks(size).try_for_each(|piece| utf8.take(piece)).and_then(|()| utf8.end());
                assert_eq!(read, expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
