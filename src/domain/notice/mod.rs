//! What people are told of, who hears it, and what is still to be sent.

mod of_rollout;
pub mod outbox;
mod settings;

use serde::{Deserialize, Serialize};

pub use of_rollout::noticed;
pub use settings::{ChannelKind, ChannelSettings, MIRROR};

use crate::domain::rollout::Moment;

/// The most characters of a reason, and of each fact; and the most facts. A notice is kept with the rollout until it is sent.
const WHY: usize = 500;
const FACT: usize = 200;
const FACTS: usize = 8;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// A rollout began.
    RolloutStarted,
    /// A rollout goes to its next stage.
    RolloutPromoted,
    /// A rollout stands still.
    RolloutPaused,
    /// A rollout completed.
    RolloutCompleted,
    /// The candidate's traffic was taken away.
    RolloutAborted,
    /// A rollback began.
    RollbackStarted,
    /// A rollback reached every target.
    RollbackFinished,
    /// A rollback did not reach every target.
    RollbackFailed,
    /// After a rollback, health is not well or cannot be told.
    RollbackUnhealthy,
    /// No automatic rollback is made, after too many or for want of a good version: people must look.
    StormLimit,
    /// A metric of production got worse, or is well again.
    Monitor,
}

impl Happening {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::RolloutStarted,
        Self::RolloutPromoted,
        Self::RolloutPaused,
        Self::RolloutCompleted,
        Self::RolloutAborted,
        Self::RollbackStarted,
        Self::RollbackFinished,
        Self::RollbackFailed,
        Self::RollbackUnhealthy,
        Self::StormLimit,
        Self::Monitor,
    ];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RolloutStarted => "rollout-started",
            Self::RolloutPromoted => "rollout-promoted",
            Self::RolloutPaused => "rollout-paused",
            Self::RolloutCompleted => "rollout-completed",
            Self::RolloutAborted => "rollout-aborted",
            Self::RollbackStarted => "rollback-started",
            Self::RollbackFinished => "rollback-finished",
            Self::RollbackFailed => "rollback-failed",
            Self::RollbackUnhealthy => "rollback-unhealthy",
            Self::StormLimit => "storm-limit",
            Self::Monitor => "monitor",
        }
    }

    /// Finds one by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// What people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::RolloutStarted => "Rollout started",
            Self::RolloutPromoted => "Rollout goes on",
            Self::RolloutPaused => "Rollout stands still",
            Self::RolloutCompleted => "Rollout completed",
            Self::RolloutAborted => "Rollout aborted",
            Self::RollbackStarted => "Rollback started",
            Self::RollbackFinished => "Rolled back",
            Self::RollbackFailed => "Rollback FAILED: people needed",
            Self::RollbackUnhealthy => "Not healthy after the rollback",
            Self::StormLimit => "No automatic rollback: people needed",
            Self::Monitor => "Production",
        }
    }

    /// Whether somebody must act.
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::RollbackFailed | Self::RollbackUnhealthy | Self::StormLimit)
    }
}

/// One thing that happened, as it is kept until everybody heard of it. Bounded in every part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The same for the same happening, whoever tells of it.
    pub id: String,
    /// What happened.
    pub what: Happening,
    /// Which prompt; empty where none was named.
    pub prompt: String,
    /// Where; empty where none was named.
    pub environment: String,
    /// The version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// The workflow run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The rollout: what belongs to one is one incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// The rollback's id, where its record has the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<String>,
    /// Numbers and words, each with its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(String, String)>,
}

impl Notice {
    /// Within its bounds.
    #[must_use]
    pub fn bounded(self) -> Self {
        let short = |text: Option<String>| text.map(|text| cut(&text, FACT));
        Self {
            rollout: short(self.rollout),
            from: short(self.from),
            to: short(self.to),
            why: self.why.map(|why| cut(&why, WHY)),
            by: cut(&self.by, FACT),
            run: short(self.run),
            facts: self.facts.into_iter().take(FACTS).map(|(name, fact)| (cut(&name, FACT), cut(&fact, FACT))).collect(),
            ..self
        }
    }
}

/// At most `most` characters, and `…` where some were cut off.
pub fn cut(text: &str, most: usize) -> String {
    let mut characters = text.chars();
    let kept: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() { kept + "…" } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_happening_has_a_word_of_its_own() {
        for one in Happening::ALL {
            assert_eq!(Happening::parse(one.as_str()), Some(one));
        }
        assert_eq!(Happening::parse("rollout"), None);
    }
}
