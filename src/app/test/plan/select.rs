//! `--filter` and `--tag`. An empty selection is never green.

use crate::app::test::{Plan, TestRequest};
use crate::{app::Failure, domain::suite::CaseSource};

/// A configuration without suites, or a suite without cases, proves nothing.
///
/// # Errors
/// Which of the two it is.
pub(in crate::app::test) fn something(plan: &Plan) -> Result<(), Failure> {
    if plan.suites.is_empty() {
        let next = "write one under `suites`, or have them written: prompt-cicd init".to_owned();
        return Err(Failure::NothingSelected { why: "the configuration has no suites".to_owned(), next });
    }
    match plan.suites.iter().find(|suite| suite.cases.is_empty()) {
        Some(suite) => {
            let settings = &suite.settings;
            Err(Failure::NothingSelected {
                why: format!("suite `{}` has no cases", settings.name),
                next: write_cases(&settings.cases, &settings.path),
            })
        }
        None => Ok(()),
    }
}

/// Where the cases of a suite without any belong.
fn write_cases(source: &CaseSource, suite: &str) -> String {
    match source {
        CaseSource::Files(files) => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            format!("write a case into {}, or name another file under `{suite}.cases`", files.join(" or "))
        }
        CaseSource::Inline(_) => format!("write a case under `{suite}.cases`"),
        CaseSource::Prompt => format!("write cases into the prompt's file, or name a file of them under `{suite}.cases`"),
    }
}

/// Keeps what was asked for.
///
/// # Errors
/// When nothing is left, also without any selection: a suite without cases proves nothing.
pub(in crate::app::test) fn select(plan: &mut Plan, request: &TestRequest) -> Result<(), Failure> {
    something(plan)?;
    let before = plan.samples();
    let all = request.tags.is_empty() && request.filters.is_empty();
    for suite in plan.suites.iter_mut().filter(|_| !all) {
        let name = &suite.settings.name;
        let tagged = |tags: &[String]| tags.iter().any(|tag| request.tags.contains(tag));
        let suite_tagged = request.tags.is_empty() || tagged(&suite.settings.tags);
        suite.cases.retain(|case| {
            let path = format!("{name}/{}", case.case.id);
            (suite_tagged || tagged(&case.case.tags))
                && (request.filters.is_empty() || request.filters.iter().any(|filter| filter.is_match(&path)))
        });
    }
    plan.suites.retain(|suite| !suite.cases.is_empty());
    if plan.suites.is_empty() {
        let filters = request.filters.iter().map(|filter| format!("--filter {}", filter.as_str()));
        let tags = request.tags.iter().map(|tag| format!("--tag {tag}"));
        let asked = filters.chain(tags).collect::<Vec<_>>().join(" ");
        let next = "see what there is with `prompt-cicd test --dry-run`, without --filter and --tag".to_owned();
        return Err(Failure::NothingSelected { why: format!("none of {before} samples matches {asked}"), next });
    }
    Ok(())
}
