//! How delivery goes, by the four measures of DORA (dora.dev/guides/dora-metrics): deployment frequency, lead time for changes, change
//! failure rate, time to restore. They come from the audit log alone, and from the commits of versions; what is not known stays unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{audit::Entry, rollout::Moment};

const DAY: f64 = 86_400_000.0;

/// An entry of the audit log with its time.
#[derive(Debug, Clone, Copy)]
pub struct Timed<'e> {
    /// When.
    pub at: Moment,
    /// What.
    pub entry: &'e Entry,
}

/// Which changes count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only of this prompt.
    pub prompt: Option<String>,
    /// Only in this environment.
    pub environment: Option<String>,
}

/// The times at which versions were committed, by prompt and version.
pub type Commits = BTreeMap<(String, String), Moment>;

/// The measures.
#[derive(Debug, Clone, PartialEq)]
pub struct Kpis {
    /// The first moment that counts: as asked for, but not before the log begins.
    pub from: Moment,
    /// The last one.
    pub until: Moment,
    /// Whether the log begins later than was asked for.
    pub shortened: bool,
    /// Rollouts that completed.
    pub completed: usize,
    /// Rollouts that ended: completed, rolled back, or aborted by the health checks.
    pub ended: usize,
    /// Those of them that had to be rolled back, also after they had completed, or that the health checks aborted.
    pub failed: usize,
    /// Failed ones after which the version before was confirmed back.
    pub restored: usize,
    /// Completed rollouts for each day; `None`: the log says nothing of rollouts.
    pub per_day: Option<f64>,
    /// Failed of ended ones, 0 to 1; `None`: none ended.
    pub failure_rate: Option<f64>,
    /// The median time from the first sign of a failure to the version before being confirmed back, in milliseconds; `None`: none was restored.
    pub time_to_restore: Option<f64>,
    /// The median time from a version's commit to its completed rollout, in milliseconds; `None`: no commit is known.
    pub lead_time: Option<f64>,
    /// The completed rollouts whose commit is known.
    pub with_commit: usize,
}

/// What became of one rollout.
#[derive(Debug, Default)]
struct Change {
    completed: Option<Moment>,
    failed: bool,
    sign: Option<Moment>,
    restored: Option<Moment>,
    lead: Option<u64>,
    ended: Option<Moment>,
}

