//! Who did what, when and why: entries that each hold the hash of the one before.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::digest;

/// What the first entry names as the hash before it.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The most characters of a short text, of a reason, and the most bytes of evidence. What is longer is cut, and says so.
const SHORT: usize = 200;
const LONG: usize = 1_000;
const EVIDENCE: usize = 4_096;

/// Who acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The person or account.
    pub actor: String,
    /// The workflow run and attempt, as an address, or the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The workflow's file and commit or branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Who acts.
    pub who: Who,
    /// What is done: `rollout-started`, `rolled-back`, …
    pub what: String,
    /// Which prompt.
    pub prompt: Option<String>,
    /// In which environment.
    pub environment: Option<String>,
    /// The version or state before.
    pub from: Option<String>,
    /// The version or state after.
    pub to: Option<String>,
    /// The reason.
    pub why: Option<String>,
    /// The numbers it rests on.
    pub evidence: Value,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// Who acted.
    pub who: Who,
    /// What was done.
    pub what: String,
    /// Which prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// In which environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The version or state before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version or state after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The numbers it rests on.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
    /// The hash of the entry before.
    pub previous: String,
    /// SHA-256 of everything else, in canonical form (keys sorted, no white space).
    pub hash: String,
}

impl Entry {
    /// `event` as the entry `number` after one with the hash `previous`.
    pub fn after(previous: &str, number: u64, at: &str, event: &Event) -> Self {
        let short = |text: &Option<String>| text.as_deref().map(|text| cut(text, SHORT));
        let mut entry = Self {
            number,
            at: cut(at, SHORT),
            who: Who { actor: cut(&event.who.actor, SHORT), run: short(&event.who.run), workflow: short(&event.who.workflow) },
            what: cut(&event.what, SHORT),
            prompt: short(&event.prompt),
            environment: short(&event.environment),
            from: short(&event.from),
            to: short(&event.to),
            why: event.why.as_deref().map(|why| cut(why, LONG)),
            evidence: bounded(&event.evidence),
            previous: previous.to_owned(),
            hash: String::new(),
        };
        entry.hash = hash(&entry.to_value());
        entry
    }

    /// As JSON.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("texts, numbers and JSON are JSON")
    }
}

/// What a chain must begin and end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Entries that were let go of before the first one here.
    pub dropped: u64,
    /// The hash of the last of those; [`BEGINNING`] when there are none.
    pub before: String,
    /// The newest entry's hash; [`BEGINNING`] for an empty chain.
    pub newest: String,
}

/// The first place where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("entry {number}: {why}")]
pub struct Broken {
    /// The entry's number as its place says it.
    pub number: u64,
    /// What is wrong.
    pub why: String,
}

/// Checks the chain and reads its entries.
///
/// # Errors
/// The first entry that is changed, missing, doubled, out of order or unreadable; entries missing at the end.
pub fn verify(entries: &[Value], ends: &Ends) -> Result<Vec<Entry>, Broken> {
    let mut previous = ends.before.clone();
    let mut read = Vec::with_capacity(entries.len());
    for (number, value) in (ends.dropped + 1..).zip(entries) {
        let broken = |why: String| Broken { number, why };
        let entry: Entry = serde_json::from_value(value.clone()).map_err(|error| broken(format!("it is no entry: {error}")))?;
        if entry.number != number {
            return Err(broken(format!("it calls itself entry {}: entries are missing, doubled or out of order", entry.number)));
        }
        if entry.hash != hash(value) {
            return Err(broken("its content was changed: its hash does not fit it".to_owned()));
        }
        if entry.previous != previous {
            return Err(broken("it does not follow the entry before it: that one was replaced, or this one put in".to_owned()));
        }
        previous.clone_from(&entry.hash);
        read.push(entry);
    }
    if previous != ends.newest {
        let number = ends.dropped + u64::try_from(entries.len()).unwrap_or(u64::MAX - ends.dropped) + 1;
        return Err(Broken {
            number,
            why: "the log ends here, and its head names a newer entry: entries were taken away or replaced".to_owned(),
        });
    }
    Ok(read)
}

/// The hash of an entry's value: of everything but the hash itself.
fn hash(entry: &Value) -> String {
    let mut rest = entry.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.shift_remove("hash");
    }
    digest::of_json(&rest)
}

fn cut(text: &str, most: usize) -> String {
    let mut characters = text.chars();
    let kept: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() { kept + "…" } else { kept }
}

