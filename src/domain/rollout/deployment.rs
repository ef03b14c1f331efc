//! All that is kept about one prompt in one environment, in one record: who changes any of it changes all of it at once.

use serde::{Deserialize, Serialize};

use super::{
    clock::{Moment, Now},
    effect::Desired,
    event::Event,
    plan::Percent,
    state::{Phase, Return, Rollout, VersionRef},
};
use crate::domain::{
    notice::outbox::Pending,
    rollback::record::{RollbackRecord, RollbackStatus},
};

/// The most rollbacks, finished rollouts and versions that completed one that are kept.
const HISTORY: usize = 100;

/// The most events that are kept of a rollout; beyond, looks that changed nothing are let go of first.
const EVENTS: usize = 400;

/// The most results of metrics that are kept among those events: a store takes half a megabyte.
const RESULTS: usize = 500;

/// The newest rollbacks that keep what was found of each metric; older ones keep the verdict.
const DETAILED: usize = 10;

/// The most characters that an event keeps of why a metric was judged so.
const WHY: usize = 200;

/// A version that completed a rollout here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// Which.
    pub version: VersionRef,
    /// When.
    pub at: Moment,
}

/// A version that was found to be bad here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    /// Which.
    pub version: VersionRef,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Moment,
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// When.
    pub now: Now,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What is left of a rollout that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Its id.
    pub id: String,
    /// The version before.
    pub from: String,
    /// The candidate.
    pub to: String,
    /// `completed`, `failed` (aborted) or `rolled_back`.
    pub status: String,
    /// When it began.
    pub started: Moment,
    /// When it was over.
    pub ended: Moment,
    /// Why it ended, where it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One prompt in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The prompt.
    pub prompt: String,
    /// The environment.
    pub environment: String,
    /// Raised by every rollback.
    pub epoch: u64,
    /// How many rollouts were begun.
    pub count: u64,
    /// The stable version; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<VersionRef>,
    /// The versions that completed a rollout here, oldest first; the newest hundred.
    #[serde(default)]
    pub completed: Vec<Completed>,
    /// The versions that were found to be bad here.
    #[serde(default)]
    pub bad: Vec<Bad>,
    /// The rollout that is under way, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Its events, oldest first.
    #[serde(default)]
    pub log: Vec<Logged>,
    /// How many of its events were let go of.
    #[serde(default)]
    pub forgotten: u64,
    /// Rollbacks, oldest first.
    #[serde(default)]
    pub rollbacks: Vec<RollbackRecord>,
    /// Rollouts that are over, oldest first.
    #[serde(default)]
    pub finished: Vec<Finished>,
    /// What people are still to be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Pending>,
}

impl Deployment {
    /// Nothing yet.
    pub fn new(prompt: &str, environment: &str) -> Self {
        Self {
            prompt: prompt.to_owned(),
            environment: environment.to_owned(),
            epoch: 0,
            count: 0,
            stable: None,
            completed: Vec::new(),
            bad: Vec::new(),
            rollout: None,
            log: Vec::new(),
            forgotten: 0,
            rollbacks: Vec::new(),
            finished: Vec::new(),
            outbox: Vec::new(),
        }
    }

    /// Whether a rollout is under way.
    pub fn is_busy(&self) -> bool {
        self.rollout.as_ref().is_some_and(|rollout| !rollout.phase.is_over())
    }

    /// Why a version was found to be bad here.
    pub fn badness(&self, version: &VersionRef) -> Option<&Bad> {
        self.bad.iter().find(|bad| bad.version.digest == version.digest && bad.version.version == version.version)
    }

    /// The version whose traffic a rollback would take away: the candidate while a rollout is under way, else the stable one.
    pub fn current(&self) -> Option<&VersionRef> {
        match &self.rollout {
            Some(rollout) if !rollout.phase.is_over() => Some(&rollout.to),
            Some(_) | None => self.stable.as_ref(),
        }
    }

    /// What the targets should show; `None` before the first rollout.
    pub fn desired(&self) -> Option<Desired> {
        self.rollout.as_ref().map(Rollout::desired)
    }

    /// Takes in a rollout that was begun.
    pub fn begun(&mut self, rollout: Rollout) {
        self.archive();
        self.count += 1;
        self.log.clear();
        self.forgotten = 0;
        self.rollout = Some(rollout);
    }

