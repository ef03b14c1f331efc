//! Issues about suites: one is open for each cause, and closed when it is gone.

use std::time::Duration;

use crate::{
    app::{Services, monitor::said},
    domain::{
        digest,
        suite::run::{SuiteRun, TestRun, TestVerdict},
    },
    ports::code_host::{CodeHost, CodeHostError, Issue, Marker, Patience, Written},
    report::{
        escape::one_line,
        issue::{self, Cause},
    },
};

/// How long one issue may take, with retries and rate limits.
const ISSUE_TIME: Duration = Duration::from_mins(1);

/// Given to a new issue.
const LABELS: [&str; 3] = ["test-failure", "nightly", "automated"];

/// What a run says about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It holds.
    There,
    /// It is gone.
    Gone,
    /// The run does not know.
    Unknown,
}

/// Keeps the issues about every suite of a run; what could not be done comes back.
pub(in crate::app) async fn of_run(services: &Services, run: &TestRun) -> Vec<String> {
    let host = match services.code_hosts.open() {
        Ok(host) => host,
        Err(why) => return vec![format!("warning: issues are not kept: {why}")],
    };
    let link = services.ci.run().and_then(|run| run.url);
    let mut notes = Vec::new();
    for suite in &run.suites {
        for cause in Cause::ALL {
            let Some(marker) = marker(suite, cause) else { continue };
            let patience = Patience::of(services.clock.as_ref(), ISSUE_TIME);
            let about = format!("{} of {}", cause.word(), one_line(&suite.name));
            match keep(host.as_ref(), run, suite, cause, &marker, link.as_deref(), patience).await {
                Ok(Some(written)) => notes.extend(said(&about, &written)),
                Ok(None) => {}
                Err(error) => notes.push(format!("warning: the issue about {about}: {}", one_line(&error.to_string()))),
            }
        }
    }
    notes
}

async fn keep(
    host: &dyn CodeHost,
    run: &TestRun,
    suite: &SuiteRun,
    cause: Cause,
    marker: &Marker,
    link: Option<&str>,
    patience: Patience,
) -> Result<Option<Written>, CodeHostError> {
    match state(run, suite, cause) {
        State::Gone => host.close_issue(marker, patience).await,
        State::Unknown => Ok(None),
        State::There => {
            let (title, body) = issue::of(suite, cause, link);
            host.put_issue(&Issue { marker, title: &title, body: &body, labels: &LABELS }, patience).await.map(Some)
        }
    }
}

fn state(run: &TestRun, suite: &SuiteRun, cause: Cause) -> State {
    let counts = suite.counting();
    let open = counts.faulted + counts.not_run;
    match cause {
        Cause::Failing => match suite.verdict() {
            TestVerdict::Failed => State::There,
            TestVerdict::Passed if counts.total > 0 => State::Gone,
            TestVerdict::Passed | TestVerdict::Inconclusive => State::Unknown,
        },
        Cause::Unanswered if run.interrupted || run.stopped_by_lints() => State::Unknown,
        Cause::Unanswered if counts.faulted > 0 => State::There,
        Cause::Unanswered if open == 0 && counts.total > 0 => State::Gone,
        Cause::Unanswered => State::Unknown,
        Cause::Flaky if !issue::flaky(suite).is_empty() => State::There,
        // Asked once, a case cannot show that it is steady.
        Cause::Flaky if open > 0 || suite.samples.iter().all(|sample| sample.repeat == 0) => State::Unknown,
        Cause::Flaky => State::Gone,
    }
}

/// The cause: names may be anything, a marker may not.
fn marker(suite: &SuiteRun, cause: Cause) -> Option<Marker> {
    let about = serde_json::json!([suite.name, cause.word()]);
    Marker::new(&format!("test:{}", digest::of_json(&about).chars().take(32).collect::<String>()))
}
