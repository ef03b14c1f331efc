//! Runs of benchmarks as baselines: files of any tool that `compare` reads, kept by commit as runs of suites are.

use std::{fmt::Write as _, path::Path};

use super::{BaselineRequest, Before, is_aside, named, no_commit, of_suite, problem, take_in};
use crate::{
    app::{
        Failure, Finished, Services, compare,
        history::{Opened, opened},
    },
    domain::{
        benchmark::{
            Tool,
            compare::Past,
            runs::{self, Measured, PREFIX},
        },
        history::baseline::{BaselineRun, Pinned, SuiteBaselines, short},
        regression::one_run::FEWEST_RUNS,
    },
    report::{escape::one_line, number},
};

/// What of `baseline update` is about a file of benchmarks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfBenchmarks {
    /// The tool that wrote the file, where it is not to be guessed.
    pub format: Option<String>,
    /// The name that its runs are kept under; `None`: the tool's.
    pub name: Option<String>,
}

/// Whether a file is one of benchmarks, as far as can be told from its beginning; our own reports are runs of suites.
pub(super) fn is_of_benchmarks(services: &Services, file: &Path, asked: &OfBenchmarks) -> bool {
    if asked.format.is_some() || services.workspace.is_folder(file) {
        return true;
    }
    compare::looks_like(services, file).is_ok_and(|tool| tool.is_some_and(|tool| tool != Tool::PromptCicd))
}

/// Keeps a file's benchmarks as one run of the commit that it is of.
///
/// # Errors
/// A file that no tool wrote, or without a single usable number; files that are not as the commit has them, where `commit` names none; a
/// store that does not answer.
pub(super) async fn update(
    services: &Services,
    request: &BaselineRequest,
    from: &Path,
    commit: Option<&str>,
    asked: &OfBenchmarks,
) -> Result<Finished, Failure> {
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let (tool, found) = compare::read(services, from, asked.format.as_deref())?;
    let measured = Measured::of(&found);
    notes.extend(measured.left_out.iter().take(10).map(|why| format!("warning: not recorded: {}", one_line(why))));
    if measured.left_out.len() > 10 {
        notes.push(format!("warning: and {} more are not recorded", measured.left_out.len() - 10));
    }
    if measured.is_empty() {
        let why = measured.left_out.first().map_or_else(String::new, |why| format!(": {}", one_line(why)));
        return Err(Failure::NothingToDo(format!("{} has no benchmark with a usable number{why}", from.display())));
    }
    let (at, benchmarks) = (services.clock.now(), measured.definitions.len());
    let commit = if tool == Tool::PromptCicd {
        Some(super::update::commit_of(services, from, commit).await?)
    } else {
        of_commit(services, from, commit).await?
    };
    let aside = match &commit {
        Some(commit) => is_aside(services, commit).await,
        None => false,
    };
    let run = measured.into_run(at, commit, tool.name(), aside);
    let name = record_of(asked.name.as_deref().unwrap_or(tool.name()));
    let (taken, crowded) = take_in(services, &opened, &name, &run).await.map_err(Failure::Store)?;
    notes.extend(crowded);
    let what = match (taken.fresh, taken.stays) {
        (true, true) => "kept",
        (true, false) => "is not kept: there are `history.keep` others, newer or of the default branch",
        (false, _) => "was kept already, by the same measurements",
    };
    let at = run.commit.as_deref().map_or_else(|| "of no commit".to_owned(), |commit| format!("at {}", short(commit)));
    let until = if aside { "; it counts once its commit is on the default branch" } else { "" };
    let mut said = String::new();
    writeln!(said, "{}: the run of {} {at} {what}{until}", one_line(&name), number::plural(benchmarks, "benchmark")).ok();
    Ok(Finished { notes, ..Finished::done(said) })
}

fn record_of(name: &str) -> String {
    if name.starts_with(PREFIX) { name.to_owned() } else { format!("{PREFIX}{name}") }
}

