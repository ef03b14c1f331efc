//! Failing cases asked again, to tell what fails every time from what fails now and then.
//!
//! Only what failed is asked again, and that is a selection by the outcome: a case that passes half the time and failed by chance
//! looks better the second time. Such answers must not be added to those that a comparison counts, so they label cases and change
//! no verdict.

use super::{
    CaseId,
    run::{Counts, Sample},
};

/// A failing case with the answers it gave when it was asked again.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The case, as head names it.
    pub case: CaseId,
    /// Of head.
    pub head: Vec<Sample>,
    /// Of base; `None` where base was not compared.
    pub base: Option<Vec<Sample>>,
}

/// What asking again says of a failing case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It fails every time, and passes every time on base where that is compared.
    Yes,
    /// It passes now and then, or fails on base now and then: flaky, not worse.
    Flaky,
    /// An answer is missing.
    Unknown,
}

impl Confirmation {
    /// What it says.
    pub fn found(&self) -> Confirmed {
        let head = Counts::of(&self.head);
        let base = self.base.as_ref().map(Counts::of);
        // One answer that differs is enough, whatever else is missing.
        if head.passed > 0 || base.is_some_and(|base| base.failed > 0) {
            Confirmed::Flaky
        } else if head.failed == 0 || head.failed < head.total || base.is_some_and(|base| base.passed == 0 || base.passed < base.total) {
            Confirmed::Unknown
        } else {
            Confirmed::Yes
        }
    }

    /// Every answer, of both sides.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.head.iter().chain(self.base.iter().flatten())
    }
}

impl Confirmed {
    /// In reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "confirmed",
            Self::Flaky => "not confirmed (flaky)",
            Self::Unknown => "not confirmed (an answer is missing)",
        }
    }
}
