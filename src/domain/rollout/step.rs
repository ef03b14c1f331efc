//! The reducer.

use std::sync::Arc;

use super::{
    clock::{Now, StageClock},
    effect::{Desired, Effect, Transition},
    event::Event,
    failing::Way,
    health::{Check, HealthVerdict, Memory},
    orders,
    plan::{Percent, Plan},
    refusal::Refusal,
    state::{Hold, Intent, Phase, Return, Rollout, VersionRef},
};
use crate::domain::rollback::trigger::Trigger;

/// A rollout from `from` to `to`, with the intent of its first stage.
pub fn begin(id: &str, (from, to): (VersionRef, VersionRef), plan: &Plan, epoch: u64, now: Now) -> Transition {
    let rollout = Rollout {
        id: id.to_owned(),
        from,
        to,
        plan: Arc::new(plan.clone()),
        epoch,
        sequence: 0,
        phase: Phase::Progressing,
        stage: 0,
        traffic: Percent::NONE,
        intent: None,
        forced: Vec::new(),
        clock: StageClock::starting(now),
        healthy: 0,
        unhealthy: 0,
        inconclusive: 0,
        errors: 0,
        smoked: false,
        passed_gates: 0,
        checked: None,
        last_check: None,
        memory: Memory::default(),
        started: now.wall,
        ended: None,
    };
    let mut making = Making { next: rollout, effects: Vec::new(), now, plan };
    making.enter(1);
    making.done()
}

/// What comes of an event. An event that changes nothing gives the same state without effects.
///
/// # Errors
/// What is not allowed in this state, and what is. A rollback is allowed in every state.
pub fn step(state: &Rollout, event: &Event, now: Now, plan: &Plan) -> Result<Transition, Refusal> {
    let mut making = Making { next: state.clone(), effects: Vec::new(), now, plan };
    making.next.sequence += 1;
    let changed = match event {
        Event::Rollback { to, trigger, reason, by, above, named } => {
            making.roll_back(Return::new(to.clone(), Some(*trigger), reason, by), *above, *named)
        }
        Event::Tick { .. } | Event::Checked { .. } | Event::Smoked { .. } | Event::Confirmed { .. } if state.phase.is_over() => false,
        Event::Tick { storm, back } => making.tick((storm.as_ref(), back)),
        Event::Checked { check, storm, back } => making.checked(check, (storm.as_ref(), back)),
        Event::Smoked { passed, storm, back } => making.smoked(*passed, (storm.as_ref(), back)),
        Event::Confirmed { operation } => making.confirmed(operation),
        Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Promote { .. }
        | Event::Set { .. }
        | Event::Complete { .. }
        | Event::Abort { .. } => {
            orders::carry_out(&mut making, event)?;
            true
        }
    };
    if changed { Ok(making.done()) } else { Ok(Transition { next: state.clone(), effects: making.effects }) }
}

/// The state that a list of events leads to; refused ones are none.
///
/// # Errors
/// The first event that is not allowed.
pub fn replay(begun: &Rollout, events: &[(Event, Now)], plan: &Plan) -> Result<Rollout, Refusal> {
    events.iter().try_fold(begun.clone(), |state, (event, now)| Ok(step(&state, event, *now, plan)?.next))
}

/// A transition in the making.
pub(super) struct Making<'p> {
    pub(super) next: Rollout,
    pub(super) effects: Vec<Effect>,
    pub(super) now: Now,
    pub(super) plan: &'p Plan,
}

