//! Is a failure news? A case that is known to flicker is held against the rate that its history knows.

use super::{Content, Tally, standing};
use crate::domain::{
    stats::{
        multiplicity::{Method, adjust},
        proportion::{Rate, fisher::fisher},
    },
    suite::run::KnownFlaky,
};

/// How sure it must be that a flaky case fails more often than it did.
pub const ALPHA: f64 = 0.05;

/// A case that failed in this run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failing<'h> {
    /// What it counted in this run.
    pub now: Tally,
    /// Its history with the definition that it has now; `None` where there is none.
    pub content: Option<&'h Content>,
}

/// What the histories of a suite's failing cases say, in their order; `None` for a case that is not known to be flaky: its failure
/// is news. A flaky case is at its known rate unless Fisher's exact test of this run against the history (one-sided; both are
/// samples, so the history's own uncertainty counts), adjusted by Holm over the flaky cases, says that it passes less often.
pub fn of(cases: &[Failing<'_>], least: u64) -> Vec<Option<KnownFlaky>> {
    let known: Vec<Option<(Tally, f64)>> = cases.iter().map(|case| known(case, least)).collect();
    let p_values: Vec<f64> = known.iter().flatten().map(|(_, p)| *p).collect();
    // A p-value that is no probability leaves every case news.
    let mut adjusted = adjust(Method::Holm, &p_values).unwrap_or_else(|_| vec![0.0; p_values.len()]).into_iter();
    known
        .into_iter()
        .map(|known| {
            let (history, _) = known?;
            let p_value = adjusted.next()?;
            Some(KnownFlaky { passed: history.passed, trials: history.trials(), p_value, at_known_rate: p_value > ALPHA })
        })
        .collect()
}

/// The history of a flaky case, and the chance of this run by it.
fn known(case: &Failing<'_>, least: u64) -> Option<(Tally, f64)> {
    let content = case.content?;
    if standing::standing(content, least).label != standing::Label::Flaky {
        return None;
    }
    let history = content.tally();
    Some((history, fisher(rate(case.now)?, rate(history)?).less))
}

fn rate(tally: Tally) -> Option<Rate> {
    Rate::new(usize::try_from(tally.passed).ok()?, usize::try_from(tally.trials()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{super::CaseResult, *};

    fn content(results: &[(u32, u32)]) -> Content {
        let results = results.iter().zip(0..).map(|((passed, failed), number)| CaseResult(number, *passed, *failed)).collect();
        Content { asked: "a".to_owned(), case: "c".to_owned(), results }
    }

    fn judged(now: (u64, u64), history: Option<&[(u32, u32)]>) -> Option<KnownFlaky> {
        let content = history.map(content);
        let case = Failing { now: Tally { passed: now.0, failed: now.1 }, content: content.as_ref() };
        of(&[case], 10).pop().flatten()
    }

    #[test]
    fn without_a_history_every_failure_is_news() {
        assert_eq!(judged((0, 1), None), None);
        assert_eq!(judged((0, 1), Some(&[(4, 1)])), None, "too few samples");
        assert_eq!(judged((0, 1), Some(&[(50, 0)])), None, "it never failed");
        assert_eq!(judged((0, 1), Some(&[(0, 50)])), None, "it always fails: not flaky");
        assert_eq!(judged((0, 1), Some(&[(20, 0), (0, 20)])), None, "it broke: not flaky");
    }

    #[test]
    fn the_known_rate_is_no_news_and_a_worse_one_is() {
        let known = judged((4, 1), Some(&[(40, 10)])).unwrap();
        assert!(known.at_known_rate, "{known:?}");
        // Fisher's exact test of 0/5 against 40/50: scipy.stats.fisher_exact([[0, 5], [40, 10]], "less") = 0.0008632.
        let worse = judged((0, 5), Some(&[(40, 10)])).unwrap();
        assert!(!worse.at_known_rate && (worse.p_value - 0.000_863_231).abs() < 1e-8, "{worse:?}");
    }

    #[test]
    fn many_flaky_cases_are_held_to_one_level() {
        let history = content(&[(40, 10)]);
        let case = Failing { now: Tally { passed: 1, failed: 3 }, content: Some(&history) };
        let alone = of(&[case], 10);
        let among = of(&[case; 20], 10);
        let at_known = |found: &[Option<KnownFlaky>]| found.iter().flatten().filter(|known| known.at_known_rate).count();
        assert_eq!((at_known(&alone), at_known(&among)), (0, 20));
    }
}
