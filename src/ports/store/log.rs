//! Append-only logs on records: a head and segments, so that an entry and the records it is about are one write.
//!
//! A log `audit` has the record `audit/head` and segments `audit/00000000`, `audit/00000001`, … of [`SEGMENT`] entries
//! each. Every append changes the head by compare-and-swap, so two writers never append at the same place.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Expect, Key, Patience, Revision, Store, StoreError, Stored, WRITES_LIMIT, Write, typed};

/// Entries of one segment.
pub const SEGMENT: u64 = 50;

/// How often a reader begins anew when segments go away under it.
const READS: usize = 5;

/// A log by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log(Key);

/// What a log is as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// Entries ever appended.
    pub length: u64,
    /// Entries that were let go of at the beginning; a whole number of segments.
    pub dropped: u64,
    /// What the log's owner remembers of the newest entry (a hash).
    pub newest: String,
    /// What the log's owner remembers of the last entry that was let go of.
    pub dropped_newest: String,
}

impl Stored for LogHead {
    const SCHEMA: u32 = 1;
}

/// Some entries, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Segment {
    entries: Vec<Value>,
}

impl Stored for Segment {
    const SCHEMA: u32 = 1;
}

/// The end of a log as it was read, ready for an append.
#[derive(Debug)]
pub struct Tail {
    log: Log,
    head: LogHead,
    head_expect: Expect,
    segment: Segment,
    segment_expect: Expect,
}

impl Log {
    /// The log below this key.
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// The record that every append changes: a [`super::Conflict`] about it means that somebody else appended first.
    pub fn head_key(&self) -> Key {
        self.below("head")
    }

    fn segment_key(&self, number: u64) -> Key {
        self.below(&format!("{number:08}"))
    }

    fn below(&self, name: &str) -> Key {
        Key::new(format!("{}/{name}", self.0)).expect("a log's name leaves room for its segments")
    }

