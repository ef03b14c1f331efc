//! What a way back means for the versions.

use super::{
    Effect, Event, Moment, Now, Phase,
    health::HealthVerdict,
    step,
    step_tests::{Drive, by, checked, plan, promote, version},
};
use crate::domain::rollback::trigger::Trigger;

fn emergency(to: &str, named: bool) -> Event {
    Event::Rollback { to: version(to), trigger: Trigger::Emergency, reason: "now".to_owned(), by: "ana".to_owned(), above: None, named }
}

fn effects(drive: &Drive, event: &Event) -> Vec<Effect> {
    step(&drive.state, event, Now::wall(1_030_000), &drive.plan).unwrap().effects
}

#[test]
fn the_version_that_is_back_serves_and_loses_its_mark_only_where_a_person_named_it_in_an_emergency() {
    let drive = Drive::new(plan(&[10, 100]));
    let put_back = |to: &str, on_purpose| Effect::PutBack { version: version(to), on_purpose };
    for (event, on_purpose) in [
        (emergency("1.0.0", true), true),
        (emergency("1.0.0", false), false),
        (checked(HealthVerdict::Unhealthy), false),
        (Event::Abort { reason: String::new(), by: "ana".to_owned() }, false),
    ] {
        assert!(effects(&drive, &event).contains(&put_back("1.0.0", on_purpose)), "{event:?}");
    }
    let Event::Rollback { to, reason, by, .. } = emergency("1.0.0", true) else { panic!("it is one") };
    let manual = Event::Rollback { to, trigger: Trigger::Manual, reason, by, above: None, named: true };
    assert!(effects(&drive, &manual).contains(&put_back("1.0.0", false)), "what is not bad has no mark to lose");
    // Where a third version comes back, the one before serves nobody any more.
    let third = effects(&drive, &emergency("0.9.0", true));
    assert!(third.contains(&put_back("0.9.0", true)) && third.contains(&Effect::Retire { version: version("1.0.0") }), "{third:?}");
}

#[test]
fn a_first_version_that_goes_back_to_itself_is_not_marked_bad() {
    let mut drive = Drive::new(plan(&[100]));
    drive.state.from = drive.state.to.clone();
    let all = effects(&drive, &emergency("2.0.0", true));
    assert!(!all.iter().any(|effect| matches!(effect, Effect::MarkBad { .. })), "{all:?}");
}

/// At 10 %, and on the way to 50 % that some of the targets do not take.
fn between() -> Drive {
    let mut drive = Drive::new(plan(&[10, 50, 100]));
    drive.then(&checked(HealthVerdict::Healthy)).unwrap();
    drive.state = step(&drive.state, &promote(false), Now::wall(1_030_000), &drive.plan).unwrap().next;
    assert!(drive.state.intent.is_some() && drive.state.check_is_due(Moment(1_030_000)));
    drive
}

#[test]
fn only_what_is_bad_counts_while_a_share_is_not_everywhere() {
    for verdict in [HealthVerdict::Healthy, HealthVerdict::Inconclusive, HealthVerdict::Error] {
        let mut drive = between();
        let before = drive.state.clone();
        for look in 1..20 {
            let now = Now::wall(1_030_000 + look * 30_000);
            let after = step(&drive.state, &checked(verdict), now, &drive.plan).unwrap();
            assert!(after.effects.is_empty(), "{verdict:?}: {:?}", after.effects);
            drive.state = after.next;
        }
        let next = drive.state;
        assert!(!next.is_healthy() && !next.check_is_due(Moment(1_030_000 + 19 * 30_000 + 1)));
        assert_eq!((&next.phase, next.stage, &next.intent), (&before.phase, before.stage, &before.intent), "{verdict:?}");
        assert_eq!((next.healthy, next.inconclusive, next.errors), (0, 0, 0), "{verdict:?}");
    }
    let mut drive = between();
    drive.then(&checked(HealthVerdict::Unhealthy)).unwrap();
    assert_eq!((drive.state.phase.status(), drive.shown.as_slice()), ("rolled_back", [10, 0].as_slice()));
    // Time goes by for a stage that never begins, whatever is found.
    let mut slow = between();
    for look in 1..200 {
        slow.state = step(&slow.state, &checked(HealthVerdict::Healthy), Now::wall(1_030_000 + look * 30_000), &slow.plan).unwrap().next;
    }
    assert!(matches!(&slow.state.phase, Phase::Returning { back } if back.trigger == Some(Trigger::DeploymentTimeout)));
}

#[test]
fn what_a_person_ends_at_100_is_not_taken_back_while_it_is_not_everywhere() {
    let mut drive = Drive::new(plan(&[10, 100]));
    let complete = Event::Complete { skip_final_checks: true, by: by(), approved_by: None };
    drive.state = step(&drive.state, &complete, Now::wall(1_030_000), &drive.plan).unwrap().next;
    assert!(drive.state.intent.is_some() && !drive.state.check_is_due(Moment(9_000_000)));
    assert!(effects(&drive, &checked(HealthVerdict::Unhealthy)).is_empty());
}

#[test]
fn a_first_rollout_that_is_left_for_a_third_version_changes_each_version_once() {
    let mut drive = Drive::new(plan(&[10, 100]));
    drive.state.from = drive.state.to.clone();
    let all = effects(&drive, &emergency("1.0.0", true));
    assert!(all.contains(&Effect::MarkBad { version: version("2.0.0"), reason: "now".to_owned() }), "{all:?}");
    assert!(!all.iter().any(|effect| matches!(effect, Effect::Retire { .. })), "{all:?}");
}

#[test]
fn an_abort_that_is_under_way_becomes_the_rollback_that_somebody_asks_for() {
    let mut drive = Drive::new(plan(&[10, 100]));
    let abort = Event::Abort { reason: "no".to_owned(), by: "bo".to_owned() };
    drive.state = step(&drive.state, &abort, Now::wall(1_030_000), &drive.plan).unwrap().next;
    let taken = step(&drive.state, &emergency("1.0.0", false), Now::wall(1_030_000), &drive.plan).unwrap();
    let Phase::Returning { back } = &taken.next.phase else { panic!("{:?}", taken.next.phase) };
    assert_eq!((back.trigger, back.by.as_str(), back.left.as_deref()), (Some(Trigger::Emergency), "ana", Some("2.0.0")));
    assert_eq!((taken.next.epoch, &taken.next.intent), (drive.state.epoch, &drive.state.intent), "what is on its way goes on");
    assert!(taken.effects.contains(&Effect::MarkBad { version: version("2.0.0"), reason: "now".to_owned() }));
    drive.state = taken.next;
    let again = step(&drive.state, &emergency("1.0.0", false), Now::wall(1_031_000), &drive.plan).unwrap();
    assert_eq!(again.next, drive.state, "who comes after changes nothing");
}
