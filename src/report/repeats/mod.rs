//! What asking every case several times came to, in words for every report: raw text, to be escaped by the renderer.

use super::number;
use crate::domain::{
    regression::sampling::{Question, Sampling, Stopped},
    suite::{
        confirm::{Confirmation, Confirmed},
        pass_at::pass_at,
        run::{Counts, SuiteRun},
    },
};

/// The largest k of pass@k that is shown; JSON has all.
const SHOWN: usize = 5;

/// A sentence each: how often cases were asked and why, what repeats say, what failed again.
pub(super) fn lines(suite: &SuiteRun, cases: usize) -> Vec<String> {
    let mut lines: Vec<String> = suite.sampling.iter().map(sampling).collect();
    lines.extend(chances(suite));
    lines.extend(confirmed(suite));
    lines.extend(suite.confirmations.iter().take(cases).map(confirmation));
    if let Some(more @ 1..) = suite.confirmations.len().checked_sub(cases) {
        lines.push(format!("…and {} more cases asked again", number::size(more)));
    }
    lines
}

/// How many calls adaptive sampling made and saved, and why it stopped.
fn sampling(sampling: &Sampling) -> String {
    let Sampling { asked, most, repeats, bounds, look, looks, question, stopped } = *sampling;
    let saved = most.saturating_sub(asked);
    let what = match question {
        Question::Base => "whether head is worse than base",
        Question::PassRate => "on which side of `min-pass-rate` the suite is",
    };
    let why = match stopped {
        Stopped::Decided => format!("{what} was decided at look {look} of {looks}"),
        Stopped::Most => format!("{what} was still open at the last of {looks} looks"),
        Stopped::Undecidable if question == Question::PassRate => {
            "without base and with a `min-pass-rate` of 1 more passing answers prove nothing, so only the least was asked".to_owned()
        }
        Stopped::Undecidable => format!("{what} cannot be decided by more answers to the same cases (look {look} of {looks})"),
        Stopped::TimeLimit => format!("{what} is open, and another round would not fit into the suite's time limit"),
        Stopped::Budget => format!("{what} is open, and another round would not fit into the run's budget"),
        Stopped::Unjudged => format!("samples without an answer stopped it at look {look} of {looks}"),
    };
    format!(
        "asked {} of at most {} samples, saved {} ({repeats} repeats of {} to {}): {why}",
        number::size(asked),
        number::size(most),
        number::size(saved),
        bounds.0,
        bounds.1
    )
}

/// pass@k and pass^k, where every case has several answers.
fn chances(suite: &SuiteRun) -> Option<String> {
    let found = pass_at(&suite.samples)?;
    let shown = |mark: char, of: fn(&(f64, f64)) -> f64| {
        let each = found.chances.iter().enumerate().skip(1).take(SHOWN - 1);
        each.map(|(at, chance)| format!("pass{mark}{} {}", at + 1, number::percent(of(chance)))).collect::<Vec<_>>().join(", ")
    };
    // The estimators are unbiased where the number of answers does not depend on them.
    let stopped = suite.sampling.is_some_and(|sampling| sampling.decided());
    let stopped = if stopped { "; the answers themselves ended the repeats, which shifts these a little" } else { "" };
    Some(format!(
        "{}; {} ({}, {} answers or more each{stopped})",
        shown('@', |chance| chance.0),
        shown('^', |chance| chance.1),
        number::plural(found.cases, "case"),
        number::size(found.answers)
    ))
}

/// How many failing cases failed again.
fn confirmed(suite: &SuiteRun) -> Option<String> {
    let all = suite.confirmations.len();
    let of = |wanted: Confirmed| suite.confirmations.iter().filter(|confirmation| confirmation.found() == wanted).count();
    let unknown = match of(Confirmed::Unknown) {
        0 => String::new(),
        unknown => format!(", {} without enough answers", number::size(unknown)),
    };
    (all > 0).then(|| {
        format!(
            "asked again: {} of {} confirmed, {} flaky{unknown}; this labels cases and changes no verdict, since only failing ones were chosen",
            number::size(of(Confirmed::Yes)),
            number::plural(all, "failing case"),
            number::size(of(Confirmed::Flaky))
        )
    })
}

