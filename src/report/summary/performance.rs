//! Limits on performance that are not kept, in words.

use std::time::Duration;

use crate::{
    domain::{
        duration,
        suite::{
            performance::{Measured, Unit},
            run::{SuiteRun, TestRun},
        },
    },
    report::number,
};

/// A sentence for each limit that a suite passed, or of which nobody knows whether it did.
pub fn over_performance(run: &TestRun) -> Vec<String> {
    let of_suite = |suite| limits_not_kept(suite).into_iter().map(move |measured| (suite, measured));
    run.suites.iter().flat_map(of_suite).map(|(suite, measured)| format!("suite `{}`: {}", suite.name, limit(&measured))).collect()
}

/// The limits that a suite passed, or of which nobody knows whether it did; none where no sample decides.
pub(in crate::report) fn limits_not_kept(suite: &SuiteRun) -> Vec<Measured> {
    if suite.is_all_excused() {
        return Vec::new();
    }
    suite.performance().into_iter().filter(|measured| measured.is_kept() != Some(true)).collect()
}

/// A limit and what was measured, in words.
pub(in crate::report) fn limit(measured: &Measured) -> String {
    let shown = |value: f64| match measured.unit {
        Unit::Milliseconds => duration::human(Duration::from_secs_f64(value / 1e3)),
        Unit::Dollars => number::usd(value),
        Unit::Tokens => format!("{value} tokens"),
    };
    match measured.found {
        Some(found) => format!("`{}` is {}, and at most {} is allowed", measured.metric, shown(found), shown(measured.limit)),
        None => format!("`{}` is not known, so its limit of {} is not shown to be kept", measured.metric, shown(measured.limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::suite::{Performance, run::TestVerdict},
        report::{fixture, summary},
    };

    fn judged(limits: Performance) -> (TestVerdict, Vec<String>, String) {
        let mut run = fixture::passing(4);
        run.suites[0].limits_on_performance = limits;
        (run.verdict(), over_performance(&run), summary::conclusion(&run))
    }

    #[test]
    fn a_limit_that_is_passed_fails_and_one_that_nobody_knows_never_passes() {
        let limits = Performance::default();
        assert_eq!(judged(limits).0, TestVerdict::Passed);
        assert_eq!(judged(Performance { latency_p95: Some(Duration::from_hours(1)), ..limits }).0, TestVerdict::Passed);
        let (verdict, said, conclusion) = judged(Performance { latency_p95: Some(Duration::from_nanos(1)), ..limits });
        assert_eq!(verdict, TestVerdict::Failed);
        assert!(said.len() == 1 && said[0].contains("`latency-p95` is"), "{said:?}");
        assert!(conclusion.contains("over a limit on performance") && !conclusion.contains("pass rate"), "{conclusion}");
        let mut run = fixture::passing(4);
        run.suites[0].limits_on_performance = Performance { latency_mean: Some(Duration::from_secs(1)), ..limits };
        run.suites[0].samples.clear();
        assert_ne!(run.verdict(), TestVerdict::Passed);
        assert!(over_performance(&run)[0].contains("is not known"), "{:?}", over_performance(&run));
    }
}
