//! One sample on its own task: wait for a slot, ask, judge.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, watch};

use crate::app::test::{
    ask::{Asked, Asker, Asking},
    graded::{self, Graders},
    pace::{Passed, Permit},
    plan::CasePlan,
    run::Stop,
};
use crate::{
    app::Services,
    domain::{
        answer::Answer,
        budget::usage_of,
        lint::{self, AnswerScan, LintSettings, Redaction},
        provider::{FaultKind, Prices, ProviderFault, Request},
        suite::{
            Limits,
            assertion::{Subject, score},
            run::{AssertionRun, GraderCall, NotRun, SCAN, Sample, SampleResult},
        },
    },
};

/// What came of a sample: its result, its attempts, whom its assertions asked, and what of all that must not be shown.
type Came = (SampleResult, u32, Vec<GraderCall>, Option<Redaction>);

/// What one sample needs while it runs on its own task.
pub(in crate::app::test) struct SampleRunner {
    pub(in crate::app::test) services: Services,
    pub(in crate::app::test) asker: Asker,
    pub(in crate::app::test) slots: Arc<Semaphore>,
    pub(in crate::app::test) suite_slots: Arc<Semaphore>,
    pub(in crate::app::test) stopped: watch::Receiver<Stop>,
    pub(in crate::app::test) case: Arc<CasePlan>,
    pub(in crate::app::test) repeat: u32,
    pub(in crate::app::test) enqueued: Duration,
    pub(in crate::app::test) suite_until: Duration,
    pub(in crate::app::test) shared: Arc<Shared>,
}

/// What all samples of a suite share.
pub(in crate::app::test) struct Shared {
    pub(in crate::app::test) name: String,
    pub(in crate::app::test) provider: String,
    pub(in crate::app::test) graders: Arc<Graders>,
    /// How answers are scanned, where they are.
    pub(in crate::app::test) scan: Option<LintSettings>,
    pub(in crate::app::test) limits: Limits,
    pub(in crate::app::test) prices: Option<Prices>,
}

impl SampleRunner {
    /// Asks and judges it.
    pub(in crate::app::test) async fn run(self, request: anyhow::Result<Request>) -> Sample {
        let clock = Arc::clone(&self.services.clock);
        let mut sample = Sample {
            case_id: self.case.case.id.clone(),
            case_index: self.case.index,
            repeat: self.repeat,
            vars: Arc::new(self.case.prompt_variables.values().clone()),
            result: SampleResult::NotRun(NotRun::Interrupted),
            queue: Duration::ZERO,
            execution: Duration::ZERO,
            attempts: 0,
            asked: Vec::new(),
        };
        // The slots are never closed, so acquiring fails for no one.
        let _suite_slot = self.suite_slots.acquire().await;
        let mut stopped = self.stopped.clone();
        let passed = self.asker.enter(request.as_ref().ok(), self.suite_until, &mut stopped, &self.slots).await;
        let slot_taken = clock.elapsed();
        sample.queue = slot_taken.saturating_sub(self.enqueued);
        let stopped = *self.stopped.borrow();
        match passed {
            Passed::TooLate => sample.result = SampleResult::NotRun(NotRun::RateLimit(self.shared.limits.suite)),
            Passed::Now(_slot, permit) if stopped == Stop::No => {
                let hard_stop = self.stopped.clone();
                let answered = tokio::select! {
                    answered = self.answered(request, slot_taken, permit) => Some(answered),
                    () = told_to_stop_now(hard_stop) => None,
                };
                if let Some((result, attempts, asked, redaction)) = answered {
                    (sample.result, sample.attempts, sample.asked) = (result, attempts, asked);
                    // Before anybody sees it: progress, reports, history and shards get what is shown.
                    if let Some(redaction) = &redaction {
                        sample.redact(redaction);
                    }
                }
            }
            Passed::Now(..) | Passed::Stopped => {}
        }
        sample.execution = clock.elapsed().saturating_sub(slot_taken);
        tracing::debug!(
            component = "test",
            action = "sample",
            suite = self.shared.name,
            case = sample.case_id.0,
            repeat = sample.repeat,
            attempts = sample.attempts,
            passed = sample.passed(),
            duration_ms = u64::try_from(sample.execution.as_millis()).unwrap_or(u64::MAX),
            "sample done"
        );
        self.services.progress.finished_sample(&self.shared.name, &sample);
        sample
    }

