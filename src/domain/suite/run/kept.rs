//! What a long run keeps of its samples. Numbers are kept of all; texts (variables, answers, reasons) of so many that a run of
//! any length fits into memory. Which ones follows from the order of the cases alone, never from which answer came first, so
//! that any number of shards keeps the same.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

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
            if let SampleResult::Judged { answer: KeptAnswer { texts: None, .. }, assertions, .. } = &mut sample.result {
                *assertions = self.shared(assertions);
            }
        }
    }

    /// Takes the texts from a sample.
    fn let_go(&mut self, sample: &mut Sample) {
        sample.vars = Arc::default();
        sample.asked.iter_mut().for_each(|call| {
            call.prompt = String::new();
            call.answer = LEFT_OUT.to_owned();
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
        let bare: Arc<[AssertionRun]> =
            assertions.iter().map(|assertion| bare(assertion)).collect();
        if self.lists.len() < MOST_LISTS {
            self.lists.insert(key, Arc::clone(&bare));
        }
        bare
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
