//! Carrying out a plan: many samples at once within their limits, in an order that never changes the report.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::{
    Plan, SuitePlan, TestRequest,
    ask::{Asked, Asker},
    graded::{self, Graders},
    plan::CasePlan,
};
use crate::{
    app::{Failure, Services},
    domain::{
        lint::{self, AnswerScan, LintSettings},
        provider::{FaultKind, ProviderFault},
        suite::{
            assertion::{Subject, score},
            run::{AssertionRun, GraderCall, NotRun, PromptIdentity, Sample, SampleResult, SuiteRun, TestRun},
        },
    },
    ports::provider::Recording,
};

/// How long requests under way may go on after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// The providers of a run by name.
pub(super) type Askers = BTreeMap<String, Asker>;

/// Prepares every provider that the plan needs.
///
/// # Errors
/// Every missing key and unreadable cassette.
pub(super) fn connect(services: &Services, plan: &Plan, request: &TestRequest) -> Result<Askers, Failure> {
    let cache = match request.cache {
        Some(false) => None,
        Some(true) => Some(plan.run.cache.clone().unwrap_or_else(|| PathBuf::from(".prompt-cicd/cache"))),
        None => plan.run.cache.clone(),
    };
    let recording = Recording { cache: cache.map(|folder| plan.base.join(folder)), ..request.recording.clone() };
    let retries = Arc::new(Mutex::default());
    let (mut askers, mut unusable) = (Askers::new(), Vec::new());
    let graders = graded::providers(plan);
    let needed = |name: &str| graders.contains(name) || plan.suites.iter().any(|suite| suite.settings.provider == name);
    for settings in plan.providers.iter().filter(|settings| needed(&settings.name)) {
        match services.providers.connect(settings, &plan.providers, &recording) {
            Ok(provider) => {
                let asker = Asker::new(&settings.name, provider, Arc::clone(&services.clock), plan.run.retry, Arc::clone(&retries));
                askers.insert(settings.name.clone(), asker);
            }
            Err(error) => unusable.push(error),
        }
    }
    if unusable.is_empty() { Ok(askers) } else { Err(Failure::Provider(unusable)) }
}

/// Lets every provider write down what must not be lost; what could not be written comes back.
pub(super) async fn finish(askers: &Askers) -> Vec<String> {
    let mut lost = Vec::new();
    for asker in askers.values() {
        if let Err(error) = asker.provider().finish().await {
            lost.push(format!("error: {error}"));
        }
    }
    lost
}

/// Asks and judges every sample of the plan.
pub(super) async fn run(services: &Services, plan: &Plan, askers: &Askers) -> TestRun {
    let started_at = services.clock.now();
    let started = services.clock.elapsed();
    services.progress.started(plan.samples());
    let slots = Arc::new(Semaphore::new(plan.run.max_concurrency));
    let (stop, stopped) = watch::channel(Stop::No);
    let suites = futures::future::join_all(plan.suites.iter().filter_map(|suite| {
        let asker = askers.get(&suite.settings.provider)?.clone();
        Some(
            SuiteRunner {
                services,
                suite,
                scan: plan.lints.scan_output.then(|| plan.lints.clone()),
                asker,
                graders: Arc::new(Graders::new(suite, askers, Arc::clone(&services.programs))),
                slots: Arc::clone(&slots),
                stopped: stopped.clone(),
            }
            .run(),
        )
    }));
    let suites = tokio::select! {
        suites = suites => suites,
        () = watch_for_stop(services, &stop) => Vec::new(),
    };
    services.progress.finished();
    let duration = services.clock.elapsed().saturating_sub(started);
    let interrupted = !matches!(*stop.borrow(), Stop::No);
    TestRun { started_at, duration, suites, interrupted, warnings: Vec::new(), process: services.process.usage(services.clock.elapsed()) }
}

/// How urgently the run is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    No,
    /// Start nothing new.
    Soon,
    /// Drop what is under way.
    Now,
}

