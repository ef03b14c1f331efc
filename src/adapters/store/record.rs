//! How a record is written down: the same envelope in every store.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::digest,
    ports::store::{Change, Conflict, Expect, Key, Revision, StoreError, VALUE_LIMIT, Versioned, WRITES_LIMIT, Write},
};

/// The newest form of the envelope.
const FORM: u32 = 1;

/// The most bytes of an envelope: a value and what is around it.
pub(super) const RECORD_LIMIT: usize = VALUE_LIMIT + 4 * 1024;

/// What is written down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    /// The form of this envelope.
    form: u32,
    /// The record's key: a file in the wrong place is not taken for another record.
    key: String,
    /// How often the record was written, and something that no other writing has.
    revision: String,
    /// The form of the value.
    schema: u32,
    /// SHA-256 of the rest, in canonical form.
    digest: String,
    /// The value.
    value: Value,
}

impl Envelope {
    fn own_digest(&self) -> String {
        digest::of_json(&serde_json::json!([self.form, self.key, self.revision, self.schema, self.value]))
    }
}

/// The text of a record.
///
/// # Errors
/// When it is larger than [`VALUE_LIMIT`].
pub(super) fn encode(key: &Key, record: &Versioned) -> Result<String, StoreError> {
    let mut envelope = Envelope {
        form: FORM,
        key: key.to_string(),
        revision: record.revision.to_string(),
        schema: record.schema,
        digest: String::new(),
        value: record.value.clone(),
    };
    envelope.digest = envelope.own_digest();
    let text = serde_json::to_string(&envelope).expect("texts, numbers and JSON are JSON");
    if text.len() > RECORD_LIMIT {
        return Err(StoreError::TooLarge { key: key.clone(), limit: VALUE_LIMIT, unit: "bytes" });
    }
    Ok(text + "\n")
}

/// A record from its text, which stands at `place`.
///
/// # Errors
/// [`StoreError::Corrupt`] for anything but a whole record of this key, [`StoreError::Newer`] for a newer form.
pub(super) fn decode(key: &Key, text: &[u8], place: &str) -> Result<Versioned, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { place: place.to_owned(), reason };
    let value: Value = serde_json::from_slice(text).map_err(|error| corrupt(format!("it is no JSON: {error}")))?;
    let form = value.get("form").and_then(Value::as_u64).and_then(|form| u32::try_from(form).ok()).unwrap_or(0);
    if form > FORM {
        return Err(StoreError::Newer { place: place.to_owned(), found: form, known: FORM });
    }
    let envelope: Envelope = serde_json::from_value(value).map_err(|error| corrupt(format!("it is no record: {error}")))?;
    if envelope.form != FORM {
        return Err(corrupt(format!("its form {} was never used", envelope.form)));
    }
    if envelope.key != key.as_str() {
        return Err(corrupt("it is the record of another key".to_owned()));
    }
    if envelope.digest != envelope.own_digest() {
        return Err(corrupt("its digest does not fit its content".to_owned()));
    }
    Ok(Versioned { value: envelope.value, schema: envelope.schema, revision: Revision::new(envelope.revision) })
}

/// What a write makes of the record that is there, or why it must not.
#[derive(Debug)]
pub(super) enum Step {
    /// The record's new text.
    Put {
        text: String,
        revision: Revision,
    },
    Delete(Revision),
    Keep(Revision),
}

impl Step {
    /// The record's revision afterwards, or its last one.
    pub(super) fn revision(&self) -> Revision {
        match self {
            Self::Put { revision, .. } | Self::Delete(revision) | Self::Keep(revision) => revision.clone(),
        }
    }
}

/// Decides one write against what is there. `nonce` is unlike that of any other write.
///
/// # Errors
/// [`StoreError::Conflict`] when something else is there than expected, [`StoreError::TooLarge`].
pub(super) fn decide(write: &Write, found: Option<Versioned>, nonce: &str, place: &str) -> Result<Step, StoreError> {
    let as_expected = match (&write.expect, &found) {
        (Expect::Absent, None) => true,
        (Expect::Revision(expected), Some(found)) => *expected == found.revision,
        (Expect::Absent, Some(_)) | (Expect::Revision(_), None) => false,
    };
    if !as_expected {
        return Err(conflict(write, found, place));
    }
    let old = found.map(|found| found.revision);
    let there = || old.clone().unwrap_or_else(|| Revision::new("none"));
    match &write.change {
        Change::Put { schema, value } => {
            let revision = next(old.as_ref(), nonce);
            let record = Versioned { value: value.clone(), schema: *schema, revision: revision.clone() };
            Ok(Step::Put { text: encode(&write.key, &record)?, revision })
        }
        Change::Delete => Ok(Step::Delete(there())),
        Change::Keep => Ok(Step::Keep(there())),
    }
}

