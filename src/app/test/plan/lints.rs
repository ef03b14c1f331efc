//! The lints before the first request: what they find, and the run that they stop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::app::test::{Plan, run};
use crate::{
    app::{Services, lint::of_suite},
    domain::{
        lint::{Finding, LintReport, LintResult, LintRun, Redaction, Severity},
        suite::run::{Keeping, NotRun, Sample, SampleResult, SuiteRun, TestRun},
    },
};

/// Findings that are said among the warnings of a run, at most; `prompt-cicd lint` says all.
const MOST_SAID: usize = 20;

/// What the lints found.
#[derive(Debug, Default)]
pub(in crate::app::test) struct Linted {
    all: LintReport,
    results: BTreeMap<String, Vec<LintResult>>,
    /// How many findings stop the run.
    pub(in crate::app::test) stopping: usize,
}

/// Lints every suite of the plan; nothing where the configuration switches that off.
pub(in crate::app::test) fn lint(plan: &Plan) -> Linted {
    let mut linted = Linted::default();
    if !plan.lints.enabled {
        return linted;
    }
    for suite in &plan.suites {
        let report = of_suite(suite, &plan.lints);
        linted.results.insert(suite.settings.name.clone(), report.results(&plan.lints));
        linted.all.merge(report);
    }
    linted.stopping = linted.all.stopping(&plan.lints);
    linted
}

impl Linted {
    /// The findings that count.
    pub(in crate::app::test) fn counting(&self) -> Vec<Finding> {
        self.all.counting().cloned().collect()
    }

    /// Everything, as the parts of a run keep it.
    pub(in crate::app::test) fn report(&self) -> &LintReport {
        &self.all
    }

    /// Everything, with what was found in the answers, for a report of its own.
    pub(in crate::app::test) fn run(&self, plan: &Plan, run: &TestRun) -> LintRun {
        let cases = plan.suites.iter().map(|suite| suite.cases.len()).sum();
        let mut report = self.all.clone();
        report.merge(run.scanned(&plan.lints));
        LintRun { report, prompts: plan.suites.len(), cases, settings: plan.lints.clone() }
    }

    /// What each rule says about a suite.
    pub(in crate::app::test) fn results(&self, suite: &str) -> Vec<LintResult> {
        self.results.get(suite).cloned().unwrap_or_default()
    }

    /// The findings in words, the worst first; notes are left to `prompt-cicd lint`.
    pub(in crate::app::test) fn said(&self) -> impl Iterator<Item = String> {
        let mut worth: Vec<_> = self.all.counting().filter(|finding| finding.severity > Severity::Note).collect();
        worth.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let more = worth.len().saturating_sub(MOST_SAID) + self.all.left_out;
        let said = worth.into_iter().take(MOST_SAID).map(|finding| format!("{} ({})", finding.described(), finding.severity));
        said.chain((more > 0).then(|| format!("and {more} more findings: prompt-cicd lint"))).collect::<Vec<_>>().into_iter()
    }
}

/// A run in which nothing was asked, because the lints stopped it.
pub(in crate::app::test) fn stopped(services: &Services, plan: &Plan, linted: &Linted) -> TestRun {
    let suites = plan.suites.iter().map(|suite| {
        let of_case = |case: &Arc<super::CasePlan>, vars: &Arc<Map<String, Value>>, repeat| Sample {
            case_id: case.case.id.clone(),
            case_index: case.index,
            repeat,
            vars: Arc::clone(vars),
            result: SampleResult::NotRun(NotRun::Lints(linted.stopping)),
            queue: Duration::ZERO,
            execution: Duration::ZERO,
            attempts: 0,
            asked: Vec::new(),
        };
        let (mut keeping, mut samples) = (Keeping::new(suite.texts), Vec::new());
        for case in suite.cases.iter() {
            // What stopped the run may be a secret in them.
            let vars = case.prompt_variables.values();
            let redaction = Redaction::of_variables(vars, &case.case.place.file, &plan.lints);
            let vars = Arc::new(redaction.map_or_else(|| vars.clone(), |redaction| redaction.clean_map(vars)));
            (0..suite.settings.repeat.min()).for_each(|repeat| keeping.add(of_case(&case, &vars, repeat), &mut samples));
        }
        keeping.finish(&mut samples);
        SuiteRun { samples, ..run::unasked(suite) }
    });
    let suites = suites.collect();
    let elapsed = services.clock.elapsed();
    TestRun {
        started_at: services.clock.now(),
        checkout: None,
        duration: Duration::ZERO,
        suites,
        interrupted: false,
        warnings: Vec::new(),
        process: services.process.usage(elapsed),
    }
}
