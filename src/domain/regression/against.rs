//! A run against a baseline: the numbers of each case in earlier runs, paired with those of the same case now.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Comparison, Settings,
    comparison::Change,
    decide,
    samples::{Cases, Values},
};
use crate::domain::{
    history::baseline,
    suite::{case::CaseId, run::Sample},
};

/// A run compared with a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstBaseline {
    /// Its name: what was pinned, or how many of the last runs.
    pub name: String,
    /// The commits of its runs, oldest first; the ids of runs without one.
    pub of: Vec<String>,
    /// What is not as one would expect about these runs.
    pub note: Option<String>,
    /// What was found.
    pub comparison: Comparison,
}

/// One number for each metric and case: the mean over the case's samples.
pub fn case_values(samples: &[Sample], settings: &Settings) -> baseline::Values {
    let cases = Cases::of(&[], samples);
    let of_metric = |name: &str| {
        let number = cases.number(name)?;
        let of_case = cases.of_head(&*number).map(|(case, value)| (case.0.clone(), value)).collect::<BTreeMap<_, _>>();
        (!of_case.is_empty()).then(|| (name.to_owned(), of_case))
    };
    settings.metrics.iter().filter_map(|metric| of_metric(&metric.name)).collect()
}

/// Compares samples with a baseline's numbers, by the cases that `counts`; cases that the baseline does not have are said.
pub fn compare(
    base: &baseline::Values,
    head: &[Sample],
    mut changes: Vec<Change>,
    settings: &Settings,
    counts: &dyn Fn(&CaseId) -> bool,
) -> Comparison {
    let cases = Cases::of(&[], head).only(counts);
    let redefined: BTreeSet<CaseId> = changes.iter().filter_map(Change::redefined).cloned().collect();
    let in_base = |case: &CaseId| redefined.contains(case) || base.values().any(|cases| cases.contains_key(&case.0));
    changes.extend(cases.names().filter(|case| !in_base(case)).map(|case| Change::CaseAdded(case.clone())));
    let nothing = BTreeMap::new();
    let evidence = settings.metrics.iter().filter_map(|metric| {
        let of_base = base.get(&metric.name).unwrap_or(&nothing);
        let of_head: BTreeMap<&CaseId, f64> =
            cases.number(&metric.name).map(|number| cases.of_head(&*number).collect()).unwrap_or_default();
        let mut values = Values::default();
        for case in cases.names() {
            values.add(of_base.get(&case.0).copied(), of_head.get(case).copied());
        }
        values.evidence(metric, &settings.rules)
    });
    Comparison {
        changes,
        judgements: decide(evidence.collect(), &settings.rules),
        cases: Vec::new(),
        rules: settings.rules,
        on_inconclusive: settings.on_inconclusive,
        sampling: None,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::domain::{
        answer::{Origin, Usage},
        regression::Verdict,
        suite::run::{KeptAnswer, SampleResult},
    };

    fn samples(passed: &dyn Fn(usize) -> bool) -> Vec<Sample> {
        let sample = |index: usize| Sample {
            case_id: CaseId(format!("c{index}")),
            case_index: index,
            repeat: 0,
            vars: Arc::default(),
            result: SampleResult::Judged {
                answer: KeptAnswer {
                    usage: Usage::default(),
                    latency: Duration::from_millis(100),
                    time_to_first_token: None,
                    origin: Origin::Live,
                    texts: None,
                },
                cost_usd: None,
                passed: passed(index),
                score: f64::from(u8::from(passed(index))),
                assertions: Arc::default(),
            },
            queue: Duration::ZERO,
            execution: Duration::ZERO,
            attempts: 1,
            asked: Vec::new(),
        };
        (0..40).map(sample).collect()
    }

    fn verdict(comparison: &Comparison) -> Verdict {
        comparison.judgements.iter().find(|judgement| judgement.evidence.metric.name == "pass-rate").unwrap().verdict.clone()
    }

    #[test]
    fn a_worse_run_regresses_and_the_same_does_not() {
        let settings = Settings::default();
        let base = case_values(&samples(&|_| true), &settings);
        assert_eq!(base["pass-rate"].len(), 40);
        assert!(!base.contains_key("score") && !base.contains_key("cost"), "nobody measured them: {:?}", base.keys());
        let same = compare(&base, &samples(&|_| true), Vec::new(), &settings, &|_| true);
        assert!(!same.regressed(), "{:?}", verdict(&same));
        let worse = samples(&|index| index % 2 == 0);
        let found = compare(&base, &worse, Vec::new(), &settings, &|_| true);
        assert_eq!(verdict(&found), Verdict::Regressed);
        // Without the cases that got worse there is nothing to say.
        let even = |case: &CaseId| case.0.ends_with(['0', '2', '4', '6', '8']);
        assert!(!compare(&base, &worse, Vec::new(), &settings, &even).regressed());
    }

    #[test]
    fn what_the_baseline_lacks_is_said_and_decides_nothing() {
        let settings = Settings::default();
        let found = compare(&baseline::Values::new(), &samples(&|_| true), Vec::new(), &settings, &|_| true);
        assert_eq!(found.changes.len(), 40);
        assert!(matches!(verdict(&found), Verdict::Inconclusive { .. }));
    }
}
