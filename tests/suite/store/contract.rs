//! What every store must do; `tests/real` runs the same on PostgreSQL.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use prompt_cicd::{
    adapters::clock::SystemClock,
    ports::{
        clock::Clock,
        store::{Change, Expect, Key, Log, Patience, Revision, SEGMENT, Store, StoreError, Stored, VALUE_LIMIT, Write, read, write},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Opens the store under test again, as another process would.
pub(crate) type Open<'a> = &'a (dyn Fn(Arc<dyn Clock>) -> Arc<dyn Store> + Sync);

/// How much is written where writers race.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) writers: usize,
    pub(crate) each: usize,
}

/// One store and its clock.
pub(crate) struct Subject<'a> {
    open: Open<'a>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn put(name: &str, expect: Expect, value: Value) -> Write {
    Write { key: key(name), expect, change: Change::Put { schema: 1, value } }
}

impl<'a> Subject<'a> {
    pub(crate) fn new(open: Open<'a>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        Self { open, store: open(Arc::clone(&clock)), clock }
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience::of(&*self.clock, Duration::from_mins(2))
    }

    async fn value(&self, name: &str) -> Option<Value> {
        self.store.get(&key(name), self.patience()).await.unwrap().map(|found| found.value)
    }

    async fn put(&self, name: &str, expect: Expect, value: Value) -> Result<Revision, StoreError> {
        self.store.put(&key(name), value, expect, self.patience()).await
    }

    /// Everything below.
    pub(crate) async fn keeps_the_contract(&self) {
        self.creates_only_what_is_absent().await;
        self.changes_only_what_was_read().await;
        self.does_all_or_nothing().await;
        self.lists_by_folder().await;
        self.takes_large_and_strange_values().await;
        self.brings_old_forms_up_to_date().await;
        self.bounds_its_logs().await;
        self.ends_in_time().await;
    }

    async fn creates_only_what_is_absent(&self) {
        assert_eq!(self.value("contract/new").await, None);
        let first = self.put("contract/new", Expect::Absent, json!(1)).await.unwrap();
        let error = self.put("contract/new", Expect::Absent, json!(2)).await.unwrap_err();
        let StoreError::Conflict(conflict) = &error else { panic!("{error}") };
        let found = conflict.found.as_ref().unwrap();
        assert_eq!((&found.value, &found.revision, conflict.key.as_str()), (&json!(1), &first, "contract/new"));
        assert!(error.to_string().contains("contract/new was changed by another run"), "{error}");
        assert_eq!(self.value("contract/new").await, Some(json!(1)));
    }

    async fn changes_only_what_was_read(&self) {
        let name = "contract/swap";
        let first = self.put(name, Expect::Absent, json!("a")).await.unwrap();
        let second = self.put(name, Expect::Revision(first.clone()), json!("b")).await.unwrap();
        let third = self.put(name, Expect::Revision(second.clone()), json!("a")).await.unwrap();
        for stale in [&first, &second] {
            assert!(matches!(self.put(name, Expect::Revision(stale.clone()), json!("x")).await, Err(StoreError::Conflict(_))));
        }
        // The same content again is another revision, also after a deletion.
        self.store.delete(&key(name), third.clone(), self.patience()).await.unwrap();
        assert_eq!(self.value(name).await, None);
        assert!(matches!(self.put(name, Expect::Revision(third.clone()), json!("x")).await, Err(StoreError::Conflict(_))));
        let again = self.put(name, Expect::Absent, json!("a")).await.unwrap();
        assert!(![first.clone(), second, third].contains(&again));
        assert!(matches!(self.store.delete(&key(name), first, self.patience()).await, Err(StoreError::Conflict(_))));
        // Another process sees it.
        let other = (self.open)(Arc::clone(&self.clock));
        assert_eq!(other.get(&key(name), self.patience()).await.unwrap().unwrap().revision, again);
    }

