//! What a way back means for the versions.

use super::{
    Effect, Event, Now,
    health::HealthVerdict,
    step,
    step_tests::{Drive, checked, plan, version},
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