/// Measures what ended from `since` (the log's beginning where there is none) until `now`. `entries` are in order; `dropped` says whether
/// older ones were let go of.
pub fn measure(entries: &[Timed<'_>], dropped: bool, commits: &Commits, scope: &Scope, (since, now): (Option<Moment>, Moment)) -> Kpis {
    let begins = entries.first().map_or(now, |first| first.at);
    let shortened = dropped && since.is_some_and(|since| since < begins);
    let from = match since {
        Some(since) if !shortened => since,
        Some(_) | None => begins,
    };
    let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let in_scope =
        entries.iter().filter(|timed| is(&scope.prompt, &timed.entry.prompt) && is(&scope.environment, &timed.entry.environment));
    let changes = changes(in_scope, commits);
    let known = !changes.is_empty();
    let inside = |at: &Moment| (from..=now).contains(at);
    let ended: Vec<&Change> = changes.values().filter(|change| change.ended.as_ref().is_some_and(inside)).collect();
    let completed: Vec<&Change> = changes.values().filter(|change| change.completed.as_ref().is_some_and(inside)).collect();
    let failed: Vec<&&Change> = ended.iter().filter(|change| change.failed).collect();
    let restored = failed.iter().filter_map(|change| Some(change.restored?.since(change.sign?))).collect::<Vec<u64>>();
    let lead = completed.iter().filter_map(|change| change.lead).collect::<Vec<u64>>();
    Kpis {
        from,
        until: now,
        shortened,
        completed: completed.len(),
        ended: ended.len(),
        failed: failed.len(),
        restored: restored.len(),
        // Less than a day is counted as one: three in ten minutes are not hundreds a day.
        per_day: known.then(|| count(completed.len()) / (millis(now.since(from)) / DAY).max(1.0)),
        failure_rate: (!ended.is_empty()).then(|| count(failed.len()) / count(ended.len())),
        time_to_restore: median(&restored),
        with_commit: lead.len(),
        lead_time: median(&lead),
    }
}

/// What became of each rollout, by its id.
fn changes<'e>(entries: impl Iterator<Item = &'e Timed<'e>>, commits: &Commits) -> BTreeMap<String, Change> {
    let mut all: BTreeMap<String, Change> = BTreeMap::new();
    let mut versions: BTreeSet<String> = BTreeSet::new();
    for Timed { at, entry } in entries {
        let text = |key: &str| entry.evidence.get(key).and_then(Value::as_str);
        let Some(rollout) = text("rollout") else { continue };
        let change = all.entry(rollout.to_owned()).or_default();
        match entry.what.as_str() {
            // What a person only looked into is no failure; what the health checks found is.
            "rollout-held" => drop(change.sign.get_or_insert(*at)),
            "rollout-released" | "rollout-resumed" => change.sign = None,
            "rollout-completed" => {
                change.completed = Some(*at);
                change.ended = Some(*at);
                change.sign = None;
                let version = (entry.prompt.clone().unwrap_or_default(), entry.to.clone().unwrap_or_default());
                // A version that comes again was not waited for since its commit.
                let first = versions.insert(format!("{}/{version:?}", entry.environment.as_deref().unwrap_or_default()));
                change.lead = commits.get(&version).filter(|_| first).map(|commit| at.since(*commit));
            }
            "rollback-begun" | "rollback-ordered" => {
                change.failed = true;
                change.sign.get_or_insert(*at);
                change.ended = Some(*at);
            }
            "abort-begun" => {
                change.failed = true;
                change.sign.get_or_insert(*at);
            }
            "rollout-aborted" if change.failed => {
                change.ended = Some(*at);
                change.restored = Some(*at);
            }
            "rollback-result" => {
                change.failed = true;
                let took = entry.evidence.get("millis").and_then(Value::as_u64).unwrap_or(0);
                let accepted = Moment(at.0.saturating_sub(took));
                change.sign = Some(change.sign.map_or(accepted, |sign| sign.min(accepted)));
                change.ended = Some(*at);
                if text("status") == Some("success") {
                    change.restored = Some(*at);
                }
            }
            _ => {}
        }
    }
    all
}

