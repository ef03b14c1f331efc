//! The numbers of some samples: latency, waiting, tokens, cost. Live and replayed answers are never mixed.

use crate::domain::{
    answer::{Origin, Usage},
    duration::millis,
    stats::{mean, quantile},
    suite::run::{KeptAnswer, Sample, SampleResult, SuiteRun, cost_of},
};

/// What many numbers have in common; nothing where there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spread {
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    /// How many numbers these are.
    pub samples: usize,
}

/// The numbers of some samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    /// Milliseconds of the live answers if there are any, else of the replayed ones.
    pub latency_ms: Spread,
    /// Whether `latency_ms` was measured in an earlier run.
    pub replayed: bool,
    /// Milliseconds that asked samples waited for a free slot.
    pub queue_ms: Spread,
    /// Tokens of the live answers.
    pub tokens: Usage,
    /// Dollars for the live answers; `None` when no price is known for any of them.
    pub cost_usd: Option<f64>,
    /// Mean seconds of the samples that were asked.
    pub mean_execution_s: Option<f64>,
    /// Answers asked for in this run.
    pub live: usize,
    /// Answers from the cache.
    pub cached: usize,
    /// Answers from a cassette.
    pub recorded: usize,
}

impl Spread {
    fn of(numbers: &[f64]) -> Self {
        Self {
            mean: mean(numbers),
            p50: quantile(numbers, 0.5),
            p95: quantile(numbers, 0.95),
            p99: quantile(numbers, 0.99),
            samples: numbers.len(),
        }
    }
}

impl Figures {
    /// The numbers of all samples of these suites.
    pub(super) fn of(suites: &[SuiteRun]) -> Self {
        let samples = suites.iter().flat_map(|suite| &suite.samples);
        let origin = |wanted: Origin| samples.clone().filter_map(Sample::answer).filter(|answer| answer.origin == wanted).count();
        let (live, cached, recorded) = (origin(Origin::Live), origin(Origin::Cached), origin(Origin::Recorded));
        let replayed = live == 0 && cached + recorded > 0;
        let latency = answers(samples.clone(), replayed).map(|(_, answer)| millis(answer.latency)).collect::<Vec<_>>();
        let asked = samples.clone().filter(|sample| !matches!(sample.result, SampleResult::NotRun(_)));
        Self {
            latency_ms: Spread::of(&latency),
            replayed,
            queue_ms: Spread::of(&asked.clone().map(|sample| millis(sample.queue)).collect::<Vec<_>>()),
            tokens: answers(samples.clone(), false).fold(Usage::default(), |sum, (_, answer)| sum.plus(answer.usage)),
            cost_usd: cost_of(answers(samples, false).map(|(sample, _)| sample)),
            mean_execution_s: mean(&asked.map(|sample| sample.execution.as_secs_f64()).collect::<Vec<_>>()),
            live,
            cached,
            recorded,
        }
    }

    /// All answers.
    pub(super) fn answers(&self) -> usize {
        self.live + self.replays()
    }

    /// Answers that repeat an earlier run.
    pub(super) fn replays(&self) -> usize {
        self.cached + self.recorded
    }
}

fn answers<'a>(samples: impl Iterator<Item = &'a Sample>, replayed: bool) -> impl Iterator<Item = (&'a Sample, &'a KeptAnswer)> {
    samples.filter_map(|sample| Some((sample, sample.answer()?))).filter(move |(_, answer)| answer.origin.is_replayed() == replayed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_sums_are_those_of_the_run() {
        let run = fixture::rich();
        let figures = Figures::of(&run.suites);
        assert_eq!(figures.tokens, run.usage());
        assert_eq!(figures.cost_usd.map(f64::to_bits), run.cost_usd().map(f64::to_bits));
    }

    #[test]
    fn one_live_answer_pushes_the_replayed_ones_out_of_the_statistics() {
        let mut run = fixture::passing(3);
        for sample in &mut run.suites[0].samples {
            fixture::answer_mut(sample).origin = Origin::Recorded;
        }
        let replayed = Figures::of(&run.suites);
        assert!(replayed.replayed);
        assert_eq!((replayed.latency_ms.samples, replayed.recorded, replayed.tokens), (3, 3, Usage::default()));

        fixture::answer_mut(&mut run.suites[0].samples[1]).origin = Origin::Live;
        let mixed = Figures::of(&run.suites);
        assert!(!mixed.replayed);
        assert_eq!((mixed.latency_ms.samples, mixed.live, mixed.replays(), mixed.answers()), (1, 1, 2, 3));
    }

    #[test]
    fn nothing_has_no_numbers() {
        assert_eq!(Figures::of(&[]), Figures::default());
    }
}
