//! Short pieces of long texts, for reasons and labels: one line, bounded, unmistakable.

use std::fmt::{self, Display, Write};

/// At most this many characters of an answer appear in a reason.
pub(super) const EXCERPT: usize = 80;

/// At most this many items of a list are named; the rest is counted.
const NAMED: usize = 3;

/// The start of a text in double quotes, with everything unprintable escaped.
pub(super) fn quote(text: &str) -> String {
    quote_up_to(text, EXCERPT)
}

/// As [`quote`], with at most `max` characters of the text.
pub(super) fn quote_up_to(text: &str, max: usize) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(max).collect();
    let mut quoted = format!("{start:?}");
    if characters.next().is_some() {
        quoted.pop();
        quoted.push_str("…\"");
    }
    quoted
}

/// The start of a pattern or path in backticks.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", shorten(text, EXCERPT))
}

/// What a value displays, on one line and in at most `max` characters, the `…` included.
pub(super) fn shorten(value: impl Display, max: usize) -> String {
    let mut start = Bounded { text: String::new(), left: max };
    // The only error is the bound itself; it saves displaying the rest of a long value.
    if write!(start, "{value}").is_err() {
        start.text.pop();
        start.text.push('…');
    }
    start.text
}

/// Names a few items and counts the rest: `"a", "b", "c" and 4 more`.
pub(super) fn list(items: &[String]) -> String {
    let named = items.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// `1 word`, `2 words`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

struct Bounded {
    text: String,
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for character in piece.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            let line_break = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
            self.text.push(if line_break { ' ' } else { character });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quote_is_bounded_and_escaped() {
        assert_eq!(quote("Ana \"x\"\n"), r#""Ana \"x\"\n""#);
        let long = quote(&"é".repeat(81));
        assert_eq!(long, format!("\"{}…\"", "é".repeat(80)));
        assert_eq!(quote(&"é".repeat(80)), format!("\"{}\"", "é".repeat(80)));
    }

    #[test]
    fn a_shortened_text_is_one_line_of_the_given_length() {
        assert_eq!(shorten("a\nb\u{2028}c", 5), "a b c");
        assert_eq!(shorten("abcdef", 5), "abcd…");
        assert_eq!(shorten(json!({"a": [1, 2]}), 80), r#"{"a":[1,2]}"#);
        assert_eq!(shorten(json!("x".repeat(1_000_000)), 4), "\"xx…");
    }

    #[test]
    fn a_list_names_three_and_counts_the_rest() {
        let items: Vec<String> = (1..=5).map(|n| n.to_string()).collect();
        assert_eq!(list(&items), "1, 2, 3 and 2 more");
        assert_eq!(list(&["1".to_owned()]), "1");
    }
}
