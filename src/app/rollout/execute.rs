//! The effects of a step: write the intent, act, read back, write the result. A run that is killed anywhere between is finished by the next.

use std::time::Duration;

use futures::future::join_all;
use semver::Version;

use super::world::{Loaded, World};
use crate::{
    app::{
        Failure,
        registry::{marks, text_of},
        rollback,
    },
    domain::{
        rollback::record::TargetOutcome,
        rollout::{Desired, Effect, Event, Now, Percent, Phase, Refusal, Rollout, Transition, VersionRef, step},
        target::{self, Agreement, Observed, PinnedVersion, Subject},
    },
    ports::{
        store::Patience,
        target::{TargetError, TargetErrorKind},
    },
};

/// The longest that a target may take where nothing presses.
const TARGET_TIME: Duration = Duration::from_secs(20);

/// What a target said.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) target: String,
    pub(crate) confirmed: bool,
    pub(crate) text: String,
    pub(crate) error: Option<TargetErrorKind>,
    pub(crate) epoch: Option<u64>,
    /// How long writing took, where it was written.
    pub(crate) applied: Option<Duration>,
    /// The version that has everything there.
    pub(crate) whole: Option<String>,
}

impl World {
    /// Makes a step and writes what it leads to. Nothing is written for an event that changes nothing.
    pub(crate) async fn commit(&mut self, loaded: &mut Loaded, event: Event) -> Result<Vec<Effect>, Failure> {
        let patience = self.base.patience();
        self.commit_within(loaded, event, patience).await
    }

    /// The same within a time.
    pub(crate) async fn commit_within(&mut self, loaded: &mut Loaded, event: Event, patience: Patience) -> Result<Vec<Effect>, Failure> {
        let Some(rollout) = loaded.deployment.rollout.clone() else { return Err(self.nothing(event.verb()).await) };
        let now = self.now();
        let (event, transition) = self.decide(loaded, &rollout, event, now).await?;
        if transition.next != rollout {
            let mut after = loaded.deployment.clone();
            // A record that only says what became of a version keeps nothing from going back, whoever began it.
            let tolerant = matches!(event, Event::Rollback { .. }) || matches!(transition.next.phase, Phase::Returning { .. });
            let marked = marks(self, &mut after, &transition.effects, (now.wall, tolerant), patience).await?;
            after.stepped(transition.next, event, now);
            *loaded = self.save_marked(loaded, after, marked, patience).await?;
            self.change(&transition.effects);
        }
        Ok(transition.effects)
    }

    /// Writes what effects mean for versions, beside any step; nothing where no mark is taken away by them.
    pub(crate) async fn mark(&self, loaded: &mut Loaded, effects: &[Effect], patience: Patience) -> Result<(), Failure> {
        let mut after = loaded.deployment.clone();
        let marked = marks(self, &mut after, effects, (self.base.moment(), false), patience).await?;
        if !marked.unmarked.is_empty() {
            *loaded = self.save_marked(loaded, after, marked, patience).await?;
            self.change(effects);
        }
        Ok(())
    }

