//! `prompt-cicd lint`, and the lints inside `test`: prompts and their cases are checked, no model is asked.

use std::path::{Path, PathBuf};

use serde_json::Map;

use super::{
    Failure, Finished, Outcome, Services, TEXT_LIMIT,
    test::{Broken, SuitePlan, plan_for_lint},
};
pub use crate::domain::lint::Severity;
use crate::{
    config,
    domain::{
        diagnostic::{Diagnostic, Place},
        lint::{self, CaseSubject, LintReport, LintRun, LintSettings, Linting, Subject},
        prompt::Prompt,
    },
    report::{
        Style,
        lint::{Format, render},
    },
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct LintRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Prompt files; empty: those that the suites name.
    pub paths: Vec<PathBuf>,
    /// What standard output gets.
    pub format: Format,
    /// Instead of the configuration's own.
    pub fail_on: Option<Severity>,
    /// How text looks.
    pub style: Style,
}

/// Lints prompts with their cases.
///
/// # Errors
/// A file that cannot be read or does not parse, and nothing to lint.
pub fn lint(services: &Services, request: &LintRequest) -> Result<Finished, Failure> {
    let (suites, mut settings, mut said, broken) = match plan_for_lint(services, request.config.clone()) {
        Ok((plan, said)) => (plan.suites, plan.lints, said, plan.broken),
        Err(Failure::NoConfiguration { .. }) if !request.paths.is_empty() => {
            (Vec::new(), config::default_lints(), Vec::new(), Broken::default())
        }
        Err(failure) => return Err(failure),
    };
    settings.fail_on = request.fail_on.unwrap_or(settings.fail_on);
    let (suites, lone) = if request.paths.is_empty() {
        if suites.is_empty() {
            return Err(Failure::NothingToDo("the configuration has no suites, and no path was given".to_owned()));
        }
        (suites, Vec::new())
    } else {
        named(services, &request.paths, suites, &mut said)?
    };
    let mut run = LintRun { report: LintReport::default(), prompts: 0, cases: 0, settings };
    let mut files: Vec<&str> = suites.iter().map(|suite| suite.prompt.source.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    run.prompts = files.len() + lone.len();
    for suite in &suites {
        run.cases += suite.cases.len();
        run.report.merge(of_suite(suite, &run.settings));
    }
    broken.check()?;
    for prompt in &lone {
        let subject = Subject { prompt, vars: &Map::new(), place: Place::file(&prompt.source), cases: Vec::new() };
        run.report.merge(lint::check(&subject, &run.settings));
    }
    let mut notes = super::lines(&said);
    // An entry may be there for answers, or for a finding that was only counted.
    if request.paths.is_empty() && !run.settings.scan_output && run.report.left_out == 0 {
        notes.extend(run.idle_ignores().map(|entry| {
            format!("warning: lints.ignore: nothing of `{}` in {} is ignored any more; take the entry out", entry.rule, entry.path)
        }));
    }
    let mut stdout = Vec::new();
    render(request.format, &run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome: Outcome::Linted { stopped: run.stopping() > 0 }, stdout, notes })
}

/// The first finding at the threshold in a prompt's text, in one sentence; a text that does not parse is one.
pub(super) fn of_text(text: &str, file: &str, settings: &LintSettings) -> Option<String> {
    let (prompt, _) = match config::prompt_file::parse(text, file) {
        Ok(parsed) => parsed,
        Err(problems) => return Some(problems.first().map_or_else(|| "it does not parse".to_owned(), Diagnostic::described)),
    };
    let subject = Subject { prompt: &prompt, vars: &Map::new(), place: Place::file(file), cases: Vec::new() };
    let report = lint::check(&subject, settings);
    report.findings.iter().find(|finding| finding.severity >= settings.fail_on && finding.ignored.is_none()).map(lint::Finding::described)
}

/// Lints a suite's prompt with the variables of its cases.
pub(super) fn of_suite(suite: &SuitePlan, settings: &LintSettings) -> LintReport {
    let mut linting = Linting::of(&suite.prompt, &suite.settings.defaults.vars, &suite.settings.place, settings);
    for plan in suite.cases.iter() {
        let (id, place) = (plan.case.id.0.as_str(), &plan.case.place);
        linting.case(&CaseSubject { id, place, own: &plan.case.vars, all: &plan.prompt_variables });
    }
    linting.finish()
}

/// The suites whose prompts are named, and the named prompts that no suite tests.
fn named(
    services: &Services,
    paths: &[PathBuf],
    suites: Vec<SuitePlan>,
    said: &mut Vec<Diagnostic>,
) -> Result<(Vec<SuitePlan>, Vec<Prompt>), Failure> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        files.extend(services.workspace.matching(path).map_err(Failure::File)?);
    }
    files.sort();
    files.dedup();
    let is = |suite: &SuitePlan, file: &Path| plain(Path::new(&suite.prompt.source)) == plain(file);
    let mut lone = Vec::new();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !suites.iter().any(|suite| is(suite, file))) {
        let text = services.workspace.read_text(file, TEXT_LIMIT).map_err(Failure::File)?;
        match config::prompt_file::parse(&text, &file.display().to_string()) {
            Ok((prompt, warnings)) => {
                said.extend(warnings);
                lone.push(prompt);
            }
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Configuration(problems));
    }
    let suites = suites.into_iter().filter(|suite| files.iter().any(|file| is(suite, file))).collect();
    Ok((suites, lone))
}

/// A path without `./` before it.
fn plain(path: &Path) -> &Path {
    path.strip_prefix("./").unwrap_or(path)
}
