//! `baseline pin`.

use std::fmt::Write as _;

use super::{BaselineRequest, all, before::Before, benchmarks::one_of_each_commit, change_baselines, counting, named};
use crate::{
    app::{
        Failure, Finished, Services,
        history::{BYTES, Opened, opened},
    },
    domain::{
        benchmark::runs::PREFIX,
        diagnostic::{Diagnostic, Place},
        history::baseline::{NoRoom, Pinned, SuiteBaselines, pooled, short},
        regression::one_run::FEWEST_RUNS,
    },
    report::{escape::one_line, number},
};

/// What is to be pinned of a suite.
struct Plan {
    suite: String,
    pinned: Pinned,
    /// The runs of the record that must stay, or as many as there are.
    least: usize,
    /// What is said of it.
    line: String,
}

impl Plan {
    fn put(&self, name: &str, into: &mut SuiteBaselines, bytes: usize) -> Result<usize, NoRoom> {
        into.pin(name, self.pinned.clone(), (bytes, self.least), &|runs| counting(&self.suite, runs))
    }

    /// No room: what would be lost, and how to make some.
    fn refused(&self, opened: &Opened, name: &str, why: NoRoom) -> Diagnostic {
        let message = format!(
            "{}: there is no room to pin it as {}: with it the record has {} KiB of at most {}, and of {} that count {} would stay",
            one_line(&self.suite),
            one_line(name),
            why.bytes.div_ceil(1024),
            BYTES / 1024,
            number::plural(why.before, "run"),
            why.stay
        );
        let help = "`prompt-cicd baseline prune --unpin NAME` lets go of what is pinned, `--keep N` of the oldest runs; \
                    benchmarks in several files, each with a `--name` of its own, have a record each";
        Diagnostic::error(Place::file(opened.store.place()), "", message).with_help(help)
    }
}

/// Pools the last runs at a commit and keeps them under a name, in place of what it named before.
///
/// # Errors
/// Nothing to pin, a commit that is not there, no room beside the runs that comparisons need, and a store that does not answer.
pub async fn pin(services: &Services, request: &BaselineRequest, name: &str, at: Option<&str>) -> Result<Finished, Failure> {
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let before = match at {
        Some(at) => Before::At(named(services, "--at", at).await?, None),
        None => Before::here(services).await?,
    };
    let (mut plans, mut without, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for found in all(services, &opened, request.suite.as_ref()).await?.into_iter().filter(|found| !found.runs.is_empty()) {
        match plan(services, &opened, &before, found.clone(), name).await {
            Ok(plan) => {
                // Before anything is written: of several suites all are pinned, or none.
                wrong.extend(plan.put(name, &mut found.clone(), BYTES).err().map(|why| plan.refused(&opened, name, why)));
                plans.push(plan);
            }
            Err(why) => without.push(why),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Baseline(wrong));
    }
    if plans.is_empty() {
        let why = if without.is_empty() { String::new() } else { format!(": {}", without.join("; ")) };
        return Err(Failure::NothingToDo(format!(
            "{} has no run that could be pinned{why}; `prompt-cicd test --record-history` on the default branch records one, \
             `prompt-cicd baseline show` shows what there is",
            opened.store.place()
        )));
    }
    let mut said = String::new();
    for plan in &plans {
        let mut put = Ok(0);
        let change = |found: &mut SuiteBaselines, bytes: usize| {
            put = plan.put(name, found, bytes);
            put.is_ok()
        };
        change_baselines(services, &opened, &plan.suite, change).await.map_err(Failure::Store)?;
        let went = put.map_err(|why| Failure::Baseline(vec![plan.refused(&opened, name, why)]))?;
        if went > 0 {
            let (suite, went) = (one_line(&plan.suite), number::plural(went, "older run"));
            notes.push(format!("note: {suite}: {went} went for want of room ({} KiB)", BYTES / 1024));
        }
        writeln!(said, "{}", plan.line).ok();
    }
    notes.extend(without.into_iter().map(|why| format!("warning: {why}")));
    Ok(Finished { notes, ..Finished::done(said) })
}

/// What of a suite is pinned, or why nothing is.
async fn plan(services: &Services, opened: &Opened, before: &Before, mut found: SuiteBaselines, name: &str) -> Result<Plan, String> {
    let suite = found.suite.clone();
    let of_benchmarks = suite.starts_with(PREFIX);
    let mut k = opened.settings.baseline_runs;
    if of_benchmarks {
        (found.runs, _) = one_of_each_commit(found.runs);
        k = k.max(FEWEST_RUNS);
    }
    let chosen = before.last(services, &found, k).await;
    let Some(newest) = chosen.runs.last() else {
        let why = chosen.note.map_or_else(String::new, |note| format!(": {}", one_line(&note)));
        return Err(format!("{}: no run could be pinned{why}", one_line(&suite)));
    };
    let few = chosen.runs.len();
    if of_benchmarks && few < FEWEST_RUNS {
        let (name, more) = (one_line(&suite), FEWEST_RUNS - few);
        return Err(format!(
            "{name}: {few} of at least {FEWEST_RUNS} runs, and what is pinned of fewer decides nothing: record {more} more, of other commits"
        ));
    }
    let held = pooled(&chosen.runs, &newest.cases);
    let of = chosen.runs.iter().map(|run| run.commit.clone().unwrap_or_else(|| run.id.clone())).collect();
    let commits = chosen.runs.iter().filter_map(|run| run.commit.as_deref()).map(short).collect::<Vec<_>>().join(", ");
    let notes: Vec<String> = chosen.note.iter().cloned().chain(held.note(chosen.runs.len())).collect();
    let note = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    let line = format!(
        "{}: {} pinned as {}: {}{}",
        one_line(&suite),
        number::plural(chosen.runs.len(), "run"),
        one_line(name),
        one_line(&commits),
        one_line(&note)
    );
    let runs = if of_benchmarks { chosen.runs.iter().map(|run| (*run).clone()).collect() } else { Vec::new() };
    let (at, model, cases) = (services.clock.now(), newest.model.clone(), newest.cases.clone());
    Ok(Plan { suite, pinned: Pinned { at, of, model, cases, values: held.values, runs }, least: k, line })
}
