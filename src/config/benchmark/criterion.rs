//! Criterion: `target/criterion/…/new/sample.json` with `benchmark.json` beside it. Nanoseconds per iteration.

use serde::Deserialize;

use super::number::Lenient;
use crate::domain::{
    benchmark::{Benchmark, Samples},
    diagnostic::{Diagnostic, Place},
    regression::Direction,
};

/// What the files of one benchmark's samples are called, below the folder of a baseline.
pub const SAMPLE: &str = "sample.json";
/// How their paths end for the latest run.
pub const ENDING: &str = "new/sample.json";
/// What tells which benchmark the samples beside it are of.
pub const ID: &str = "benchmark.json";

#[derive(Deserialize)]
struct Sample {
    iters: Vec<Lenient>,
    times: Vec<Lenient>,
}

#[derive(Deserialize)]
struct Id {
    full_id: String,
}

/// One benchmark from its two files.
///
/// # Errors
/// When they are not of the form.
pub fn benchmark(sample: &str, id: Option<&str>, file: &str, fallback: &str) -> Result<Benchmark, Vec<Diagnostic>> {
    let wrong = |error: serde_json::Error| {
        vec![Diagnostic::error(
            Place::at(file, error.line().max(1), error.column().max(1)),
            "",
            format!("not a sample of Criterion: {error}"),
        )]
    };
    let sample: Sample = serde_json::from_str(sample).map_err(wrong)?;
    let name = match id {
        None => fallback.to_owned(),
        Some(id) => serde_json::from_str::<Id>(id).map_err(|error| of_id(file, &error))?.full_id,
    };
    if sample.iters.len() != sample.times.len() {
        let message = format!("{} times for {} numbers of iterations", sample.times.len(), sample.iters.len());
        return Err(vec![Diagnostic::error(Place::file(file), "", message)]);
    }
    // No iterations give no number: infinity, which the comparison names.
    let each = |(times, iters): (&Lenient, &Lenient)| times.0.unwrap_or(f64::NAN) / iters.0.unwrap_or(f64::NAN);
    let samples: Samples = sample.times.iter().zip(&sample.iters).map(each).collect();
    Ok(Benchmark::number(name, "ns", Direction::LowerIsBetter, None).with_samples(samples))
}

/// A folder of a benchmark that has no samples: the run ended before they were written.
///
/// # Errors
/// When the file beside them is not of the form.
pub fn interrupted(id: Option<&str>, file: &str, fallback: &str) -> Result<Benchmark, Vec<Diagnostic>> {
    let name = match id {
        None => fallback.to_owned(),
        Some(id) => serde_json::from_str::<Id>(id).map_err(|error| of_id(file, &error))?.full_id,
    };
    let fault = format!("{ENDING} is not there: the benchmark did not end");
    Ok(Benchmark::number(name, "ns", Direction::LowerIsBetter, None).with_fault(Some(fault)))
}

fn of_id(file: &str, error: &serde_json::Error) -> Vec<Diagnostic> {
    vec![Diagnostic::error(Place::file(file), "", format!("the {ID} beside it is not of Criterion: {error}"))]
}
