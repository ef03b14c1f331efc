//! From a check's judgement to an assertion's result, and from assertions to a case's score.

use super::{Assertion, Grader, Judgement, Need, Subject};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::run::AssertionRun,
};

/// Absorbs the rounding of weighted means, so that 0.1 + 0.2 reaches a threshold of 0.3.
const ROUNDING: f64 = 1e-9;

impl Assertion {
    /// Proves before any paid call that it can be judged with these variables.
    ///
    /// # Errors
    /// What will not work, as a fragment.
    pub fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.check.prepare(variables)
    }

    /// Whether it needs the price of an answer.
    pub fn needs_cost(&self) -> bool {
        self.check.needs_cost()
    }

    /// What this answer lacks without which nothing can be judged, with the assertion's label.
    pub fn lacks(&self, subject: &Subject<'_>) -> Option<String> {
        self.check.lacks(subject).map(|what| format!("assertion {}: {what}", self.label))
    }

    /// Whom it will ask.
    pub fn graders(&self) -> Vec<Grader> {
        self.check.graders()
    }

    /// What must be asked elsewhere before this answer can be judged.
    pub fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        self.check.needs(subject)
    }

    /// Judges an answer: the check with negation and weight. Called only with variables for which
    /// [`Assertion::prepare`] succeeded.
    pub fn judge(&self, subject: &Subject<'_>) -> AssertionRun {
        let Judgement { passed, score, reason, decided: _ } = self.judgement(subject);
        AssertionRun { name: self.name.clone(), label: self.label.clone(), passed, score, weight: self.weight, reason }
    }

    /// The check's judgement with negation applied.
    pub(super) fn judgement(&self, subject: &Subject<'_>) -> Judgement {
        let found = self.check.judge(subject);
        if !found.decided {
            return Judgement::undecided(found.reason);
        }
        let score = if found.score.is_nan() { 0.0 } else { found.score.clamp(0.0, 1.0) };
        match (self.negated, found.passed) {
            (false, passed) => Judgement::scored(passed, score, found.reason),
            (true, true) => Judgement::scored(false, 1.0 - score, format!("{}, and must not", found.reason)),
            (true, false) => Judgement::scored(true, 1.0 - score, found.reason),
        }
    }
}

/// Whether a case holds, and its score: the weighted mean of its assertions' scores.
///
/// Without a threshold every assertion of weight above 0 must hold; with one, the score must reach it. Without any
/// weighted assertion nothing was tested, so the case fails with score 0 (the configuration refuses such a case).
pub fn score(assertions: &[AssertionRun], threshold: Option<f64>) -> (bool, f64) {
    let Some(mean) = weighted_mean(assertions.iter().map(|run| (run.weight, run.score))) else { return (false, 0.0) };
    let passed = match threshold {
        Some(threshold) => reaches(mean, threshold),
        None => assertions.iter().filter(|run| run.weight > 0.0).all(|run| run.passed),
    };
    (passed, mean)
}

/// Whether a score reaches a threshold, rounding aside.
pub(super) fn reaches(score: f64, threshold: f64) -> bool {
    score >= threshold - ROUNDING
}

/// The weighted mean of scores; `None` when no weight is above 0.
pub(super) fn weighted_mean(items: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    // Weights are taken relative to the largest, so that even extreme ones cannot overflow.
    let largest = items.clone().map(|(weight, _)| weight).filter(|weight| weight.is_finite()).fold(0.0, f64::max);
    if largest <= 0.0 {
        return None;
    }
    let (sum, weights) =
        items.filter(|(weight, _)| weight.is_finite() && *weight > 0.0).fold((0.0, 0.0), |(sum, weights), (weight, score)| {
            let share = weight / largest;
            (share.mul_add(score, sum), weights + share)
        });
    Some((sum / weights).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(passed: bool, score: f64, weight: f64) -> AssertionRun {
        AssertionRun { name: String::new(), label: String::new(), passed, score, weight, reason: String::new() }
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-12
    }

    #[test]
    fn without_a_threshold_every_weighted_assertion_must_hold() {
        let (passed, score) = score(&[run(true, 1.0, 3.0), run(false, 0.5, 1.0)], None);
        assert!(!passed && close(score, 0.875), "{score}");
        let (passed, score) = super::score(&[run(true, 1.0, 1.0), run(false, 0.0, 0.0)], None);
        assert!(passed && close(score, 1.0), "informational ones do not count: {score}");
    }

    #[test]
    fn with_a_threshold_the_score_decides() {
        let runs = [run(true, 1.0, 1.0), run(false, 0.0, 1.0)];
        assert!(score(&runs, Some(0.5)).0);
        assert!(!score(&runs, Some(0.51)).0);
        assert!(!score(&runs, Some(f64::NAN)).0);
        let thirds = [run(true, 1.0, 0.1), run(true, 1.0, 0.2), run(false, 0.0, 0.7)];
        assert!(score(&thirds, Some(0.3)).0, "rounding is absorbed");
    }

    #[test]
    fn without_weight_nothing_was_tested() {
        assert_eq!(score(&[], None), (false, 0.0));
        assert_eq!(score(&[run(true, 1.0, 0.0)], Some(0.0)), (false, 0.0));
    }

    #[test]
    fn extreme_weights_do_not_overflow() {
        let (passed, score) = score(&[run(true, 1.0, f64::MAX), run(true, 1.0, f64::MAX), run(true, 1.0, 5e-324)], None);
        assert!(passed && close(score, 1.0), "{score}");
    }
}
