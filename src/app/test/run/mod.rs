//! Carrying out a plan: many samples at once within their limits, in an order that never changes the report.

mod both;

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    ops::Range,
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
    ask::{Asker, OfRun},
    base::Base,
    graded::{self, Graders},
    implied,
    load::origin,
    pace::Lane,
    plan::CasePlan,
    priced,
    purse::Purse,
    rounds::Rounds,
    sample::{SampleRunner, Shared},
};
use crate::{
    app::{Failure, Services},
    domain::{
        history::quarantine::{Rule, rule_for},
        regression::Settings,
        suite::{
            CaseId,
            run::{PromptIdentity, SuiteRun, TestRun},
        },
    },
    ports::provider::Recording,
};
pub(super) use both::Both;

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
    let of_run = OfRun {
        clock: Arc::clone(&services.clock),
        policy: plan.run.retry,
        retries: Arc::new(Mutex::default()),
        purse: Arc::new(Purse::new(plan.run.budget)),
    };
    let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
    let (mut askers, mut unusable) = (Askers::new(), Vec::new());
    let graders = graded::providers(plan);
    let needed = |name: &str| graders.contains(name) || plan.suites.iter().any(|suite| suite.settings.provider == name);
    for settings in plan.providers.iter().filter(|settings| needed(&settings.name)) {
        let asked = origin(settings, &plan.providers);
        let prices = priced::configured(settings, asked);
        let unnamed = implied::unnamed(services, plan, &settings.name, request);
        if let Some(error) = unnamed.or_else(|| priced::unbound(settings, asked, prices, plan, request)) {
            unusable.push(error);
            continue;
        }
        match services.providers.connect(settings, &plan.providers, &recording) {
            Ok(provider) => {
                // A cassette that is recorded asks the provider it was recorded from: both keep to the same minute.
                let lane = lanes.entry(&asked.name).or_insert_with(|| Lane::new(asked.limits)).clone();
                askers.insert(settings.name.clone(), Asker::new(&settings.name, provider, of_run.clone(), (prices, asked), lane));
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

/// Asks and judges every sample of the plan, and of base where there is one.
pub(super) async fn run(services: &Services, plan: &Plan, base: Option<&Base>, askers: &Askers) -> TestRun {
    let warmed = super::warm_up::warm_up(services, plan, askers).await;
    let started_at = services.clock.now();
    let started = services.clock.elapsed();
    services.progress.started(plan.samples() + base.map_or(0, Base::samples));
    let slots = Arc::new(Semaphore::new(plan.run.max_concurrency));
    let (suites, interrupted) = until_stopped(services, |stopped| {
        let runners = plan.suites.iter().filter_map(|suite| SuiteRunner::new(services, plan, suite, base, askers, &slots, &stopped));
        futures::future::join_all(runners.map(SuiteRunner::run).collect::<Vec<_>>())
    })
    .await;
    services.progress.finished();
    let duration = services.clock.elapsed().saturating_sub(started);
    TestRun {
        started_at,
        checkout: None,
        duration,
        suites,
        interrupted,
        warnings: warmed,
        process: services.process.usage(services.clock.elapsed()),
    }
}

/// What comes of something that heeds signals, and whether there was one.
pub(super) async fn until_stopped<T: Default, F: Future<Output = T>>(
    services: &Services,
    begin: impl FnOnce(watch::Receiver<Stop>) -> F,
) -> (T, bool) {
    let (stop, stopped) = watch::channel(Stop::No);
    // In this order: signals are heard before anything is asked, or the first one would end the process.
    let done = tokio::select! {
        biased;
        () = watch_for_stop(services, &stop) => T::default(),
        done = begin(stopped) => done,
    };
    let interrupted = !matches!(*stop.borrow(), Stop::No);
    (done, interrupted)
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

/// Asks the cases of one suite, and of base where there is one.
pub(super) struct SuiteRunner<'a> {
    services: &'a Services,
    suite: &'a SuitePlan,
    base: Option<&'a Base>,
    on_base: Option<&'a SuitePlan>,
    regression: &'a Settings,
    quarantine: &'a [Rule],
    asker: Asker,
    slots: Arc<Semaphore>,
    suite_slots: Arc<Semaphore>,
    stopped: watch::Receiver<Stop>,
    shared: Arc<Shared>,
    started: Duration,
}

impl<'a> SuiteRunner<'a> {
    /// `None` where the suite's provider was not prepared.
    pub(super) fn new(
        services: &'a Services,
        plan: &'a Plan,
        suite: &'a SuitePlan,
        base: Option<&'a Base>,
        askers: &Askers,
        slots: &Arc<Semaphore>,
        stopped: &watch::Receiver<Stop>,
    ) -> Option<Self> {
        let shared = Shared {
            name: suite.settings.name.clone(),
            provider: suite.settings.provider.clone(),
            graders: Arc::new(Graders::new(suite, askers, Arc::clone(&services.programs))),
            scan: plan.lints.scan_output.then(|| plan.lints.clone()),
            limits: suite.settings.limits,
            prices: suite.prices,
        };
        Some(Self {
            services,
            suite,
            base,
            on_base: base.and_then(|base| base.suite(&suite.settings.name)?.plan.as_ref()),
            regression: &plan.regression,
            quarantine: &plan.quarantine,
            asker: askers.get(&suite.settings.provider)?.for_suite(),
            slots: Arc::clone(slots),
            suite_slots: Arc::new(Semaphore::new(suite.settings.concurrency)),
            stopped: stopped.clone(),
            shared: Arc::new(shared),
            started: services.clock.elapsed(),
        })
    }

    async fn run(self) -> SuiteRun {
        let suite = self.suite;
        let clock = &self.services.clock;
        tracing::info!(
            component = "test",
            action = "suite",
            suite = suite.settings.name,
            model = suite.model,
            samples = suite.samples() + self.on_base.map_or(0, SuitePlan::samples),
            "suite begins"
        );
        let mut rounds = Rounds::new(suite, self.on_base, self.regression, self.excused(), self.started);
        let mut asked = Both::new(suite);
        loop {
            self.ask(suite.cases.iter(), rounds.repeats(), &mut asked).await;
            asked.sort();
            let affords = |samples| self.asker.affords(asked.head.iter().chain(&asked.base), samples);
            if !rounds.goes_on(&asked.head, &asked.base, (clock.elapsed(), self.until()), affords) {
                break;
            }
            self.services.progress.more(rounds.samples());
        }
        let Both { head, base, .. } = asked;
        let sampling = rounds.sampling(head.len() + base.len());
        let mut run = SuiteRun { duration: clock.elapsed().saturating_sub(self.started), samples: head, sampling, ..unasked(suite) };
        if let Some(of_base) = self.base {
            of_base.begin(&mut run, base);
        }
        run
    }

    /// The cases in quarantine.
    fn excused(&self) -> BTreeSet<CaseId> {
        let now = self.services.clock.now();
        let excused = |case: &CaseId| rule_for(self.quarantine, &self.suite.prompt.name, &case.0, &now).is_some();
        let among = (!self.quarantine.is_empty()).then(|| self.suite.cases.iter());
        among.into_iter().flatten().map(|case| case.case.id.clone()).filter(excused).collect()
    }

    /// When the suite's time is over, on the clock.
    fn until(&self) -> Duration {
        self.started + self.suite.settings.limits.suite
    }

    /// Asks these cases so many more times, on base too where it knows them.
    pub(super) async fn ask(&self, cases: impl Iterator<Item = Arc<CasePlan>>, repeats: Range<u32>, asked: &mut Both) {
        let enqueued = self.services.clock.elapsed();
        let mut tasks = JoinSet::new();
        // Both sides have the order of the suite, so that each is gone through once.
        let mut of_base = self.on_base.map(|base| (base, base.cases.iter().peekable()));
        for case in cases {
            let was = of_base.as_mut().and_then(|(base, cases)| Some((*base, same_case(cases, &case)?)));
            let was = was.as_ref().map(|(base, case)| (*base, case));
            for repeat in repeats.clone() {
                for (of_base, plan, case) in interleaved((self.suite, &case), was, repeat) {
                    // No more tasks than slots: a million cases must not become a million tasks.
                    while tasks.len() >= self.suite.settings.concurrency {
                        asked.take(joined(tasks.join_next().await));
                    }
                    let runner = SampleRunner {
                        services: self.services.clone(),
                        asker: self.asker.clone(),
                        slots: Arc::clone(&self.slots),
                        suite_slots: Arc::clone(&self.suite_slots),
                        stopped: self.stopped.clone(),
                        case: Arc::clone(case),
                        repeat,
                        enqueued,
                        suite_until: self.until(),
                        shared: Arc::clone(&self.shared),
                    };
                    let request = plan.request(case, repeat);
                    tasks.spawn(async move { (of_base, runner.run(request).await) });
                }
            }
        }
        while !tasks.is_empty() {
            asked.take(joined(tasks.join_next().await));
        }
    }
}

/// A case of head as it is asked on base; base's cases are in the order of head's, and those before it are passed over.
fn same_case(base: &mut Peekable<impl Iterator<Item = Arc<CasePlan>>>, case: &CasePlan) -> Option<Arc<CasePlan>> {
    while base.next_if(|was| was.index < case.index).is_some() {}
    base.next_if(|was| was.index == case.index)
}

/// A side of a sample: whether it is base's, its suite and its case.
type Side<'a> = (bool, &'a SuitePlan, &'a Arc<CasePlan>);

/// Both sides of one sample next to each other, in turn the one and the other first: whatever drifts while a run goes on
/// meets both alike.
fn interleaved<'a>(
    head: (&'a SuitePlan, &'a Arc<CasePlan>),
    base: Option<(&'a SuitePlan, &'a Arc<CasePlan>)>,
    repeat: u32,
) -> impl Iterator<Item = Side<'a>> {
    let odd = (u32::try_from(head.1.index).unwrap_or(0) ^ repeat) & 1 == 1;
    let (head, base) = ((false, head.0, head.1), base.map(|base| (true, base.0, base.1)));
    let order = if odd { [base, Some(head)] } else { [Some(head), base] };
    order.into_iter().flatten()
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
        listed: suite.listed.cloned(),
        min_pass_rate: suite.settings.min_pass_rate,
        limits_on_performance: suite.settings.performance,
        lints: Vec::new(),
        base: None,
        comparison: None,
        sampling: None,
        confirmations: Vec::new(),
        known: Vec::new(),
        baselines: Vec::new(),
        duration: Duration::ZERO,
        samples: Vec::new(),
    }
}

/// A task that panicked is a bug and must not look like a finished run.
fn joined<T>(result: Option<Result<T, tokio::task::JoinError>>) -> Option<T> {
    match result? {
        Ok(sample) => Some(sample),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
