//! Where a rollout is.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    clock::{Moment, StageClock},
    effect::Desired,
    health::{Check, HealthVerdict, Memory},
    plan::{Percent, Plan},
};
use crate::domain::rollback::trigger::Trigger;

/// A version of a prompt: its number, the digest of its canonical form, and the commit it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionRef {
    /// `SemVer`.
    pub version: String,
    /// SHA-256 of the prompt's canonical form, 64 hexadecimal characters.
    pub digest: String,
    /// The git commit, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)
    }
}

/// Why a rollout stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// A person paused it.
    Paused,
    /// The plan waits for a person here.
    Person,
    /// The plan waits for an approval here.
    Approval,
    /// A check was unhealthy and the plan says to pause.
    Unhealthy,
    /// A check could not tell; goes on by itself when one can.
    Inconclusive,
    /// Checks could not be made; goes on by itself when they can.
    Error,
    /// Rolled back too often: people must look.
    Storm,
    /// It should go back, and every version that it could go back to is bad: people must look.
    NoPrevious,
}

impl Hold {
    /// What people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused by a person",
            Self::Person => "waiting for a person",
            Self::Approval => "waiting for an approval",
            Self::Unhealthy => "unhealthy",
            Self::Inconclusive => "health is inconclusive",
            Self::Error => "health cannot be checked",
            Self::Storm => "too many automatic rollbacks",
            Self::NoPrevious => "no good version to go back to",
        }
    }

    /// Whether a healthy check ends it.
    pub fn heals(self) -> bool {
        matches!(self, Self::Inconclusive | Self::Error)
    }
}

/// How a rollout goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The version that gets everything.
    pub to: VersionRef,
    /// Why; `None` for an abort, which marks nothing bad.
    pub trigger: Option<Trigger>,
    /// Why, in words.
    pub reason: String,
    /// Who.
    pub by: String,
    /// The version whose traffic goes away; `None` in records that are older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

impl Return {
    /// A return of which it is not said yet what is left: the step that begins it does.
    pub(super) fn new(to: VersionRef, trigger: Option<Trigger>, reason: &str, by: &str) -> Self {
        Self { to, trigger, reason: reason.to_owned(), by: by.to_owned(), left: None }
    }
}

/// Where a rollout is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// Going through its stages.
    Progressing,
    /// Standing still.
    Held {
        /// Why.
        hold: Hold,
        /// Why, in words.
        reason: String,
    },
    /// The targets are being put back.
    Returning {
        /// How.
        back: Return,
    },
    /// At 100 %, and the candidate is the stable version.
    Completed,
    /// The candidate's traffic was taken away.
    Aborted {
        /// How.
        back: Return,
    },
    /// The version before is back.
    RolledBack {
        /// How.
        back: Return,
    },
}

impl Phase {
    /// The status of seed 002: `in_progress`, `completed`, `failed`, `rolled_back`.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Progressing | Self::Held { .. } => "in_progress",
            Self::Completed => "completed",
            Self::Aborted { .. } => "failed",
            Self::Returning { back } | Self::RolledBack { back } => {
                if back.trigger.is_some() {
                    "rolled_back"
                } else {
                    "failed"
                }
            }
        }
    }

    /// Whether nothing more happens by itself.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Completed | Self::Aborted { .. } | Self::RolledBack { .. })
    }
}

/// What was decided and is not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its id.
    pub operation: String,
    /// What the targets are to show.
    pub desired: Desired,
    /// When it was decided.
    pub since: Moment,
    /// Whether everything is over once it is confirmed, without waiting for the last stage.
    pub last: bool,
}

/// A rollout. Its form is versioned by the record it is kept in. What no step changes in place is shared between a state and the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its id, which salts the split.
    pub id: String,
    /// The version before.
    pub from: VersionRef,
    /// The candidate.
    pub to: VersionRef,
    /// The plan as it was when it began.
    pub plan: Arc<Plan>,
    /// Raised by every rollback: who knows an older one must not write.
    pub epoch: u64,
    /// How many events made this state.
    pub sequence: u64,
    /// Where it is.
    #[serde(flatten)]
    pub phase: Phase,
    /// How many stages were entered; 0 before the first one.
    pub stage: usize,
    /// What the targets showed when they were last read back.
    pub traffic: Percent,
    /// What is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Shares that a person set between the stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced: Vec<Percent>,
    /// The stage's clock.
    pub clock: StageClock,
    /// Healthy checks in a row in this stage.
    pub healthy: u32,
    /// Unhealthy, inconclusive and, in a row, failed checks in this stage.
    pub unhealthy: u32,
    /// See `unhealthy`.
    pub inconclusive: u32,
    /// See `unhealthy`.
    pub errors: u32,
    /// Whether the stage's suite passed.
    pub smoked: bool,
    /// How many of the stage's gates are passed.
    pub passed_gates: usize,
    /// When health was last checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Moment>,
    /// The last check in this stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<Arc<Check>>,
    /// What the statistics need of the past.
    #[serde(default)]
    pub memory: Memory,
    /// When it began.
    pub started: Moment,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
}