/// Never returns: turns signals into [`Stop`]s while the suites go on to collect what they have.
async fn watch_for_stop(services: &Services, stop: &watch::Sender<Stop>) {
    services.process.stop_requested().await;
    tracing::warn!(component = "test", action = "stop", "stopping: waiting up to {} s for answers under way", GRACE.as_secs());
    stop.send_replace(Stop::Soon);
    tokio::select! {
        () = services.clock.sleep(GRACE) => {}
        () = services.process.stop_requested() => {}
    }
    stop.send_replace(Stop::Now);
    std::future::pending::<()>().await;
}

struct SuiteRunner<'a> {
    services: &'a Services,
    suite: &'a SuitePlan,
    scan: Option<LintSettings>,
    asker: Asker,
    graders: Arc<Graders>,
    slots: Arc<Semaphore>,
    stopped: watch::Receiver<Stop>,
}

/// What one sample needs while it runs on its own task.
struct SampleRunner {
    services: Services,
    asker: Asker,
    slots: Arc<Semaphore>,
    suite_slots: Arc<Semaphore>,
    stopped: watch::Receiver<Stop>,
    case: Arc<CasePlan>,
    repeat: u32,
    enqueued: Duration,
    suite_until: Duration,
    shared: Arc<Shared>,
}

/// What all samples of a suite share.
struct Shared {
    name: String,
    provider: String,
    graders: Arc<Graders>,
    /// How answers are scanned, where they are.
    scan: Option<LintSettings>,
    limits: crate::domain::suite::Limits,
    prices: Option<crate::domain::provider::Prices>,
}

impl SuiteRunner<'_> {
    async fn run(self) -> SuiteRun {
        let suite = self.suite;
        let clock = &self.services.clock;
        let started = clock.elapsed();
        let shared = Arc::new(Shared {
            name: suite.settings.name.clone(),
            provider: suite.settings.provider.clone(),
            graders: self.graders,
            scan: self.scan,
            limits: suite.settings.limits,
            prices: suite.prices,
        });
        let suite_slots = Arc::new(Semaphore::new(suite.settings.concurrency));
        let mut samples = Vec::with_capacity(suite.samples());
        tracing::info!(
            component = "test",
            action = "suite",
            suite = suite.settings.name,
            model = suite.model,
            samples = suite.samples(),
            "suite begins"
        );
        let mut tasks = JoinSet::new();
        for case in &suite.cases {
            for repeat in 0..suite.settings.repeat {
                // No more tasks than slots: a million cases must not become a million tasks.
                while tasks.len() >= suite.settings.concurrency {
                    samples.extend(joined(tasks.join_next().await));
                }
                let runner = SampleRunner {
                    services: self.services.clone(),
                    asker: self.asker.clone(),
                    slots: Arc::clone(&self.slots),
                    suite_slots: Arc::clone(&suite_slots),
                    stopped: self.stopped.clone(),
                    case: Arc::clone(case),
                    repeat,
                    enqueued: started,
                    suite_until: started + suite.settings.limits.suite,
                    shared: Arc::clone(&shared),
                };
                let request = suite.request(case, repeat);
                tasks.spawn(runner.run(request));
            }
        }
        while !tasks.is_empty() {
            samples.extend(joined(tasks.join_next().await));
        }
        samples.sort_by_key(|sample| (sample.case_index, sample.repeat));
        SuiteRun { duration: clock.elapsed().saturating_sub(started), samples, ..unasked(suite) }
    }
}

/// A suite before its first sample.
pub(super) fn unasked(suite: &SuitePlan) -> SuiteRun {
    SuiteRun {
        name: suite.settings.name.clone(),
        prompt: PromptIdentity {
            name: suite.prompt.name.clone(),
            version: suite.prompt.version.as_ref().map(ToString::to_string),
            digest: suite.prompt.digest.clone(),
            file: PathBuf::from(&suite.prompt.source),
        },
        provider: suite.settings.provider.clone(),
        model: suite.model.clone(),
        min_pass_rate: suite.settings.min_pass_rate,
        lints: Vec::new(),
        base: None,
        comparison: None,
        duration: Duration::ZERO,
        samples: Vec::new(),
    }
}

