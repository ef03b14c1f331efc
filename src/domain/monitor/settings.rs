//! What is looked at, and what it must keep to.

use std::time::Duration;

use crate::domain::regression::Direction;

/// How bad it is when something does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The metric is degraded.
    Warning,
    /// The metric is critical.
    Critical,
}

/// What one pass keeps to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// From how many critical metrics on a rollback is asked for; at least 1.
    pub rollback_after: usize,
    /// The longest that one question may take.
    pub timeout: Duration,
    /// How far back history goes.
    pub window: Duration,
    /// The time between two values of history.
    pub step: Duration,
    /// The metrics, names unique.
    pub metrics: Vec<MetricSettings>,
}

/// A number in production.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSettings {
    /// Its name.
    pub name: String,
    /// The name of its metric source.
    pub source: String,
    /// What is asked there, with its places.
    pub query: String,
    /// Which way is better.
    pub direction: Direction,
    /// Beyond it: degraded.
    pub warning: Option<f64>,
    /// Beyond it: critical.
    pub critical: Option<f64>,
    /// How long it must have been beyond a bound.
    pub hold: Option<Duration>,
    /// The share of worsening by trend that is degraded.
    pub trend: Option<f64>,
    /// The share of worsening by the last change point that is degraded.
    pub change_point: Option<f64>,
    /// How many standard deviations of the window the number may lie off for the worse; beyond is degraded.
    pub anomaly: Option<f64>,
    /// The comparison with an earlier window.
    pub baseline: Option<BaselineSettings>,
}

/// What a window is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// The window of so long ago.
    Ago(Duration),
    /// The recorded runs of the benchmark of this name.
    Stored(String),
}

/// A comparison with what was before.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineSettings {
    /// What was before.
    pub of: Earlier,
    /// The share of the earlier mean that may be lost.
    pub margin: f64,
    /// What a regression is.
    pub severity: Severity,
}

impl MetricSettings {
    /// Whether the window is needed: for a trend, a change point, an anomaly or a baseline.
    pub fn looks_back(&self) -> bool {
        self.trend.is_some() || self.change_point.is_some() || self.anomaly.is_some() || self.baseline.is_some()
    }

    /// Whether a value is beyond a bound; at the bound it is not.
    pub fn is_beyond(&self, value: f64, bound: f64) -> bool {
        self.direction.worse(value - bound) > 0.0
    }

    /// The bounds with what going beyond them is, the worse one first.
    pub fn bounds(&self) -> impl Iterator<Item = (Severity, f64)> {
        self.critical.map(|bound| (Severity::Critical, bound)).into_iter().chain(self.warning.map(|bound| (Severity::Warning, bound)))
    }
}
