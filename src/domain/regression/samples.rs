//! From the samples of base and head to evidence and a comparison. Cases are paired; repeats are averaged within their
//! case first, because samples of one case are not independent.

use std::collections::BTreeMap;

use super::{
    Evidence, Metric, Rules, Settings,
    comparison::{CaseComparison, CaseStatus, Change, Comparison},
    decide,
    evidence::Undecided,
    paired::{self, Pairs},
    sampling::{Looks, Sampling},
};
use crate::domain::{
    duration::millis,
    stats::{mean, paired::mcnemar::McNemar},
    suite::{
        case::CaseId,
        run::{KeptAnswer, Sample, SampleResult},
    },
};

/// Compares both sides of one suite. `base` and `head` are in the order of cases, then repeats, and name their cases alike.
pub fn compare(base: &[Sample], head: &[Sample], changes: Vec<Change>, settings: &Settings) -> Comparison {
    compare_counting(base, head, changes, settings, &|_| true, None)
}

/// The same, with verdicts by the cases that `counts` alone: the others are listed, and decide nothing. Where more was asked
/// only while the verdict was open, every look counts.
pub fn compare_counting(
    base: &[Sample],
    head: &[Sample],
    changes: Vec<Change>,
    settings: &Settings,
    counts: &dyn Fn(&CaseId) -> bool,
    sampling: Option<Sampling>,
) -> Comparison {
    let cases = Cases::of(base, head);
    let evidence = match sampling.and_then(|sampling| Some((sampling.look, sampling.looks_at_base()?))) {
        Some((look, repeat)) => {
            let looks = Looks::plan(repeat, settings.rules.alpha);
            looks.merged(&(0..look).map(|look| looks.seen(look, base, head, settings, counts)).collect::<Vec<_>>())
        }
        None => cases.only(counts).all_evidence(settings, &settings.rules),
    };
    Comparison {
        changes,
        judgements: decide(evidence, &settings.rules),
        cases: cases.compared(),
        rules: settings.rules,
        on_inconclusive: settings.on_inconclusive,
        sampling,
    }
}

impl Looks {
    /// What one look sees, from 0: every case that counts as often as it was asked by then, judged at the look's level.
    pub fn seen(
        &self,
        look: usize,
        base: &[Sample],
        head: &[Sample],
        settings: &Settings,
        counts: &dyn Fn(&CaseId) -> bool,
    ) -> Vec<Evidence> {
        let until = self.repeats().get(look).copied().unwrap_or(u32::MAX);
        let of = |samples| <[Sample]>::iter(samples).filter(move |sample: &&Sample| sample.repeat < until && counts(&sample.case_id));
        Cases::of_these(of(base), of(head)).all_evidence(settings, &self.rules(look, &settings.rules))
    }
}