/// The commit that was measured: the one that is named, else the one that is checked out, where no file that git follows differs from it.
async fn of_commit(services: &Services, from: &Path, given: Option<&str>) -> Result<Option<String>, Failure> {
    if let Some(name) = given {
        return named(services, "--commit", name).await.map(Some);
    }
    let help = "name the commit that was measured with --commit";
    let found = match services.vcs.work_tree().await {
        Ok(None) => return Ok(None),
        Ok(Some(found)) => found,
        Err(why) => return Err(no_commit(&from.display().to_string(), why)),
    };
    match (found.commit, found.altered.first()) {
        (Some(commit), None) => Ok(Some(commit)),
        (None, _) => Err(problem(from, "nothing is committed yet, so the run is of no commit".to_owned(), help)),
        (Some(_), Some(path)) => {
            let path = one_line(&path.display().to_string());
            let message = format!("{path} differs from the commit that is checked out, so nobody knows what was measured");
            Err(problem(from, message, "commit what was changed and measure again, or name the commit that was measured with --commit"))
        }
    }
}

/// The recorded runs that head is compared with, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::app) struct Recorded {
    /// The name that they are kept under.
    pub(in crate::app) name: String,
    /// The last runs, one of each commit.
    pub(in crate::app) runs: Vec<BaselineRun>,
    /// What is not as one would expect of them.
    pub(in crate::app) note: Option<String>,
    /// Runs that are pinned, by the name that they are pinned under.
    pub(in crate::app) pinned: Vec<(String, Vec<BaselineRun>)>,
    /// What is pinned of too few runs to decide anything, and was left out, as nobody named it.
    pub(in crate::app) too_small: Vec<String>,
}

impl Recorded {
    /// What head is held against: the last runs, where there are some, then those that are pinned.
    pub(in crate::app) fn pasts(&self) -> Vec<Past> {
        let last = (!self.runs.is_empty()).then(|| Past { pinned: None, runs: self.runs.clone() });
        let pinned = self.pinned.iter().map(|(name, runs)| Past { pinned: Some(name.clone()), runs: runs.clone() });
        last.into_iter().chain(pinned).collect()
    }

