//! Stores that do not answer, are full, read-only, or hold what nobody wrote.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    ports::{Fault, Ports},
    table::{BACK, PROMOTE, Row, STEP, at_ten, shares, then, whole},
    world::World,
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = unreachable();
    rows.extend([locked(), in_an_emergency(), full(), read_only()]);
    rows.extend(corrupt());
    rows
}

fn unreachable() -> Vec<Row> {
    let mut rows = Vec::new();
    for (fault, ports, rest) in [
        ("the store is down before anything is written", Ports::with("store", Fault::Down), "10 %"),
        ("the store goes down before the intent is written", Ports::with("store write", Fault::Down), "10 %"),
        ("the store goes down after the targets were changed", Ports::after("store write", 1, Fault::Down, usize::MAX), "50 %"),
        ("the store writes the intent and its answer is lost", Ports::after("store write", 0, Fault::Unanswered, 1), "50 %"),
        ("the store writes the confirmation and its answer is lost", Ports::after("store write", 1, Fault::Unanswered, 1), "50 %"),
    ] {
        let world = at_ten(&[]);
        let called = world.call(&ports, PROMOTE).unwrap();
        let shown = shares(&world);
        then(&world, STEP, 0);
        whole(&world, rest);
        rows.push(Row { fault, result: format!("exit {}; targets show {shown}; after the next look {rest}", called.code) });
    }
    let world = at_ten(&[]);
    let called = world.call(&Ports::with("store write", Fault::Down), BACK).unwrap();
    assert!(called.code == 23 && called.stdout.contains("the record could not be written"), "{called:?}");
    let shown = shares(&world);
    then(&world, BACK, 0);
    whole(&world, "0 %");
    let result = format!("exit {}; targets show {shown}; it says to run it again, which writes the record", called.code);
    rows.push(Row { fault: "the store is down during a rollback", result });
    rows
}

/// Somebody holds the store's lock and never lets go.
fn locked() -> Row {
    let world = at_ten(&[]);
    let lock = fs::File::open(world.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    let called = world.call(&Ports::default().into(), PROMOTE).unwrap();
    let shown = shares(&world);
    drop(lock);
    then(&world, PROMOTE, 0);
    whole(&world, "50 %");
    Row {
        fault: "the store is slow: its lock is held",
        result: format!("exit {} after 20 s; targets show {shown}; the next one works", called.code),
    }
}

fn in_an_emergency() -> Row {
    let world = at_ten(&[]);
    let lock = fs::File::open(world.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    let called = world.call(&Ports::default().into(), "rollback greeting --emergency").unwrap();
    let shown = shares(&world);
    // Whoever looks before the record is written leaves the targets as they are.
    drop(lock);
    world.call(&Ports::default().into(), STEP).unwrap();
    assert_eq!(shares(&world), "0 %");
    then(&world, "rollback greeting --emergency", 0);
    whole(&world, "0 %");
    let result =
        format!("exit {}; targets show {shown} at once; looks leave them so; the same rollback again writes the record", called.code);
    Row { fault: "the store is slow during an emergency rollback", result }
}

/// The binary with a limit that a shell sets.
fn limited(world: &World, limit: &str, line: &str) -> (i32, String) {
    let script = format!("{limit}; exec {} {line}", env!("CARGO_BIN_EXE_prompt-cicd"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(world.path()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

fn full() -> Row {
    let world = at_ten(&[]);
    // No file may grow by one byte, and writing says so instead of ending the process.
    let (code, said) = limited(&world, "trap '' XFSZ; ulimit -f 0", "rollout pause greeting");
    assert!(said.contains("state"), "{said}");
    then(&world, STEP, 0);
    whole(&world, "10 %");
    let before = world.deployment();
    let (back, _) = limited(&world, "trap '' XFSZ; ulimit -f 0", "rollback greeting --emergency --timeout 1s");
    assert_eq!((before == world.deployment(), shares(&world).as_str()), (true, "10 %"));
    then(&world, BACK, 0);
    whole(&world, "0 %");
    Row { fault: "the disk is full", result: format!("exit {code}, a rollback exit {back}; nothing is half written; with room both work") }
}

fn read_only() -> Row {
    let world = at_ten(&[]);
    let folders = folders(&world.path().join("state"));
    let mode = |path: &Path, mode: u32| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(world.path(), 0o777);
    for folder in &folders {
        mode(folder, 0o555);
    }
    mode(&world.path().join("state/lock"), 0o444);
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
    command.args(["rollout", "pause", "greeting"]).current_dir(world.path()).env_remove("GITHUB_ACTIONS");
    if fs::metadata(world.path()).unwrap().uid() == 0 {
        // Nothing is read-only for root.
        command.uid(65_534);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ermission denied"), "{said}");
    for folder in &folders {
        mode(folder, 0o755);
    }
    mode(&world.path().join("state/lock"), 0o644);
    whole(&world, "10 %");
    then(&world, "rollout pause greeting", 0);
    Row {
        fault: "the store is read-only",
        result: format!("exit {}; it names the file; nothing is changed", output.status.code().unwrap()),
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut all = vec![root.to_owned()];
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(folders(&path));
        }
    }
    all
}

/// Overwrites the files of a folder of the store whose names contain `name`.
fn broken(world: &World, folder: &str, name: &str) {
    let mut hit = 0;
    for folder in folders(&world.path().join("state")).iter().filter(|path| path.to_string_lossy().contains(folder)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.to_string_lossy().contains(name) {
                fs::write(path, b"{ broken").unwrap();
                hit += 1;
            }
        }
    }
    assert!(hit > 0, "{folder} {name}");
}

fn corrupt() -> Vec<Row> {
    let world = at_ten(&[]);
    broken(&world, "rollout", "greeting");
    let (step, back) = (world.does(STEP), world.does("rollback greeting --emergency"));
    let said = world.call(&Ports::default().into(), STEP).unwrap().said;
    assert!(said.contains("corrupt") && said.contains("greeting"), "{said}");
    let rollout = Row {
        fault: "the record of the rollout is corrupt",
        result: format!("exit {step}, also of a rollback ({back}): it names the file, and leaves targets at {}", shares(&world)),
    };
    let world = at_ten(&[]);
    broken(&world, "audit", "head");
    let step = world.does("rollout pause greeting");
    let back = world.call(&Ports::default().into(), "rollback greeting --emergency").unwrap();
    assert!(back.stdout.contains("the record could not be written"), "{back:?}");
    let audit = Row {
        fault: "the audit log is corrupt",
        result: format!(
            "exit {step}: nothing is done that cannot be written down; an emergency turns targets to {} and exits {}",
            shares(&world),
            back.code
        ),
    };
    let world = at_ten(&[]);
    broken(&world, "registry", "2.0.0");
    let called = world.call(&Ports::default().into(), BACK).unwrap();
    whole(&world, "0 %");
    let registry = Row {
        fault: "the registry's record of the bad version is corrupt",
        result: format!("a rollback is done all the same (exit {}); the record stays as it is", called.code),
    };
    assert_eq!(called.code, 0, "{called:?}");
    vec![rollout, audit, registry]
}
