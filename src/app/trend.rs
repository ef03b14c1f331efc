//! `prompt-cicd trend`: values in order of time.

use std::path::PathBuf;

use super::{Failure, Finished, Services, read_samples, shown_path};
use crate::{
    config::samples::{self, Series},
    domain::{
        diagnostic::{Diagnostic, Place},
        regression::trend,
    },
    report::{
        Style,
        samples::{Format, render_trend},
    },
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct TrendRequest {
    /// The file; `-` is standard input; `None`: the values are on the command line.
    pub file: Option<PathBuf>,
    /// The values of the command line.
    pub values: Option<String>,
    /// The metric's name.
    pub metric: Option<String>,
    /// The confidence level.
    pub level: f64,
    /// For the permutations of change points.
    pub seed: u64,
    /// How the result is written.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Looks at a series. Nothing is judged, so the outcome is never a regression.
///
/// # Errors
/// A file that cannot be read, values that are none, time that runs backwards.
pub fn trend(services: &Services, request: &TrendRequest) -> Result<Finished, Failure> {
    let file = request.file.as_deref().map_or_else(|| "command line".to_owned(), shown_path);
    let wrong = |message: String| Failure::Samples(vec![Diagnostic::error(Place::file(&file), "", message)]);
    let series = match (&request.file, &request.values) {
        (_, Some(values)) => Series { values: samples::list(values).map_err(wrong)?, ..Series::default() },
        (Some(path), None) => samples::series(&read_samples(services, path)?, &file).map_err(Failure::Samples)?,
        (None, None) => Series::default(),
    };
    let metric = request.metric.clone().or(series.metric).unwrap_or_else(|| "metric".to_owned());
    let found =
        trend::trend(&metric, &series.values, &series.timestamps, request.level, request.seed).map_err(|error| wrong(error.to_string()))?;
    let mut stdout = Vec::new();
    render_trend(request.format, &found, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}
