//! Asking one provider on behalf of many samples: retries, the run's retry budget, and giving up on a dead endpoint.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Semaphore, watch};

use crate::app::test::{
    pace::{Lane, Passed, Permit},
    purse::{NoLeave, Purse},
    run::Stop,
};
use crate::{
    domain::{
        answer::Answer,
        budget::{BudgetStop, Estimate, tokens_of, tokens_of_answer},
        duration::human,
        price_list::{self, Listed},
        provider::{FaultKind, Prices, ProviderFault, ProviderSettings, Request},
        retry::{Breaker, RetryClock, RetryPolicy},
        suite::run::{Sample, would_come_to},
    },
    ports::{clock::Clock, provider::Provider},
};

/// How long a provider may take that was never asked before the run's retry budget was used up.
const LOOK: Duration = Duration::from_secs(5);

/// What all providers of a run share.
#[derive(Clone)]
pub(in crate::app::test) struct OfRun {
    pub(in crate::app::test) clock: Arc<dyn Clock>,
    pub(in crate::app::test) policy: RetryPolicy,
    /// The budget of retries is the run's.
    pub(in crate::app::test) retries: Arc<Mutex<RetryClock>>,
    pub(in crate::app::test) purse: Arc<Purse>,
}

/// A provider with everything that its samples share.
#[derive(Clone)]
pub(in crate::app::test) struct Asker {
    name: String,
    provider: Arc<dyn Provider>,
    run: OfRun,
    breaker: Arc<Mutex<Breaker>>,
    prices: Option<Prices>,
    /// Whom the list of prices is asked about, where the configuration has none.
    listed_of: Arc<ProviderSettings>,
    lane: Lane,
    /// The most tokens of an answer so far; 0 before the first one.
    longest: Arc<AtomicU64>,
    /// How many tokens a request had more than was guessed, at most.
    uncounted: Arc<AtomicU64>,
}

/// How asking for one sample ended.
pub(in crate::app::test) enum Asked {
    /// With an answer.
    Answered(Box<Answer>),
    /// Without one.
    Faulted(ProviderFault),
    /// The provider is not asked any more.
    Down(FaultKind),
    /// The run's budget does not allow it.
    Unaffordable(BudgetStop),
    /// The run ended before it was asked.
    Stopped,
}

/// One question, and how long there is for it.
#[derive(Clone, Copy)]
pub(in crate::app::test) struct Asking<'r> {
    pub(in crate::app::test) request: &'r Request,
    /// How long one request may take.
    pub(in crate::app::test) limit: Duration,
    /// On the clock: all requests together.
    pub(in crate::app::test) until: Duration,
}

/// How one request ended.
enum Once {
    /// It was sent at this time.
    Sent(Duration, Result<Box<Answer>, ProviderFault>),
    /// It was not sent: its turn comes too late.
    Late,
    /// It was not sent.
    Unsent(NoLeave),
}

impl Asker {
    /// `prices` are the configuration's, with the provider that is asked.
    pub(in crate::app::test) fn new(
        name: &str,
        provider: Arc<dyn Provider>,
        run: OfRun,
        (prices, asked): (Option<Prices>, &ProviderSettings),
        lane: Lane,
    ) -> Self {
        Self {
            name: name.to_owned(),
            provider,
            run,
            breaker: Arc::default(),
            prices,
            listed_of: Arc::new(asked.clone()),
            lane,
            longest: Arc::default(),
            uncounted: Arc::default(),
        }
    }

    pub(in crate::app::test) fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// The same provider for another suite, which takes turns with this one.
    pub(in crate::app::test) fn for_suite(&self) -> Self {
        Self { lane: self.lane.another(), ..self.clone() }
    }

