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

    /// The places of targets that are changed at the same time, group after group: all of them at once, but one by one where the plan goes
    /// from target to target, and first those that keep the texts of versions (`keeps`, for each target) where a candidate gets traffic:
    /// nobody is sent to a version whose text is not there yet.
    pub fn together(&self, keeps: &[bool]) -> Vec<Vec<usize>> {
        let all = 0..keeps.len();
        let groups: Vec<Vec<usize>> = if self.units.is_some() {
            all.map(|target| vec![target]).collect()
        } else if self.traffic > Percent::NONE {
            let (first, then) = all.partition(|target| keeps.get(*target).is_some_and(|keeps| *keeps));
            vec![first, then]
        } else {
            vec![all.collect()]
        };
        groups.into_iter().filter(|group| !group.is_empty()).collect()
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
    /// The registry learns that a version serves again.
    PutBack {
        /// Which.
        version: VersionRef,
        /// Whether a person put it back in an emergency, by name: it is not bad here any more, whatever was found before.
        on_purpose: bool,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::step_tests::version;

    #[test]
    fn targets_are_changed_at_once_where_their_order_says_nothing() {
        let desired = |traffic, units| Desired {
            rollout: "r".to_owned(),
            stable: version("1.0.0"),
            candidate: version("2.0.0"),
            traffic: Percent::new(traffic).unwrap(),
            units,
        };
        let none = [false; 3];
        assert_eq!(desired(10, None).together(&none), [vec![0, 1, 2]]);
        assert_eq!(desired(0, None).together(&[false, true, false]), [vec![0, 1, 2]], "going back waits for nobody");
        assert_eq!(desired(50, None).together(&[false, true, false]), [vec![1], vec![0, 2]], "a text is there before its traffic");
        assert_eq!(desired(100, Some(2)).together(&none), [vec![0], vec![1], vec![2]], "rolling goes from target to target");
        assert!(desired(10, None).together(&[]).is_empty());
    }
}
