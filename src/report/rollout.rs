//! Where a rollout is, as text, JSON and Markdown.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Style,
    escape::{markdown_table_cell, one_line},
};
use crate::domain::{
    duration,
    rollout::{
        Event, Moment, Phase, Plan, Rollout,
        deployment::Deployment,
        health::{Check, HealthVerdict, MetricResult},
        plan::Gate,
        settings::EnvironmentSettings,
    },
};

/// What standard output gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Lines of text.
    Text,
    /// JSON.
    Json,
    /// Markdown.
    Markdown,
}

/// What a target shows.
#[derive(Debug, Clone)]
pub struct TargetLine {
    /// Its name.
    pub target: String,
    /// Whether it shows what it should.
    pub confirmed: bool,
    /// What it shows, or why that is not known.
    pub shows: String,
}

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// The record.
    pub deployment: &'v Deployment,
    /// The targets, as they were read back.
    pub targets: &'v [TargetLine],
    /// The time.
    pub now: Moment,
    /// What people should know.
    pub warnings: &'v [String],
}

/// RFC 3339 in UTC.
pub(super) fn time(moment: Moment) -> String {
    let millis = i64::try_from(moment.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).map_or_else(|_| moment.0.to_string(), |time| time.to_string())
}

/// Writes where a deployment is.
///
/// # Errors
/// What `out` reports.
pub fn render(shape: Shape, view: &View<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Text => text(view, out),
        Shape::Json => {
            crate::report::json::write_harmless_pretty(&json(view), out)?;
            writeln!(out)
        }
        Shape::Markdown => markdown(view, out),
    }
}

fn json(view: &View<'_>) -> Value {
    let deployment = view.deployment;
    let stable = deployment.stable.as_ref().map(|version| version.version.clone());
    let Some(rollout) = &deployment.rollout else {
        return json!({"schema_version": 1, "deployment_name": deployment.prompt, "environment": deployment.environment, "rollout_id": null,
            "status": "none", "stable_version": stable, "epoch": deployment.epoch, "allowed": ["start"], "warnings": view.warnings});
    };
    let stages: Vec<u8> = rollout.plan.stages.iter().map(|stage| stage.traffic.get()).collect();
    let targets: Vec<Value> =
        view.targets.iter().map(|line| json!({"target": line.target, "confirmed": line.confirmed, "shows": line.shows})).collect();
    let (phase, hold, reason) = phase(rollout);
    json!({
        "schema_version": 1,
        "rollout_id": rollout.id,
        "deployment_name": deployment.prompt,
        "environment": deployment.environment,
        "new_version": rollout.to.version,
        "previous_version": rollout.from.version,
        "stable_version": stable,
        "strategy": rollout.plan.strategy.as_str(),
        "current_stage": rollout.stage,
        "current_percentage": rollout.traffic.get(),
        "desired_percentage": rollout.desired().traffic.get(),
        "stages": stages,
        "start_time": time(rollout.started),
        "end_time": rollout.ended.map(time),
        "status": rollout.phase.status(),
        "phase": phase,
        "hold": hold,
        "reason": reason,
        "epoch": rollout.epoch,
        "stage_healthy_seconds": rollout.clock.credited / 1_000,
        "stage_duration_seconds": rollout.plan.entered(rollout.stage).map(|stage| stage.hold / 1_000),
        "health_status": {
            "healthy": rollout.last_check.as_ref().map(|check| check.verdict == HealthVerdict::Healthy),
            "verdict": rollout.last_check.as_ref().map(|check| check.verdict.as_str()),
            "metrics": rollout.last_check.as_ref().map_or_else(|| json!([]), |check| json!(check.metrics)),
            "last_check": rollout.checked.map(time),
        },
        "targets": targets,
        "allowed": rollout.allowed(),
        "warnings": view.warnings,
    })
}

fn phase(rollout: &Rollout) -> (&'static str, Option<&'static str>, Option<String>) {
    match &rollout.phase {
        Phase::Progressing => ("progressing", None, None),
        Phase::Held { hold, reason } => ("held", Some(hold.as_str()), Some(reason.clone())),
        Phase::Returning { back } => ("returning", None, Some(back.reason.clone())),
        Phase::Completed => ("completed", None, None),
        Phase::Aborted { back } => ("aborted", None, Some(back.reason.clone())),
        Phase::RolledBack { back } => ("rolled-back", None, Some(back.reason.clone())),
    }
}

