//! What the configuration says about channels.

use std::{collections::BTreeSet, time::Duration};

use super::{Happening, Notice};

/// The name under which what GitHub's Environments page shows is kept among the notices; no channel may have it.
pub const MIRROR: &str = "github.deployments";

/// A channel of the configuration, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Its name under `notifications:`.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// What it hears of.
    pub events: BTreeSet<Happening>,
    /// Only of these environments; empty: of all.
    pub environments: Vec<String>,
    /// The longest that one sending may take.
    pub timeout: Duration,
}

/// What a channel can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// An incoming webhook of Slack.
    Slack {
        /// The variable that holds its address, which is a secret.
        url_env: String,
    },
    /// An issue on GitHub for each incident.
    GitHubIssue {
        /// The labels of a new one.
        labels: Vec<String>,
    },
    /// GitHub's Environments page.
    Mirror,
}

impl ChannelSettings {
    /// Whether it hears of this.
    pub fn hears(&self, notice: &Notice) -> bool {
        self.events.contains(&notice.what) && (self.environments.is_empty() || self.environments.contains(&notice.environment))
    }

    /// The channel that mirrors rollouts on GitHub's Environments page.
    pub fn mirror() -> Self {
        let events = [
            Happening::RolloutStarted,
            Happening::RolloutPromoted,
            Happening::RolloutCompleted,
            Happening::RolloutAborted,
            Happening::RollbackFinished,
            Happening::RollbackFailed,
        ];
        Self {
            name: MIRROR.to_owned(),
            kind: ChannelKind::Mirror,
            events: events.into(),
            environments: Vec::new(),
            timeout: Duration::from_secs(15),
        }
    }
}
