//! What a run spent: tokens and dollars.

use super::{Sample, TestRun};
use crate::domain::{answer::Usage, suite::confirm::Confirmation};

impl TestRun {
    /// Every sample that was asked for: of head, of base, and of failing cases asked again.
    fn all_samples(&self) -> impl Iterator<Item = &Sample> {
        let again = self.suites.iter().flat_map(|suite| &suite.confirmations).flat_map(Confirmation::samples);
        self.samples().chain(self.samples_of_base()).chain(again)
    }

    /// Tokens of all answers asked for in this run, of base too; replayed ones cost nothing now.
    pub fn usage(&self) -> Usage {
        let live = self.all_samples().filter_map(Sample::answer).filter(|answer| !answer.origin.is_replayed());
        live.fold(Usage::default(), |sum, answer| sum.plus(answer.usage))
    }

    /// Dollars spent in this run on live answers, of base too; see [`cost_of`].
    pub fn cost_usd(&self) -> Option<f64> {
        cost_of(self.all_samples().filter(|sample| sample.answer().is_some_and(|answer| !answer.origin.is_replayed())))
    }
}

/// What the calls of graders cost in this run, in dollars: 0 without live calls of models, `None` when the cost of one is
/// not known. Programs cost nothing.
pub fn grader_cost_of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<f64> {
    let calls = samples.into_iter().flat_map(|sample| &sample.asked);
    calls.filter(|call| call.model.is_some() && !call.origin.is_replayed()).try_fold(0.0, |sum, call| Some(sum + call.cost_usd?))
}

/// What samples cost together, in dollars; `None` when there are none, or when the cost of one is not known: a part must
/// not look like the whole.
pub fn cost_of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<f64> {
    let costs: Vec<f64> = samples.into_iter().map(Sample::cost_usd).collect::<Option<_>>()?;
    costs.into_iter().reduce(|sum, cost| sum + cost)
}
