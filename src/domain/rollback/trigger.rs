//! Why a rollback starts.

use serde::{Deserialize, Serialize};

/// Why, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A metric is worse than its bound or than the stable version.
    PerformanceRegression,
    /// More errors than allowed, or than the stable version has.
    ErrorRateSpike,
    /// Probes failed.
    HealthCheckFailure,
    /// A stage took too long.
    DeploymentTimeout,
    /// A person asked.
    Manual,
    /// A person asked, and nothing was checked first.
    Emergency,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PerformanceRegression,
        Self::ErrorRateSpike,
        Self::HealthCheckFailure,
        Self::DeploymentTimeout,
        Self::Manual,
        Self::Emergency,
    ];

    /// The word in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerformanceRegression => "performance-regression",
            Self::ErrorRateSpike => "error-rate-spike",
            Self::HealthCheckFailure => "health-check-failure",
            Self::DeploymentTimeout => "deployment-timeout",
            Self::Manual => "manual",
            Self::Emergency => "emergency",
        }
    }

    /// Whether nobody asked for it.
    pub fn is_automatic(self) -> bool {
        !matches!(self, Self::Manual | Self::Emergency)
    }
}
