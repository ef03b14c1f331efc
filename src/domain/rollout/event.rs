//! What can happen to a rollout.

use serde::{Deserialize, Serialize};

use super::{health::Check, plan::Percent, state::VersionRef};
use crate::domain::rollback::trigger::Trigger;

/// Where going back by itself leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayBack {
    /// To the version that the rollout came from.
    #[default]
    Origin,
    /// To the previous stable version, since the one that the rollout came from was marked bad meanwhile.
    Instead(VersionRef),
    /// Nowhere: that one was marked bad, and there is no other. Why, in words.
    Nowhere(String),
}

impl WayBack {
    fn is_origin(&self) -> bool {
        *self == Self::Origin
    }
}

/// Something that happened. Every event of a rollout is kept, so that replaying them gives its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Time went by; nothing was measured.
    Tick {
        /// Why no automatic rollback may be made now.
        storm: Option<String>,
        /// Where an automatic rollback would lead.
        #[serde(default, skip_serializing_if = "WayBack::is_origin")]
        back: WayBack,
    },
    /// Health was checked.
    Checked {
        /// What was found.
        check: Box<Check>,
        /// Why no automatic rollback may be made now.
        storm: Option<String>,
        /// Where an automatic rollback would lead.
        #[serde(default, skip_serializing_if = "WayBack::is_origin")]
        back: WayBack,
    },
    /// The suite of a stage ran.
    Smoked {
        /// Whether it passed; `None`: it could not be judged.
        passed: Option<bool>,
        /// Why no automatic rollback may be made now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storm: Option<String>,
        /// Where an automatic rollback would lead.
        #[serde(default, skip_serializing_if = "WayBack::is_origin")]
        back: WayBack,
    },
    /// Every target was read back as desired.
    Confirmed {
        /// The operation that was carried out.
        operation: String,
    },
    /// A person holds it.
    Pause {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// A person lets it go on, or passes a gate.
    Resume {
        /// Who.
        by: String,
        /// Who approved, where an approval is waited for.
        approved_by: Option<String>,
    },
    /// A person goes to the next stage, or to the end, without waiting for time.
    Promote {
        /// To the end.
        full: bool,
        /// Who.
        by: String,
        /// Who approved, where the plan asks for it before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
    },
    /// A person sets a share.
    Set {
        /// The share.
        percent: Percent,
        /// Whatever the health, and also between stages.
        force: bool,
        /// Who.
        by: String,
        /// Who approved, where the plan asks for it before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
    },
    /// A person ends it at 100 %.
    Complete {
        /// Whatever the health.
        skip_final_checks: bool,
        /// Who.
        by: String,
        /// Who approved, where the plan asks for it before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
    },
    /// A person takes the candidate's traffic away.
    Abort {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// A version is put back on everything.
    Rollback {
        /// Which.
        to: VersionRef,
        /// Why, in one word.
        trigger: Trigger,
        /// Why, in many.
        reason: String,
        /// Who.
        by: String,
        /// The newest epoch that a target remembers, where the record's is older than that: the new one is above both.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        above: Option<u64>,
        /// Whether a person named the version. In an emergency that takes away its mark as bad.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        named: bool,
    },
}

impl Event {
    /// Whether it comes of looking, and not of a person's word.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Tick { .. } | Self::Checked { .. } | Self::Smoked { .. } | Self::Confirmed { .. })
    }

    /// The same with another way back, where it is an event that can lead back by itself.
    #[must_use]
    pub fn going(self, way: WayBack) -> Self {
        match self {
            Self::Tick { storm, back: _ } => Self::Tick { storm, back: way },
            Self::Checked { check, storm, back: _ } => Self::Checked { check, storm, back: way },
            Self::Smoked { passed, storm, back: _ } => Self::Smoked { passed, storm, back: way },
            other @ (Self::Confirmed { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Promote { .. }
            | Self::Set { .. }
            | Self::Complete { .. }
            | Self::Abort { .. }
            | Self::Rollback { .. }) => other,
        }
    }

    /// The word people use for it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Tick { .. } => "step",
            Self::Checked { .. } => "check",
            Self::Smoked { .. } => "smoke",
            Self::Confirmed { .. } => "confirm",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Promote { .. } => "promote",
            Self::Set { .. } => "set",
            Self::Complete { .. } => "complete",
            Self::Abort { .. } => "abort",
            Self::Rollback { .. } => "rollback",
        }
    }
}