/// The samples of both sides, case by case in head's order.
pub(super) struct Cases<'s>(Vec<(&'s CaseId, [Vec<&'s Sample>; 2])>);

/// How a metric is read from a sample; `None` where the sample has no such number.
pub(super) type Number<'m> = Box<dyn Fn(&Sample) -> Option<f64> + 'm>;

impl<'s> Cases<'s> {
    pub(super) fn of(base: &'s [Sample], head: &'s [Sample]) -> Self {
        Self::of_these(base.iter(), head.iter())
    }

    fn of_these(base: impl Iterator<Item = &'s Sample>, head: impl Iterator<Item = &'s Sample>) -> Self {
        let mut places: BTreeMap<&CaseId, usize> = BTreeMap::new();
        let mut cases: Vec<(&CaseId, [Vec<&Sample>; 2])> = Vec::new();
        for (sample, of_base) in head.map(|sample| (sample, false)).chain(base.map(|sample| (sample, true))) {
            let place = *places.entry(&sample.case_id).or_insert(cases.len());
            if place == cases.len() {
                cases.push((&sample.case_id, [Vec::new(), Vec::new()]));
            }
            if let Some((_, [ours, theirs])) = cases.get_mut(place) {
                if of_base { ours.push(sample) } else { theirs.push(sample) }
            }
        }
        Self(cases)
    }

    fn all_evidence(&self, settings: &Settings, rules: &Rules) -> Vec<Evidence> {
        settings.metrics.iter().filter_map(|metric| self.evidence(metric, settings.wanted.contains(&metric.name), rules)).collect()
    }

    /// One value a case and side: the mean over its samples that have one.
    fn values(&self, of: &dyn Fn(&Sample) -> Option<f64>) -> Values {
        let mut values = Values::default();
        for (_, [base, head]) in &self.0 {
            let side = |samples: &[&Sample]| mean(&samples.iter().filter_map(|sample| of(sample)).collect::<Vec<_>>());
            values.add(side(base), side(head));
        }
        values
    }

    /// The cases that `counts`.
    pub(super) fn only(&self, counts: &dyn Fn(&CaseId) -> bool) -> Self {
        Self(self.0.iter().filter(|(case, _)| counts(case)).cloned().collect())
    }

    /// The cases' names, in head's order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s CaseId> {
        self.0.iter().map(|(case, _)| *case)
    }

    /// Head's number of each case that has one: the mean over its samples.
    pub(super) fn of_head(&self, of: &dyn Fn(&Sample) -> Option<f64>) -> impl Iterator<Item = (&'s CaseId, f64)> {
        let number = move |samples: &[&Sample]| mean(&samples.iter().filter_map(|sample| of(sample)).collect::<Vec<_>>());
        self.0.iter().filter_map(move |(case, [_, head])| Some((*case, number(head)?)))
    }

    /// How a metric is read off a sample; `None` where it would only repeat another one.
    pub(super) fn number<'m>(&self, metric: &'m str) -> Option<Number<'m>> {
        Some(match metric {
            "pass-rate" => Box::new(passed),
            "score" if self.is_graded() => Box::new(score),
            // A score that only repeats whether the sample passed would be counted twice.
            "score" => return None,
            "latency" => Box::new(|sample| live(sample).map(|answer| millis(answer.latency))),
            "time-to-first-token" => Box::new(|sample| live(sample)?.time_to_first_token.map(millis)),
            "tokens" => Box::new(tokens),
            "cost" => Box::new(|sample| sample.cost_usd().filter(|_| sample.answer().is_some_and(|answer| !answer.usage.estimated))),
            name => Box::new(move |sample| score_of(sample, name)),
        })
    }

    /// What a metric says; `None` where neither side has a value and nobody asked for one: it cannot be open.
    fn evidence(&self, metric: &Metric, wanted: bool, rules: &Rules) -> Option<Evidence> {
        let number = self.number(&metric.name)?;
        let unmeasured = Evidence {
            metric: metric.clone(),
            base: None,
            head: None,
            base_n: 0,
            head_n: 0,
            pairs: Some(0),
            result: Err(Undecided::NotMeasured("either side")),
        };
        self.values(&*number).evidence(metric, rules).or_else(|| (wanted && !self.0.is_empty()).then_some(unmeasured))
    }

    /// Whether scores say more than whether samples passed.
    fn is_graded(&self) -> bool {
        let samples = self.0.iter().flat_map(|(_, sides)| sides.iter().flatten());
        let mut both = samples.filter_map(|sample| Some((passed(sample)?, score(sample)?)));
        both.any(|(passed, score)| (passed - score).abs() > 1e-12)
    }

    /// Cases whose outcome differs and those that fail on both sides.
    fn compared(&self) -> Vec<CaseComparison> {
        let tally = |samples: &[&Sample]| {
            let judged: Vec<f64> = samples.iter().filter_map(|sample| passed(sample)).collect();
            (judged.iter().filter(|passed| **passed > 0.5).count(), judged.len())
        };
        let one = |(case, [base, head]): &(&CaseId, [Vec<&Sample>; 2])| {
            let (base, head) = (tally(base), tally(head));
            let fails = |(passed, judged): (usize, usize)| passed < judged;
            let status = match (fails(base), fails(head)) {
                _ if base.1 == 0 || head.1 == 0 => return None,
                (false, true) => CaseStatus::NewlyFailing,
                (true, true) => CaseStatus::Failing,
                (true, false) => CaseStatus::Fixed,
                (false, false) => return None,
            };
            Some(CaseComparison { case: (*case).clone(), status, base, head, flaky: false, quarantined: None })
        };
        let mut compared: Vec<CaseComparison> = self.0.iter().filter_map(one).collect();
        compared.sort_by_key(|case| case.status);
        compared
    }
}

