//! What the runs of a case amount to: its pass rate, how unsettled it is, and a word for it.

use super::{CaseHistory, Content, SuiteHistory, Tally};
use crate::domain::stats::proportion::{Rate, intervals::wilson};

/// The level of the interval of a pass rate.
pub const LEVEL: f64 = 0.95;

/// A word for what a case did while nothing about it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// It passes and fails by turns, or both in one run.
    Flaky,
    /// It passed, and fails since some run.
    Broken,
    /// It always fails.
    Failing,
    /// It failed, and passes since some run.
    Mended,
    /// It always passes.
    Steady,
    /// Too few samples to say.
    Unknown,
}

/// What a case amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Samples of the newest content.
    pub tally: Tally,
    /// Runs of the newest content.
    pub runs: usize,
    /// The share that passed, with Wilson's interval; `None` without samples.
    pub rate: Option<KnownRate>,
    /// How unsettled it is, in bits: the entropy of its pass rate, from 0 (always the same) to 1 (passes half of the
    /// time). The measure of Kowalczyk et al., "Modeling and Ranking Flaky Tests at Apple", ICSE-SEIP 2020.
    pub flakiness: f64,
    /// How often two runs in a row had another result, over the runs with a predecessor (the flip rate of the same paper);
    /// runs in which it both passed and failed differ from every other. `None` with fewer than two runs.
    pub flip_rate: Option<f64>,
    /// The word.
    pub label: Label,
    /// The number of the run in which the only change of a broken or mended case showed.
    pub since: Option<u64>,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownRate {
    /// The share that passed.
    pub share: f64,
    /// Wilson's interval at [`LEVEL`].
    pub interval: (f64, f64),
}

/// What a case did in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Passed,
    Failed,
    Both,
}

impl Label {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Flaky => "flaky",
            Self::Broken => "broken",
            Self::Failing => "failing",
            Self::Mended => "mended",
            Self::Steady => "steady",
            Self::Unknown => "unknown",
        }
    }
}

impl CaseHistory {
    /// What it amounts to, by its newest content; fewer than `least` samples have no word.
    pub fn standing(&self, least: u64) -> Standing {
        self.newest().map_or_else(
            || Standing {
                tally: Tally::default(),
                runs: 0,
                rate: None,
                flakiness: 0.0,
                flip_rate: None,
                label: Label::Unknown,
                since: None,
            },
            |content| standing(content, least),
        )
    }

    /// The share that passed in each kept run, oldest first, whatever the content was.
    pub fn shares(&self, history: &SuiteHistory) -> Vec<f64> {
        let results = || self.contents.iter().flat_map(|content| &content.results);
        let of_run = |number: u64| results().find(|result| result.0 == number);
        history.runs.iter().filter_map(|run| of_run(run.number)).filter_map(|result| share(result.tally())).collect()
    }
}

/// The share that passed; `None` without samples.
pub fn share(tally: Tally) -> Option<f64> {
    rate(tally).map(Rate::share)
}

fn rate(tally: Tally) -> Option<Rate> {
    Rate::new(usize::try_from(tally.passed).ok()?, usize::try_from(tally.trials()).ok()?).ok()
}

/// A pass rate with its interval; `None` without samples.
pub fn known_rate(tally: Tally) -> Option<KnownRate> {
    let rate = rate(tally)?;
    let interval = wilson(rate, LEVEL);
    Some(KnownRate { share: rate.share(), interval: (interval.lower, interval.upper) })
}

/// What one content amounts to.
pub fn standing(content: &Content, least: u64) -> Standing {
    let tally = content.tally();
    let turns: Vec<(u64, Turn)> = content.results.iter().map(|result| (result.0, turn(result.tally()))).collect();
    let flips: Vec<u64> = turns
        .iter()
        .zip(turns.iter().skip(1))
        .filter(|(before, after)| before.1 != after.1 || after.1 == Turn::Both)
        .map(|(_, after)| after.0)
        .collect();
    let both = turns.iter().any(|turn| turn.1 == Turn::Both);
    let (label, since) = match (flips.as_slice(), turns.last()) {
        _ if tally.trials() < least => (Label::Unknown, None),
        (_, _) if both => (Label::Flaky, None),
        ([], Some((_, Turn::Passed))) => (Label::Steady, None),
        ([], Some((_, Turn::Failed))) => (Label::Failing, None),
        ([only], Some((_, Turn::Failed))) => (Label::Broken, Some(*only)),
        ([only], Some((_, Turn::Passed))) => (Label::Mended, Some(*only)),
        ([], None | Some((_, Turn::Both))) => (Label::Unknown, None),
        _ => (Label::Flaky, None),
    };
    let count = crate::domain::stats::sample::count;
    let flip_rate = (turns.len() > 1).then(|| count(flips.len()) / count(turns.len() - 1));
    Standing { tally, runs: turns.len(), rate: known_rate(tally), flakiness: share(tally).map_or(0.0, entropy), flip_rate, label, since }
}

fn turn(tally: Tally) -> Turn {
    match (tally.passed, tally.failed) {
        (0, _) => Turn::Failed,
        (_, 0) => Turn::Passed,
        _ => Turn::Both,
    }
}

/// Shannon's entropy of a coin with this share, in bits.
fn entropy(share: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(share) + part(1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::{super::CaseResult, *};

    fn content(results: &[(u32, u32)]) -> Content {
        let results = results.iter().zip(0..).map(|((passed, failed), number)| CaseResult(number, *passed, *failed)).collect();
        Content { asked: "a".to_owned(), case: "c".to_owned(), results }
    }

    #[test]
    fn a_word_for_every_course() {
        for (results, label, since) in [
            (&[(5, 0), (5, 0)][..], Label::Steady, None),
            (&[(0, 5), (0, 5)], Label::Failing, None),
            (&[(5, 0), (0, 5)], Label::Broken, Some(1)),
            (&[(0, 5), (5, 0), (5, 0)], Label::Mended, Some(1)),
            (&[(5, 0), (4, 1)], Label::Flaky, None),
            (&[(4, 0), (0, 4), (4, 0)], Label::Flaky, None),
            (&[(5, 0), (4, 0)], Label::Unknown, None),
            (&[(9, 1)], Label::Flaky, None),
            (&[], Label::Unknown, None),
        ] {
            let found = standing(&content(results), 10);
            assert_eq!((found.label, found.since), (label, since), "{results:?}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_definitions() {
        let half = standing(&content(&[(5, 5), (5, 5)]), 1);
        assert!((half.flakiness - 1.0).abs() < 1e-12 && half.flip_rate.is_some_and(|rate| rate > 0.999));
        // H(0.9) = 0.468995593589281 bits.
        let rare = standing(&content(&[(10, 0), (8, 2)]), 1);
        assert!((rare.flakiness - 0.468_995_593_589_281).abs() < 1e-12);
        // Wilson's interval of 18 of 20 at 95 %, as R's binom.confint writes it.
        let interval = rare.rate.unwrap().interval;
        assert!((interval.0 - 0.698_976).abs() < 1e-4 && (interval.1 - 0.972_135).abs() < 1e-4, "{interval:?}");
        assert_eq!(standing(&content(&[(3, 0)]), 1).flip_rate, None);
        assert!(standing(&content(&[(3, 0)]), 1).flakiness.abs() < f64::EPSILON);
    }
}
