//! What a t test returns, whichever way it estimates the standard error.

use super::super::tails::{Alternative, Interval, PValues, sane_level, student_p, student_upper};

/// The outcome of a t test of mean(first) − mean(second) = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TTest {
    Estimate(TEstimate),
    /// Both samples are constant, and the same up to rounding (within 1e-13 of their size): there is nothing to test.
    ConstantAndEqual,
    /// Both samples are constant and differ: t is infinite. Against the direction of the difference the p-value is 1,
    /// else 0; the interval is the difference itself. Two values seen are no proof, so say that the spread is unknown.
    ConstantAndDifferent {
        difference: f64,
    },
}

/// A t statistic with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TEstimate {
    /// mean(first) − mean(second).
    pub difference: f64,
    pub standard_error: f64,
    pub t: f64,
    pub df: f64,
    pub p: PValues,
}

impl TEstimate {
    pub(in super::super) fn new(difference: f64, standard_error: f64, df: f64) -> Self {
        let t = difference / standard_error;
        Self { difference, standard_error, t, df, p: student_p(t, df) }
    }
}

impl TTest {
    pub fn estimate(&self) -> Option<&TEstimate> {
        match self {
            Self::Estimate(estimate) => Some(estimate),
            Self::ConstantAndEqual | Self::ConstantAndDifferent { .. } => None,
        }
    }

    pub fn difference(&self) -> f64 {
        match self {
            Self::Estimate(estimate) => estimate.difference,
            Self::ConstantAndEqual => 0.0,
            Self::ConstantAndDifferent { difference } => *difference,
        }
    }

    /// `None` when there is nothing to test.
    pub fn p(&self) -> Option<PValues> {
        match self {
            Self::Estimate(estimate) => Some(estimate.p),
            Self::ConstantAndEqual => None,
            Self::ConstantAndDifferent { difference } => {
                let (less, greater) = if *difference < 0.0 { (0.0, 1.0) } else { (1.0, 0.0) };
                Some(PValues { two_sided: 0.0, less, greater })
            }
        }
    }

    /// The p-value against the null hypothesis "the difference is `margin`", for non-inferiority and equivalence.
    /// `None` when both samples are constant and the difference is the margin.
    pub fn p_against(&self, margin: f64) -> Option<PValues> {
        match self {
            Self::Estimate(estimate) => Some(student_p((estimate.difference - margin) / estimate.standard_error, estimate.df)),
            Self::ConstantAndEqual | Self::ConstantAndDifferent { .. } => {
                let difference = self.difference() - margin;
                if difference == 0.0 { None } else { Self::ConstantAndDifferent { difference }.p() }
            }
        }
    }

    /// The two-sided confidence interval of the difference: t quantiles around the estimate.
    pub fn interval(&self, level: f64) -> Interval {
        self.around(self.bound_width((1.0 - sane_level(level)) / 2.0))
    }

    /// The one-sided bounds of the difference, each at the level: `lower` alone bounds from below, `upper` from above.
    pub fn one_sided_bounds(&self, level: f64) -> Interval {
        self.around(self.bound_width(1.0 - sane_level(level)))
    }

    /// The p-value against one alternative.
    pub fn p_value(&self, alternative: Alternative) -> Option<f64> {
        self.p().map(|p| p.get(alternative))
    }

    fn bound_width(&self, tail: f64) -> f64 {
        self.estimate().map_or(0.0, |estimate| student_upper(tail, estimate.df) * estimate.standard_error)
    }

    fn around(&self, width: f64) -> Interval {
        Interval { lower: self.difference() - width, upper: self.difference() + width }
    }
}
