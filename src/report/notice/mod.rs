//! What channels are told: a message for Slack, an issue for GitHub with the post-mortem of a rollback.

mod post_mortem;
pub mod slack;

use super::{
    escape::{markdown, one_line},
    rollout::time,
};
use crate::domain::{
    comment::BELOW,
    notice::{Happening, Notice, cut},
    rollback::record::RollbackRecord,
    rollout::deployment::Deployment,
};

/// The most characters of an issue's title.
const TITLE: usize = 200;

/// Title and body of an issue about this. `deployment` has the story where it was a rollback.
pub fn issue(notice: &Notice, deployment: Option<&Deployment>) -> (String, String) {
    let record = deployment.and_then(|deployment| {
        let id = notice.rollback.as_deref()?;
        Some((deployment, deployment.rollbacks.iter().rfind(|record| record.id == id)?))
    });
    let title = cut(&one_line(&headline(notice)), TITLE);
    let body = match record {
        Some((deployment, record)) => post_mortem::body(notice, deployment, record),
        None => plain(notice),
    };
    (title, body)
}

/// What happened, on one line: `Rolled back: greeting in production (2.0.0 → 1.0.0)`.
fn headline(notice: &Notice) -> String {
    let place = match (notice.prompt.as_str(), notice.environment.as_str()) {
        ("", "") => String::new(),
        (prompt, "") => format!(": {prompt}"),
        ("", environment) => format!(": {environment}"),
        (prompt, environment) => format!(": {prompt} in {environment}"),
    };
    let versions = match (&notice.from, &notice.to) {
        (Some(from), Some(to)) => format!(" ({from} → {to})"),
        _ => String::new(),
    };
    let title = match (notice.what, &notice.rollout) {
        (Happening::Monitor, Some(metric)) => format!("Monitoring {metric}"),
        (what, _) => what.title().to_owned(),
    };
    format!("{title}{place}{versions}")
}

/// The body where there is no rollback to tell of.
fn plain(notice: &Notice) -> String {
    let mut body = format!("**{}**\n\n", markdown(&headline(notice)));
    if let Some(why) = &notice.why {
        body += &format!("{}\n\n", markdown(why));
    }
    body += "| | |\n|---|---|\n";
    body += &format!("| at | {} |\n| by | {} |\n", time(notice.at), markdown(&notice.by));
    for (name, fact) in &notice.facts {
        body += &format!("| {} | {} |\n", markdown(name), markdown(fact));
    }
    if let Some(run) = notice.run.as_deref().filter(|run| is_link(run)) {
        body += &format!("| run | <{run}> |\n");
    }
    body + &format!("\n{BELOW}\n")
}

/// Whether a run is an address that may be a link.
fn is_link(run: &str) -> bool {
    (run.starts_with("https://") || run.starts_with("http://")) && run.chars().all(|c| c.is_ascii_graphic() && !"<>()[]\"'`|\\".contains(c))
}

/// Whether everything arrived in the time that was promised.
fn sla(record: &RollbackRecord) -> &'static str {
    if record.sla_met { "yes" } else { "**no**" }
}
