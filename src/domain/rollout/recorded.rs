//! What of a change to a deployment goes to the audit log: every order, every change of stage or phase, and what came of a rollback.

use serde_json::{Map, Value, json};

use super::{
    Event, Phase, Rollout, VersionRef,
    deployment::Deployment,
    health::{Check, HealthVerdict},
};
use crate::domain::rollback::record::RollbackRecord;

/// One thing that is written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// `rollout-started`, `rolled-back`, …
    pub what: &'static str,
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// The reason, where one is known.
    pub why: Option<String>,
    /// The rollout, its operation, its traffic, and the health it rests on.
    pub evidence: Value,
}

/// What is to be written down when `after` takes the place of `before`, oldest first. A look that changed nothing gives nothing.
pub fn recorded(before: &Deployment, after: &Deployment) -> Vec<Recorded> {
    let mut all = Vec::new();
    if let Some(rollout) = &after.rollout {
        if after.count != before.count {
            let stages: Vec<String> = rollout.plan.stages.iter().map(|stage| stage.traffic.to_string()).collect();
            let mut evidence = evidence(rollout);
            evidence.insert("stages".to_owned(), json!(stages));
            all.push(of_rollout("rollout-started", rollout, None, evidence));
        } else if let Some(old) = before.rollout.as_ref().filter(|old| old.sequence != rollout.sequence)
            && let Some(last) = after.log.last()
        {
            all.extend(stepped(old, rollout, &last.event));
        }
    }
    let last = before.rollbacks.last();
    if let Some(record) = after.rollbacks.last().filter(|record| last != Some(*record)) {
        // The same rollback written again is one that is watched.
        match last.filter(|before| before.id == record.id && before.ended == record.ended) {
            Some(before) => all.extend(watched(before, record)),
            None => all.push(of_rollback(record)),
        }
    }
    all
}

/// That a version is not marked bad any more, since a person put it back by name in an emergency; `was` is why it was bad.
pub fn unmarked(version: &VersionRef, was: &str) -> Recorded {
    let evidence = json!({"version": version.version, "digest": version.digest, "because": "put back by name in an emergency"});
    let why = Some(was.to_owned()).filter(|was| !was.is_empty());
    Recorded { what: "version-unmarked", from: "bad".to_owned(), to: "stable".to_owned(), why, evidence }
}

/// What an event did to a rollout.
fn stepped(old: &Rollout, new: &Rollout, event: &Event) -> Option<Recorded> {
    let mut evidence = evidence(new);
    let by = match event {
        Event::Pause { by, .. }
        | Event::Resume { by, .. }
        | Event::Promote { by, .. }
        | Event::Set { by, .. }
        | Event::Complete { by, .. }
        | Event::Abort { by, .. }
        | Event::Rollback { by, .. } => Some(by),
        Event::Tick { .. } | Event::Checked { .. } | Event::Smoked { .. } | Event::Confirmed { .. } => None,
    };
    if let Some(by) = by {
        evidence.insert("by".to_owned(), json!(by));
    }
    let (what, why) = match event {
        Event::Pause { reason, .. } => ("rollout-paused", Some(reason.clone())),
        Event::Resume { approved_by, .. } => {
            evidence.insert("approved_by".to_owned(), json!(approved_by));
            ("rollout-resumed", None)
        }
        Event::Promote { full, approved_by, .. } => {
            evidence.extend(approval(approved_by.as_ref()));
            evidence.insert("full".to_owned(), json!(full));
            ("rollout-promoted", None)
        }
        Event::Set { percent, force, approved_by, .. } => {
            evidence.extend(approval(approved_by.as_ref()));
            evidence.insert("asked".to_owned(), json!(percent.to_string()));
            evidence.insert("force".to_owned(), json!(force));
            ("rollout-set", None)
        }
        Event::Complete { skip_final_checks, approved_by, .. } => {
            evidence.extend(approval(approved_by.as_ref()));
            evidence.insert("skip_final_checks".to_owned(), json!(skip_final_checks));
            ("rollout-completion-ordered", None)
        }
        Event::Abort { reason, .. } => ("rollout-abort-ordered", Some(reason.clone())),
        Event::Rollback { reason, trigger, .. } => {
            evidence.insert("trigger".to_owned(), json!(trigger.as_str()));
            ("rollback-ordered", Some(reason.clone()))
        }
        Event::Tick { .. } | Event::Checked { .. } | Event::Smoked { .. } | Event::Confirmed { .. } => by_itself(old, new, event)?,
    };
    if let Event::Confirmed { operation } = event {
        evidence.insert("operation".to_owned(), json!(operation));
    }
    Some(match &new.phase {
        Phase::Returning { back } | Phase::Aborted { back } | Phase::RolledBack { back } => {
            let from = back.left.as_ref().unwrap_or(&new.to.version).clone();
            Recorded { what, from, to: back.to.version.clone(), why, evidence: Value::Object(evidence) }
        }
        Phase::Progressing | Phase::Held { .. } | Phase::Completed => of_rollout(what, new, why, evidence),
    })
}

