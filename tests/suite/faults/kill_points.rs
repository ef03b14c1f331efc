//! The process ends between any two calls of its ports, for every verb. What comes after is compared with what it would have been had
//! the verb never begun, or had it ended well: one of the two, byte for byte, in the record, the registry, the flags and the audit log.

use std::{collections::BTreeMap, sync::Arc};

use prompt_cicd::domain::rollout::{Event, Now, Rollout, deployment::Deployment, health::Memory, replay};
use serde_json::{Value, json};

use super::{
    ports::{Ports, Tape},
    world::World,
};

/// The verb, what comes before it, and what finishes it after a kill.
struct Scenario {
    verb: &'static str,
    before: &'static [&'static str],
    call: &'static str,
    /// Called until nothing changes any more.
    settle: &'static str,
}

const STEP: &str = "rollout step greeting";
const STABLE: &[&str] = &["version 1.0.0", "rollout start greeting", "version 2.0.0"];
const STARTED: &[&str] = &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting"];
const LOOKED: &[&str] = &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP];
const BACK: &str = "rollback greeting --yes --reason slow";
const NOW: &str = "rollback greeting --emergency --reason fire";

const SCENARIOS: &[Scenario] = &[
    Scenario { verb: "start (the first version)", before: &["version 1.0.0"], call: "rollout start greeting", settle: STEP },
    Scenario { verb: "start", before: STABLE, call: "rollout start greeting", settle: STEP },
    Scenario { verb: "step (a look)", before: STARTED, call: STEP, settle: STEP },
    Scenario {
        verb: "step (to the next stage)",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP, "later 30"],
        call: STEP,
        settle: STEP,
    },
    Scenario {
        verb: "step (to the end)",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP, "later 30", STEP, "later 30"],
        call: STEP,
        settle: STEP,
    },
    Scenario {
        verb: "step (rolls back)",
        before: &[
            "version 1.0.0",
            "rollout start greeting",
            "version 2.0.0",
            "rollout start greeting",
            STEP,
            "later 30",
            "numbers 500 9000",
        ],
        call: STEP,
        settle: STEP,
    },
    Scenario {
        verb: "run",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP],
        call: "rollout run greeting",
        settle: "rollout run greeting",
    },
    Scenario { verb: "promote", before: LOOKED, call: "rollout promote greeting", settle: STEP },
    Scenario { verb: "promote --full", before: LOOKED, call: "rollout promote greeting --full", settle: STEP },
    Scenario { verb: "pause", before: LOOKED, call: "rollout pause greeting --reason lunch", settle: STEP },
    Scenario {
        verb: "resume",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", STEP, "rollout pause greeting"],
        call: "rollout resume greeting",
        settle: STEP,
    },
    Scenario { verb: "set", before: LOOKED, call: "rollout set greeting 77 --force", settle: STEP },
    Scenario { verb: "complete", before: LOOKED, call: "rollout complete greeting --skip-final-checks", settle: STEP },
    Scenario { verb: "abort", before: LOOKED, call: "rollout abort greeting", settle: STEP },
    Scenario {
        verb: "retry",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "rollout start greeting", BACK],
        call: "rollout retry greeting",
        settle: STEP,
    },
    Scenario { verb: "rollback", before: LOOKED, call: BACK, settle: STEP },
    Scenario {
        verb: "rollback (of a stable version)",
        before: &[
            "version 1.0.0",
            "rollout start greeting",
            "version 2.0.0",
            "rollout start greeting",
            "rollout complete greeting --skip-final-checks",
        ],
        call: BACK,
        settle: STEP,
    },
    Scenario {
        verb: "rollback --to",
        before: &[
            "version 1.0.0",
            "rollout start greeting",
            "version 2.0.0",
            "rollout start greeting",
            "rollout complete greeting --skip-final-checks",
            "version 3.0.0",
            "rollout start greeting",
            "rollout complete greeting --skip-final-checks",
        ],
        call: "rollback greeting --yes --to 1.0.0",
        settle: STEP,
    },
    // The targets come first: whoever looks then leaves them as they are and says that the rollback must be run again.
    Scenario { verb: "rollback --emergency", before: LOOKED, call: NOW, settle: NOW },
    Scenario {
        verb: "rollback resume",
        before: &[
            "version 1.0.0",
            "rollout start greeting",
            "version 2.0.0",
            "rollout start greeting",
            "block second.json",
            "rollback greeting --yes --timeout 1s",
            "free second.json",
        ],
        call: "rollback resume greeting",
        settle: STEP,
    },
    Scenario { verb: "registry register", before: STABLE, call: "registry register greeting", settle: STEP },
    Scenario {
        verb: "registry promote",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "registry register greeting"],
        call: "registry promote greeting 2.0.0 --environment production",
        settle: STEP,
    },
    Scenario {
        verb: "registry mark-bad",
        before: &["version 1.0.0", "rollout start greeting", "version 2.0.0", "registry register greeting"],
        call: "registry mark-bad greeting 2.0.0 --reason rude",
        settle: STEP,
    },
];

