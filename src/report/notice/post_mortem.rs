//! The post-mortem of a rollback: what is known is filled in, what only people know is asked. Every text of others is one line of Markdown
//! that shows exactly itself.

use super::{
    super::{
        escape::{markdown, markdown_table_cell},
        rollout::time,
    },
    BELOW, headline, is_link, sla,
};
use crate::domain::{
    notice::Notice,
    rollback::record::RollbackRecord,
    rollout::{
        Event, Moment,
        deployment::Deployment,
        health::{Check, HealthVerdict},
    },
};

/// The most lines of the rollout's own story, and the most characters of a reason.
const STORY: usize = 40;
const REASON: usize = 2_000;

/// What people are asked, below what is known.
const QUESTIONS: &str = "\
## Post-mortem

*What stands above is kept up to date; what stands below is yours and is never changed.*

**What did users notice, and for how long?**

**Why did it happen?** (five times why)

**Why was it not seen before it was rolled out?** Which test, gate or health metric was missing?

**What went well, and what was luck?**

| action | who | until |
|---|---|---|
| | | |
";

/// The whole body.
pub(super) fn body(notice: &Notice, deployment: &Deployment, record: &RollbackRecord) -> String {
    let mut body = format!("**{}**\n\n{}\n\n", markdown(&headline(notice)), reason(&record.reason));
    body += &numbers(notice, record);
    body += "\n## Timeline\n\n| time (UTC) | after | what |\n|---|---:|---|\n";
    for (at, after, what) in timeline(deployment, record) {
        body += &format!("| {} | {after} | {what} |\n", time(at));
    }
    body += &evidence("Health before", record.before.as_ref());
    body += &evidence("Health after", record.after.as_ref());
    body + &format!("\n{BELOW}\n\n{QUESTIONS}")
}

fn reason(reason: &str) -> String {
    markdown(&crate::domain::notice::cut(reason, REASON))
}

#[expect(clippy::cast_precision_loss, reason = "a rollback takes seconds")]
fn numbers(notice: &Notice, record: &RollbackRecord) -> String {
    let cell = |text: &str| markdown_table_cell(text, 300);
    let mut rows = vec![
        ("status", record.status.as_str().to_owned()),
        ("from → to", format!("{} → {}", cell(&record.from), cell(&record.to))),
        ("took", format!("{:.3} s", record.millis as f64 / 1_000.0)),
        ("within 30 s (SLA)", sla(record).to_owned()),
        ("trigger", record.trigger.as_str().to_owned()),
        ("who", cell(&record.by)),
        ("rollback", cell(&record.id)),
        ("rollout", record.rollout.as_deref().map_or_else(|| "—".to_owned(), cell)),
    ];
    if let Some(run) = notice.run.as_deref().filter(|run| is_link(run)) {
        rows.push(("run", format!("<{run}>")));
    }
    if let Some(error) = &record.error {
        rows.push(("error", cell(error)));
    }
    if let Some(watch) = &record.watch {
        rows.push(("watch afterwards", cell(&watch.summary())));
    }
    rows.iter().fold("| | |\n|---|---|\n".to_owned(), |table, (name, value)| table + &format!("| {name} | {value} |\n"))
}

/// What happened when, in order: the rollout's own events, then the rollback to the millisecond.
fn timeline(deployment: &Deployment, record: &RollbackRecord) -> Vec<(Moment, String, String)> {
    let mut lines = Vec::new();
    let rollout = deployment.rollout.as_ref().filter(|rollout| record.rollout.as_deref() == Some(rollout.id.as_str()));
    if let Some(rollout) = rollout {
        lines.push((rollout.started, format!("rollout of {} began", cell(&rollout.to.version))));
        let told = deployment.log.iter().filter_map(|logged| Some((logged.now.wall, event(&logged.event)?)));
        let told: Vec<(Moment, String)> = told.filter(|(at, _)| *at <= record.ended).collect();
        let left_out = told.len().saturating_sub(STORY);
        if left_out > 0 {
            lines.push((rollout.started, format!("… {left_out} earlier events are in `rollout history`")));
        }
        lines.extend(told.into_iter().skip(left_out));
    }
    let mut story: Vec<(Moment, String, String)> = lines.into_iter().map(|(at, what)| (at, String::new(), what)).collect();
    let at = |millis: u64| Moment(record.started.0.saturating_add(millis));
    let mut own = vec![(0, format!("rollback accepted ({}), by {}", record.trigger.as_str(), cell(&record.by)))];
    own.extend(record.decided.map(|millis| (millis, format!("decided: back to {}", cell(&record.to)))));
    for target in &record.targets {
        let name = cell(&target.target);
        own.extend(target.applied.map(|millis| (millis, format!("{name}: written"))));
        let said = if target.confirmed { "**confirmed**, shows" } else { "**NOT confirmed**:" };
        own.push((target.millis, format!("{name}: {said} {} ({} tried)", cell(&target.shows), target.attempts)));
    }
    own.push((record.millis, format!("all done: {}, within 30 s: {}", record.status.as_str(), sla(record))));
    own.sort_by_key(|(millis, _)| *millis);
    story.extend(own.into_iter().map(|(millis, what)| (at(millis), format!("{millis} ms"), what)));
    for look in record.watch.iter().flat_map(|watch| &watch.looks) {
        story.push((look.at, String::new(), format!("health: {}: {}", look.verdict.as_str(), cell(&look.why))));
    }
    story.sort_by_key(|(at, _, _)| *at);
    story
}

fn cell(text: &str) -> String {
    markdown_table_cell(text, 200)
}

/// An event that says something; a healthy look, and time going by, does not.
fn event(event: &Event) -> Option<String> {
    Some(match event {
        Event::Tick { .. } => return None,
        Event::Checked { check, .. } if check.verdict == HealthVerdict::Healthy => return None,
        Event::Checked { check, .. } => format!("health: {}: {}", check.verdict.as_str(), cell(&check.summary())),
        Event::Smoked { passed, .. } => {
            format!("smoke suite: {}", passed.map_or("not judged", |passed| if passed { "passed" } else { "failed" }))
        }
        Event::Confirmed { operation } => format!("confirmed: {}", cell(operation)),
        Event::Pause { reason, by } => format!("paused by {}: {}", cell(by), cell(reason)),
        Event::Resume { by, .. } => format!("resumed by {}", cell(by)),
        Event::Promote { by, .. } => format!("promoted by {}", cell(by)),
        Event::Set { percent, by, .. } => format!("set to {percent} by {}", cell(by)),
        Event::Complete { by, .. } => format!("completion ordered by {}", cell(by)),
        Event::Abort { reason, by } => format!("abort ordered by {}: {}", cell(by), cell(reason)),
        Event::Rollback { by, .. } => format!("rollback ordered by {}", cell(by)),
    })
}

fn evidence(title: &str, check: Option<&Check>) -> String {
    let Some(check) = check.filter(|check| !check.metrics.is_empty()) else { return String::new() };
    let mut table = format!(
        "\n## {title}: {}\n\n| metric | verdict | value | stable | bound | why |\n|---|---|---:|---:|---|---|\n",
        check.verdict.as_str()
    );
    let number = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |value| value.to_string());
    for metric in &check.metrics {
        table += &format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            cell(&metric.name),
            metric.verdict.as_str(),
            number(metric.value),
            number(metric.stable),
            cell(&metric.bound),
            cell(&metric.why)
        );
    }
    table
}