    async fn does_all_or_nothing(&self) {
        let a = self.put("contract/all/a", Expect::Absent, json!(1)).await.unwrap();
        let b = self.put("contract/all/b", Expect::Absent, json!(1)).await.unwrap();
        let wrong = [
            put("contract/all/a", Expect::Revision(a.clone()), json!(2)),
            put("contract/all/c", Expect::Absent, json!(2)),
            put("contract/all/b", Expect::Absent, json!(2)),
        ];
        let Err(StoreError::Conflict(conflict)) = self.store.transact(&wrong, self.patience()).await else { panic!("it was done") };
        assert_eq!(conflict.key, key("contract/all/b"));
        assert_eq!((self.value("contract/all/a").await, self.value("contract/all/c").await), (Some(json!(1)), None));
        let keep =
            |revision: &Revision| Write { key: key("contract/all/b"), expect: Expect::Revision(revision.clone()), change: Change::Keep };
        let fenced = [put("contract/all/a", Expect::Revision(a.clone()), json!(3)), keep(&a)];
        assert!(matches!(self.store.transact(&fenced, self.patience()).await, Err(StoreError::Conflict(_))), "the fence holds");
        let right = [
            put("contract/all/c", Expect::Absent, json!(4)),
            keep(&b),
            Write { key: key("contract/all/a"), expect: Expect::Revision(a.clone()), change: Change::Delete },
        ];
        let revisions = self.store.transact(&right, self.patience()).await.unwrap();
        assert_eq!(revisions[1..], [b, a]);
        assert_eq!((self.value("contract/all/a").await, self.value("contract/all/c").await), (None, Some(json!(4))));
        let found = self.store.get(&key("contract/all/c"), self.patience()).await.unwrap().unwrap();
        assert_eq!(found.revision, revisions[0]);
        let twice = [put("contract/x", Expect::Absent, json!(1)), put("contract/x", Expect::Absent, json!(2))];
        assert!(matches!(self.store.transact(&twice, self.patience()).await, Err(StoreError::Settings(_))));
    }

