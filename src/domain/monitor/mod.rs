//! One pass over the metrics of production. Each metric ends healthy, degraded, critical or inconclusive, with its
//! reasons. Missing, old or undecided numbers are inconclusive; nothing is healthy that was not seen to be.

mod anomaly;
mod judge;
mod settings;
#[cfg(test)]
mod tests;

pub use judge::judge;
pub use settings::{BaselineSettings, Earlier, MetricSettings, Settings, Severity};

use super::{
    metric_source::Reading,
    regression::{Judgement, trend::Trend},
};

/// What a metric ends with, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Everything that was asked of it holds.
    Healthy,
    /// Something could not be told, and nothing is known to be bad.
    Inconclusive,
    /// A warning.
    Degraded,
    /// As bad as it gets.
    Critical,
}

impl Health {
    /// All, the worst last.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Inconclusive, Self::Degraded, Self::Critical];

    /// In reports and outputs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Inconclusive => "inconclusive",
            Self::Degraded => "degraded",
            Self::Critical => "critical",
        }
    }

    /// Whether people are told.
    pub fn is_bad(self) -> bool {
        self >= Self::Degraded
    }
}

/// Why a source gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Whether it understood and refused; else it was not reached or made no sense.
    pub refused: bool,
    /// What happened, with the next step.
    pub message: String,
}

/// An answer of a source.
pub type Answer = Result<Reading, Unanswered>;

/// What was seen of a metric.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The number now.
    pub now: Answer,
    /// The numbers of the time that a bound must be exceeded for; only where that is asked.
    pub held: Option<Answer>,
    /// The window's numbers; only where they are needed.
    pub history: Option<Answer>,
    /// The earlier window's numbers; only with a baseline of one.
    pub baseline: Option<Answer>,
    /// Recorded runs, the last ones first, then those that are pinned; only with a baseline of them.
    pub runs: Option<Result<Vec<Recorded>, Unanswered>>,
}

/// Numbers of recorded runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The name that they are pinned under; `None`: the last ones.
    pub pinned: Option<String>,
    /// The numbers, oldest first.
    pub numbers: Vec<f64>,
}

/// What keeps a metric from a conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// The source answered without usable numbers, or not at all.
    NoAnswer,
    /// The source refused.
    Refused,
    /// There are numbers, and they do not decide.
    Undecided,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it means for the metric.
    pub health: Health,
    /// Why nothing can be said; only when it is inconclusive.
    pub open: Option<Open>,
    /// In words.
    pub reason: String,
}

/// A metric with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricResult {
    /// What was asked of it.
    pub settings: MetricSettings,
    /// The query as it was sent, where there was an answer.
    pub query: Option<String>,
    /// The number now.
    pub value: Option<f64>,
    /// The window's numbers in order of time.
    pub history: Vec<f64>,
    /// What the window shows; `None` without one, or with fewer than 3 numbers.
    pub trend: Option<Trend>,
    /// The comparison with the earlier window.
    pub baseline: Option<Judgement>,
    /// What was found, in the order in which it was looked for; never empty.
    pub findings: Vec<Finding>,
    /// What the source warned of.
    pub warnings: Vec<String>,
}

impl MetricResult {
    /// The worst of what was found; inconclusive when nothing was.
    pub fn health(&self) -> Health {
        self.findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Inconclusive)
    }

    /// The reasons of the verdict: those as bad as it is.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        let health = self.health();
        self.findings.iter().filter(move |finding| finding.health == health).map(|finding| finding.reason.as_str())
    }
}

/// What a pass found.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorRun {
    /// The prompt, where one was named.
    pub prompt: Option<String>,
    /// The environment, where one was named.
    pub environment: Option<String>,
    /// The version, where one was named.
    pub version: Option<String>,
    /// When, in RFC 3339.
    pub at: String,
    /// The metrics in the order of the configuration; never empty.
    pub metrics: Vec<MetricResult>,
    /// From how many critical metrics on a rollback is asked for.
    pub rollback_after: usize,
}

impl MonitorRun {
    /// The worst of all metrics; inconclusive when there are none.
    pub fn health(&self) -> Health {
        self.metrics.iter().map(MetricResult::health).max().unwrap_or(Health::Inconclusive)
    }

    /// How many metrics end so.
    pub fn count(&self, health: Health) -> usize {
        self.metrics.iter().filter(|metric| metric.health() == health).count()
    }

    /// Whether so much is critical that the version should go.
    pub fn rollback_requested(&self) -> bool {
        self.count(Health::Critical) >= self.rollback_after.max(1)
    }

    /// Whether something is open for this reason.
    pub fn is_open(&self, open: Open) -> bool {
        self.metrics.iter().flat_map(|metric| &metric.findings).any(|finding| finding.open == Some(open))
    }
}
