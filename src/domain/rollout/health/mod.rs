//! Health checks: what is measured, how it is judged, and what is kept for the next look.

mod judge;
mod memory;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use judge::{Arms, evaluate};
pub use memory::{Memory, Tally};

use crate::domain::rollback::trigger::Trigger;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Scores, success rates.
    HigherIsBetter,
    /// Latency, cost, error rates.
    LowerIsBetter,
}

/// What a metric's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricKind {
    /// Numbers of which the mean counts.
    Mean,
    /// Failures among so many requests.
    Errors,
    /// One probe of whether it works: 1 is yes, anything else no.
    Probe,
}

/// What no data means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnNoData {
    /// Nobody can tell: hold.
    Inconclusive,
    /// It is as bad as a bad number.
    Fail,
}

/// How the candidate is compared with the stable version, which serves at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The smallest worsening that matters: a share of the stable version's mean, or a difference of error rates.
    pub margin: f64,
    /// Whether health must be shown (the whole interval within the margin), not only harm not be shown.
    pub prove: bool,
}

/// A bad number must be seen `k` times among the last `of` checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// How often.
    pub k: u32,
    /// Among how many.
    pub of: u32,
}

/// A metric of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The metric source's name.
    pub source: String,
    /// What is asked there; for errors the failures.
    pub query: String,
    /// For errors: how many requests there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// What its numbers are.
    pub kind: MetricKind,
    /// Which way is better.
    pub direction: Direction,
    /// The worst value that is still healthy (an error rate for errors).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// The value from which on nothing is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<f64>,
    /// The comparison with the stable version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Comparison>,
    /// The fewest samples (requests for errors) of each arm in a stage.
    pub min_samples: u64,
    /// What no data means.
    pub on_no_data: OnNoData,
    /// How much it weighs among those that are not critical.
    pub weight: f64,
    /// Whether it decides alone.
    pub critical: bool,
    /// How often a bad number must be seen.
    pub confirm: Confirmation,
    /// Measured and shown, without counting.
    pub dry_run: bool,
}

impl Metric {
    /// Why a rollback would start because of it.
    pub fn trigger(&self) -> Trigger {
        match self.kind {
            MetricKind::Mean => Trigger::PerformanceRegression,
            MetricKind::Errors => Trigger::ErrorRateSpike,
            MetricKind::Probe => Trigger::HealthCheckFailure,
        }
    }

    /// Whether `value` is on the bad side of `bound`; exactly at it is fine. What is no number is bad.
    pub fn is_beyond(&self, value: f64, bound: f64) -> bool {
        let fine = match self.direction {
            Direction::HigherIsBetter => value >= bound,
            Direction::LowerIsBetter => value <= bound,
        };
        !fine
    }
}

/// How a check, or one metric of it, came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthVerdict {
    /// Nothing bad is to be seen, and enough was seen.
    Healthy,
    /// It cannot be told.
    Inconclusive,
    /// It could not be measured.
    Error,
    /// Bad.
    Unhealthy,
}

impl HealthVerdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One metric's part of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricResult {
    /// The metric.
    pub name: String,
    /// How it came out.
    pub verdict: HealthVerdict,
    /// The candidate's value: a mean or an error rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The stable version's value at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<f64>,
    /// What it was held against.
    pub bound: String,
    /// Why it came out so.
    pub why: String,
    /// What was asked, as it was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Whether it was only shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// How it came out as a whole.
    pub verdict: HealthVerdict,
    /// Its metrics, in the order of the plan.
    pub metrics: Vec<MetricResult>,
    /// Why a rollback would start, when it is unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// Whether a guardrail was passed: no limit is waited for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hard: bool,
    /// The memory after it.
    #[serde(default)]
    pub memory: Memory,
}

impl Check {
    /// A check that came out as `verdict` without metrics.
    pub fn plain(verdict: HealthVerdict) -> Self {
        Self { verdict, metrics: Vec::new(), trigger: None, hard: false, memory: Memory::default() }
    }

    /// The same without its memory.
    #[must_use]
    pub fn without_memory(&self) -> Self {
        let Self { verdict, metrics, trigger, hard, memory: _ } = self;
        Self { verdict: *verdict, metrics: metrics.clone(), trigger: *trigger, hard: *hard, memory: Memory::default() }
    }

    /// In one sentence.
    pub fn summary(&self) -> String {
        let told: Vec<String> = self
            .metrics
            .iter()
            .filter(|metric| metric.verdict == self.verdict && !metric.dry_run)
            .map(|metric| format!("{}: {}", metric.name, metric.why))
            .collect();
        if told.is_empty() || self.verdict == HealthVerdict::Healthy { self.verdict.as_str().to_owned() } else { told.join("; ") }
    }
}

/// What was measured of one arm.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// Numbers.
    Values(Vec<f64>),
    /// Failures among requests.
    Counts {
        /// How many failed.
        failures: u64,
        /// How many there were.
        total: u64,
    },
    /// The source answered, and there is nothing to conclude from: why.
    NoData(String),
    /// The source could not be asked: why.
    Error(String),
}
