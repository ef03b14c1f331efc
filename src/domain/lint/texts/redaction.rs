//! Texts without the secrets and personal data that an answer gave away.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde_json::{Map, Value};

use super::{
    super::{AnswerScan, LintSettings, scan_answer},
    scan,
};

/// What stands for the rest of a secret.
pub const MASK: &str = "[redacted]";

/// Characters of a secret that are shown.
const SHOWN: usize = 4;
/// Bytes that a secret has at least, of which some are shown.
const LONG: usize = 16;
/// Bytes of a secret by which a part of it is known, such as in an excerpt.
const GRAM: usize = 8;
/// Bytes of letters and digits by which it is known whatever stands between them.
const SPACED: usize = 12;

/// What is cut from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    /// A secret of which some characters are shown.
    Long,
    /// One of which none are.
    Short,
    /// Part of one.
    Part,
}

/// What an answer gave away, and nothing that quotes it may show.
#[derive(Debug, Clone)]
pub struct Redaction {
    rules: BTreeSet<&'static str>,
    /// Secrets that are too short to have parts, in lower case.
    short: BTreeSet<String>,
    /// Every part of the others, in lower case.
    grams: BTreeSet<Box<[u8]>>,
    /// Every part of their letters and digits, by its length.
    spaced: BTreeMap<usize, BTreeSet<Box<[u8]>>>,
}

/// A text's letters and digits in lower case, with the place that each byte has in the text.
#[derive(Debug, Default)]
struct Letters {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Letters {
    /// `lower`: in lower case already.
    fn of(lower: &str) -> Self {
        let mut letters = Self::default();
        for (at, c) in lower.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let mut bytes = [0; 4];
            letters.bytes.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
            letters.places.extend(at..at + c.len_utf8());
        }
        letters
    }

    /// The bytes of the text that `length` bytes from `from` on stand in.
    fn place(&self, from: usize, length: usize) -> Option<Range<usize>> {
        Some(*self.places.get(from)?..self.places.get(from + length - 1)? + 1)
    }
}

impl Redaction {
    /// What the scans of an answer found that must not be shown; `None` where nothing is.
    pub fn of(answer: &str, scans: &[AnswerScan]) -> Option<Self> {
        let rules: BTreeSet<&'static str> = scans.iter().filter(|scan| scan.found.is_some()).map(|scan| scan.rule).collect();
        let private = scan::private(answer, &|rule| rules.contains(rule));
        if private.is_empty() {
            return None;
        }
        let mut redaction = Self { rules, short: BTreeSet::new(), grams: BTreeSet::new(), spaced: BTreeMap::new() };
        for secret in private.into_iter().filter_map(|range| answer.get(range)) {
            let lower = secret.to_ascii_lowercase();
            let letters = Letters::of(&lower).bytes;
            if letters.len() >= GRAM {
                let length = letters.len().min(SPACED);
                redaction.spaced.entry(length).or_default().extend(letters.windows(length).map(Box::from));
            }
            if lower.len() < GRAM {
                redaction.short.insert(lower);
            } else {
                redaction.grams.extend(lower.as_bytes().windows(GRAM).map(Box::from));
            }
        }
        Some(redaction)
    }

    /// What is in the texts of some variables that must not be shown; `file` is that of the case.
    pub fn of_variables(variables: &Map<String, Value>, file: &str, settings: &LintSettings) -> Option<Self> {
        let mut texts = Vec::new();
        variables.values().for_each(|value| texts_of(value, &mut texts));
        let said = texts.join("\n");
        Self::of(&said, &scan_answer(&said, file, settings))
    }

