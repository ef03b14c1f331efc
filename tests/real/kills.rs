//! The real binary, ended by SIGKILL at each system call that changes something: `strace` (Debian's package) injects the signal before the
//! call is carried out. A look afterwards must leave what the whole verb leaves, or what a verb that never began leaves.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_prompt-cicd");

/// What changes files, makes them last, or tells others.
const CALLS: &str =
    "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,fsync,fdatasync,flock,write,pwrite64,fchmod,ftruncate";

const CONFIG: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  first: {kind: flagd, path: first.json}
  second: {kind: flagd, path: second.json}
metric-sources:
  numbers: {kind: file, path: numbers.json}
environments:
  production: {targets: [first, second]}
rollouts:
  stages: [10, 50, 100]
  stage-duration: 0s
  health:
    interval: 1h
    metrics:
      - {name: latency, source: numbers, query: '/{{version}}/latency', direction: lower-is-better, bound: 800, guardrail: 5000}
";

const START: &str = "rollout start greeting";
const STEP: &str = "rollout step greeting";
const NOW: &str = "rollback greeting --emergency";
const STABLE: &[&str] = &["version 1.0.0", START, "version 2.0.0"];
const STARTED: &[&str] = &["version 1.0.0", START, "version 2.0.0", START, "rollout pause greeting"];

/// The verb's call, what comes before it, and what finishes it.
const VERBS: &[(&str, &[&str], &str)] = &[
    (START, STABLE, STEP),
    (STEP, &["version 1.0.0", START, "version 2.0.0", START], STEP),
    ("rollout resume greeting", STARTED, "rollout pause greeting"),
    ("rollout set greeting 77 --force", STARTED, STEP),
    ("rollout complete greeting --skip-final-checks", STARTED, STEP),
    ("rollout abort greeting", STARTED, STEP),
    ("rollout retry greeting", &["version 1.0.0", START, "version 2.0.0", START, "rollback greeting --yes"], STEP),
    ("rollback greeting --yes", STARTED, STEP),
    (NOW, STARTED, NOW),
    ("registry mark-bad greeting 2.0.0 --reason rude", STARTED, STEP),
];

fn call(folder: &Path, line: &str) -> Output {
    Command::new(BINARY).args(line.split_whitespace()).current_dir(folder).env("USER", "ana").env_remove("GITHUB_ACTIONS").output().unwrap()
}

fn does(folder: &Path, line: &str) {
    if let Some(number) = line.strip_prefix("version ") {
        let text =
            format!("name: greeting\nversion: {number}\nmessages:\n  - {{role: user, content: \"Hello {{{{name}}}}, {number}!\"}}\n");
        fs::write(folder.join("prompts/greeting.prompt.yml"), text).unwrap();
        return;
    }
    let done = call(folder, line);
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

fn copied(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = format!("{}/.", from.display());
    assert!(Command::new("cp").args(["-a", &from]).arg(folder.path()).status().unwrap().success());
    folder
}

/// What is left, without when.
fn picture(folder: &Path) -> Value {
    let json_of = |line: &str| -> Value {
        let done = call(folder, line);
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {}", String::from_utf8_lossy(&done.stderr)))
    };
    let status = json_of("rollout status greeting --format json");
    let audit = json_of("audit show --format json");
    let whats: Vec<&Value> = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["what"]).collect();
    let flags = ["first.json", "second.json"].map(|file| fs::read_to_string(folder.join(file)).unwrap_or_default());
    let registered = json_of("registry list greeting --format json");
    let bad: Vec<Value> = registered.as_array().unwrap().iter().map(|entry| json!([entry["version"], entry["bad"]])).collect();
    let phase = ["phase", "stage", "new_version", "current_percentage", "epoch", "status"].map(|key| status[key].clone());
    let confirmed: Vec<Value> = status["targets"].as_array().unwrap().iter().map(|target| target["confirmed"].clone()).collect();
    json!({"phase": phase, "confirmed": confirmed, "flags": flags, "audit": whats, "bad": bad})
}

fn settled(folder: &Path, settle: &str) -> Value {
    (0..3).for_each(|_| drop(call(folder, settle)));
    assert!(call(folder, "audit verify").status.success());
    picture(folder)
}

/// How often one thread makes each call, at most.
fn counted(folder: &Path, line: &str) -> BTreeMap<String, usize> {
    let trace = folder.join("trace");
    let done = Command::new("strace")
        .args(["-f", "-qq", "-e", &format!("trace={CALLS}"), "-o"])
        .arg(&trace)
        .arg(BINARY)
        .args(line.split_whitespace())
        .current_dir(folder)
        .env("USER", "ana")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("strace is there: Debian's package strace");
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    let mut by_thread: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((name, _)) = rest.trim().split_once('(').filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric())) else {
            continue;
        };
        *by_thread.entry((thread.to_owned(), name.to_owned())).or_default() += 1;
    }
    let mut most = BTreeMap::new();
    for ((_, name), count) in by_thread {
        let known: &mut usize = most.entry(name).or_default();
        *known = (*known).max(count);
    }
    most
}

fn killed_everywhere(verb: &str, before: &[&str], settle: &str) -> usize {
    let prepared = tempfile::tempdir().unwrap();
    let folder = prepared.path();
    fs::write(folder.join("prompt-cicd.yml"), CONFIG).unwrap();
    fs::write(folder.join("numbers.json"), json!({"1.0.0": {"latency": 500.0}, "2.0.0": {"latency": 500.0}}).to_string()).unwrap();
    fs::create_dir(folder.join("prompts")).unwrap();
    for line in before {
        does(folder, line);
    }
    let never = settled(copied(folder).path(), settle);
    let whole = copied(folder);
    let counts = counted(whole.path(), verb);
    let whole = settled(whole.path(), settle);
    let mut points = 0;
    for (name, count) in counts {
        for number in 1..=count {
            let world = copied(folder);
            let inject = format!("inject={name}:signal=KILL:when={number}");
            let done = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={name}"), "-e", &inject, BINARY])
                .args(verb.split_whitespace())
                .current_dir(world.path())
                .env("USER", "ana")
                .env_remove("GITHUB_ACTIONS")
                .output()
                .unwrap();
            if done.status.success() {
                // Threads share the work in another way each time.
                continue;
            }
            points += 1;
            let after = settled(world.path(), settle);
            assert!(after == whole || after == never, "{verb}, killed at {name} number {number}: {after:#}\ninstead of {whole:#}");
        }
    }
    points
}

#[test]
fn killed_at_any_system_call_everything_is_done_or_nothing() {
    let mut sum = 0;
    println!("| verb | points |\n|---|---:|");
    // All of them take minutes: LONG=1 bash scripts/test.
    let (verbs, least) =
        if std::env::var("PROMPT_CICD_REAL_LONG").is_ok_and(|long| long == "1") { (VERBS, 200) } else { (&VERBS[..1], 20) };
    for (verb, before, settle) in verbs {
        let points = killed_everywhere(verb, before, settle);
        println!("| `{verb}` | {points} |");
        sum += points;
    }
    println!("| all | {sum} |");
    assert!(sum >= least, "{sum}");
}
