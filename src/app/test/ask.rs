//! Asking one provider on behalf of many samples: retries, the run's retry budget, and giving up on a dead endpoint.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::run::Stop;
use crate::{
    domain::{
        answer::Answer,
        duration::human,
        provider::{FaultKind, ProviderFault, Request},
        retry::{Breaker, RetryClock, RetryPolicy},
    },
    ports::{clock::Clock, provider::Provider},
};

/// How long a provider may take that was never asked before the run's retry budget was used up.
const LOOK: Duration = Duration::from_secs(5);

/// A provider with everything that its samples share.
#[derive(Clone)]
pub(super) struct Asker {
    name: String,
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    policy: RetryPolicy,
    breaker: Arc<Mutex<Breaker>>,
    /// One for the whole run: the budget is the run's.
    retries: Arc<Mutex<RetryClock>>,
}

/// How asking for one sample ended.
pub(super) enum Asked {
    /// With an answer.
    Answered(Box<Answer>),
    /// Without one.
    Faulted(ProviderFault),
    /// The provider is not asked any more.
    Down(FaultKind),
}

impl Asker {
    pub(super) fn new(
        name: &str,
        provider: Arc<dyn Provider>,
        clock: Arc<dyn Clock>,
        policy: RetryPolicy,
        retries: Arc<Mutex<RetryClock>>,
    ) -> Self {
        Self { name: name.to_owned(), provider, clock, policy, breaker: Arc::default(), retries }
    }

    pub(super) fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// Asks until there is an answer, the fault is final, or `until` (on the clock) is reached. Returns how many
    /// requests it took.
    pub(super) async fn ask(
        &self,
        request: &Request,
        request_limit: Duration,
        until: Duration,
        mut stopped: watch::Receiver<Stop>,
    ) -> (Asked, u32) {
        if let Some(kind) = self.down() {
            return (Asked::Down(kind), 0);
        }
        let mut retrying = Retrying { asker: self, open: false };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let started = self.clock.elapsed();
            let budget = if retrying.open { self.budget_left() } else { self.first_limit() };
            let limit = request_limit.min(until.saturating_sub(started)).min(budget);
            let fault = match self.provider.answer(request, limit).await {
                Ok(answer) => {
                    lock(&self.breaker).succeeded();
                    return (Asked::Answered(Box::new(answer)), attempt);
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
            let time = until.saturating_sub(self.clock.elapsed());
            let Some(pause) = self.policy.pause(&fault, attempt, self.clock.jitter(), left.min(time)) else {
                lock(&self.breaker).failed(fault.kind, !left.is_zero());
                return (Asked::Faulted(self.told(fault, attempt, left)), attempt);
            };
            tracing::info!(
                component = "test",
                action = "retry",
                provider = self.name,
                attempt,
                kind = fault.kind.as_str(),
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "{fault}"
            );
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop != Stop::No) => return (Asked::Faulted(self.told(fault, attempt, left)), attempt),
            }
            if let Some(kind) = self.down() {
                return (Asked::Down(kind), attempt);
            }
        }
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
        if left == self.policy.budget || lock(&self.breaker).is_alive() { Duration::MAX } else { left.max(LOOK) }
    }

    /// The fault with how often it was tried, and why not more often.
    fn told(&self, fault: ProviderFault, attempts: u32, left: Duration) -> ProviderFault {
        let why = if left.is_zero() {
            format!(", and the run's retry budget of {} is used up", human(self.policy.budget))
        } else {
            String::new()
        };
        if attempts < 2 && why.is_empty() {
            return fault;
        }
        ProviderFault { message: format!("{} (asked {attempts}×{why})", fault.message), ..fault }
    }

    fn budget_left(&self) -> Duration {
        lock(&self.retries).left(self.clock.elapsed(), self.policy.budget)
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
            lock(&self.asker.retries).begin(attempt_started);
        }
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        if self.open {
            lock(&self.asker.retries).end(self.asker.clock.elapsed());
        }
    }
}

/// The values behind these locks are plain numbers: a panic elsewhere cannot leave them half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
