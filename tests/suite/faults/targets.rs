//! Targets that do not answer, answer late, show something else, or are no targets.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    ports::{Fault, Ports},
    table::{BACK, PROMOTE, Row, STEP, at_ten, shares, then, whole},
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (fault, ports) in [
        ("the first target is down (5xx, no connection) when a stage begins", Ports::with("apply first", Fault::Down)),
        ("the second target is down when a stage begins", Ports::with("apply second", Fault::Down)),
        ("a target hangs when a stage begins", Ports::with("apply second", Fault::Slow)),
        ("a target applies and does not answer", Ports::with("apply second", Fault::Unanswered)),
        ("a target cannot be read back", Ports::with("observe second", Fault::Slow)),
    ] {
        let world = at_ten(&[]);
        let called = world.call(&ports, PROMOTE).unwrap();
        let shown = shares(&world);
        then(&world, STEP, 0);
        whole(&world, "50 %");
        rows.push(Row { fault, result: format!("exit {}; targets show {shown}; after the next look 50 %", called.code) });
    }
    rows.extend([changed_by_hand(), half_a_rollback(), hanging_rollback(), a_pipe()]);
    rows
}

fn changed_by_hand() -> Row {
    let world = at_ten(&[]);
    let text = fs::read_to_string(world.path().join("second.json")).unwrap();
    fs::write(world.path().join("second.json"), text.replace("10\n", "99\n")).unwrap();
    assert_eq!(shares(&world), "10 % and 99 %");
    then(&world, STEP, 0);
    whole(&world, "10 %");
    Row { fault: "somebody changes what a target shows (10 % to 99 %)", result: "the next look makes it 10 % again".to_owned() }
}

fn half_a_rollback() -> Row {
    let world = at_ten(&[]);
    let called = world.call(&Ports::with("apply second", Fault::Down), BACK).unwrap();
    let shown = shares(&world);
    assert!(called.stdout.contains("second"), "{called:?}");
    let again = world.call(&Ports::default().into(), "rollback resume greeting").unwrap();
    whole(&world, "0 %");
    let result = format!("exit {}: it says which; targets show {shown}; `rollback resume` exits {} with 0 %", called.code, again.code);
    Row { fault: "a target is down during a rollback", result }
}

fn hanging_rollback() -> Row {
    let world = at_ten(&[]);
    let called = world.call(&Ports::after("apply second", 0, Fault::Slow, 3), BACK).unwrap();
    whole(&world, "0 %");
    Row {
        fault: "a target times out three times during a rollback",
        result: format!("exit {}: it is tried again until the deadline", called.code),
    }
}

/// Opening a pipe lasts until somebody writes to it; nobody does.
fn a_pipe() -> Row {
    let world = at_ten(&[]);
    fs::remove_file(world.path().join("second.json")).unwrap();
    assert!(Command::new("mkfifo").arg(world.path().join("second.json")).status().unwrap().success());
    let began = Instant::now();
    let output =
        Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).args(["rollback", "greeting", "--yes"]).current_dir(world.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("no regular file") && began.elapsed() < Duration::from_secs(20), "{said} {:?}", began.elapsed());
    Row {
        fault: "a flag file is a pipe that nobody writes to",
        result: format!("exit {}: it says so, and the other target is turned", output.status.code().unwrap()),
    }
}
