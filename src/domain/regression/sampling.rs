//! Asking more only while a verdict is open, so that looking again and again costs no more false alarms than looking once.
//!
//! The looks are known before the first answer: after so many repeats of every case, at most 20. Each gets a one-sided level from
//! Lan and `DeMets`' spending of O'Brien-Fleming type with the share of repeats as the share of information ([`Looks::plan`]); at
//! look k the primary test's p-value is held against the level of look k, and the interval is the repeated confidence interval of
//! Jennison and Turnbull (JRSS B 51 (1989) 305): the one at that level. An effect that differs from case to case is known better
//! early than the share of repeats says. Then looks hang together more closely than planned, and by Slepian's inequality fewer
//! false alarms follow, never more. Over all looks a true null is rejected with probability α at most.
//!
//! For Holm over several metrics each needs one p-value that is valid whenever one stops ([`Looks::p_over`]): with λ the least
//! of p over level among the looks so far, and S the sum of all levels, it is min(λS, α) where λ ≤ 1, else min(λS, 1). That is
//! at most u with probability u at most: the boundary is crossed with probability α, and any λ ≤ u/S by Bonferroni over the looks
//! with probability u at most.

use super::{
    Evidence, Judgement, Rules, Verdict,
    evidence::{Measured, Undecided},
};
use crate::domain::{
    stats::{
        proportion::{Rate, against::against},
        sample::count,
        sequential::alpha_spending::boundaries,
        special::normal_sf,
    },
    suite::{Repeat, run::Counts},
};

/// How many samples adaptive sampling asked, and why it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sampling {
    /// Samples asked, both sides.
    pub asked: usize,
    /// Samples that the most repeats would have asked.
    pub most: usize,
    /// How often every case was asked.
    pub repeats: u32,
    /// The fewest and the most repeats.
    pub bounds: (u32, u32),
    /// How often the answers were looked at.
    pub look: usize,
    /// How often they could have been.
    pub looks: usize,
    /// What was to be decided.
    pub question: Question,
    /// Why no more was asked.
    pub stopped: Stopped,
}

/// What repeats are to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Whether head is worse than base.
    Base,
    /// Whether the pass rate is above or below the one that the suite needs.
    PassRate,
}

/// Why no more was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// The verdict is decided.
    Decided,
    /// The most repeats were asked.
    Most,
    /// More answers to the same cases cannot decide it.
    Undecidable,
    /// Another round would not have ended within the suite's time limit.
    TimeLimit,
    /// Another round would pass the run's budget.
    Budget,
    /// Samples of this round have no judgement.
    Unjudged,
}

impl Sampling {
    /// Whether a verdict stopped it, or the largest number of repeats.
    pub fn decided(&self) -> bool {
        self.stopped == Stopped::Decided
    }

    /// The looks that base and head had, where that was the question.
    pub fn looks_at_base(&self) -> Option<Repeat> {
        (self.question == Question::Base).then(|| Repeat::between(self.bounds.0, self.bounds.1)).flatten()
    }
}

/// What is known after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Enough.
    Decided,
    /// More repeats may decide it.
    Open,
    /// More repeats cannot.
    Undecidable,
}

/// The planned looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    repeats: Vec<u32>,
    levels: Vec<f64>,
    alpha: f64,
}

impl Looks {
    /// The looks of an adaptive suite, with one-sided levels that spend `alpha` together.
    pub fn plan(repeat: Repeat, alpha: f64) -> Self {
        let repeats = repeat.looks();
        let fractions: Vec<f64> = repeats.iter().map(|asked| f64::from(*asked) / f64::from(repeat.max())).collect();
        // A plan that spending does not know shares the level out evenly, which always holds.
        let levels = boundaries(alpha, &fractions).map_or_else(
            |_| vec![alpha / count(fractions.len()); fractions.len()],
            |looks| looks.iter().map(|look| normal_sf(look.z)).collect(),
        );
        Self { repeats, levels, alpha }
    }