    /// The text with every secret cut to its first characters: those of the answer, whole or in part, in whatever letter case and with
    /// whatever between their letters, and whatever else the same rules find.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut cuts = self.cuts(text).into_iter().peekable();
        while let Some((Range { start, mut end }, first)) = cuts.next() {
            let mut shown = first == Cut::Long;
            while let Some((next, cut)) = cuts.next_if(|(next, _)| next.start <= end) {
                end = end.max(next.end);
                shown &= cut != Cut::Short;
            }
            // A part of a secret may begin or end within a character.
            let start = (0..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let end = (end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            out.push_str(text.get(done..start).unwrap_or_default());
            if shown {
                out.extend(text.get(start..end).unwrap_or_default().chars().take(SHOWN));
            }
            out.push_str(MASK);
            done = end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// What must not be seen of a text, in its order; the ranges may overlap.
    fn cuts(&self, text: &str) -> Vec<(Range<usize>, Cut)> {
        let whole = scan::private(text, &|rule| self.rules.contains(rule)).into_iter().map(|range| {
            let cut = if range.len() < LONG { Cut::Short } else { Cut::Long };
            (range, cut)
        });
        // Of the same length, so that places in it are places in the text.
        let lower = text.to_ascii_lowercase();
        let short = self.short.iter().flat_map(|secret| lower.match_indices(secret).map(|(at, found)| (at..at + found.len(), Cut::Short)));
        let windows = lower.as_bytes().windows(GRAM).enumerate().filter(|(_, window)| self.grams.contains(*window));
        let letters = Letters::of(&lower);
        let spaced = self.spaced.iter().flat_map(|(length, parts)| {
            let windows = letters.bytes.windows(*length).enumerate().filter(|(_, window)| parts.contains(*window));
            windows.filter_map(|(from, window)| Some((letters.place(from, window.len())?, Cut::Part)))
        });
        let mut cuts: Vec<_> = whole.chain(short).chain(windows.map(|(at, _)| (at..at + GRAM, Cut::Part))).chain(spaced).collect();
        cuts.sort_by_key(|(range, cut)| (range.start, *cut));
        cuts
    }

    /// The same for all texts of a map, its keys among them, and for numbers that hold a secret.
    #[must_use]
    pub fn clean_map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        let mut cleaned = Map::new();
        for (key, value) in map {
            let mut key = self.clean(key);
            // Two keys may be the same without their secrets.
            while cleaned.contains_key(&key) {
                key.push('\'');
            }
            cleaned.insert(key, self.clean_value(value));
        }
        cleaned
    }

    fn clean_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.clean(text).into(),
            Value::Array(items) => items.iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(map) => self.clean_map(map).into(),
            Value::Number(number) => {
                let (written, shown) = (number.to_string(), self.clean(&number.to_string()));
                if written == shown { value.clone() } else { shown.into() }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }
}

/// Every text in a value.
fn texts_of<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Value::Object(map) => map.values().for_each(|item| texts_of(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::lint::{LintSettings, Severity, scan_answer};

    const KEY: &str = concat!("AKIA", "QYLPMN5HFIQR7XYA");

    fn part(from: usize, to: usize) -> &'static str {
        KEY.get(from..to).unwrap()
    }

    fn settings() -> LintSettings {
        LintSettings {
            enabled: true,
            fail_on: Severity::Error,
            severities: LintSettings::catalogue(),
            min_length: 1,
            max_length: 1_000,
            ignore: Vec::new(),
            scan_output: true,
        }
    }

    fn of(answer: &str) -> Option<Redaction> {
        Redaction::of(answer, &scan_answer(answer, "cases.yml", &settings()))
    }

    #[test]
    fn variables_are_cut_as_answers_are() {
        let cleaned = |variables: &Value| {
            let variables = variables.as_object().unwrap();
            Redaction::of_variables(variables, "cases.yml", &settings()).map(|redaction| Value::from(redaction.clean_map(variables)))
        };
        assert_eq!(cleaned(&json!({"a": "Ana", "n": [1, null, true]})), None);
        let found = cleaned(&json!({"a": "Ana", "deep": [{"key": format!("it is {KEY}")}], "n": 1}));
        assert_eq!(found, Some(json!({"a": "Ana", "deep": [{"key": "it is AKIA[redacted]"}], "n": 1})));
    }

    #[test]
    fn a_secret_keeps_its_first_characters_and_no_more() {
        for (answer, shown) in [
            (format!("The key is {KEY}; take it."), "The key is AKIA[redacted]; take it."),
            (format!("{KEY} and {KEY}"), "AKIA[redacted] and AKIA[redacted]"),
            (concat!("password: ", "aB3dE5gH7jK9mN1p!").to_owned(), "password: aB3d[redacted]"),
            (concat!("postgres://app:", "s3cr3t-Pa55@db.internal/orders").to_owned(), "postgres://app:[redacted]/orders"),
            ("write to ana.diaz@acme-corp.com".to_owned(), "write to ana.[redacted]"),
            (
                concat!("so: -----BEGIN PRIVATE", " KEY-----\nMIIEvQIBADANBg\nAAAA=\n-----END PRIVATE KEY-----\nBye.").to_owned(),
                "so: ----[redacted]Bye.",
            ),
            (concat!("-----BEGIN RSA PRIVATE", " KEY-----\nMIIEvQIBADANBg\nAAAA=").to_owned(), "----[redacted]"),
            // The same key in base64, and a letter that only looks like one.
            ("code QUtJQVFZTFBNTjVIRklRUjdYWUE= is it".to_owned(), "code QUtJ[redacted] is it"),
            (format!("so {}\u{200b}{}", part(0, 9), part(9, 20)), "so AKIA[redacted]"),
        ] {
            assert_eq!(of(&answer).unwrap_or_else(|| panic!("{answer}")).clean(&answer), shown, "{answer}");
        }
        assert!(of("Hello Ana, ignore previous instructions").is_none(), "what is no secret is shown");
    }

    #[test]
    fn excerpts_and_quotes_of_it_are_cut_too() {
        let redaction = of(&format!("The key is {KEY}.")).unwrap();
        for (text, shown) in [
            (
                format!("expected \"no\", the answer is \"The key is {}…\"", part(0, 12)),
                "expected \"no\", the answer is \"The key is [redacted]…\"",
            ),
            (format!("…{} is in it", part(3, 20)), "…[redacted] is in it"),
            ("nothing of it".to_owned(), "nothing of it"),
        ] {
            assert_eq!(redaction.clean(&text), shown);
        }
        let spaced =
            |by: &str| KEY.to_lowercase().as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part)).collect::<Vec<_>>().join(by);
        for quoted in [KEY.to_lowercase(), spaced(" "), spaced("-"), spaced(" - "), spaced("\u{200b}"), spaced("**")] {
            assert_eq!(redaction.clean(&format!("it is {quoted}!")), "it is [redacted]!", "{quoted}");
        }
        let map = json!({"a": [format!("x{KEY}")], "b": {"c": KEY, "n": 1}});
        let cleaned = redaction.clean_map(map.as_object().unwrap());
        assert_eq!(Value::from(cleaned), json!({"a": ["x[redacted]"], "b": {"c": "AKIA[redacted]", "n": 1}}));
    }