impl Rollout {
    /// What the targets should show now.
    pub fn desired(&self) -> Desired {
        self.intent.as_ref().map_or_else(|| self.shown(), |intent| intent.desired.clone())
    }

    /// What was last confirmed.
    pub fn shown(&self) -> Desired {
        let (stable, candidate) = match &self.phase {
            Phase::Returning { back } | Phase::Aborted { back } | Phase::RolledBack { back } => (back.to.clone(), self.to.clone()),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => (self.from.clone(), self.to.clone()),
        };
        let units = self.plan.entered(self.stage).and_then(|stage| stage.units).filter(|_| self.traffic > Percent::NONE);
        Desired { rollout: self.id.clone(), stable, candidate, traffic: self.traffic, units }
    }

    /// The version whose traffic goes away when everything goes to `to`.
    pub fn left_for(&self, to: &VersionRef) -> &str {
        match &self.phase {
            Phase::RolledBack { back } | Phase::Aborted { back } if back.to != *to => &back.to.version,
            // What is under way, or asked for again, leaves what it left.
            Phase::RolledBack { back } | Phase::Aborted { back } | Phase::Returning { back } => {
                back.left.as_deref().unwrap_or(&self.to.version)
            }
            Phase::Progressing | Phase::Held { .. } if self.to == *to => &self.from.version,
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => &self.to.version,
        }
    }

    /// The id of the record of its newest rollback.
    pub fn rollback_id(&self) -> String {
        format!("{}.rollback.{}", self.id, self.epoch)
    }

    /// Whether health should be checked now.
    pub fn check_is_due(&self, now: Moment) -> bool {
        let wait = if self.errors > 0 { self.plan.error_retry.min(self.plan.interval) } else { self.plan.interval };
        // What a person ends at 100 % is not looked at any more.
        let ends = self.intent.as_ref().is_some_and(|intent| intent.last);
        let active = matches!(self.phase, Phase::Progressing | Phase::Held { .. }) && !ends;
        // A clock that went back does not put a check off.
        // At 0 % there is no candidate to measure.
        let serves = !self.plan.metrics.is_empty() && self.serving() > Percent::NONE;
        active && serves && self.checked.is_none_or(|last| now < last || now.since(last) >= wait)
    }

    /// The share on which the candidate can be measured: what was read back, or else what some of the targets may show already.
    pub fn serving(&self) -> Percent {
        let begun = self.intent.as_ref().map_or(Percent::NONE, |intent| intent.desired.traffic);
        if self.traffic > Percent::NONE { self.traffic } else { begun }
    }

    /// Whether health decides here: something is measured, and the candidate has traffic to measure it on.
    pub fn is_measured(&self) -> bool {
        self.plan.measures() && self.traffic > Percent::NONE
    }

    /// Whether the last check of this stage was healthy.
    pub fn is_healthy(&self) -> bool {
        self.last_check.as_ref().is_some_and(|check| check.verdict == HealthVerdict::Healthy)
    }

    /// What people call the stage: `3 of 4 (50 %)`.
    pub fn stage_name(&self) -> String {
        format!("{} of {} ({})", self.stage, self.plan.stages.len(), self.traffic)
    }

    /// What is possible now, as verbs.
    pub fn allowed(&self) -> Vec<String> {
        let verbs: &[&str] = match &self.phase {
            Phase::Progressing => &["step", "pause", "promote", "set", "complete", "abort", "rollback"],
            Phase::Held { .. } => &["step", "resume", "promote", "set", "complete", "abort", "rollback"],
            Phase::Returning { .. } => &["step", "rollback"],
            Phase::Completed => &["start", "rollback"],
            Phase::Aborted { .. } | Phase::RolledBack { .. } => &["start", "retry", "rollback"],
        };
        verbs.iter().map(|verb| (*verb).to_owned()).collect()
    }
}
