//! Limits on what a whole suite comes to: latency over its answers, and what they took together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run::{Sample, SuiteRun, cost_of};
use crate::domain::{
    answer::{Origin, Usage},
    duration::millis,
    stats::{mean, quantile},
};

/// The limits of one suite, each of them optional.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Performance {
    /// The mean latency.
    pub latency_mean: Option<Duration>,
    /// The latency that 95 of 100 answers keep to.
    pub latency_p95: Option<Duration>,
    /// The latency that 99 of 100 answers keep to.
    pub latency_p99: Option<Duration>,
    /// US dollars for all answers together.
    pub cost_usd: Option<f64>,
    /// Tokens of all requests and answers together.
    pub tokens: Option<u64>,
}

/// What a limit is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// US dollars.
    Dollars,
    /// Tokens.
    Tokens,
}

/// One limit and what the suite came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The limit's key in the configuration.
    pub metric: &'static str,
    /// What both numbers are in.
    pub unit: Unit,
    /// The most that is allowed.
    pub limit: f64,
    /// What it is; `None` where nobody knows, which never counts as kept.
    pub found: Option<f64>,
}

impl Measured {
    /// Whether the limit is kept; `None` where nobody knows.
    pub fn is_kept(&self) -> Option<bool> {
        // One part in a billion absorbs the rounding of sums.
        self.found.map(|found| found <= self.limit * (1.0 + 1e-9))
    }
}

impl SuiteRun {
    /// What the suite came to, for each of its limits. Latency is of live answers where there are any, else of replayed ones with the
    /// latency they had; tokens and cost are of all; cases in quarantine decide nothing here either.
    pub fn performance(&self) -> Vec<Measured> {
        let known = self.known_cases();
        let counting: Vec<&Sample> = self.samples.iter().filter(|sample| known.counts(&sample.case_id)).collect();
        let is_live = |sample: &&&Sample| sample.answer().is_some_and(|answer| answer.origin == Origin::Live);
        let live: Vec<&Sample> = counting.iter().filter(is_live).copied().collect();
        let answered: Vec<&Sample> = counting.into_iter().filter(|sample| sample.answer().is_some()).collect();
        let timed = if live.is_empty() { &answered } else { &live };
        let latency: Vec<f64> = timed.iter().filter_map(|sample| sample.answer()).map(|answer| millis(answer.latency)).collect();
        let at = |metric, limit: Option<Duration>, found: Option<f64>| {
            limit.map(|limit| Measured { metric, unit: Unit::Milliseconds, limit: millis(limit), found })
        };
        let wanted = self.limits_on_performance;
        let usage = answered.iter().filter_map(|sample| sample.answer()).try_fold(Usage::default(), |sum, answer| {
            // A guess holds no limit.
            let usage = answer.usage;
            (!usage.estimated && usage.input_tokens.is_some() && usage.output_tokens.is_some()).then(|| sum.plus(usage))
        });
        #[expect(clippy::cast_precision_loss, reason = "no suite takes 2^53 tokens")]
        let tokens =
            usage.filter(|_| !answered.is_empty()).map(|usage| (usage.input_tokens.unwrap_or(0) + usage.output_tokens.unwrap_or(0)) as f64);
        #[expect(clippy::cast_precision_loss, reason = "no suite takes 2^53 tokens")]
        let most_tokens = wanted.tokens.map(|most| most as f64);
        [
            at("latency-mean", wanted.latency_mean, mean(&latency)),
            at("latency-p95", wanted.latency_p95, quantile(&latency, 0.95)),
            at("latency-p99", wanted.latency_p99, quantile(&latency, 0.99)),
            wanted.cost_usd.map(|limit| Measured {
                metric: "cost-usd",
                unit: Unit::Dollars,
                limit,
                found: cost_of(answered.iter().copied()),
            }),
            most_tokens.map(|limit| Measured { metric: "tokens", unit: Unit::Tokens, limit, found: tokens }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether nobody knows a number that has a limit.
    pub fn is_unmeasured(&self) -> bool {
        self.performance().iter().any(|measured| measured.is_kept().is_none())
    }

    /// Whether a limit on the whole suite is passed.
    pub fn is_over_performance(&self) -> bool {
        self.performance().iter().any(|measured| measured.is_kept() == Some(false))
    }
}
