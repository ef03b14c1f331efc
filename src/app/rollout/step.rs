//! `rollout step`: one reconcile. Safe to call from cron at any time, any number of times, from several machines.

use futures::future::join_all;

use super::{
    Subject,
    execute::Shown,
    measure::{Pair, check},
    smoke::smoke,
    told,
    world::{Loaded, World},
};
use crate::{
    app::{Failure, Finished, Services, rollback},
    domain::{
        rollback::{deadline::Deadline, storm::storm},
        rollout::{Effect, Event, Phase, Rollout, WayBack, step as decide},
    },
    ports::store::StoreError,
};

/// How often a reconcile begins anew when others write at the same time.
const TRIES: usize = 5;

/// The most things that one reconcile does.
const MOST: usize = 32;

/// What came of making the targets show again what was confirmed.
enum Mended {
    /// They do, or the record was written by somebody else meanwhile.
    All,
    /// Some do not, or nobody knows.
    Astray,
    /// Nothing was touched: somebody's rollback did not get to its writing.
    Interrupted(String),
}

/// Looks once: finishes what was begun, checks health when it is time, goes on or back.
///
/// # Errors
/// Whatever keeps the store from answering; [`StoreError::Conflict`] when others kept writing.
pub async fn step(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let mut world = subject.open_watching(services)?;
    if subject.dry_run {
        return dry(&mut world, subject).await;
    }
    let mut said = Vec::new();
    let (mut loaded, shown, late) = world.reconcile(&mut said).await?;
    said.extend(rollback::afterwards(&world, &mut loaded, false).await);
    let mut finished = subject.show(&world, &loaded.deployment, &shown, said)?;
    finished.outcome = late.unwrap_or(finished.outcome);
    Ok(finished)
}

/// What a look would find, without writing or changing anything.
async fn dry(world: &mut World, subject: &Subject) -> Result<Finished, Failure> {
    let loaded = world.load(world.base.patience()).await?;
    let Some(rollout) = loaded.deployment.rollout.clone() else { return Err(world.nothing("step").await) };
    let shown = world.observe(&rollout).await;
    let mut after = loaded.deployment.clone();
    let mut said = Vec::new();
    if rollout.check_is_due(world.base.moment()) {
        let event = world.checked(&rollout, &loaded).await;
        let now = world.now();
        let (event, transition) = world.decide(&loaded, &rollout, event, now).await?;
        said.extend(told(&transition.effects));
        after.stepped(transition.next, event, now);
    }
    let finished = subject.show(world, &after, &shown, said)?;
    Ok(Finished { outcome: crate::app::Outcome::Done, ..finished })
}