    async fn lists_by_folder(&self) {
        for name in ["contract/list/b", "contract/list/a/x", "contract/list-b", "contract/List/B", "contract/list"] {
            self.put(name, Expect::Absent, json!(null)).await.unwrap();
        }
        let list = async |folder: &str| {
            let keys = self.store.list(Some(&key(folder)), self.patience()).await.unwrap();
            keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(list("contract/list").await, ["contract/list/a/x", "contract/list/b"]);
        assert_eq!(list("contract/List").await, ["contract/List/B"]);
        assert_eq!(list("contract/none").await, Vec::<String>::new());
        let all = self.store.list(None, self.patience()).await.unwrap();
        assert!(all.is_sorted() && all.contains(&key("contract/list-b")) && all.contains(&key("contract/list")));
    }

    async fn takes_large_and_strange_values(&self) {
        let strange =
            json!({"text": "ä\u{0}\u{1f}'\"\\\r\n$1 %s \u{2028}🙂", "numbers": [u64::MAX, i64::MIN, 1.5e-9, 0.1], "nested": {"": [null]}});
        self.put("contract/strange", Expect::Absent, strange.clone()).await.unwrap();
        assert_eq!(self.value("contract/strange").await, Some(strange));
        let large = json!("x".repeat(VALUE_LIMIT));
        let revision = self.put("contract/large", Expect::Absent, large.clone()).await.unwrap();
        assert_eq!(self.value("contract/large").await, Some(large));
        let huge = self.put("contract/large", Expect::Revision(revision), json!("x".repeat(2 * VALUE_LIMIT))).await;
        assert!(matches!(huge, Err(StoreError::TooLarge { .. })));
    }

    async fn brings_old_forms_up_to_date(&self) {
        let name = key("contract/form");
        let old = Write { change: Change::Put { schema: 1, value: json!({"percent": "25 %"}) }, key: name.clone(), expect: Expect::Absent };
        self.store.transact(&[old], self.patience()).await.unwrap();
        let (traffic, revision) = read::<Traffic>(&*self.store, &name, self.patience()).await.unwrap().unwrap();
        assert_eq!(traffic, Traffic { basis_points: 2_500 });
        let new = write(name.clone(), Expect::Revision(revision), &traffic).unwrap();
        self.store.transact(&[new], self.patience()).await.unwrap();
        let found = self.store.get(&name, self.patience()).await.unwrap().unwrap();
        assert_eq!((found.schema, &found.value), (3, &json!({"basis_points": 2_500})));
        for (schema, value) in [(4, json!({})), (1, json!({"percent": "many"})), (3, json!({"basis_points": -1}))] {
            let revision = self.store.get(&name, self.patience()).await.unwrap().unwrap().revision;
            let strange = Write { change: Change::Put { schema, value }, key: name.clone(), expect: Expect::Revision(revision) };
            self.store.transact(&[strange], self.patience()).await.unwrap();
            let error = read::<Traffic>(&*self.store, &name, self.patience()).await.unwrap_err();
            let newer = matches!(error, StoreError::Newer { found: 4, known: 3, .. });
            assert!(newer || matches!(&error, StoreError::Corrupt { place, .. } if place.contains("contract/form")), "{error}");
            assert_eq!(newer, schema == 4);
        }
    }

    async fn bounds_its_logs(&self) {
        let log = Log::new(key("contract/log"));
        let append = async |from: u64, to: u64| {
            let writes =
                log.tail(&*self.store, self.patience()).await.unwrap().append((from..to).map(|n| json!(n)), format!("n{to}")).unwrap();
            self.store.transact(&writes, self.patience()).await.unwrap();
        };
        assert_eq!(log.entries(&*self.store, self.patience()).await.unwrap().1, Vec::<Value>::new());
        append(0, 1).await;
        append(1, SEGMENT).await;
        append(SEGMENT, 3 * SEGMENT + 7).await;
        append(3 * SEGMENT + 7, 3 * SEGMENT + 9).await;
        let stale = log.tail(&*self.store, self.patience()).await.unwrap();
        append(3 * SEGMENT + 9, 3 * SEGMENT + 10).await;
        let late = stale.append([json!("late")], "late".to_owned()).unwrap();
        let Err(StoreError::Conflict(conflict)) = self.store.transact(&late, self.patience()).await else { panic!("two at one place") };
        assert!(conflict.key.is_below(&key("contract/log")));
        let remember = |entry: &Value| format!("last {entry}");
        assert_eq!(log.compact(&*self.store, 2 * SEGMENT, remember, self.patience()).await.unwrap(), SEGMENT);
        assert_eq!(log.compact(&*self.store, 2 * SEGMENT, remember, self.patience()).await.unwrap(), 0);
        let (head, entries) = log.entries(&*self.store, self.patience()).await.unwrap();
        assert_eq!(entries, (SEGMENT..3 * SEGMENT + 10).map(|n| json!(n)).collect::<Vec<_>>());
        assert_eq!((head.length, head.dropped, head.dropped_newest), (3 * SEGMENT + 10, SEGMENT, format!("last {}", SEGMENT - 1)));
        assert_eq!(self.store.list(Some(&key("contract/log")), self.patience()).await.unwrap().len(), 4);
        // A segment that is taken away by hand is noticed.
        let middle = key("contract/log/00000002");
        let revision = self.store.get(&middle, self.patience()).await.unwrap().unwrap().revision;
        self.store.delete(&middle, revision, self.patience()).await.unwrap();
        let error = log.entries(&*self.store, self.patience()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { reason, .. } if reason.contains("contract/log/00000002")), "{error}");
    }

