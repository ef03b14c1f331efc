//! The tests of one question.

use super::question::{Question, TestKind};
use crate::domain::stats::{
    describe::Moments,
    sample::Sample,
    two_sample::{kolmogorov_smirnov::KolmogorovSmirnov, mann_whitney::MannWhitney, merged::Merged, student, t_test::TTest, welch},
};

/// One test's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct TestShown {
    /// Which.
    pub kind: TestKind,
    /// t, U or D, of baseline against current; `None` where it is infinite or the test could not be made.
    pub statistic: Option<f64>,
    /// Two-sided; `None` where the test could not be made.
    pub p_value: Option<f64>,
    /// Whether `p_value` is at most 1 − the confidence level.
    pub significant: bool,
    /// Why it could not be made.
    pub note: Option<String>,
}

pub(super) fn tests(question: &Question, samples: (Sample<'_>, Sample<'_>), moments: &[Moments; 2], merged: Merged) -> Vec<TestShown> {
    let mut seen: Vec<TestKind> = Vec::new();
    for kind in &question.tests {
        if !seen.contains(kind) {
            seen.push(*kind);
        }
    }
    seen.into_iter().map(|kind| test(kind, question, samples, moments, merged)).collect()
}

fn test(
    kind: TestKind,
    question: &Question,
    (first, second): (Sample<'_>, Sample<'_>),
    moments: &[Moments; 2],
    merged: Merged,
) -> TestShown {
    let [one, two] = moments;
    let found = match kind {
        TestKind::TTest => welch::of_moments(one, two).map(t).map_err(|error| error.to_string()),
        TestKind::StudentT => student::of_moments(one, two).map(t).map_err(|error| error.to_string()),
        TestKind::LogTTest => welch::welch_ratio(first, second).map(|ratio| t(ratio.test)).map_err(|error| error.to_string()),
        TestKind::MannWhitney => {
            let test = MannWhitney::of_merged(merged);
            Ok((Some(test.u_first()), test.p().two_sided))
        }
        TestKind::KolmogorovSmirnov => {
            let test = KolmogorovSmirnov::of_merged(merged);
            Ok((Some(test.d()), test.p().two_sided))
        }
    };
    match found {
        Ok((statistic, p)) => TestShown { kind, statistic, p_value: Some(p), significant: p <= 1.0 - question.level, note: None },
        Err(note) => TestShown { kind, statistic: None, p_value: None, significant: false, note: Some(note) },
    }
}

fn t(test: TTest) -> (Option<f64>, f64) {
    let statistic = match &test {
        TTest::Estimate(estimate) => Some(estimate.t),
        TTest::ConstantAndEqual => Some(0.0),
        TTest::ConstantAndDifferent { .. } => None,
    };
    (statistic, test.p().map_or(1.0, |p| p.two_sided))
}
