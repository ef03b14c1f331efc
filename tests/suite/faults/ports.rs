//! Ports that count their calls, end the process between two of them, and fail when told to.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use async_trait::async_trait;
use prompt_cicd::{
    adapters::store::DirectoryStore,
    domain::{
        metric_source::{Query, Reading},
        target::{Desired, Observed, Shares},
    },
    ports::{
        metric_source::{MetricError, MetricSource},
        store::{Change, Key, Patience, Revision, Store, StoreError, Versioned, Write},
        target::{Target, TargetError, TargetErrorKind},
    },
};
use serde_json::Value;
use tokio::sync::Notify;

/// What a port does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not answer, and says so at once.
    Down,
    /// It answers only after its time.
    Slow,
    /// It does its work, and the answer is lost.
    Unanswered,
}

/// The ports of one process.
#[derive(Debug, Default)]
pub(super) struct Ports {
    /// So many calls are let through; the next one ends the process. `None`: all of them.
    pub(super) last: Option<usize>,
    calls: Mutex<Vec<String>>,
    died: Notify,
    faults: Mutex<Vec<Planned>>,
    gate: Option<Gate>,
    tape: Arc<Tape>,
}

/// A fault of the calls that begin so: after `skip` of them it hits `times`.
#[derive(Debug)]
struct Planned {
    call: &'static str,
    skip: usize,
    fault: Fault,
    times: usize,
}

/// A call at which the process falls asleep, until it is woken.
#[derive(Debug)]
pub(super) struct Gate {
    call: &'static str,
    asleep: Mutex<Option<SyncSender<()>>>,
    woken: Arc<Notify>,
}

/// What was done for good, by this process and by those before it.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// Target, operation and share of every applying.
    pub(super) applied: Mutex<Vec<(String, String, u8)>>,
    /// Every record of a deployment that was written.
    pub(super) written: Mutex<Vec<Value>>,
}

impl Ports {
    pub(super) fn killed_after(calls: usize, tape: &Arc<Tape>) -> Arc<Self> {
        Arc::new(Self { last: Some(calls), tape: Arc::clone(tape), ..Self::default() })
    }

    pub(super) fn taped(tape: &Arc<Tape>) -> Arc<Self> {
        Arc::new(Self { tape: Arc::clone(tape), ..Self::default() })
    }

    /// Ports of which the calls that begin with `call` have a fault, for good.
    pub(super) fn with(call: &'static str, fault: Fault) -> Arc<Self> {
        Self::after(call, 0, fault, usize::MAX)
    }

    /// The same after `skip` such calls, `times`.
    pub(super) fn after(call: &'static str, skip: usize, fault: Fault, times: usize) -> Arc<Self> {
        Arc::new(Self { faults: Mutex::new(vec![Planned { call, skip, fault, times }]), ..Self::default() })
    }

    /// Ports that fall asleep at the first call that begins so, say it, and wake when told.
    pub(super) fn asleep_at(call: &'static str) -> (Arc<Self>, Receiver<()>, Arc<Notify>) {
        let (asleep, hears) = sync_channel(1);
        let woken = Arc::new(Notify::new());
        let gate = Gate { call, asleep: Mutex::new(Some(asleep)), woken: Arc::clone(&woken) };
        (Arc::new(Self { gate: Some(gate), ..Self::default() }), hears, woken)
    }

    /// The calls so far.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(super) async fn killed(&self) {
        self.died.notified().await;
    }

    /// Counts a call; the one too many never comes back. Its fault, if it has one.
    async fn begins(&self, what: String) -> Option<Fault> {
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let planned = faults.iter_mut().find(|planned| what.starts_with(planned.call) && planned.times > 0);
            planned.and_then(|planned| {
                if planned.skip > 0 {
                    planned.skip -= 1;
                    return None;
                }
                planned.times -= 1;
                Some(planned.fault)
            })
        };
        if let Some(gate) = self.gate.as_ref().filter(|gate| what.starts_with(gate.call))
            && let Some(asleep) = { gate.asleep.lock().unwrap().take() }
        {
            asleep.send(()).unwrap();
            gate.woken.notified().await;
        }
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(what);
            calls.len()
        };
        if self.last.is_some_and(|last| number > last) {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        fault
    }
}