/// One value a case on each side, and how many cases have one on one side only.
#[derive(Default)]
pub(super) struct Values {
    pairs: Pairs,
    base_alone: usize,
    head_alone: usize,
}

impl Values {
    /// Adds a case's numbers.
    pub(super) fn add(&mut self, base: Option<f64>, head: Option<f64>) {
        match (base, head) {
            (Some(base), Some(head)) => {
                self.pairs.base.push(base);
                self.pairs.head.push(head);
            }
            (Some(_), None) => self.base_alone += 1,
            (None, Some(_)) => self.head_alone += 1,
            (None, None) => {}
        }
    }

    /// What a metric says; `None` where neither side has a value.
    pub(super) fn evidence(&self, metric: &Metric, rules: &Rules) -> Option<Evidence> {
        if self.pairs.base.is_empty() {
            let missing = match (self.base_alone, self.head_alone) {
                (0, 0) => return None,
                (0, _) => "base",
                (_, 0) => "head",
                (_, _) => "both sides of any case",
            };
            let result = Err(Undecided::NotMeasured(missing));
            let (base_n, head_n) = (self.base_alone, self.head_alone);
            return Some(Evidence { metric: metric.clone(), base: None, head: None, base_n, head_n, pairs: Some(0), result });
        }
        Some(match metric.name.as_str() {
            "pass-rate" => match self.table() {
                Some(table) => paired::passes(metric, table, rules),
                None => paired::scores(metric, &self.pairs, rules),
            },
            "latency" | "time-to-first-token" | "tokens" | "cost" => paired::amounts(metric, &self.pairs, rules),
            _ => paired::scores(metric, &self.pairs, rules),
        })
    }

    /// The table of passes, where each case is all or nothing on both sides.
    fn table(&self) -> Option<McNemar> {
        let cases = self.pairs.base.iter().zip(&self.pairs.head).map(|(base, head)| Some((whole(*base)?, whole(*head)?)));
        cases.collect::<Option<Vec<_>>>().map(McNemar::of)
    }
}

/// Whether a case passed every time (`true`) or never; `None` in between.
fn whole(rate: f64) -> Option<bool> {
    if rate >= 1.0 {
        Some(true)
    } else if rate <= 0.0 {
        Some(false)
    } else {
        None
    }
}

fn passed(sample: &Sample) -> Option<f64> {
    match &sample.result {
        SampleResult::Judged { passed, .. } => Some(f64::from(u8::from(*passed))),
        SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
    }
}

fn score(sample: &Sample) -> Option<f64> {
    match &sample.result {
        SampleResult::Judged { score, .. } => Some(*score),
        SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
    }
}

/// The mean score of the assertions of this name.
fn score_of(sample: &Sample, name: &str) -> Option<f64> {
    match &sample.result {
        SampleResult::Judged { assertions, .. } => {
            let scores = assertions.iter().filter(|assertion| assertion.name == name).map(|assertion| assertion.score);
            mean(&scores.collect::<Vec<_>>())
        }
        SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
    }
}

/// The answer, where it was asked for in this run: times of replayed answers are of another day.
fn live(sample: &Sample) -> Option<&KeptAnswer> {
    sample.answer().filter(|answer| !answer.origin.is_replayed())
}

/// Tokens of request and answer together, where the provider counted them.
fn tokens(sample: &Sample) -> Option<f64> {
    let usage = sample.answer()?.usage.counted();
    #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^53")]
    let sum = usage.input_tokens?.saturating_add(usage.output_tokens?) as f64;
    Some(sum)
}