    /// The versions that effects are about are for the mirrors too.
    fn change(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::MarkStable { version }
                | Effect::Retire { version }
                | Effect::PutBack { version, .. }
                | Effect::MarkBad { version, .. } => self.changes(&version.version),
                Effect::Apply { .. } | Effect::Smoke { .. } | Effect::Tell { .. } => {}
            }
        }
    }

    /// What comes of an event. Where that is going back by itself, it is found out first where to: never to a version that was marked bad.
    pub(crate) async fn decide(&self, loaded: &Loaded, rollout: &Rollout, event: Event, now: Now) -> Result<(Event, Transition), Failure> {
        let decide = |event: &Event| step(rollout, event, now, &rollout.plan).map_err(Failure::Refused);
        let transition = decide(&event)?;
        let returns = |phase: &Phase| matches!(phase, Phase::Returning { .. });
        if !event.is_own() || returns(&rollout.phase) || !returns(&transition.next.phase) {
            return Ok((event, transition));
        }
        let event = event.going(rollback::way_back(self, loaded, &rollout.from).await);
        let transition = decide(&event)?;
        Ok((event, transition))
    }

    /// Carries out what was decided, if anything was. What the targets say comes back; empty when there was nothing to do.
    pub(crate) async fn settle(&mut self, loaded: &mut Loaded) -> Result<Vec<Shown>, Failure> {
        let Some(rollout) = loaded.deployment.rollout.clone() else { return Ok(Vec::new()) };
        let Some(intent) = rollout.intent.clone() else { return Ok(Vec::new()) };
        // Whoever slept since it was read must not act on it.
        let fresh = self.load(self.base.patience()).await?;
        if fresh.revision != loaded.revision {
            *loaded = fresh;
            return Ok(Vec::new());
        }
        self.learn_texts(&intent.desired).await?;
        if intent.desired.traffic > Percent::NONE
            && let Some(shown) = self.fenced(&rollout).await
        {
            return Ok(shown);
        }
        let shown = self.make_all_show(&rollout, &intent.desired, &intent.operation).await;
        if shown.len() == self.targets.len() && shown.iter().all(|said| said.confirmed) {
            self.commit(loaded, Event::Confirmed { operation: intent.operation }).await?;
        }
        Ok(shown)
    }

    /// What the targets show, where one of them remembers a newer epoch, or nobody knows which: somebody's rollback did not get to the
    /// others, and a candidate gets no traffic anywhere.
    async fn fenced(&self, rollout: &Rollout) -> Option<Vec<Shown>> {
        let mut shown = self.observe(rollout).await;
        let newer = |shown: &Shown| shown.epoch.is_some_and(|epoch| epoch > rollout.epoch);
        let fenced = |shown: &Shown| newer(shown) || shown.error == Some(TargetErrorKind::EpochUnreadable);
        let names: Vec<String> = shown.iter().filter(|shown| fenced(shown)).map(|shown| shown.target.clone()).collect();
        if names.is_empty() {
            return None;
        }
        for one in &mut shown {
            if newer(one) {
                one.error = Some(TargetErrorKind::Fenced);
                one.text.push_str("; a rollback came between");
            } else if !fenced(one) {
                one.confirmed = false;
                one.text = format!("{}; left as it is, since a rollback may have got to {}", one.text, names.join(", "));
            }
        }
        Some(shown)
    }

    /// Applies to the targets and reads them back, several at once where the order allows it. What they say comes in their order; where
    /// one does not show it, those that come after it are left out.
    async fn make_all_show(&self, rollout: &Rollout, desired: &Desired, operation: &str) -> Vec<Shown> {
        let keeps: Vec<bool> = self.targets.iter().map(|target| target.keeps_texts()).collect();
        let mut shown: Vec<(usize, Shown)> = Vec::new();
        for together in desired.together(&keeps) {
            let each = together.iter().map(|index| self.make_show(*index, rollout, desired, operation, TARGET_TIME));
            let said = join_all(each).await;
            shown.extend(together.into_iter().zip(said));
            if shown.iter().any(|(_, said)| !said.confirmed) {
                break;
            }
        }
        shown.sort_by_key(|(index, _)| *index);
        shown.into_iter().map(|(_, said)| said).collect()
    }

    /// Reads the texts of the two versions, where a target keeps texts. A rollback does without: what it goes back to is there already.
    pub(crate) async fn learn_texts(&mut self, desired: &Desired) -> Result<(), Failure> {
        if self.targets.iter().any(|target| target.keeps_texts()) {
            for version in [&desired.stable, &desired.candidate] {
                if !self.texts.contains_key(&version.digest)
                    && let Some(text) = text_of(&self.base, &self.prompt, version, self.base.patience()).await?
                {
                    self.texts.insert(version.digest.clone(), text);
                }
            }
        }
        Ok(())
    }

    /// Applies to one target and reads it back.
    pub(crate) async fn make_show(&self, index: usize, rollout: &Rollout, desired: &Desired, operation: &str, time: Duration) -> Shown {
        self.make_show_over((index, false), rollout, desired, operation, time).await
    }

    /// The same; `overwrites`: also where its epoch cannot be read.
    pub(crate) async fn make_show_over(
        &self,
        (index, overwrites): (usize, bool),
        rollout: &Rollout,
        desired: &Desired,
        operation: &str,
        time: Duration,
    ) -> Shown {
        let Some(target) = self.targets.get(index) else {
            return Shown {
                target: String::new(),
                confirmed: false,
                text: "no such target".to_owned(),
                error: None,
                epoch: None,
                applied: None,
                whole: None,
            };
        };
        let clock = &self.base.services.clock;
        let begin = clock.elapsed();
        let wanted = match self.wanted(rollout, desired, index) {
            Ok(wanted) => target::Desired { overwrites, ..wanted },
            Err(text) => {
                return Shown {
                    target: target.name().to_owned(),
                    confirmed: false,
                    text,
                    error: Some(TargetErrorKind::Refused),
                    epoch: None,
                    applied: None,
                    whole: None,
                };
            }
        };
        let applied = target.apply(&wanted, operation, time).await;
        if let Err(error) = &applied
            && !error.kind.may_have_applied()
            && error.kind != TargetErrorKind::Fenced
        {
            return failed(target.name(), error);
        }
        let wrote = clock.elapsed().saturating_sub(begin);
        let left = time.saturating_sub(wrote).max(Duration::from_millis(100));
        let shown = match (applied, target.observe(left).await) {
            // What came between is read back, so that it can be told.
            (Err(fenced), Ok(observed)) if fenced.kind == TargetErrorKind::Fenced => {
                Shown { epoch: observed.epoch, whole: whole(&observed), ..failed(target.name(), &fenced) }
            }
            (applied, Ok(observed)) => {
                let shown = agreed(target.name(), &observed, &wanted, target.shares());
                match applied {
                    // What it shows is not all: why it does not show more is to be told too.
                    Err(error) if !shown.confirmed => Shown { text: format!("{}; {}", shown.text, error.message), ..shown },
                    Ok(()) | Err(_) => shown,
                }
            }
            (_, Err(error)) => failed(target.name(), &error),
        };
        Shown { applied: Some(wrote), ..shown }
    }

    /// Reads every target back and compares it with what it should show.
    pub(crate) async fn observe(&self, rollout: &Rollout) -> Vec<Shown> {
        self.observe_within(rollout, TARGET_TIME).await
    }

    /// The same in at most `time`.
    pub(crate) async fn observe_within(&self, rollout: &Rollout, time: Duration) -> Vec<Shown> {
        let desired = rollout.desired();
        join_all(self.targets.iter().enumerate().map(|(index, target)| {
            let wanted = self.wanted(rollout, &desired, index);
            async move {
                let wanted = match wanted {
                    Ok(wanted) => wanted,
                    Err(text) => {
                        return Shown {
                            target: target.name().to_owned(),
                            confirmed: false,
                            text,
                            error: None,
                            epoch: None,
                            whole: None,
                            applied: None,
                        };
                    }
                };
                match target.observe(time).await {
                    Ok(observed) => agreed(target.name(), &observed, &wanted, target.shares()),
                    Err(error) => failed(target.name(), &error),
                }
            }
        }))
        .await
    }

    /// What one target shall show.
    fn wanted(&self, rollout: &Rollout, desired: &Desired, index: usize) -> Result<target::Desired, String> {
        let share: Percent = desired.share(index);
        let candidate = if desired.candidate == desired.stable { None } else { Some(self.pinned(&desired.candidate)?) };
        Ok(target::Desired {
            subject: Subject { prompt: self.prompt.clone(), environment: self.settings.name.clone() },
            stable: self.pinned(&desired.stable)?,
            candidate,
            percent: share,
            rollout: desired.rollout.clone(),
            epoch: rollout.epoch,
            overwrites: false,
        })
    }

    fn pinned(&self, version: &VersionRef) -> Result<PinnedVersion, String> {
        let number: Version = version.version.parse().map_err(|error| format!("{} is no version: {error}", version.version))?;
        Ok(PinnedVersion { number, digest: version.digest.clone(), text: self.texts.get(&version.digest).cloned() })
    }
}