/// Who approved, where an order says so.
fn approval(by: Option<&String>) -> Option<(String, Value)> {
    by.map(|name| ("approved_by".to_owned(), json!(name)))
}

/// What went on without a person; nothing when it was only looked at.
fn by_itself(old: &Rollout, new: &Rollout, event: &Event) -> Option<(&'static str, Option<String>)> {
    let health = || new.last_check.as_deref().map(Check::summary);
    match (&old.phase, &new.phase) {
        (Phase::Completed, Phase::Completed) | (Phase::Returning { .. }, Phase::Returning { .. }) => None,
        (_, Phase::Completed) => Some(("rollout-completed", health())),
        (_, Phase::Returning { back }) if back.trigger.is_some() => Some(("rollback-begun", Some(back.reason.clone()))),
        (_, Phase::Returning { back }) => Some(("abort-begun", Some(back.reason.clone()))),
        (old, Phase::Aborted { back }) if !matches!(old, Phase::Aborted { .. }) => Some(("rollout-aborted", Some(back.reason.clone()))),
        (old, Phase::RolledBack { back }) if !matches!(old, Phase::RolledBack { .. }) => Some(("rolled-back", Some(back.reason.clone()))),
        (Phase::Held { hold: before, .. }, Phase::Held { hold, .. }) if before == hold => None,
        (_, Phase::Held { hold, reason }) => Some(("rollout-held", Some(format!("{}: {reason}", hold.as_str())))),
        (Phase::Held { .. }, Phase::Progressing) => Some(("rollout-released", health())),
        _ if matches!(event, Event::Confirmed { .. }) => Some(("stage-confirmed", None)),
        _ if new.intent.is_some() && new.intent != old.intent => Some(("stage-begun", health())),
        _ => None,
    }
}

fn of_rollout(what: &'static str, rollout: &Rollout, why: Option<String>, evidence: Map<String, Value>) -> Recorded {
    Recorded { what, from: rollout.from.version.clone(), to: rollout.to.version.clone(), why, evidence: Value::Object(evidence) }
}

fn evidence(rollout: &Rollout) -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    add("rollout", json!(rollout.id));
    add("epoch", json!(rollout.epoch));
    add("stage", json!(rollout.stage_name()));
    if let Some(intent) = &rollout.intent {
        add("operation", json!(intent.operation));
        add("traffic", json!(intent.desired.traffic.to_string()));
    }
    if let Some(check) = &rollout.last_check {
        add("health", health(check));
    }
    all
}

/// The numbers of a check.
fn health(check: &Check) -> Value {
    let metrics = check.metrics.iter().map(|metric| {
        json!({"name": metric.name, "verdict": metric.verdict.as_str(), "value": metric.value, "stable": metric.stable, "bound": metric.bound})
    });
    let why = (check.verdict != HealthVerdict::Healthy).then(|| check.summary());
    json!({"verdict": check.verdict.as_str(), "why": why, "metrics": metrics.collect::<Vec<_>>()})
}

