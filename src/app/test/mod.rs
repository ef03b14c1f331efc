//! `prompt-cicd test`: ask real models, judge the answers, report. Strict before it costs: everything that can be known
//! to be wrong is said before the first request.

mod asking;
mod base;
mod cases;
mod compared;
mod confirm;
mod graded;
mod measure;
mod past;
mod places;
mod plan;
mod reports;
mod run;
mod shard;

use asking::{ask, pace, priced, purse, rounds, sample, warm_up};
use graded::graders;
use past::{baseline, history};
use plan::{changed, implied, lints, load, select};

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use regex::Regex;

use super::{Failure, Finished, Outcome, Services, publish};
use crate::{
    domain::{
        budget::Budget,
        diagnostic::Diagnostic,
        suite::{run::TestRun, shard::Shard},
    },
    ports::provider::Recording,
    report::{FileFormat, Format, Style, escape::one_line},
};
pub use base::BaseRequest;
pub(in crate::app) use cases::Broken;
pub(in crate::app) use compared::compare;
pub(in crate::app) use measure::{Wanted, measure};
pub use past::baseline::Against;
pub(in crate::app) use past::history::stage;
pub use plan::changed::Scope;
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
    /// How often failing cases are asked again; `None`: not at all.
    pub confirm: Option<u32>,
    /// How long one request may take, instead of the suites' own.
    pub timeout: Option<Duration>,
    /// What the run may spend, where the configuration says something else.
    pub budget: Budget,
    /// How many requests go before, uncounted, where the configuration says something else.
    pub warm_up: Option<u32>,
    /// Which part of the cases is asked here; `None`: all.
    pub shard: Option<Shard>,
    /// What head is compared with.
    pub base: BaseRequest,
    /// How answers are kept and taken.
    pub recording: Recording,
    /// `--cache` or `--no-cache`; `None`: as the configuration says.
    pub cache: Option<bool>,
    /// Show what would be asked and what it might cost, and ask nothing.
    pub dry_run: bool,
    /// What standard output gets.
    pub format: Format,
    /// Files to write: a format and a path each.
    pub reports: Vec<(FileFormat, PathBuf)>,
    /// Which suites are meant.
    pub scope: Scope,
    /// What the CI system and the code host are told.
    pub telling: publish::Telling,
    /// How text looks.
    pub style: Style,
    /// Keep this run in the history of cases, wherever it takes place.
    pub record_history: bool,
    /// Keep an issue for each cause of failing.
    pub issues: bool,
    /// The baselines that the run is compared with.
    pub against: Against,
}

/// Runs the suites.
///
/// # Errors
/// Whatever keeps the run from starting: see [`Failure`]. Answers that do not come are part of the outcome.
pub async fn test(services: &Services, request: TestRequest) -> Result<Finished, Failure> {
    let (config, telling) = (request.config.clone(), request.telling.clone());
    let tested = tested(services, request).await;
    if let Err(failure) = &tested {
        publish::test_failed(services, config, &telling, failure).await;
    }
    tested
}

