//! Where what did not pass is written: the prompt's own lines, the cases and their assertions.

use std::collections::{BTreeSet, HashMap};

use super::{Plan, SuitePlan, base::Base, plan::CasePlan};
use crate::{
    domain::{
        diagnostic::Place,
        prompt::Prompt,
        suite::run::{SuiteRun, TestRun},
    },
    report::annotations::{CasePlaces, Places, SuitePlaces},
};

/// The places of a run's suites and of the cases that failed in them.
pub(super) fn of(plan: &Plan, base: Option<&Base>, run: &TestRun) -> Places {
    let suite = |run: &SuiteRun| {
        let suite = plan.suites.iter().find(|suite| suite.settings.name == run.name)?;
        let on_base = base.and_then(|base| base.suite(&run.name)?.plan.as_ref());
        Some((run.name.clone(), of_suite(suite, on_base, run)))
    };
    run.suites.iter().filter_map(suite).collect()
}

fn of_suite(suite: &SuitePlan, base: Option<&SuitePlan>, run: &SuiteRun) -> SuitePlaces {
    let failing: BTreeSet<usize> = run.samples.iter().filter(|sample| !sample.passed()).map(|sample| sample.case_index).collect();
    let among = (!failing.is_empty()).then(|| suite.cases.iter());
    let cases = among.into_iter().flatten().filter(|case| failing.contains(&case.index));
    let cases: HashMap<usize, CasePlaces> = cases.map(|case| (case.index, of_case(&case))).collect();
    SuitePlaces { prompt: of_prompt(&suite.prompt, base.map(|base| &base.prompt)), cases }
}

fn of_case(case: &CasePlan) -> CasePlaces {
    let shared = case.assertions.len().saturating_sub(case.case.assertions.len());
    let own = case.case.assertion_lines.iter().map(|line| Some(*line));
    CasePlaces { case: case.case.place.clone(), assertions: std::iter::repeat_n(None, shared).chain(own).collect() }
}

/// The first line of the prompt that base has otherwise; without one, where its first message begins.
fn of_prompt(head: &Prompt, base: Option<&Prompt>) -> Place {
    let changed = base.and_then(|base| {
        head.messages.iter().enumerate().find_map(|(index, message)| {
            let was = base.messages.get(index).map_or("", |was| was.content.source());
            let mut was = was.lines();
            let line = message.content.source().lines().position(|line| was.next() != Some(line))?;
            Some(message.place.at(line + 1, 1))
        })
    });
    changed.or_else(|| head.messages.first().map(|message| message.place.start().clone())).unwrap_or_else(|| Place::line(&head.source, 1))
}