fn median(values: &[u64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle), sorted.get(middle.wrapping_sub(1))) {
        (1, Some(one), _) => Some(millis(*one)),
        (0, Some(upper), Some(lower)) => Some(f64::midpoint(millis(*lower), millis(*upper))),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rollouts are small")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "times of years fit")]
fn millis(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::audit::{BEGINNING, Event, Who};

    const DAYS: u64 = 86_400_000;

    fn entry(what: &str, rollout: &str, to: &str, more: Value) -> Entry {
        let mut evidence = json!({"rollout": rollout});
        for (key, value) in more.as_object().unwrap() {
            evidence[key] = value.clone();
        }
        let event = Event {
            who: Who::default(),
            what: what.to_owned(),
            prompt: Some("greeting".to_owned()),
            environment: Some("production".to_owned()),
            from: None,
            to: Some(to.to_owned()),
            why: None,
            evidence,
        };
        Entry::after(BEGINNING, 1, "", &event)
    }

    fn measured(log: &[(u64, Entry)], commits: &Commits, since: Option<u64>, now: u64) -> Kpis {
        let timed: Vec<Timed<'_>> = log.iter().map(|(at, entry)| Timed { at: Moment(*at), entry }).collect();
        measure(&timed, false, commits, &Scope::default(), (since.map(Moment), Moment(now)))
    }

    #[test]
    fn what_is_not_known_is_unknown_and_never_nothing() {
        let none = measured(&[], &Commits::new(), None, 10 * DAYS);
        assert_eq!((none.per_day, none.failure_rate, none.time_to_restore, none.lead_time), (None, None, None, None));
        let started = [(DAYS, entry("rollout-started", "r1", "1.0.0", json!({})))];
        let begun = measured(&started, &Commits::new(), None, 11 * DAYS);
        assert_eq!((begun.per_day, begun.failure_rate, begun.lead_time), (Some(0.0), None, None));
        // Versions of the registry are no rollouts.
        let mut registered = entry("version-registered", "r", "1.0.0", json!({}));
        registered.evidence = json!({"version": "1.0.0"});
        assert_eq!(measured(&[(1, registered)], &Commits::new(), None, DAYS).per_day, None);
    }

    #[test]
    fn the_four_measures_of_a_week() {
        let log = [
            (0, entry("rollout-started", "r1", "1.0.0", json!({}))),
            (DAYS, entry("rollout-completed", "r1", "1.0.0", json!({}))),
            (2 * DAYS, entry("rollout-completed", "r2", "2.0.0", json!({}))),
            // Found bad after it had completed: held for nothing, ordered, back after 4 s.
            (3 * DAYS, entry("rollback-ordered", "r2", "1.0.0", json!({}))),
            (3 * DAYS + 4_000, entry("rollback-result", "r2", "1.0.0", json!({"status": "success", "millis": 4_000}))),
            // Rolled back by itself, the first try in vain.
            (4 * DAYS, entry("rollout-held", "r3", "3.0.0", json!({}))),
            (4 * DAYS + 60_000, entry("rollback-begun", "r3", "1.0.0", json!({}))),
            (4 * DAYS + 90_000, entry("rollback-result", "r3", "1.0.0", json!({"status": "failed", "millis": 30_000}))),
            (4 * DAYS + 100_000, entry("rollback-result", "r3", "1.0.0", json!({"status": "success", "millis": 5_000}))),
            // A person changed their mind.
            (5 * DAYS, entry("rollout-abort-ordered", "r4", "1.0.0", json!({}))),
            (5 * DAYS, entry("rollout-aborted", "r4", "1.0.0", json!({}))),
            (6 * DAYS, entry("rollout-completed", "r5", "4.0.0", json!({}))),
        ];
        let commit = |version: &str| ("greeting".to_owned(), version.to_owned());
        let commits = Commits::from([(commit("1.0.0"), Moment(DAYS / 2)), (commit("4.0.0"), Moment(3 * DAYS))]);
        let week = measured(&log, &commits, Some(0), 7 * DAYS);
        assert_eq!((week.completed, week.ended, week.failed, week.restored, week.with_commit), (3, 4, 2, 2, 2));
        assert!((week.per_day.unwrap() - 3.0 / 7.0).abs() < 1e-12);
        assert_eq!(week.failure_rate, Some(0.5));
        assert_eq!(week.time_to_restore, Some((4_000.0 + 100_000.0) / 2.0));
        assert_eq!(week.lead_time, Some(1.75 * DAY));
        let later = measured(&log, &commits, Some(5 * DAYS), 7 * DAYS);
        assert_eq!((later.completed, later.failed, later.failure_rate, later.time_to_restore), (1, 0, Some(0.0), None));
        let hours = measured(&log, &commits, Some(6 * DAYS - 1), 6 * DAYS + 60_000);
        assert_eq!(hours.per_day, Some(1.0), "less than a day counts as one");
    }

    #[test]
    fn a_log_that_begins_later_shortens_the_time_and_others_do_not_count() {
        let log = [(5 * DAYS, entry("rollout-completed", "r1", "1.0.0", json!({})))];
        let timed: Vec<Timed<'_>> = log.iter().map(|(at, entry)| Timed { at: Moment(*at), entry }).collect();
        let until = (Some(Moment(0)), Moment(7 * DAYS));
        let cut = measure(&timed, true, &Commits::new(), &Scope::default(), until);
        assert_eq!((cut.shortened, cut.from, cut.per_day), (true, Moment(5 * DAYS), Some(0.5)));
        let other = Scope { environment: Some("staging".to_owned()), ..Scope::default() };
        assert_eq!(measure(&timed, true, &Commits::new(), &other, until).per_day, None);
    }
}
