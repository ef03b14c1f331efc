//! What a step of a workflow gets of rollouts and rollbacks: outputs for the next steps, and a part of the job summary.

use crate::{
    app::Services,
    domain::{
        rollback::record::RollbackRecord,
        rollout::{Phase, deployment::Deployment},
    },
    report::{
        Style,
        rollout::{Shape, View, render},
    },
};

/// Tells the CI system where a rollout is. A dry run sets no outputs: nothing came to be what they would say.
pub(super) fn rollout(services: &Services, view: &View<'_>, style: &Style, dry_run: bool) -> Vec<String> {
    if !services.ci.is_present() {
        return Vec::new();
    }
    let mut summary = Vec::new();
    let rendered = render(Shape::Markdown, view, style, &mut summary).map_err(|error| error.to_string());
    let mut untold = Vec::from_iter(append(services, rendered, &summary));
    if !dry_run {
        let mut outputs = of_rollout(view.deployment);
        outputs.extend(of_rollback(last_rollback(view.deployment)));
        untold.extend(set(services, &outputs));
    }
    untold
}

/// Tells the CI system what came of a rollback, if there was one. `markdown` is the record as people read it.
pub(crate) fn rollback(
    services: &Services,
    deployment: &Deployment,
    record: Option<&RollbackRecord>,
    markdown: std::io::Result<Vec<u8>>,
) -> Vec<String> {
    if !services.ci.is_present() {
        return Vec::new();
    }
    let (rendered, summary) = match markdown {
        Ok(summary) => (Ok(()), summary),
        Err(error) => (Err(error.to_string()), Vec::new()),
    };
    let mut untold = Vec::from_iter(append(services, rendered, &summary));
    let mut outputs = of_rollout(deployment);
    outputs.extend(of_rollback(record));
    untold.extend(set(services, &outputs));
    untold
}

/// The rollback that the last rollout led to, if any.
fn last_rollback(deployment: &Deployment) -> Option<&RollbackRecord> {
    let rollout = deployment.rollout.as_ref()?;
    if !matches!(rollout.phase, Phase::Returning { .. } | Phase::RolledBack { .. }) {
        return None;
    }
    deployment.rollbacks.last().filter(|record| record.rollout.as_deref() == Some(rollout.id.as_str()))
}

fn of_rollout(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let Some(rollout) = &deployment.rollout else {
        return vec![("rollout-id", String::new()), ("rollout-status", "none".to_owned()), ("traffic-percentage", String::new())];
    };
    let status = match &rollout.phase {
        Phase::Progressing => "progressing",
        Phase::Held { .. } => "held",
        Phase::Returning { .. } => "returning",
        Phase::Completed => "completed",
        Phase::Aborted { .. } => "aborted",
        Phase::RolledBack { .. } => "rolled-back",
    };
    vec![
        ("rollout-id", rollout.id.clone()),
        ("rollout-status", status.to_owned()),
        ("traffic-percentage", rollout.traffic.get().to_string()),
    ]
}

fn of_rollback(record: Option<&RollbackRecord>) -> [(&'static str, String); 2] {
    let id = record.map(|record| record.id.clone()).unwrap_or_default();
    let met = record.map(|record| record.sla_met.to_string()).unwrap_or_default();
    [("rollback-id", id), ("sla-met", met)]
}

fn append(services: &Services, rendered: Result<(), String>, summary: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(summary);
    rendered
        .and_then(|()| services.ci.append_summary(&text).map_err(|error| error.to_string()))
        .err()
        .map(|error| format!("warning: {error}"))
}

fn set(services: &Services, outputs: &[(&'static str, String)]) -> Option<String> {
    services.ci.set_outputs(outputs).err().map(|error| format!("warning: {error}"))
}
