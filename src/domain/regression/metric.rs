//! What is measured, which way is worse, and how much worse is still fine.

use serde::Serialize;

/// Which way is good. Every metric has one: a gate without it is a configuration error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Pass rates, scores, throughput.
    HigherIsBetter,
    /// Latency, cost, tokens, errors.
    LowerIsBetter,
}

impl Direction {
    /// Turns `head − base` into how much worse head is.
    pub fn worse(self, difference: f64) -> f64 {
        match self {
            Self::HigherIsBetter => -difference,
            Self::LowerIsBetter => difference,
        }
    }

    /// What base is multiplied with to stand at a relative margin.
    pub(super) fn scaled(self, margin: f64) -> f64 {
        match self {
            Self::HigherIsBetter => 1.0 - margin,
            Self::LowerIsBetter => 1.0 + margin,
        }
    }
}

/// How much worse is still acceptable; both numbers are above 0, `warn` is at most `fail`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Margin {
    /// A share of base: 0.20 allows a latency ratio of 1.20, or a throughput ratio of 0.80 (below 1 then).
    Relative {
        /// From here on people are told.
        warn: f64,
        /// From here on the run fails.
        fail: f64,
    },
    /// In the metric's own unit: 0.02 allows a pass rate two points lower.
    Absolute {
        /// From here on people are told.
        warn: f64,
        /// From here on the run fails.
        fail: f64,
    },
}

impl Margin {
    /// `warn` and `fail`.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Self::Relative { warn, fail } | Self::Absolute { warn, fail } => (warn, fail),
        }
    }

    /// What a metric may lose on the scale of logarithms, turned so that it is above 0: ln(1 + m) for a metric that
    /// may grow, −ln(1 − m) for one that may shrink.
    pub(super) fn logarithm(margin: f64, direction: Direction) -> f64 {
        match direction {
            Direction::LowerIsBetter => margin.ln_1p(),
            Direction::HigherIsBetter => -(-margin).ln_1p(),
        }
    }
}

/// What a metric's number is of; decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A share in [0, 1].
    Share,
    /// A score in [0, 1].
    Score,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Tokens.
    Tokens,
    /// US dollars.
    Usd,
    /// Bytes.
    Bytes,
    /// A plain number, or a unit that the source did not tell.
    Number,
}

/// What a regression of the metric does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decides {
    /// It fails the run.
    Fail,
    /// It is a warning.
    Warn,
    /// It is shown.
    Off,
}

/// A named number per sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metric {
    /// As in reports and in the configuration.
    pub name: String,
    /// Which way is good.
    pub direction: Direction,
    /// How much worse is still acceptable.
    pub margin: Margin,
    /// What its numbers are of.
    pub unit: Unit,
    /// What a regression does.
    pub decides: Decides,
}

impl Metric {
    /// The names of the metrics that a run of suites measures, in the order of reports.
    pub const OF_A_RUN: [&str; 6] = ["pass-rate", "score", "latency", "time-to-first-token", "tokens", "cost"];

    /// A metric of a run of suites with its default margin: −0.02 for pass rate and score, ratio 1.10 (warn) and 1.20
    /// (fail) for the rest. Latency and time to first token only warn by default: other people's servers move them.
    pub fn of_a_run(name: &str) -> Option<Self> {
        let relative = Margin::Relative { warn: 0.10, fail: 0.20 };
        let absolute = Margin::Absolute { warn: 0.02, fail: 0.02 };
        let (direction, margin, unit, decides) = match name {
            "pass-rate" => (Direction::HigherIsBetter, absolute, Unit::Share, Decides::Fail),
            "score" => (Direction::HigherIsBetter, absolute, Unit::Score, Decides::Fail),
            "latency" | "time-to-first-token" => (Direction::LowerIsBetter, relative, Unit::Milliseconds, Decides::Warn),
            "tokens" => (Direction::LowerIsBetter, relative, Unit::Tokens, Decides::Fail),
            "cost" => (Direction::LowerIsBetter, relative, Unit::Usd, Decides::Fail),
            _ => return None,
        };
        Some(Self { name: name.to_owned(), direction, margin, unit, decides })
    }
}