fn agreed(name: &str, observed: &Observed, wanted: &target::Desired, shares: target::Shares) -> Shown {
    let (confirmed, text) = match observed.agreement(wanted, shares) {
        Agreement::Confirmed => {
            (true, wanted.shares().iter().map(|(version, share)| format!("{version} {share} %")).collect::<Vec<_>>().join(", "))
        }
        Agreement::Differs(text) => (false, text),
        Agreement::Unknown => (false, "it does not know this prompt".to_owned()),
    };
    Shown { target: name.to_owned(), confirmed, text, error: None, epoch: observed.epoch, whole: whole(observed), applied: None }
}

/// The version that has everything, if one has.
fn whole(observed: &Observed) -> Option<String> {
    observed.shares.iter().flatten().find(|(_, share)| **share > 99.5).map(|(version, _)| version.clone())
}

fn failed(name: &str, error: &TargetError) -> Shown {
    Shown {
        target: name.to_owned(),
        confirmed: false,
        text: error.message.clone(),
        error: Some(error.kind),
        epoch: None,
        whole: None,
        applied: None,
    }
}

impl Shown {
    /// As it is kept in a rollback's record: when the last try began and ended.
    pub(crate) fn outcome(&self, attempts: u32, (began, took): (Duration, Duration)) -> TargetOutcome {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        TargetOutcome {
            target: self.target.clone(),
            confirmed: self.confirmed,
            attempts,
            millis: millis(took),
            shows: self.text.clone(),
            applied: self.applied.map(|applied| millis(began + applied)),
        }
    }
}

/// A refusal of something that no state allows.
pub(crate) fn refused(verb: &str, why: impl Into<String>, allowed: &[&str]) -> Failure {
    Failure::Refused(Refusal { verb: verb.to_owned(), why: why.into(), allowed: allowed.iter().map(|verb| (*verb).to_owned()).collect() })
}