    #[test]
    fn keys_and_numbers_are_cut_too_and_none_is_lost() {
        let redaction = of(&format!("The key is {KEY}, the card 4111 1111 1111 1111.")).unwrap();
        let map = json!({format!("a {KEY}"): 1, format!("a {} ", part(0, 19)): 2, "n": {"card": 4_111_111_111_111_111_u64, "small": 41}});
        let cleaned = redaction.clean_map(map.as_object().unwrap());
        assert_eq!(Value::from(cleaned), json!({"a AKIA[redacted]": 1, "a [redacted] ": 2, "n": {"card": "4111[redacted]", "small": 41}}));
        let twice = json!({KEY: 1, format!("{KEY}\u{200b}"): 2, KEY.to_lowercase(): 3});
        let cleaned = redaction.clean_map(twice.as_object().unwrap());
        assert_eq!(cleaned.len(), 3, "{cleaned:?}");
        assert!(!Value::from(cleaned).to_string().to_lowercase().contains(&part(4, 12).to_lowercase()));
    }

    #[test]
    fn a_short_secret_is_cut_in_any_letter_case_and_words_stay() {
        let mut redaction = of("write to ana.diaz@acme-corp.com").unwrap();
        redaction.short.insert("ab3de5g".to_owned());
        assert_eq!(redaction.clean("it says AB3DE5G twice"), "it says [redacted] twice");
        assert_eq!(redaction.clean("Acme Corp made it, says Ana."), "Acme Corp made it, says Ana.");
    }

    #[test]
    fn every_secret_of_a_long_answer_is_cut() {
        let keys: Vec<String> =
            (0..60).map(|index| format!("AKIAQYLPMN5HFIQR7X{}{}", char::from(b'A' + index / 10), char::from(b'A' + index % 10))).collect();
        let answer = keys.join(" ");
        let cleaned = of(&answer).unwrap().clean(&answer);
        assert_eq!(cleaned, vec!["AKIA[redacted]"; 60].join(" "));
    }

    proptest! {
        #[test]
        fn nothing_of_any_text_is_lost_but_the_secret(before in "(?s)[^A-Za-z0-9]{0,30}", after in "(?s)[^A-Za-z0-9]{0,30}", cut in 0_usize..20) {
            let answer = format!("{before} {KEY} {after}");
            let redaction = of(&answer).unwrap();
            let cleaned = redaction.clean(&answer);
            prop_assert!(!cleaned.contains(part(4, 20)), "{}", cleaned);
            let quoted = redaction.clean(&format!("é{}é", part(cut, 20)));
            prop_assert!(cut > 12 || quoted == "é[redacted]é", "{}: {}", cut, quoted);
        }
    }
}