pub(super) struct FaultyStore {
    pub(super) inner: DirectoryStore,
    pub(super) ports: Arc<Ports>,
}

impl FaultyStore {
    fn error(&self, maybe_done: bool) -> StoreError {
        StoreError::Unreachable { place: self.inner.place(), reason: "nobody answers".to_owned(), maybe_done }
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        match self.ports.begins(format!("store get {key}")).await {
            Some(Fault::Down | Fault::Slow | Fault::Unanswered) => Err(self.error(false)),
            None => self.inner.get(key, patience).await,
        }
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        match self.ports.begins("store list".to_owned()).await {
            Some(Fault::Down | Fault::Slow | Fault::Unanswered) => Err(self.error(false)),
            None => self.inner.list(folder, patience).await,
        }
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        let names: Vec<&str> = writes.iter().map(|write| write.key.as_str()).collect();
        let fault = self.ports.begins(format!("store write {}", names.join(" "))).await;
        if matches!(fault, Some(Fault::Down | Fault::Slow)) {
            return Err(self.error(false));
        }
        let done = self.inner.transact(writes, patience).await?;
        for write in writes.iter().filter(|write| write.key.as_str().starts_with("rollout/")) {
            if let Change::Put { value, .. } = &write.change {
                self.ports.tape.written.lock().unwrap().push(value.clone());
            }
        }
        if fault.is_some() { Err(self.error(true)) } else { Ok(done) }
    }
}

pub(super) struct FaultyTarget {
    pub(super) inner: Arc<dyn Target>,
    pub(super) ports: Arc<Ports>,
}

impl FaultyTarget {
    fn error(&self, kind: TargetErrorKind) -> TargetError {
        TargetError { kind, message: format!("target \"{}\": nobody answers", self.inner.name()) }
    }
}

#[async_trait]
impl Target for FaultyTarget {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn shares(&self) -> Shares {
        self.inner.shares()
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        let fault = self.ports.begins(format!("apply {}", self.name())).await;
        match fault {
            Some(Fault::Down) => return Err(self.error(TargetErrorKind::Unreachable)),
            Some(Fault::Slow) => return Err(self.error(TargetErrorKind::TimedOut)),
            Some(Fault::Unanswered) | None => {}
        }
        self.inner.apply(desired, operation, deadline).await?;
        let share = if desired.candidate.is_some() { desired.percent.get() } else { 0 };
        self.ports.tape.applied.lock().unwrap().push((self.name().to_owned(), operation.to_owned(), share));
        if fault.is_some() { Err(self.error(TargetErrorKind::TimedOut)) } else { Ok(()) }
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        match self.ports.begins(format!("observe {}", self.name())).await {
            Some(Fault::Down) => Err(self.error(TargetErrorKind::Unreachable)),
            Some(Fault::Slow | Fault::Unanswered) => Err(self.error(TargetErrorKind::TimedOut)),
            None => self.inner.observe(deadline).await,
        }
    }
}

pub(super) struct FaultyMetrics {
    pub(super) inner: Arc<dyn MetricSource>,
    pub(super) ports: Arc<Ports>,
}

#[async_trait]
impl MetricSource for FaultyMetrics {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn instant(&self, query: &Query, at_ms: Option<i64>, deadline: Duration) -> Result<Reading, MetricError> {
        self.ports.begins("ask metrics".to_owned()).await;
        self.inner.instant(query, at_ms, deadline).await
    }

    async fn range(&self, query: &Query, start_ms: i64, end_ms: i64, step: Duration, deadline: Duration) -> Result<Reading, MetricError> {
        self.ports.begins("ask metrics".to_owned()).await;
        self.inner.range(query, start_ms, end_ms, step, deadline).await
    }
}
