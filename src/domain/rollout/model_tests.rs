//! Every order in which two runners, a rollback and crashes can happen, walked through with the real reducer.
//!
//! A runner works as `app::rollout` does: load, decide, write the intent if nobody wrote in between, look again, apply to a target
//! that refuses older epochs, write what was read back. The rollback applies first and writes afterwards. A crash forgets what a runner knows.

use std::{
    collections::{HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::{
    Event, Now, Phase, Rollout, begin,
    effect::{Desired, Effect},
    health::HealthVerdict,
    step,
    step_tests::{checked, plan, rollback, version},
};

/// The record in the store, and how often it was written.
#[derive(Debug, Clone, PartialEq)]
struct Store {
    state: Rollout,
    revision: u32,
}

/// What the target shows, with the epoch it remembers.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    traffic: u8,
    epoch: u64,
    operation: String,
}

/// Where a runner is.
#[derive(Debug, Clone, PartialEq)]
enum Runner {
    Idle,
    /// Has read the record and may have decided something.
    Loaded(Box<Store>),
    /// Has written, or found, an intent.
    Intent {
        operation: String,
        desired: Desired,
        epoch: u64,
    },
    /// Has applied it.
    Applied {
        operation: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct World {
    store: Store,
    target: Target,
    runners: Vec<Runner>,
    /// The emergency: `None` before it, then whether it has applied, then whether it has written.
    emergency: (bool, bool),
    crashes: u8,
    looks: u8,
}

impl World {
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        hasher.finish()
    }
}

fn now(looks: u8) -> Now {
    Now::wall(1_000_000 + u64::from(looks) * 30_000)
}

fn apply(target: &mut Target, desired: &Desired, epoch: u64, operation: &str) -> bool {
    if epoch < target.epoch {
        return false;
    }
    *target = Target { traffic: desired.traffic.get(), epoch, operation: operation.to_owned() };
    true
}

/// Whether the target shows something else than was confirmed, and nobody has rolled back in between.
fn drifted(world: &World) -> bool {
    let state = &world.store.state;
    state.intent.is_none() && world.target.traffic != state.traffic.get() && world.target.epoch <= state.epoch
}

/// What a runner does next; `None` when it has nothing to do.
fn advance(world: &World, index: usize) -> Option<World> {
    let mut next = world.clone();
    match world.runners[index].clone() {
        Runner::Idle => {
            if world.looks == 0 && world.store.state.intent.is_none() && !drifted(world) {
                return None;
            }
            next.runners[index] = Runner::Loaded(Box::new(world.store.clone()));
        }
        Runner::Loaded(seen) => {
            if let Some(intent) = &seen.state.intent {
                // Decided by somebody who may be dead: it is carried out, and nothing is written for it.
                let (operation, desired) = (intent.operation.clone(), intent.desired.clone());
                next.runners[index] = Runner::Intent { operation, desired, epoch: seen.state.epoch };
                return Some(next);
            }
            if drifted(world) {
                // A runner that slept has shown an old share: what was confirmed is shown again.
                let desired = seen.state.shown();
                next.runners[index] = Runner::Intent { operation: "again".to_owned(), desired, epoch: seen.state.epoch };
                return Some(next);
            }
            if world.looks == 0 {
                next.runners[index] = Runner::Idle;
                return Some(next);
            }
            next.looks = world.looks - 1;
            let transition = step(&seen.state, &checked(HealthVerdict::Healthy), now(10 - world.looks), &seen.state.plan).unwrap();
            let wanted = transition.effects.iter().find_map(|effect| {
                if let Effect::Apply { operation, desired } = effect { Some((operation.clone(), desired.clone())) } else { None }
            });
            if world.store.revision != seen.revision {
                next.runners[index] = Runner::Idle;
                return Some(next);
            }
            let epoch = transition.next.epoch;
            if transition.next != seen.state {
                next.store = Store { state: transition.next, revision: seen.revision + 1 };
            }
            next.runners[index] = wanted.map_or(Runner::Idle, |(operation, desired)| Runner::Intent { operation, desired, epoch });
        }
        Runner::Intent { operation, desired, epoch } => {
            let done = apply(&mut next.target, &desired, epoch, &operation);
            next.runners[index] = if done { Runner::Applied { operation } } else { Runner::Idle };
        }
        Runner::Applied { operation } => {
            // Reads back: only what is really shown is confirmed.
            if world.target.operation == operation {
                let event = Event::Confirmed { operation };
                let transition = step(&world.store.state, &event, now(10 - world.looks), &world.store.state.plan).unwrap();
                if transition.next != world.store.state {
                    next.store = Store { state: transition.next, revision: world.store.revision + 1 };
                }
            }
            next.runners[index] = Runner::Idle;
        }
    }
    Some(next)
}

/// Targets first, then the record, against whatever is there by then.
fn emergency(world: &World) -> Option<World> {
    let mut next = world.clone();
    match world.emergency {
        (false, _) => {
            let transition = step(&world.store.state, &rollback("1.0.0"), now(10), &world.store.state.plan).unwrap();
            let desired = transition.next.desired();
            apply(&mut next.target, &desired, transition.next.epoch, "emergency");
            next.emergency.0 = true;
        }
        (true, false) => {
            let transition = step(&world.store.state, &rollback("1.0.0"), now(10), &world.store.state.plan).unwrap();
            next.store = Store { state: transition.next, revision: world.store.revision + 1 };
            next.emergency.1 = true;
        }
        (true, true) => return None,
    }
    Some(next)
}

fn successors(world: &World) -> Vec<World> {
    let mut all: Vec<World> = (0..world.runners.len()).filter_map(|index| advance(world, index)).collect();
    all.extend(emergency(world));
    for (index, runner) in world.runners.iter().enumerate() {
        if world.crashes > 0 && *runner != Runner::Idle {
            let mut crashed = world.clone();
            crashed.runners[index] = Runner::Idle;
            crashed.crashes -= 1;
            all.push(crashed);
        }
    }
    all
}

/// One runner alone, until nothing more happens: what the next `step` from cron would do.
fn settle(world: &World) -> World {
    let mut world = World { runners: vec![Runner::Idle], looks: 0, crashes: 0, ..world.clone() };
    for _ in 0..20 {
        match advance(&world, 0) {
            Some(next) => world = next,
            None => break,
        }
    }
    world
}

#[test]
fn two_runners_a_rollback_and_a_crash_in_every_order() {
    let mut plan = plan(&[50, 100]);
    plan.stages[0].hold = 30_000;
    let begun = begin("r1", (version("1.0.0"), version("2.0.0")), &plan, 0, now(0)).next;
    let start = World {
        store: Store { state: begun, revision: 1 },
        target: Target { traffic: 0, epoch: 0, operation: String::new() },
        runners: vec![Runner::Idle, Runner::Idle],
        emergency: (false, false),
        crashes: 1,
        looks: 2,
    };
    let mut seen = HashSet::from([start.key()]);
    let mut queue = VecDeque::from([start]);
    let (mut rolled_back, mut completed) = (0, 0);
    while let Some(world) = queue.pop_front() {
        assert!([0, 50, 100].contains(&world.target.traffic));
        if world.emergency.0 {
            assert_eq!(world.target.traffic, 0, "nobody undoes an emergency: {world:#?}");
        } else if world.target.traffic == 100 {
            assert!(world.store.state.stage == 2, "no stage is skipped");
        }
        let settled = settle(&world);
        if settled.store.state.intent.is_none() && (!world.emergency.0 || world.emergency.1) {
            assert_eq!(settled.target.traffic, settled.store.state.traffic.get(), "state and target agree: {world:#?}\n{settled:#?}");
        }
        assert!(
            !world.emergency.1 || matches!(settled.store.state.phase, Phase::RolledBack { .. }),
            "it ends rolled back: {world:#?}\n{settled:#?}"
        );
        rolled_back += u32::from(world.emergency.1);
        completed += u32::from(settled.store.state.phase == Phase::Completed);
        assert!(seen.len() < 2_000_000, "more states than expected");
        queue.extend(successors(&world).into_iter().filter(|next| seen.insert(next.key())));
    }
    println!("{} states, {rolled_back} after the rollback, {completed} that complete", seen.len());
    assert!(seen.len() > 1_000 && rolled_back > 100 && completed > 10, "{} {rolled_back} {completed}", seen.len());
}
