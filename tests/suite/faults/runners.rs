//! Runners at the same time, asleep, cancelled; clocks that jump; a GitHub that refuses for no reason.

use std::{
    io::{BufRead as _, BufReader},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{
    ports::Ports,
    table::{BACK, PROMOTE, Row, STEP, at_ten, shares, then, whole},
    world::World,
};
use crate::support::{
    PromptCicd,
    github::{FakeGitHub, State},
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        at_once(),
        asleep("apply first", "a runner sleeps for an hour before it applies, and wakes after a rollback"),
        asleep("store write", "a runner sleeps for an hour before it writes, and wakes after a rollback"),
        jumping(86_400, "the wall clock jumps a day forward"),
        jumping(-86_400, "the wall clock jumps a day back"),
        to_and_fro(),
        cancelled(Signal::SIGTERM, "SIGTERM from a cancelled job"),
        cancelled(Signal::SIGHUP, "SIGHUP from a terminal that is closed"),
        storm(),
    ]
}

fn whats(world: &World, what: &str) -> usize {
    let all = world.does_and_shows("audit show --format json");
    all["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == what).count()
}

fn at_once() -> Row {
    let world = at_ten(&[]);
    world.later(30);
    let before = whats(&world, "stage-begun");
    let codes: Vec<u8> = thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| world.does(STEP))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|code| [0, 32].contains(code)), "{codes:?}");
    then(&world, STEP, 0);
    whole(&world, "50 %");
    assert_eq!(whats(&world, "stage-begun"), before + 1);
    Row {
        fault: "four runners look at once when a stage is over",
        result: "the next stage begins once: 50 %, one entry in the log".to_owned(),
    }
}

fn asleep(call: &'static str, fault: &'static str) -> Row {
    let world = at_ten(&[]);
    let (ports, hears, woken) = Ports::asleep_at(call);
    let code = thread::scope(|scope| {
        let sleeper = scope.spawn(|| world.call(&ports, PROMOTE).unwrap().code);
        hears.recv_timeout(Duration::from_secs(20)).unwrap();
        world.later(3_600);
        then(&world, BACK, 0);
        assert_eq!(shares(&world), "0 %");
        woken.notify_one();
        sleeper.join().unwrap()
    });
    let shown = shares(&world);
    assert_ne!(code, 0);
    then(&world, STEP, 0);
    whole(&world, "0 %");
    Row { fault, result: format!("the sleeper exits {code}; targets show {shown}") }
}

/// The sleeper's own epoch is not older, so no target refuses it: it puts right what it made wrong.
#[test]
fn a_sleeper_that_no_target_fences_puts_right_what_it_made_wrong() {
    let world = at_ten(&[]);
    let (ports, hears, woken) = Ports::asleep_at("apply second");
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| world.call(&ports, PROMOTE).unwrap().code);
        hears.recv_timeout(Duration::from_secs(20)).unwrap();
        // Both targets are told at once: the other one's change is done before it is overtaken.
        let until = Instant::now() + Duration::from_mins(1);
        while shares(&world) != "50 % and 10 %" {
            assert!(Instant::now() < until, "{}", shares(&world));
            thread::sleep(Duration::from_millis(1));
        }
        then(&world, "rollout set greeting 77 --force", 0);
        assert_eq!(shares(&world), "77 %");
        woken.notify_one();
        assert_eq!(sleeper.join().unwrap(), 32);
    });
    // Nobody looked since.
    whole(&world, "77 %");
    let applied = ports.calls().iter().filter(|call| *call == "apply second").count();
    assert!(applied >= 2, "it applied late, and mended: {:?}", ports.calls());
}

fn jumping(seconds: i64, fault: &'static str) -> Row {
    let world = at_ten(&[]);
    world.jump(seconds);
    let code = world.does(STEP);
    let shown = shares(&world);
    let mut looks = 0;
    while world.deployment()["rollout"]["phase"] != "completed" {
        looks += 1;
        assert!(looks < 20, "{}", world.deployment()["rollout"]);
        world.later(30);
        assert_eq!(world.does(STEP), 0);
    }
    whole(&world, "100 %");
    Row { fault, result: format!("exit {code}, {shown}; completes, without a stage skipped: {}", stages(&world)) }
}

/// The shares that were begun, as the log has them.
fn stages(world: &World) -> String {
    let all = world.does_and_shows("audit show --format json");
    let begun = all["entries"].as_array().unwrap().iter().filter(|entry| {
        (entry["what"] == "stage-begun" || entry["what"] == "rollout-started") && entry["to"] == "2.0.0" && entry["from"] == "1.0.0"
    });
    begun.filter_map(|entry| entry["evidence"]["traffic"].as_str()).collect::<Vec<_>>().join(", ")
}

fn to_and_fro() -> Row {
    let world = at_ten(&[]);
    for turn in 0..6 {
        world.jump(if turn % 2 == 0 { 7_200 } else { -7_200 });
        assert_eq!(world.does(STEP), 0);
    }
    let shown = shares(&world);
    let credited = world.deployment()["rollout"]["clock"]["credited"].as_u64().unwrap();
    assert!(credited <= 6 * 60_000, "{credited}");
    Row {
        fault: "the wall clock jumps two hours to and fro six times, and no time goes by",
        result: format!("never more than a look each: {shown}"),
    }
}

fn cancelled(signal: Signal, fault: &'static str) -> Row {
    let world = at_ten(&[]);
    let mut child = PromptCicd::new(world.path()).args(["rollout", "run", "greeting"]).spawn();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("production.greeting.2"), "{said}");
    let began = Instant::now();
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    let status = child.wait().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    then(&world, "rollout status greeting", 0);
    let shown = shares(&world);
    whole(&world, &shown);
    // Before the first pause nobody listens for signals yet: then the signal ends it as SIGKILL would.
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    Row { fault, result: "it ends within 5 s; nothing is left half done".to_owned() }
}

fn storm() -> Row {
    let world = World::new(&[("store: {kind: directory, path: state}", "store: {kind: github}")]);
    let fake = FakeGitHub::start(State::new());
    let (token, repository) = {
        let state = fake.state();
        (state.token, state.repository.clone())
    };
    let call = |arguments: &[&str]| {
        let call = PromptCicd::new(world.path()).args(arguments.iter().copied());
        call.env("GITHUB_API_URL", &fake.api_url()).env("GITHUB_TOKEN", token).env("GITHUB_REPOSITORY", &repository).run()
    };
    world.version("1.0.0");
    call(&["rollout", "start", "greeting"]).exits(0);
    world.version("2.0.0");
    fake.state().git.spurious = 5;
    call(&["rollout", "start", "greeting"]).exits(0);
    assert_eq!((fake.state().git.spurious, shares(&world).as_str()), (0, "10 %"));
    let status: Value = call(&["rollout", "status", "greeting", "--format", "json"]).exits(0).json();
    assert_eq!(status["current_percentage"], 10, "{status}");
    call(&["audit", "verify"]).exits(0);
    fake.finish();
    Row {
        fault: "GitHub refuses five writes in a row with 422 for no reason",
        result: "each is tried again from the start: exit 0, 10 %".to_owned(),
    }
}