    /// Takes in the state that an event led to, and what follows from it for the environment.
    pub fn stepped(&mut self, next: Rollout, event: Event, now: Now) {
        self.epoch = self.epoch.max(next.epoch);
        match &next.phase {
            Phase::Completed if self.stable.as_ref() != Some(&next.to) => {
                self.bad.retain(|bad| bad.version != next.to);
                self.completed.retain(|completed| completed.version != next.to);
                self.completed.push(Completed { version: next.to.clone(), at: now.wall });
                let surplus = self.completed.len().saturating_sub(HISTORY);
                self.completed.drain(..surplus);
                self.stable = Some(next.to.clone());
            }
            // The intent is what counts: whoever finishes it finds the environment as it will be.
            Phase::Returning { back } | Phase::Aborted { back } | Phase::RolledBack { back } => self.stable = Some(back.to.clone()),
            Phase::Completed | Phase::Progressing | Phase::Held { .. } => {}
        }
        let before = self.rollout.replace(next);
        let same = matches!(&event, Event::Tick { .. })
            && before.is_some_and(|before| Some(&before.phase) == self.rollout.as_ref().map(|r| &r.phase));
        // Of ticks in a row the newest says enough.
        if same && self.log.last().is_some_and(|last| matches!(last.event, Event::Tick { .. })) {
            self.log.pop();
            self.forgotten += 1;
        }
        self.log.push(Logged { now, event: lean(event) });
        while self.log.len() > EVENTS || self.results() > RESULTS {
            let oldest = self.log.iter().position(|logged| matches!(logged.event, Event::Tick { .. } | Event::Checked { .. }));
            self.log.remove(oldest.unwrap_or(0));
            self.forgotten += 1;
        }
    }

    /// How many results of metrics its events hold.
    fn results(&self) -> usize {
        let of = |logged: &Logged| if let Event::Checked { check, .. } = &logged.event { check.metrics.len() } else { 0 };
        self.log.iter().map(of).sum()
    }

    /// Keeps that a version is bad.
    pub fn mark_bad(&mut self, version: &VersionRef, reason: &str, at: Moment) {
        self.bad.retain(|bad| bad.version != *version);
        self.bad.push(Bad { version: version.clone(), reason: reason.to_owned(), at });
    }

    /// Takes the mark as bad away; it comes back where there was one.
    pub fn unmark(&mut self, version: &VersionRef) -> Option<Bad> {
        let marked = self.badness(version).cloned();
        self.bad.retain(|bad| Some(bad) != marked.as_ref());
        marked
    }

    /// Keeps a rollback: the newest record of its id; one that succeeded stays beside a repeat that did not.
    pub fn rolled_back(&mut self, mut record: RollbackRecord) {
        record.id = record.kept_id(&self.rollbacks);
        // A watch that somebody else began goes on.
        let same = self.rollbacks.iter().find(|kept| kept.keeps(&record)).and_then(|kept| kept.watch.as_ref());
        record.watch = record.watch.or_else(|| same.filter(|watch| watch.result.is_none()).cloned());
        self.rollbacks.retain(|before| before.id != record.id);
        self.rollbacks.push(record);
        let surplus = self.rollbacks.len().saturating_sub(HISTORY);
        self.rollbacks.drain(..surplus);
        for older in self.rollbacks.iter_mut().rev().skip(DETAILED) {
            for check in [&mut older.before, &mut older.after].into_iter().flatten() {
                check.metrics = Vec::new();
            }
        }
    }

    /// The rollback that is done, but of which no record is kept: its process ended in between. With it the id of its record, and when it
    /// was ordered.
    pub fn unrecorded(&self) -> Option<(&Return, String, Moment)> {
        let rollout = self.rollout.as_ref()?;
        let Phase::RolledBack { back } = &rollout.phase else { return None };
        let id = rollout.rollback_id();
        let is_done = |record: &RollbackRecord| matches!(record.status, RollbackStatus::Success | RollbackStatus::Unchanged);
        if back.trigger.is_none() || self.rollbacks.iter().any(|record| record.id == id && is_done(record)) {
            return None;
        }
        let ended = rollout.ended.unwrap_or(rollout.started);
        // The oldest event after which there was nothing but going back.
        let confirmed = |logged: &&Logged| matches!(logged.event, Event::Confirmed { .. } | Event::Tick { .. });
        let ordered = self.log.iter().rev().skip_while(confirmed).map(|logged| logged.now.wall).next();
        Some((back, id, ordered.unwrap_or(ended).min(ended)))
    }

    /// When there were automatic rollbacks that changed something.
    pub fn automatic_rollbacks(&self) -> Vec<Moment> {
        self.rollbacks.iter().filter(|record| record.trigger.is_automatic()).map(|record| record.started).collect()
    }

