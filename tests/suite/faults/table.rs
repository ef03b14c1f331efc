//! The table of faults and results, as the documents have it.

use std::fmt::Write as _;

use super::{metrics, ports::Ports, runners, stores, targets, world::World};

/// A fault, and what came of it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) fault: &'static str,
    pub(super) result: String,
}

pub(super) const STEP: &str = "rollout step greeting";
pub(super) const PROMOTE: &str = "rollout promote greeting";
pub(super) const BACK: &str = "rollback greeting --yes";

/// A rollout from 1.0.0 to 2.0.0 at 10 %, found healthy once.
pub(super) fn at_ten(changes: &[(&str, &str)]) -> World {
    let world = World::new(changes);
    for line in ["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP] {
        assert_eq!(world.does(line), 0, "{line}");
    }
    world
}

/// The candidate's share in the two flag files.
pub(super) fn shares(world: &World) -> String {
    let share = |file: &str| {
        let split = world.split(file);
        let arm = split.as_array().unwrap().iter().find(|arm| arm[0] == "2.0.0");
        arm.map_or(0, |arm| arm[1].as_u64().unwrap())
    };
    match (share("first.json"), share("second.json")) {
        (first, second) if first == second => format!("{first} %"),
        (first, second) => format!("{first} % and {second} %"),
    }
}

/// A call without faults, which must exit so.
#[track_caller]
pub(super) fn then(world: &World, line: &str, code: u8) {
    let called = world.call(&Ports::default().into(), line).unwrap();
    assert_eq!(called.code, code, "{line}: {called:?}");
}

/// Nothing is left to be done, the log is intact, and both flag files show what the record says.
#[track_caller]
pub(super) fn whole(world: &World, share: &str) {
    assert_eq!(world.does("audit verify"), 0);
    assert_eq!(shares(world), share);
    assert!(world.deployment()["rollout"]["intent"].is_null(), "{}", world.deployment()["rollout"]);
}

#[test]
fn the_documents_have_what_every_fault_leads_to() {
    let rows = stores::rows().into_iter().chain(targets::rows()).chain(metrics::rows()).chain(runners::rows());
    let mut table = "| fault | result |\n|---|---|\n".to_owned();
    for Row { fault, result } in rows {
        writeln!(table, "| {fault} | {result} |").unwrap();
    }
    println!("{table}");
    crate::docs::holds("docs/design/faults.md", "faults", &table);
}
