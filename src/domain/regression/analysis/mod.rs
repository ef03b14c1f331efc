//! Two samples looked at from every side, and one verdict: what `detect` shows.
//!
//! The first test asked for decides (Welch's t by default); the others are shown beside it. A change for the worse is a
//! regression when it is significant at the confidence level **and** its effect is at least `min_effect` pooled standard
//! deviations. With an explicit margin, [`super::decide`] judges by it instead. p-values are never combined.

mod drawn;
pub mod question;
mod shown;
mod verdict;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::domain::stats::{
    describe::{Moments, Summary},
    outliers::{OutlierRule, outliers, without, z_can_name},
    quantile::{QuantileInterval, quantile_interval},
    sample::{Sample, SampleError, Sorted},
    special::t_isf,
    tails::{Interval, normal_upper},
    two_sample::{
        effect::{self, Effects, Size},
        hodges_lehmann,
        mann_whitney::MannWhitney,
        merged::Merged,
        t_test::TTest,
        welch,
    },
};
pub use drawn::Drawn;
pub use question::{Consider, Question, TestKind};
pub use shown::TestShown;
pub use verdict::{Conclusion, Severity};

use super::{Rules, Verdict};

/// Above this many values a side, the Hodges-Lehmann shift is left out: it costs more than all the rest.
const SHIFT_LIMIT: usize = 20_000;

/// One side, described.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Values handed in.
    pub given: usize,
    /// Mean, spread, quantiles of the values used.
    pub summary: Summary,
    /// The t interval of the mean; `None` for one value.
    pub mean_interval: Option<Interval>,
    /// The 95th percentile's interval by order statistics.
    pub p95: QuantileInterval,
    /// Values that the outlier rule names.
    pub outliers: usize,
    /// Whether these were left out.
    pub filtered: bool,
    /// All values are one value up to rounding.
    pub constant: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// What was asked.
    pub question: Question,
    /// Described, in the order baseline, current.
    pub baseline: Side,
    /// See `baseline`.
    pub current: Side,
    /// The values of the histogram: both sides in rising order.
    pub sorted: [Sorted; 2],
    /// Every test asked for; the first decides.
    pub tests: Vec<TestShown>,
    /// Effects of current − baseline: Cohen's d, Hedges' g, Glass's Δ.
    pub effects: Effects,
    /// P(current > baseline) − P(current < baseline).
    pub cliffs_delta: f64,
    /// The median shift current − baseline with its interval; `None` for more than 20,000 values a side.
    pub shift: Option<(f64, Option<Interval>)>,
    /// current − baseline.
    pub difference: f64,
    /// Welch's interval of the difference at the confidence level.
    pub interval: Interval,
    /// Of the difference; 0 without spread.
    pub standard_error: f64,
    /// The conclusion.
    pub conclusion: Conclusion,
    /// What people should know before they believe it.
    pub warnings: Vec<String>,
}

/// Why two samples could not be looked at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// A side has an unusable value, or none.
    #[error("{side}: {error}")]
    Unusable {
        /// "baseline" or "current".
        side: &'static str,
        /// What is wrong.
        error: SampleError,
    },
    /// A margin without a direction, a level that is none.
    #[error("{0}")]
    Question(String),
}

/// Looks at two samples. O(n log n).
///
/// # Errors
/// No values, a value that is not finite, a question that makes no sense.
pub fn analyse(question: &Question, baseline: &[f64], current: &[f64]) -> Result<Analysis, AnalysisError> {
    analyse_drawn(question, (baseline, baseline.len()), (current, current.len()))
}

/// The same of values that may have been drawn with the question's seed already: the values, and how many there were.
///
/// # Errors
/// As [`analyse`].
pub fn analyse_drawn(question: &Question, baseline: (&[f64], usize), current: (&[f64], usize)) -> Result<Analysis, AnalysisError> {
    question.check()?;
    let mut warnings = Vec::new();
    let one = Prepared::new("baseline", question, baseline, question.seed, &mut warnings)?;
    let two = Prepared::new("current", question, current, question.seed_of_current(), &mut warnings)?;
    let unusable = |side, error| AnalysisError::Unusable { side, error };
    let (first, second) = (
        Sample::new(&one.values).map_err(|error| unusable("baseline", error))?,
        Sample::new(&two.values).map_err(|error| unusable("current", error))?,
    );
    let moments = [Moments::of(first), Moments::of(second)];
    let sorted = [first.sorted(), second.sorted()];
    let sides = [one.side(question, &moments[0], &sorted[0]), two.side(question, &moments[1], &sorted[1])];
    let fewest = if first.len() <= second.len() { ("baseline", first.len()) } else { ("current", second.len()) };
    // One value has no spread: nothing below can be computed of it.
    let too_few = fewest.1 < question.min_samples.max(2);
    let merged = Merged::of(&sorted[0], &sorted[1]);
    let welch = welch::of_moments(&moments[0], &moments[1]).ok();
    let tests = shown::tests(question, (first, second), &moments, merged);
    let effects = effect::of_moments(&moments[1], &moments[0]).unwrap_or(NO_EFFECTS);
    let interval = welch.as_ref().map_or(Interval { lower: f64::NEG_INFINITY, upper: f64::INFINITY }, |test| {
        let interval = test.interval(question.level);
        Interval { lower: -interval.upper, upper: -interval.lower }
    });
    warn_of_oddities(&sides, &mut warnings);
    let standard_error = welch.as_ref().and_then(TTest::estimate).map_or(0.0, |estimate| estimate.standard_error);
    let shift = (first.len().max(second.len()) <= SHIFT_LIMIT).then(|| {
        let found = hodges_lehmann::of_sorted(&sorted[1], &sorted[0], Merged::of(&sorted[1], &sorted[0]), question.level);
        (found.shift, found.interval)
    });
    let [baseline_side, current_side] = sides;
    let measured = verdict::Measured {
        baseline_mean: moments[0].mean(),
        difference: moments[1].minus(&moments[0]),
        interval,
        standard_error,
        pooled_sd: pooled_sd(&moments),
        d: effects.cohen_d,
        n: fewest.1,
        too_few: too_few.then_some(fewest),
        constant: [baseline_side.constant, current_side.constant],
        identical: first.values() == second.values(),
    };
    let conclusion = verdict::conclude(question, &measured, &tests, (&one.values, &two.values));
    Ok(Analysis {
        question: question.clone(),
        baseline: baseline_side,
        current: current_side,
        sorted,
        tests,
        effects,
        cliffs_delta: -MannWhitney::of_merged(merged).cliffs_delta(),
        shift,
        difference: measured.difference,
        interval,
        standard_error,
        conclusion,
        warnings,
    })
}

