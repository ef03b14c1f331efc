//! What of a change to a deployment people hear of.

use serde_json::Value;

use super::{Happening, Notice};
use crate::domain::{
    audit::Who,
    rollback::watch::Watched,
    rollout::{
        Hold, Moment, Phase,
        deployment::Deployment,
        recorded::{Recorded, recorded},
    },
};

/// What is to be told when `after` takes the place of `before`, oldest first.
pub fn noticed(before: &Deployment, after: &Deployment, who: &Who, at: Moment) -> Vec<Notice> {
    recorded(before, after).iter().filter_map(|said| notice(said, after, who, at)).collect()
}

fn notice(said: &Recorded, after: &Deployment, who: &Who, at: Moment) -> Option<Notice> {
    let what = happening(said, after)?;
    let rollout = after.rollout.as_ref();
    let of_record = matches!(what, Happening::RollbackFinished | Happening::RollbackFailed | Happening::RollbackUnhealthy);
    let record = after.rollbacks.last().filter(|_| of_record);
    let id = match record {
        Some(record) => format!("{}.{}.{}", record.id, record.ended.0, what.as_str()),
        None => format!("{}.{}.{}", rollout?.id, rollout?.sequence, what.as_str()),
    };
    let by = said.evidence.get("by").and_then(Value::as_str).unwrap_or(&who.actor);
    let notice = Notice {
        id,
        what,
        prompt: after.prompt.clone(),
        environment: after.environment.clone(),
        from: Some(said.from.clone()),
        to: Some(said.to.clone()),
        why: said.why.clone(),
        by: by.to_owned(),
        at,
        run: who.run.clone(),
        rollout: record.map_or_else(|| rollout.map(|rollout| rollout.id.clone()), |record| record.rollout.clone()),
        rollback: record.map(|record| record.id.clone()),
        facts: facts(&said.evidence),
    };
    Some(notice.bounded())
}

fn happening(said: &Recorded, after: &Deployment) -> Option<Happening> {
    let phase = after.rollout.as_ref().map(|rollout| &rollout.phase);
    let storm = matches!(phase, Some(Phase::Held { hold: Hold::Storm | Hold::NoPrevious, .. }));
    Some(match said.what {
        "rollout-started" => Happening::RolloutStarted,
        "rollout-promoted" | "stage-begun" => Happening::RolloutPromoted,
        "rollout-held" if storm => Happening::StormLimit,
        "rollout-held" | "rollout-paused" => Happening::RolloutPaused,
        "rollout-completed" => Happening::RolloutCompleted,
        "rollout-aborted" => Happening::RolloutAborted,
        "rollback-ordered" | "rollback-begun" => Happening::RollbackStarted,
        "rollback-result" if said.evidence.get("status").and_then(Value::as_str) == Some("success") => Happening::RollbackFinished,
        "rollback-result" => Happening::RollbackFailed,
        "rollback-watched" => {
            let watched = after.rollbacks.last().and_then(|record| record.watch.as_ref()).and_then(|watch| watch.result);
            watched.filter(|watched| *watched != Watched::Healthy).map(|_| Happening::RollbackUnhealthy)?
        }
        _ => return None,
    })
}

/// The numbers that it rests on, as names and words.
fn facts(evidence: &Value) -> Vec<(String, String)> {
    let text = |key: &str| {
        let value = evidence.get(key)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)).filter(|text| text != "null")
    };
    let mut all = Vec::new();
    let mut add = |name: &str, fact: Option<String>| all.extend(fact.map(|fact| (name.to_owned(), fact)));
    add("stage", text("stage"));
    add("traffic", text("traffic"));
    add("trigger", text("trigger"));
    add("took", text("millis").map(|millis| format!("{millis} ms")));
    add("within 30 s", text("sla_met").map(|met| if met == "true" { "yes".to_owned() } else { "no".to_owned() }));
    add("watch", text("watch"));
    add("error", text("error"));
    let health = evidence.get("health").or_else(|| evidence.get("health_before"));
    let health = health.and_then(|health| health.get("why").or_else(|| health.get("verdict"))).and_then(Value::as_str);
    add("health", health.map(str::to_owned));
    all
}