    /// Waits for one of `slots`, and for the provider's turn where it is limited.
    pub(in crate::app::test) async fn enter<'s>(
        &self,
        request: Option<&Request>,
        until: Duration,
        stopped: &mut watch::Receiver<Stop>,
        slots: &'s Semaphore,
    ) -> Passed<'s> {
        match request.filter(|request| !self.provider.is_at_hand(request)) {
            Some(request) => self.lane.pass(&*self.run.clock, self.estimate(request).tokens(), until, stopped, Some(slots)).await,
            None => Passed::Now(slots.acquire().await.ok(), Permit::default()),
        }
    }

    /// Asks until there is an answer, the fault is final, or the time is over. Returns how many requests it took. `permit`
    /// is the provider's turn for the first of them, where it was waited for already.
    pub(in crate::app::test) async fn ask(
        &self,
        asking: Asking<'_>,
        mut permit: Option<Permit>,
        mut stopped: watch::Receiver<Stop>,
    ) -> (Asked, u32) {
        if let Some(kind) = self.down() {
            return (Asked::Down(kind), 0);
        }
        let mut retrying = Retrying { asker: self, open: false };
        let mut attempt = 0;
        let mut last: Option<ProviderFault> = None;
        loop {
            let (started, answered) = match self.once(asking, permit.take(), retrying.open, &mut stopped).await {
                Once::Sent(started, answered) => (started, answered),
                unsent @ (Once::Late | Once::Unsent(_)) => return (self.unsent(unsent, last, attempt), attempt),
            };
            attempt += 1;
            let fault = match answered {
                Ok(answer) => {
                    lock(&self.breaker).succeeded();
                    return (Asked::Answered(answer), attempt);
                }
                Err(fault) => fault,
            };
            if fault.kind.is_transient() {
                retrying.begin(started);
            }
            let left = self.budget_left();
            // Once the run is to end, nothing new is asked.
            if *stopped.borrow() != Stop::No {
                return (Asked::Faulted(self.told(fault, attempt, left)), attempt);
            }
            let time = asking.until.saturating_sub(self.run.clock.elapsed());
            let Some(pause) = self.run.policy.pause(&fault, attempt, self.run.clock.jitter(), left.min(time)) else {
                lock(&self.breaker).failed(fault.kind, !left.is_zero());
                return (Asked::Faulted(self.told(fault, attempt, left)), attempt);
            };
            self.log_retry(&fault, attempt, pause);
            tokio::select! {
                () = self.run.clock.sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop != Stop::No) => return (Asked::Faulted(self.told(fault, attempt, left)), attempt),
            }
            if let Some(kind) = self.down() {
                return (Asked::Down(kind), attempt);
            }
            last = Some(fault);
        }
    }

    /// One request: waits for the provider's turn and for leave to spend, asks, and says what it came to.
    async fn once(&self, asking: Asking<'_>, permit: Option<Permit>, retrying: bool, stopped: &mut watch::Receiver<Stop>) -> Once {
        let Asking { request, until, .. } = asking;
        let estimate = self.estimate(request);
        let at_hand = self.provider.is_at_hand(request);
        let permit = match permit {
            Some(permit) => permit,
            None if at_hand => Permit::default(),
            None => match self.lane.pass(&*self.run.clock, estimate.tokens(), until, stopped, None).await {
                Passed::Now(_, permit) => permit,
                Passed::TooLate => return Once::Late,
                Passed::Stopped => return Once::Unsent(NoLeave::Stopped),
            },
        };
        let held = if at_hand {
            None
        } else {
            match self.run.purse.leave(estimate, stopped).await {
                Ok(held) => Some(held),
                Err(no) => return Once::Unsent(no),
            }
        };
        let started = self.run.clock.elapsed();
        let budget = if retrying { self.budget_left() } else { self.first_limit() };
        let limit = asking.limit.min(until.saturating_sub(started)).min(budget);
        let answered = self.provider.answer(request, limit).await;
        let (tokens, usd) = self.came_to(request, &answered, estimate);
        if let Some(held) = held {
            self.lane.settle(&permit, tokens);
            held.end(tokens, usd);
        }
        Once::Sent(started, answered.map(Box::new))
    }

    /// What a request that was not sent means for its sample.
    fn unsent(&self, why: Once, last: Option<ProviderFault>, attempts: u32) -> Asked {
        match (why, last) {
            (Once::Unsent(NoLeave::Budget(stop)), None) => Asked::Unaffordable(stop),
            (_, Some(fault)) => Asked::Faulted(self.told(fault, attempts, self.budget_left())),
            (Once::Unsent(NoLeave::Stopped), None) => Asked::Stopped,
            (Once::Late | Once::Sent(..), None) => {
                let message = format!(
                    "provider \"{}\": its `requests-per-minute` or `tokens-per-minute` left no turn in the time there was; raise the limits of the suite, or lower its `concurrency`",
                    self.name
                );
                Asked::Faulted(ProviderFault::new(FaultKind::Timeout, message))
            }
        }
    }

    /// Whether so many more samples fit into the run's budget, if they come to what these did on average, judges included. What
    /// nobody counted weighs nothing: the budget itself is kept by every single request.
    pub(in crate::app::test) fn affords<'s>(&self, samples: impl Iterator<Item = &'s Sample>, more: usize) -> bool {
        let (tokens, usd) = would_come_to(samples, more);
        self.run.purse.has_room(tokens, usd)
    }

    fn estimate(&self, request: &Request) -> Estimate {
        let longest = Some(self.longest.load(Ordering::Relaxed)).filter(|longest| *longest > 0);
        Estimate::of(request, longest, self.uncounted.load(Ordering::Relaxed), self.prices_of(request))
    }

    fn prices_of(&self, request: &Request) -> Option<Prices> {
        self.prices.or_else(|| price_list::find(&self.listed_of, &request.model).map(Listed::prices))
    }

    /// Tokens and dollars of a request that ended. A fault after which the server may have worked on counts as much as was
    /// feared.
    fn came_to(&self, request: &Request, answered: &Result<Answer, ProviderFault>, estimate: Estimate) -> (u64, Option<f64>) {
        match answered {
            Ok(answer) if answer.origin.is_replayed() => (0, Some(0.0)),
            Ok(answer) => {
                let input = answer.usage.input_tokens.unwrap_or(estimate.input_tokens);
                let output = answer.usage.output_tokens.unwrap_or_else(|| tokens_of_answer(answer));
                self.longest.fetch_max(output, Ordering::Relaxed);
                self.uncounted.fetch_max(input.saturating_sub(tokens_of(request)), Ordering::Relaxed);
                let priced = |prices: Prices| if prices.are_nothing() { Some(0.0) } else { prices.cost_usd(answer.usage) };
                (input.saturating_add(output), self.prices_of(request).and_then(priced))
            }
            Err(ProviderFault { kind: FaultKind::Timeout | FaultKind::Malformed, .. }) => {
                (estimate.tokens(), Some(estimate.usd.unwrap_or_default()))
            }
            Err(_) => (0, Some(0.0)),
        }
    }

    fn log_retry(&self, fault: &ProviderFault, attempt: u32, pause: Duration) {
        tracing::info!(
            component = "test",
            action = "retry",
            provider = self.name,
            attempt,
            kind = fault.kind.as_str(),
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "{fault}"
        );
    }

    /// Why the provider is not asked any more: it is down, or it is failing and the run has no more time to find out.
    fn down(&self) -> Option<FaultKind> {
        let breaker = *lock(&self.breaker);
        breaker.down().or_else(|| breaker.failing().filter(|_| self.budget_left().is_zero()))
    }

    /// How long a sample's first request may take beside its own limits. While the run spends its budget on retrying, a
    /// provider that has not shown itself alive gets what is left of it, or else a short look.
    fn first_limit(&self) -> Duration {
        let left = self.budget_left();
        if left == self.run.policy.budget || lock(&self.breaker).is_alive() { Duration::MAX } else { left.max(LOOK) }
    }

    /// The fault with how often it was tried, and why not more often.
    fn told(&self, fault: ProviderFault, attempts: u32, left: Duration) -> ProviderFault {
        let why = if left.is_zero() {
            format!(", and the run's retry budget of {} is used up", human(self.run.policy.budget))
        } else {
            String::new()
        };
        if attempts < 2 && why.is_empty() {
            return fault;
        }
        ProviderFault { message: format!("{} (asked {attempts}×{why})", fault.message), ..fault }
    }

    fn budget_left(&self) -> Duration {
        lock(&self.run.retries).left(self.run.clock.elapsed(), self.run.policy.budget)
    }
}

/// Keeps the run's retry clock right however a sample ends, cancellation included.
struct Retrying<'a> {
    asker: &'a Asker,
    open: bool,
}

impl Retrying<'_> {
    fn begin(&mut self, attempt_started: Duration) {
        if !self.open {
            self.open = true;
            lock(&self.asker.run.retries).begin(attempt_started);
        }
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        if self.open {
            lock(&self.asker.run.retries).end(self.asker.run.clock.elapsed());
        }
    }
}

/// The values behind these locks are plain numbers: a panic elsewhere cannot leave them half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
