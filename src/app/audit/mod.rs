//! The audit log: who did what, when and why.

mod show;

use std::time::Duration;

use serde_json::Value;

use super::{Failure, Services};
use crate::{
    domain::audit::{BEGINNING, Broken, Ends, Entry, Event},
    ports::store::{Key, Log, LogHead, Patience, Revision, SEGMENT, Store, StoreError, Write},
};
pub use show::{AuditRequest, Selection, show, verify};

/// The pause before an entry is tried again because another one came first; spread, and doubled up to 32 times.
const PAUSE: Duration = Duration::from_millis(10);

/// Does `writes` and appends `events` to the audit log, all in one atomic write: there is no change without its entry
/// and no entry without its change. An entry that came first only moves ours to the next place. `keep`: the entries
/// that stay at least when old ones are let go of. Returns the revisions of `writes`.
///
/// # Errors
/// As [`Store::transact`]; a conflict is always about one of `writes`.
pub async fn commit(
    services: &Services,
    store: &dyn Store,
    writes: &[Write],
    events: &[Event],
    keep: u64,
    patience: Patience,
) -> Result<Vec<Revision>, StoreError> {
    let log = log();
    let mut tries = 0_u32;
    loop {
        let tail = log.tail(store, patience).await?;
        let head = tail.head().clone();
        let mut newest = if head.newest.is_empty() { BEGINNING.to_owned() } else { head.newest };
        let mut entries = Vec::new();
        for (number, event) in (head.length + 1..).zip(events) {
            let entry = Entry::after(&newest, number, &services.clock.now(), event);
            newest.clone_from(&entry.hash);
            entries.push(entry.to_value());
        }
        let all: Vec<Write> = writes.iter().cloned().chain(tail.append(entries, newest)?).collect();
        match store.transact(&all, patience).await {
            Ok(mut revisions) => {
                revisions.truncate(writes.len());
                bound(store, head.length - head.dropped, keep, patience).await;
                return Ok(revisions);
            }
            Err(StoreError::Conflict(conflict)) if conflict.key.is_below(&log_key()) => {
                let pause = PAUSE.saturating_mul(1 << tries.min(5)).mul_f64(0.25 + services.clock.jitter());
                if services.clock.elapsed() + pause >= patience.until {
                    return Err(StoreError::Conflict(conflict));
                }
                tries += 1;
                services.clock.sleep(pause).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Lets go of old entries now and then. What it cannot do now, a later one does.
async fn bound(store: &dyn Store, kept: u64, keep: u64, patience: Patience) {
    if kept < keep.saturating_add(2 * SEGMENT) {
        return;
    }
    let hash = |entry: &Value| entry.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned();
    match log().compact(store, keep, hash, patience).await {
        Ok(gone) => tracing::info!(component = "audit", "let go of the {gone} oldest entries"),
        Err(error) => tracing::debug!(component = "audit", "old entries stay for now: {error}"),
    }
}

/// Every kept entry, and whether the chain holds.
///
/// # Errors
/// As [`Store::get`].
pub async fn entries(store: &dyn Store, patience: Patience) -> Result<(LogHead, Vec<Value>, Result<Vec<Entry>, Broken>), StoreError> {
    let (head, entries) = log().entries(store, patience).await?;
    let hash = |hash: &str| if hash.is_empty() { BEGINNING.to_owned() } else { hash.to_owned() };
    let ends = Ends { dropped: head.dropped, before: hash(&head.dropped_newest), newest: hash(&head.newest) };
    let verified = crate::domain::audit::verify(&entries, &ends);
    Ok((head, entries, verified))
}

fn log_key() -> Key {
    Key::new("audit").expect("`audit` is a lawful key")
}

fn log() -> Log {
    Log::new(log_key())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
