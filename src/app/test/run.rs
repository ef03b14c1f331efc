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
    ask::{Asker, Asking, OfRun},
    base::Base,
    graded::{self, Graders},
    load::origin,
    pace::Lane,
    plan::CasePlan,
    purse::Purse,
    sample::{SampleRunner, Shared},
};
use crate::{
    app::{Failure, Services},
    domain::{
        lint::LintSettings,
        provider::{Prices, ProviderKind, ProviderSettings},
        suite::run::{PromptIdentity, Sample, SuiteRun, TestRun},
    },
    ports::provider::{ConnectError, Recording},
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
        let prices = priced(settings, asked);
        if let Some(error) = unbound(settings, asked, prices, plan, request) {
            unusable.push(error);
            continue;
        }
        match services.providers.connect(settings, &plan.providers, &recording) {
            Ok(provider) => {
                // A cassette that is recorded asks the provider it was recorded from: both keep to the same minute.
                let lane = lanes.entry(&asked.name).or_insert_with(|| Lane::new(asked.limits)).clone();
                askers.insert(settings.name.clone(), Asker::new(&settings.name, provider, of_run.clone(), prices, lane));
            }
            Err(error) => unusable.push(error),
        }
    }
    if unusable.is_empty() { Ok(askers) } else { Err(Failure::Provider(unusable)) }
}

/// What a provider's tokens cost; an echo costs nothing.
fn priced(settings: &ProviderSettings, asked: &ProviderSettings) -> Option<Prices> {
    let free = Prices { input_per_million: 0.0, output_per_million: 0.0 };
    settings.prices.or(asked.prices).or_else(|| matches!(asked.kind, ProviderKind::Echo).then_some(free))
}

/// A budget in money cannot be held with a provider that will be asked and whose prices nobody knows.
fn unbound(
    settings: &ProviderSettings,
    asked: &ProviderSettings,
    prices: Option<Prices>,
    plan: &Plan,
    request: &TestRequest,
) -> Option<ConnectError> {
    let usd = plan.run.budget.usd.filter(|_| prices.is_none())?;
    let replayed =
        request.recording.replay.is_some() || request.recording.record.is_none() && matches!(settings.kind, ProviderKind::Cassette { .. });
    let message = || format!("provider \"{}\" has no prices, so the budget of ${usd} cannot be held", asked.name);
    let help = || format!("add `prices` to `providers.{}`, or give the budget in tokens", asked.name);
    (!replayed).then(|| ConnectError { message: message(), help: Some(help()) })
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
    let warmed = warm_up(services, plan, askers).await;
    let started_at = services.clock.now();
    let started = services.clock.elapsed();
    services.progress.started(plan.samples() + base.map_or(0, Base::samples));
    let slots = Arc::new(Semaphore::new(plan.run.max_concurrency));
    let (stop, stopped) = watch::channel(Stop::No);
    let suites = futures::future::join_all(plan.suites.iter().filter_map(|suite| {
        let asker = askers.get(&suite.settings.provider)?.for_suite();
        Some(
            SuiteRunner {
                services,
                suite,
                base,
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
    TestRun { started_at, duration, suites, interrupted, warnings: warmed, process: services.process.usage(services.clock.elapsed()) }
}

/// Asks each suite's provider so many times before the run, one after another, and forgets the answers: a server that has to
/// wake up must not look slow. It is said, since it is paid for.
async fn warm_up(services: &Services, plan: &Plan, askers: &Askers) -> Vec<String> {
    let mut sent = 0_u32;
    let (_stop, stopped) = watch::channel(Stop::No);
    for suite in plan.suites.iter().filter(|_| plan.run.warm_up > 0) {
        let (Some(asker), Some(case)) = (askers.get(&suite.settings.provider), suite.cases.first()) else { continue };
        let until = services.clock.elapsed() + suite.settings.limits.suite;
        for number in 0..plan.run.warm_up {
            // A repeat that no sample has: neither cache nor cassette may take this answer for a sample's.
            let Ok(request) = suite.request(case, u32::MAX - number) else { continue };
            if asker.provider().is_at_hand(&request) {
                continue;
            }
            let asking = Asking { request: &request, limit: suite.settings.limits.request, until };
            let _forgotten = asker.ask(asking, None, stopped.clone()).await;
            sent += 1;
        }
    }
    if sent == 0 { Vec::new() } else { vec![format!("{sent} requests to warm up were sent before the run; they are not counted")] }
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
    base: Option<&'a Base>,
    scan: Option<LintSettings>,
    asker: Asker,
    graders: Arc<Graders>,
    slots: Arc<Semaphore>,
    stopped: watch::Receiver<Stop>,
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
        let on_base = self.base.and_then(|base| base.suite(&suite.settings.name)?.plan.as_ref());
        let mut asked = Both::default();
        tracing::info!(
            component = "test",
            action = "suite",
            suite = suite.settings.name,
            model = suite.model,
            samples = suite.samples() + on_base.map_or(0, SuitePlan::samples),
            "suite begins"
        );
        let mut tasks = JoinSet::new();
        for case in &suite.cases {
            let was = on_base.and_then(|base| same_case(base, case));
            for repeat in 0..suite.settings.repeat {
                for (of_base, plan, case) in interleaved((suite, case), was, repeat) {
                    // No more tasks than slots: a million cases must not become a million tasks.
                    while tasks.len() >= suite.settings.concurrency {
                        asked.take(joined(tasks.join_next().await));
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
                    let request = plan.request(case, repeat);
                    tasks.spawn(async move { (of_base, runner.run(request).await) });
                }
            }
        }
        while !tasks.is_empty() {
            asked.take(joined(tasks.join_next().await));
        }
        let [head, base] = asked.in_order();
        let mut run = SuiteRun { duration: clock.elapsed().saturating_sub(started), samples: head, ..unasked(suite) };
        if let Some(of_base) = self.base {
            of_base.begin(&mut run, base);
        }
        run
    }
}

/// A case of head as it is asked on base; base's cases are in the order of head's.
fn same_case<'a>(base: &'a SuitePlan, case: &CasePlan) -> Option<(&'a SuitePlan, &'a Arc<CasePlan>)> {
    let at = base.cases.binary_search_by_key(&case.index, |was| was.index).ok()?;
    Some((base, base.cases.get(at)?))
}

/// The samples of both sides as they come.
#[derive(Default)]
struct Both {
    head: Vec<Sample>,
    base: Vec<Sample>,
}

impl Both {
    fn take(&mut self, sample: Option<(bool, Sample)>) {
        match sample {
            Some((true, sample)) => self.base.push(sample),
            Some((false, sample)) => self.head.push(sample),
            None => {}
        }
    }

    /// Head's and base's, each in the order of cases, then repeats.
    fn in_order(self) -> [Vec<Sample>; 2] {
        let sorted = |mut samples: Vec<Sample>| {
            samples.sort_by_key(|sample| (sample.case_index, sample.repeat));
            samples
        };
        [self.head, self.base].map(sorted)
    }
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
        min_pass_rate: suite.settings.min_pass_rate,
        lints: Vec::new(),
        base: None,
        comparison: None,
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
