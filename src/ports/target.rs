//! Making a percentage real, and reading it back.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    domain::target::{Desired, Observed, Shares, Subject, TargetSettings},
    ports::{mirror::Mirror, provider::ConnectError},
};

/// One target, opened for one prompt in one environment.
#[async_trait]
pub trait Target: Send + Sync {
    /// The name under `targets:`.
    fn name(&self) -> &str;

    /// How finely it can share traffic.
    fn shares(&self) -> Shares;

    /// Why nothing can be asked of it from here, where that is known without asking.
    fn unusable(&self) -> Option<&str> {
        None
    }

    /// Whether it keeps the texts of versions, so that it must be told them.
    fn keeps_texts(&self) -> bool {
        false
    }

    /// Makes it show `desired`, in at most `deadline` from now. Idempotent: the same operation may be applied any
    /// number of times, also after an answer that never came. An older epoch than the target remembers is refused.
    ///
    /// # Errors
    /// Why it may not show it; after [`TargetErrorKind::may_have_applied`] only [`Self::observe`] knows.
    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError>;

    /// Reads back what it shows, in at most `deadline` from now.
    ///
    /// # Errors
    /// Why that is not known.
    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError>;

    /// Takes away the names that we gave to what it shows, in at most `deadline` from now: aliases at a registry. Versions stay.
    ///
    /// # Errors
    /// A target that has no such name, and whatever keeps it from being taken away.
    async fn withdraw(&self, _deadline: Duration) -> Result<(), TargetError> {
        let message = format!("target \"{}\": it has no alias to take away", self.name());
        Err(TargetError { kind: TargetErrorKind::Refused, message })
    }
}

/// Opens targets from settings: the app says what, the wiring knows how.
pub trait Targets: Send + Sync {
    /// Prepares a target without asking it anything.
    ///
    /// # Errors
    /// A missing environment variable, an address that is none, a name that cannot be used there.
    fn open(&self, settings: &TargetSettings, subject: &Subject) -> Result<Arc<dyn Target>, ConnectError>;

    /// Prepares a target as a mirror of the registry, without asking it anything.
    ///
    /// # Errors
    /// A kind that cannot be a mirror, and as [`Self::open`].
    fn mirror(&self, settings: &TargetSettings, prompt: &str) -> Result<Arc<dyn Mirror>, ConnectError> {
        let message = format!("target \"{}\": {} cannot mirror versions of {prompt}", settings.name, settings.kind.name());
        Err(ConnectError { message, help: None })
    }
}

/// How applying or reading back went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetErrorKind {
    /// No connection, no such socket, a program that cannot be started, too busy, a server behind it that is down: nothing was applied.
    Unreachable,
    /// The connection broke, or the target failed (5xx, exit status) amid the work: it may have been applied.
    Failed,
    /// No answer in time: it may have been applied.
    TimedOut,
    /// An answer that cannot be understood: it may have been applied.
    Malformed,
    /// The target is there and will not do it (4xx, unknown server, no permission).
    Refused,
    /// Somebody else kept writing at the same time.
    Conflict,
    /// The target remembers a newer epoch: a rollback came between. Never try again.
    Fenced,
    /// What is there under this name was not made by prompt-cicd.
    Foreign,
    /// Somebody wrote over the epoch of what was applied last, so that nobody knows whether a rollback came between.
    EpochUnreadable,
    /// What is there cannot be read by anybody, and stays so until somebody mends it: nothing was changed.
    Corrupt,
    /// The target holds other content for this version than its digest says.
    DigestMismatch,
}

impl TargetErrorKind {
    /// The word shown to people and written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Fenced => "fenced",
            Self::Foreign => "foreign",
            Self::EpochUnreadable => "epoch-unreadable",
            Self::Corrupt => "corrupt",
            Self::DigestMismatch => "digest-mismatch",
        }
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Unreachable | Self::Failed | Self::TimedOut | Self::Malformed | Self::Conflict => true,
            Self::Refused | Self::Fenced | Self::Foreign | Self::EpochUnreadable | Self::Corrupt | Self::DigestMismatch => false,
        }
    }

    /// Whether the target may show the new state although the call failed.
    pub fn may_have_applied(self) -> bool {
        match self {
            Self::Failed | Self::TimedOut | Self::Malformed => true,
            Self::Unreachable
            | Self::Refused
            | Self::Conflict
            | Self::Fenced
            | Self::Foreign
            | Self::EpochUnreadable
            | Self::Corrupt
            | Self::DigestMismatch => false,
        }
    }
}

/// A target's failure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TargetError {
    /// What kind of failure.
    pub kind: TargetErrorKind,
    /// What happened, naming the target and the next step. Bounded and free of secrets.
    pub message: String,
}