fn bounded(evidence: &Value) -> Value {
    let bytes = evidence.to_string().len();
    if bytes <= EVIDENCE { evidence.clone() } else { json!({"left_out": "too large", "bytes": bytes, "sha256": digest::of_json(evidence)}) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(why: &str) -> Event {
        Event {
            who: Who { actor: "ada".to_owned(), run: None, workflow: Some("rollout.yml@main".to_owned()) },
            what: "rollout-started".to_owned(),
            prompt: Some("greeting".to_owned()),
            environment: Some("production".to_owned()),
            from: Some("1.2.0".to_owned()),
            to: Some("1.3.0".to_owned()),
            why: Some(why.to_owned()),
            evidence: json!({"p95_ms": 812.5, "samples": 400}),
        }
    }

    fn chain(length: u64) -> (Vec<Value>, Ends) {
        let mut newest = BEGINNING.to_owned();
        let mut entries = Vec::new();
        for number in 1..=length {
            let entry = Entry::after(&newest, number, "2026-01-02T03:04:05Z", &event(&format!("reason {number}")));
            newest.clone_from(&entry.hash);
            entries.push(entry.to_value());
        }
        (entries, Ends { dropped: 0, before: BEGINNING.to_owned(), newest })
    }

    /// The chain after a change, which must break it there.
    fn broken_at(number: u64, change: impl FnOnce(&mut Vec<Value>)) {
        let (mut entries, ends) = chain(5);
        change(&mut entries);
        let broken = verify(&entries, &ends).unwrap_err();
        assert_eq!(broken.number, number, "{broken}");
    }

    #[test]
    fn a_whole_chain_verifies_also_from_its_middle() {
        let (entries, ends) = chain(5);
        assert_eq!(verify(&entries, &ends).unwrap().len(), 5);
        let before = entries[1]["hash"].as_str().unwrap().to_owned();
        assert_eq!(verify(&entries[2..], &Ends { dropped: 2, before, ..ends }).unwrap()[0].number, 3);
        let none = Ends { dropped: 0, before: BEGINNING.to_owned(), newest: BEGINNING.to_owned() };
        assert_eq!(verify(&[], &none), Ok(Vec::new()));
    }

    #[test]
    fn the_first_broken_place_is_named() {
        broken_at(3, |entries| entries[2]["why"] = json!("another reason"));
        broken_at(3, |entries| entries[2]["evidence"]["p95_ms"] = json!(1.0));
        broken_at(3, |entries| drop(entries.remove(2)));
        broken_at(2, |entries| entries.swap(1, 2));
        broken_at(4, |entries| entries.insert(3, entries[2].clone()));
        broken_at(1, |entries| drop(entries.remove(0)));
        broken_at(5, |entries| drop(entries.pop()));
        broken_at(1, Vec::clear);
        broken_at(2, |entries| entries[1] = json!("gone"));
        broken_at(2, |entries| entries[1]["extra"] = json!(1));
        // A forger who computes the hash anew breaks the next link.
        broken_at(4, |entries| {
            entries[2]["why"] = json!("forged");
            entries[2]["hash"] = json!(hash(&entries[2]));
        });
        broken_at(6, |entries| {
            let last = entries[4].clone();
            let forged = Entry::after(last["previous"].as_str().unwrap(), 5, "2026-01-02T03:04:05Z", &event("forged"));
            entries[4] = forged.to_value();
        });
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = Event { why: Some("x".repeat(5_000)), evidence: json!("y".repeat(5_000)), ..event("") };
        let entry = Entry::after(BEGINNING, 1, "2026-01-02T03:04:05Z", &long);
        assert_eq!(entry.why.as_ref().unwrap().chars().count(), LONG + 1);
        assert_eq!(entry.evidence["bytes"], 5_002);
        assert!(entry.to_value().to_string().len() < 8_192);
    }

    #[test]
    fn the_canonical_form_never_changes() {
        let entry = Entry::after(BEGINNING, 1, "2026-01-02T03:04:05Z", &event("because"));
        let canonical = concat!(
            r#"{"at":"2026-01-02T03:04:05Z","environment":"production","evidence":{"p95_ms":812.5,"samples":400},"from":"1.2.0","number":1,"#,
            r#""previous":"0000000000000000000000000000000000000000000000000000000000000000","prompt":"greeting","to":"1.3.0","#,
            r#""what":"rollout-started","who":{"actor":"ada","workflow":"rollout.yml@main"},"why":"because"}"#
        );
        assert_eq!(entry.hash, digest::sha256_hex(canonical.as_bytes()));
    }

    proptest! {
        #[test]
        fn any_event_makes_a_chain_that_verifies(actor in ".*", why in ".{0,2000}", number in 1_u64..1_000_000, figure in any::<f64>()) {
            let event = Event { who: Who { actor, ..Who::default() }, evidence: json!({"figure": figure}), ..event(&why) };
            let entry = Entry::after(BEGINNING, number, "now", &event);
            let written: Value = serde_json::from_str(&entry.to_value().to_string()).unwrap();
            let ends = Ends { dropped: number - 1, before: BEGINNING.to_owned(), newest: entry.hash.clone() };
            prop_assert_eq!(verify(&[written], &ends), Ok(vec![entry]));
        }
    }
}
