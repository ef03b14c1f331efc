//! How many samples ended how.

use super::{Sample, SampleResult};

/// How many samples ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All samples.
    pub total: usize,
    /// Judged and held.
    pub passed: usize,
    /// Judged and did not hold.
    pub failed: usize,
    /// The provider gave no answer.
    pub faulted: usize,
    /// Not asked.
    pub not_run: usize,
}

impl Counts {
    /// Counts samples.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        samples.into_iter().fold(Self::default(), |mut counts, sample| {
            counts.count(sample);
            counts
        })
    }

    /// Counts one more sample.
    pub fn count(&mut self, sample: &Sample) {
        self.total += 1;
        match &sample.result {
            SampleResult::Judged { passed: true, .. } => self.passed += 1,
            SampleResult::Judged { passed: false, .. } => self.failed += 1,
            SampleResult::Faulted(_) => self.faulted += 1,
            SampleResult::NotRun(_) => self.not_run += 1,
        }
    }

    /// Passed over judged; `None` when nothing was judged.
    pub fn pass_rate(&self) -> Option<f64> {
        let judged = self.passed + self.failed;
        #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^53")]
        (judged > 0).then(|| self.passed as f64 / judged as f64)
    }
}
