//! What makes a percentage real: what a target shall show, what it shows, and whether the two agree.

mod agreement;
mod settings;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, Shares};
pub use settings::{FlagdPlace, KubernetesPlace, TargetHttp, TargetKind, TargetProgram, TargetSettings};

/// A whole share of traffic, from 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

impl Percent {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(100);

    /// `None` above 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// What is left for the other arm.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(100 - self.0)
    }
}

impl TryFrom<u8> for Percent {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        Self::new(percent).ok_or_else(|| format!("{percent} is more than 100 percent"))
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// Whose traffic: one prompt in one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The prompt's name.
    pub prompt: String,
    /// The environment's name.
    pub environment: String,
}

/// A version that a target can be told to serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedVersion {
    /// Its SemVer number.
    pub number: semver::Version,
    /// The digest of its content (64 lower-case hexadecimal digits).
    pub digest: String,
    /// The prompt's text, where a target that keeps texts (MLflow) is to be given it or checked against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a target shall show. The whole of it is sent each time, so that applying twice is applying once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// Whose traffic.
    pub subject: Subject,
    /// The version that gets what the candidate does not.
    pub stable: PinnedVersion,
    /// The version being rolled out; `None` when all traffic is the stable version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<PinnedVersion>,
    /// The candidate's share; without effect when there is no candidate.
    pub percent: Percent,
    /// The rollout, which salts the choice of users: the same users stay in the same arm for all of it.
    pub rollout: String,
    /// Raised by every rollback. A target that remembers a higher one refuses.
    pub epoch: u64,
    /// Whether an epoch that cannot be read is written over: an emergency does, when it was told of it.
    #[serde(default)]
    pub overwrites: bool,
}

impl Desired {
    /// Traffic in percent by version number; versions without traffic are left out.
    pub fn shares(&self) -> BTreeMap<String, f64> {
        let candidate = self.candidate.as_ref().map_or(Percent::NONE, |_| self.percent);
        let arms = [(Some(&self.stable), candidate.rest()), (self.candidate.as_ref(), candidate)];
        let mut shares = BTreeMap::new();
        for (version, percent) in arms {
            if let Some(version) = version.filter(|_| percent > Percent::NONE) {
                *shares.entry(version.number.to_string()).or_insert(0.0) += f64::from(percent.get());
            }
        }
        shares
    }
}

/// What a target says it shows. What it cannot know is `None`, never a guess.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Traffic in percent by version number, versions without traffic left out; `None` when the target does not know
    /// this prompt yet.
    #[serde(default)]
    pub shares: Option<BTreeMap<String, f64>>,
    /// The version that is marked as candidate, also at 0 %.
    #[serde(default)]
    pub candidate: Option<String>,
    /// The last operation that was applied.
    #[serde(default)]
    pub operation: Option<String>,
    /// The rollout it belonged to.
    #[serde(default)]
    pub rollout: Option<String>,
    /// The epoch it belonged to.
    #[serde(default)]
    pub epoch: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_end_at_100() {
        assert_eq!(Percent::new(100), Some(Percent::ALL));
        assert_eq!(Percent::new(101), None);
        assert_eq!(serde_json::from_str::<Percent>("101").unwrap_err().to_string(), "101 is more than 100 percent");
        assert_eq!(Percent::new(30).map(Percent::rest), Percent::new(70));
    }
}