    /// What they are, for a report.
    pub(in crate::app) fn said(&self) -> String {
        let listed = |runs: &[BaselineRun]| {
            let commits: Vec<String> = runs.iter().map(|run| run.commit.as_deref().map_or_else(|| run.at.clone(), short)).collect();
            commits.join(", ")
        };
        let last = (!self.runs.is_empty())
            .then(|| format!("base is the last {} of {}: {}", number::plural(self.runs.len(), "run"), self.name, listed(&self.runs)));
        let note = match (&last, &self.note) {
            (None, None) => Some(format!("no run of {} counts here", self.name)),
            (None, Some(note)) => Some(format!("no run of {} counts here: {note}", self.name)),
            (Some(_), note) => note.clone(),
        };
        let pinned = self
            .pinned
            .iter()
            .map(|(name, runs)| format!("base is also what is pinned as {name}: {}: {}", number::plural(runs.len(), "run"), listed(runs)));
        last.into_iter().chain(note).chain(pinned).chain(self.too_small.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// The last runs that count for what is checked out, and those that are pinned; those of the same measurements as `head` (one that was
/// recorded before it was compared) do not count. `NAME@PIN` takes of the pinned ones only those of that name.
///
/// # Errors
/// Nothing recorded that counts, a history that cannot be read, and a store that does not answer.
pub(in crate::app) async fn recorded(
    services: &Services,
    opened: &Opened,
    name: &str,
    head: Option<&Measured>,
) -> Result<Recorded, Failure> {
    let patience = || opened.patience(services);
    let mut kept = of_suite(opened.store.as_ref(), &record_of(name), patience()).await.map_err(Failure::Store)?;
    let mut is_named = false;
    if kept.is_empty()
        && let Some((record, pin)) = name.rsplit_once('@')
    {
        let found = of_suite(opened.store.as_ref(), &record_of(record), patience()).await.map_err(Failure::Store)?;
        kept = only_pinned(opened, found, pin)?;
        is_named = true;
    }
    let found = chosen(services, opened, kept, head, is_named).await?;
    if found.runs.is_empty() && found.pinned.is_empty() {
        let (name, why) = (&found.name, found.note.map_or_else(String::new, |note| format!(": {note}")));
        return Err(Failure::NothingToDo(format!(
            "{} has no run of {name} to compare with{why}; `prompt-cicd baseline update --from FILE` on the default branch records one",
            opened.store.place()
        )));
    }
    Ok(found)
}

/// Of what is pinned only this one.
fn only_pinned(opened: &Opened, mut kept: SuiteBaselines, pin: &str) -> Result<SuiteBaselines, Failure> {
    let is_empty = kept.is_empty();
    let whole = std::mem::take(&mut kept.pinned);
    let near = crate::domain::suggest::nearest(pin, whole.keys().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    kept.pinned = whole.into_iter().filter(|(name, _)| name == pin).collect();
    if !kept.pinned.is_empty() || is_empty {
        return Ok(kept);
    }
    Err(Failure::NothingToDo(format!(
        "{} has nothing of {} pinned as `{pin}`{near}; `prompt-cicd baseline show` shows what there is",
        opened.store.place(),
        kept.suite
    )))
}

/// Runs of no commit that were recorded less than this apart are taken for runs of one.
const APART: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// One run of each commit, and how many were put together with a newer one. What cannot be told apart is one.
pub(super) fn one_of_each_commit(runs: Vec<BaselineRun>) -> (Vec<BaselineRun>, usize) {
    let time = |at: &str| at.parse::<jiff::Timestamp>().ok();
    runs::one_of_each_commit(runs, |one, other| {
        time(one).zip(time(other)).is_none_or(|(one, other)| one.duration_since(other).abs() < APART)
    })
}

/// Those that count. What is pinned of too few runs to decide anything is left out where the last runs have the benchmark, unless the pin
/// `is_named`.
async fn chosen(
    services: &Services,
    opened: &Opened,
    mut kept: SuiteBaselines,
    head: Option<&Measured>,
    is_named: bool,
) -> Result<Recorded, Failure> {
    let before = Before::here(services).await?;
    let whole = kept.runs.len();
    let is_other = |run: &BaselineRun| head.is_none_or(|head| run.id != head.id);
    kept.runs.retain(is_other);
    let itself = (kept.runs.len() < whole).then(|| "head itself is recorded already, and is not compared with itself".to_owned());
    let (runs, together) = one_of_each_commit(kept.runs);
    kept.runs = runs;
    let together = (together > 0)
        .then(|| format!("{} left out: of each commit the newest counts, of no commit one an hour", number::plural(together, "run")));
    let chosen = before.last(services, &kept, opened.settings.baseline_runs).await;
    let notes: Vec<String> = chosen.note.iter().cloned().chain(together).chain(itself).collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let runs: Vec<BaselineRun> = chosen.runs.into_iter().cloned().collect();
    let (mut pinned, mut too_small) = (Vec::new(), Vec::new());
    for (name, found) in &kept.pinned {
        let found = pinned_runs(name, found, is_other);
        let (found, small) = if is_named { (found, 0) } else { runs::without_small(found, &runs, FEWEST_RUNS) };
        if small > 0 {
            too_small.push(format!(
                "of {} fewer than {FEWEST_RUNS} runs are pinned as {name}, and not compared: `prompt-cicd baseline pin {name}` pins anew",
                number::plural(small, "benchmark")
            ));
        }
        if small == 0 || !found.is_empty() {
            pinned.push((name.clone(), found));
        }
    }
    Ok(Recorded { runs, note, name: kept.suite.clone(), pinned, too_small })
}

/// The runs that are pinned; an older record has what they were pooled to, which is one.
fn pinned_runs(name: &str, pinned: &Pinned, is_other: impl Fn(&BaselineRun) -> bool) -> Vec<BaselineRun> {
    if pinned.runs.is_empty() {
        return vec![pinned.as_run(name)];
    }
    pinned.runs.iter().filter(|run| is_other(run)).cloned().collect()
}

/// The recorded runs of the one record that has a benchmark of this name, which may be written `RECORD:NAME` and end with `@PIN`, with the
/// benchmark's name.
///
/// # Errors
/// No record that has it, or several; else as [`recorded`].
pub(in crate::app) async fn recorded_of(services: &Services, opened: &Opened, name: &str) -> Result<(Recorded, String), Failure> {
    let place = opened.store.place();
    let all: Vec<SuiteBaselines> =
        super::all(services, opened, None).await?.into_iter().filter(|found| found.suite.starts_with(PREFIX)).collect();
    let (mut found, mut pin) = (with_benchmark(&all, name), None);
    if found.is_empty()
        && let Some((benchmark, of)) = name.rsplit_once('@')
    {
        (found, pin) = (with_benchmark(&all, benchmark), Some(of));
    }
    match found.as_slice() {
        [(found, benchmark)] => {
            let kept = (*found).clone();
            let kept = if let Some(pin) = pin { only_pinned(opened, kept, pin)? } else { kept };
            if let Some(pin) = pin.filter(|_| !kept.pinned.values().any(|pinned| pins(pinned, benchmark))) {
                return Err(Failure::NothingToDo(format!(
                    "{place} has no run of `{benchmark}` pinned as `{pin}`: {pin} has no benchmark `{benchmark}`; \
                     `prompt-cicd baseline pin {pin}` pins the last runs anew"
                )));
            }
            Ok((chosen(services, opened, kept, None, pin.is_some()).await?, (*benchmark).to_owned()))
        }
        [] => {
            let known = all.iter().flat_map(|found| found.runs.iter()).flat_map(|run| run.cases.keys()).map(String::as_str);
            let near = crate::domain::suggest::nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err(Failure::NothingToDo(format!(
                "{place} has no recorded benchmark `{name}`{near}; `prompt-cicd baseline update --from FILE` records those of a file"
            )))
        }
        several => {
            let places: Vec<String> =
                several.iter().map(|(found, name)| format!("`{}:{name}`", found.suite.strip_prefix(PREFIX).unwrap_or_default())).collect();
            Err(Failure::NothingToDo(format!("{place} has `{name}` in several records: name one of {}", places.join(", "))))
        }
    }
}

/// Whether any of the pinned runs has it.
fn pins(pinned: &Pinned, benchmark: &str) -> bool {
    pinned.cases.contains_key(benchmark) || pinned.runs.iter().any(|run| run.cases.contains_key(benchmark))
}

/// The records that have a benchmark of this name, or the one of which `RECORD:NAME` speaks, each with the benchmark's own name.
fn with_benchmark<'n>(all: &'n [SuiteBaselines], name: &'n str) -> Vec<(&'n SuiteBaselines, &'n str)> {
    let has = |found: &SuiteBaselines, name: &str| {
        let pinned = || found.pinned.values().any(|pinned| pins(pinned, name));
        found.runs.iter().any(|run| run.cases.contains_key(name)) || pinned()
    };
    let plain: Vec<(&SuiteBaselines, &str)> = all.iter().filter(|found| has(found, name)).map(|found| (found, name)).collect();
    if !plain.is_empty() {
        return plain;
    }
    let within = |found: &SuiteBaselines| {
        let own = found.suite.strip_prefix(PREFIX)?;
        let rest = name.strip_prefix(PREFIX).unwrap_or(name).strip_prefix(own)?.strip_prefix(':')?;
        has(found, rest).then_some(rest)
    };
    all.iter().filter_map(|found| Some((found, within(found)?))).collect()
}

/// Not a format of ours, and not one that can be told: what to say besides.
pub(super) fn hint_of_list(services: &Services, file: &Path) -> Option<&'static str> {
    let is_list = compare::prefix(services, file).is_ok_and(|prefix| prefix.trim_ascii_start().starts_with(b"["));
    is_list.then_some("for a list of names, units and values say --from-format customSmallerIsBetter or --from-format customBiggerIsBetter")
}
