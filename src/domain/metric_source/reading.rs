//! What a metric source answered. Everything that is not a number has a name, so that nothing passes for one.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use crate::domain::duration;

/// The labels of a series, by name.
pub type Labels = BTreeMap<String, String>;

/// A number at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Finite.
    pub value: f64,
}

/// Numbers over time under one set of labels, in the order of time. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels.
    pub labels: Labels,
    /// The points.
    pub points: Vec<Point>,
}

/// An answer, with what a report shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The query as it was sent, values filled in.
    pub query: String,
    /// What was found.
    pub found: Found,
    /// What the source warned of; shown, never decided upon.
    pub warnings: Vec<String>,
    /// How long asking took.
    pub took: Duration,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// One number.
    Value {
        /// Its labels, if any.
        labels: Labels,
        /// The number and its time.
        point: Point,
    },
    /// Numbers without times or labels.
    Samples(Vec<f64>),
    /// One or more series; an instant query's many answers have one point each.
    Series(Vec<Series>),
    /// The source knows the question and has nothing.
    Empty,
    /// Not a number, e.g. 0/0 because there was no traffic.
    NotANumber,
    /// Infinite, e.g. a division by nothing or a quantile above the last bucket.
    Infinite,
    /// The newest number is older than allowed.
    Stale {
        /// How old it is.
        age: Duration,
        /// How old it may be.
        limit: Duration,
    },
    /// Some of what was asked for is missing or no finite number.
    Partial {
        /// What there is; never empty.
        series: Vec<Series>,
        /// What is missing, e.g. `3 of 60 points are not a number`.
        missing: String,
    },
    /// More series, samples or bytes than the source's settings allow.
    TooMany {
        /// How many there are, or at least are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl Found {
    /// The word shown to people and written to JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Value { .. } => "value",
            Self::Samples(_) => "samples",
            Self::Series(_) => "series",
            Self::Empty => "empty",
            Self::NotANumber => "not-a-number",
            Self::Infinite => "infinite",
            Self::Stale { .. } => "stale",
            Self::Partial { .. } => "partial",
            Self::TooMany { .. } => "too-many",
        }
    }

    /// Why nothing may be concluded from this; `None` when it is whole.
    pub fn why_not(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Value { .. } | Self::Samples(_) | Self::Series(_) => return None,
            Self::Empty => "the source has no data for this query".into(),
            Self::NotANumber => "the result is not a number (often 0/0: no traffic)".into(),
            Self::Infinite => "the result is infinite (often a division by zero)".into(),
            Self::Stale { age, limit } => {
                format!("the newest data is {} old, more than {}", duration::human(*age), duration::human(*limit)).into()
            }
            Self::Partial { missing, .. } => format!("the result is not complete: {missing}").into(),
            Self::TooMany { count, limit } => format!("the result has at least {count} series or samples, more than {limit}").into(),
        })
    }

    /// The one number, when that is what was found: a value, or one series of one point, or one sample.
    pub fn single(&self) -> Option<f64> {
        match self {
            Self::Value { point, .. } => Some(point.value),
            Self::Samples(samples) => match samples.as_slice() {
                [only] => Some(*only),
                [] | [..] => None,
            },
            Self::Series(series) => match series.as_slice() {
                [Series { points, .. }] => match points.as_slice() {
                    [only] => Some(only.value),
                    [] | [..] => None,
                },
                [] | [..] => None,
            },
            Self::Empty | Self::NotANumber | Self::Infinite | Self::Stale { .. } | Self::Partial { .. } | Self::TooMany { .. } => None,
        }
    }

    /// Every number in order, when the result is whole; empty otherwise.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Self::Value { point, .. } => vec![point.value],
            Self::Samples(samples) => samples.clone(),
            Self::Series(series) => series.iter().flat_map(|series| &series.points).map(|point| point.value).collect(),
            Self::Empty | Self::NotANumber | Self::Infinite | Self::Stale { .. } | Self::Partial { .. } | Self::TooMany { .. } => {
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_results_have_numbers() {
        let point = Point { at_ms: 1_000, value: 2.5 };
        let series = vec![Series { labels: Labels::new(), points: vec![point] }];
        let value = Found::Value { labels: Labels::new(), point };
        for whole in [value, Found::Samples(vec![2.5]), Found::Series(series.clone())] {
            assert_eq!((whole.single(), whole.numbers(), whole.why_not()), (Some(2.5), vec![2.5], None), "{}", whole.name());
        }
        let second = Duration::from_secs(1);
        for broken in [
            Found::Empty,
            Found::NotANumber,
            Found::Infinite,
            Found::Stale { age: second, limit: second },
            Found::Partial { series, missing: "1 of 2 points is missing".into() },
            Found::TooMany { count: 3, limit: 2 },
        ] {
            assert!(broken.single().is_none() && broken.numbers().is_empty() && broken.why_not().is_some(), "{}", broken.name());
        }
    }
}
