//! Why samples were not asked, in words.

use crate::{
    domain::{
        budget::BudgetStop,
        duration,
        suite::run::{NotRun, SampleResult, SuiteRun},
    },
    report::number,
};

/// Why samples of a suite were not asked, and how many for each reason, in the order they first came up.
pub(in crate::report) fn not_run(suite: &SuiteRun) -> Vec<(String, usize)> {
    let mut groups: Vec<(String, usize)> = Vec::new();
    let of_base = suite.base.iter().flat_map(|base| &base.samples);
    for sample in suite.samples.iter().chain(of_base) {
        if let SampleResult::NotRun(reason) = &sample.result {
            let reason = not_run_reason(reason);
            match groups.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => groups.push((reason, 1)),
            }
        }
    }
    groups
}

/// Why one sample was not asked.
pub(in crate::report) fn not_run_reason(reason: &NotRun) -> String {
    match reason {
        NotRun::Interrupted => "the run was stopped".to_owned(),
        NotRun::SuiteTimeLimit(limit) => format!("the suite's time limit of {} was reached", duration::human(*limit)),
        NotRun::RateLimit(limit) => format!(
            "the provider's `requests-per-minute` or `tokens-per-minute` left no turn within the suite's time limit of {}; raise `limits.suite`",
            duration::human(*limit)
        ),
        NotRun::Lints(count) => format!("the lints stopped the run ({})", number::plural(*count, "finding")),
        NotRun::Budget(BudgetStop::Usd(most)) => format!("the budget of {} was spent", number::usd(*most)),
        NotRun::Budget(BudgetStop::Tokens(most)) => format!("the budget of {} tokens was spent", number::count(*most)),
        NotRun::Budget(BudgetStop::TooFewUsd(most, needed)) => {
            format!("the budget of {} allows no request: one may come to {}", number::usd(*most), number::usd(*needed))
        }
        NotRun::Budget(BudgetStop::TooFewTokens(most, needed)) => {
            format!("the budget of {} allows no request: one may come to {}", of_tokens(*most), of_tokens(*needed))
        }
        NotRun::Budget(BudgetStop::CostUnknown(most)) => {
            format!("the cost of an answer is not known, so the budget of {} cannot be held", number::usd(*most))
        }
        NotRun::ProviderDown(kind) => format!("the provider had failed too often ({})", kind.as_str()),
    }
}

fn of_tokens(count: u64) -> String {
    format!("{} token{}", number::count(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{domain::provider::FaultKind, report::fixture};

    #[test]
    fn every_reason_for_not_running_has_its_sentence() {
        let mut run = fixture::passing(6);
        let reasons = [
            NotRun::Interrupted,
            NotRun::SuiteTimeLimit(Duration::from_mins(5)),
            NotRun::ProviderDown(FaultKind::Denied),
            NotRun::RateLimit(Duration::from_mins(5)),
            NotRun::Budget(BudgetStop::TooFewTokens(1, 32)),
            NotRun::Interrupted,
        ];
        for (sample, reason) in run.suites[0].samples.iter_mut().zip(reasons) {
            sample.result = SampleResult::NotRun(reason);
        }
        let expected = [
            ("the run was stopped", 2),
            ("the suite's time limit of 5 min 00 s was reached", 1),
            ("the provider had failed too often (denied)", 1),
            (
                "the provider's `requests-per-minute` or `tokens-per-minute` left no turn within the suite's time limit of 5 min 00 s; raise `limits.suite`",
                1,
            ),
            ("the budget of 1 token allows no request: one may come to 32 tokens", 1),
        ];
        assert_eq!(not_run(&run.suites[0]), expected.map(|(reason, count)| (reason.to_owned(), count)));
    }
}
