//! Records as ConfigMaps. Each writing of a record is an object of its own that never changes; one more ConfigMap, the index, says which of
//! them count. A write makes its objects, then replaces the index under its `resourceVersion`: that is the one moment at which all of it is
//! done. Objects that nobody names any more are taken away afterwards.

mod index;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};

use super::record::{self, Step};
use crate::{
    adapters::kubernetes::{Cluster, Named, Resource, Trouble, TroubleKind, config_map, revision},
    ports::{
        clock::Clock,
        store::{Key, Patience, Revision, Store, StoreError, Versioned, Write},
    },
};
use index::Index;

/// The most bytes that a ConfigMap's contents may have: `MaxSecretSize` of Kubernetes, which holds for ConfigMaps too.
const LIMIT: usize = 1024 * 1024;

/// The pause before the second try; doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// After so many writes, objects that nobody names are looked for.
const SWEEP: u64 = 50;

/// The label of all objects of a store.
const LABEL: &str = "prompt-cicd/store";

/// Records as ConfigMaps.
pub struct ConfigMapStore {
    cluster: Cluster,
    /// The index's name, and the beginning of every other name.
    name: String,
    clock: Arc<dyn Clock>,
}

/// The index as it was read.
struct Read {
    index: Index,
    /// Its revision; `None`: there is no index yet.
    revision: Option<String>,
}

/// What one try found.
enum Tried {
    Done(Vec<Revision>),
    /// Somebody else was faster.
    Again(String),
}

fn named(name: &str) -> Named<'_> {
    Named { resource: Resource::ConfigMap, name }
}

impl ConfigMapStore {
    /// The store of this name.
    pub fn new(cluster: Cluster, name: &str, clock: Arc<dyn Clock>) -> Self {
        Self { cluster, name: name.to_owned(), clock }
    }

    fn shown(&self, name: &str) -> String {
        format!("ConfigMap {name} in {}", self.cluster.place())
    }

    /// Does something within the time that is left; `writes`: whether it may be done although no answer came.
    async fn within<T>(&self, patience: Patience, writes: bool, job: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let left = patience.until.saturating_sub(self.clock.elapsed());
        let late = |maybe_done| {
            let reason = format!("no answer within {:.1} s", left.as_secs_f64());
            StoreError::Unreachable { place: self.place(), reason, maybe_done }
        };
        if left.is_zero() {
            return Err(late(false));
        }
        tokio::time::timeout(left, job).await.unwrap_or_else(|_elapsed| Err(late(writes)))
    }

    fn error(&self, trouble: Trouble, writes: bool) -> StoreError {
        let (place, reason) = (self.place(), trouble.reason);
        match trouble.kind {
            TroubleKind::Broken | TroubleKind::Failed | TroubleKind::Malformed => {
                StoreError::Unreachable { place, reason, maybe_done: writes }
            }
            TroubleKind::NoConnection
            | TroubleKind::Busy
            | TroubleKind::Gone
            | TroubleKind::Exists
            | TroubleKind::Conflict
            | TroubleKind::NotFound => StoreError::Unreachable { place, reason, maybe_done: false },
            TroubleKind::Unauthorized
            | TroubleKind::Forbidden
            | TroubleKind::NoSuchPlace
            | TroubleKind::TooLarge
            | TroubleKind::Invalid => StoreError::Refused { place, reason, next: trouble.next },
        }
    }

    async fn index(&self) -> Result<Read, StoreError> {
        let found = self.cluster.get(&named(&self.name)).await.map_err(|trouble| self.error(trouble, false))?;
        let Some(object) = found else { return Ok(Read { index: Index::default(), revision: None }) };
        let place = self.shown(&self.name);
        let text = object.pointer("/data/index").and_then(Value::as_str);
        let ours = object.pointer("/metadata/labels").and_then(|labels| labels.get(LABEL)).and_then(Value::as_str) == Some(&self.name);
        let Some(text) = text.filter(|_| ours) else {
            let next = "move it away, or write another `store.name`".to_owned();
            return Err(StoreError::Refused { place, reason: "it is no index of prompt-cicd".to_owned(), next });
        };
        let revision = revision(&object).map(str::to_owned);
        if revision.is_none() {
            return Err(StoreError::Corrupt { place, reason: "it has no resourceVersion".to_owned() });
        }
        Ok(Read { index: Index::parse(text, &place)?, revision })
    }

