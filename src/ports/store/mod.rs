//! Where state lives between runs: named records with compare-and-swap, several in one atomic write.

mod branch;
mod error;
mod key;
mod log;
mod typed;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::Value;

pub use super::code_host::Patience;
use crate::domain::store::StoreSettings;
pub use branch::{Advanced, Branch, Branches, Commit, FileChange, Tip};
pub use error::{Conflict, StoreError};
pub use key::{Key, KeyError};
pub use log::{Log, LogHead, SEGMENT};
pub use typed::{Stored, read, write};

/// The most bytes of one record's value, as JSON.
pub const VALUE_LIMIT: usize = 512 * 1024;

/// The most records of one atomic write.
pub const WRITES_LIMIT: usize = 100;

/// A place where records are kept. Every call ends by its [`Patience`].
///
/// All of a store's writes are in one order, and whoever reads after a write was answered sees it.
#[async_trait]
pub trait Store: Send + Sync {
    /// What and where it is, for people: `directory .prompt-cicd/state`.
    fn place(&self) -> String;

    /// The record as it is now; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with its place, and whatever keeps the store from answering.
    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError>;

    /// The keys below `folder` (all of them without one), sorted.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError>;

    /// Does all of `writes` or none, when each record is as expected. The revisions come in the order of `writes`;
    /// a deleted or kept record has the one it had.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for the first record that is not as expected. After an error whose
    /// [`StoreError::maybe_done`] is true, read before deciding anew.
    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError>;

    /// Writes one record.
    ///
    /// # Errors
    /// As [`Self::transact`].
    async fn put(&self, key: &Key, value: Value, expect: Expect, patience: Patience) -> Result<Revision, StoreError> {
        let write = Write { key: key.clone(), expect, change: Change::Put { schema: 1, value } };
        Ok(self.transact(std::slice::from_ref(&write), patience).await?.into_iter().next().expect("one write has one revision"))
    }

    /// Takes one record away.
    ///
    /// # Errors
    /// As [`Self::transact`].
    async fn delete(&self, key: &Key, revision: Revision, patience: Patience) -> Result<(), StoreError> {
        let write = Write { key: key.clone(), expect: Expect::Revision(revision), change: Change::Delete };
        self.transact(std::slice::from_ref(&write), patience).await.map(drop)
    }
}

/// One record's part of an atomic write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which record.
    pub key: Key,
    /// What must be there before.
    pub expect: Expect,
    /// What is done.
    pub change: Change,
}

/// What is done with a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It gets this value.
    Put {
        /// The version of the value's form, from 1; see [`Stored`].
        schema: u32,
        /// At most [`VALUE_LIMIT`] bytes as JSON.
        value: Value,
    },
    /// It goes away.
    Delete,
    /// It stays; the other writes are done only if it is as expected.
    Keep,
}

/// What must be there for a write to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// No record.
    Absent,
    /// The record in this revision.
    Revision(Revision),
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// Its value.
    pub value: Value,
    /// The version of the value's form.
    pub schema: u32,
    /// Its revision.
    pub revision: Revision,
}

/// One writing of one record; no other writing, of this record or its successors, has the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

impl Revision {
    /// The revision that a store calls so.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text, which only the store reads.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Opens stores from settings: the app says what, the wiring knows how.
pub trait Stores: Send + Sync {
    /// Prepares a store; nothing is asked or written yet.
    ///
    /// # Errors
    /// [`StoreError::Settings`]: a missing environment variable, an address that cannot be one.
    fn open(&self, settings: &StoreSettings) -> Result<Arc<dyn Store>, StoreError>;
}
