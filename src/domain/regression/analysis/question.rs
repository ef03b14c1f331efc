//! What a user asks of two samples.

use super::AnalysisError;
use crate::domain::{
    regression::{Decides, Direction, Margin, Metric, Unit},
    stats::outliers::OutlierRule,
};

/// Which change counts as a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consider {
    /// More is worse: latency, cost, errors.
    Increase,
    /// Less is worse: accuracy, pass rate, throughput.
    Decrease,
    /// Any change is unwanted.
    Both,
    /// No change is bad: it is shown, nothing else.
    Neither,
}

/// A test of two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestKind {
    /// Welch's t.
    TTest,
    /// Student's t: equal variances.
    StudentT,
    /// Mann-Whitney U.
    MannWhitney,
    /// Two-sample Kolmogorov-Smirnov.
    KolmogorovSmirnov,
    /// Welch's t on logarithms: ratios of geometric means.
    LogTTest,
}

/// What is asked, with the defaults of seed 002.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The metric's name.
    pub metric: String,
    /// The unit of both sides, if known.
    pub unit: Option<String>,
    /// Which change counts.
    pub consider: Consider,
    /// The confidence level.
    pub level: f64,
    /// The least effect that counts, in pooled standard deviations.
    pub min_effect: f64,
    /// How outliers are named.
    pub outliers: OutlierRule,
    /// Whether outliers are left out.
    pub filter_outliers: bool,
    /// The tests; the first decides.
    pub tests: Vec<TestKind>,
    /// Fewer values a side than this are never judged.
    pub min_samples: usize,
    /// Values of a side that are used at most, drawn with `seed`; all without.
    pub max_samples: Option<usize>,
    /// How much worse is fine, as a share of the baseline; decides instead of `min_effect`.
    pub margin: Option<f64>,
    /// For drawing.
    pub seed: u64,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            metric: "metric".to_owned(),
            unit: None,
            consider: Consider::Both,
            level: 0.95,
            min_effect: 0.5,
            outliers: OutlierRule::Z(3.0),
            filter_outliers: false,
            tests: vec![TestKind::TTest, TestKind::MannWhitney],
            min_samples: 10,
            max_samples: None,
            margin: None,
            seed: 20_250_801,
        }
    }
}

impl Question {
    /// The seed by which the current side is drawn; the baseline has `seed` itself.
    pub fn seed_of_current(&self) -> u64 {
        self.seed ^ 1
    }

    pub(super) fn check(&self) -> Result<(), AnalysisError> {
        let wrong = |message: &str| Err(AnalysisError::Question(message.to_owned()));
        if !(self.level > 0.5 && self.level < 1.0) {
            return wrong("the confidence level must lie between 0.5 and 1, like 0.95");
        }
        if !(self.min_effect >= 0.0 && self.min_effect.is_finite()) {
            return wrong("the least effect must be 0 or more");
        }
        let (OutlierRule::Z(limit) | OutlierRule::Mad(limit) | OutlierRule::Iqr(limit)) = self.outliers;
        if !(limit > 0.0 && limit.is_finite()) {
            return wrong("the outlier threshold must be above 0");
        }
        if self.tests.is_empty() {
            return wrong("no statistical test is asked for");
        }
        if self.max_samples.is_some_and(|most| most < self.min_samples.max(2)) {
            return wrong("fewer values may be used than are needed: raise the largest number, or lower the least");
        }
        match (self.margin, self.consider) {
            (Some(margin), _) if !(margin > 0.0 && margin < 10.0) => wrong("a margin must lie between 0 and 10, like 0.1 for 10 %"),
            (Some(margin), Consider::Decrease) if margin >= 1.0 => wrong("a margin of 1 or more allows a metric to vanish"),
            (Some(_), Consider::Both | Consider::Neither) => wrong("a margin needs a direction: say increase or decrease"),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// The metric as comparisons of a run have it; `None` without a margin or a direction.
    pub(super) fn as_metric(&self) -> Option<Metric> {
        let margin = self.margin?;
        let direction = match self.consider {
            Consider::Increase => Direction::LowerIsBetter,
            Consider::Decrease => Direction::HigherIsBetter,
            Consider::Both | Consider::Neither => return None,
        };
        let margin = Margin::Relative { warn: margin, fail: margin };
        Some(Metric { name: self.metric.clone(), direction, margin, unit: Unit::Number, decides: Decides::Fail })
    }
}

impl Consider {
    /// All, with the words that stand for each; the first is the one that reports use.
    pub const WORDS: [(Self, [&'static str; 2]); 4] = [
        (Self::Increase, ["increase", "lower_is_better"]),
        (Self::Decrease, ["decrease", "higher_is_better"]),
        (Self::Both, ["both", "any"]),
        (Self::Neither, ["neither", "neutral"]),
    ];

    /// Reads a word; `-` and `_` are one, case does not count.
    pub fn parse(word: &str) -> Option<Self> {
        let plain = word.to_lowercase().replace('-', "_");
        Self::WORDS.into_iter().find(|(_, words)| words.contains(&plain.as_str())).map(|(consider, _)| consider)
    }

    /// The word of reports.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(consider, _)| *consider == self).map_or("both", |(_, [word, _])| word)
    }

    /// Whether a difference (current − baseline) is of the kind that counts.
    pub(super) fn counts(self, difference: f64) -> bool {
        match self {
            Self::Increase => difference > 0.0,
            Self::Decrease => difference < 0.0,
            Self::Both => difference.abs() > 0.0,
            Self::Neither => false,
        }
    }
}

impl TestKind {
    /// All, with the names that stand for each; the first is the one that reports use.
    pub const NAMES: [(Self, [&'static str; 3]); 5] = [
        (Self::TTest, ["t_test", "welch_t_test", "welch"]),
        (Self::StudentT, ["student_t", "student_t_test", "student"]),
        (Self::MannWhitney, ["mann_whitney", "mann_whitney_u", "mwu"]),
        (Self::KolmogorovSmirnov, ["kolmogorov_smirnov", "ks_test", "ks"]),
        (Self::LogTTest, ["log_t_test", "welch_on_logs", "ratio"]),
    ];

    /// Reads a name; `-` and `_` are one, case does not count.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = name.to_lowercase().replace('-', "_");
        Self::NAMES.into_iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(kind, _)| kind)
    }

    /// The name of reports.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(kind, _)| *kind == self).map_or("t_test", |(_, [name, ..])| name)
    }
}
