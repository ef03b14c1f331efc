//! Telling the CI system and the code host: annotations, job summary, outputs, comment, check run. It never hides a
//! verdict: what could not be told is said.

mod check;
mod comment;
pub(in crate::app) mod issues;
mod report;

use std::{fmt::Write as _, path::PathBuf};

use super::{Failure, Outcome, Services};
use crate::{
    config::GitHubSettings,
    domain::{
        annotation::{Annotation, Level},
        comment::CommentMode,
        diagnostic::Place,
        lint::Finding,
        suite::run::TestRun,
    },
    ports::ci::Event,
    report::{self as reports, annotations::Places, comment::Headline},
};
pub(in crate::app) use comment::marker_of;
pub use report::{PublishRequest, publish};

/// What a user said about telling.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    /// What becomes of the comment, instead of the configuration's word.
    pub comment: Option<CommentMode>,
    /// Whether a check run is made, instead of the configuration's word.
    pub check_run: Option<bool>,
    /// Where the comment's data goes when the run may not write; `None`: [`COMMENT_FILE`].
    pub comment_file: Option<PathBuf>,
}

impl Telling {
    /// No comment and no check run.
    pub fn nobody() -> Self {
        Self { comment: Some(CommentMode::Off), check_run: Some(false), comment_file: None }
    }
}

/// Where the comment's data goes where nothing else is said.
pub const COMMENT_FILE: &str = ".prompt-cicd/comment.json";

/// What there is to tell about a run of suites.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Told<'a> {
    /// The run.
    pub(in crate::app) run: &'a TestRun,
    /// What it concluded.
    pub(in crate::app) outcome: &'a Outcome,
    /// Lints' findings that count.
    pub(in crate::app) findings: &'a [Finding],
    /// Where what failed is written.
    pub(in crate::app) places: &'a Places,
    /// Report files that were written, by format.
    pub(in crate::app) reports: &'a [(String, PathBuf)],
    /// Why not every suite was tested, or why every one was.
    pub(in crate::app) notes: &'a [String],
    /// The configuration file.
    pub(in crate::app) config: &'a str,
    /// What the configuration says.
    pub(in crate::app) settings: GitHubSettings,
    /// What the user said.
    pub(in crate::app) telling: &'a Telling,
}

/// Tells what a run of suites found; what could not be told, and where things went, comes back.
pub(in crate::app) async fn test_run(services: &Services, told: Told<'_>) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotations = reports::annotations::of(told.run, told.findings, told.places);
    ci.annotate(&annotations);
    let mut notes = Vec::new();
    let event = event(services, &mut notes);
    let comment = comment::of_run(services, &told, &event, &mut notes).await;
    if told.telling.check_run.unwrap_or(told.settings.check_run) {
        notes.extend(check::of_run(services, &told, &event, &annotations).await.err());
    }
    let counts = told.run.counts();
    let path = |format: &str| {
        told.reports.iter().find(|(written, _)| written == format).map(|(_, path)| path.display().to_string()).unwrap_or_default()
    };
    let regressions: usize = told.run.suites.iter().filter_map(|suite| suite.comparison.as_ref()).map(reports::regressions).sum();
    let outputs = [
        ("verdict", word(reports::comment::headline(told.run)).to_owned()),
        ("exit-code", told.outcome.exit_code().to_string()),
        ("pass-rate", counts.pass_rate().map(|rate| rate.to_string()).unwrap_or_default()),
        ("passed", counts.passed.to_string()),
        ("failed", counts.failed.to_string()),
        ("regressions", regressions.to_string()),
        ("cost", told.run.cost_usd().map(|cost| cost.to_string()).unwrap_or_default()),
        ("report-json", path("json")),
        ("report-html", path("html")),
        ("comment-url", comment.url.unwrap_or_default()),
        ("comment-file", comment.file.unwrap_or_default()),
    ];
    notes.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    notes.extend(summary(services, told.run).err());
    notes
}

/// Tells that no suite was touched.
pub(in crate::app) async fn nothing_to_test(services: &Services, why: &str, config: &str, mode: CommentMode) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let event = event(services, &mut notes);
    let url = comment::of_nothing(services, config, mode, &event, &mut notes).await;
    let outputs = [
        ("verdict", word(Headline::NothingToTest).to_owned()),
        ("exit-code", "0".to_owned()),
        ("pass-rate", String::new()),
        ("passed", "0".to_owned()),
        ("failed", "0".to_owned()),
        ("regressions", "0".to_owned()),
        ("cost", String::new()),
        ("report-json", String::new()),
        ("report-html", String::new()),
        ("comment-url", url.unwrap_or_default()),
        ("comment-file", String::new()),
    ];
    notes.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    let text = format!("## ➖ Nothing to test\n\n{}.\n", reports::escape::markdown(why));
    notes.extend(ci.append_summary(&text).err().map(|error| format!("warning: {error}")));
    notes
}