    async fn answered(&self, request: anyhow::Result<Request>, now: Duration, permit: Permit) -> Came {
        if now >= self.suite_until {
            return (SampleResult::NotRun(NotRun::SuiteTimeLimit(self.shared.limits.suite)), 0, Vec::new(), None);
        }
        let request = match request {
            Ok(request) => request,
            // Rendering was proved before the run; saying it is better than hiding it should that ever break.
            Err(error) => {
                return (SampleResult::Faulted(ProviderFault::new(FaultKind::Malformed, format!("{error:#}"))), 0, Vec::new(), None);
            }
        };
        let until = self.suite_until.min(now + self.shared.limits.case);
        let asking = Asking { request: &request, limit: self.shared.limits.request, until };
        let (asked, attempts) = self.asker.ask(asking, Some(permit), self.stopped.clone()).await;
        let (mut calls, mut redaction) = (Vec::new(), None);
        let result = match asked {
            Asked::Answered(answer) => {
                let file = &self.case.case.place.file;
                let said = answer.said();
                let scans = self.shared.scan.as_ref().map(|settings| lint::scan_answer(&said, file, settings)).unwrap_or_default();
                redaction = Redaction::of(&said, &scans);
                self.judged(answer, &request, (until, scans), &mut calls).await
            }
            Asked::Faulted(fault) => SampleResult::Faulted(fault),
            Asked::Down(kind) => SampleResult::NotRun(NotRun::ProviderDown(kind)),
            Asked::Unaffordable(stop) => SampleResult::NotRun(NotRun::Budget(stop)),
            Asked::Stopped => SampleResult::NotRun(NotRun::Interrupted),
        };
        (result, attempts, calls, redaction)
    }

    async fn judged(
        &self,
        answer: Box<Answer>,
        request: &Request,
        (until, scans): (Duration, Vec<AnswerScan>),
        calls: &mut Vec<GraderCall>,
    ) -> SampleResult {
        let answer = Box::new(Answer { usage: usage_of(&answer, request), ..*answer });
        let cost_usd = self.shared.prices.and_then(|prices| prices.cost_usd(answer.usage));
        let subject = Subject { request: Some(request), ..Subject::new(&answer, &self.case.assertion_variables, cost_usd) };
        if let Some(lacks) = self.case.assertions.iter().find_map(|assertion| assertion.lacks(&subject)) {
            calls.push(graded::unjudged(&answer, request, &self.shared.provider, cost_usd));
            return SampleResult::Faulted(ProviderFault::new(FaultKind::Malformed, lacks));
        }
        let time = (self.services.clock.elapsed(), until);
        let replies = match self.shared.graders.ask(&self.case.assertions, subject, time, &self.stopped, calls).await {
            Ok(replies) => replies,
            Err(why) => {
                calls.insert(0, graded::unjudged(&answer, request, &self.shared.provider, cost_usd));
                return why.into();
            }
        };
        let subject = Subject { replies: Some(&replies), ..subject };
        let mut assertions: Vec<_> = self.case.assertions.iter().map(|assertion| assertion.judge(&subject)).collect();
        let (mut passed, score) = score(&assertions, self.case.threshold);
        // A leak fails the sample whatever its assertions score.
        passed &= !scans.iter().any(|scan| scan.fails);
        assertions.extend(scans.into_iter().map(scanned));
        SampleResult::Judged { answer: (*answer).into(), cost_usd, passed, score, assertions: assertions.into() }
    }
}

/// What a rule says about an answer, as an assertion's judgement.
fn scanned(scan: AnswerScan) -> AssertionRun {
    let name = format!("{SCAN}{}", scan.rule);
    let passed = scan.found.is_none();
    AssertionRun {
        label: name.clone(),
        name,
        passed,
        score: f64::from(u8::from(passed)),
        weight: f64::from(u8::from(passed || scan.fails)),
        reason: scan.found.unwrap_or_else(|| "no finding in the answer".to_owned()),
    }
}

async fn told_to_stop_now(mut stopped: watch::Receiver<Stop>) {
    if stopped.wait_for(|stop| *stop == Stop::Now).await.is_err() {
        // The sender is gone with the run itself; nothing will tell us any more.
        std::future::pending::<()>().await;
    }
}
