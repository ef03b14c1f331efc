//! `prompt-cicd bench PROMPT`: how long a prompt takes, and what it costs.

use std::path::PathBuf;

use super::{
    Failure, Finished, Outcome, Services,
    test::{TestRequest, Wanted, measure},
};
use crate::{
    domain::{
        benchmark::measured::Measured,
        duration::millis,
        suite::run::{Sample, SuiteRun, TestRun, TestVerdict},
    },
    report::{
        Style,
        bench::{Bench, Format, render},
    },
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// A suite's name, a prompt's name, or a prompt's file.
    pub prompt: String,
    /// Requests for each suite at least.
    pub iterations: u32,
    /// Provider, limits, budget: as for a test.
    pub test: TestRequest,
    /// What standard output gets.
    pub format: Format,
    /// The JSON is written here as well.
    pub output: Option<PathBuf>,
    /// How text looks.
    pub style: Style,
}

/// Measures.
///
/// # Errors
/// Whatever keeps the run from starting. Answers that do not come are part of the outcome.
pub async fn bench(services: &Services, request: &BenchRequest) -> Result<Finished, Failure> {
    request.output.iter().try_for_each(|path| services.workspace.probe(path)).map_err(Failure::File)?;
    let wanted = Wanted { prompt: request.prompt.clone(), iterations: request.iterations };
    let (run, mut lost) = measure(services, &wanted, &request.test).await?;
    let suites: Vec<Bench<'_>> =
        run.suites.iter().map(|suite| Bench { suite, replayed: is_replayed(suite), measured: figures(suite) }).collect();
    let rendered = |format, style: &Style| {
        let mut out = Vec::new();
        render(format, &run, &suites, style, &mut out).map(|()| out).map_err(|error| Failure::Internal(error.into()))
    };
    if let Some(path) = &request.output {
        let content = rendered(Format::Json, &request.style)?;
        lost.extend(services.workspace.write(path, &content).err().map(|error| format!("error: the result could not be written: {error}")));
    }
    let stdout = rendered(request.format, &request.style)?;
    Ok(Finished { outcome: outcome(&run, &suites, !lost.is_empty()), stdout, notes: lost })
}

/// Every answer counts, whatever its assertions say; without an answer there is nothing to conclude from.
fn outcome(run: &TestRun, suites: &[Bench<'_>], unwritten: bool) -> Outcome {
    let answered = run.samples().all(|sample| sample.answer().is_some()) && suites.iter().all(|suite| !suite.measured.is_empty());
    Outcome::Tested {
        verdict: if answered { TestVerdict::Passed } else { TestVerdict::Inconclusive },
        below_pass_rate: false,
        regressed: false,
        faults: run.faults(),
        linted: false,
        over_budget: run.stopped_by_budget(),
        interrupted: run.interrupted,
        unwritten,
        excused: false,
        unmeasured: false,
    }
}

/// Whether there are only answers of an earlier day.
fn is_replayed(suite: &SuiteRun) -> bool {
    let mut answers = suite.samples.iter().filter_map(Sample::answer).peekable();
    answers.peek().is_some() && answers.all(|answer| answer.origin.is_replayed())
}

/// The live answers' numbers, or the replayed ones' where there are no others.
fn figures(suite: &SuiteRun) -> Vec<Measured> {
    let replayed = is_replayed(suite);
    let samples = || suite.samples.iter().filter(|sample| sample.answer().is_some_and(|answer| answer.origin.is_replayed() == replayed));
    let of = |value: fn(&Sample) -> Option<f64>| samples().filter_map(value).collect::<Vec<f64>>();
    #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^53")]
    let tokens = |count: Option<u64>| count.map(|count| count as f64);
    let input: Vec<f64> = samples().filter_map(|sample| tokens(sample.answer()?.usage.counted().input_tokens)).collect();
    let output: Vec<f64> = samples().filter_map(|sample| tokens(sample.answer()?.usage.counted().output_tokens)).collect();
    let all = [
        Measured::of("latency", "ms", &of(|sample| Some(millis(sample.answer()?.latency)))),
        Measured::of("time to first token", "ms", &of(|sample| Some(millis(sample.answer()?.time_to_first_token?)))),
        Measured::of("input tokens", "tokens", &input),
        Measured::of("output tokens", "tokens", &output),
        Measured::of(
            "cost",
            "USD",
            &of(|sample| sample.cost_usd().filter(|_| sample.answer().is_some_and(|answer| !answer.usage.estimated))),
        ),
    ];
    all.into_iter().flatten().collect()
}