fn confirmation(confirmation: &Confirmation) -> String {
    let head = Counts::of(&confirmation.head);
    let base = confirmation.base.as_ref().map(Counts::of);
    let base = base.map_or_else(String::new, |base| {
        format!("{} of {} passed again on base, ", number::size(base.passed), number::size(base.passed + base.failed))
    });
    format!(
        "{}: {} ({base}{} of {} on head)",
        confirmation.found().word(),
        confirmation.case,
        number::size(head.passed),
        number::size(head.passed + head.failed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            provider::{FaultKind, ProviderFault},
            suite::{
                CaseId,
                run::{Sample, SampleResult},
            },
        },
        report::fixture,
    };

    fn sample(index: usize, repeat: u32, passed: bool) -> Sample {
        let assertion = fixture::assertion("contains", "contains: \"Ana\"", passed, "looked for");
        Sample { repeat, ..fixture::judged(index, &format!("case-{index}"), "Hello", vec![assertion]) }
    }

    fn stopped(question: Question, stopped: Stopped) -> String {
        let found = Sampling { asked: 40, most: 100, repeats: 2, bounds: (1, 5), look: 2, looks: 5, question, stopped };
        sampling(&found)
    }

    #[test]
    fn why_no_more_was_asked_is_said() {
        assert_eq!(
            stopped(Question::Base, Stopped::Decided),
            "asked 40 of at most 100 samples, saved 60 (2 repeats of 1 to 5): whether head is worse than base was decided at look 2 of 5"
        );
        for (question, why, expected) in [
            (Question::Base, Stopped::Most, "still open at the last of 5 looks"),
            (Question::Base, Stopped::Undecidable, "cannot be decided by more answers to the same cases"),
            (Question::PassRate, Stopped::Undecidable, "only the least was asked"),
            (Question::PassRate, Stopped::Decided, "on which side of `min-pass-rate` the suite is was decided"),
            (Question::Base, Stopped::TimeLimit, "would not fit into the suite's time limit"),
            (Question::Base, Stopped::Budget, "would not fit into the run's budget"),
            (Question::Base, Stopped::Unjudged, "samples without an answer stopped it"),
        ] {
            let said = stopped(question, why);
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn repeats_say_how_often_one_or_all_of_them_pass() {
        // Case 0 passes 3 of 3, case 1 passes 1 of 3: pass@2 = (1 + (1 − 1/3)) / 2, pass^2 = (1 + 0) / 2.
        let samples = (0..3).flat_map(|repeat| [sample(0, repeat, true), sample(1, repeat, repeat == 0)]).collect();
        let said = lines(&fixture::suite("s", samples), 10);
        assert_eq!(said, ["pass@2 83.3 %, pass@3 100 %; pass^2 50 %, pass^3 50 % (2 cases, 3 answers or more each)"]);
        assert_eq!(lines(&fixture::suite("s", vec![sample(0, 0, true)]), 10), Vec::<String>::new());
    }

    #[test]
    fn what_fails_again_is_told_from_what_does_not() {
        let again = |case: usize, passed: &[bool], base: Option<&[bool]>| {
            let of = |passed: &[bool]| passed.iter().map(|passed| sample(case, 0, *passed)).collect::<Vec<_>>();
            Confirmation { case: CaseId(format!("case-{case}")), head: of(passed), base: base.map(of) }
        };
        let mut suite = fixture::suite("s", vec![sample(0, 0, false)]);
        let mut missing = again(3, &[false, false], None);
        missing.head[1].result = SampleResult::Faulted(ProviderFault::new(FaultKind::Unreachable, "gone"));
        suite.confirmations = vec![
            again(0, &[false, false, false], Some(&[true, true, true])),
            again(1, &[false, true, false], Some(&[true, true, true])),
            again(2, &[false, false, false], Some(&[true, false, true])),
            missing,
            again(4, &[false, false], Some(&[])),
        ];
        let said = lines(&suite, 4);
        assert!(said[0].starts_with("asked again: 1 of 5 failing cases confirmed, 2 flaky, 2 without enough answers"), "{said:?}");
        assert_eq!(said[1], "confirmed: case-0 (3 of 3 passed again on base, 0 of 3 on head)");
        assert_eq!(said[2], "not confirmed (flaky): case-1 (3 of 3 passed again on base, 1 of 3 on head)");
        assert_eq!(said[3], "not confirmed (flaky): case-2 (2 of 3 passed again on base, 0 of 3 on head)");
        assert_eq!(said[4], "not confirmed (an answer is missing): case-3 (0 of 1 on head)");
        assert_eq!(said[5], "…and 1 more cases asked again");
    }
}