    fn archive(&mut self) {
        let Some(rollout) = self.rollout.take() else { return };
        let reason = match &rollout.phase {
            Phase::Returning { back } | Phase::Aborted { back } | Phase::RolledBack { back } => Some(back.reason.clone()),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => None,
        };
        self.finished.push(Finished {
            id: rollout.id,
            from: rollout.from.version,
            to: rollout.to.version,
            status: rollout.phase.status().to_owned(),
            started: rollout.started,
            ended: rollout.ended.unwrap_or(rollout.started),
            reason,
        });
        let surplus = self.finished.len().saturating_sub(HISTORY);
        self.finished.drain(..surplus);
    }

    /// Whether any traffic goes to the candidate, as far as was read back.
    pub fn traffic(&self) -> Percent {
        self.rollout.as_ref().map_or(Percent::NONE, |rollout| rollout.traffic)
    }
}

/// An event without what only the next step needs.
fn lean(event: Event) -> Event {
    match event {
        Event::Checked { mut check, storm, back } => {
            check.memory = super::health::Memory::default();
            for metric in &mut check.metrics {
                // The plan says these.
                (metric.query, metric.bound) = (String::new(), String::new());
                if let Some((end, _)) = metric.why.char_indices().nth(WHY) {
                    metric.why.truncate(end);
                }
            }
            Event::Checked { check, storm, back }
        }
        other @ (Event::Tick { .. }
        | Event::Smoked { .. }
        | Event::Confirmed { .. }
        | Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Promote { .. }
        | Event::Set { .. }
        | Event::Complete { .. }
        | Event::Abort { .. }
        | Event::Rollback { .. }) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollback::watch::Watch;
    use crate::domain::rollout::{
        WayBack, begin,
        health::{Check, HealthVerdict, MetricResult},
        step,
        step_tests::{plan, version},
    };

    #[test]
    fn a_long_rollout_with_many_metrics_stays_small_enough_to_be_written() {
        let plan = plan(&[10, 100]);
        let mut deployment = Deployment::new("greeting", "production");
        deployment.begun(begin("r", (version("1.0.0"), version("2.0.0")), &plan, 0, Now::wall(1)).next);
        let metric = |index: usize| MetricResult {
            name: format!("metric-{index}"),
            verdict: HealthVerdict::Inconclusive,
            value: Some(512.123_456_789),
            stable: Some(499.987_654_321),
            bound: "not worse than stable (margin 5 %)".to_owned(),
            why: "nobody knows why ".repeat(40),
            query: "GET http://127.0.0.1:9090/api/v1/query avg(latency_seconds)".repeat(4),
            dry_run: false,
        };
        let metrics: Vec<MetricResult> = (0..10).map(metric).collect();
        for look in 0..2_000 {
            let now = Now::wall(look * 30_000);
            let rollout = deployment.rollout.clone().unwrap();
            let event = match &rollout.intent {
                Some(intent) => Event::Confirmed { operation: intent.operation.clone() },
                None => Event::Checked {
                    check: Box::new(Check { metrics: metrics.clone(), ..Check::plain(HealthVerdict::Inconclusive) }),
                    storm: Some("held".to_owned()),
                    back: WayBack::Origin,
                },
            };
            let next = step(&rollout, &event, now, &plan).unwrap().next;
            deployment.stepped(next, event, now);
        }
        let size = serde_json::to_string(&deployment).unwrap().len();
        assert!(size < 300_000, "{size} of 524,288 bytes");
        assert!(deployment.log.len() > 40 && deployment.forgotten > 1_000);
    }

    #[test]
    fn the_watch_of_a_rollback_stays_when_another_runner_writes_its_record_of_it() {
        let record = |ended: u64, status: &str| -> RollbackRecord {
            let record = serde_json::json!({"id": "r.rollback.1", "prompt": "greeting", "environment": "production", "from": "2.0.0",
                "to": "1.0.0", "started": 1, "ended": ended, "millis": 5, "status": status, "trigger": "emergency", "reason": "",
                "by": "ana", "sla_met": true, "targets": []});
            serde_json::from_value(record).unwrap()
        };
        let (own, other) = (record(5, "success"), record(7, "success"));
        assert!(own.keeps(&other) && own.keeps(&record(7, "unchanged")) && !record(5, "failed").keeps(&own));
        let watch: Watch = serde_json::from_str(r#"{"from": 6, "until": 9, "interval": 1, "looks": []}"#).unwrap();
        let mut deployment = Deployment::new("greeting", "production");
        deployment.rolled_back(RollbackRecord { watch: Some(watch.clone()), ..own });
        deployment.rolled_back(other.clone());
        assert_eq!(deployment.rollbacks, [RollbackRecord { watch: Some(watch), ..other }]);
    }
}
