//! Marks of a JSON text. The text has been read by a JSON parser before, so that this walk only looks for places;
//! on anything unexpected it stops and keeps what it has.

use std::{iter::Peekable, str::Chars};

use super::{Builder, DEEPEST, Kind, Mark, Style, TextProblem, Tree};

/// Reads the marks of a JSON text that begins in `line` of its file.
pub(in crate::config) fn read(text: &str, line: usize) -> (Tree, Vec<TextProblem>) {
    let mut reader = Reader { rest: text.chars().peekable(), mark: Mark { line, column: 1 }, builder: Builder::default() };
    while reader.step() {}
    reader.builder.finish()
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    mark: Mark,
    builder: Builder,
}

impl Reader<'_> {
    /// Reads one token; `false` at the end.
    fn step(&mut self) -> bool {
        let mark = self.mark;
        let Some(c) = self.next() else { return false };
        match c {
            '{' | '[' => {
                if self.builder.depth() >= DEEPEST {
                    self.builder.problem(mark, format!("nested more than {DEEPEST} levels deep"), None);
                    return false;
                }
                self.builder.open(mark, if c == '{' { Kind::Map(Vec::new()) } else { Kind::List(Vec::new()) });
            }
            '}' | ']' => self.builder.close(),
            '"' => {
                let raw = self.string();
                if self.builder.expects_key() {
                    self.builder.key(unescape(raw), mark);
                } else {
                    self.builder.add(mark, Kind::Scalar(Style::DoubleQuoted));
                }
            }
            ',' | ':' | ' ' | '\t' | '\r' | '\n' | '\u{feff}' => {}
            _ => {
                let mut written = String::from(c);
                while self.rest.peek().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-')) {
                    written.extend(self.next());
                }
                self.builder.number(mark, &written);
                self.builder.add(mark, Kind::Scalar(Style::Plain));
            }
        }
        true
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.mark = Mark { line: self.mark.line + 1, column: 1 };
        } else {
            self.mark.column += 1;
        }
        Some(c)
    }

    /// The rest of a string after its first quote, without the last one, still escaped.
    fn string(&mut self) -> String {
        let mut raw = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => {
                    raw.push(c);
                    raw.extend(self.next());
                }
                _ => raw.push(c),
            }
        }
        raw
    }
}

fn unescape(raw: String) -> String {
    if raw.contains('\\') { serde_json::from_str(&format!("\"{raw}\"")).unwrap_or(raw) } else { raw }
}