async fn tested(services: &Services, request: TestRequest) -> Result<Finished, Failure> {
    let (mut plan, mut warnings) = load::load(services, &request.load())?;
    warnings.extend(history::findings(services, &plan));
    request.adjust(&mut plan);
    select::select(&mut plan, &request)?;
    let mut narrowed = changed::narrow(services, &mut plan, request.scope).await;
    narrowed.notes.extend(implied::note(&plan));
    if let Some(why) = narrowed.nothing {
        return Ok(nothing(services, &plan, &request, &why).await);
    }
    plan.bound_texts();
    let linted = lints::lint(&plan);
    // Lints that stop the run leave nothing to compare.
    let mut base = if linted.stopping > 0 { None } else { base::read(services, &plan, &request).await? };
    let mut spread = shard::cut(services, &mut plan, base.as_mut(), &request).await?;
    let baselines = if linted.stopping > 0 { None } else { baseline::read(services, &plan, &request).await? };
    if request.dry_run {
        return planned(&plan, &request, base.as_ref(), linted.said(), narrowed.notes.into_iter().chain(super::lines(&warnings)));
    }
    plan.is_whole()?;
    reports::probe(services, &plan, &request)?;
    // Before anything is asked: who commits or changes files meanwhile does not change what was tested.
    let checkout = history::checkout(services, &plan, &request).await;
    let (mut run, of_history, mut lost) = asked(services, &plan, &linted, base.as_ref(), &request, spread.is_part()).await?;
    plan.is_whole()?;
    run.checkout = checkout;
    // A part alone decides nothing: `report merge` compares.
    judge(&mut run, &linted, baselines.as_ref().filter(|_| !spread.is_part()), &plan);
    let places = places::of(&plan, base.as_ref(), &run);
    let known = base.into_iter().flat_map(|base| base.notes).chain(of_history);
    let known = known.chain(baselines.into_iter().flat_map(|baselines| baselines.notes));
    let said = plan.left_out().into_iter().chain(warnings.iter().map(Diagnostic::described)).chain(linted.said()).chain(known);
    run.warnings.extend(said);
    run.warnings.extend(crate::report::known::worse_than_a_baseline(&run));
    run.warnings.extend(crate::report::over_performance(&run));
    let recorded = history::record(services, &plan, &run, request.record_history, spread.is_part()).await;
    spread.take_empty(&mut run);
    lost.extend(reports::write(services, (&run, &spread), &plan, &linted, &request));
    let stdout = rendered(&request, &run)?;
    let outcome = concluded(&run, spread.is_part(), !lost.is_empty());
    let findings = linted.counting();
    let telling = if spread.is_part() { publish::Telling::nobody() } else { request.telling.clone() };
    let told = publish::Told {
        run: &run,
        outcome: &outcome,
        findings: &findings,
        places: &places,
        notes: &narrowed.notes,
        reports: &request.reports.iter().map(|(format, path)| (format.name().to_owned(), path.clone())).collect::<Vec<_>>(),
        config: &plan.config.display().to_string(),
        settings: plan.github,
        telling: &telling,
    };
    let mut told = publish::test_run(services, told).await;
    if request.issues {
        told.extend(publish::issues::of_run(services, &run).await);
    }
    let notes = narrowed.notes.into_iter().chain(lost).chain(told).chain(recorded).collect();
    Ok(Finished { outcome, stdout, notes })
}

/// Adds what lints found and how it compares with the baselines, then decides over all suites.
fn judge(run: &mut TestRun, linted: &lints::Linted, baselines: Option<&baseline::Baselines>, plan: &Plan) {
    for suite in &mut run.suites {
        suite.lints = linted.results(&suite.name);
        if let Some(baselines) = baselines {
            baselines.compare(suite, &plan.regression);
        }
    }
    run.decide_together();
}