/// Everything that is left of what was done.
fn picture(world: &World) -> Value {
    let registered = ["1.0.0", "2.0.0", "3.0.0"].map(|version| world.record(&["registry", "greeting", version]));
    let audit = world.does_and_shows("audit show --format json");
    let mut picture = json!({
        "deployment": world.deployment(),
        "registered": registered,
        "flags": [world.flags("first.json"), world.flags("second.json")],
        "audit": audit["entries"],
    });
    same_in_every_process(&mut picture);
    picture
}

/// Takes out how long a process has run, and when a target took what it shows, which is not known of a process that ended.
fn same_in_every_process(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| key != "lap" && key != "applied");
            map.values_mut().for_each(same_in_every_process);
        }
        Value::Array(items) => items.iter_mut().for_each(same_in_every_process),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Finishes what was begun, until two looks leave the same.
fn settled(world: &World, settle: &str, tape: &Arc<Tape>) -> Value {
    let mut last = picture(world);
    for _ in 0..6 {
        world.call(&Ports::taped(tape), settle).unwrap();
        let next = picture(world);
        if next == last {
            return last;
        }
        last = next;
    }
    panic!("it does not come to rest: {last:#}");
}

/// A run that was killed looks at other times than one that was not: what it leads to is compared, not when.
fn timeless(picture: &Value) -> Value {
    let keep = |value: &Value, keys: &[&str]| -> Value {
        keys.iter().map(|key| (*key).to_owned()).zip(keys.iter().map(|key| value[*key].clone())).collect()
    };
    let rollout = keep(&picture["deployment"]["rollout"], &["id", "phase", "stage", "traffic", "epoch", "intent", "forced"]);
    let whats: Vec<&Value> = picture["audit"].as_array().unwrap().iter().map(|entry| &entry["what"]).collect();
    json!([rollout, picture["deployment"]["stable"], picture["flags"], whats])
}

/// The events that are kept lead from the first state to the last one.
fn replays(tape: &Tape) {
    let mut begun: Option<Rollout> = None;
    for value in tape.written.lock().unwrap().iter() {
        let deployment: Deployment = serde_json::from_value(value.clone()).unwrap();
        let Some(rollout) = deployment.rollout else { continue };
        if deployment.log.is_empty() {
            begun = Some(rollout);
            continue;
        }
        let Some(begun) = begun.as_ref().filter(|begun| begun.id == rollout.id && deployment.forgotten == 0) else { continue };
        let events: Vec<(Event, Now)> = deployment.log.into_iter().map(|logged| (logged.event, logged.now)).collect();
        let replayed = replay(begun, &events, &begun.plan).unwrap();
        // What the statistics remember, and each metric's words, are not kept with the events.
        let plain = |rollout: &Rollout| {
            let mut plain = Rollout { memory: Memory::default(), ..rollout.clone() };
            if let Some(check) = plain.last_check.as_mut().map(Arc::make_mut) {
                check.memory = Memory::default();
                check.metrics.clear();
            }
            plain
        };
        assert_eq!(plain(&replayed), plain(&rollout));
    }
}

/// What each target was told, in order: an operation that is told again is the same operation, and asks for the same share.
fn told(tape: &Tape) -> BTreeMap<String, Vec<(String, u8)>> {
    let mut told: BTreeMap<String, Vec<(String, u8)>> = BTreeMap::new();
    let mut shares: BTreeMap<String, u8> = BTreeMap::new();
    for (target, operation, share) in tape.applied.lock().unwrap().iter() {
        assert_eq!(*shares.entry(operation.clone()).or_insert(*share), *share, "{operation} asks for two shares");
        let list = told.entry(target.clone()).or_default();
        let one = (operation.clone(), *share);
        if list.last() != Some(&one) {
            assert!(!list.contains(&one), "{target}: {operation} comes back after another one: {list:?}");
            list.push(one);
        }
    }
    told
}

/// What a verb leaves that never began, or that ended well.
struct End {
    picture: Value,
    told: BTreeMap<String, Vec<(String, u8)>>,
}

impl End {
    fn of(world: &World, scenario: &Scenario, tape: &Arc<Tape>) -> Self {
        let picture = settled(world, scenario.settle, tape);
        Self { picture, told: told(tape) }
    }

    /// Whether this is what was left.
    fn is(&self, picture: &Value, scenario: &Scenario) -> bool {
        if scenario.is_timeless() { timeless(&self.picture) == timeless(picture) } else { self.picture == *picture }
    }
}

