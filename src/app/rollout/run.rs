//! `rollout run` and `rollout watch`: looks again and again, until it is over.

use std::time::Duration;

use super::Subject;
use crate::{
    app::{Failure, Finished, Services, rollback},
    domain::rollout::{Hold, Phase, health::Check},
    ports::store::StoreError,
    report::{escape::one_line, rollout::metric_line},
};

/// Looks until the rollout is over or waits for people. `watch` only looks, and changes nothing.
///
/// A signal ends it between two looks: what was begun is finished first, or left as an intent that the next look finishes.
///
/// # Errors
/// As [`super::step`]; a store that does not answer is asked again at the next look.
pub async fn run(services: &Services, subject: &Subject, watch: bool) -> Result<Finished, Failure> {
    let mut world = if watch { subject.open_unmeasured(services)? } else { subject.open_watching(services)? };
    let mut said = Vec::new();
    let (mut last, mut interrupted) = (String::new(), false);
    loop {
        let looked = if watch {
            world.load(world.base.patience()).await.map(|loaded| (loaded, Vec::new(), None))
        } else {
            world.reconcile(&mut said).await
        };
        let (mut loaded, shown, outcome) = match looked {
            Ok(looked) => looked,
            // The next look may find it again; what is wrong for good is not waited for.
            Err(Failure::Store(error @ (StoreError::Unreachable { .. } | StoreError::Conflict(_)))) => {
                services.progress.say(&format!("warning: {}", one_line(&error.to_string())));
                if pause(services, world.settings.plan.error_retry).await {
                    return Err(Failure::Store(error));
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        if !watch {
            said.extend(rollback::afterwards(&world, &mut loaded, true).await);
            said.dedup();
        }
        let Some(rollout) = &loaded.deployment.rollout else { return Err(world.nothing("run").await) };
        let line = one_line(&line(rollout));
        if line != last {
            services.progress.say(&line);
            last = line;
        }
        let waits = matches!(&rollout.phase, Phase::Held { hold, .. } if !hold.heals());
        let wait = if rollout.errors > 0 { rollout.plan.error_retry } else { rollout.plan.interval };
        let over = rollout.phase.is_over() || outcome.is_some();
        let before = interrupted;
        interrupted = match world.interrupted(rollout, &shown).await? {
            None => false,
            // Whoever makes that rollback may be about to write it; by the next look it is written, or will not be.
            Some(found) if !before => {
                services.progress.say(&found.warning);
                true
            }
            Some(found) => {
                if !said.contains(&found.warning) {
                    said.push(found.warning);
                }
                return subject.show(&world, &loaded.deployment, &shown, said);
            }
        };
        if over || (waits && !watch) || pause(services, wait).await {
            let mut finished = subject.show(&world, &loaded.deployment, &shown, said)?;
            finished.outcome = outcome.unwrap_or(finished.outcome);
            return Ok(finished);
        }
    }
}

fn line(rollout: &crate::domain::rollout::Rollout) -> String {
    let health = rollout.last_check.as_deref().map_or_else(|| "not checked yet".to_owned(), health);
    let phase = match &rollout.phase {
        Phase::Progressing => "going on".to_owned(),
        Phase::Held { hold, reason } if *hold == Hold::Paused => format!("paused: {reason}"),
        Phase::Held { hold, reason } => format!("held ({}): {reason}", hold.as_str()),
        Phase::Returning { back } => format!("going back to {}", back.to),
        Phase::Completed => "completed".to_owned(),
        Phase::Aborted { back } => format!("aborted: {}", back.reason),
        Phase::RolledBack { back } => format!("rolled back: {}", back.reason),
    };
    format!("{} stage {} {} s healthy; {phase}; {health}", rollout.id, rollout.stage_name(), rollout.clock.credited / 1_000)
}

/// The check, and each metric of it.
fn health(check: &Check) -> String {
    let metrics = check.metrics.iter().map(|metric| format!("; {}", metric_line(metric)));
    metrics.fold(check.verdict.as_str().to_owned(), |line, metric| line + &metric)
}

/// Waits; `true` when a signal asks to stop.
async fn pause(services: &Services, millis: u64) -> bool {
    tokio::select! {
        () = services.clock.sleep(Duration::from_millis(millis.max(100))) => false,
        () = services.process.stop_requested() => true,
    }
}
