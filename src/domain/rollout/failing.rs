//! What becomes of a candidate that fails: back, held, or up to people.

use std::{fmt::Write as _, sync::Arc};

use super::{
    effect::Effect,
    event::WayBack,
    health::{Check, HealthVerdict},
    plan::{OnFailure, Percent},
    state::{Hold, Phase, Return},
    step::Making,
};
use crate::domain::rollback::trigger::Trigger;

/// What going back by itself meets: why no automatic rollback may be made now, and where it would lead.
pub(super) type Way<'e> = (Option<&'e String>, &'e WayBack);

impl Making<'_> {
    /// Does what the plan says of a candidate that failed. What goes back by itself never comes to a version that is marked bad: where
    /// there is no other, it holds and calls people.
    pub(super) fn fail(&mut self, trigger: Trigger, mut reason: String, (storm, way): Way<'_>) {
        let from = self.next.from.clone();
        let to = match way {
            // Before the first version there was none: going back to it would leave everything as it is.
            WayBack::Origin if from == self.next.to => Err("there is no version before this one".to_owned()),
            WayBack::Origin => Ok(from),
            WayBack::Instead(version) => {
                let _infallible = write!(reason, "; {from}, which it came from, is marked bad");
                Ok(version.clone())
            }
            WayBack::Nowhere(why) => Err(why.clone()),
        };
        match (self.plan.on_failure, storm, to) {
            (OnFailure::Pause, _, _) => {
                self.tell(format!("{} is unhealthy at {}: {reason}", self.next.id, self.next.stage_name()));
                self.next.phase = Phase::Held { hold: Hold::Unhealthy, reason };
            }
            (OnFailure::Rollback, Some(storm), _) => self.call_people(Hold::Storm, format!("{reason}; not rolled back by itself: {storm}")),
            (OnFailure::Rollback | OnFailure::Abort, _, Err(why)) => {
                self.call_people(Hold::NoPrevious, format!("{reason}; not taken back by itself: {why}"));
            }
            (OnFailure::Rollback, None, Ok(to)) => {
                self.roll_back(Return::new(to, Some(trigger), &reason, "prompt-cicd"), None, false);
            }
            (OnFailure::Abort, _, Ok(to)) => self.go_back(Return::new(to, None, &reason, "prompt-cicd"), false),
        }
    }

    /// A check while some of the targets may show a share that others do not show yet. Only what is bad counts: a share that is being left,
    /// or not reached, proves nothing good.
    pub(super) fn checked_between(&mut self, check: &Check, way: Way<'_>) -> bool {
        let ends = self.next.intent.as_ref().is_some_and(|intent| intent.last);
        if ends || self.next.serving() == Percent::NONE {
            return false;
        }
        self.pass();
        self.next.memory = check.memory.clone();
        self.next.checked = Some(self.now.wall);
        if check.verdict == HealthVerdict::Unhealthy {
            self.next.last_check = Some(Arc::new(check.without_memory()));
            self.count(check, way);
        }
        // Time goes by for a stage that never begins, too.
        self.timed_out(way);
        true
    }

    /// An abort that is under way becomes the rollback that somebody asks for to the same version. `false`: none is.
    pub(super) fn take_over(&mut self, asked: Return, named: bool) -> bool {
        let Phase::Returning { back } = &mut self.next.phase else { return false };
        if back.trigger.is_some() {
            return false;
        }
        *back = Return { left: back.left.take(), ..asked };
        let (to, trigger, reason) = (back.to.clone(), back.trigger, back.reason.clone());
        self.tell(format!("{} rolls back to {to}, and is no abort any more: {reason}", self.next.id));
        if named && trigger == Some(Trigger::Emergency) {
            self.effects.push(Effect::PutBack { version: to.clone(), on_purpose: true });
        }
        if self.next.to != to {
            self.effects.push(Effect::MarkBad { version: self.next.to.clone(), reason });
        }
        true
    }

    /// Holds it until people decide, and tells them once.
    fn call_people(&mut self, hold: Hold, text: String) {
        if !matches!(&self.next.phase, Phase::Held { hold: before, .. } if *before == hold) {
            self.tell(format!("{} needs people: {text}", self.next.id));
        }
        self.next.phase = Phase::Held { hold, reason: text };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::{
        Event, Plan,
        step_tests::{Drive, checked, plan, version},
    };

    fn driven(on_failure: OnFailure, way: WayBack) -> Drive {
        let mut drive = Drive::new(Plan { on_failure, ..plan(&[10, 100]) });
        drive.then(&checked(HealthVerdict::Unhealthy).going(way)).unwrap();
        drive
    }

    #[test]
    fn what_goes_back_by_itself_leaves_out_a_version_that_is_marked_bad() {
        for (on_failure, status) in [(OnFailure::Rollback, "rolled_back"), (OnFailure::Abort, "failed")] {
            let drive = driven(on_failure, WayBack::Instead(version("0.9.0")));
            assert_eq!((drive.state.phase.status(), drive.shown.as_slice()), (status, [10, 0].as_slice()));
            let (Phase::RolledBack { back } | Phase::Aborted { back }) = &drive.state.phase else { panic!("{:?}", drive.state.phase) };
            assert_eq!((&back.to, back.left.as_deref()), (&version("0.9.0"), Some("2.0.0")));
            assert!(back.reason.ends_with("; 1.0.0, which it came from, is marked bad"), "{}", back.reason);
            assert_eq!(drive.state.shown().stable, version("0.9.0"));
        }
    }

    #[test]
    fn where_there_is_no_good_version_it_holds_and_calls_people() {
        for on_failure in [OnFailure::Rollback, OnFailure::Abort] {
            let mut drive = driven(on_failure, WayBack::Nowhere("1.0.0: marked bad".to_owned()));
            let Phase::Held { hold: Hold::NoPrevious, reason } = &drive.state.phase else { panic!("{:?}", drive.state.phase) };
            assert!(reason.ends_with("not taken back by itself: 1.0.0: marked bad"), "{reason}");
            assert_eq!((drive.shown.as_slice(), drive.state.epoch), ([10].as_slice(), 0));
            // Healthy looks do not end it, people do; and a way back that is found ends it too.
            drive.then(&checked(HealthVerdict::Healthy)).unwrap();
            assert!(matches!(drive.state.phase, Phase::Held { hold: Hold::NoPrevious, .. }));
            drive.then(&checked(HealthVerdict::Unhealthy)).unwrap();
            assert_eq!(drive.shown, [10, 0]);
        }
        let paused = driven(OnFailure::Pause, WayBack::Nowhere(String::new()));
        assert!(matches!(paused.state.phase, Phase::Held { hold: Hold::Unhealthy, .. }));
    }

    #[test]
    fn the_first_version_is_not_taken_back_to_itself() {
        let mut drive = Drive::new(plan(&[10, 100]));
        drive.state.from = drive.state.to.clone();
        drive.then(&checked(HealthVerdict::Unhealthy)).unwrap();
        assert!(matches!(&drive.state.phase, Phase::Held { hold: Hold::NoPrevious, reason } if reason.contains("no version before")));
    }

    #[test]
    fn a_way_back_is_kept_with_its_event() {
        let event = checked(HealthVerdict::Unhealthy);
        let plain = serde_json::to_value(&event).unwrap();
        assert!(plain.get("back").is_none(), "records from before say the same");
        for way in [WayBack::Instead(version("0.9.0")), WayBack::Nowhere("why".to_owned())] {
            let event = event.clone().going(way);
            assert_eq!(serde_json::from_value::<Event>(serde_json::to_value(&event).unwrap()).unwrap(), event);
        }
        let pause = Event::Pause { reason: "lunch".to_owned(), by: "ana".to_owned() };
        assert_eq!(pause.clone().going(WayBack::Nowhere(String::new())), pause);
    }
}
