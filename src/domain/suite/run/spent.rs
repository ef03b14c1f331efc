//! What a run spent: tokens and dollars.

use super::{Sample, TestRun};
use crate::domain::answer::Usage;

impl TestRun {
    /// Tokens of all answers asked for in this run, of base too; replayed ones cost nothing now.
    pub fn usage(&self) -> Usage {
        self.samples().chain(self.samples_of_base()).filter_map(Sample::answer).filter(|answer| !answer.origin.is_replayed()).fold(
            Usage::default(),
            |sum, answer| Usage {
                input_tokens: add(sum.input_tokens, answer.usage.input_tokens),
                output_tokens: add(sum.output_tokens, answer.usage.output_tokens),
            },
        )
    }

    /// Dollars spent in this run on live answers, of base too; see [`cost_of`].
    pub fn cost_usd(&self) -> Option<f64> {
        cost_of(
            self.samples()
                .chain(self.samples_of_base())
                .filter(|sample| sample.answer().is_some_and(|answer| !answer.origin.is_replayed())),
        )
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

fn add(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (sum, more) {
        (None, None) => None,
        (sum, more) => Some(sum.unwrap_or(0).saturating_add(more.unwrap_or(0))),
    }
}
