//! Guesses about words that are disguised letter by letter.

use std::sync::OnceLock;

use regex::Regex;

use super::{Edit, compiled, replaced};

/// What may stand between letters; in one word always the same.
const BETWEEN: [&str; 9] = [" ", "\\.", "\\*", "_", "-", ",", "/", "\\|", "\\+"];

/// `i g n o r e`: single letters with one space or sign between them, as one word; `ignore+me` as two.
pub(super) fn spaced(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    static SOURCE: OnceLock<String> = OnceLock::new();
    let source = SOURCE.get_or_init(|| {
        let runs = BETWEEN.map(|sign| format!("(?-u:\\b)(?:[A-Za-z0-9@$]{sign}){{3,}}[A-Za-z0-9@$](?-u:\\b)"));
        format!("{}|(?-u:\\b)\\+(?-u:\\b)", runs.join("|"))
    });
    let pattern = compiled(&PATTERN, source);
    replaced(text, pattern, |run| {
        if run == "+" {
            return Some(" ".to_owned());
        }
        let word: String = run.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '$')).collect();
        (word.chars().filter(char::is_ascii_alphabetic).count() >= 3).then_some(word)
    })
}

/// `1gn0re`: digits and signs inside words, read as the letters they look like.
pub(super) fn digits(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = compiled(&PATTERN, "[A-Za-z013456789@$]{4,}");
    replaced(text, pattern, |word| {
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        (letters >= 2 && letters < word.len()).then(|| word.chars().map(plain).collect())
    })
}

fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}