/// A task that panicked is a bug and must not look like a finished run.
fn joined(result: Option<Result<Sample, tokio::task::JoinError>>) -> Option<Sample> {
    match result? {
        Ok(sample) => Some(sample),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl SampleRunner {
    async fn run(self, request: anyhow::Result<crate::domain::provider::Request>) -> Sample {
        let clock = Arc::clone(&self.services.clock);
        let mut sample = Sample {
            case_id: self.case.case.id.clone(),
            case_index: self.case.index,
            repeat: self.repeat,
            vars: self.case.prompt_variables.values().clone(),
            result: SampleResult::NotRun(NotRun::Interrupted),
            queue: Duration::ZERO,
            execution: Duration::ZERO,
            attempts: 0,
            asked: Vec::new(),
        };
        // The slots are never closed, so acquiring fails for no one.
        let _suite_slot = self.suite_slots.acquire().await;
        let _slot = self.slots.acquire().await;
        let slot_taken = clock.elapsed();
        sample.queue = slot_taken.saturating_sub(self.enqueued);
        let stopped = *self.stopped.borrow();
        if stopped == Stop::No {
            let hard_stop = self.stopped.clone();
            let answered = tokio::select! {
                answered = self.answered(request, slot_taken) => Some(answered),
                () = told_to_stop_now(hard_stop) => None,
            };
            if let Some((result, attempts, asked)) = answered {
                (sample.result, sample.attempts, sample.asked) = (result, attempts, asked);
            }
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

    async fn answered(
        &self,
        request: anyhow::Result<crate::domain::provider::Request>,
        now: Duration,
    ) -> (SampleResult, u32, Vec<GraderCall>) {
        if now >= self.suite_until {
            return (SampleResult::NotRun(NotRun::SuiteTimeLimit(self.shared.limits.suite)), 0, Vec::new());
        }
        let request = match request {
            Ok(request) => request,
            // Rendering was proved before the run; saying it is better than hiding it should that ever break.
            Err(error) => {
                return (SampleResult::Faulted(ProviderFault::new(FaultKind::Malformed, format!("{error:#}"))), 0, Vec::new());
            }
        };
        let until = self.suite_until.min(now + self.shared.limits.case);
        let (asked, attempts) = self.asker.ask(&request, self.shared.limits.request, until, self.stopped.clone()).await;
        let mut calls = Vec::new();
        let result = match asked {
            Asked::Answered(answer) => self.judged(answer, &request, until, &mut calls).await,
            Asked::Faulted(fault) => SampleResult::Faulted(fault),
            Asked::Down(kind) => SampleResult::NotRun(NotRun::ProviderDown(kind)),
        };
        (result, attempts, calls)
    }

    async fn judged(
        &self,
        answer: Box<crate::domain::answer::Answer>,
        request: &crate::domain::provider::Request,
        until: Duration,
        calls: &mut Vec<GraderCall>,
    ) -> SampleResult {
        let cost_usd = self.shared.prices.and_then(|prices| prices.cost_usd(answer.usage));
        let subject = Subject { request: Some(request), ..Subject::new(&answer, &self.case.assertion_variables, cost_usd) };
        let time = (self.services.clock.elapsed(), until);
        let replies = match self.shared.graders.ask(&self.case.assertions, subject, time, &self.stopped, calls).await {
            Ok(replies) => replies,
            Err(fault) => {
                calls.insert(0, graded::unjudged(&answer, request, &self.shared.provider, cost_usd));
                return SampleResult::Faulted(fault);
            }
        };
        let subject = Subject { replies: Some(&replies), ..subject };
        let mut assertions: Vec<_> = self.case.assertions.iter().map(|assertion| assertion.judge(&subject)).collect();
        let (mut passed, score) = score(&assertions, self.case.threshold);
        if let Some(settings) = &self.shared.scan {
            // A leak fails the sample whatever its assertions score.
            let scans = lint::scan_answer(&answer.text, &self.case.case.place.file, settings);
            passed &= !scans.iter().any(|scan| scan.fails);
            assertions.extend(scans.into_iter().map(scanned));
        }
        SampleResult::Judged { answer, cost_usd, passed, score, assertions }
    }
}

/// What a rule says about an answer, as an assertion's judgement.
fn scanned(scan: AnswerScan) -> AssertionRun {
    let name = format!("scan:{}", scan.rule);
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