fn text(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let deployment = view.deployment;
    let Some(rollout) = &deployment.rollout else {
        return writeln!(out, "{} in {}: nothing was ever rolled out", one_line(&deployment.prompt), deployment.environment);
    };
    let (phase, hold, reason) = phase(rollout);
    writeln!(out, "{} in {}: {} -> {}", one_line(&deployment.prompt), deployment.environment, rollout.from, rollout.to)?;
    let told = [hold.map(str::to_owned), reason].into_iter().flatten().map(|part| one_line(&part)).collect::<Vec<_>>().join(": ");
    writeln!(out, "  {phase} at stage {}{}", rollout.stage_name(), if told.is_empty() { String::new() } else { format!(" ({told})") })?;
    if let Some(intent) = &rollout.intent {
        writeln!(out, "  going to {}, not confirmed yet", intent.desired.traffic)?;
    }
    if let (Phase::Progressing | Phase::Held { .. }, Some(stage)) = (&rollout.phase, rollout.plan.entered(rollout.stage)) {
        writeln!(out, "  healthy for {} s of {} s", rollout.clock.credited / 1_000, stage.hold / 1_000)?;
    }
    if let Some(check) = &rollout.last_check {
        checks(check, out)?;
    }
    for line in view.targets {
        let mark = if line.confirmed { "ok" } else { "NOT AS DESIRED" };
        writeln!(out, "  target {}: {mark}: {}", one_line(&line.target), one_line(&line.shows))?;
    }
    writeln!(out, "  possible: {}", rollout.allowed().join(", "))
}

fn checks(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  health: {}", check.verdict.as_str())?;
    for metric in &check.metrics {
        writeln!(out, "    {}", metric_line(metric))?;
        if metric.verdict != HealthVerdict::Healthy && !metric.query.is_empty() {
            writeln!(out, "      {}", one_line(&metric.query))?;
        }
    }
    Ok(())
}

/// A metric in one line: its value, its verdict, why, and what it is held against.
pub fn metric_line(metric: &MetricResult) -> String {
    let value = metric.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let dry = if metric.dry_run { " (dry run)" } else { "" };
    let verdict = metric.verdict.as_str();
    format!("{} {value}: {verdict}{dry}: {} [{}]", one_line(&metric.name), one_line(&metric.why), one_line(&metric.bound))
}

fn markdown(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let deployment = view.deployment;
    let cell = |text: &str| markdown_table_cell(text, 300);
    let Some(rollout) = &deployment.rollout else {
        return writeln!(out, "Nothing was ever rolled out for {} in {}.", cell(&deployment.prompt), cell(&deployment.environment));
    };
    let (phase, hold, reason) = phase(rollout);
    writeln!(
        out,
        "### {} in {}: {} → {}\n",
        cell(&deployment.prompt),
        cell(&deployment.environment),
        cell(&rollout.from.version),
        cell(&rollout.to.version)
    )?;
    writeln!(out, "**{phase}** at stage {}", rollout.stage_name())?;
    for told in [hold.map(str::to_owned), reason].into_iter().flatten() {
        writeln!(out, "· {}", cell(&told))?;
    }
    for warning in view.warnings {
        writeln!(out, "\n⚠️ {}", markdown_table_cell(warning, 1_000))?;
    }
    if let Some(check) = &rollout.last_check {
        writeln!(out, "\n| metric | verdict | value | stable | bound | why |\n|---|---|---:|---:|---|---|")?;
        for metric in &check.metrics {
            let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                cell(&metric.name),
                metric.verdict.as_str(),
                number(metric.value),
                number(metric.stable),
                cell(&metric.bound),
                cell(&metric.why)
            )?;
        }
    }
    if !view.targets.is_empty() {
        writeln!(out, "\n| target | as desired | shows |\n|---|---|---|")?;
        for line in view.targets {
            writeln!(out, "| {} | {} | {} |", cell(&line.target), if line.confirmed { "yes" } else { "**no**" }, cell(&line.shows))?;
        }
    }
    Ok(())
}