    /// The end of the log; an empty one where there is no log yet.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn tail(&self, store: &dyn Store, patience: Patience) -> Result<Tail, StoreError> {
        let mut before = None;
        loop {
            let (head, head_expect) = expected(typed::read::<LogHead>(store, &self.head_key(), patience).await?);
            let key = self.segment_key(head.length / SEGMENT);
            let (segment, segment_expect) = expected(typed::read::<Segment>(store, &key, patience).await?);
            let whole = u64::try_from(segment.entries.len()).is_ok_and(|there| there == head.length % SEGMENT);
            // Another number of entries is somebody's append between the two reads; under the same head it is a fault, which
            // an append names.
            if whole || before.as_ref() == Some(&head) {
                return Ok(Tail { log: self.clone(), head, head_expect, segment, segment_expect });
            }
            before = Some(head);
        }
    }

    /// The head and every entry that is kept, oldest first.
    ///
    /// # Errors
    /// As [`Store::get`]; [`StoreError::Corrupt`] when a segment is missing or short.
    pub async fn entries(&self, store: &dyn Store, patience: Patience) -> Result<(LogHead, Vec<Value>), StoreError> {
        let mut missing = None;
        for _ in 0..READS {
            let (head, _) = expected(typed::read::<LogHead>(store, &self.head_key(), patience).await?);
            match self.kept(&head, store, patience).await? {
                Ok(entries) => return Ok((head, entries)),
                // The same fault under the same head is no race.
                Err(reason) if missing.as_ref() == Some(&(reason.clone(), head.clone())) => break,
                Err(reason) => missing = Some((reason, head)),
            }
        }
        let reason = missing.map_or_else(|| "it changes faster than it can be read".to_owned(), |(reason, _)| reason);
        Err(StoreError::Corrupt { place: format!("{}: {}", store.place(), self.0), reason })
    }

    async fn kept(&self, head: &LogHead, store: &dyn Store, patience: Patience) -> Result<Result<Vec<Value>, String>, StoreError> {
        let mut entries = Vec::new();
        for number in head.dropped / SEGMENT..head.length.div_ceil(SEGMENT) {
            let here = (head.length - number * SEGMENT).min(SEGMENT);
            let key = self.segment_key(number);
            let mut segment = typed::read::<Segment>(store, &key, patience).await?.map(|(segment, _)| segment.entries).unwrap_or_default();
            let (found, wanted) = (segment.len(), usize::try_from(here).unwrap_or(usize::MAX));
            if found < wanted {
                return Ok(Err(format!("segment {key} has {found} entries, and the log's head says {wanted}")));
            }
            segment.truncate(wanted);
            entries.append(&mut segment);
        }
        Ok(Ok(entries))
    }

    /// Lets go of the oldest whole segments beyond `keep` entries; `remember` says what its owner remembers of the last
    /// one of them. Returns how many entries went.
    ///
    /// # Errors
    /// As [`Store::transact`].
    pub async fn compact(
        &self,
        store: &dyn Store,
        keep: u64,
        remember: impl Fn(&Value) -> String + Send,
        patience: Patience,
    ) -> Result<u64, StoreError> {
        let (mut head, expect) = expected(typed::read::<LogHead>(store, &self.head_key(), patience).await?);
        let first = head.dropped / SEGMENT;
        let most = first + u64::try_from(WRITES_LIMIT).unwrap_or(u64::MAX) - 1;
        let until = (head.length.saturating_sub(keep) / SEGMENT).min(most);
        if until <= first {
            return Ok(0);
        }
        let mut writes = Vec::new();
        for number in first..until {
            let key = self.segment_key(number);
            let Some((segment, revision)) = typed::read::<Segment>(store, &key, patience).await? else {
                return Err(StoreError::Corrupt {
                    place: format!("{}: {key}", store.place()),
                    reason: "this segment is missing".to_owned(),
                });
            };
            head.dropped_newest = segment.entries.last().map(&remember).unwrap_or_default();
            writes.push(Write { key, expect: Expect::Revision(revision), change: Change::Delete });
        }
        let gone = (until - first) * SEGMENT;
        head.dropped += gone;
        writes.push(typed::write(self.head_key(), expect, &head)?);
        store.transact(&writes, patience).await?;
        Ok(gone)
    }
}

impl Tail {
    /// The log's head.
    pub fn head(&self) -> &LogHead {
        &self.head
    }

    /// The writes that append `entries`; `newest` is what the owner remembers of the last one.
    ///
    /// # Errors
    /// When they cannot be written as JSON, or a segment is not as long as the head says.
    pub fn append(mut self, entries: impl IntoIterator<Item = Value>, newest: String) -> Result<Vec<Write>, StoreError> {
        let there = self.head.length % SEGMENT;
        if u64::try_from(self.segment.entries.len()).unwrap_or(u64::MAX) != there {
            let reason = format!("its last segment has {} entries, and its head says {there}", self.segment.entries.len());
            return Err(StoreError::Corrupt { place: self.log.0.to_string(), reason });
        }
        let mut writes = Vec::new();
        for entry in entries {
            self.segment.entries.push(entry);
            self.head.length += 1;
            if self.head.length.is_multiple_of(SEGMENT) {
                let full = (std::mem::take(&mut self.segment), std::mem::replace(&mut self.segment_expect, Expect::Absent));
                writes.push(typed::write(self.log.segment_key(self.head.length / SEGMENT - 1), full.1, &full.0)?);
            }
        }
        if !self.segment.entries.is_empty() {
            writes.push(typed::write(self.log.segment_key(self.head.length / SEGMENT), self.segment_expect, &self.segment)?);
        }
        self.head.newest = newest;
        writes.push(typed::write(self.log.head_key(), self.head_expect, &self.head)?);
        Ok(writes)
    }
}

fn expected<T: Default>(found: Option<(T, Revision)>) -> (T, Expect) {
    found.map_or_else(|| (T::default(), Expect::Absent), |(value, revision)| (value, Expect::Revision(revision)))
}
