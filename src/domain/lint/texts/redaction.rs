//! Texts without the secrets and personal data that an answer gave away.

use std::{collections::BTreeSet, ops::Range};

use serde_json::{Map, Value};

use super::{super::AnswerScan, scan};

/// What stands for the rest of a secret.
pub const MASK: &str = "[redacted]";

/// Characters of a secret that are shown.
const SHOWN: usize = 4;
/// Bytes that a secret has at least, of which some are shown.
const LONG: usize = 16;
/// Bytes of a secret by which a part of it is known, such as in an excerpt.
const GRAM: usize = 8;

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
    /// Secrets that are too short to have parts.
    short: BTreeSet<String>,
    /// Every part of the others.
    grams: BTreeSet<Box<[u8]>>,
}

impl Redaction {
    /// What the scans of an answer found that must not be shown; `None` where nothing is.
    pub fn of(answer: &str, scans: &[AnswerScan]) -> Option<Self> {
        let rules: BTreeSet<&'static str> = scans.iter().filter(|scan| scan.found.is_some()).map(|scan| scan.rule).collect();
        let private = scan::private(answer, &|rule| rules.contains(rule));
        if private.is_empty() {
            return None;
        }
        let (mut short, mut grams) = (BTreeSet::new(), BTreeSet::new());
        for secret in private.into_iter().filter_map(|range| answer.get(range)) {
            if secret.len() < GRAM {
                short.insert(secret.to_owned());
            } else {
                grams.extend(secret.as_bytes().windows(GRAM).map(Box::from));
            }
        }
        Some(Self { rules, short, grams })
    }

    /// The text with every secret cut to its first characters: those of the answer, whole or in part, and whatever else the same rules find.
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
        let short = self.short.iter().flat_map(|secret| text.match_indices(secret).map(|(at, found)| (at..at + found.len(), Cut::Short)));
        let windows = text.as_bytes().windows(GRAM).enumerate().filter(|(_, window)| self.grams.contains(*window));
        let mut cuts: Vec<_> = whole.chain(short).chain(windows.map(|(at, _)| (at..at + GRAM, Cut::Part))).collect();
        cuts.sort_by_key(|(range, cut)| (range.start, *cut));
        cuts
    }

    /// The same for all texts of a map.
    #[must_use]
    pub fn clean_map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(key, value)| (key.clone(), self.clean_value(value))).collect()
    }

    fn clean_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.clean(text).into(),
            Value::Array(items) => items.iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(map) => self.clean_map(map).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
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

    fn of(answer: &str) -> Option<Redaction> {
        let settings = LintSettings {
            enabled: true,
            fail_on: Severity::Error,
            severities: LintSettings::catalogue(),
            min_length: 1,
            max_length: 1_000,
            ignore: Vec::new(),
            scan_output: true,
        };
        Redaction::of(answer, &scan_answer(answer, "cases.yml", &settings))
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
        let map = json!({"a": [format!("x{KEY}")], "b": {"c": KEY, "n": 1}});
        let cleaned = redaction.clean_map(map.as_object().unwrap());
        assert_eq!(Value::from(cleaned), json!({"a": ["x[redacted]"], "b": {"c": "AKIA[redacted]", "n": 1}}));
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
