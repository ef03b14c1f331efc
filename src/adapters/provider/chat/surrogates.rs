//! Characters that a server cuts in two: JSON writes an emoji as a pair of escapes (`\\ud83d\\ude00`), and a server that counts such
//! halves may put each into a piece of its own. No piece is text by itself then; all together are.

use std::convert::Infallible;

use serde_json::Value;

use super::{Reply, Trouble};

/// What stands for half a character where it is no text by itself.
const LOST: char = char::REPLACEMENT_CHARACTER;
/// The first of the characters that stand for halves meanwhile: private ones, which no text has a use for.
const FIRST: u32 = 0x10_f000;
/// The first of those halves that come first.
const HIGH: u32 = 0xd800;
/// The first of those that come second.
const LOW: u32 = 0xdc00;
/// The first code behind all halves.
const END: u32 = 0xe000;

/// Remembers whether an answer has halves of characters.
#[derive(Debug, Default)]
pub(in super::super) struct Halves {
    seen: bool,
}

impl Halves {
    /// The JSON of one event, or of a whole answer, with a character in the place of each half that stands alone in it.
    pub(in super::super) fn hide(&mut self, json: Vec<u8>) -> Vec<u8> {
        let is_half = |window: &[u8]| matches!(window, [b'\\', b'u', b'd' | b'D']);
        if !json.windows(3).any(is_half) {
            return json;
        }
        let mut out = Vec::with_capacity(json.len());
        let mut rest = json.as_slice();
        while let Some((first, others)) = rest.split_first() {
            let (taken, half) = match (escape(rest), rest.get(6..).and_then(escape)) {
                (Some(HIGH..LOW), Some(LOW..END)) => (12, None),
                (Some(half @ HIGH..END), _) => (6, char::from_u32(FIRST + half - HIGH)),
                // An escaped backslash begins no other escape.
                _ if *first == b'\\' && !others.is_empty() => (2, None),
                _ => (1, None),
            };
            let (done, after) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            if let Some(half) = half {
                self.seen = true;
                out.extend_from_slice(half.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                out.extend_from_slice(done);
            }
            rest = after;
        }
        out
    }

    /// The reply with its halves put together. Where pieces stay apart, as the tokens of `logprobs` do, U+FFFD stands for each half.
    ///
    /// # Errors
    /// When half a character is left over in what the model said.
    pub(in super::super) fn join(&self, reply: Reply) -> Result<Reply, Trouble> {
        if !self.seen {
            return Ok(reply);
        }
        let text =
            joined(&reply.text, |half| Err(Trouble::malformed(format!("half a character (\\u{half:04x}) whose other half never came"))))?;
        Ok(Reply {
            text,
            raw: value(reply.raw),
            finish_reason: reply.finish_reason.as_deref().map(lossy),
            model: reply.model.as_deref().map(lossy),
            usage: reply.usage,
        })
    }
}

/// The code of the escape that begins here: `\u` and four hexadecimal digits.
fn escape(json: &[u8]) -> Option<u32> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
}

/// The half that a character stands for.
fn half(c: char) -> Option<u32> {
    u32::from(c).checked_sub(FIRST).map(|half| half + HIGH).filter(|half| *half < END)
}

/// A text with its halves put together; `alone` says what stands for one that has no other half.
fn joined<E>(text: &str, alone: impl Fn(u32) -> Result<char, E>) -> Result<String, E> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let Some(high) = half(c) else {
            out.push(c);
            continue;
        };
        let low = if high < LOW { characters.next_if(|c| half(*c).is_some_and(|half| half >= LOW)).and_then(half) } else { None };
        match low.and_then(|low| char::from_u32(0x1_0000 + ((high - HIGH) << 10) + (low - LOW))) {
            Some(whole) => out.push(whole),
            None => out.push(alone(high)?),
        }
    }
    Ok(out)
}

fn lossy(text: &str) -> String {
    match joined(text, |_| Ok::<_, Infallible>(LOST)) {
        Ok(text) => text,
        Err(never) => match never {},
    }
}

fn value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(lossy(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(self::value).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, item)| (lossy(&key), self::value(item))).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn streamed(pieces: &[&str]) -> Result<String, String> {
        let mut halves = Halves::default();
        let read = |piece: &&str| {
            let json = halves.hide(format!("{{\"a\": \"{piece}\"}}").into_bytes());
            let value: Value = serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{piece}: {error}"));
            value["a"].as_str().unwrap().to_owned()
        };
        let text = pieces.iter().map(read).collect::<Vec<_>>().concat();
        let reply = Reply {
            raw: json!({"content": [text]}),
            text,
            finish_reason: None,
            model: None,
            usage: crate::domain::answer::Usage::default(),
        };
        let joined = halves.join(reply).map_err(|trouble| trouble.what)?;
        assert_eq!(joined.raw["content"][0], joined.text);
        Ok(joined.text)
    }

    #[test]
    fn halves_are_joined_wherever_they_were_cut() {
        for pieces in [&["Hi \\ud83d", "\\ude00!"][..], &["Hi \\uD83D\\uDE00!"], &["Hi ", "\\ud83d", "", "\\uDE00", "!"], &["Hi 😀!"]] {
            assert_eq!(streamed(pieces).unwrap(), "Hi 😀!", "{pieces:?}");
        }
        assert_eq!(streamed(&["\\\\ud83d", "\\u00e9\\ud83d\\ude00"]).unwrap(), "\\ud83dé😀", "an escaped backslash is no escape");
        assert_eq!(streamed(&["\\ud83d", "\\ude00\\ud83d", "\\ude00"]).unwrap(), "😀😀");
    }

    #[test]
    fn half_a_character_beside_the_text_is_replaced() {
        let mut halves = Halves::default();
        let json = halves.hide(br#"{"t": [{"token": "\ud83d"}, {"token": "\ude00"}, {"\udc00 whole": "\ud83d\ude00"}]}"#.to_vec());
        let raw = serde_json::from_slice(&json).unwrap();
        let usage = crate::domain::answer::Usage::default();
        let reply = Reply { raw, text: "Hi".to_owned(), finish_reason: Some("stop".to_owned()), model: None, usage };
        let joined = halves.join(reply).unwrap();
        assert_eq!(joined.raw, json!({"t": [{"token": "\u{fffd}"}, {"token": "\u{fffd}"}, {"\u{fffd} whole": "😀"}]}));
        assert_eq!(joined.finish_reason.as_deref(), Some("stop"));
    }

    #[test]
    fn half_a_character_is_an_error_by_name() {
        for pieces in [&["Hi \\ud83d"][..], &["\\ude00", "\\ud83d"], &["\\ud83d", "x", "\\ude00"], &["\\ud83d", "\\ud83d\\ude00"]] {
            assert!(streamed(pieces).unwrap_err().contains("half a character (\\ud"), "{pieces:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, text in "[\\\\ud83deDE0 ]{0,40}") {
            Halves::default().hide(bytes);
            let json = serde_json::to_vec(&text).unwrap();
            proptest::prop_assert_eq!(Halves::default().hide(json.clone()), json, "what is escaped as a whole stays");
        }
    }
}
