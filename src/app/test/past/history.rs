//! The history of cases in a run: what it knows about failures, which cases are in quarantine, and keeping the run.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::app::test::{
    TestRequest,
    plan::{CasePlan, Plan, SuitePlan},
};
use crate::{
    app::{
        Services, baseline,
        history::{self, Opened},
    },
    domain::{
        diagnostic::Diagnostic,
        digest,
        history::{
            NewResult, NewRun, SuiteHistory, Tally,
            baseline::{BaselineRun, Definitions},
            news::{self, Failing},
            quarantine::rule_for,
            settings::{self, KnownFlaky, Record, Stage},
        },
        regression::against::case_values,
        suite::{
            CaseId,
            run::{Checkout, KnownCase, Quarantined, SampleResult, SuiteRun, TestRun},
        },
    },
    ports::{
        ci::Event,
        store::{Patience, StoreError},
    },
    report::{FileFormat, Format, escape::one_line},
};

/// The longest that reading a suite's history may hold up a run's report.
const READING_TIME: Duration = Duration::from_secs(10);

/// Rules of the quarantine that hold no more, or for no case.
pub(in crate::app::test) fn findings(services: &Services, plan: &Plan) -> Vec<Diagnostic> {
    let now = services.clock.now();
    let matches = |rule: &crate::domain::history::quarantine::Rule| {
        plan.suites.iter().any(|suite| suite.cases.iter().any(|case| rule.matches(&suite.prompt.name, &case.case.id.0)))
    };
    let finding = |rule: &crate::domain::history::quarantine::Rule| {
        let warning = |message: String, help: &str| Diagnostic::warning(rule.place.clone(), rule.path.clone(), message).with_help(help);
        if !rule.holds(&now) {
            let message = format!("ended on {}: its cases count again", rule.until);
            return Some(warning(message, "remove the rule, or say until when it is still needed"));
        }
        let message = || format!("no case `{}` of a prompt `{}`", rule.case, rule.prompt);
        (!matches(rule)).then(|| warning(message(), "remove the rule, or mend its names"))
    };
    plan.quarantine.iter().filter_map(finding).collect()
}

/// Says of each suite which cases are in quarantine, and which failures its history knows. Without a history every failure counts
/// as it always did; why there is none is told.
pub(in crate::app::test) async fn known(services: &Services, plan: &Plan, run: &mut TestRun) -> Vec<String> {
    let mut notes = Vec::new();
    let now = run.started_at.clone();
    for suite in &mut run.suites {
        let Some(of_suite) = plan.suites.iter().find(|plan| plan.settings.name == suite.name) else { continue };
        let among = (!plan.quarantine.is_empty()).then(|| of_suite.cases.iter());
        for case in among.into_iter().flatten() {
            let Some(rule) = rule_for(&plan.quarantine, &of_suite.prompt.name, &case.case.id.0, &now) else { continue };
            let rule = Quarantined { reason: rule.reason.clone(), until: rule.until.clone(), issue: rule.issue.clone() };
            suite.known.push(KnownCase { case: case.case.id.clone(), quarantine: Some(rule), flaky: None, counts: false });
        }
        notes.extend(suite.excused());
    }
    // An event that cannot be read may be anybody's: nothing is asked on its account.
    if plan.history.record == Record::Never || services.ci.is_present() && services.ci.event().is_err() {
        return notes;
    }
    let mut store = None;
    for suite in &mut run.suites {
        let Some(of_suite) = plan.suites.iter().find(|plan| plan.settings.name == suite.name) else { continue };
        let failing = failing(suite, of_suite);
        if failing.is_empty() {
            continue;
        }
        let opened = match &store {
            Some(opened) => opened,
            None => match Opened::of(services, &plan.store, &plan.history) {
                Ok(opened) => store.insert(opened),
                Err(why) => {
                    // Nobody asked for a history where there is no store to be had.
                    tracing::info!(component = "history", "no history is read: {why}");
                    return notes;
                }
            },
        };
        let patience = Patience::of(&*services.clock, opened.timeout.min(READING_TIME)).never_waiting();
        match history::history_of(opened.store.as_ref(), &suite.name, patience).await {
            Ok((history, _)) => flaky(suite, of_suite, &history, &failing, plan),
            Err(why) => {
                notes.push(format!("no history is read, so every failure counts: {}", one_line(&why.to_string())));
                return notes;
            }
        }
    }
    notes
}

/// The cases with a judged failure that are not in quarantine, with what they counted.
fn failing(suite: &SuiteRun, plan: &SuitePlan) -> Vec<(Arc<CasePlan>, Tally)> {
    let known: HashSet<&CaseId> = suite.known.iter().map(|known| &known.case).collect();
    let mut tallies: HashMap<&CaseId, Tally> = HashMap::new();
    for sample in &suite.samples {
        if let SampleResult::Judged { passed, .. } = &sample.result {
            tallies.entry(&sample.case_id).or_default().add(Tally { passed: u64::from(*passed), failed: u64::from(!*passed) });
        }
    }
    tallies.retain(|case, tally| tally.failed > 0 && !known.contains(case));
    let among = (!tallies.is_empty()).then(|| plan.cases.iter());
    among.into_iter().flatten().filter_map(|case| tallies.get(&case.case.id).copied().map(|tally| (case, tally))).collect()
}

