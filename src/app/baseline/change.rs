//! `baseline update | pin | prune`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{BaselineRequest, all, change_baselines, last};
use crate::{
    app::{Failure, Finished, Services, TEXT_LIMIT, history::opened},
    domain::{
        diagnostic::{Diagnostic, Place},
        history::baseline::{BaselineRun, Definitions, Pinned, Values, pooled, short},
    },
    report::{escape::one_line, number},
};

/// Keeps a run as the newest of the baselines: the report of one that was made, in our own JSON.
///
/// # Errors
/// A file that is no such report, and a store that does not answer.
pub async fn update(services: &Services, request: &BaselineRequest, from: PathBuf, commit: Option<String>) -> Result<Finished, Failure> {
    let (opened, notes) = opened(services, request.config.clone())?;
    let commit = match commit {
        Some(commit) => Some(commit),
        None => checked_out(services).await?,
    };
    let mut said = String::new();
    for (suite, run) in of_report(services, &from, commit.as_deref())? {
        if request.suite.as_ref().is_some_and(|wanted| *wanted != suite) {
            continue;
        }
        let keep = opened.settings.keep;
        let mut fresh = false;
        change_baselines(services, &opened, &suite, |found, bytes| {
            fresh = found.record(&run);
            found.compact(keep);
            found.fit(bytes);
            fresh
        })
        .await
        .map_err(Failure::Store)?;
        let what = if fresh { "kept" } else { "was kept already" };
        writeln!(said, "{}: the run of {} {what}", one_line(&suite), one_line(&run.at)).ok();
    }
    if said.is_empty() {
        return Err(Failure::NothingToDo(format!("{} has no suite with a judged sample", from.display())));
    }
    Ok(Finished { notes, ..Finished::done(said) })
}

/// The commit that is checked out, where nothing was changed since.
///
/// # Errors
/// Changed files: which commit the report is of, nobody can say.
async fn checked_out(services: &Services) -> Result<Option<String>, Failure> {
    let altered = services.vcs.altered(&[]).await.unwrap_or_default();
    let Some(first) = altered.first() else { return Ok(services.vcs.commit("HEAD").await.ok()) };
    let message = format!("{} differs from the commit that is checked out, so the report may be of no commit", first.display());
    let help = "name the commit that was tested with --commit, or commit the change and test again";
    Err(Failure::Samples(vec![Diagnostic::error(Place::file("command line"), "--commit", message).with_help(help)]))
}

/// Pools the last runs at a commit and keeps them under a name, in place of what it named before.
///
/// # Errors
/// Nothing to pin, a commit that is not there, and a store that does not answer.
pub async fn pin(services: &Services, request: &BaselineRequest, name: &str, at: Option<&str>) -> Result<Finished, Failure> {
    let (opened, notes) = opened(services, request.config.clone())?;
    let commit = match at {
        Some(at) => Some(services.vcs.commit(at).await.map_err(Failure::Base)?),
        None => services.vcs.commit("HEAD").await.ok(),
    };
    let (now, mut said) = (services.clock.now(), String::new());
    for found in all(services, &opened, request.suite.as_ref()).await?.iter().filter(|found| !found.runs.is_empty()) {
        let chosen = last(services, found, opened.settings.baseline_runs, commit.as_deref()).await;
        let Some(newest) = chosen.runs.last() else { continue };
        let held = pooled(&chosen.runs, &newest.cases);
        let of = chosen.runs.iter().map(|run| run.commit.clone().unwrap_or_else(|| run.id.clone())).collect();
        let held_note = held.note(chosen.runs.len());
        let pinned = Pinned { at: now.clone(), of, model: newest.model.clone(), cases: newest.cases.clone(), values: held.values };
        change_baselines(services, &opened, &found.suite, |found, bytes| {
            found.pinned.insert(name.to_owned(), pinned.clone());
            found.fit(bytes);
            true
        })
        .await
        .map_err(Failure::Store)?;
        let commits = chosen.runs.iter().filter_map(|run| run.commit.as_deref()).map(short).collect::<Vec<_>>().join(", ");
        let notes: Vec<String> = chosen.note.iter().cloned().chain(held_note).collect();
        let note = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        let line = format!(
            "{}: {} pinned as {}: {}{}",
            one_line(&found.suite),
            number::plural(chosen.runs.len(), "run"),
            one_line(name),
            one_line(&commits),
            one_line(&note)
        );
        writeln!(said, "{line}").ok();
    }
    if said.is_empty() {
        return Err(Failure::NothingToDo(format!(
            "{} has no run that could be pinned; `prompt-cicd test --record-history` on the default branch records one",
            opened.store.place()
        )));
    }
    Ok(Finished { notes, ..Finished::done(said) })
}

