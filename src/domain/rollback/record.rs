//! What came of a rollback: every field of seed 002's result, and what each target said.

use serde::{Deserialize, Serialize};

use super::{trigger::Trigger, watch::Watch};
use crate::domain::rollout::{clock::Moment, health::Check};

/// How a rollback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackStatus {
    /// Every target was read back with the version.
    Success,
    /// Some target does not show it.
    Failed,
    /// The time was up before every target showed it.
    Timeout,
    /// Nothing had to be done: the version had everything already.
    Unchanged,
}

impl RollbackStatus {
    /// The word of seed 002: what changed nothing is a success there.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success | Self::Unchanged => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
        }
    }
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetOutcome {
    /// Its name.
    pub target: String,
    /// Whether it was read back as desired.
    pub confirmed: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Milliseconds from the start of the rollback to the end of the last try.
    pub millis: u64,
    /// What it shows, or why that is not known.
    pub shows: String,
    /// Milliseconds from the start of the rollback to when it had taken the last writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<u64>,
}

/// A rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollbackRecord {
    /// Its id.
    pub id: String,
    /// The prompt.
    pub prompt: String,
    /// The environment.
    pub environment: String,
    /// The rollout it ended; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// The version that was left.
    pub from: String,
    /// The version that was gone back to.
    pub to: String,
    /// When it was accepted.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// How long it took, in milliseconds, by a clock that does not jump.
    pub millis: u64,
    /// Milliseconds from accepted to decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<u64>,
    /// How it ended.
    pub status: RollbackStatus,
    /// Health before it, where it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Check>,
    /// Health after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Check>,
    /// Health in the time after it, where it is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// Why, in one word.
    pub trigger: Trigger,
    /// Why, in many.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Strictly less than 30 s, and every target confirmed.
    pub sla_met: bool,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What became of each target.
    pub targets: Vec<TargetOutcome>,
}

impl RollbackRecord {
    /// Whether this record, which is kept, is of the rollback that `other` tells of: two that carry out the same one write a record each,
    /// with times of their own, and who comes after finds nothing to do.
    pub fn keeps(&self, other: &Self) -> bool {
        self.id == other.id && (self.status == other.status || other.status == RollbackStatus::Unchanged)
    }

    /// The id under which it is kept beside `kept`: its own, but where that one succeeded and this one, a repeat, did not, one of its own.
    pub fn kept_id(&self, kept: &[Self]) -> String {
        let done = |before: &Self| before.id == self.id && before.status == RollbackStatus::Success;
        let repeats = match self.status {
            RollbackStatus::Failed | RollbackStatus::Timeout => kept.iter().any(done),
            RollbackStatus::Success | RollbackStatus::Unchanged => false,
        };
        if !repeats {
            return self.id.clone();
        }
        let prefix = format!("{}.again.", self.id);
        let newest = kept.iter().filter_map(|before| before.id.strip_prefix(&prefix)?.parse::<u64>().ok()).max();
        format!("{prefix}{}", newest.unwrap_or(0).saturating_add(1))
    }

    /// The targets that do not show the version, each with what is known.
    pub fn missing(&self) -> Vec<String> {
        self.targets.iter().filter(|target| !target.confirmed).map(|target| format!("{}: {}", target.target, target.shows)).collect()
    }
}
