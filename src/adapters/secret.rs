//! Secrets: never shown, and taken out of whatever leaves the process.

use std::{
    borrow::Cow,
    fmt,
    sync::{LazyLock, PoisonError, RwLock},
};

use regex::Regex;
use serde_json::{Map, Value};

/// What stands where a secret was.
pub const MASK: &str = "[secret]";

/// Shorter values are not masked: they would be found in ordinary words.
const SHORTEST: usize = 8;

/// A key or password. It has no `Display`; its `Debug` is a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

/// Hears of a new secret.
type Announce = Box<dyn Fn(&Secret) + Send + Sync>;

/// Knows the secrets in use and takes them out of texts. One scrubber serves a whole run, so that the key of one
/// provider does not show up in what another one returned.
#[derive(Default)]
pub struct Scrubber {
    /// Each value as it is and as JSON spells it, longest first.
    known: RwLock<Vec<String>>,
    /// Told of every new secret, so that a CI system masks it in its log.
    announce: Option<Announce>,
}

impl Scrubber {
    /// A scrubber that tells `announce` of every secret before anything can print it.
    pub fn announcing(announce: impl Fn(&Secret) + Send + Sync + 'static) -> Self {
        Self { announce: Some(Box::new(announce)), ..Self::default() }
    }

    /// From now on `secret` is masked, if it has at least 8 characters without the white space around it.
    pub fn register(&self, secret: &Secret) {
        let value = secret.expose().trim();
        if value.chars().count() < SHORTEST {
            return;
        }
        let quoted = Value::from(value).to_string();
        let escaped = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(&quoted).to_owned();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let (Some(announce), false) = (&self.announce, known.iter().any(|form| form == value)) {
            announce(secret);
        }
        for form in [value.to_owned(), escaped] {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// `text` without the registered secrets and without what looks like a key (`sk-…`, `Bearer …`, `ghp_…`).
    pub fn scrub<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), MASK));
            }
        }
        if LOOKS_SECRET.is_match(&text) {
            text = Cow::Owned(LOOKS_SECRET.replace_all(&text, format!("${{before}}{MASK}")).into_owned());
        }
        text
    }

    /// [`Self::scrub`] over every text in `value`, keys of objects included.
    pub fn scrub_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.scrub(text)),
            Value::Array(items) => items.iter().map(|item| self.scrub_json(item)).collect(),
            Value::Object(map) => Value::Object(self.scrub_map(map)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// [`Self::scrub_json`] for an object.
    pub fn scrub_map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(key, item)| (self.scrub(key).into_owned(), self.scrub_json(item))).collect()
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scrubber")
    }
}

/// Whether something of this name (a variable, a header) usually holds a secret.
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "password", "passwd", "credential", "auth", "cookie"].iter().any(|word| name.contains(word))
}

/// Forms of keys that are recognised without being registered. `before` is kept.
static LOOKS_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<before>(?i:\bbearer\s+)) [A-Za-z0-9._~+/-]{16,}=*
        | \bsk-[A-Za-z0-9_-]{20,}
        | \bgh[pousr]_[A-Za-z0-9]{20,}
        | \bgithub_pat_[A-Za-z0-9_]{20,}
        | \bglpat-[A-Za-z0-9_-]{20,}
        | \bxox[abeprs]-[A-Za-z0-9-]{10,}
        | \bhf_[A-Za-z0-9]{30,}
        | \bAIza[A-Za-z0-9_-]{35}
        | \bA(?:KIA|SIA)[A-Z0-9]{16}\b
        | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----[^-]*(?:-----END\ [A-Z\ ]*PRIVATE\ KEY-----)?
        ",
    )
    .expect("the pattern is fixed and tested")
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scrubber() -> Scrubber {
        let scrubber = Scrubber::default();
        for secret in ["hunter2hunter2", "hunter2hunter2-and-more", "with\"quote\\back", "short"] {
            scrubber.register(&Secret::new(secret));
        }
        scrubber
    }

    #[test]
    fn known_secrets_disappear_the_longest_first() {
        assert_eq!(scrubber().scrub("a hunter2hunter2-and-more b hunter2hunter2 c short"), "a [secret] b [secret] c short");
    }

    #[test]
    fn secrets_spelled_as_json_disappear() {
        let nested = json!({"arguments": "{\"key\":\"with\\\"quote\\\\back\"}", "with\"quote\\back": ["hunter2hunter2", 1, null]});
        let scrubbed = scrubber().scrub_json(&nested);
        assert_eq!(scrubbed, json!({"arguments": "{\"key\":\"[secret]\"}", "[secret]": ["[secret]", 1, null]}));
    }

    #[test]
    fn what_looks_like_a_key_disappears() {
        let text = "Bearer abcdefghijklmnop123 sk-proj-abcdefghijklmnopqrst ghp_abcdefghijklmnopqrstuvwxyz AKIAABCDEFGHIJKLMNOP";
        assert_eq!(Scrubber::default().scrub(text), "Bearer [secret] [secret] [secret] [secret]");
        assert_eq!(Scrubber::default().scrub("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----!"), "[secret]!");
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "risk-assessment-of-the-quarter task-force-sk-learn, the bearer of news, ghp_short";
        assert!(matches!(Scrubber::default().scrub(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("hunter2hunter2");
        assert_eq!(format!("{secret:?} {:?}", scrubber()), "[secret] Scrubber");
    }

    #[test]
    fn names_of_secrets() {
        assert!(names_a_secret("OPENAI_API_KEY") && names_a_secret("Authorization") && names_a_secret("X-Api-Token"));
        assert!(!names_a_secret("MODEL_NAME") && !names_a_secret("X-Team"));
    }
}
