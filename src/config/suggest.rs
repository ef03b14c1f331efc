//! Did-you-mean for keys and names, and other small helps for messages.

use serde_json::Value;

/// The candidate that was most likely meant, if any is near enough.
pub(super) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is no typo of a name, and its distance would be slow to compute.
    if written.len() > 64 {
        return None;
    }
    let plain = normalise(written);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = normalise(candidate);
            let distance = strsim::damerau_levenshtein(&plain, &known);
            let longest = plain.chars().count().max(known.chars().count());
            let near = distance == 0 || distance <= longest / 3 || (distance == 1 && longest > 2);
            let prefix = plain.len() >= 3 && (known.starts_with(&plain) || plain.starts_with(&known) && known.len() >= 3);
            (near || prefix).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

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

/// Spelling differences that are none: `baseUrl`, `base_url`, `Base-URL`.
fn normalise(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
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
