//! What a long run keeps of its samples. Numbers are kept of all; texts (variables, answers, reasons) of so many that a run of
//! any length fits into memory. Which ones follows from the order of the cases alone, never from which answer came first, so
//! that any number of shards keeps the same.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    counts::Counts,
    sample::{AssertionRun, KeptAnswer, Sample, SampleResult},
};

/// The samples of a run that passed and keep their texts; as many others do beside them.
pub const MOST_TEXTS: usize = 10_000;

/// What stands for an answer that is left out.
pub const LEFT_OUT: &str = "[left out: this run has too many samples]";

/// Different lists of judgements that are shared; beyond that each sample has its own.
const MOST_LISTS: usize = 10_000;

/// Which samples of one suite keep their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextBounds {
    /// Samples that passed keep theirs in cases before this one.
    pub passed_before: usize,
    /// So many of the others keep theirs, the first ones in the order of cases.
    pub others: usize,
}

impl TextBounds {
    /// How many samples that did not pass keep their texts in each suite; `None` where the run is short enough for all to keep theirs.
    pub fn others(samples: usize, suites: usize) -> Option<usize> {
        (samples > MOST_TEXTS).then(|| (MOST_TEXTS / suites.max(1)).max(1))
    }
}

impl Default for TextBounds {
    /// All keep theirs.
    fn default() -> Self {
        Self { passed_before: usize::MAX, others: usize::MAX }
    }
}

/// The samples that a report for people or CI servers lists one by one, and how many more there are of each end: those that passed
/// are listed as far as their texts are kept, the others while there is `room`.
pub fn listed<'s>(samples: &'s [Sample], room: &mut usize) -> (Vec<&'s Sample>, Counts) {
    let (mut listed, mut others) = (Vec::new(), Counts::default());
    for sample in samples {
        let kept = sample.answer().is_some_and(|answer| answer.texts.is_some());
        let fits = *room > 0;
        if sample.passed() && kept || !sample.passed() && fits {
            *room = room.saturating_sub(usize::from(!sample.passed()));
            listed.push(sample);
        } else {
            others.count(sample);
        }
    }
    (listed, others)
}

/// Decides which samples of one suite keep their texts, as they come.
#[derive(Debug, Default)]
pub struct Keeping {
    bounds: TextBounds,
    /// How many others have theirs at the moment.
    others_now: usize,
    /// No variables, held once for all samples that have lost theirs.
    nothing: Arc<Map<String, Value>>,
    /// Equal judgements, held once.
    lists: HashMap<u64, Arc<[AssertionRun]>>,
}