impl World {
    /// One reconcile, begun anew when somebody else wrote in between. With it comes the outcome of a rollback it led to.
    pub(crate) async fn reconcile(&mut self, said: &mut Vec<String>) -> Result<(Loaded, Vec<Shown>, Option<crate::app::Outcome>), Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.reconcile_once(said).await {
                Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => {}
                other => return other,
            }
        }
    }

    /// Carries out what was decided. When somebody else decided otherwise meanwhile, the targets are made to show that
    /// again, and the conflict comes back.
    pub(crate) async fn settle_or_mend(&mut self, loaded: &mut Loaded, said: &mut Vec<String>) -> Result<Vec<Shown>, Failure> {
        let settled = self.settle_all(loaded, said).await;
        self.mended(settled, said).await
    }

    /// What was settled; where somebody else decided otherwise meanwhile, the targets are made to show that first.
    pub(crate) async fn mended<T>(&mut self, settled: Result<T, Failure>, said: &mut Vec<String>) -> Result<T, Failure> {
        if matches!(settled, Err(Failure::Store(StoreError::Conflict(_)))) {
            Box::pin(self.reconcile(said)).await?;
        }
        settled
    }

    async fn reconcile_once(&mut self, said: &mut Vec<String>) -> Result<(Loaded, Vec<Shown>, Option<crate::app::Outcome>), Failure> {
        let mut loaded = self.load(self.base.patience()).await?;
        if loaded.deployment.rollout.is_none() {
            return Err(self.nothing("step").await);
        }
        let mut shown = Vec::new();
        let (mut looked, mut astray) = (false, false);
        for _ in 0..MOST {
            let Some(rollout) = loaded.deployment.rollout.clone() else { break };
            if matches!(&rollout.phase, Phase::Returning { .. }) {
                return self.finished(loaded).await;
            }
            if rollout.intent.is_some() {
                shown = self.settle_all(&mut loaded, said).await?;
                if shown.iter().any(|shown| !shown.confirmed) {
                    if self.interrupted(&rollout, &shown).await?.is_some() {
                        break;
                    }
                    if !Box::pin(self.between(&mut loaded, said)).await? {
                        break;
                    }
                }
                continue;
            }
            if !looked {
                looked = true;
                shown = self.observe(&rollout).await;
                match self.mend(&mut loaded, &rollout, &mut shown).await? {
                    Mended::All => {}
                    Mended::Interrupted(warning) => {
                        said.push(warning);
                        break;
                    }
                    // Health is looked at all the same: what cannot be seen must not keep a bad version where it is.
                    Mended::Astray => {
                        said.push("warning: a target does not show what was confirmed".to_owned());
                        astray = true;
                    }
                }
            }
            if rollout.phase.is_over() {
                if loaded.deployment.unrecorded().is_some() {
                    return self.finished(loaded).await;
                }
                break;
            }
            let event = if rollout.check_is_due(self.base.moment()) { self.checked(&rollout, &loaded).await } else { self.tick(&loaded) };
            if astray && self.leads_on(&rollout, &event)? {
                break;
            }
            if !self.go_on(&mut loaded, &rollout, event, said).await? {
                break;
            }
        }
        Ok((loaded, shown, None))
    }

    /// A look while a target does not show what was decided: time goes by for a stage that never begins, and those that show it already
    /// may have a bad version. Whether that leads back.
    async fn between(&mut self, loaded: &mut Loaded, said: &mut Vec<String>) -> Result<bool, Failure> {
        let Some(rollout) = loaded.deployment.rollout.clone() else { return Ok(false) };
        let event = if rollout.check_is_due(self.base.moment()) { self.checked(&rollout, loaded).await } else { self.tick(loaded) };
        said.extend(told(&self.commit(loaded, event).await?));
        Ok(matches!(loaded.deployment.rollout.as_ref().map(|rollout| &rollout.phase), Some(Phase::Returning { .. })))
    }

    /// A way back that began, brought to its end.
    async fn finished(&mut self, mut loaded: Loaded) -> Result<(Loaded, Vec<Shown>, Option<crate::app::Outcome>), Failure> {
        let deadline = Deadline::new(self.base.services.clock.elapsed(), self.settings.rollback_timeout);
        let (record, shown) = rollback::finish(self, &mut loaded, deadline, None).await?;
        Ok((loaded, shown, record.map(|record| rollback::outcome(&record, true))))
    }

    /// Whether an event would bring more traffic: that waits until every target shows what was confirmed.
    fn leads_on(&self, rollout: &Rollout, event: &Event) -> Result<bool, Failure> {
        let next = decide(rollout, event, self.peek(), &rollout.plan).map_err(Failure::Refused)?.next;
        let goes_back = matches!(next.phase, Phase::Returning { .. } | Phase::Held { .. });
        Ok(!goes_back && (next.intent.is_some() || next.stage != rollout.stage || next.phase.is_over()))
    }

    /// Makes one step of time or health. `false`: nothing more is to be done now.
    async fn go_on(&mut self, loaded: &mut Loaded, rollout: &Rollout, event: Event, said: &mut Vec<String>) -> Result<bool, Failure> {
        let is_check = matches!(event, Event::Checked { .. });
        if !is_check && rollout.is_measured() {
            // Between two checks only something new is worth a writing.
            let transition = decide(rollout, &event, self.peek(), &rollout.plan).map_err(Failure::Refused)?;
            let same = transition.next.phase == rollout.phase && transition.next.stage == rollout.stage && transition.effects.is_empty();
            if same {
                return Ok(false);
            }
        }
        let effects = self.commit(loaded, event).await?;
        said.extend(told(&effects));
        for effect in &effects {
            if let Effect::Smoke { suite } = effect {
                let passed = smoke(self, suite).await?;
                said.extend(told(&self.commit(loaded, Event::Smoked { passed, storm: self.storm(loaded), back: WayBack::Origin }).await?));
            }
        }
        let Some(next) = &loaded.deployment.rollout else { return Ok(false) };
        Ok(is_check || next.intent.is_some() || matches!(next.phase, Phase::Returning { .. }))
    }

    /// Targets that show something else than was confirmed are made to show it again; after somebody's rollback that did not get to
    /// its writing, nothing is touched, and what is wrong comes back.
    async fn mend(&mut self, loaded: &mut Loaded, rollout: &Rollout, shown: &mut [Shown]) -> Result<Mended, Failure> {
        if let Some(interrupted) = self.interrupted(rollout, shown).await? {
            return Ok(Mended::Interrupted(interrupted.warning));
        }
        if shown.iter().all(|shown| shown.confirmed) {
            return Ok(Mended::All);
        }
        let fresh = self.load(self.base.patience()).await?;
        if fresh.revision != loaded.revision {
            *loaded = fresh;
            return Ok(Mended::All);
        }
        let (desired, operation) = (rollout.shown(), format!("{}.{}.{}.again", rollout.id, rollout.epoch, rollout.sequence));
        self.learn_texts(&desired).await?;
        let (world, time) = (&*self, self.settings.rollback_timeout);
        let drifted = shown.iter_mut().enumerate().filter(|(_, slot)| !slot.confirmed && slot.error.is_none());
        let each = drifted.map(|(index, slot)| {
            let (desired, operation) = (&desired, &operation);
            async move { *slot = world.make_show(index, rollout, desired, operation, time).await }
        });
        join_all(each).await;
        Ok(if shown.iter().all(|slot| slot.confirmed) { Mended::All } else { Mended::Astray })
    }

    /// Carries out intents until there are none, or a target will not.
    pub(crate) async fn settle_all(&mut self, loaded: &mut Loaded, said: &mut Vec<String>) -> Result<Vec<Shown>, Failure> {
        let mut shown = Vec::new();
        for _ in 0..MOST {
            let Some(rollout) = loaded.deployment.rollout.clone() else { break };
            if matches!(&rollout.phase, Phase::Returning { back } if back.trigger.is_some()) || rollout.intent.is_none() {
                break;
            }
            shown = self.settle(loaded).await?;
            if shown.iter().any(|shown| !shown.confirmed) {
                let interrupted = self.interrupted(&rollout, &shown).await?;
                said.extend(interrupted.map(|interrupted| interrupted.warning).filter(|warning| !said.contains(warning)));
                break;
            }
            let phase = loaded.deployment.rollout.as_ref().map(|rollout| rollout.phase.clone());
            if let Some(Phase::Completed) = phase {
                said.push(format!("note: {} is the stable version in {}", self.to(loaded), self.settings.name));
            }
        }
        Ok(shown)
    }

    fn to(&self, loaded: &Loaded) -> String {
        loaded.deployment.rollout.as_ref().map_or_else(|| self.prompt.clone(), |rollout| format!("{} {}", self.prompt, rollout.to))
    }

    /// A health check, with what stands against an automatic rollback now.
    async fn checked(&self, rollout: &Rollout, loaded: &Loaded) -> Event {
        let pair = Pair { candidate: &rollout.to, stable: &rollout.from };
        let found = check(self, &rollout.plan, pair, rollout.serving(), &rollout.memory).await;
        Event::Checked { check: Box::new(found), storm: self.storm(loaded), back: WayBack::Origin }
    }

    fn tick(&self, loaded: &Loaded) -> Event {
        Event::Tick { storm: self.storm(loaded), back: WayBack::Origin }
    }

    /// What stands against an automatic rollback now.
    fn storm(&self, loaded: &Loaded) -> Option<String> {
        storm(self.settings.storm, &loaded.deployment.automatic_rollbacks(), self.base.moment())
    }
}