impl Scenario {
    /// Whether what finishes it does the same as the verb.
    fn is_repeated(&self) -> bool {
        self.call == self.settle || self.verb == "rollback resume"
    }

    fn is_timeless(&self) -> bool {
        self.verb == "run" || self.verb == "rollback resume"
    }
}

/// Kills at every point; says how many there were.
fn killed_everywhere(scenario: &Scenario) -> usize {
    let verb = scenario.verb;
    let world = &World::new(&[]);
    for line in scenario.before {
        let code = world.does(line);
        assert!(code == 0 || line.contains("--timeout 1s"), "{verb}: `{line}` exits {code}");
    }
    let saved = world.saved();
    let never = End::of(world, scenario, &Arc::default());
    world.back_to(&saved);
    let tape: Arc<Tape> = Arc::default();
    let ports = Ports::taped(&tape);
    let code = world.call(&ports, scenario.call).unwrap().code;
    assert!([0, 22].contains(&code), "{verb}: exit {code}");
    let points = ports.calls().len();
    let whole = End::of(world, scenario, &tape);
    assert!(never.picture != whole.picture || scenario.is_repeated(), "{verb} does nothing");
    let mut undone = 0;
    for point in 0..points {
        world.back_to(&saved);
        let tape: Arc<Tape> = Arc::default();
        let ports = Ports::killed_after(point, &tape);
        assert_eq!(world.call(&ports, scenario.call), None, "{verb}, point {point}");
        let at = format!("{verb}: killed before call {} of {points}, `{}`", point + 1, ports.calls().last().unwrap());
        let after = settled(world, scenario.settle, &tape);
        let end = if whole.is(&after, scenario) {
            &whole
        } else {
            assert!(never.is(&after, scenario), "{at}: neither done nor undone:\n{after:#}\ninstead of\n{:#}", whole.picture);
            undone += 1;
            &never
        };
        // An emergency that is run again is another operation.
        if scenario.verb != "run" && scenario.settle != NOW {
            assert_eq!(told(&tape), end.told, "{at}");
        }
        replays(&tape);
        assert_eq!(world.does("audit verify"), 0, "{at}");
        for file in ["first.json", "second.json"] {
            agrees(world, file, &at);
        }
    }
    assert!(undone > 0 || scenario.is_repeated(), "{verb}");
    points
}

/// The split in a flag file is the one that the record wants.
fn agrees(world: &World, file: &str, at: &str) {
    let found = world.deployment();
    if found.is_null() {
        return assert_eq!(world.flags(file), Value::Null, "{at}");
    }
    let deployment: Deployment = serde_json::from_value(found).unwrap();
    let rollout = deployment.rollout.unwrap();
    assert!(rollout.intent.is_none(), "{at}: an intent is left");
    let desired = rollout.shown();
    let share = desired.traffic.get();
    let mut expected = Vec::new();
    if share > 0 {
        expected.push(json!([desired.candidate.version, share]));
    }
    if share < 100 {
        expected.push(json!([desired.stable.version, 100 - share]));
    }
    assert_eq!(world.split(file), json!(expected), "{at}: {file}");
}

#[test]
fn killed_between_any_two_effects_of_any_verb_everything_is_done_or_nothing() {
    let mut sum = 0;
    println!("| verb | points |\n|---|---:|");
    for scenario in SCENARIOS {
        let points = killed_everywhere(scenario);
        println!("| {} | {points} |", scenario.verb);
        sum += points;
    }
    println!("| all | {sum} |");
    assert!(sum >= 200, "{sum}");
}

/// Between its targets and its record an emergency leaves a newer epoch behind: a look touches nothing, and says what finishes it.
#[test]
fn a_look_after_a_killed_emergency_touches_nothing_and_says_so() {
    let prepared = World::new(&[]);
    for line in LOOKED {
        assert_eq!(prepared.does(line), 0);
    }
    let (saved, world, mut seen) = (prepared.saved(), &prepared, 0);
    for point in 0..60 {
        world.back_to(&saved);
        let tape: Arc<Tape> = Arc::default();
        let ports = Ports::killed_after(point, &tape);
        if world.call(&ports, NOW).is_some() {
            break;
        }
        let written = tape.written.lock().unwrap().len();
        let applied = tape.applied.lock().unwrap().len();
        if applied == 0 || written > 0 {
            continue;
        }
        seen += 1;
        let before = picture(world);
        let looked = world.call(&Arc::default(), STEP).unwrap();
        assert!(looked.said.contains("was rolled back by a run that did not finish"), "point {point}: {looked:?}");
        assert_eq!(picture(world), before, "point {point}");
        world.call(&Arc::default(), NOW).unwrap().exits(0);
        assert_eq!(world.split("first.json"), json!([["1.0.0", 100]]));
    }
    assert!(seen >= 3, "{seen}");
}