    /// A record by the index that was read. `None` in the outer option: the object is gone, and the index is another one by now.
    async fn record(&self, index: &Index, key: &Key) -> Result<Option<Option<Versioned>>, StoreError> {
        let Some(name) = index.records.get(key.as_str()) else { return Ok(Some(None)) };
        let found = self.cluster.get(&named(name)).await.map_err(|trouble| self.error(trouble, false))?;
        let place = format!("{}: record {key}", self.shown(name));
        let Some(object) = found else {
            if self.index().await?.index.generation != index.generation {
                return Ok(None);
            }
            return Err(StoreError::Corrupt { place, reason: "the index names it, and it is gone".to_owned() });
        };
        let text = object.pointer("/data/record").and_then(Value::as_str);
        let text = text.ok_or_else(|| StoreError::Corrupt { place: place.clone(), reason: "it holds no `record`".to_owned() })?;
        record::decode(key, text.as_bytes(), &place).map(|found| Some(Some(found)))
    }

    /// One try: reads, decides, makes the objects, replaces the index.
    async fn attempt(&self, writes: &[Write], nonce: &str, tries: u32, kept: &mut Vec<Revision>) -> Result<Tried, StoreError> {
        let read = self.index().await?;
        if read.index.has(nonce) {
            // An earlier try did it, and its answer was lost.
            return Ok(Tried::Done(kept.clone()));
        }
        let found = try_join_all(writes.iter().map(|write| self.record(&read.index, &write.key))).await?;
        let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else { return Ok(Tried::Again("the index changed".to_owned())) };
        let steps = writes.iter().zip(found).map(|(write, found)| record::decide(write, found, nonce, &self.place()));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        *kept = steps.iter().map(Step::revision).collect();
        let (mut index, mut made, mut left) = (read.index.clone(), Vec::new(), Vec::new());
        for (number, (write, step)) in writes.iter().zip(&steps).enumerate() {
            let before = match step {
                Step::Put { text, .. } => {
                    // Each try has names of its own: what an earlier one made may be taken away by others.
                    let name = format!("{}-{nonce}-{tries}-{number}", self.name);
                    made.push((name.clone(), text));
                    index.records.insert(write.key.to_string(), name)
                }
                Step::Delete(_) => index.records.remove(write.key.as_str()),
                Step::Keep(_) => None,
            };
            left.extend(before);
        }
        if made.is_empty() && left.is_empty() {
            return Ok(Tried::Done(kept.clone()));
        }
        // What is not named now, and was there before the index is replaced, is never named again: whoever made it loses.
        let generation = index.generation;
        let text = index.clone().written(nonce);
        if text.len() > LIMIT {
            return Err(StoreError::Refused {
                place: self.shown(&self.name),
                reason: format!("the index of {} records would have more than 1 MiB, the most that a ConfigMap holds", index.records.len()),
                next: "lower `store.history`, archive old versions, or use another store".to_owned(),
            });
        }
        if generation % SWEEP == SWEEP - 1 {
            left.extend(self.strays(&index).await);
        }
        let written = self.put(&made, &text, read.revision).await?;
        match written {
            Err(trouble) if trouble.kind == TroubleKind::Busy => Ok(Tried::Again(trouble.reason)),
            Ok(_) => {
                self.remove(left).await;
                Ok(Tried::Done(kept.clone()))
            }
            Err(trouble) if matches!(trouble.kind, TroubleKind::Conflict | TroubleKind::Exists | TroubleKind::NotFound) => {
                self.remove(made.into_iter().map(|(name, _)| name).collect()).await;
                Ok(Tried::Again(trouble.reason))
            }
            Err(trouble) => Err(self.error(trouble, true)),
        }
    }