/// Lets go of the oldest runs beyond `keep`, and of a pinned baseline.
///
/// # Errors
/// A name that nothing is pinned under, and a store that does not answer.
pub async fn prune(services: &Services, request: &BaselineRequest, keep: Option<usize>, unpin: Option<&str>) -> Result<Finished, Failure> {
    let (opened, notes) = opened(services, request.config.clone())?;
    let found = all(services, &opened, request.suite.as_ref()).await?;
    if let Some(name) = unpin.filter(|name| !found.iter().any(|found| found.pinned.contains_key(*name))) {
        return Err(Failure::NothingToDo(format!(
            "{} has no baseline pinned as `{name}`; `prompt-cicd baseline show` shows what there is",
            opened.store.place()
        )));
    }
    let mut said = String::new();
    for found in &found {
        let (mut went, mut left, mut unpinned) = (0, 0, false);
        change_baselines(services, &opened, &found.suite, |found, _| {
            went = keep.map_or(0, |keep| found.compact(keep));
            unpinned = unpin.is_some_and(|name| found.pinned.remove(name).is_some());
            left = found.runs.len();
            went > 0 || unpinned
        })
        .await
        .map_err(Failure::Store)?;
        let unpinned = if unpinned { format!(", {} is pinned no more", one_line(unpin.unwrap_or_default())) } else { String::new() };
        writeln!(said, "{}: {} went, {left} stay{unpinned}", one_line(&found.suite), number::plural(went, "run")).ok();
    }
    Ok(Finished { notes, ..Finished::done(said) })
}

/// The suites of a JSON report of ours, each as a run that can be kept.
fn of_report(services: &Services, from: &Path, commit: Option<&str>) -> Result<Vec<(String, BaselineRun)>, Failure> {
    let text = services.workspace.read_text(from, 16 * TEXT_LIMIT).map_err(Failure::File)?;
    let not_ours = |why: String| Failure::NotOurs { file: from.to_owned(), why };
    let report: Value = serde_json::from_str(&text).map_err(|error| not_ours(error.to_string()))?;
    let tool = report.pointer("/tool/name").and_then(Value::as_str);
    if report.get("schema_version").and_then(Value::as_u64) != Some(1) || tool != Some(env!("CARGO_PKG_NAME")) {
        return Err(not_ours("it is not a JSON report of `prompt-cicd test`".to_owned()));
    }
    let at = text_of(&report, "started_at").unwrap_or_default();
    let suites = report.get("suites").and_then(Value::as_array).ok_or_else(|| not_ours("it has no `suites`".to_owned()))?;
    let run = |suite: &Value| {
        let name = text_of(suite, "name")?;
        let values = values(suite.get("test_case_results")?.as_array()?);
        let digest = suite.pointer("/prompt/digest").and_then(Value::as_str).unwrap_or_default().to_owned();
        let model = text_of(suite, "model").unwrap_or_default();
        let run = BaselineRun {
            id: format!("report/{at}"),
            at: at.clone(),
            commit: commit.map(str::to_owned),
            model,
            digest,
            cases: Definitions::new(),
            values,
        };
        (!run.values.is_empty()).then_some((name, run))
    };
    Ok(suites.iter().filter_map(run).collect())
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// The mean of each metric and case over the live samples of a report.
fn values(samples: &[Value]) -> Values {
    let mut sums: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    let judged = |sample: &&Value| matches!(sample.get("state").and_then(Value::as_str), Some("passed" | "failed"));
    let live = |sample: &&Value| sample.get("cached").and_then(Value::as_bool) == Some(false);
    let number = |sample: &Value, key: &str| sample.get(key).and_then(Value::as_f64);
    let passed = |sample: &Value| f64::from(u8::from(sample.get("passed").and_then(Value::as_bool) == Some(true)));
    let samples = || samples.iter().filter(judged).filter(live);
    let graded = samples().any(|sample| number(sample, "score").is_some_and(|score| (score - passed(sample)).abs() > 1e-12));
    for sample in samples() {
        let Some(case) = sample.get("case_id").and_then(Value::as_str) else { continue };
        let counted = sample.pointer("/tokens/estimated").and_then(Value::as_bool) != Some(true);
        let tokens = || Some(sample.pointer("/tokens/input")?.as_f64()? + sample.pointer("/tokens/output")?.as_f64()?);
        let found = [
            ("pass-rate", Some(passed(sample))),
            ("score", number(sample, "score").filter(|_| graded)),
            ("latency", number(sample, "latency_ms")),
            ("time-to-first-token", number(sample, "time_to_first_token_ms")),
            ("tokens", tokens().filter(|_| counted)),
            ("cost", number(sample, "cost_usd").filter(|_| counted)),
        ];
        for (metric, value) in found {
            let Some(value) = value.filter(|value| value.is_finite()) else { continue };
            let sum = sums.entry((metric, case)).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    let mut values = Values::new();
    for ((metric, case), (sum, n)) in sums {
        values.entry(metric.to_owned()).or_default().insert(case.to_owned(), sum / n);
    }
    values
}
