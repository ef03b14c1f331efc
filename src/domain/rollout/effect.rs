//! What a step asks for to be done, in order; everything can be done twice without harm.

use serde::{Deserialize, Serialize};

use super::{
    plan::Percent,
    state::{Rollout, VersionRef},
};

/// What the targets are to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The salt of the split: the rollout's id.
    pub rollout: String,
    /// What the rest of the traffic gets.
    pub stable: VersionRef,
    /// What `traffic` gets.
    pub candidate: VersionRef,
    /// The candidate's share.
    pub traffic: Percent,
    /// How many targets, in their order, have that share; `None`: all. The others have 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
}

impl Desired {
    /// The share of a target by its place, from 0.
    pub fn share(&self, target: usize) -> Percent {
        if self.units.is_none_or(|units| target < units) { self.traffic } else { Percent::NONE }
    }
}

/// Something to be done in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Make the targets show this, read it back, and answer with `Confirmed`.
    Apply {
        /// Its id: the same operation is carried out once, however often it is sent.
        operation: String,
        /// What.
        desired: Desired,
    },
    /// Run the suite against the candidate, and answer with `Smoked`.
    Smoke {
        /// The suite's name.
        suite: String,
    },
    /// The registry learns that a version completed a rollout.
    MarkStable {
        /// Which.
        version: VersionRef,
    },
    /// The registry learns that a version was rolled back.
    MarkBad {
        /// Which.
        version: VersionRef,
        /// Why.
        reason: String,
    },
    /// The registry learns that a version is not used any more.
    Retire {
        /// Which.
        version: VersionRef,
    },
    /// People are told.
    Tell {
        /// What, in one sentence.
        text: String,
    },
}

/// The next state, and what is to be done for it, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The state after the event.
    pub next: Rollout,
    /// What to do.
    pub effects: Vec<Effect>,
}
