//! The index of a store in ConfigMaps: which object holds which record. A write is done when the index names its objects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::digest,
    ports::store::{Key, StoreError},
};

/// The newest form of an index.
const FORM: u32 = 1;

/// The last writes that are remembered, so that one whose answer was lost is found again.
const REMEMBERED: usize = 64;

/// What the index says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    form: u32,
    /// How often it was written.
    pub(super) generation: u64,
    /// Names of objects by key.
    pub(super) records: BTreeMap<String, String>,
    /// The last writes, the newest last.
    recent: Vec<String>,
    /// SHA-256 of the rest, in canonical form.
    digest: String,
}

impl Index {
    fn own_digest(&self) -> String {
        digest::of_json(&serde_json::json!([self.form, self.generation, self.records, self.recent]))
    }

    /// Reads an index.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for anything but a whole index, [`StoreError::Newer`] for a newer form.
    pub(super) fn parse(text: &str, place: &str) -> Result<Self, StoreError> {
        let corrupt = |reason: String| StoreError::Corrupt { place: place.to_owned(), reason };
        let value: Value = serde_json::from_str(text).map_err(|error| corrupt(format!("it is no JSON: {error}")))?;
        let form = value.get("form").and_then(Value::as_u64).and_then(|form| u32::try_from(form).ok()).unwrap_or(0);
        if form > FORM {
            return Err(StoreError::Newer { place: place.to_owned(), found: form, known: FORM });
        }
        let index: Self = serde_json::from_value(value).map_err(|error| corrupt(format!("it is no index: {error}")))?;
        if index.digest != index.own_digest() {
            return Err(corrupt("its digest does not fit its content".to_owned()));
        }
        if let Some(key) = index.records.keys().find(|key| Key::new(key.as_str()).is_err()) {
            return Err(corrupt(format!("`{key}` cannot name a record")));
        }
        Ok(index)
    }

    /// The text of the index after one more write.
    pub(super) fn written(mut self, nonce: &str) -> String {
        self.form = FORM;
        self.generation = self.generation.saturating_add(1);
        self.recent.push(nonce.to_owned());
        let over = self.recent.len().saturating_sub(REMEMBERED);
        self.recent.drain(..over);
        self.digest = self.own_digest();
        serde_json::to_string(&self).expect("texts and numbers are JSON")
    }

    /// Whether a write is among the last ones.
    pub(super) fn has(&self, nonce: &str) -> bool {
        self.recent.iter().any(|recent| recent == nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_and_every_change_is_noticed() {
        let mut index = Index::default();
        index.records.insert("a/b".into(), "s-1-0".into());
        let text = index.written("one");
        let read = Index::parse(&text, "here").unwrap();
        assert!(read.has("one") && !read.has("two") && read.generation == 1 && read.records["a/b"] == "s-1-0");
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let error = Index::parse(&String::from_utf8_lossy(&bytes), "here").unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Newer { .. }), "{at}: {error}");
        }
    }

    #[test]
    fn only_the_last_writes_are_remembered() {
        let mut index = Index::default();
        for write in 0..200 {
            index = Index::parse(&index.written(&write.to_string()), "here").unwrap();
        }
        assert!(index.has("199") && index.has("136") && !index.has("135") && index.recent.len() == REMEMBERED);
    }
}