/// The error for a record that is not as expected.
pub(super) fn conflict(write: &Write, found: Option<Versioned>, place: &str) -> StoreError {
    StoreError::Conflict(Box::new(Conflict { place: place.to_owned(), key: write.key.clone(), expected: write.expect.clone(), found }))
}

/// The revision after `old`. The number is for people; the nonce makes it the only one, also after a deletion.
fn next(old: Option<&Revision>, nonce: &str) -> Revision {
    let number = old.and_then(|old| old.as_str().split('-').next()?.parse::<u64>().ok()).unwrap_or(0);
    Revision::new(format!("{}-{nonce}", number.saturating_add(1)))
}

/// Something that no other write has.
pub(super) fn nonce() -> String {
    format!("{:016x}", fastrand::u64(..))
}

/// What no store takes.
///
/// # Errors
/// More writes than [`WRITES_LIMIT`], one record twice, the deletion of nothing.
pub(super) fn check(writes: &[Write]) -> Result<(), StoreError> {
    let mut keys: Vec<&Key> = writes.iter().map(|write| &write.key).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find_map(|pair| pair.first().filter(|key| Some(*key) == pair.last()));
    if let Some(key) = twice {
        return Err(StoreError::Settings(format!("{key}: one write must not change a record twice")));
    }
    if let (Some(first), true) = (keys.first(), keys.len() > WRITES_LIMIT) {
        return Err(StoreError::TooLarge { key: (*first).clone(), limit: WRITES_LIMIT, unit: "records in one write" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> Key {
        Key::new("a/b").unwrap()
    }

    fn record(value: Value) -> Versioned {
        Versioned { value, schema: 3, revision: Revision::new("1-x") }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = record(json!({"b": [1.5, null, "ä\n"], "a": {"z": 1, "y": u64::MAX}}));
        let text = encode(&key(), &record).unwrap();
        assert_eq!(decode(&key(), text.as_bytes(), "here").unwrap(), record);
    }

    #[test]
    fn every_change_of_a_byte_is_noticed() {
        let text = encode(&key(), &record(json!({"traffic": 25, "name": "greeting"}))).unwrap();
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let error = decode(&key(), &bytes, "here").unwrap_err();
            assert!(
                matches!(&error, StoreError::Corrupt { place, .. } | StoreError::Newer { place, .. } if place == "here"),
                "{at}: {error}"
            );
            assert!(decode(&key(), &text.as_bytes()[..at], "here").is_err(), "cut at {at}");
        }
        assert!(decode(&Key::new("a/c").unwrap(), text.as_bytes(), "here").is_err());
    }

    #[test]
    fn a_newer_form_is_not_guessed_at() {
        let text = encode(&key(), &record(json!(1))).unwrap().replace("\"form\":1", "\"form\":2");
        assert_eq!(
            decode(&key(), text.as_bytes(), "here").unwrap_err(),
            StoreError::Newer { place: "here".to_owned(), found: 2, known: 1 }
        );
    }

    #[test]
    fn what_is_too_large_is_not_written() {
        assert!(encode(&key(), &record(json!("x".repeat(VALUE_LIMIT)))).is_ok());
        assert!(matches!(encode(&key(), &record(json!("x".repeat(RECORD_LIMIT)))), Err(StoreError::TooLarge { .. })));
        let write = Write { key: key(), expect: Expect::Absent, change: Change::Keep };
        assert!(matches!(check(&[write.clone(), write.clone()]), Err(StoreError::Settings(_))));
        let many: Vec<Write> = (0..=WRITES_LIMIT).map(|n| Write { key: Key::new(format!("k{n}")).unwrap(), ..write.clone() }).collect();
        assert!(matches!(check(&many), Err(StoreError::TooLarge { .. })) && check(&many[1..]).is_ok());
    }

    #[test]
    fn revisions_count_and_never_return() {
        assert_eq!(next(None, "n").as_str(), "1-n");
        assert_eq!(next(Some(&Revision::new("41-x")), "n").as_str(), "42-n");
        assert_ne!(nonce(), nonce());
    }
}