    /// How often every case was asked at each look.
    pub fn repeats(&self) -> &[u32] {
        &self.repeats
    }

    /// The one-sided level of each look.
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// The rules of one look, from 0: its interval is at its level.
    pub fn rules(&self, look: usize, rules: &Rules) -> Rules {
        Rules { alpha: self.levels.get(look).copied().unwrap_or(self.alpha), ..*rules }
    }

    /// One p-value for all looks so far, valid whenever one stops.
    pub fn p_over(&self, p_values: impl IntoIterator<Item = f64>) -> f64 {
        let least = p_values.into_iter().zip(&self.levels).map(|(p, level)| p / level).fold(f64::INFINITY, f64::min);
        let bonferroni = least * self.levels.iter().sum::<f64>();
        if least <= 1.0 { bonferroni.min(self.alpha) } else { bonferroni.min(1.0) }
    }

    /// The evidence of the last look with p-values and intervals that hold over all of them.
    pub fn merged(&self, looks: &[Vec<Evidence>]) -> Vec<Evidence> {
        let Some((last, _)) = looks.split_last() else { return Vec::new() };
        last.iter().map(|evidence| self.over(evidence, looks)).collect()
    }

    fn over(&self, last: &Evidence, looks: &[Vec<Evidence>]) -> Evidence {
        let Ok(measured) = &last.result else { return last.clone() };
        let at = |look: &Vec<Evidence>| look.iter().find(|evidence| evidence.metric.name == last.metric.name).cloned();
        let each: Vec<Option<Measured>> = looks.iter().map(|look| at(look)?.result.ok()).collect();
        // A look at which nothing was measured says nothing.
        let p = |of: fn(&Measured) -> f64| self.p_over(each.iter().map(|measured| measured.as_ref().map_or(1.0, of)));
        let [mut low, mut high] = measured.interval;
        for earlier in each.iter().flatten().filter(|earlier| earlier.scale == measured.scale) {
            // All of them hold at once, so what they share holds too.
            let both = [low.max(earlier.interval[0]), high.min(earlier.interval[1])];
            if both[0] <= measured.effect && measured.effect <= both[1] {
                [low, high] = both;
            }
        }
        let over = Measured {
            interval: [low, high],
            p_fail: p(|measured| measured.p_fail),
            p_warn: p(|measured| measured.p_warn),
            p_non_inferior: p(|measured| measured.p_non_inferior),
            p_improved: p(|measured| measured.p_improved),
            ..measured.clone()
        };
        Evidence { result: Ok(over), ..last.clone() }
    }
}

/// Whether base and head need another round: not once one metric that can fail the run did, or none of them is open; nor
/// where what is open needs more cases, not more answers to the same.
pub fn state(judgements: &[Judgement]) -> State {
    if judgements.iter().any(Judgement::fails) {
        return State::Decided;
    }
    let mut open = judgements.iter().filter(|judgement| judgement.is_open()).peekable();
    let decides = |judgement: &&Judgement| judgement.evidence.metric.decides == super::Decides::Fail;
    if open.peek().is_none() {
        return if judgements.iter().find(decides).is_some() { State::Decided } else { State::Undecidable };
    }
    if open.any(|judgement| matches!(judgement.verdict, Verdict::Inconclusive { why: Undecided::Wide, .. })) {
        State::Open
    } else {
        State::Undecidable
    }
}

/// Whether the answers of one version settle on which side of `needed` its pass rate is, by an exact test at `level`. A
/// rate of 1 is never proved: one failure decides, and no number of passing answers does.
pub fn state_of_rate(counts: &Counts, needed: f64, level: f64) -> State {
    if needed >= 1.0 {
        return if counts.failed > 0 { State::Decided } else { State::Undecidable };
    }
    let Ok(rate) = Rate::new(counts.passed, counts.passed + counts.failed) else { return State::Undecidable };
    let test = against(rate, needed);
    if test.higher <= level || test.lower <= level { State::Decided } else { State::Open }
}

#[cfg(test)]
#[path = "sampling_tests.rs"]
mod tests;
