//! Did-you-mean for keys and names, and other small helps for messages.

use serde_json::Value;

pub(super) use crate::domain::suggest::nearest;

/// "did you mean `x`?", or the list of what there is while it is short.
pub(super) fn help<'a>(written: &str, what: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(meant) = nearest(written, candidates.iter().copied()) {
        return Some(format!("did you mean `{}`?", shorten(meant)));
    }
    let shown: Vec<String> = candidates.iter().take(20).map(|name| shorten(name)).collect();
    let more = if candidates.len() > shown.len() { ", …" } else { "" };
    (!shown.is_empty()).then(|| format!("{what}: {}{more}", shown.join(", ")))
}

/// A text for a message: bounded, on one line.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// What a value is, in plain words: `the number 3`, `a list`, `nothing`.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) => format!("the string `{}`", shorten(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_recognised_and_strangers_are_not() {
        let keys = ["concurrency", "provider", "prompt", "min-pass-rate"];
        for (written, meant) in [
            ("concurency", Some("concurrency")),
            ("providr", Some("provider")),
            ("minPassRate", Some("min-pass-rate")),
            ("min_pass_rate", Some("min-pass-rate")),
            ("prompts", Some("prompt")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, keys), meant, "{written}");
        }
    }

    #[test]
    fn without_a_near_one_the_choice_is_listed() {
        assert_eq!(help("zzz", "known keys", ["a", "b"]).as_deref(), Some("known keys: a, b"));
        assert_eq!(help("zzz", "known keys", []), None);
        assert_eq!(help("providr", "known keys", ["provider"]).as_deref(), Some("did you mean `provider`?"));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shorten(&"é".repeat(1_000)).chars().count(), 61);
        assert_eq!(nearest(&"k".repeat(1_000_000), ["key"]), None);
    }
}