/// Writes what a plan would do, and when at the earliest.
///
/// # Errors
/// What `out` reports.
pub fn plan(shape: Shape, plan: &Plan, settings: &EnvironmentSettings, out: &mut dyn Write) -> io::Result<()> {
    if shape == Shape::Json {
        crate::report::json::write_harmless_pretty(
            &json!({"schema_version": 1, "environment": settings.name, "targets": settings.targets, "plan": plan}),
            out,
        )?;
        return writeln!(out);
    }
    writeln!(out, "{} in {}, targets {}", plan.strategy.as_str(), settings.name, settings.targets.join(", "))?;
    let mut at = 0;
    for (index, stage) in plan.stages.iter().enumerate() {
        let mut waits = Vec::new();
        if stage.hold > 0 {
            waits.push(format!("healthy for {}", duration::human(std::time::Duration::from_millis(stage.hold))));
        }
        waits.extend(stage.smoke.iter().map(|suite| format!("suite `{}` passes", one_line(suite))));
        waits.extend(stage.gates.iter().map(|gate| match gate {
            Gate::Person => "a person resumes it".to_owned(),
            Gate::Approval => "somebody approves".to_owned(),
        }));
        let units = stage.units.map_or_else(String::new, |units| {
            let served: Vec<&str> = settings.targets.iter().take(units).map(String::as_str).collect();
            format!(" on {}", served.join(", "))
        });
        let until = if waits.is_empty() { "no wait".to_owned() } else { waits.join(", ") };
        writeln!(
            out,
            "  {}. {}{units} from {} on; then {until}",
            index + 1,
            stage.traffic,
            duration::human(std::time::Duration::from_millis(at))
        )?;
        at += stage.hold;
    }
    for metric in &plan.metrics {
        writeln!(out, "  metric {} from {}: {}", one_line(&metric.name), one_line(&metric.source), one_line(&metric.query))?;
    }
    if plan.metrics.is_empty() {
        writeln!(out, "  no metrics: a person must resume each stage")?;
    }
    Ok(())
}

/// Writes the rollouts before, newest first, and the events of the last one.
///
/// # Errors
/// What `out` reports.
pub fn history(shape: Shape, deployment: &Deployment, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let finished: Vec<_> = deployment.finished.iter().rev().take(limit).collect();
    if shape == Shape::Json {
        let value = json!({"schema_version": 1, "deployment_name": deployment.prompt, "environment": deployment.environment,
            "rollouts": finished, "events": deployment.log, "forgotten_events": deployment.forgotten});
        crate::report::json::write_harmless_pretty(&value, out)?;
        return writeln!(out);
    }
    if deployment.rollout.is_none() && finished.is_empty() {
        writeln!(out, "no rollout so far")?;
    }
    if let Some(rollout) = &deployment.rollout {
        writeln!(out, "{} {} -> {}: {}", rollout.id, rollout.from, rollout.to, rollout.phase.status())?;
        for logged in &deployment.log {
            let value = serde_json::to_value(&logged.event).unwrap_or_default();
            let part = |key: &str| value.get(key).and_then(Value::as_str).map(one_line).unwrap_or_default();
            let verdict = value.pointer("/check/verdict").and_then(Value::as_str).unwrap_or_default();
            let words = [asked(&logged.event), part("reason"), verdict.to_owned(), part("by")];
            let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
            writeln!(out, "  {} {} {}", time(logged.now.wall), logged.event.verb(), words.join(", "))?;
        }
    }
    for rollout in finished {
        writeln!(
            out,
            "{} {} -> {}: {} ({} to {})",
            rollout.id,
            rollout.from,
            rollout.to,
            rollout.status,
            time(rollout.started),
            time(rollout.ended)
        )?;
    }
    Ok(())
}

/// What a person asked for beyond the verb.
fn asked(event: &Event) -> String {
    match event {
        Event::Set { percent, force, .. } => format!("{percent}{}", if *force { " by force" } else { "" }),
        Event::Promote { full: true, .. } => "to the end".to_owned(),
        Event::Complete { skip_final_checks: true, .. } => "without final checks".to_owned(),
        Event::Rollback { to, trigger, .. } => format!("to {}, {}", one_line(&to.version), trigger.as_str()),
        Event::Tick { .. }
        | Event::Checked { .. }
        | Event::Smoked { .. }
        | Event::Confirmed { .. }
        | Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Promote { .. }
        | Event::Complete { .. }
        | Event::Abort { .. } => String::new(),
    }
}