const NO_EFFECTS: Effects =
    Effects { cohen_d: Size::Undefined, hedges_g: Size::Undefined, hedges_g_approximate: Size::Undefined, glass_delta: Size::Undefined };

impl Analysis {
    /// Whether there was a change for the worse.
    pub fn regressed(&self) -> bool {
        self.conclusion.verdict == Verdict::Regressed
    }

    /// Whether nothing was decided.
    pub fn is_open(&self) -> bool {
        matches!(self.conclusion.verdict, Verdict::Inconclusive { .. })
    }

    /// The rules as the metrics of a run have them.
    pub(crate) fn rules_of(question: &Question) -> Rules {
        Rules { alpha: 1.0 - question.level, min_samples: question.min_samples, seed: question.seed, ..Rules::default() }
    }
}

/// A side after subsampling and filtering.
struct Prepared<'v> {
    given: usize,
    outliers: usize,
    filtered: bool,
    values: Cow<'v, [f64]>,
}

impl<'v> Prepared<'v> {
    fn new(
        side: &'static str,
        question: &Question,
        (given, total): (&'v [f64], usize),
        seed: u64,
        warnings: &mut Vec<String>,
    ) -> Result<Self, AnalysisError> {
        Sample::new(given).map_err(|error| AnalysisError::Unusable { side, error })?;
        let mut values = Cow::Borrowed(given);
        if let Some(most) = question.max_samples.filter(|most| *most < given.len()) {
            let mut drawn = Drawn::new(Some(most), seed);
            for value in given {
                drawn.push(*value);
            }
            values = Cow::Owned(drawn.into_values());
        }
        if values.len() < total {
            warnings.push(format!("{side}: {} of {total} values used, drawn with seed {}", values.len(), question.seed));
        }
        let sample = Sample::new(&values).map_err(|error| AnalysisError::Unusable { side, error })?;
        let named = outliers(sample, question.outliers);
        if let OutlierRule::Z(limit) = question.outliers
            && question.filter_outliers
            && !z_can_name(values.len(), limit)
        {
            warnings.push(format!("{side}: a z rule with {limit} can name nothing among {} values; use mad or iqr", values.len()));
        }
        let filtered = question.filter_outliers && !named.is_empty();
        let outliers = named.len();
        if filtered {
            warnings.push(format!("{side}: {outliers} of {} values left out as outliers", values.len()));
            values = Cow::Owned(without(sample, &named));
        }
        Ok(Self { given: total, outliers, filtered, values })
    }

    fn side(&self, question: &Question, moments: &Moments, sorted: &Sorted) -> Side {
        let n = crate::domain::stats::sample::count(moments.n());
        let mean_interval = moments.sd().map(|sd| {
            let reach = t_isf(0.5 * (1.0 - question.level), n - 1.0) * sd / n.sqrt();
            Interval { lower: moments.mean() - reach, upper: moments.mean() + reach }
        });
        Side {
            given: self.given,
            summary: Summary::new(moments, sorted),
            mean_interval,
            p95: quantile_interval(sorted, 0.95, question.level),
            outliers: self.outliers,
            filtered: self.filtered,
            constant: moments.is_constant(),
        }
    }
}

/// The pooled standard deviation, by which effects are measured.
fn pooled_sd(moments: &[Moments; 2]) -> f64 {
    let weight = |moments: &Moments| crate::domain::stats::sample::count(moments.n().saturating_sub(1));
    let squares: f64 = moments.iter().map(|side| side.variance().unwrap_or(0.0) * weight(side)).sum();
    let df: f64 = moments.iter().map(weight).sum();
    if df > 0.0 { (squares / df).sqrt() } else { 0.0 }
}

fn warn_of_oddities(sides: &[Side; 2], warnings: &mut Vec<String>) {
    let [baseline, current] = sides;
    match (baseline.constant, current.constant) {
        (true, true) => warnings.push("every value of a side is the same: there is no spread to judge chance by".to_owned()),
        (false, true) if current.summary.n > 1 => warnings
            .push("current: every value is the same; one measurement written down again and again is not a sample of many".to_owned()),
        (true, false) if baseline.summary.n > 1 => warnings
            .push("baseline: every value is the same; one measurement written down again and again is not a sample of many".to_owned()),
        (_, _) => {}
    }
    let (low, high) = (baseline.summary.median.abs(), current.summary.median.abs());
    let times = if low > 0.0 && high > 0.0 { (high / low).max(low / high) } else { 1.0 };
    if times >= 100.0 {
        warnings.push(format!("the medians differ {times:.0}-fold: are both sides in the same unit?"));
    }
}

/// Half of the two-sided reach of a test with this power, in standard errors: z₁₋α/₂ + z₁₋β.
fn reach(level: f64, power: f64) -> f64 {
    normal_upper((1.0 - level) / 2.0) + normal_upper(1.0 - power)
}