fn of_rollback(record: &RollbackRecord) -> Recorded {
    let targets = record.targets.iter().map(
        |target| json!({"target": target.target, "confirmed": target.confirmed, "attempts": target.attempts, "millis": target.millis}),
    );
    Recorded {
        what: "rollback-result",
        from: record.from.clone(),
        to: record.to.clone(),
        why: Some(record.reason.clone()),
        evidence: json!({
            "operation": record.id,
            "rollout": record.rollout,
            "by": record.by,
            "status": record.status.as_str(),
            "trigger": record.trigger.as_str(),
            "millis": record.millis,
            "sla_met": record.sla_met,
            "error": record.error,
            "targets": targets.collect::<Vec<_>>(),
            "health_before": record.before.as_ref().map(health),
            "health_after": record.after.as_ref().map(health),
        }),
    }
}

/// What a watch came to; nothing while it goes on.
fn watched(before: &RollbackRecord, record: &RollbackRecord) -> Option<Recorded> {
    let watch = record.watch.as_ref()?;
    let result = watch.result.filter(|_| before.watch.as_ref().is_none_or(|watch| watch.result.is_none()))?;
    let why = watch.looks.last().map(|look| format!("{}: {}", look.verdict.as_str(), look.why));
    Some(Recorded {
        what: "rollback-watched",
        from: record.from.clone(),
        to: record.to.clone(),
        why,
        evidence: json!({"operation": record.id, "rollout": record.rollout, "result": result.as_str(), "watch": watch.summary()}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::{Moment, Now, begin, step, step_tests::plan};

    fn version(number: &str) -> VersionRef {
        VersionRef { version: number.to_owned(), digest: number.repeat(4), commit: None }
    }

    fn now(millis: u64) -> Now {
        Now { wall: Moment(millis), lap: None }
    }

    fn started() -> (Deployment, Deployment) {
        let before = Deployment::new("greeting", "production");
        let mut after = before.clone();
        after.begun(begin("production.greeting.1", (version("1.0.0"), version("2.0.0")), &plan(&[100]), 0, now(1)).next);
        (before, after)
    }

    fn after(before: &Deployment, event: Event) -> Deployment {
        let mut after = before.clone();
        let rollout = before.rollout.clone().unwrap();
        let next = step(&rollout, &event, now(5), &rollout.plan).unwrap().next;
        after.stepped(next, event, now(5));
        after
    }

    #[test]
    fn a_start_an_order_and_the_way_back_are_written_down_and_a_look_is_not() {
        let (before, begun) = started();
        let all = recorded(&before, &begun);
        assert_eq!((all.len(), all[0].what, all[0].from.as_str(), all[0].to.as_str()), (1, "rollout-started", "1.0.0", "2.0.0"));
        assert!(all[0].evidence["operation"].is_string(), "{:?}", all[0].evidence);
        assert_eq!(recorded(&begun, &begun), []);
        let ordered = after(&begun, Event::Abort { reason: "wrong day".to_owned(), by: "ana".to_owned() });
        let all = recorded(&begun, &ordered);
        assert_eq!((all[0].what, all[0].from.as_str(), all[0].to.as_str()), ("rollout-abort-ordered", "2.0.0", "1.0.0"));
        assert_eq!((all[0].why.as_deref(), &all[0].evidence["by"]), (Some("wrong day"), &json!("ana")));
        let operation = ordered.rollout.as_ref().unwrap().intent.clone().unwrap().operation;
        let done = after(&ordered, Event::Confirmed { operation: operation.clone() });
        let all = recorded(&ordered, &done);
        assert_eq!((all[0].what, &all[0].evidence["operation"]), ("rollout-aborted", &json!(operation)));
    }
}
