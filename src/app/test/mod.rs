//! `prompt-cicd test`: ask real models, judge the answers, report. Strict before it costs: everything that can be known
//! to be wrong is said before the first request.

mod ask;
mod graded;
mod graders;
mod lints;
mod load;
mod plan;
mod reports;
mod run;
mod select;

use std::{path::PathBuf, time::Duration};

use regex::Regex;

use super::{Failure, Finished, Outcome, Services};
use crate::{
    domain::diagnostic::Diagnostic,
    ports::provider::Recording,
    report::{Format, Style},
};
pub use plan::{Plan, SuitePlan};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct TestRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only samples whose `suite/case` matches one of these; empty: all.
    pub filters: Vec<Regex>,
    /// Only suites or cases with one of these tags; empty: all.
    pub tags: Vec<String>,
    /// Ask this provider instead of the suites' own.
    pub provider: Option<String>,
    /// Instead of the suites' own.
    pub concurrency: Option<usize>,
    /// Instead of the suites' own.
    pub repeat: Option<u32>,
    /// How long one request may take, instead of the suites' own.
    pub timeout: Option<Duration>,
    /// How answers are kept and taken.
    pub recording: Recording,
    /// `--cache` or `--no-cache`; `None`: as the configuration says.
    pub cache: Option<bool>,
    /// Show what would be asked and what it might cost, and ask nothing.
    pub dry_run: bool,
    /// What standard output gets.
    pub format: Format,
    /// Files to write: a format and a path each.
    pub reports: Vec<(Format, PathBuf)>,
    /// How text looks.
    pub style: Style,
}

/// Runs the suites.
///
/// # Errors
/// Whatever keeps the run from starting: see [`Failure`]. Answers that do not come are part of the outcome.
pub async fn test(services: &Services, request: TestRequest) -> Result<Finished, Failure> {
    let (mut plan, warnings) = load::load(services, &request.load())?;
    select::select(&mut plan, &request)?;
    let linted = lints::lint(&plan);
    if request.dry_run {
        let stdout = reports::plan(&plan, request.format).map_err(Failure::Internal)?;
        let notes = super::lines(&warnings).into_iter().chain(linted.said().map(|said| format!("warning: {said}"))).collect();
        return Ok(Finished { outcome: Outcome::Done, stdout, notes });
    }
    reports::probe(services, &plan, &request)?;
    let (mut run, mut lost) = if linted.stopping > 0 {
        (lints::stopped(services, &plan, &linted), Vec::new())
    } else {
        let providers = run::connect(services, &plan, &request)?;
        (run::run(services, &plan, &providers).await, run::finish(&providers).await)
    };
    for suite in &mut run.suites {
        suite.lints = linted.results(&suite.name);
    }
    run.warnings.extend(warnings.iter().map(Diagnostic::described).chain(linted.said()));
    lost.extend(reports::write(services, &run, &request));
    let mut stdout = Vec::new();
    crate::report::render(request.format, &run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let outcome = Outcome::of(&run, !lost.is_empty());
    lost.extend(super::publish::test_run(services, &run, &outcome, &request.reports));
    Ok(Finished { outcome, stdout, notes: lost })
}

impl TestRequest {
    fn load(&self) -> load::LoadRequest {
        load::LoadRequest {
            config: self.config.clone(),
            provider: self.provider.clone(),
            concurrency: self.concurrency,
            repeat: self.repeat,
            without_variables: false,
            timeout: self.timeout,
        }
    }
}

/// Everything that a run would read, placeholders without a value included: the lints say those.
pub(super) fn plan_for_lint(services: &Services, config: Option<PathBuf>) -> Result<(Plan, Vec<Diagnostic>), Failure> {
    load::load(services, &load::LoadRequest { config, without_variables: true, ..load::LoadRequest::default() })
}

/// What a check of everything that `test` reads found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// How many suites there are.
    pub suites: usize,
    /// How many cases they have.
    pub cases: usize,
    /// How many providers there are.
    pub providers: usize,
    /// What is worth knowing.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks everything that a run would read, and asks nothing.
///
/// # Errors
/// Every problem at once.
pub fn check(services: &Services, config: Option<PathBuf>) -> Result<Checked, Failure> {
    let (plan, warnings) = load::load(services, &load::LoadRequest { config, ..load::LoadRequest::default() })?;
    select::something(&plan)?;
    let cases = plan.suites.iter().map(|suite| suite.cases.len()).sum();
    Ok(Checked { suites: plan.suites.len(), cases, providers: plan.providers.len(), warnings })
}
