//! From the samples of base and head to evidence and a comparison. Cases are paired; repeats are averaged within their
//! case first, because samples of one case are not independent.

use std::collections::BTreeMap;

use super::{
    Evidence, Metric, Rules, Settings,
    comparison::{CaseComparison, CaseStatus, Change, Comparison},
    decide,
    evidence::Undecided,
    paired::{self, Pairs},
};
use crate::domain::{
    duration::millis,
    stats::{mean, paired::mcnemar::McNemar},
    suite::{
        case::CaseId,
        run::{Sample, SampleResult},
    },
};

/// Compares both sides of one suite. `base` and `head` are in the order of cases, then repeats, and name their cases alike.
pub fn compare(base: &[Sample], head: &[Sample], changes: Vec<Change>, settings: &Settings) -> Comparison {
    compare_counting(base, head, changes, settings, &|_| true)
}

/// The same, with verdicts by the cases that `counts` alone: the others are listed, and decide nothing.
pub fn compare_counting(
    base: &[Sample],
    head: &[Sample],
    changes: Vec<Change>,
    settings: &Settings,
    counts: &dyn Fn(&CaseId) -> bool,
) -> Comparison {
    let cases = Cases::of(base, head);
    let counting = cases.only(counts);
    let evidence = settings.metrics.iter().filter_map(|metric| counting.evidence(metric, settings)).collect();
    Comparison {
        changes,
        judgements: decide(evidence, &settings.rules),
        cases: cases.compared(),
        rules: settings.rules,
        on_inconclusive: settings.on_inconclusive,
        sampling: None,
    }
}

/// The samples of both sides, case by case in head's order.
pub(super) struct Cases<'s>(Vec<(&'s CaseId, [Vec<&'s Sample>; 2])>);

impl<'s> Cases<'s> {
    pub(super) fn of(base: &'s [Sample], head: &'s [Sample]) -> Self {
        let mut places: BTreeMap<&CaseId, usize> = BTreeMap::new();
        let mut cases: Vec<(&CaseId, [Vec<&Sample>; 2])> = Vec::new();
        for (samples, of_base) in [(head, false), (base, true)] {
            for sample in samples {
                let place = *places.entry(&sample.case_id).or_insert(cases.len());
                if place == cases.len() {
                    cases.push((&sample.case_id, [Vec::new(), Vec::new()]));
                }
                if let Some((_, [ours, theirs])) = cases.get_mut(place) {
                    if of_base { ours.push(sample) } else { theirs.push(sample) }
                }
            }
        }
        Self(cases)
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
    pub(super) fn number<'m>(&self, metric: &'m str) -> Option<Box<dyn Fn(&Sample) -> Option<f64> + 'm>> {
        Some(match metric {
            "pass-rate" => Box::new(passed),
            "score" if self.is_graded() => Box::new(score),
            // A score that only repeats whether the sample passed would be counted twice.
            "score" => return None,
            "latency" => Box::new(|sample| live(sample).map(|answer| millis(answer.latency))),
            "time-to-first-token" => Box::new(|sample| live(sample)?.time_to_first_token.map(millis)),
            "tokens" => Box::new(tokens),
            "cost" => Box::new(Sample::cost_usd),
            name => Box::new(move |sample| score_of(sample, name)),
        })
    }

    /// What a metric says; `None` where neither side has a value: nobody asked for it, so it cannot be open.
    fn evidence(&self, metric: &Metric, settings: &Settings) -> Option<Evidence> {
        let number = self.number(&metric.name)?;
        self.values(&*number).evidence(metric, &settings.rules)
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
fn live(sample: &Sample) -> Option<&crate::domain::answer::Answer> {
    sample.answer().filter(|answer| !answer.origin.is_replayed())
}

/// Tokens of request and answer together.
fn tokens(sample: &Sample) -> Option<f64> {
    let usage = sample.answer()?.usage;
    #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^53")]
    let sum = usage.input_tokens?.saturating_add(usage.output_tokens?) as f64;
    Some(sum)
}