impl Keeping {
    /// Keeps so many texts.
    pub fn new(bounds: TextBounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Adds a sample, and lets texts go.
    pub fn add(&mut self, mut sample: Sample, samples: &mut Vec<Sample>) {
        if !sample.passed() {
            self.others_now += 1;
        } else if sample.case_index >= self.bounds.passed_before {
            self.let_go(&mut sample);
        }
        samples.push(sample);
        // Rarely, so that a million failures are not gone through a million times.
        if self.others_now > self.bounds.others.saturating_mul(2) {
            self.finish(samples);
        }
    }

    /// Leaves the texts of the first `others` that did not pass, whatever order they came in.
    pub fn finish(&mut self, samples: &mut [Sample]) {
        let key = |sample: &Sample| (sample.case_index, sample.repeat);
        let mut keys: Vec<_> = samples.iter().filter(|sample| !sample.passed() && sample.has_texts()).map(key).collect();
        self.others_now = keys.len().min(self.bounds.others);
        if keys.len() <= self.bounds.others {
            return;
        }
        let (_, first_left_out, _) = keys.select_nth_unstable(self.bounds.others);
        let from = *first_left_out;
        for sample in samples.iter_mut().filter(|sample| !sample.passed() && key(sample) >= from) {
            self.let_go(sample);
        }
    }

    /// Shares equal judgements of samples without texts, as a file that was read back does not.
    pub fn share(&mut self, samples: &mut [Sample]) {
        for sample in samples {
            if sample.vars.is_empty() {
                sample.vars = Arc::clone(&self.nothing);
            }
            if let SampleResult::Judged { answer: KeptAnswer { texts: None, .. }, assertions, .. } = &mut sample.result {
                *assertions = self.shared(assertions);
            }
        }
    }

    /// Takes the texts from a sample.
    fn let_go(&mut self, sample: &mut Sample) {
        sample.vars = Arc::clone(&self.nothing);
        sample.asked.iter_mut().for_each(|call| {
            call.prompt = String::new();
            LEFT_OUT.clone_into(&mut call.answer);
        });
        if let SampleResult::Judged { answer, assertions, .. } = &mut sample.result {
            answer.texts = None;
            *assertions = self.shared(assertions);
        }
    }

    /// The same judgements without their reasons, held once for all samples that were judged alike.
    fn shared(&mut self, assertions: &[AssertionRun]) -> Arc<[AssertionRun]> {
        let mut hasher = DefaultHasher::new();
        for assertion in assertions {
            let AssertionRun { name, passed, score, weight, .. } = assertion;
            (name, label(assertion), passed, score.to_bits(), weight.to_bits()).hash(&mut hasher);
        }
        let key = hasher.finish();
        let alike = |known: &[AssertionRun]| {
            known.len() == assertions.len()
                && known.iter().zip(assertions).all(|(known, new)| {
                    (&known.name, known.label.as_str(), known.passed) == (&new.name, label(new), new.passed)
                        && (known.score.to_bits(), known.weight.to_bits()) == (new.score.to_bits(), new.weight.to_bits())
                })
        };
        if let Some(known) = self.lists.get(&key).filter(|known| alike(known)) {
            return Arc::clone(known);
        }
        let fresh: Arc<[AssertionRun]> = assertions.iter().map(bare).collect();
        if self.lists.len() < MOST_LISTS {
            self.lists.insert(key, Arc::clone(&fresh));
        }
        fresh
    }
}

/// What an assertion is called where texts are left out: how it was written is a text too, and often a case's own.
fn label(assertion: &AssertionRun) -> &str {
    if assertion.passed { &assertion.name } else { &assertion.label }
}

/// A judgement without its texts.
fn bare(assertion: &AssertionRun) -> AssertionRun {
    let AssertionRun { name, passed, score, weight, .. } = assertion;
    let reason = if *passed { String::new() } else { LEFT_OUT.to_owned() };
    AssertionRun { name: name.clone(), label: label(assertion).to_owned(), passed: *passed, score: *score, weight: *weight, reason }
}

impl Sample {
    /// Whether its variables, answer and reasons are there; a sample without an answer has them until its variables go.
    pub fn has_texts(&self) -> bool {
        match &self.result {
            SampleResult::Judged { answer, .. } => answer.texts.is_some(),
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => !self.vars.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::{
        answer::{Origin, Usage},
        provider::{FaultKind, ProviderFault},
        suite::{CaseId, run::Texts},
    };

    fn assertion(passed: bool, reason: String) -> AssertionRun {
        let (name, label) = ("contains".to_owned(), format!("contains: \"{reason}\""));
        AssertionRun { name, label, passed, score: f64::from(u8::from(passed)), weight: 1.0, reason }
    }

    /// A sample that passes (0), fails (1) or has no answer (2).
    fn sample(index: usize, end: u8) -> Sample {
        let (text, passed) = (format!("answer {index}"), end == 0);
        let texts = Some(Box::new(Texts { text: text.clone(), ..Texts::default() }));
        let latency = Duration::from_micros(index as u64);
        let answer = KeptAnswer { usage: Usage::default(), latency, time_to_first_token: None, origin: Origin::Live, texts };
        let assertions = Arc::from([assertion(passed, text)]);
        let judged = SampleResult::Judged { answer, cost_usd: Some(0.5), passed, score: 0.0, assertions };
        Sample {
            case_id: CaseId(index.to_string()),
            case_index: index,
            repeat: 0,
            vars: Arc::new(Map::from_iter([("index".to_owned(), json!(index))])),
            result: if end == 2 { SampleResult::Faulted(ProviderFault::new(FaultKind::Timeout, "late")) } else { judged },
            queue: Duration::ZERO,
            execution: Duration::ZERO,
            attempts: 1,
            asked: Vec::new(),
        }
    }

    fn kept(samples: impl IntoIterator<Item = Sample>, bounds: TextBounds) -> Vec<Sample> {
        let (mut keeping, mut all) = (Keeping::new(bounds), Vec::new());
        samples.into_iter().for_each(|sample| keeping.add(sample, &mut all));
        all.sort_unstable_by_key(|sample| sample.case_index);
        keeping.finish(&mut all);
        all
    }

    fn with_texts(samples: &[Sample]) -> Vec<usize> {
        samples.iter().filter(|sample| sample.has_texts()).map(|sample| sample.case_index).collect()
    }

    #[test]
    fn the_first_texts_stay_and_all_numbers() {
        let ends = [0, 1, 0, 1, 0, 1, 2, 0];
        let samples = kept(ends.iter().enumerate().map(|(index, end)| sample(index, *end)), TextBounds { passed_before: 3, others: 2 });
        assert_eq!(with_texts(&samples), [0, 1, 2, 3]);
        assert_eq!(
            samples.iter().map(|sample| sample.vars.is_empty()).collect::<Vec<_>>(),
            [false, false, false, false, true, true, true, true]
        );
        let late = &samples[7];
        assert_eq!((late.passed(), late.cost_usd(), late.answer().unwrap().latency), (true, Some(0.5), Duration::from_micros(7)));
        assert_eq!(late.answer().unwrap().text(), LEFT_OUT);
        let SampleResult::Judged { assertions, .. } = &samples[5].result else { panic!("{:?}", samples[5]) };
        assert_eq!((assertions[0].reason.as_str(), assertions[0].label.as_str()), (LEFT_OUT, "contains: \"answer 5\""));
    }

    #[test]
    fn equal_judgements_are_held_once() {
        let samples = kept((0..100).map(|index| sample(index, 0)), TextBounds { passed_before: 0, others: 0 });
        let lists: std::collections::HashSet<*const AssertionRun> = samples.iter().map(|sample| sample.assertions().as_ptr()).collect();
        assert_eq!(lists.len(), 1, "their reasons and labels differ, and are left out");
        assert!(samples.iter().all(|sample| Arc::ptr_eq(&sample.vars, &samples[0].vars)), "no variables are held once too");
        // As they come back from the file of a shard.
        let mut read: Vec<Sample> = serde_json::from_str(&serde_json::to_string(&samples).unwrap()).unwrap();
        Keeping::default().share(&mut read);
        let shared =
            |sample: &Sample| Arc::ptr_eq(&sample.vars, &read[0].vars) && sample.assertions().as_ptr() == read[0].assertions().as_ptr();
        assert!(read.iter().all(shared));
    }

    #[test]
    fn a_report_lists_what_has_texts_and_counts_the_rest() {
        let samples = kept((0..10).map(|index| sample(index, u8::from(index % 2 == 1))), TextBounds { passed_before: 4, others: 1 });
        let (shown, others) = listed(&samples, &mut 3);
        assert_eq!(shown.iter().map(|sample| sample.case_index).collect::<Vec<_>>(), [0, 1, 2, 3, 5]);
        assert_eq!((others.total, others.passed, others.failed), (5, 3, 2));
    }

    proptest! {
        /// Neither the order in which samples come nor how a run is spread changes what is kept.
        #[test]
        fn what_is_kept_follows_from_the_order_of_the_cases(
            ends in proptest::collection::vec(0_u8..3, 0..60),
            passed_before in 0_usize..60,
            others in 1_usize..8,
            turned in 0_usize..60,
            shards in 1_usize..5,
        ) {
            let bounds = TextBounds { passed_before, others };
            let all: Vec<Sample> = ends.iter().enumerate().map(|(index, end)| sample(index, *end)).collect();
            let whole = kept(all.clone(), bounds);
            let mut other = all.clone();
            other.rotate_left(turned % ends.len().max(1));
            prop_assert_eq!(with_texts(&kept(other, bounds)), with_texts(&whole));
            let parts = (0..shards).flat_map(|shard| kept(all.iter().filter(|sample| sample.case_index % shards == shard).cloned(), bounds));
            let mut merged: Vec<Sample> = parts.collect();
            merged.sort_unstable_by_key(|sample| sample.case_index);
            Keeping::new(TextBounds { others, ..TextBounds::default() }).finish(&mut merged);
            prop_assert_eq!(serde_json::to_string(&merged).unwrap(), serde_json::to_string(&whole).unwrap());
        }
    }
}
