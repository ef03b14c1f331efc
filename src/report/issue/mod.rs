//! An issue about a suite that somebody should look at: title and Markdown.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    comparison,
    escape::{markdown, one_line, truncate_chars},
    known, number, summary,
};
use crate::domain::suite::{
    CaseId,
    run::{Counts, Sample, SampleResult, SuiteRun},
};

/// Cases shown.
const CASES_SHOWN: usize = 30;
/// Characters shown of a name and of a reason.
const NAME_SHOWN: usize = 60;
const REASON_SHOWN: usize = 300;

/// Why an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The suite stays below its pass rate, or is worse than what it is compared with.
    Failing,
    /// The provider gave no answer.
    Unanswered,
    /// Cases passed and failed in one run.
    Flaky,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Failing, Self::Unanswered, Self::Flaky];

    /// As messages name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing cases",
            Self::Unanswered => "missing answers",
            Self::Flaky => "flaky cases",
        }
    }
}

/// The cases that count and both passed and failed in this run, with their counts.
pub fn flaky(suite: &SuiteRun) -> Vec<(&CaseId, Counts)> {
    by_case(suite).into_iter().filter(|(_, counts)| counts.passed > 0 && counts.failed > 0).collect()
}

fn by_case(suite: &SuiteRun) -> Vec<(&CaseId, Counts)> {
    let mut cases: BTreeMap<usize, (&CaseId, Vec<&Sample>)> = BTreeMap::new();
    let known = suite.known_cases();
    for sample in suite.samples.iter().filter(|sample| known.counts(&sample.case_id)) {
        cases.entry(sample.case_index).or_insert((&sample.case_id, Vec::new())).1.push(sample);
    }
    cases.into_values().map(|(case, samples)| (case, Counts::of(samples))).collect()
}

/// Title and Markdown; `link` is where people see the run.
pub fn of(suite: &SuiteRun, cause: Cause, link: Option<&str>) -> (String, String) {
    let name = one_line(&truncate_chars(&suite.name, NAME_SHOWN));
    let title = match cause {
        Cause::Failing => format!("prompt tests: suite {name} fails"),
        Cause::Unanswered => format!("prompt tests: suite {name} gets no answers"),
        Cause::Flaky => format!("prompt tests: suite {name} has flaky cases"),
    };
    let mut body = String::new();
    let counts = suite.counts();
    let about = format!(
        "Suite {} with prompt {} and model {}: {} of {} passed, {} failed, {} not judged.",
        suite.name,
        summary::prompt(&suite.prompt),
        suite.model,
        number::size(counts.passed),
        number::plural(counts.total, "sample"),
        number::size(counts.failed),
        number::size(counts.faulted + counts.not_run)
    );
    line(&mut body, "", &about);
    body.push('\n');
    let rows = match cause {
        Cause::Failing => comparison::headline(suite).into_iter().chain(failing(suite)).collect(),
        Cause::Unanswered => {
            let faults = summary::faults(suite);
            faults.iter().map(|fault| format!("{} ({}): {}", fault.samples(), fault.kind.as_str(), fault.message)).collect()
        }
        Cause::Flaky => flaky(suite).into_iter().map(|(case, counts)| format!("{case}: {}", passed(counts))).collect::<Vec<_>>(),
    };
    rows.iter().take(CASES_SHOWN).for_each(|row| line(&mut body, "- ", row));
    if let Some(more @ 1..) = rows.len().checked_sub(CASES_SHOWN) {
        line(&mut body, "- ", &format!("…and {} more", number::size(more)));
    }
    let known = known::lines(suite);
    if !known.is_empty() {
        body.push_str("\nKnown cases:\n\n");
        known.iter().take(CASES_SHOWN).for_each(|row| line(&mut body, "- ", row));
    }
    if let Some(link) =
        link.filter(|link| link.starts_with("https://") && !link.contains(|c: char| c.is_whitespace() || c == '>' || c == '<'))
    {
        write!(body, "\n[The run]({link})\n").ok();
    }
    body.push_str("\nThis issue is kept by `prompt-cicd test --issues`, and closed when the cause is gone.\n");
    (title, body)
}

fn line(body: &mut String, before: &str, text: &str) {
    // Writing to a text never fails.
    writeln!(body, "{before}{}", markdown(&truncate_chars(&one_line(text), REASON_SHOWN))).ok();
}

fn passed(counts: Counts) -> String {
    format!("{} of {} passed", number::size(counts.passed), number::plural(counts.passed + counts.failed, "sample"))
}

/// The failing cases that count, each with its first reason.
fn failing(suite: &SuiteRun) -> Vec<String> {
    let reason = |case: &CaseId| {
        let mut of_case = suite.samples.iter().filter(|sample| sample.case_id == *case && !sample.passed());
        of_case.find_map(|sample| match &sample.result {
            SampleResult::Judged { assertions, .. } => summary::main_failure(assertions).map(summary::assertion),
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
        })
    };
    by_case(suite)
        .into_iter()
        .filter(|(_, counts)| counts.failed > 0)
        .map(|(case, counts)| format!("{case}: {}{}", passed(counts), reason(case).map_or_else(String::new, |why| format!("; {why}"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn an_issue_holds_what_it_takes_and_commands_nobody() {
        for suite in &fixture::rich().suites {
            for cause in Cause::ALL {
                let (title, body) = of(suite, cause, Some("https://github.com/octo/prompts/actions/runs/1"));
                assert!(!title.contains('\n') && body.len() < 60_000, "{title}");
                let live = body.replace("\\<", "");
                assert!(!body.contains("@octocat") && !live.contains("<script") && !live.contains("<!--"), "{body}");
                assert!(body.contains("[The run](https://"), "{body}");
            }
        }
        let (_, body) = of(&fixture::failing(40).suites[0], Cause::Failing, Some("javascript:alert(1)"));
        assert!(body.contains("and 10 more") && !body.contains("javascript"), "{body}");
    }
}
