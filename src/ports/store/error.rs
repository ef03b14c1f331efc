//! Why a store did not do what we asked, with the next step.

use std::fmt;

use thiserror::Error;

use super::{Expect, Key, Versioned};

/// Why a store did not do what we asked. `place` names the store and, where there is one, the file, row or object.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StoreError {
    /// Another run wrote first. Nothing of this write was done.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// What is there cannot be read. Nothing is guessed, and nothing is written over it.
    #[error("{place}: corrupt: {reason}; restore it from a backup, or move it away after looking at it")]
    Corrupt {
        /// Where.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a newer prompt-cicd.
    #[error("{place}: has form {found}, and this prompt-cicd knows up to {known}; use the newer prompt-cicd that wrote it")]
    Newer {
        /// Where.
        place: String,
        /// The form it has.
        found: u32,
        /// The newest form that is known here.
        known: u32,
    },
    /// Not reached, not answering, or not done in time.
    #[error("{place}: {reason}{}; run it again", if *.maybe_done { "; the write may have been done" } else { "" })]
    Unreachable {
        /// Where.
        place: String,
        /// What happened.
        reason: String,
        /// Whether a write may have been done all the same: read before writing again.
        maybe_done: bool,
    },
    /// We may not: a permission, a read-only folder, a rule.
    #[error("{place}: {reason}; {next}")]
    Refused {
        /// Where.
        place: String,
        /// Why.
        reason: String,
        /// The next step.
        next: String,
    },
    /// No room is left. Nothing was lost.
    #[error("{place}: {reason}; make room, then run it again")]
    Full {
        /// Where.
        place: String,
        /// The operating system's or server's word.
        reason: String,
        /// Whether the write was accepted before and will be finished by the next one.
        maybe_done: bool,
    },
    /// More than a store keeps.
    #[error("{key}: has more than {limit} {unit}; keep less of it (a shorter history, smaller evidence)")]
    TooLarge {
        /// The record.
        key: Key,
        /// The most.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// The settings name no usable store.
    #[error("{0}")]
    Settings(String),
}

impl StoreError {
    /// Whether what was asked for may have been done in spite of the error.
    pub fn maybe_done(&self) -> bool {
        matches!(self, Self::Unreachable { maybe_done: true, .. } | Self::Full { maybe_done: true, .. })
    }
}

/// Another run wrote first.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Where.
    pub place: String,
    /// The record.
    pub key: Key,
    /// What should have been there.
    pub expected: Expect,
    /// What is there.
    pub found: Option<Versioned>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} was changed by another run: expected ", self.place, self.key)?;
        match &self.expected {
            Expect::Absent => f.write_str("no record")?,
            Expect::Revision(revision) => write!(f, "revision {revision}")?,
        }
        match &self.found {
            None => f.write_str(", found none")?,
            Some(found) => write!(f, ", found revision {}", found.revision)?,
        }
        f.write_str("; look at it as it is now, then decide again")
    }
}
