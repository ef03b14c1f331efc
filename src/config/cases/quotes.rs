//! The double quotes of a table: each is closed, and nothing but the end of the field follows.

use std::{error::Error, fmt};

/// Follows the quotes of a table through its bytes, whatever their pieces. The CSV reader takes what is wrong as text: a
/// quote that is never closed would swallow all rows behind it.
#[derive(Debug)]
pub(super) struct Quotes {
    state: State,
    /// The current line, from 1.
    line: usize,
    /// The line in which the last quote was opened.
    opened: usize,
    /// Bytes of a byte order mark that may still come, before the first field.
    mark: &'static [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote that closes the field, unless another quote follows.
    Closed,
}

impl Default for Quotes {
    fn default() -> Self {
        Self { state: State::FieldStart, line: 1, opened: 1, mark: "\u{feff}".as_bytes() }
    }
}

impl Quotes {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When something other than the end of the field follows a closing quote.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Unbalanced> {
        for &byte in bytes {
            if let Some((first, rest)) = self.mark.split_first() {
                self.mark = if *first == byte { rest } else { &[] };
                if *first == byte {
                    continue;
                }
            }
            self.state = match (self.state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) | (State::Closed, b'"') => State::Quoted,
                (State::FieldStart, b'"') => {
                    self.opened = self.line;
                    State::Quoted
                }
                (State::FieldStart | State::Plain | State::Closed, b',' | b'\r' | b'\n') => State::FieldStart,
                (State::FieldStart | State::Plain, _) => State::Plain,
                (State::Closed, _) => return Err(Unbalanced::Followed { opened: self.opened, line: self.line }),
            };
            self.line += usize::from(byte == b'\n');
        }
        Ok(())
    }

    /// The table ends here.
    ///
    /// # Errors
    /// When a quote is open.
    pub(super) fn end(&self) -> Result<(), Unbalanced> {
        if self.state == State::Quoted { Err(Unbalanced::Open { opened: self.opened }) } else { Ok(()) }
    }
}

/// What is wrong with the quotes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbalanced {
    /// A quote is never closed.
    Open { opened: usize },
    /// Something follows the quote that closes a field.
    Followed { opened: usize, line: usize },
}

impl Unbalanced {
    /// The line to look at, from 1.
    pub(super) fn line(self) -> usize {
        match self {
            Self::Open { opened } => opened,
            Self::Followed { line, .. } => line,
        }
    }
}

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { opened } => write!(f, "a double quote opened in line {opened} is never closed"),
            Self::Followed { opened, line } => {
                write!(f, "the double quotes opened in line {opened} are closed in line {line}, and the field goes on behind them")
            }
        }
    }
}

impl Error for Unbalanced {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, size: usize) -> Result<(), Unbalanced> {
        let mut quotes = Quotes::default();
        text.as_bytes().chunks(size).try_for_each(|piece| quotes.take(piece))?;
        quotes.end()
    }

    #[test]
    fn quotes_are_closed_at_the_end_of_a_field() {
        let open = |opened| Err(Unbalanced::Open { opened });
        let followed = |opened, line| Err(Unbalanced::Followed { opened, line });
        let table = [
            ("", Ok(())),
            ("a,b\n1,\"2\"\n", Ok(())),
            ("a,b\r\n\"1\",\"2, \"\"x\"\"\n3\"\r\n", Ok(())),
            ("a\n5\" pipe\nsays \"hi\n", Ok(())),
            ("a\n\"\"", Ok(())),
            ("a\n\"\"\"\"", Ok(())),
            ("\u{feff}\"a\",b\n", Ok(())),
            ("\u{feff}\"a,b\n", open(1)),
            ("a,b\n1,\"2\n3,4\n", open(2)),
            ("a\n\"", open(2)),
            ("a\n\"x\"\"\n", open(2)),
            ("a,b\n1,\"2\n3,\"x\"\n", followed(2, 3)),
            ("a\n\"x\" \n", followed(2, 2)),
        ];
        for (text, expected) in table {
            for size in 1..=text.len().max(1) {
                assert_eq!(read(text, size), expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
