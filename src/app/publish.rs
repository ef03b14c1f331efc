//! Telling the CI system: annotations, the job summary, outputs. It never hides a verdict: what could not be told is said.

use super::{Failure, Outcome, Services};
use crate::{
    domain::{
        annotation::{Annotation, Level},
        diagnostic::Place,
        suite::run::{TestRun, TestVerdict},
    },
    report::{self, Format},
};

/// Tells what a run of suites found; what could not be told comes back.
pub fn test_run(services: &Services, run: &TestRun, outcome: &Outcome, reports: &[(Format, std::path::PathBuf)]) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    ci.annotate(&report::annotations::of(run));
    let counts = run.counts();
    let verdict = match run.verdict() {
        TestVerdict::Passed => "passed",
        TestVerdict::Failed => "failed",
        TestVerdict::Inconclusive => "inconclusive",
    };
    let path = |format: Format| {
        reports.iter().find(|(written, _)| *written == format).map(|(_, path)| path.display().to_string()).unwrap_or_default()
    };
    let outputs = [
        ("verdict", verdict.to_owned()),
        ("exit-code", outcome.exit_code().to_string()),
        ("pass-rate", counts.pass_rate().map(|rate| rate.to_string()).unwrap_or_default()),
        ("passed", counts.passed.to_string()),
        ("failed", counts.failed.to_string()),
        ("cost", run.cost_usd().map(|cost| cost.to_string()).unwrap_or_default()),
        ("report-json", path(Format::Json)),
        ("report-html", path(Format::Html)),
    ];
    let mut untold: Vec<String> = ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")).into_iter().collect();
    untold.extend(summary(services, run).err());
    untold
}

fn summary(services: &Services, run: &TestRun) -> Result<(), String> {
    let mut text = Vec::new();
    report::markdown::render(run, services.ci.summary_room(), &mut text).map_err(|error| format!("warning: the job summary: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    services.ci.append_summary(&text).map_err(|error| format!("warning: {error}"))
}

/// Tells why a run could not conclude: every problem at its place in the files, and the exit code for the next step.
pub fn failure(services: &Services, failure: &Failure) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotations = match failure {
        Failure::Configuration(diagnostics) | Failure::Samples(diagnostics) => diagnostics.iter().map(Annotation::from).collect(),
        Failure::Provider(_)
        | Failure::NoConfiguration { .. }
        | Failure::File(_)
        | Failure::Store(_)
        | Failure::NothingSelected(_)
        | Failure::Internal(_) => {
            let details = failure.details().join("\n");
            let message = format!("{failure}\n{details}").trim_end().to_owned();
            vec![Annotation { level: Level::Error, place: Place::file("prompt-cicd.yml"), title: "prompt-cicd".to_owned(), message }]
        }
    };
    ci.annotate(&annotations);
    let outputs = [("verdict", "inconclusive".to_owned()), ("exit-code", failure.exit_code().to_string())];
    ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")).into_iter().collect()
}
