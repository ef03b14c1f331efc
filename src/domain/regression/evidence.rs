//! What one comparison of a metric measured, before anything is decided.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::metric::Metric;
use crate::domain::stats::two_sample::prediction;

/// The primary test, the one that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestName {
    /// Welch's t on logarithms: a ratio of geometric means.
    WelchOnLogs,
    /// Welch's t on the values.
    Welch,
    /// Student's t on per-case differences of logarithms.
    PairedTOnLogs,
    /// Student's t on per-case differences.
    PairedT,
    /// `McNemar`'s exact test with Newcombe's paired interval.
    McNemar,
    /// Boschloo's test with Newcombe's interval.
    Boschloo,
    /// Fisher's test with Newcombe's interval: large tables.
    Fisher,
    /// The sign-flip permutation test of the mean difference.
    SignFlip,
    /// One new run against earlier runs, by a prediction interval of logarithms: a ratio.
    OneRunOnLogs,
    /// One new run against earlier runs, by a prediction interval.
    OneRun,
}

impl TestName {
    /// In reports.
    pub fn title(self) -> &'static str {
        match self {
            Self::WelchOnLogs => "Welch t on logs",
            Self::Welch => "Welch t",
            Self::PairedTOnLogs => "paired t on logs",
            Self::PairedT => "paired t",
            Self::McNemar => "McNemar exact",
            Self::Boschloo => "Boschloo",
            Self::Fisher => "Fisher",
            Self::SignFlip => "sign-flip permutation",
            Self::OneRunOnLogs => "prediction t on logs",
            Self::OneRun => "prediction t",
        }
    }

    /// Whether whole runs were compared, and not samples.
    pub fn is_of_runs(self) -> bool {
        match self {
            Self::OneRunOnLogs | Self::OneRun => true,
            Self::WelchOnLogs
            | Self::Welch
            | Self::PairedTOnLogs
            | Self::PairedT
            | Self::McNemar
            | Self::Boschloo
            | Self::Fisher
            | Self::SignFlip => false,
        }
    }
}

/// What an effect is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// head / base: 1 is no change.
    Ratio,
    /// head − base: 0 is no change.
    Difference,
}

/// Why there is no evidence either way. Never a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Undecided {
    /// Nobody measured it.
    #[error("not measured on {0}")]
    NotMeasured(&'static str),
    /// Fewer values (or pairs) than the rule wants.
    #[error("{got} of at least {needed} {of}")]
    TooFew {
        /// There are.
        got: usize,
        /// Wanted.
        needed: usize,
        /// "values", "cases" or "runs".
        of: &'static str,
    },
    /// A value that is no number, or out of range.
    #[error("{0}")]
    Unusable(String),
    /// A relative margin needs a base above 0.
    #[error("the mean of base is {0}, so a relative margin means nothing")]
    NoRatio(f64),
    /// The interval spans the margin.
    #[error("the interval spans the margin")]
    Wide,
}

/// The numbers of one comparison. p-values are one-sided and not adjusted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measured {
    /// How they were found.
    pub test: TestName,
    /// What `effect` and `interval` are numbers of.
    pub scale: Scale,
    /// head against base on the scale.
    pub effect: f64,
    /// The two-sided interval of the effect at 1 − 2α: each end is a one-sided bound at 1 − α.
    pub interval: [f64; 2],
    /// Against "not worse than the margin that fails".
    pub p_fail: f64,
    /// Against "not worse than the margin that warns".
    pub p_warn: f64,
    /// Against "at least as bad as the margin that fails".
    pub p_non_inferior: f64,
    /// Against "not better".
    pub p_improved: f64,
    /// How much worse head is: logarithms for ratios, turned by the direction.
    pub worse: f64,
    /// The margin that fails, on the scale of `worse`.
    pub margin: f64,
    /// Of `worse`; 0 without spread.
    pub standard_error: f64,
    /// Values per arm, pairs, or earlier runs, that the standard error rests on.
    pub n: usize,
    /// Every value is the same: there is no spread to judge chance by.
    pub without_spread: bool,
}

/// A metric, what was seen of it, and what the test says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// The metric.
    pub metric: Metric,
    /// The mean of base, where there are values.
    pub base: Option<f64>,
    /// The mean of head, where there are values.
    pub head: Option<f64>,
    /// How many values base has.
    pub base_n: usize,
    /// How many values head has.
    pub head_n: usize,
    /// How many cases both have; `None` when the arms are not paired.
    pub pairs: Option<usize>,
    /// The numbers, or why there are none.
    pub result: Result<Measured, Undecided>,
}

impl Measured {
    /// The smallest true effect that a test with this many values finds with the given power: (z₁₋α + z₁₋β)·SE, on the
    /// scale of `worse`. `None` without spread.
    pub fn detectable(&self, alpha: f64, power: f64) -> Option<f64> {
        let reach = || match self.spread_of_runs() {
            Some(sd) => prediction::reach(sd, self.n, alpha, power),
            None => reach(alpha, power) * self.standard_error,
        };
        (self.standard_error > 0.0).then(reach)
    }

    /// How many values per arm (or pairs) would decide with the given power if the true effect is the one seen:
    /// n·((z₁₋α + z₁₋β)·SE/|margin − worse|)². `None` when that is more than a million. Of a new run: how many earlier ones.
    pub fn needed(&self, alpha: f64, power: f64) -> Option<usize> {
        // A lucky streak of head is no reason to promise a quick decision.
        let distance = (self.margin - self.worse.max(0.0)).abs();
        if let Some(sd) = self.spread_of_runs() {
            return prediction::values_needed(sd, distance, alpha, power);
        }
        let times = (reach(alpha, power) * self.standard_error / distance).powi(2);
        let needed = (crate::domain::stats::sample::count(self.n) * times).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
        (needed.is_finite() && needed <= 1e6).then_some(needed as usize)
    }

    /// The standard deviation between runs, where whole runs were compared: s of s·√(1 + 1/k).
    fn spread_of_runs(&self) -> Option<f64> {
        let k = crate::domain::stats::sample::count(self.n.max(1));
        self.test.is_of_runs().then(|| self.standard_error / (1.0 + 1.0 / k).sqrt())
    }
}

fn reach(alpha: f64, power: f64) -> f64 {
    use crate::domain::stats::special::normal_isf;
    normal_isf(alpha) - normal_isf(power)
}