    /// Makes the objects, then replaces the index, which makes them count: how that went.
    async fn put(&self, made: &[(String, &String)], text: &str, revision: Option<String>) -> Result<Result<Value, Trouble>, StoreError> {
        let labels = json!({LABEL: self.name, "app.kubernetes.io/managed-by": "prompt-cicd"});
        let making = made.iter().map(|(name, text)| {
            let mut object = config_map(name, &labels, &json!({"record": text}));
            if let Some(fields) = object.as_object_mut() {
                fields.insert("immutable".to_owned(), Value::Bool(true));
            }
            async move { self.cluster.create(Resource::ConfigMap, &object).await }
        });
        for made in join_all(making).await {
            // The object of the same name is that of a try whose answer was lost.
            match made {
                Err(trouble) if trouble.kind != TroubleKind::Exists => return Err(self.error(trouble, false)),
                Ok(_) | Err(_) => {}
            }
        }
        let mut object = config_map(&self.name, &labels, &json!({"index": text}));
        Ok(match revision {
            Some(revision) => {
                if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("resourceVersion".to_owned(), revision.into());
                }
                self.cluster.replace(&named(&self.name), &object).await
            }
            None => self.cluster.create(Resource::ConfigMap, &object).await,
        })
    }

    /// Takes away what nobody names any more. What stays because of a failure is found by a later sweep.
    async fn remove(&self, names: Vec<String>) {
        let removing = names.iter().filter(|name| **name != self.name).map(|name| async move {
            let gone = self.cluster.delete(&named(name)).await;
            (name, gone)
        });
        for (name, removed) in join_all(removing).await {
            if let Err(trouble) = removed {
                tracing::debug!(%name, %trouble, "an object that is not used any more stays for now");
            }
        }
    }

    /// Objects of this store that the index does not name.
    async fn strays(&self, index: &Index) -> Vec<String> {
        let label = format!("{LABEL}={}", self.name);
        let names = self.cluster.names(Resource::ConfigMap, &label).await.unwrap_or_else(|trouble| {
            tracing::debug!(%trouble, "objects that are not used any more are looked for again later");
            Vec::new()
        });
        let kept: std::collections::BTreeSet<&String> = index.records.values().collect();
        names.into_iter().filter(|name| *name != self.name && !kept.contains(name)).collect()
    }
}

impl fmt::Debug for ConfigMapStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConfigMapStore").field("place", &self.place()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for ConfigMapStore {
    fn place(&self) -> String {
        self.shown(&self.name)
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        let reading = async {
            loop {
                let read = self.index().await?;
                if let Some(found) = self.record(&read.index, key).await? {
                    return Ok(found);
                }
            }
        };
        self.within(patience, false, reading).await
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        let read = self.within(patience, false, self.index()).await?;
        let keys = read.index.records.keys().filter_map(|key| Key::new(key.as_str()).ok());
        let mut keys: Vec<Key> = keys.filter(|key| folder.is_none_or(|folder| key.is_below(folder))).collect();
        keys.sort();
        Ok(keys)
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        record::check(writes)?;
        let nonce = record::nonce();
        let (mut tries, mut maybe_done, mut kept) = (0_u32, false, Vec::new());
        loop {
            tries += 1;
            let why = match self.within(patience, true, self.attempt(writes, &nonce, tries, &mut kept)).await {
                Ok(Tried::Done(revisions)) => return Ok(revisions),
                Ok(Tried::Again(why)) => why,
                Err(StoreError::Unreachable { reason, maybe_done: true, .. }) => {
                    maybe_done = true;
                    reason
                }
                Err(StoreError::Unreachable { place, reason, .. }) => {
                    return Err(StoreError::Unreachable { place, reason, maybe_done });
                }
                Err(error) => return Err(error),
            };
            let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE).mul_f64(0.5 + 0.5 * self.clock.jitter());
            if self.clock.elapsed() + pause >= patience.until {
                let reason = format!("not written in {tries} {}, the last one: {why}", if tries == 1 { "try" } else { "tries" });
                return Err(StoreError::Unreachable { place: self.place(), reason, maybe_done });
            }
            self.clock.sleep(pause).await;
        }
    }
}
