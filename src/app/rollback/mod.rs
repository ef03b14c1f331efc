//! `prompt-cicd rollback`: puts the previous stable version back. No steps, no analysis, no approvals; the remaining time is checked before
//! every effect; what one target refuses does not keep the others from it.

mod choose;
mod drive;
mod fence;
mod keep;
mod look;
mod resume;
mod unwritten;
mod watch;
mod whose;

use std::{path::PathBuf, time::Duration};

pub(crate) use choose::{begins_at_bad, came_to_bad, way_back};
pub use look::{history, list_versions, status, validate};
pub use resume::resume;

use super::{
    Failure, Finished, Outcome, Services,
    rollout::{
        Subject,
        execute::{Shown, refused},
        measure::{Pair, check},
        tell,
        world::{Loaded, World},
    },
};
use crate::{
    domain::{
        notice::cut,
        rollback::{
            deadline::{Deadline, SLA, sla_met},
            record::{RollbackRecord, RollbackStatus},
            trigger::Trigger,
        },
        rollout::{
            Event, Moment, Percent, Phase, Plan, Rollout, VersionRef,
            health::{Check, Memory},
            step,
        },
    },
    ports::store::Patience,
    report::{escape::one_line, rollback::render, rollout::Shape},
};
use drive::{Driven, drive};
use keep::{Author, keep, remember, unmark, write_intent};

/// The most characters of a reason that are kept.
const REASON: usize = 2_000;

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct RollbackRequest {
    /// Which prompt, where.
    pub subject: Subject,
    /// The version; `None`: the previous stable one.
    pub to: Option<String>,
    /// Why.
    pub reason: String,
    /// Nothing is checked first.
    pub emergency: bool,
    /// The person said yes already.
    pub yes: bool,
    /// The longest it may take; `None`: as the configuration says.
    pub timeout: Option<Duration>,
    /// Whether health is watched afterwards; `None`: as the configuration says.
    pub watch: Option<bool>,
    /// Files that get what came of it.
    pub reports: Vec<(Shape, PathBuf)>,
}

