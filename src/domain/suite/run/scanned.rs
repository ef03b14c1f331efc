//! What scans of answers found: kept out of every report, and said as findings.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{GraderCall, Sample, SampleResult, SuiteRun, TestRun};
use crate::domain::{
    diagnostic::Place,
    lint::{Finding, LintReport, LintSettings, Redaction, catalogue},
};

/// What the name of an assertion begins with that a scan of the answer is; the rule's id follows.
pub const SCAN: &str = "scan:";

/// Findings of one rule that are said; the rest is counted.
const MOST_OF_A_RULE: usize = 100;

impl Sample {
    /// Takes out of every text what must not be shown.
    pub fn redact(&mut self, redaction: &Redaction) {
        let clean = |text: &mut String| *text = redaction.clean(text);
        self.vars = Arc::new(redaction.clean_map(&self.vars));
        for GraderCall { label, prompt, answer, .. } in &mut self.asked {
            clean(label);
            clean(prompt);
            clean(answer);
        }
        match &mut self.result {
            SampleResult::Judged { answer, assertions, .. } => {
                if let Some(texts) = &mut answer.texts {
                    clean(&mut texts.text);
                    texts.finish_reason.iter_mut().chain(&mut texts.model).for_each(clean);
                }
                let mut cleaned = assertions.to_vec();
                for assertion in &mut cleaned {
                    clean(&mut assertion.label);
                    clean(&mut assertion.reason);
                }
                *assertions = cleaned.into();
            }
            SampleResult::Faulted(fault) => clean(&mut fault.message),
            SampleResult::NotRun(_) => {}
        }
    }
}

impl TestRun {
    /// What the scans of answers found, at the prompts that the models answered to, each once for a case.
    pub fn scanned(&self, settings: &LintSettings) -> LintReport {
        let mut report = LintReport::default();
        for suite in &self.suites {
            report.merge(suite.scanned(settings));
        }
        report
    }
}

impl SuiteRun {
    fn scanned(&self, settings: &LintSettings) -> LintReport {
        let mut report = LintReport::default();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut case, mut said) = (None, BTreeSet::new());
        for sample in &self.samples {
            if case.replace(sample.case_index) != Some(sample.case_index) {
                said.clear();
            }
            let found = sample.assertions().iter().filter(|assertion| !assertion.passed);
            for (assertion, id) in found.filter_map(|assertion| Some((assertion, assertion.name.strip_prefix(SCAN)?))) {
                let (Some(rule), Some(severity)) = (catalogue::rule(id), settings.severity(id)) else { continue };
                // Every repeat of a case may find the same.
                if !said.insert(rule.id) {
                    continue;
                }
                let count = counts.entry(rule.id).or_default();
                *count += 1;
                if *count > MOST_OF_A_RULE {
                    report.left_out += 1;
                    continue;
                }
                report.findings.push(Finding {
                    place: Place::file(self.prompt.file.display().to_string()),
                    rule: rule.id,
                    severity,
                    message: format!("the answer to case `{}` of suite `{}`: {}", sample.case_id.0, self.name, assertion.reason),
                    help: HELP.to_owned(),
                    ignored: None,
                });
            }
        }
        report
    }
}

/// What to do about any of them: a rule's own help is about texts that somebody wrote.
const HELP: &str = "find out where the model has it from, and keep it out of there";
