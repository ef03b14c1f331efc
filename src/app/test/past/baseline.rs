//! Baselines in a run: what was recorded before, held against this run.

use std::collections::{BTreeMap, HashSet};

use crate::app::test::{Plan, TestRequest};
use crate::{
    app::{
        Failure, Services,
        baseline::{self, Before},
        history::Opened,
    },
    domain::{
        history::baseline::{Pooled, Values, pooled},
        regression::{
            Settings,
            against::{self, AgainstBaseline},
            comparison::Change,
        },
        suite::{CaseId, run::SuiteRun},
    },
};

/// Which baselines a run is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Against {
    /// None.
    #[default]
    Nothing,
    /// The last runs, and every pinned one.
    All,
    /// The last runs, and the one pinned under this name.
    Named(String),
}

/// The baselines of every suite.
#[derive(Debug)]
pub(in crate::app::test) struct Baselines {
    suites: BTreeMap<String, Vec<Reference>>,
    /// What was not there.
    pub(in crate::app::test) notes: Vec<String>,
}

#[derive(Debug)]
struct Reference {
    name: String,
    of: Vec<String>,
    note: Option<String>,
    model: String,
    values: Values,
    /// Cases that were another one then.
    changed: Vec<CaseId>,
}

impl Reference {
    fn new(name: String, of: Vec<String>, note: Option<String>, model: &str, (pooled, runs): (Pooled, usize)) -> Self {
        let notes: Vec<String> = note.into_iter().chain(pooled.note(runs)).collect();
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        let changed = pooled.changed.into_iter().map(CaseId).collect();
        Self { name, of, note, model: model.to_owned(), values: pooled.values, changed }
    }
}

/// Reads the baselines; `None` where none is asked for. A comparison that was asked for and cannot happen is an error before anything
/// is asked.
///
/// # Errors
/// No baseline at all, none of the name, and a store that does not answer.
pub(in crate::app::test) async fn read(services: &Services, plan: &Plan, request: &TestRequest) -> Result<Option<Baselines>, Failure> {
    let named = match &request.against {
        Against::Nothing => return Ok(None),
        Against::All => None,
        Against::Named(name) => Some(name),
    };
    let opened = Opened::of(services, &plan.store, &plan.history).map_err(Failure::Store)?;
    let before = Before::here(services).await?;
    let mut found = Baselines { suites: BTreeMap::new(), notes: Vec::new() };
    let (mut pins, mut whys) = (false, Vec::new());
    for suite in &plan.suites {
        let name = &suite.settings.name;
        let kept = baseline::of_suite(opened.store.as_ref(), name, opened.patience(services)).await.map_err(Failure::Store)?;
        let now = crate::app::test::history::definitions(suite);
        let mut references = Vec::new();
        let chosen = before.last(services, &kept, plan.history.baseline_runs).await;
        let mut none = None;
        if let Some(newest) = chosen.runs.last() {
            let runs = chosen.runs.len();
            let name = format!("last {}", crate::report::number::plural(runs, "run"));
            let of = chosen.runs.iter().map(|run| run.commit.clone().unwrap_or_else(|| run.id.clone())).collect();
            references.push(Reference::new(name, of, chosen.note, &newest.model, (pooled(&chosen.runs, &now), runs)));
        } else {
            whys.extend(chosen.note.as_ref().map(|why| format!(": suite `{name}`: {why}")));
            none = chosen.note;
        }
        for (pin, pinned) in kept.pinned.into_iter().filter(|(pin, _)| named.is_none_or(|named| named == pin)) {
            pins = true;
            let held = pooled(&[&pinned.as_run(&pin)], &now);
            references.push(Reference::new(pin, pinned.of, None, &pinned.model, (held, 1)));
        }
        if references.is_empty() {
            let why = none.map_or_else(String::new, |why| format!(": {why}"));
            found.notes.push(format!("suite `{name}` has no baseline, and is compared with none{why}"));
        } else {
            // Pinned ones are there: that no run counts is said all the same.
            found.notes.extend(none.map(|why| format!("suite `{name}` is compared with no recorded run: {why}")));
            found.suites.insert(name.clone(), references);
        }
    }
    let place = opened.store.place();
    match named {
        Some(name) if !pins => Err(Failure::NothingToDo(format!(
            "{place} has no baseline pinned as `{name}`; `prompt-cicd baseline show` shows what there is"
        ))),
        _ if found.suites.is_empty() => Err(Failure::NothingToDo(format!(
            "{place} has no baseline of these suites{}; `prompt-cicd test --record-history` on the default branch records one",
            whys.first().map_or("", String::as_str)
        ))),
        _ => Ok(Some(found)),
    }
}

impl Baselines {
    /// Compares a suite whose samples are there.
    pub(in crate::app::test) fn compare(&self, run: &mut SuiteRun, settings: &Settings) {
        let compared = self.suites.get(&run.name).into_iter().flatten().map(|reference| {
            let model = (reference.model != run.model).then(|| Change::Model { from: reference.model.clone(), to: run.model.clone() });
            // A case that is not asked now cannot have changed.
            let samples: HashSet<&CaseId> = run.samples.iter().map(|sample| &sample.case_id).collect();
            let asked = |case: &&CaseId| samples.contains(*case);
            let redefined = reference.changed.iter().filter(asked).cloned().map(Change::CaseRedefined);
            let changes = model.into_iter().chain(redefined).collect();
            let known = run.known_cases();
            AgainstBaseline {
                name: reference.name.clone(),
                of: reference.of.clone(),
                note: reference.note.clone(),
                comparison: against::compare(&reference.values, &run.samples, changes, settings, &|case| known.counts(case)),
            }
        });
        run.baselines = compared.collect();
    }
}
