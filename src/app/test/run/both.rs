//! The samples of head and base while a suite is asked.

use crate::{
    app::test::SuitePlan,
    domain::suite::run::{Keeping, Sample},
};

/// The samples of both sides as they come.
#[derive(Default)]
pub(in crate::app::test) struct Both {
    pub(in crate::app::test) head: Vec<Sample>,
    pub(in crate::app::test) base: Vec<Sample>,
    /// What head's and base's keep.
    keeping: [Keeping; 2],
}

impl Both {
    pub(in crate::app::test) fn new(suite: &SuitePlan) -> Self {
        // Room for all from the start: a list that grows is there twice meanwhile.
        Self {
            head: Vec::with_capacity(suite.samples()),
            base: Vec::new(),
            keeping: [Keeping::new(suite.texts), Keeping::new(suite.texts)],
        }
    }

    pub(super) fn take(&mut self, sample: Option<(bool, Sample)>) {
        let [of_head, of_base] = &mut self.keeping;
        match sample {
            Some((true, sample)) => of_base.add(sample, &mut self.base),
            Some((false, sample)) => of_head.add(sample, &mut self.head),
            None => {}
        }
    }

    /// Puts head's and base's each in the order of cases, then repeats.
    pub(in crate::app::test) fn sort(&mut self) {
        for (samples, keeping) in [&mut self.head, &mut self.base].into_iter().zip(&mut self.keeping) {
            // In place: no two have the same key, and half as much again would be too much of a million.
            samples.sort_unstable_by_key(|sample| (sample.case_index, sample.repeat));
            keeping.finish(samples);
        }
    }
}
