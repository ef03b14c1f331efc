use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{clock::SystemClock, http::site::Sites, kubernetes::Clusters, secret::Scrubber, store::ConfigMapStore},
    domain::kubernetes::ClusterSettings,
    ports::{
        clock::Clock,
        store::{Change, Expect, Patience, Store, StoreError, Write},
    },
};
use serde_json::{Value, json};

use super::{
    contract::{Race, Subject, key},
    run,
};
use crate::support::kubernetes::{FakeKubernetes, Mishap};

const INDEX: &str = "prompt-cicd-state";

struct World {
    fake: FakeKubernetes,
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
}

impl World {
    fn new() -> Self {
        let (fake, folder) = (FakeKubernetes::start(), tempfile::tempdir().unwrap());
        fake.kubeconfig(&folder.path().join("kube.yml"));
        Self { fake, folder, clock: Arc::new(SystemClock::default()) }
    }

    fn open(&self, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        let sites = Sites::new(Arc::new(|_| None), Arc::new(Scrubber::default()));
        let settings = ClusterSettings { kubeconfig: Some(self.folder.path().join("kube.yml")), ..ClusterSettings::default() };
        Arc::new(ConfigMapStore::new(Clusters::new(&sites).open(&settings).unwrap(), INDEX, clock))
    }

    fn store(&self) -> Arc<dyn Store> {
        self.open(Arc::clone(&self.clock))
    }

    fn patience(&self) -> Patience {
        Patience::of(&*self.clock, Duration::from_mins(1))
    }

    fn put(&self, name: &str, value: u64, expect: Expect) -> Result<Expect, StoreError> {
        run(self.store().put(&key(name), json!(value), expect, self.patience())).map(Expect::Revision)
    }

    fn get(&self, name: &str) -> Result<Option<Value>, StoreError> {
        run(self.store().get(&key(name), self.patience())).map(|found| found.map(|found| found.value))
    }

    /// The names of all ConfigMaps but the index.
    fn names(&self) -> Vec<String> {
        self.fake.state().objects.keys().map(|(_, name)| name.clone()).filter(|name| name != INDEX).collect()
    }

    /// Changes what an object holds, as somebody with `kubectl edit` would.
    fn edit(&self, name: &str, change: impl Fn(&mut Value)) {
        let mut object = self.fake.object("configmaps", name);
        change(&mut object);
        self.fake.put("configmaps", &object);
    }
}

#[test]
fn config_maps_keep_the_contract() {
    let world = World::new();
    run(Subject::new(&|clock| world.open(clock)).keeps_the_contract());
}

#[test]
fn config_maps_lose_no_update() {
    let world = World::new();
    run(Subject::new(&|clock| world.open(clock)).loses_no_update(Race { writers: 8, each: 50 }));
    assert!(world.names().len() < 60, "what nobody names is taken away: {}", world.names().len());
}

#[test]
fn an_end_at_any_request_leaves_all_of_a_write_or_nothing() {
    // The run ends when the request of this number is refused: nothing that comes after it is done.
    let mut ended = 0;
    for (verb, count) in [("get", 4), ("create", 2), ("update", 1), ("delete", 2)] {
        for before in 0..count {
            let world = World::new();
            let (first, second) = (world.put("a", 1, Expect::Absent).unwrap(), world.put("b", 1, Expect::Absent).unwrap());
            // Requests of this kind before it go well; a missing right is the end of the run.
            let denied = ["get", "create", "update", "delete"].iter().skip_while(|of| **of != verb);
            if before == 0 {
                world.fake.state().denied.extend(denied.map(|of| format!("{of} configmaps")));
            } else {
                world.fake.mishap(verb, if before % 2 == 0 { Mishap::Status(403) } else { Mishap::DoneButCut });
            }
            let write = |name: &str, expect: &Expect| Write {
                key: key(name),
                expect: expect.clone(),
                change: Change::Put { schema: 1, value: json!(2) },
            };
            let done = run(world.store().transact(&[write("a", &first), write("b", &second)], world.patience()));
            world.fake.state().denied.clear();
            let now = [world.get("a").unwrap(), world.get("b").unwrap()];
            assert!(now == [Some(json!(1)), Some(json!(1))] || now == [Some(json!(2)), Some(json!(2))], "{verb} {before}: {now:?}");
            if done.is_ok() {
                assert_eq!(now[0], Some(json!(2)), "{verb} {before}");
            }
            ended += usize::from(done.is_err());
            // Whoever comes next writes as if nothing had been.
            let store = world.store();
            let found = run(store.get(&key("a"), world.patience())).unwrap().unwrap();
            run(store.put(&key("a"), json!(3), Expect::Revision(found.revision), world.patience())).unwrap();
        }
    }
    assert!(ended >= 4, "{ended}");
}

#[test]
fn an_answer_that_was_lost_is_found_again() {
    let world = World::new();
    let first = world.put("a", 1, Expect::Absent).unwrap();
    world.fake.mishap("update", Mishap::DoneButCut);
    let second = world.put("a", 2, first).unwrap();
    assert_eq!(world.get("a").unwrap(), Some(json!(2)));
    world.put("a", 3, second).unwrap();
}

