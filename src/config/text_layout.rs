//! How the text of a scalar lies in its file, so that a place inside the text has a line and a column there.

use super::{
    locate::{Location, Style},
    problems::at,
};
use crate::domain::prompt::{Layout, TextPlace};

/// The place of a scalar whose value is `value`, in the file `source`.
pub(super) fn text_place(source: &str, file: &str, location: Location, value: &str) -> TextPlace {
    let mark = location.value;
    let lines: Vec<&str> = source.lines().collect();
    let layout = match location.style {
        Some(Style::Literal) => literal(&lines, mark.line, value),
        Some(style @ (Style::Plain | Style::SingleQuoted | Style::DoubleQuoted)) => {
            let line = mark.line.checked_sub(1).and_then(|index| lines.get(index));
            line.and_then(|line| one_line(line, mark.column, style, value))
        }
        Some(Style::Folded) | None => None,
    };
    TextPlace::new(at(file, mark), layout.unwrap_or(Layout::Unknown))
}

/// The block after `|`. The parser's mark is at its text or on one of the blank lines before it, so the first line is
/// the one from which on the file says what the value says.
fn literal(lines: &[&str], mark: usize, value: &str) -> Option<Layout> {
    let blank = value.lines().take_while(|line| line.is_empty()).count();
    (mark.saturating_sub(blank + 1).max(1)..=mark + 1).find_map(|first| {
        let block = lines.get(first - 1..)?;
        let mut indent = None;
        for (index, text) in value.lines().enumerate().filter(|(_, text)| !text.is_empty()) {
            let before = block.get(index)?.strip_suffix(text)?;
            let width = before.chars().count();
            if !before.chars().all(|c| c == ' ') || indent.is_some_and(|indent| indent != width) {
                return None;
            }
            indent = Some(width);
        }
        indent.map(|indent| Layout::Lines { first, indent })
    })
}

/// A scalar in one line: every character of the value gets the column it is written in.
fn one_line(line: &str, start: usize, style: Style, value: &str) -> Option<Layout> {
    let mut written = line.chars().zip(1..).skip(start - 1).peekable();
    if style != Style::Plain {
        written.next()?;
    }
    let mut columns = vec![Vec::new()];
    for expected in value.chars() {
        let (c, column) = written.next()?;
        match (style, c) {
            (Style::DoubleQuoted, '\\') => {
                let (escape, _) = written.next()?;
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                // JSON writes what lies beyond 16 bits as two escapes of four digits.
                let pair = if escape == 'u' && u32::from(expected) > 0xffff { 6 } else { 0 };
                for _ in 0..digits + pair {
                    written.next()?;
                }
            }
            (Style::SingleQuoted, '\'') => {
                written.next_if(|(c, _)| *c == '\'')?;
            }
            (Style::Plain | Style::SingleQuoted | Style::DoubleQuoted | Style::Literal | Style::Folded, _) if c != expected => return None,
            (Style::Plain | Style::SingleQuoted | Style::DoubleQuoted | Style::Literal | Style::Folded, _) => {}
        }
        columns.last_mut()?.push(column);
        if expected == '\n' {
            columns.push(Vec::new());
        }
    }
    let end = written.next().map_or(line.chars().count() + 1, |(_, column)| column);
    columns.last_mut()?.push(end);
    Some(Layout::OneLine(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{document::Document, path::Path},
        domain::diagnostic::Place,
    };

    /// Where the letter X of the value at `a` is, found by way of its line and column in the value.
    fn place_of_x(source: &str, file: &str) -> Place {
        let document = Document::read(source, file).unwrap();
        let value = document.value["a"].as_str().unwrap();
        let before = value.split('X').next().unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        text_place(source, file, document.tree.find(&Path::root().key("a")).unwrap(), value).at(line, column)
    }

    #[test]
    fn the_place_is_that_of_the_file() {
        for source in [
            "a: plain X here",
            "a: 'it''s an X'",
            "a: \"tab\\t \\\"quoted\\\" \\u00e9\\nX\"",
            "b: é\na: |\n  one\n\n    X two\n  three\nc: 1",
            "a: |\n\n\n  X",
            "a: |2\n     X\n    y",
            "a: |- # comment\n      one\n      X",
            "a: |+\n  X\n\n\n",
            "a:\n  X next line",
            "{\"a\": \"\\ud83d\\ude00 \\n X\"}",
            "{\n\t\"a\":\n\t\t\"\\/ X\"}",
            "a: \"é X\"\r\nb: 1\r\n",
            "a: |\r\n  one\r\n  X\r\n",
        ] {
            let file = if source.starts_with('{') { "p.json" } else { "p.yml" };
            let line = source.lines().position(|line| line.contains('X')).unwrap();
            let column = source.lines().nth(line).unwrap().chars().position(|c| c == 'X').unwrap();
            assert_eq!(place_of_x(source, file), Place::at(file, line + 1, column + 1), "{source:?}");
        }
    }

    #[test]
    fn folded_texts_have_only_their_start() {
        for (source, line, column) in [("a: >\n  one\n  X two", 2, 3), ("a: \"one\n  X\"", 1, 4), ("a: one\n  X", 1, 4)] {
            assert_eq!(place_of_x(source, "p.yml"), Place::at("p.yml", line, column), "{source:?}");
        }
    }
}
