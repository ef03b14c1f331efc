//! `--confirm`: what failed is asked again, to tell what fails every time from what fails now and then.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use tokio::sync::Semaphore;

use super::{
    Plan,
    base::Base,
    run::{Askers, Both, SuiteRunner, until_stopped},
};
use crate::{
    app::Services,
    domain::{
        regression::comparison::CaseStatus,
        suite::{
            CaseId,
            confirm::Confirmation,
            run::{Sample, SampleResult, SuiteRun, TestRun},
        },
    },
};

/// Asks the failing cases of every suite so many times again, on base too where it was compared. The answers label cases;
/// no verdict rests on them.
pub(super) async fn confirm(services: &Services, plan: &Plan, base: Option<&Base>, askers: &Askers, run: &mut TestRun, times: u32) {
    let slots = Arc::new(Semaphore::new(plan.run.max_concurrency));
    for suite in &mut run.suites {
        let failing = failing(suite);
        let Some(planned) = plan.suites.iter().find(|planned| planned.settings.name == suite.name) else { continue };
        if failing.is_empty() || run.interrupted {
            continue;
        }
        // A repeat that nobody asked for yet: neither the cache nor a cassette has its answer from before.
        let first = planned.settings.repeat.max();
        let cases: Vec<_> = planned.cases.iter().filter(|case| failing.contains(&case.case.id)).collect();
        let compared = suite.base.is_some();
        let (asked, interrupted) = until_stopped(services, |stopped| {
            let runner = SuiteRunner::new(services, plan, planned, base.filter(|_| compared), askers, &slots, &stopped);
            let cases = &cases;
            async move {
                let mut asked = Both::new(planned);
                if let Some(runner) = runner {
                    runner.ask(cases.iter().map(Arc::clone), first..first.saturating_add(times), &mut asked).await;
                }
                asked.sort();
                asked
            }
        })
        .await;
        run.interrupted |= interrupted;
        let (mut head, mut base) = (by_case(asked.head), by_case(asked.base));
        let mut of = |id: &CaseId| {
            let one = |samples: &mut HashMap<CaseId, Vec<Sample>>| samples.remove(id).unwrap_or_default();
            Confirmation { case: id.clone(), head: one(&mut head), base: compared.then(|| one(&mut base)) }
        };
        suite.confirmations = cases.iter().map(|case| of(&case.case.id)).collect();
    }
}

fn by_case(samples: Vec<Sample>) -> HashMap<CaseId, Vec<Sample>> {
    samples.into_iter().fold(HashMap::new(), |mut cases, sample| {
        cases.entry(sample.case_id.clone()).or_default().push(sample);
        cases
    })
}

/// Cases that fail on head: where base was compared those that pass there, else all of them.
fn failing(suite: &SuiteRun) -> BTreeSet<CaseId> {
    if let (Some(comparison), Some(_)) = (&suite.comparison, &suite.base) {
        let newly = comparison.cases.iter().filter(|case| case.status == CaseStatus::NewlyFailing);
        return newly.map(|case| case.case.clone()).collect();
    }
    let failed = suite.samples.iter().filter(|sample| matches!(sample.result, SampleResult::Judged { passed: false, .. }));
    failed.map(|sample| sample.case_id.clone()).collect()
}