fn flaky(suite: &mut SuiteRun, of_suite: &SuitePlan, history: &SuiteHistory, failing: &[(Arc<CasePlan>, Tally)], plan: &Plan) {
    let of_case = |(case, now): &(Arc<CasePlan>, Tally)| {
        let found = history.cases.get(&case.case.id.0).and_then(|found| found.newest());
        let as_now = defined(case, of_suite);
        Failing { now: *now, content: found.filter(|content| content.case == as_now) }
    };
    let cases: Vec<Failing<'_>> = failing.iter().map(of_case).collect();
    for ((case, _), found) in failing.iter().zip(news::of(&cases, plan.history.min_samples)) {
        let Some(flaky) = found else { continue };
        let counts = plan.history.known_flaky == KnownFlaky::Fails || !flaky.at_known_rate;
        suite.known.push(KnownCase { case: case.case.id.clone(), quarantine: None, flaky: Some(flaky), counts });
    }
}

/// What a case is judged by, in 16 digits: another one is another case.
fn defined(case: &CasePlan, suite: &SuitePlan) -> String {
    let assertions: Vec<Value> = case.assertions.iter().map(|assertion| json!([assertion.label, assertion.weight])).collect();
    let graders: Vec<Value> = suite.graders.values().map(|grader| json!([grader.provider, grader.model, grader.parameters])).collect();
    short(&json!([case.assertion_variables.values(), assertions, case.threshold, graders]))
}

/// What each case of a suite is judged by.
pub(in crate::app::test) fn definitions(suite: &SuitePlan) -> Definitions {
    suite.cases.iter().map(|case| (case.case.id.0.clone(), defined(&case, suite))).collect()
}

/// What is asked, in 16 digits: prompt, model and parameters.
fn asked(suite: &SuitePlan) -> String {
    short(&json!([suite.prompt.digest, suite.model, suite.parameters]))
}

fn short(value: &Value) -> String {
    digest::of_json(value).chars().take(16).collect()
}

/// Keeps a run in the history where it is to be kept; what could not be done comes back.
pub(in crate::app::test) async fn record(services: &Services, plan: &Plan, run: &TestRun, requested: bool, part: bool) -> Vec<String> {
    match settings::is_kept(plan.history.record, requested, stage(services)) {
        Ok(false) => return Vec::new(),
        // A part would be a baseline of some cases only, and `report merge` does not know how its cases are judged.
        Ok(true) if part => {
            let message = "note: the history is not recorded: a shard is a part of a run; a run without --shard records it";
            return vec![message.to_owned()];
        }
        Ok(true) => {}
        Err(why) => return vec![format!("warning: the history is not recorded: {why}")],
    }
    if run.interrupted {
        return vec!["note: the history is not recorded: the run was stopped".to_owned()];
    }
    let opened = match Opened::of(services, &plan.store, &plan.history) {
        Ok(opened) => opened,
        Err(why) => return vec![refused(&why)],
    };
    let commit = run.checkout.as_ref().and_then(Checkout::tested).map(str::to_owned);
    let altered = run.checkout.as_ref().and_then(|checkout| checkout.altered.as_deref());
    let aside = match &commit {
        Some(commit) if stage(services) != Stage::DefaultBranch => baseline::is_aside(services, commit).await,
        Some(_) | None => false,
    };
    for suite in &run.suites {
        let Some(of_suite) = plan.suites.iter().find(|plan| plan.settings.name == suite.name) else { continue };
        let Some(new) = new_run(services, suite, of_suite, run, commit.clone()) else { continue };
        let new = NewRun { altered: altered.is_some(), ..new };
        let keep = plan.history.keep;
        let written = history::change(services, &opened, &suite.name, |history| {
            let fresh = history.record(&new);
            history.compact(keep) > 0 || fresh
        });
        if let Err(why) = written.await {
            return vec![refused(&why)];
        }
        // What is on disk and in no commit is no baseline of one.
        if altered.is_some() {
            continue;
        }
        if let Err(why) = keep_baseline(services, &opened, suite, (plan, of_suite), (&new, aside)).await {
            return vec![refused(&why)];
        }
    }
    let said = |why| format!("note: {why}: the run is kept in the history as of changed files, and is no baseline");
    let merged = "note: the commit that is checked out is not on the default branch: this run counts as no baseline before it is";
    altered.map(said).into_iter().chain(aside.then(|| merged.to_owned())).collect()
}

