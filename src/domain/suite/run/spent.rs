//! What a run spent: tokens and dollars.

use super::{Sample, TestRun};
use crate::domain::{answer::Usage, stats::sample::count, suite::confirm::Confirmation};

impl Sample {
    /// Tokens and dollars that it came to with everything its assertions asked, as far as they were counted.
    fn came_to(&self) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "a guess of a sum needs no last token")]
        let tokens = |usage: &Usage| usage.input_tokens.unwrap_or_default().saturating_add(usage.output_tokens.unwrap_or_default()) as f64;
        let of_answer = (self.answer().map_or(0.0, |answer| tokens(&answer.usage)), self.cost_usd().unwrap_or_default());
        self.asked.iter().fold(of_answer, |sum, call| (sum.0 + tokens(&call.usage), sum.1 + call.cost_usd.unwrap_or_default()))
    }
}

/// What so many more samples come to if each of them takes what these took on average: tokens and dollars.
pub fn would_come_to<'a>(samples: impl Iterator<Item = &'a Sample>, more: usize) -> (f64, f64) {
    let (n, tokens, usd) = samples.map(Sample::came_to).fold((0_usize, 0.0, 0.0), |sum, of| (sum.0 + 1, sum.1 + of.0, sum.2 + of.1));
    let times = count(more) / count(n.max(1));
    (tokens * times, usd * times)
}

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