#[test]
fn somebody_who_is_faster_is_no_conflict_for_another_record() {
    let world = World::new();
    let first = world.put("a", 1, Expect::Absent).unwrap();
    world.fake.mishap("update", Mishap::Overtaken);
    let second = world.put("a", 2, first.clone()).unwrap();
    assert!(matches!(world.put("a", 3, first), Err(StoreError::Conflict(_))));
    world.fake.mishap("update", Mishap::Status(503));
    world.put("a", 3, second).unwrap();
}

#[test]
fn what_is_corrupt_is_refused_with_its_place() {
    let world = World::new();
    world.put("a", 1, Expect::Absent).unwrap();
    let record = world.names().remove(0);
    let refused = |place: &str, reason: &str| {
        for error in [world.get("a").unwrap_err(), world.put("a", 2, Expect::Absent).unwrap_err()] {
            let StoreError::Corrupt { place: at, reason: why } = &error else { panic!("{error}") };
            assert!(at.contains(place) && at.contains("namespace shop") && why.contains(reason), "{error}");
        }
    };
    let whole = world.fake.object("configmaps", &record);
    let text = whole["data"]["record"].as_str().unwrap().to_owned();
    world.edit(&record, |object| object["data"]["record"] = json!(text.replace("\"value\":1", "\"value\":2")));
    refused(&format!("ConfigMap {record}"), "digest");
    world.edit(&record, |object| object["data"] = json!({}));
    refused(&format!("ConfigMap {record}"), "no `record`");
    world.fake.state().objects.remove(&("configmaps".to_owned(), record.clone()));
    refused(&format!("ConfigMap {record}"), "it is gone");
    world.fake.put("configmaps", &whole);
    assert_eq!(world.get("a").unwrap(), Some(json!(1)));
    let index = world.fake.object("configmaps", INDEX);
    let text = index["data"]["index"].as_str().unwrap().to_owned();
    world.edit(INDEX, |object| object["data"]["index"] = json!(text.replace("\"generation\":1", "\"generation\":2")));
    refused(&format!("ConfigMap {INDEX}"), "digest");
    world.edit(INDEX, |object| object["data"]["index"] = json!(text.replace("\"form\":1", "\"form\":9")));
    assert!(matches!(world.get("a").unwrap_err(), StoreError::Newer { found: 9, known: 1, .. }));
    world.edit(INDEX, |object| object["metadata"]["labels"] = json!({}));
    assert!(matches!(world.get("a").unwrap_err(), StoreError::Refused { .. }), "somebody else's ConfigMap is left alone");
}

#[test]
fn an_index_that_would_be_too_large_is_refused_before_anything_is_made() {
    let world = World::new();
    let long = "k".repeat(95);
    let mut error = None;
    for round in 0..30 {
        let writes: Vec<Write> = (0..100)
            .map(|number| Write {
                key: key(&format!("{long}/{long}/{long}/{long}/{round}-{number}")),
                expect: Expect::Absent,
                change: Change::Put { schema: 1, value: json!(1) },
            })
            .collect();
        if let Err(refused) = run(world.store().transact(&writes, world.patience())) {
            error = Some((round, refused));
            break;
        }
    }
    let (round, error) = error.expect("the index grows beyond 1 MiB");
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("1 MiB, the most that a ConfigMap holds")), "{error}");
    assert_eq!(world.names().len(), round * 100, "nothing of the refused write is left");
}

#[test]
fn rights_tokens_and_places_that_are_missing_are_named() {
    let world = World::new();
    world.put("a", 1, Expect::Absent).unwrap();
    for (denied, verb) in [("get configmaps", "get"), ("create configmaps", "create"), ("update configmaps", "update")] {
        world.fake.state().denied.insert(denied.to_owned());
        let error = world.put("b", 1, Expect::Absent).unwrap_err();
        assert!(
            matches!(&error, StoreError::Refused { next, .. } if next.contains(&format!("the verb `{verb}` on `configmaps`"))),
            "{error}"
        );
        world.fake.state().denied.clear();
    }
    // Without the right to take away, everything works, and nothing is lost.
    world.fake.state().denied.insert("delete configmaps".to_owned());
    world.put("c", 1, Expect::Absent).unwrap();
    world.fake.mishap("get", Mishap::Hang(Duration::from_secs(5)));
    let brief = Patience::of(&*world.clock, Duration::from_millis(300));
    let error = run(world.store().get(&key("a"), brief)).unwrap_err();
    assert!(matches!(&error, StoreError::Unreachable { maybe_done: false, .. }), "{error}");
    // On a busy machine the time may be up before the server saw the request.
    world.fake.state().mishaps.clear();
    world.fake.state().tokens.clear();
    assert!(matches!(world.get("a").unwrap_err(), StoreError::Refused { .. }));
}

#[test]
fn what_a_killed_run_left_is_swept_up() {
    let world = World::new();
    let mut expect = world.put("a", 0, Expect::Absent).unwrap();
    let labels = json!({"prompt-cicd/store": INDEX});
    for number in 0..7 {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{INDEX}-stray-{number}"), "labels": labels},
            "data": {"record": "x"}});
        world.fake.put("configmaps", &object);
    }
    world.fake.state().page = 3;
    for number in 1..60 {
        expect = world.put("a", number, expect).unwrap();
    }
    assert_eq!(world.names().len(), 1, "{:?}", world.names());
    assert_eq!(world.get("a").unwrap(), Some(json!(59)));
}