/// The event; why it is not known is said once.
fn event(services: &Services, notes: &mut Vec<String>) -> Event {
    services.ci.event().unwrap_or_else(|error| {
        notes.push(format!("warning: {error}; no comment is written"));
        Event::None
    })
}

fn word(headline: Headline) -> &'static str {
    match headline {
        Headline::Passed => "passed",
        Headline::Failed => "failed",
        Headline::Regressed => "regressed",
        Headline::Inconclusive => "inconclusive",
        Headline::NothingToTest => "nothing-to-test",
    }
}

fn summary(services: &Services, run: &TestRun) -> Result<(), String> {
    let mut text = Vec::new();
    reports::markdown::render(run, services.ci.summary_room(), &mut text).map_err(|error| format!("warning: the job summary: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    services.ci.append_summary(&text).map_err(|error| format!("warning: {error}"))
}

/// Tells why a run could not conclude: every problem at its place in the files, and the exit code for the next step.
pub fn failure(services: &Services, failure: &Failure) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotations = if let Failure::Configuration(diagnostics) | Failure::Samples(diagnostics) = failure {
        diagnostics.iter().map(Annotation::from).collect()
    } else {
        let details = failure.details().join("\n");
        let message = format!("{failure}\n{details}").trim_end().to_owned();
        vec![Annotation { level: Level::Error, place: Place::file("prompt-cicd.yml"), title: "prompt-cicd".to_owned(), message }]
    };
    ci.annotate(&annotations);
    let mut notes: Vec<String> =
        ci.append_summary(&could_not(failure, ci.summary_room())).err().map(|error| format!("warning: {error}")).into_iter().collect();
    let outputs = [("verdict", "inconclusive".to_owned()), ("exit-code", failure.exit_code().to_string())];
    notes.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    notes
}

/// The job summary of a command that could not conclude, in at most so many bytes.
fn could_not(failure: &Failure, room: usize) -> String {
    let text = |text: &str| reports::escape::markdown(&reports::escape::truncate_chars(text, 500));
    let mut summary = format!("## ❔ prompt-cicd could not conclude\n\n{}.\n", text(&failure.to_string()));
    let next = failure.hint().map(|hint| format!("\n**Next:** {}\n", text(&hint))).unwrap_or_default();
    let details: Vec<String> = failure.details().iter().map(|detail| format!("- {}\n", text(detail))).collect();
    let mut left = room.saturating_sub(summary.len() + next.len() + 100);
    for (number, line) in std::iter::once("\n").chain(details.iter().map(String::as_str)).enumerate() {
        let Some(rest) = left.checked_sub(line.len()) else {
            // Writing to a text never fails.
            writeln!(summary, "- …and {} more", details.len().saturating_sub(number.saturating_sub(1))).ok();
            break;
        };
        left = rest;
        summary.push_str(line);
    }
    summary.push_str(&next);
    if summary.len() > room { String::new() } else { summary }
}

/// Makes the comment of an earlier push say that this one could not be tested. Where comments are off there is none.
pub(in crate::app) async fn test_failed(services: &Services, config: Option<PathBuf>, telling: &Telling, failure: &Failure) {
    let Ok(event) = services.ci.event() else { return };
    let found = || super::CONFIG_PLACES.iter().map(PathBuf::from).find(|place| services.workspace.exists(place));
    let Some(config) = config.or_else(found) else { return };
    let mode = telling.comment.unwrap_or(CommentMode::Update);
    for note in comment::of_failure(services, &config.display().to_string(), mode, &event, failure).await {
        tracing::warn!(component = "publish", action = "comment", "{}", reports::escape::one_line(&note));
    }
}

/// How a verdict reads as a check's conclusion.
fn conclusion(run: &TestRun) -> crate::ports::code_host::Conclusion {
    use crate::ports::code_host::Conclusion;
    match reports::comment::headline(run) {
        Headline::Passed => Conclusion::Success,
        Headline::Failed | Headline::Regressed => Conclusion::Failure,
        Headline::Inconclusive | Headline::NothingToTest => Conclusion::Neutral,
    }
}