    async fn ends_in_time(&self) {
        let over = Patience { until: Duration::ZERO, waits_for_limits: true };
        let started = Instant::now();
        assert!(matches!(self.store.get(&key("contract/new"), over).await, Err(StoreError::Unreachable { .. })));
        let refused = self.store.put(&key("contract/late"), json!(1), Expect::Absent, over).await;
        assert!(matches!(refused, Err(StoreError::Unreachable { maybe_done: false, .. })), "{refused:?}");
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(self.value("contract/late").await, None);
    }

    /// Writers who each read, add one and write, with stores of their own: nothing is lost. Says how fast it was.
    #[expect(clippy::print_stdout, reason = "the figures are for whoever runs it with --nocapture")]
    pub(crate) async fn loses_no_update(&self, race: Race) {
        self.put("race/counter", Expect::Absent, json!(0)).await.unwrap();
        let started = Instant::now();
        let writers = (0..race.writers).map(|_| {
            let (store, clock) = ((self.open)(Arc::clone(&self.clock)), Arc::clone(&self.clock));
            tokio::spawn(async move {
                let (mut times, mut conflicts) = (Vec::new(), 0_usize);
                for _ in 0..race.each {
                    let began = Instant::now();
                    // Each update has its own time, however long the others take.
                    let patience = Patience::of(&*clock, Duration::from_mins(1));
                    let mut pause = Duration::from_millis(5);
                    loop {
                        let found = store.get(&key("race/counter"), patience).await.unwrap().unwrap();
                        let next = json!(found.value.as_u64().unwrap() + 1);
                        match store.put(&key("race/counter"), next, Expect::Revision(found.revision), patience).await {
                            Ok(_) => break,
                            Err(StoreError::Conflict(_)) => conflicts += 1,
                            Err(error) => panic!("{error}"),
                        }
                        // Who lost waits longer each time, and none as long as another.
                        clock.sleep(pause.mul_f64(clock.jitter())).await;
                        pause = (pause * 2).min(Duration::from_millis(640));
                    }
                    times.push(began.elapsed());
                }
                (times, conflicts)
            })
        });
        let (mut times, mut conflicts) = (Vec::new(), 0);
        for writer in writers.collect::<Vec<_>>() {
            let (mut own, collided) = writer.await.unwrap();
            times.append(&mut own);
            conflicts += collided;
        }
        let whole = started.elapsed();
        let total = race.writers * race.each;
        assert_eq!(self.value("race/counter").await, Some(json!(total)));
        let raced = figures(&mut times);
        let mut alone = Vec::new();
        let mut revision = self.store.get(&key("race/counter"), self.patience()).await.unwrap().unwrap().revision;
        for number in 0..race.each {
            let began = Instant::now();
            revision = self.put("race/counter", Expect::Revision(revision), json!(number)).await.unwrap();
            alone.push(began.elapsed());
        }
        let speed = f64::from(u32::try_from(total).unwrap()) / whole.as_secs_f64();
        println!(
            "{}: {}×{} updates in {whole:.1?} ({speed:.0}/s, {conflicts} conflicts), an update {raced}; one writer alone, a write {}",
            self.store.place(),
            race.writers,
            race.each,
            figures(&mut alone)
        );
    }
}

fn figures(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!("p50 {:.1?} p99 {:.1?}", at(50), at(99))
}

/// A record that had two other forms before.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Traffic {
    basis_points: u16,
}

impl Stored for Traffic {
    const SCHEMA: u32 = 3;

    fn migrate(from: u32, value: Value) -> Result<Value, String> {
        match from {
            1 => {
                let text = value["percent"].as_str().ok_or("`percent` is missing")?;
                let percent: f64 = text.trim_end_matches(" %").parse().map_err(|error| format!("`percent`: {error}"))?;
                Ok(json!({"percent": percent}))
            }
            2 => {
                let percent = value["percent"].as_f64().ok_or("`percent` is no number")?;
                let whole = format!("{:.0}", percent * 100.0).parse::<u64>().map_err(|error| error.to_string())?;
                Ok(json!({"basis_points": whole}))
            }
            _ => Err(format!("form {from} is not known")),
        }
    }
}
