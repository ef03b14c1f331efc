//! `prompt-cicd distributions`: two samples side by side; nothing is judged.

use super::{
    Failure, Finished, Services,
    detect::{Source, Written, analysis},
};
use crate::report::{
    Style,
    samples::{Format, render_analysis},
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct DistributionsRequest {
    /// The samples.
    pub source: Source,
    /// What the command line says.
    pub written: Written,
    /// How the result is written.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Shows how two samples differ, by every test there is. No direction is bad, so the outcome is never a regression.
///
/// # Errors
/// A file that cannot be read, values that are none, parameters that make no sense.
pub fn distributions(services: &Services, request: &DistributionsRequest) -> Result<Finished, Failure> {
    let everything = ["kolmogorov_smirnov", "mann_whitney", "t_test", "student_t"].map(str::to_owned).to_vec();
    let mut written = request.written.clone();
    written.tests = written.tests.or(Some(everything));
    written.consider = Some("neither".to_owned());
    let analysis = analysis(services, &request.source, written)?;
    let mut stdout = Vec::new();
    render_analysis(request.format, &analysis, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}