fn rendered(request: &TestRequest, run: &TestRun) -> Result<Vec<u8>, Failure> {
    let mut stdout = Vec::new();
    crate::report::render(request.format, run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(stdout)
}

/// What a run, or one machine's `part` of it, comes to; `lost`: whether a report could not be written.
fn concluded(run: &TestRun, part: bool, lost: bool) -> Outcome {
    // Nothing decides about such a part; whether that is enough is the whole run's question.
    let nothing_here = part && !lost && (run.suites.is_empty() || run.is_all_excused());
    if nothing_here { Outcome::Done } else { Outcome::of(run, lost) }
}

/// Shows what would be asked.
fn planned(
    plan: &Plan,
    request: &TestRequest,
    base: Option<&base::Base>,
    linted: impl Iterator<Item = String>,
    notes: impl Iterator<Item = String>,
) -> Result<Finished, Failure> {
    let stdout = reports::plan(plan, request.format).map_err(Failure::Internal)?;
    let of_base = base.map(|base| format!("base would be asked for {} more samples", base.samples()));
    let said = linted.chain(base.iter().flat_map(|base| base.notes.clone())).map(|said| format!("warning: {}", one_line(&said)));
    let notes = notes.chain(said).chain(of_base).chain(reports::unwritten(request)).collect();
    Ok(Finished { outcome: Outcome::Done, stdout, notes })
}

/// Asks everything unless the lints stop it, compares with base, asks again what is to be confirmed; with it come what the
/// history says and what could not be written.
///
/// # Errors
/// Providers that cannot be prepared.
async fn asked(
    services: &Services,
    plan: &Plan,
    linted: &lints::Linted,
    base: Option<&base::Base>,
    request: &TestRequest,
    part: bool,
) -> Result<(TestRun, Vec<String>, Vec<String>), Failure> {
    if linted.stopping > 0 {
        let mut run = lints::stopped(services, plan, linted);
        let of_history = history::known(services, plan, &mut run).await;
        return Ok((run, of_history, Vec::new()));
    }
    let providers = run::connect(services, plan, request)?;
    let mut run = run::run(services, plan, base, &providers).await;
    let of_history = history::known(services, plan, &mut run).await;
    // A part alone decides nothing: `report merge` compares.
    for suite in run.suites.iter_mut().filter(|_| !part) {
        if let Some(base) = base {
            base.compare(suite, &plan.regression);
        }
    }
    if let Some(times) = request.confirm {
        confirm::confirm(services, plan, base, &providers, &mut run, times).await;
    }
    Ok((run, of_history, run::finish(&providers).await))
}

/// Ends a run that has nothing to do, which is well: every file it would have tested is as it was.
async fn nothing(services: &Services, plan: &Plan, request: &TestRequest, why: &str) -> Finished {
    let said = format!("nothing to test: {why}; --all tests everything");
    let mode = request.telling.comment.unwrap_or(plan.github.comment);
    let told =
        publish::nothing_to_test(services, &format!("{why}; `--all` tests everything"), &plan.config.display().to_string(), mode).await;
    let stdout = if request.format == Format::Text { format!("{said}\n").into_bytes() } else { Vec::new() };
    let said = (request.format != Format::Text).then_some(said);
    let unwritten = (!request.reports.is_empty()).then(|| "no report is written, as there was nothing to test".to_owned());
    Finished { outcome: Outcome::Done, stdout, notes: said.into_iter().chain(unwritten).chain(told).collect() }
}

/// Whether one suite passes; `None`: it came to no conclusion.
///
/// # Errors
/// Whatever keeps the run from starting.
pub(super) async fn verdict_of(services: &Services, config: &Path, suite: &str) -> Result<Option<bool>, Failure> {
    let filter = Regex::new(&format!("^{}/", regex::escape(suite))).map_err(|error| Failure::Internal(error.into()))?;
    let request = TestRequest {
        config: Some(config.to_owned()),
        filters: vec![filter],
        tags: Vec::new(),
        provider: None,
        concurrency: None,
        repeat: None,
        confirm: None,
        timeout: None,
        budget: Budget::default(),
        shard: None,
        warm_up: None,
        recording: Recording::default(),
        cache: None,
        dry_run: false,
        format: Format::Json,
        reports: Vec::new(),
        style: Style { color: false, width: 120, verbose: false },
        base: BaseRequest::Nothing,
        record_history: false,
        issues: false,
        against: Against::Nothing,
        scope: Scope::All,
        telling: publish::Telling::nobody(),
    };
    let finished = test(services, request).await?;
    Ok(match finished.outcome.exit_code() {
        0 => Some(true),
        10..=12 => Some(false),
        _ => None,
    })
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
    let (plan, mut warnings) = load::load(services, &load::LoadRequest { config, ..load::LoadRequest::default() })?;
    warnings.extend(history::findings(services, &plan));
    plan.is_whole()?;
    select::something(&plan)?;
    let cases = plan.suites.iter().map(|suite| suite.cases.len()).sum();
    Ok(Checked { suites: plan.suites.len(), cases, providers: plan.providers.len(), warnings })
}