/// Rolls back.
///
/// # Errors
/// Nothing to go back to; a version that is not fit, unless it is an emergency; whatever keeps the store from being read.
pub async fn rollback(services: &Services, request: &RollbackRequest) -> Result<Finished, Failure> {
    let mut world = request.subject.open_unmeasured(services)?;
    // The clock was made when the program started: fetching the configuration counts.
    let deadline = Deadline::new(Duration::ZERO, request.timeout.unwrap_or(world.settings.rollback_timeout));
    let patience = within(&world, deadline);
    let mut loaded = world.load(patience).await?;
    let Some(rollout) = loaded.deployment.rollout.clone() else {
        return Err(world.nothing("rollback").await);
    };
    let choose::Choice { to, said } = choose::version(&world, &loaded, request.to.as_deref(), request.emergency, patience).await?;
    if request.subject.dry_run || !request.yes {
        let text =
            format!("would put {} {} back on everything in {} (now: {})\n", world.prompt, to, world.settings.name, rollout.stage_name());
        if request.subject.dry_run {
            return Ok(Finished { notes: Vec::from_iter(said), ..Finished::done(text) });
        }
        return Err(refused("rollback", format!("nobody said yes; {}", text.trim_end()), &["rollback --yes", "rollback --dry-run"]));
    }
    let reason = cut(&request.reason, REASON);
    let trigger = if request.emergency { Trigger::Emergency } else { Trigger::Manual };
    let by = request.subject.by(services);
    let named = request.to.is_some();
    let event = Event::Rollback { to: to.clone(), trigger, reason: reason.clone(), by, above: None, named };
    if !request.emergency {
        // The intent first, so that whoever comes after a crash finishes it; a store that does not answer in time does not hold it up.
        let brief = Patience { until: (services.clock.elapsed() + Duration::from_secs(5)).min(patience.until), ..patience };
        match write_intent(&mut world, &mut loaded, &event, brief).await {
            Ok(()) | Err(Failure::Store(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let (record, _) = finish(&mut world, &mut loaded, deadline, Some(event)).await?;
    let unkept = match &record {
        // It serves already: a person who names it in an emergency stands by it all the same.
        None if named && request.emergency => unmark(&world, &mut loaded, &to).await.err(),
        None | Some(_) => None,
    };
    let wants = request.watch.unwrap_or(world.settings.rollback_watch.always);
    let record = record.unwrap_or_else(|| unchanged(&world, &loaded, &to, trigger, &reason, request.subject.by(services)));
    let mut finished = told(&request.subject, &world, &mut loaded, record, wants, &request.reports).await?;
    finished.notes.extend(said);
    finished.notes.extend(unkept.map(|failure| format!("warning: {to} stays marked bad: {}", one_line(&failure.to_string()))));
    Ok(finished)
}

/// Tells people, then watches where that is wanted: all of it after the rollback is done and written, and none of it changes what came of
/// it.
async fn told(
    subject: &Subject,
    world: &World,
    loaded: &mut Loaded,
    mut record: RollbackRecord,
    wants: bool,
    reports: &[(Shape, PathBuf)],
) -> Result<Finished, Failure> {
    let kept = loaded.deployment.rollbacks.iter().any(|kept| kept.keeps(&record));
    let unkept = !kept && record.status != RollbackStatus::Unchanged;
    let mut notes = if unkept { world.tell_unkept(loaded, &record).await } else { world.deliver(loaded).await };
    if wants {
        let watched = match watch::begin(world, loaded, &mut record).await {
            Ok(None) => watch::go_on(world, loaded, &mut record).await,
            Ok(Some(why)) => {
                notes.push(format!("note: health after the rollback is not watched: {why}"));
                Ok(())
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = watched {
            notes.push(format!("warning: health after the rollback could not be kept: {}", one_line(&failure.to_string())));
        }
        notes.extend(watch::told(&record));
        notes.extend(world.deliver(loaded).await);
    }
    notes.extend(world.unmarked());
    let mut finished = shown(subject, world, loaded, &record)?;
    finished.notes.extend(notes);
    for (shape, file) in reports {
        let mut text = Vec::new();
        render(*shape, &record, &mut text).map_err(|error| Failure::Internal(error.into()))?;
        let written = world.base.services.workspace.write(file, &text);
        finished.notes.extend(written.err().map(|error| format!("error: the report could not be written: {error}")));
    }
    Ok(finished)
}

/// What follows after a look of a rollout: people are told, and a rollback that is watched is looked at.
pub(crate) async fn afterwards(world: &World, loaded: &mut Loaded, waits: bool) -> Vec<String> {
    let mut notes = world.deliver(loaded).await;
    notes.extend(came_to_bad(world, loaded).await);
    match watch::follow(world, loaded, waits).await {
        Ok(None) => {}
        Ok(Some(record)) => {
            notes.extend(watch::told(&record));
            notes.extend(world.deliver(loaded).await);
        }
        Err(failure) => {
            notes.push(format!("warning: health after the rollback could not be kept: {}", one_line(&failure.to_string())));
        }
    }
    notes
}

/// The plan whose metrics can say how the version that is back does.
fn measured(loaded: &Loaded) -> Option<&Plan> {
    loaded.deployment.rollout.as_ref().map(|rollout| rollout.plan.as_ref()).filter(|plan| !plan.metrics.is_empty())
}

fn shown(subject: &Subject, world: &World, loaded: &Loaded, record: &RollbackRecord) -> Result<Finished, Failure> {
    let mut stdout = Vec::new();
    render(subject.shape, record, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let mut notes = super::lines(&world.base.warnings);
    let mut markdown = Vec::new();
    let markdown = render(Shape::Markdown, record, &mut markdown).map(|()| markdown);
    notes.extend(tell::rollback(&world.base.services, &loaded.deployment, Some(record), markdown));
    Ok(Finished { outcome: outcome(record, false), stdout, notes })
}

/// What a rollback concludes.
pub(super) fn outcome(record: &RollbackRecord, automatic: bool) -> Outcome {
    match record.status {
        RollbackStatus::Failed | RollbackStatus::Timeout => Outcome::RollbackFailed,
        RollbackStatus::Success if !record.sla_met => Outcome::RolledBackLate,
        RollbackStatus::Success if automatic && record.trigger.is_automatic() => Outcome::RolledBack,
        RollbackStatus::Success | RollbackStatus::Unchanged => Outcome::Done,
    }
}

/// The store's time: what is left of the rollback's.
fn within(world: &World, deadline: Deadline) -> Patience {
    let clock = world.base.services.clock.as_ref();
    Patience::of(clock, deadline.left(clock.elapsed()).unwrap_or(Duration::from_millis(1))).never_waiting()
}

/// Makes the targets show what a rollback is for, and keeps what came of it. `event` is the rollback that may not be written yet: it is
/// decided again on whatever is in the store by then. Without a record in the answer, nothing had to be done.
#[expect(clippy::too_many_lines, reason = "one story in the order in which it happens")]
pub(crate) async fn finish(
    world: &mut World,
    loaded: &mut Loaded,
    deadline: Deadline,
    mut event: Option<Event>,
) -> Result<(Option<RollbackRecord>, Vec<Shown>), Failure> {
    let decided_after = deadline.taken(world.base.services.clock.elapsed());
    let started = Moment(world.base.moment().0.saturating_sub(millis(decided_after)));
    let Some(before) = loaded.deployment.rollout.clone() else { return Err(world.nothing("rollback").await) };
    let (mut rollout, mut driven) = (decided(world, &before, event.as_ref())?, Driven::default());
    // Until the state is written, the next look of a rollout would turn the targets round again.
    let mut error = Some("others kept changing the state: run the same rollback again".to_owned());
    // A rollback that somebody else begins in between has a higher epoch: then it is done again with that.
    for _ in 0..3 {
        if rollout.intent.is_none() {
            let left = deadline.left(world.base.services.clock.elapsed()).unwrap_or_default();
            let shown = world.observe_within(&rollout, left.min(drive::TRY)).await;
            if shown.iter().all(|shown| shown.confirmed) {
                return Ok((unwritten::record(world, loaded, &shown).await, shown));
            }
        }
        drive(world, &rollout, deadline, &mut driven).await;
        if let Some(higher) = fence::above(world, &rollout, event.as_ref(), &driven, deadline).await {
            rollout = decided(world, &before, Some(&higher))?;
            event = Some(higher);
            drive(world, &rollout, deadline, &mut driven).await;
        }
        if let Some(again) = fence::over(&before, &rollout, event.as_ref(), &driven) {
            rollout = decided(world, &before, Some(&again))?;
            event = Some(again);
            driven.overwrites = true;
            drive(world, &rollout, deadline, &mut driven).await;
        }
        match keep(world, loaded, event.as_ref(), &rollout, driven.confirmed(world), deadline).await {
            Ok(None) => {
                error = None;
                break;
            }
            Ok(Some(newer)) => rollout = newer,
            Err(failure) => {
                let again = "run the same rollback again before any `rollout step`";
                error = Some(format!("the record could not be written: {failure}; what the targets show is in the list; {again}"));
                break;
            }
        }
    }
    let Some((back, trigger)) = whose::back(world, loaded, &rollout, event.as_ref(), driven.confirmed(world)) else {
        return Ok((None, driven.shown()));
    };
    let now = world.base.services.clock.elapsed();
    let took = deadline.taken(now);
    let confirmed = driven.confirmed(world);
    let status = match (confirmed, deadline.left(now)) {
        (true, _) if error.is_some() => RollbackStatus::Failed,
        (true, _) => RollbackStatus::Success,
        (false, None) => RollbackStatus::Timeout,
        (false, Some(_)) => RollbackStatus::Failed,
    };
    let mut record = RollbackRecord {
        id: rollout.rollback_id(),
        prompt: world.prompt.clone(),
        environment: world.settings.name.clone(),
        rollout: Some(rollout.id.clone()),
        from: back.left.clone().unwrap_or_else(|| left_version(&before)),
        to: back.to.version.clone(),
        started,
        ended: world.base.moment(),
        millis: millis(took),
        decided: Some(millis(decided_after)),
        status,
        before: before.last_check.as_deref().cloned(),
        after: None,
        watch: None,
        trigger,
        reason: back.reason.clone(),
        by: back.by.clone(),
        sla_met: confirmed && took < SLA && sla_met(took),
        error,
        targets: driven.outcomes(world),
    };
    if !confirmed {
        let missing = record.error.take().into_iter().chain(record.missing()).chain(fence::next_step(world, loaded, &back.to, &driven));
        record.error = Some(missing.collect::<Vec<_>>().join("; "));
    }
    record.id = record.kept_id(&loaded.deployment.rollbacks);
    record.after = after(world, &rollout, &back.to, trigger).await;
    kept(world, loaded, &mut record, Author::Own).await;
    Ok((Some(record), driven.shown()))
}

/// Writes the record, or says in it that it could not be written.
async fn kept(world: &mut World, loaded: &mut Loaded, record: &mut RollbackRecord, author: Author) {
    if let Err(failure) = remember(world, loaded, record, author).await {
        let unkept = format!(
            "what came of it could not be written: {failure}; when the store answers, run the same rollback again: it writes what is missing"
        );
        record.error = Some(record.error.take().map_or_else(|| unkept.clone(), |error| format!("{error}; {unkept}")));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The state that the rollback leads to, or the one that is there when it was decided already.
fn decided(world: &mut World, rollout: &Rollout, event: Option<&Event>) -> Result<Rollout, Failure> {
    let Some(event) = event else { return Ok(rollout.clone()) };
    let now = world.peek();
    Ok(step(rollout, event, now, &rollout.plan).map_err(Failure::Refused)?.next)
}

/// Health of the version that is back; never in an emergency, and never more than one check.
async fn after(world: &World, rollout: &Rollout, to: &VersionRef, trigger: Trigger) -> Option<Check> {
    if trigger == Trigger::Emergency || rollout.plan.metrics.is_empty() {
        return None;
    }
    let checked = check(world, &rollout.plan, Pair { candidate: to, stable: to }, Percent::ALL, &Memory::default()).await;
    Some(checked.without_memory())
}

/// The version whose traffic goes away.
fn left_version(rollout: &Rollout) -> String {
    match &rollout.phase {
        Phase::RolledBack { back } | Phase::Aborted { back } => back.to.version.clone(),
        Phase::Progressing | Phase::Held { .. } | Phase::Returning { .. } | Phase::Completed => rollout.to.version.clone(),
    }
}

fn unchanged(world: &World, loaded: &Loaded, to: &VersionRef, trigger: Trigger, reason: &str, by: String) -> RollbackRecord {
    let now = world.base.moment();
    let rollout = loaded.deployment.rollout.as_ref();
    RollbackRecord {
        id: rollout.map_or_else(String::new, Rollout::rollback_id),
        prompt: world.prompt.clone(),
        environment: world.settings.name.clone(),
        rollout: rollout.map(|rollout| rollout.id.clone()),
        from: to.version.clone(),
        to: to.version.clone(),
        started: now,
        ended: now,
        millis: 0,
        decided: None,
        watch: None,
        status: RollbackStatus::Unchanged,
        before: None,
        after: None,
        trigger,
        reason: reason.to_owned(),
        by,
        sla_met: true,
        error: None,
        targets: Vec::new(),
    }
}
