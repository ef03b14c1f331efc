//! How often every case of a suite is asked: once in a fixed number, or round by round while the verdict is open.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use crate::app::test::SuitePlan;
use crate::domain::{
    regression::{
        Evidence, Settings, decide,
        sampling::{Looks, Question, Sampling, State, Stopped, state, state_of_rate},
    },
    suite::{
        CaseId,
        run::{Counts, Sample},
    },
};

/// The rounds of one suite.
pub(in crate::app::test) struct Rounds<'a> {
    suite: &'a SuitePlan,
    settings: &'a Settings,
    /// Cases of base, where it is asked.
    of_base: Option<usize>,
    /// Cases in quarantine: they are asked and decide nothing.
    excused: BTreeSet<CaseId>,
    looks: Looks,
    seen: Vec<Vec<Evidence>>,
    /// The round that is asked, from 0.
    round: usize,
    began: Duration,
    longest: Duration,
    stopped: Option<Stopped>,
}

impl<'a> Rounds<'a> {
    pub(in crate::app::test) fn new(
        suite: &'a SuitePlan,
        of_base: Option<&SuitePlan>,
        settings: &'a Settings,
        excused: BTreeSet<CaseId>,
        now: Duration,
    ) -> Self {
        let looks = Looks::plan(suite.settings.repeat, settings.rules.alpha);
        let of_base = of_base.map(|base| base.cases.len());
        Self { suite, settings, of_base, excused, looks, seen: Vec::new(), round: 0, began: now, longest: Duration::ZERO, stopped: None }
    }

    /// The repeats of the round that is to be asked.
    pub(in crate::app::test) fn repeats(&self) -> Range<u32> {
        self.repeats_of(self.round)
    }

    fn repeats_of(&self, round: usize) -> Range<u32> {
        let before = round.checked_sub(1).and_then(|before| self.looks.repeats().get(before)).copied().unwrap_or_default();
        before..self.asked_after(round)
    }

    /// How often every case was asked after a round.
    fn asked_after(&self, round: usize) -> u32 {
        self.looks.repeats().get(round).copied().unwrap_or_else(|| self.suite.settings.repeat.max())
    }

    /// How many samples the next round asks for.
    pub(in crate::app::test) fn samples(&self) -> usize {
        self.samples_of(self.round)
    }

    fn samples_of(&self, round: usize) -> usize {
        self.repeats_of(round).len().saturating_mul(self.suite.cases.len() + self.of_base.unwrap_or_default())
    }

    /// Looks at everything that was answered so far; whether another round is to be asked before `until`. `affords` says whether
    /// so many more samples fit into the budget: a round that ends halfway decides nothing and is paid for.
    pub(in crate::app::test) fn goes_on(
        &mut self,
        head: &[Sample],
        base: &[Sample],
        (now, until): (Duration, Duration),
        affords: impl FnOnce(usize) -> bool,
    ) -> bool {
        self.longest = self.longest.max(now.saturating_sub(self.began));
        self.began = now;
        let last = self.round + 1 == self.looks.repeats().len();
        let unjudged = |samples| {
            let counts = self.counting(samples);
            counts.faulted + counts.not_run > 0
        };
        let unjudged = unjudged(head) || unjudged(base);
        self.stopped = match self.state(head, base) {
            State::Decided => Some(Stopped::Decided),
            _ if last => Some(Stopped::Most),
            _ if unjudged => Some(Stopped::Unjudged),
            State::Undecidable => Some(Stopped::Undecidable),
            // Half as long again as the longest round so far.
            State::Open if now + self.longest.mul_f64(1.5) > until => Some(Stopped::TimeLimit),
            State::Open if !affords(self.samples_of(self.round + 1)) => Some(Stopped::Budget),
            State::Open => None,
        };
        if self.stopped.is_none() {
            self.round += 1;
        }
        self.stopped.is_none()
    }

    fn counting(&self, samples: &[Sample]) -> Counts {
        Counts::of(samples.iter().filter(|sample| !self.excused.contains(&sample.case_id)))
    }

    fn state(&mut self, head: &[Sample], base: &[Sample]) -> State {
        if !self.suite.settings.repeat.is_adaptive() {
            return State::Open;
        }
        if self.of_base.is_none() {
            let level = self.looks.levels().get(self.round).copied().unwrap_or_default();
            return state_of_rate(&self.counting(head), self.suite.settings.min_pass_rate, level);
        }
        let counts = |case: &CaseId| !self.excused.contains(case);
        self.seen.push(self.looks.seen(self.round, base, head, self.settings, &counts));
        state(&decide(self.looks.merged(&self.seen), &self.settings.rules))
    }

    /// What it came to; `None` where the number of repeats was fixed.
    pub(in crate::app::test) fn sampling(&self, asked: usize) -> Option<Sampling> {
        let repeat = self.suite.settings.repeat;
        let cases = self.suite.cases.len() + self.of_base.unwrap_or_default();
        Some(Sampling {
            asked,
            most: cases.saturating_mul(repeat.max() as usize),
            repeats: self.asked_after(self.round),
            bounds: (repeat.min(), repeat.max()),
            look: self.round + 1,
            looks: self.looks.repeats().len(),
            question: if self.of_base.is_some() { Question::Base } else { Question::PassRate },
            stopped: self.stopped?,
        })
        .filter(|_| repeat.is_adaptive())
    }
}
