//! At most so many rollouts at once in an environment, also where several start in the same moment.
//!
//! Each environment has one record, `rollout-slots/ENVIRONMENT`. Whoever starts reads it, counts the rollouts that are under way by their
//! own records, and writes it in the same atomic write as the new rollout: of two who counted the same, one is too late, and counts anew.
//! What is counted are the rollouts themselves, so that a slot ends with its rollout: a runner that dies in between leaves either both or
//! nothing, and no slot is ever lost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    execute::refused,
    world::{World, deployment_key},
};
use crate::{
    app::{Failure, Services},
    domain::rollout::deployment::Deployment,
    ports::store::{Expect, Key, KeyError, Patience, StoreError, Stored, Write, read, write},
};

/// The pause before a start begins anew because another one came first; spread, and doubled up to 16 times.
const PAUSE: Duration = Duration::from_millis(10);

/// Who was under way when the last rollout began, that one included. For people who look: nothing is counted by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slots {
    /// The ids of the rollouts.
    rollouts: Vec<String>,
}

impl Stored for Slots {
    const SCHEMA: u32 = 1;
}

fn lawful(key: Result<Key, KeyError>) -> Result<Key, Failure> {
    key.map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))
}

fn slots_key(environment: &str) -> Result<Key, Failure> {
    lawful(Key::of(&["rollout-slots", environment]))
}

/// The write that takes a slot for this rollout; it belongs into the write that begins it.
///
/// # Errors
/// As many as the environment takes are under way: with their names. Whatever keeps the store from answering.
pub(super) async fn take(world: &World, id: &str, patience: Patience) -> Result<Write, Failure> {
    let environment = &world.settings.name;
    let store = world.base.store.as_ref();
    let key = slots_key(environment)?;
    // Before anybody is counted: who starts after this makes the write fail.
    let before = read::<Slots>(store, &key, patience).await.map_err(Failure::Store)?;
    let own = deployment_key(environment, &world.prompt)?;
    let folder = lawful(Key::of(&["rollout", environment]))?;
    let (mut busy, mut rollouts) = (Vec::new(), Vec::new());
    for other in store.list(Some(&folder), patience).await.map_err(Failure::Store)? {
        if other == own {
            continue;
        }
        if let Some((other, _)) = read::<Deployment>(store, &other, patience).await.map_err(Failure::Store)?
            && other.is_busy()
        {
            rollouts.extend(other.rollout.as_ref().map(|rollout| rollout.id.clone()));
            busy.push(other.prompt);
        }
    }
    if busy.len() >= world.settings.max_concurrent {
        let why = format!("{} rollouts are under way in {environment} ({})", busy.len(), busy.join(", "));
        return Err(refused("start", why, &["start when one is over", "raise rollouts.max-concurrent"]));
    }
    rollouts.push(id.to_owned());
    let expect = before.map_or(Expect::Absent, |(_, revision)| Expect::Revision(revision));
    write(key, expect, &Slots { rollouts }).map_err(Failure::Store)
}

/// Whether a start failed only because another prompt's came first, so that it is to be begun anew; waits a little where it did.
pub(super) async fn again(services: &Services, environment: &str, failure: &Failure, tries: u32, patience: Patience) -> bool {
    let Failure::Store(StoreError::Conflict(conflict)) = failure else { return false };
    if slots_key(environment).ok().as_ref() != Some(&conflict.key) {
        return false;
    }
    let pause = PAUSE.saturating_mul(1 << tries.min(4)).mul_f64(0.25 + services.clock.jitter());
    if services.clock.elapsed() + pause >= patience.until {
        return false;
    }
    services.clock.sleep(pause).await;
    true
}