/// What is checked out, and whether the files of this run are as its commit has them, where a report or the history will say so;
/// `None`: neither will, or there is no repository. What cannot be told is altered.
pub(in crate::app::test) async fn checkout(services: &Services, plan: &Plan, request: &TestRequest) -> Option<Checkout> {
    let kept = settings::is_kept(plan.history.record, request.record_history, stage(services)) == Ok(true);
    let told = |format: &FileFormat| matches!(format, FileFormat::Run(Format::Json) | FileFormat::Shard);
    if !kept && request.format != Format::Json && !request.reports.iter().any(|(format, _)| told(format)) {
        return None;
    }
    looked_at(services, plan).await
}

/// The same whoever will say so.
pub(in crate::app::test) async fn looked_at(services: &Services, plan: &Plan) -> Option<Checkout> {
    match services.vcs.checked_out(&plan.read).await {
        Ok(found) => found.map(|found| Checkout { altered: differing(&found.altered), commit: found.commit }),
        Err(why) => {
            let why = one_line(&why.to_string());
            Some(Checkout {
                commit: None,
                altered: Some(format!("whether the files differ from the commit that is checked out is not known: {why}")),
            })
        }
    }
}

fn differing(altered: &[PathBuf]) -> Option<String> {
    let first = altered.first()?;
    let more = if altered.len() > 1 { format!(" and {} more", altered.len() - 1) } else { String::new() };
    let first = one_line(&first.display().to_string());
    Some(format!("{first}{more} differs from the commit that is checked out, or is not in it"))
}

/// Keeps a run's numbers for the baselines.
async fn keep_baseline(
    services: &Services,
    opened: &Opened,
    suite: &SuiteRun,
    (plan, of_suite): (&Plan, &SuitePlan),
    (new, aside): (&NewRun, bool),
) -> Result<(), StoreError> {
    let live = suite.samples.iter().filter(|sample| sample.answer().is_some_and(|answer| !answer.origin.is_replayed()));
    let run = BaselineRun {
        id: new.id.clone(),
        at: new.at.clone(),
        commit: new.commit.clone(),
        aside,
        model: new.model.clone(),
        digest: suite.prompt.digest.clone(),
        cases: definitions(of_suite),
        values: case_values(&live.cloned().collect::<Vec<_>>(), &plan.regression),
    };
    baseline::take_in(services, opened, &suite.name, &run).await.map(drop)
}

fn refused(why: &StoreError) -> String {
    let next = match why {
        StoreError::Refused { .. } | StoreError::Settings(_) => {
            "; in a workflow it takes `contents: write` and the token, or say `history.record: never`"
        }
        StoreError::Conflict(_)
        | StoreError::Corrupt { .. }
        | StoreError::Newer { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Full { .. }
        | StoreError::TooLarge { .. } => "",
    };
    format!("warning: the history is not recorded: {}{next}", one_line(&why.to_string()))
}

/// Where this run takes place.
pub(in crate::app) fn stage(services: &Services) -> Stage {
    let ci = &services.ci;
    if !ci.is_present() {
        return Stage::Outside;
    }
    match ci.event() {
        Ok(Event::PullRequest(_) | Event::MergeGroup { .. } | Event::WorkflowRun(_)) | Err(_) => Stage::Proposed,
        Ok(Event::None | Event::Push { .. } | Event::Schedule | Event::Dispatch | Event::Other(_)) => {
            if ci.run().and_then(|run| run.on_default_branch) == Some(true) { Stage::DefaultBranch } else { Stage::OtherBranch }
        }
    }
}

/// The suite's run as the history keeps it: live answers alone, since a replayed one says nothing new; `None` without any.
fn new_run(services: &Services, suite: &SuiteRun, plan: &SuitePlan, run: &TestRun, commit: Option<String>) -> Option<NewRun> {
    let asked = asked(plan);
    let mut tallies: HashMap<&CaseId, (u32, u32)> = HashMap::new();
    for sample in suite.samples.iter().filter(|sample| sample.answer().is_some_and(|answer| !answer.origin.is_replayed())) {
        let (passed, failed) = tallies.entry(&sample.case_id).or_default();
        if sample.passed() { *passed += 1 } else { *failed += 1 }
    }
    let of_case = |case: &CasePlan| {
        let (passed, failed) = tallies.get(&case.case.id).copied().unwrap_or_default();
        let CaseId(id) = case.case.id.clone();
        (passed + failed > 0).then(|| NewResult { id, asked: asked.clone(), case: defined(case, plan), passed, failed })
    };
    let cases: Vec<NewResult> = plan.cases.iter().filter_map(|case| of_case(&case)).collect();
    let at = run.started_at.as_str();
    // Runs at a terminal have no number: two that begin in the same moment differ by how long they took.
    let local = || format!("{}{}", services.who.run.clone().unwrap_or_default(), run.duration.as_nanos());
    let place = services.ci.run().map_or_else(local, |run| run.id);
    let new = NewRun {
        id: format!("{place}/{at}"),
        at: at.to_owned(),
        commit,
        model: suite.model.clone(),
        prompt: suite.prompt.name.clone(),
        altered: false,
        cases,
    };
    (!new.cases.is_empty()).then_some(new)
}
