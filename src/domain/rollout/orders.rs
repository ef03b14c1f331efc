//! What people order: pause, resume, promote, set, complete, abort.

use super::{
    event::Event,
    plan::{Gate, Percent, Strategy},
    refusal::Refusal,
    state::{Hold, Phase, Return},
    step::Making,
};

/// Carries out an order, or says why not.
pub(super) fn carry_out(making: &mut Making<'_>, event: &Event) -> Result<(), Refusal> {
    let verb = event.verb();
    match &making.next.phase {
        Phase::Progressing | Phase::Held { .. } => {}
        Phase::Returning { back } => {
            let why = format!("version {} is being put back ({})", back.to, back.reason);
            return Err(making.refusal(verb, why));
        }
        Phase::Completed => return Err(making.refusal(verb, "the rollout is completed".to_owned())),
        Phase::Aborted { back } => return Err(making.refusal(verb, format!("the rollout was aborted ({})", back.reason))),
        Phase::RolledBack { back } => return Err(making.refusal(verb, format!("the rollout was rolled back ({})", back.reason))),
    }
    match event {
        Event::Pause { reason, .. } => making.pause(reason),
        Event::Resume { approved_by, .. } => making.resume(approved_by.as_deref()),
        Event::Promote { full, approved_by, .. } => making.promote(*full, approved_by.as_deref()),
        Event::Set { percent, force, approved_by, .. } => making.set(*percent, *force, approved_by.as_deref()),
        Event::Complete { skip_final_checks, approved_by, .. } => making.complete_now(*skip_final_checks, approved_by.as_deref()),
        Event::Abort { reason, by } => {
            let to = making.next.from.clone();
            making.go_back(Return::new(to, None, reason, by), false);
            Ok(())
        }
        Event::Tick { .. } | Event::Checked { .. } | Event::Smoked { .. } | Event::Confirmed { .. } | Event::Rollback { .. } => Ok(()),
    }
}

/// Whether somebody is named.
fn is_given(name: Option<&str>) -> bool {
    name.is_some_and(|name| !name.trim().is_empty())
}