impl Making<'_> {
    fn done(self) -> Transition {
        Transition { next: self.next, effects: self.effects }
    }

    pub(super) fn tell(&mut self, text: String) {
        self.effects.push(Effect::Tell { text });
    }

    /// Goes to a stage by its number from 1.
    pub(super) fn enter(&mut self, number: usize) {
        let Some(stage) = self.plan.entered(number) else { return };
        let (traffic, units) = (stage.traffic, stage.units);
        self.next.phase = Phase::Progressing;
        self.next.stage = number;
        self.show(traffic, units, false);
    }

    /// Decides on a share, which the targets do not show yet.
    pub(super) fn show(&mut self, traffic: Percent, units: Option<usize>, last: bool) {
        let (rollout, stable, candidate) = (self.next.id.clone(), self.next.from.clone(), self.next.to.clone());
        self.intend(Desired { rollout, stable, candidate, traffic, units }, last);
        self.begin_stage();
    }

    fn intend(&mut self, desired: Desired, last: bool) {
        let operation = format!("{}.{}.{}", self.next.id, self.next.epoch, self.next.sequence);
        self.effects.push(Effect::Apply { operation: operation.clone(), desired: desired.clone() });
        self.next.intent = Some(Intent { operation, desired, since: self.now.wall, last });
    }

    fn begin_stage(&mut self) {
        let next = &mut self.next;
        next.clock = StageClock::starting(self.now);
        (next.healthy, next.unhealthy, next.inconclusive, next.errors) = (0, 0, 0, 0);
        (next.smoked, next.passed_gates) = (false, 0);
        (next.checked, next.last_check, next.memory) = (None, None, Memory::default());
    }

    /// Whether time runs: not while people are waited for.
    fn runs(&self) -> bool {
        match &self.next.phase {
            Phase::Progressing | Phase::Returning { .. } => true,
            Phase::Held { hold, .. } => hold.heals(),
            Phase::Completed | Phase::Aborted { .. } | Phase::RolledBack { .. } => false,
        }
    }

    pub(super) fn pass(&mut self) {
        let most = if self.runs() { self.plan.most_per_look() } else { 0 };
        self.next.clock.pass(self.now, most);
    }

    fn tick(&mut self, way: Way<'_>) -> bool {
        self.pass();
        if let Some(intent) = &self.next.intent {
            // Decided and not confirmed: whoever decided it may have been killed.
            self.effects.push(Effect::Apply { operation: intent.operation.clone(), desired: intent.desired.clone() });
        }
        if self.timed_out(way) {
            return true;
        }
        if !self.next.is_measured() && self.next.intent.is_none() {
            self.next.clock.credit();
            if matches!(&self.next.phase, Phase::Held { hold, .. } if hold.heals()) {
                // No check will end it: a suite that came to no conclusion is asked again.
                self.next.phase = Phase::Progressing;
            }
        }
        self.advance();
        true
    }

    pub(super) fn timed_out(&mut self, way: Way<'_>) -> bool {
        let going = matches!(&self.next.phase, Phase::Progressing) || matches!(&self.next.phase, Phase::Held { hold, .. } if hold.heals());
        if !going || self.next.clock.watched <= self.plan.stage_timeout {
            return false;
        }
        let reason = format!("stage {} took longer than {} s", self.next.stage_name(), self.plan.stage_timeout / 1_000);
        // The next time-out needs another whole stage time.
        self.next.clock = StageClock::starting(self.now);
        self.fail(Trigger::DeploymentTimeout, reason, way);
        true
    }

    fn checked(&mut self, check: &Check, way: Way<'_>) -> bool {
        if !matches!(&self.next.phase, Phase::Progressing | Phase::Held { .. }) {
            return false;
        }
        if self.next.intent.is_some() {
            return self.checked_between(check, way);
        }
        self.pass();
        let next = &mut self.next;
        next.memory = check.memory.clone();
        next.checked = Some(self.now.wall);
        next.last_check = Some(Arc::new(check.without_memory()));
        if check.verdict == HealthVerdict::Healthy {
            next.healthy = next.healthy.saturating_add(1);
            next.errors = 0;
            next.clock.credit();
            if matches!(&next.phase, Phase::Held { hold, .. } if hold.heals()) {
                next.phase = Phase::Progressing;
                next.inconclusive = 0;
            }
            if !self.timed_out(way) {
                self.advance();
            }
            return true;
        }
        next.healthy = 0;
        next.clock.discard();
        self.count(check, way);
        true
    }

    pub(super) fn count(&mut self, check: &Check, way: Way<'_>) {
        let (limits, next) = (self.plan.limits, &mut self.next);
        match check.verdict {
            HealthVerdict::Healthy => {}
            HealthVerdict::Inconclusive => {
                next.errors = 0;
                next.inconclusive = next.inconclusive.saturating_add(1);
                if next.inconclusive > limits.inconclusive {
                    self.hold(Hold::Inconclusive, check.summary());
                }
                self.timed_out(way);
            }
            HealthVerdict::Error => {
                next.errors = next.errors.saturating_add(1);
                if next.errors > limits.consecutive_error {
                    self.hold(Hold::Error, check.summary());
                }
                self.timed_out(way);
            }
            HealthVerdict::Unhealthy => {
                next.errors = 0;
                next.unhealthy = next.unhealthy.saturating_add(1);
                if check.hard || next.unhealthy > limits.failure {
                    self.fail(check.trigger.unwrap_or(Trigger::HealthCheckFailure), check.summary(), way);
                }
            }
        }
    }

    /// Holds a rollout that goes; one that is held already stays as it is.
    fn hold(&mut self, hold: Hold, reason: String) {
        if self.next.phase == Phase::Progressing {
            self.tell(format!("{} holds at {}: {reason}", self.next.id, self.next.stage_name()));
            self.next.phase = Phase::Held { hold, reason };
        }
    }

    fn smoked(&mut self, passed: Option<bool>, way: Way<'_>) -> bool {
        let suite = self.plan.entered(self.next.stage).and_then(|stage| stage.smoke.clone());
        let Some(suite) = suite.filter(|_| self.next.phase == Phase::Progressing && self.next.intent.is_none()) else { return false };
        match passed {
            Some(true) => {
                self.next.smoked = true;
                self.advance();
            }
            Some(false) => self.fail(Trigger::HealthCheckFailure, format!("the suite `{suite}` failed"), way),
            None => self.hold(Hold::Inconclusive, format!("the suite `{suite}` came to no conclusion")),
        }
        true
    }

    fn confirmed(&mut self, operation: &str) -> bool {
        // An operation that something else has taken the place of.
        let Some(intent) = self.next.intent.take_if(|intent| intent.operation == operation) else { return false };
        self.next.traffic = intent.desired.traffic;
        match self.next.phase.clone() {
            Phase::Returning { back } => {
                self.tell(format!("{}: {} has everything again ({})", self.next.id, back.to, back.reason));
                self.next.phase = if back.trigger.is_some() { Phase::RolledBack { back } } else { Phase::Aborted { back } };
                self.next.ended = Some(self.now.wall);
            }
            Phase::Progressing | Phase::Held { .. } if intent.last => self.complete(),
            Phase::Progressing | Phase::Held { .. } => {
                self.begin_stage();
                self.advance();
            }
            Phase::Completed | Phase::Aborted { .. } | Phase::RolledBack { .. } => {}
        }
        true
    }

    /// Goes on as far as time, health, suites and people allow.
    pub(super) fn advance(&mut self) {
        if self.next.intent.is_some() || self.next.phase != Phase::Progressing {
            return;
        }
        // Set back to nothing: the first stage's time goes before it.
        let Some(stage) = self.plan.entered(self.next.stage.max(1)).cloned() else { return };
        let checked = !self.next.is_measured() || self.next.healthy >= stage.checks;
        if self.next.clock.credited < stage.hold || !checked {
            return;
        }
        if let Some(suite) = stage.smoke.filter(|_| !self.next.smoked && self.next.stage > 0) {
            self.effects.push(Effect::Smoke { suite });
            return;
        }
        if let Some(gate) = stage.gates.get(self.next.passed_gates) {
            let hold = match gate {
                super::plan::Gate::Person => Hold::Person,
                super::plan::Gate::Approval => Hold::Approval,
            };
            self.hold(hold, format!("the plan asks for it after {}", self.next.stage_name()));
        } else if self.next.stage >= self.plan.stages.len() {
            self.complete();
        } else {
            self.enter(self.next.stage + 1);
        }
    }

    pub(super) fn complete(&mut self) {
        self.next.phase = Phase::Completed;
        self.next.ended = Some(self.now.wall);
        self.next.stage = self.plan.stages.len();
        self.effects.push(Effect::MarkStable { version: self.next.to.clone() });
        if self.next.from != self.next.to {
            self.effects.push(Effect::Retire { version: self.next.from.clone() });
        }
        self.tell(format!("{}: {} has everything and is the stable version", self.next.id, self.next.to));
    }

    /// A rollback. `false`: the version is there, or on its way, already.
    pub(super) fn roll_back(&mut self, back: Return, above: Option<u64>, named: bool) -> bool {
        let there = match &self.next.phase {
            Phase::Completed => Some(&self.next.to),
            Phase::Aborted { back } | Phase::RolledBack { back } | Phase::Returning { back } => Some(&back.to),
            Phase::Progressing | Phase::Held { .. } => None,
        };
        let is_there = there.is_some_and(|there| *there == back.to);
        if let Some(above) = above.filter(|above| *above > self.next.epoch) {
            // The targets know more than the record, so what the record says is there may not be.
            self.next.epoch = above;
            if is_there {
                self.go_back(back, named);
                return true;
            }
        } else if is_there {
            if let Some(intent) = &self.next.intent {
                self.effects.push(Effect::Apply { operation: intent.operation.clone(), desired: intent.desired.clone() });
            }
            return self.take_over(back, named);
        }
        // The version that is left is the bad one; when the candidate is what we go to, that is the stable one.
        let bad = match &self.next.phase {
            Phase::Aborted { back: before } | Phase::RolledBack { back: before } | Phase::Returning { back: before } => before.to.clone(),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed if back.to == self.next.to => self.next.from.clone(),
            Phase::Progressing | Phase::Held { .. } | Phase::Completed => self.next.to.clone(),
        };
        let (to, reason) = (back.to.clone(), back.reason.clone());
        self.go_back(back, named);
        // Of the first version, which goes back to itself, none is left.
        if bad != to {
            self.effects.push(Effect::MarkBad { version: bad, reason });
        }
        true
    }

    /// Everything goes to one version, which is the stable one from now on.
    pub(super) fn go_back(&mut self, mut back: Return, named: bool) {
        back.left = Some(self.next.left_for(&back.to).to_owned());
        self.next.epoch += 1;
        let (rollout, candidate) = (self.next.id.clone(), self.next.to.clone());
        let desired = Desired { rollout, stable: back.to.clone(), candidate, traffic: Percent::NONE, units: None };
        let word = if back.trigger.is_some() { "rolls back" } else { "is aborted" };
        self.next.ended = None;
        self.intend(desired, true);
        let on_purpose = named && back.trigger == Some(Trigger::Emergency);
        self.effects.push(Effect::PutBack { version: back.to.clone(), on_purpose });
        let under_way = matches!(&self.next.phase, Phase::Progressing | Phase::Held { .. });
        // Of the first version, which came from itself, the mark as bad says enough.
        if under_way && self.next.from != self.next.to && back.to != self.next.from && back.to != self.next.to {
            self.effects.push(Effect::Retire { version: self.next.from.clone() });
        }
        self.next.clock = StageClock::starting(self.now);
        self.tell(format!("{} {word} to {}: {}", self.next.id, back.to, back.reason));
        self.next.phase = Phase::Returning { back };
    }
}