impl Making<'_> {
    fn refusal(&self, verb: &str, why: String) -> Refusal {
        Refusal { verb: verb.to_owned(), why, allowed: self.next.allowed() }
    }

    fn pause(&mut self, reason: &str) -> Result<(), Refusal> {
        if matches!(&self.next.phase, Phase::Held { hold: Hold::Paused, .. }) {
            return Err(self.refusal("pause", format!("it is paused at {} already", self.next.traffic)));
        }
        self.next.phase = Phase::Held { hold: Hold::Paused, reason: reason.to_owned() };
        Ok(())
    }

    fn resume(&mut self, approved_by: Option<&str>) -> Result<(), Refusal> {
        let Phase::Held { hold, .. } = &self.next.phase else {
            return Err(self.refusal("resume", format!("nothing holds it at {}", self.next.traffic)));
        };
        match hold {
            Hold::Approval if !is_given(approved_by) => {
                return Err(self.refusal("resume", "it waits for an approval: say whose with --approved-by".to_owned()));
            }
            Hold::Person | Hold::Approval => self.next.passed_gates += 1,
            Hold::Paused | Hold::Unhealthy | Hold::Inconclusive | Hold::Error | Hold::Storm | Hold::NoPrevious => {}
        }
        (self.next.unhealthy, self.next.inconclusive, self.next.errors) = (0, 0, 0);
        self.next.phase = Phase::Progressing;
        self.advance();
        Ok(())
    }

    /// Whether health lets a person go on without force.
    fn must_be_healthy(&self, verb: &str, otherwise: &str) -> Result<(), Refusal> {
        let why = match &self.next.last_check {
            Some(_) if self.next.is_healthy() => return Ok(()),
            Some(check) => format!("the last check was {}: {}", check.verdict.as_str(), check.summary()),
            // A plan that measures nothing leaves health to people, and this is one.
            None if !self.next.is_measured() && verb != "complete" => return Ok(()),
            None => format!("health at {} is not known yet", self.next.traffic),
        };
        Err(self.refusal(verb, format!("{why} ({otherwise} goes on all the same)")))
    }

    fn must_be_settled(&self, verb: &str) -> Result<(), Refusal> {
        match &self.next.intent {
            None => Ok(()),
            Some(intent) => {
                let why = format!("the targets do not show {} yet; `step` finishes that", intent.desired.traffic);
                Err(self.refusal(verb, why))
            }
        }
    }

    /// Leaving this stage and those after it, so many from the first one, takes every approval that they ask for. No force and no
    /// skipping goes around that; only a rollback does, and that takes traffic away.
    fn must_be_approved(&self, verb: &str, leaving: usize, approved_by: Option<&str>) -> Result<(), Refusal> {
        let here = self.next.stage.saturating_sub(1);
        let asking = self.plan.stages.iter().take(leaving).enumerate().skip(here).find(|(index, stage)| {
            let passed = if *index == here { self.next.passed_gates } else { 0 };
            stage.gates.iter().skip(passed).any(|gate| *gate == Gate::Approval)
        });
        match asking {
            Some((index, stage)) if !is_given(approved_by) => {
                let why = format!("stage {} ({}) is left only with an approval: say whose with --approved-by", index + 1, stage.traffic);
                Err(self.refusal(verb, why))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Suites of this stage and those after it, so many from the first one, must have passed.
    fn must_be_smoked(&self, verb: &str, leaving: usize, otherwise: &str) -> Result<(), Refusal> {
        let here = self.next.stage.saturating_sub(1);
        let stages = self.plan.stages.iter().take(leaving).enumerate().skip(here);
        let open = stages.filter(|(index, _)| *index != here || !self.next.smoked).find_map(|(_, stage)| stage.smoke.as_ref());
        match open {
            Some(suite) => Err(self.refusal(verb, format!("the suite `{suite}` has not passed yet ({otherwise} goes on all the same)"))),
            None => Ok(()),
        }
    }

    fn promote(&mut self, full: bool, approved_by: Option<&str>) -> Result<(), Refusal> {
        self.must_be_settled("promote")?;
        let leaving = if full { self.plan.stages.len() } else { self.next.stage.max(1) };
        self.must_be_approved("promote", leaving, approved_by)?;
        let otherwise = if full { "complete --skip-final-checks" } else { "set --force" };
        self.must_be_smoked("promote", leaving, otherwise)?;
        self.must_be_healthy("promote", otherwise)?;
        if self.next.stage >= self.plan.stages.len() {
            self.complete();
        } else if full {
            self.everything();
        } else {
            self.enter(self.next.stage + 1);
        }
        Ok(())
    }

    fn everything(&mut self) {
        self.next.phase = Phase::Progressing;
        self.next.stage = self.plan.stages.len();
        self.show(Percent::ALL, None, true);
    }

    fn set(&mut self, percent: Percent, force: bool, approved_by: Option<&str>) -> Result<(), Refusal> {
        if self.plan.strategy == Strategy::Rolling {
            return Err(self.refusal("set", "a rolling rollout goes target by target".to_owned()));
        }
        let number = self.plan.stages.iter().take_while(|stage| stage.traffic <= percent).count();
        let leaving = self.plan.stages.iter().take_while(|stage| stage.traffic < percent).count();
        let planned = percent == Percent::NONE || self.plan.traffic(number) == percent;
        if !force {
            if !planned {
                return Err(self.refusal("set", format!("{percent} is not a stage of the plan (--force sets it all the same)")));
            }
            if percent > self.next.traffic {
                if number > self.next.stage + 1 {
                    return Err(self.refusal("set", format!("{percent} skips a stage (--force sets it all the same)")));
                }
                self.must_be_settled("set")?;
                self.must_be_smoked("set", leaving, "--force")?;
                self.must_be_healthy("set", "--force")?;
            }
        }
        if percent > self.next.traffic {
            self.must_be_approved("set", leaving, approved_by)?;
        }
        if !planned && !self.next.forced.contains(&percent) {
            self.next.forced.push(percent);
        }
        self.next.stage = number;
        self.next.phase = if percent == Percent::NONE {
            Phase::Held { hold: Hold::Paused, reason: "set to 0 % by a person".to_owned() }
        } else {
            Phase::Progressing
        };
        self.show(percent, None, false);
        Ok(())
    }

    fn complete_now(&mut self, skip_final_checks: bool, approved_by: Option<&str>) -> Result<(), Refusal> {
        self.must_be_approved("complete", self.plan.stages.len(), approved_by)?;
        if !skip_final_checks {
            self.must_be_settled("complete")?;
            self.must_be_smoked("complete", self.plan.stages.len(), "--skip-final-checks")?;
            self.must_be_healthy("complete", "--skip-final-checks")?;
        }
        if self.next.traffic == Percent::ALL && self.next.intent.is_none() && self.next.stage >= self.plan.stages.len() {
            self.complete();
        } else {
            self.everything();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::step_tests::{Drive, by, plan, promote, rollback};

    #[test]
    fn no_force_goes_around_an_approval() {
        let approvals = || {
            let mut plan = plan(&[10, 50, 100]);
            plan.stages[1].gates = vec![Gate::Approval];
            Drive::new(plan)
        };
        let set = |percent, approved_by| Event::Set { percent: Percent::new(percent).unwrap(), force: true, by: by(), approved_by };
        let complete = |approved_by| Event::Complete { skip_final_checks: true, by: by(), approved_by };
        let ben = || Some("ben".to_owned());
        let mut drive = approvals();
        for event in [set(100, None), set(51, None), set(100, Some(" ".to_owned())), complete(None), promote(true)] {
            let why = drive.then(&event).unwrap_err().why;
            assert!(why.contains("stage 2 (50 %) is left only with an approval: say whose with --approved-by"), "{event:?}: {why}");
        }
        drive.then(&set(50, None)).unwrap();
        drive.then(&set(60, ben())).unwrap();
        drive.then(&set(20, None)).unwrap();
        assert_eq!(drive.shown, [10, 50, 60, 20], "less traffic needs nobody");
        assert!(drive.then(&set(60, None)).is_err(), "each way up needs an approval of its own");
        drive.then(&complete(ben())).unwrap();
        assert_eq!(drive.state.phase, Phase::Completed);
        let mut drive = approvals();
        drive.then(&rollback("1.0.0")).unwrap();
        assert_eq!(drive.state.phase.status(), "rolled_back", "a rollback asks nobody");
    }
}
